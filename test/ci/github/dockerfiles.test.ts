import * as fs from "node:fs";
import * as path from "node:path";

const FOLDER = path.resolve("ci/github/docker");
const NAMES = fs.readdirSync(FOLDER).filter((name) => name.endsWith(".Dockerfile"));
const textOf = (name: string) => fs.readFileSync(path.join(FOLDER, name), "utf8");

/** What is wrong with a Dockerfile of a service. */
function problemsOf(text: string): readonly string[] {
  const instructions = text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => ({ name: line.split(" ")[0] ?? "", line }));
  const from = instructions.filter(({ name }) => name === "FROM");
  const last = instructions.map(({ name }) => name).lastIndexOf("FROM");
  const users = instructions.slice(last).filter(({ name }) => name === "USER");
  return [
    ...from
      .filter(({ line }) => !/^FROM [\w./-]+:\d+\.\d+\.\d+[\w.-]*( AS \w+)?$/.test(line))
      .map(({ line }) => `${line}: not one release`),
    ...(from.length < 2 ? ["one stage: what builds it is in the image"] : []),
    ...(users.at(-1)?.line === "USER 10001:10001" ? [] : ["does not run as 10001:10001"]),
    ...instructions.filter(({ name }) => name === "ADD").map(({ line }) => `${line}: use COPY`),
    ...instructions
      .filter(({ line }) => /\b(curl|wget)\b/.test(line))
      .map(({ line }) => `${line}: downloads unchecked`),
    ...instructions
      .filter(({ name, line }) => /^(ENTRYPOINT|CMD)$/.test(name) && !line.includes("["))
      .map(({ line }) => `${line}: a shell keeps signals from it`),
  ];
}

describe("Dockerfiles", () => {
  test("THEN there is one for each runtime that can be built", () => {
    expect(NAMES).toEqual(["jvm.Dockerfile", "node.Dockerfile"]);
  });

  test.each(NAMES)("%s keeps to the rules", (name) => {
    expect(problemsOf(textOf(name))).toEqual([]);
  });

  test.each([
    ["a base without a release", /^FROM node:.*$/m, "FROM node:24", "FROM node:24: not one release"],
    ["a base that is the latest", /^FROM node:.*$/m, "FROM node", "FROM node: not one release"],
    ["a user that is root", "USER 10001:10001", "USER root", "does not run as 10001:10001"],
    ["no user", "USER 10001:10001\n", "", "does not run as 10001:10001"],
    ["a download", "EXPOSE 8080 9090", "ADD https://example.com/a /a", "ADD https://example.com/a /a: use COPY"],
    ["a download by curl", "EXPOSE 8080 9090", "RUN curl -o a b", "RUN curl -o a b: downloads unchecked"],
    ["a shell around it", /^ENTRYPOINT.*$/m, "ENTRYPOINT node a", "ENTRYPOINT node a: a shell keeps signals from it"],
  ])("fails for %s", (_, found, put, problem) => {
    expect(problemsOf(textOf("node.Dockerfile").replace(found, put))).toEqual([problem]);
  });

  test("fails for one stage, with a user of an earlier stage", () => {
    expect(problemsOf("FROM node:24.19.0 AS build\nUSER 10001:10001\nFROM node:24.19.0\n")).toEqual([
      "does not run as 10001:10001",
    ]);
    expect(problemsOf("FROM node:24.19.0\nUSER 10001:10001\n")).toEqual(["one stage: what builds it is in the image"]);
  });
});
