import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo } from "node:net";
import { dirname, join, resolve } from "node:path";

import { COMPONENTS, SCENARIOS } from "../../../environments/lab/catalogue";
import { IMAGES, imageTag as synthesizedTag } from "../../../environments/lab/images";
import {
  COMPONENT_IMAGES,
  GPU_IMAGE,
  imagesOf,
  imageTag,
  pushImages,
  SCENARIO_IMAGES,
} from "../../../tools/lab/images";
import { messageOf, temporaryFolder } from "../../support/layers";
import { fakePrograms } from "./support";

const ROOT = resolve(__dirname, "../../..");
const path = process.env["PATH"] ?? "";

const write = (folder: string, file: string, text: string) => {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
};

describe("which images are built", () => {
  test("GIVEN a scenario and components beside it THEN theirs, each once", () => {
    expect(imagesOf("etl-minimal", ["spark", "airflow"])).toEqual(["airflow", "duckdb-dbt", "data-quality", "spark"]);
    expect(imagesOf("etl-minimal", ["loki"])).toEqual(imagesOf("etl-minimal", []));
  });

  test("THEN a scenario has the images of its components, by the lab's own catalogue", () => {
    for (const [scenario, components] of Object.entries(SCENARIOS)) {
      const wanted = new Set(components.flatMap((component) => COMPONENT_IMAGES[component] ?? []));
      expect([scenario, [...(SCENARIO_IMAGES[scenario] ?? [])].sort()]).toEqual([scenario, [...wanted].sort()]);
    }
    expect(Object.keys(COMPONENT_IMAGES).filter((name) => !(name in COMPONENTS))).toEqual([]);
  });

  test("THEN every folder with a Dockerfile is somebody's image", () => {
    const folders = readdirSync(join(ROOT, "images")).filter((name) =>
      existsSync(join(ROOT, "images", name, "Dockerfile")),
    );
    const known = new Set([GPU_IMAGE, ...Object.values(COMPONENT_IMAGES).flat()]);
    expect(folders.filter((name) => !known.has(name))).toEqual([]);
    expect([...known].filter((name) => !folders.includes(name))).toEqual([]);
  });
});

describe("the tag of an image", () => {
  test("THEN it is the one that synth writes", () => {
    for (const name of IMAGES) {
      expect([name, imageTag(join(ROOT, "images", name))]).toEqual([name, synthesizedTag(name)]);
    }
  });

  test("THEN it follows content and names, and nothing that Python leaves behind", () => {
    const folder = temporaryFolder();
    write(folder, "Dockerfile", "FROM scratch\n");
    write(folder, "lib/a.py", "1\n");
    const tag = imageTag(folder);
    expect(tag).toMatch(/^[0-9a-f]{12}$/);
    write(folder, "lib/__pycache__/a.cpython-312.pyc", "x");
    expect(imageTag(folder)).toBe(tag);
    write(folder, "lib/a.py", "2\n");
    expect(imageTag(folder)).not.toBe(tag);
  });
});

describe("building and pushing", () => {
  let server: Server;
  let folder: string;
  let log: string;
  let there: string;
  let lines: string[];
  beforeEach(async () => {
    [folder, log, there, lines] = [temporaryFolder(), join(temporaryFolder(), "log"), "", []];
    write(folder, "airflow/Dockerfile", "FROM scratch\n");
    write(folder, "spark/Dockerfile", "FROM scratch\n");
    server = createServer((request, response) => response.writeHead(request.url === there ? 200 : 404).end());
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    docker("");
  });
  afterEach(async () => {
    process.env["PATH"] = path;
    await new Promise((done) => server.close(done));
  });

  const docker = (script: string) => {
    writeFileSync(log, "");
    process.env["PATH"] = `${fakePrograms({ docker: `echo "$*" >> ${log}\n${script}` })}:${path}`;
  };
  const registry = () => `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const push = (...names: readonly string[]) =>
    pushImages({ folder, names, registry: registry(), report: (line) => lines.push(line) });

  test("GIVEN one that the registry has THEN only the other is built and pushed", async () => {
    there = `/v2/lab/airflow/manifests/${imageTag(join(folder, "airflow"))}`;
    await push("airflow", "spark");
    const spark = `${registry()}/lab/spark:${imageTag(join(folder, "spark"))}`;
    expect(readFileSync(log, "utf8").trim().split("\n")).toEqual([
      `build --quiet --tag ${spark} ${folder}/spark`,
      `push --quiet ${spark}`,
    ]);
    expect(lines[0]).toMatch(/^image .*\/lab\/airflow:[0-9a-f]{12} is there$/);
  });

  test("fails for an image that is nowhere, before anything is built", async () => {
    expect(await messageOf(() => push("spark", "nothing"))).toBe(
      `There is no such image: ${folder}/nothing/Dockerfile.`,
    );
    expect(readFileSync(log, "utf8")).toBe("");
  });

  test("fails with the end of what Docker says", async () => {
    docker("echo 'ERROR: failed to solve: no such stage' >&2; exit 1");
    expect(await messageOf(() => push("spark"))).toMatch(
      /^docker build --quiet .* failed: ERROR: failed to solve: no such stage$/,
    );
  });

  test("fails where no registry listens", async () => {
    const address = registry();
    await new Promise((done) => server.close(done));
    expect(
      await messageOf(() => pushImages({ folder, names: ["spark"], registry: address, report: () => undefined })),
    ).toMatch(/^The registry does not answer at http:\/\/127\.0\.0\.1:\d+ \(.*ECONNREFUSED/);
    server.listen(0, "127.0.0.1");
  });
});
