import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { filesBelow, temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";

const FOLDER = path.resolve("ci/gitlab");
const TEXT = fs.readFileSync(path.join(FOLDER, ".gitlab-ci.yml"), "utf8");

interface Job {
  readonly stage?: string;
  readonly image?: string | { name: string };
  readonly extends?: string;
  readonly timeout?: string;
  readonly needs?: readonly string[];
  readonly tags?: readonly string[];
  readonly rules?: readonly { if?: string; when?: string; changes?: readonly string[] }[];
  readonly script?: readonly string[];
  readonly environment?: { name: string };
  readonly resource_group?: string;
  readonly artifacts?: { paths: readonly string[]; access?: string; expire_in?: string };
  readonly parallel?: { matrix: readonly Readonly<Record<string, readonly string[]>>[] };
}

/** Keys at the top that are no jobs. */
const GLOBAL = ["stages", "workflow", "default", "variables", "include", "spec"];
const PROTECTED = '$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $CI_COMMIT_REF_PROTECTED == "true"';

const jobsOf = (text: string): Readonly<Record<string, Job>> => {
  const all = parse(text) as Record<string, Job>;
  return Object.fromEntries(
    Object.entries(all)
      .filter(([name]) => !GLOBAL.includes(name) && !name.startsWith("."))
      .map(([name, job]) => [name, { ...(job.extends === undefined ? {} : all[job.extends]), ...job }]),
  );
};

/** What is wrong with a pipeline. */
function problemsOf(text: string): readonly string[] {
  const { stages } = parse(text) as { stages: readonly string[] };
  const jobs = jobsOf(text);
  const imageOf = ({ image }: Job) => (typeof image === "string" ? image : (image?.name ?? ""));
  return Object.entries(jobs).flatMap(([name, job]) => [
    ...(stages.includes(job.stage ?? "") ? [] : [`${name}: its stage is "${job.stage}"`]),
    ...(/^[\w./-]+:v?\d+\.\d+\.\d+[\w.-]*$/.test(imageOf(job))
      ? []
      : [`${name}: "${imageOf(job)}" is not one release`]),
    ...(job.timeout === undefined ? [`${name}: no timeout`] : []),
    ...(job.script === undefined ? [`${name}: no script`] : []),
    ...(job.needs ?? []).filter((need) => jobs[need] === undefined).map((need) => `${name}: needs "${need}"`),
    ...(job.script ?? [])
      .filter((line) => /set -x|\b(printenv|env|export -p)\b *$|echo .*(TOKEN|PASSWORD|SECRET)/i.test(line))
      .map((line) => `${name}: prints secrets: ${line}`),
    ...(job.script ?? [])
      .filter((line) => /\b(curl|wget)\b/.test(line))
      .map((line) => `${name}: downloads unchecked: ${line}`),
    ...(job.artifacts !== undefined && job.artifacts.expire_in === undefined
      ? [`${name}: keeps artifacts for ever`]
      : []),
    ...(job.artifacts?.paths.some((each) => each.includes("tfplan")) && job.artifacts.access !== "developer"
      ? [`${name}: anybody may read its plans`]
      : []),
    // Whoever may open a merge request decides what its pipeline runs: not where the lab's secrets are.
    ...(job.tags?.includes("lab-workstation") &&
    !(job.rules?.length === 1 && job.rules[0]?.if?.includes("$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"))
      ? [`${name}: runs on the workstation for other branches`]
      : []),
    ...(job.stage === "apply" && JSON.stringify(job.rules) !== JSON.stringify([{ if: PROTECTED, when: "manual" }])
      ? [`${name}: is not by hand on the protected branch`]
      : []),
    ...(job.stage === "apply" && (job.environment === undefined || job.resource_group === undefined)
      ? [`${name}: has no environment or resource group`]
      : []),
  ]);
}

describe("GIVEN the pipeline of GitLab", () => {
  test("THEN it keeps to the rules, and has every step", () => {
    expect(problemsOf(TEXT)).toEqual([]);
    expect(Object.entries(jobsOf(TEXT)).map(([name, { stage }]) => [stage, name])).toEqual([
      ["check", "terraform"],
      ["check", "check"],
      ["check", "synth"],
      ["images", "images"],
      ["plan", "validate"],
      ["plan", "plan"],
      ["apply", "apply"],
    ]);
  });

  test.each([
    ["a stage that is not there", "stage: images", "stage: image", ['images: its stage is "image"']],
    [
      "an image without a release",
      "moby/buildkit:v0.25.1-rootless",
      "moby/buildkit:rootless",
      ['images: "moby/buildkit:rootless" is not one release'],
    ],
    ["no timeout", "  timeout: 15 minutes\n", "", ["synth: no timeout"]],
    ["a need of nothing", "needs: [synth, plan]", "needs: [synth, plans]", ['apply: needs "plans"']],
    ["a secret in the log", "- make synth", "- echo $VAULT_TOKEN", ["synth: prints secrets: echo $VAULT_TOKEN"]],
    ["artifacts for ever", "    expire_in: 1 week\n", "", ["synth: keeps artifacts for ever"]],
    ["plans for everybody", "    access: developer\n", "", ["plan: anybody may read its plans"]],
    ["an apply by itself", "      when: manual\n", "", ["apply: is not by hand on the protected branch"]],
    [
      "images of any branch on the workstation",
      "    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH\n      changes",
      "    - if: $CI_COMMIT_BRANCH\n      changes",
      ["images: runs on the workstation for other branches"],
    ],
    [
      "an apply beside another",
      "  resource_group: lab\n  environment",
      "  environment",
      ["apply: has no environment or resource group"],
    ],
  ])("fails for %s", (_, found, put, problems) => {
    expect(TEXT).toContain(found);
    expect(problemsOf(TEXT.replace(found, put))).toEqual(problems);
  });

  test("THEN it builds every image that there is, and validates every environment", () => {
    const folders = fs.readdirSync("images").filter((name) => fs.existsSync(`images/${name}/Dockerfile`));
    const { images, validate } = jobsOf(TEXT);

    expect(images?.parallel?.matrix[0]?.["IMAGE"]).toEqual(folders.filter((name) => name !== "k3s-gpu").sort());
    expect([...(validate?.parallel?.matrix[0]?.["ENVIRONMENT"] ?? [])].sort()).toEqual(
      fs
        .readdirSync("environments")
        .filter((name) => fs.existsSync(`environments/${name}/index.ts`))
        .sort(),
    );
  });
});

describeWithProgram("shellcheck", "GIVEN the pipeline's scripts", () => {
  test.each(["build-image.sh", "each-layer.sh"])("THEN shellcheck finds nothing in %s", (script) => {
    expect(spawnSync("shellcheck", [path.join(FOLDER, script)], { encoding: "utf8" }).stdout).toBe("");
  });
});

describe("GIVEN each-layer.sh", () => {
  const run = (...args: string[]) => {
    const folder = temporaryFolder();
    const log = path.join(folder, "log");
    const terraform = path.join(folder, "terraform");
    fs.writeFileSync(
      terraform,
      `#!/bin/sh\necho "$@" >> '${log}'\ncase "$*" in *lab-bootstrap' plan '*) exit 1;; esac\n`,
      {
        mode: 0o755,
      },
    );
    fs.mkdirSync(path.join(folder, "cdktf.out"));
    const layers = ["other", "lab-services", "lab-bootstrap", "lab-forge"].map((name) => ({
      directory: `stacks/${name}`,
    }));
    fs.writeFileSync(path.join(folder, "cdktf.out/socle.json"), JSON.stringify({ layers }, undefined, 2));
    const { status, stderr } = spawnSync("sh", [path.join(FOLDER, "each-layer.sh"), ...args], {
      cwd: folder,
      encoding: "utf8",
      env: { PATH: process.env["PATH"], TERRAFORM_BINARY_NAME: terraform },
    });
    return { status, stderr, ran: fs.existsSync(log) ? fs.readFileSync(log, "utf8").trim().split("\n") : [] };
  };

  test("WHEN an environment is validated THEN its layers are, in order, without a backend", () => {
    expect(run("lab", "validate")).toEqual({
      status: 0,
      stderr: "",
      ran: ["lab-services", "lab-bootstrap", "lab-forge"].flatMap((name) => [
        `-chdir=cdktf.out/stacks/${name} init -backend=false -no-color`,
        `-chdir=cdktf.out/stacks/${name} validate -no-color`,
      ]),
    });
  });

  test("fails at the first layer that cannot be planned", () => {
    const { status, ran } = run("lab", "plan");

    expect(status).toBe(1);
    expect(ran.at(-1)).toBe("-chdir=cdktf.out/stacks/lab-bootstrap plan -no-color -lock-timeout=5m -out=plan.tfplan");
  });

  test("WHEN it is applied THEN the plans are, and nothing else", () => {
    expect(run("lab", "apply").ran.filter((line) => line.includes(" apply "))).toEqual(
      ["lab-services", "lab-bootstrap", "lab-forge"].map(
        (name) => `-chdir=cdktf.out/stacks/${name} apply -no-color -lock-timeout=5m plan.tfplan`,
      ),
    );
  });

  test.each([
    [["lab", "destroy"], 2, 'the step is "destroy": use validate, plan or apply\n'],
    [["la", "plan"], 1, 'cdktf.out/socle.json has no layer of the environment "la"\n'],
  ])("fails for %j", (args, status, stderr) => {
    expect(run(...args)).toEqual({ status, stderr, ran: [] });
  });
});

describe("GIVEN build-image.sh", () => {
  const run = (name: string, isThere: boolean) => {
    const folder = temporaryFolder();
    const log = path.join(folder, "log");
    for (const [program, text] of [
      ["wget", `exit ${isThere ? 0 : 1}`],
      ["buildctl", `echo "$@" > '${log}'`],
    ] as const) {
      fs.writeFileSync(path.join(folder, program), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    }
    const { status, stdout, stderr } = spawnSync("sh", [path.join(FOLDER, "build-image.sh"), name], {
      encoding: "utf8",
      env: { PATH: `${folder}:${process.env["PATH"]}`, BUILDCTL: "buildctl", LAB_REGISTRY: "registry.test:5001" },
    });
    return {
      status,
      text: `${stdout}${stderr}`.trim(),
      built: fs.existsSync(log) ? fs.readFileSync(log, "utf8").trim() : "",
    };
  };
  // Worked out here once more, as whoever writes a reference does.
  const tag = createHash("sha256")
    .update(
      Object.entries(filesBelow(path.resolve("images/feedback")))
        .filter(([file]) => !file.includes("__pycache__"))
        .map(
          ([file, bytes]) => [file, createHash("sha256").update(Buffer.from(bytes, "latin1")).digest("hex")] as const,
        )
        .map(([file, digest]) => `${digest}  ${file}\n`)
        .join(""),
    )
    .digest("hex")
    .slice(0, 12);
  const reference = `registry.test:5001/lab/feedback:${tag}`;

  test("THEN an image that is not there is built from its own folder, and pushed under the tag of its content", () => {
    expect(run("feedback", false)).toEqual({
      status: 0,
      text: `building ${reference}`,
      built:
        "build --frontend dockerfile.v0 --local context=images/feedback --local dockerfile=images/feedback " +
        `--output type=image,name=${reference},push=true,registry.insecure=true`,
    });
  });

  test("THEN one that is there is not built again", () => {
    expect(run("feedback", true)).toEqual({ status: 0, text: `${reference} is there`, built: "" });
  });

  test("fails for an image that is not there to build", () => {
    expect(run("nothing", false)).toEqual({ status: 2, text: 'images/ has no "nothing" with a Dockerfile', built: "" });
  });
});
