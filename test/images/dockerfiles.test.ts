import * as fs from "node:fs";
import * as path from "node:path";

/** Every image that is built from Python or Java packages; the nodes' image with NVIDIA's runtime has rules of its own. */
const NAMES = fs
  .readdirSync("images")
  .filter((name) => name !== "k3s-gpu" && fs.existsSync(path.join("images", name, "Dockerfile")))
  .sort();
const textOf = (name: string) => fs.readFileSync(path.join("images", name, "Dockerfile"), "utf8");

/** What is wrong with a Dockerfile of the lab. */
function problemsOf(text: string): readonly string[] {
  const lines = text
    .replaceAll(/\\\n/g, " ")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  const of = (instruction: string) => lines.filter((line) => line.startsWith(`${instruction} `));
  const base = /^ARG BASE=(.*)$/.exec(lines[0] ?? "")?.[1] ?? "";
  const last = lines.slice(lines.map((line) => line.split(" ")[0]).lastIndexOf("FROM"));
  return [
    ...(/^[\w./-]+:\d+\.\d+\.\d+[\w.-]*$/.test(base) ? [] : [`its base "${base}" is not one release`]),
    ...of("FROM")
      .filter((line) => !/^FROM \$\{BASE\}( AS \w+)?$/.test(line))
      .map((line) => `${line}: use BASE, which a digest can be given for`),
    ...(/^USER [1-9]\d*:\d+$/.test(last.filter((line) => line.startsWith("USER ")).at(-1) ?? "")
      ? []
      : ["does not end as a user by its number, who is not root"]),
    ...of("ADD")
      .filter((line) => !/ --checksum=sha256:[0-9a-f]{64} https:\/\//.test(line))
      .map((line) => `${line}: a download without a checksum`),
    ...of("RUN")
      .filter((line) => /\b(curl|wget|apt-get|apt)\b/.test(line))
      .map((line) => `${line}: installs what nothing pins`),
    ...of("RUN")
      .filter((line) => /\binstall\b/.test(line) && !(line.includes("--require-hashes") && line.includes("-r ")))
      .map((line) => `${line}: packages without hashes`),
    ...[...of("ENTRYPOINT"), ...of("CMD")]
      .filter((line) => !line.includes("["))
      .map((line) => `${line}: a shell keeps signals from it`),
  ];
}

/** Packages of a requirements.txt that have no exact version or no hash. */
const unpinned = (text: string) =>
  text
    .replaceAll(/ \\\n\s+/g, " ")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .filter((line) => !/^[\w.-]+(\[[\w, -]+\])?==\S+ (; [^-]+ )?--hash=sha256:[0-9a-f]{64}/.test(line))
    .map((line) => line.split(/[ ;]/)[0]);

describe("GIVEN the images of the lab", () => {
  test("THEN there is one for each kind of job and service", () => {
    expect(NAMES).toEqual([
      "agent",
      "airflow",
      "dagster",
      "data-quality",
      "duckdb-dbt",
      "feedback",
      "fine-tuning",
      "flink",
      "mcp-server",
      "spark",
      "superset",
      "trm",
    ]);
  });

  test.each(NAMES)("THEN %s keeps to the rules", (name) => {
    expect(problemsOf(textOf(name))).toEqual([]);
  });

  test.each([
    [
      "a base that is the latest",
      "BASE=python:3.13.12-slim-trixie\n",
      "BASE=python:latest\n",
      'its base "python:latest" is not one release',
    ],
    ["another base", "FROM ${BASE}\n", "FROM python\n", "FROM python: use BASE, which a digest can be given for"],
    ["root", "USER 10001:10001", "USER 0:0", "does not end as a user by its number, who is not root"],
    ["a name", "USER 10001:10001", "USER app", "does not end as a user by its number, who is not root"],
    [
      "a download",
      "EXPOSE 8080",
      "ADD https://example.com/a /a",
      "ADD https://example.com/a /a: a download without a checksum",
    ],
    ["a package of the system", "EXPOSE 8080", "RUN apt-get update", "RUN apt-get update: installs what nothing pins"],
    [
      "a package without a hash",
      "EXPOSE 8080",
      "RUN pip install boto3",
      "RUN pip install boto3: packages without hashes",
    ],
    ["a shell around it", /^ENTRYPOINT.*$/m, "ENTRYPOINT python", "ENTRYPOINT python: a shell keeps signals from it"],
  ])("fails for %s", (_, found, put, problem) => {
    expect(problemsOf(textOf("feedback").replace(found, put))).toEqual([problem]);
  });

  const requirements = ["images", "workloads"].flatMap((root) =>
    fs
      .readdirSync(root)
      .map((name) => path.join(root, name, "requirements.txt"))
      .filter((file) => fs.existsSync(file)),
  );

  test.each(requirements)("THEN every package of %s has one version and its hashes", (file) => {
    const text = fs.readFileSync(file, "utf8");

    expect(unpinned(text)).toEqual([]);
    expect(text).toMatch(/^[\w.-]+==/m);
  });

  test.each(requirements)("THEN %s has what its requirements.in asks for", (file) => {
    const asked = fs
      .readFileSync(file.replace(/txt$/, "in"), "utf8")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    const installed = fs.readFileSync(file, "utf8");

    expect(asked.filter((line) => !installed.includes(`\n${line.includes("==") ? `${line} ` : `${line}==`}`))).toEqual(
      [],
    );
  });

  test("fails for a package without a version or without a hash", () => {
    const hash = `--hash=sha256:${"0".repeat(64)}`;

    expect(unpinned(`boto3>=1 \\\n    ${hash}\nsix==1.17.0\nduckdb==1.4.5 \\\n    ${hash}\n`)).toEqual([
      "boto3>=1",
      "six==1.17.0",
    ]);
  });
});
