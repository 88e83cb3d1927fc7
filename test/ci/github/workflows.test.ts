import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";

const FOLDER = path.resolve("ci/github");

interface Step {
  readonly name?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
}
interface Job {
  readonly "runs-on"?: string | readonly string[];
  readonly "timeout-minutes"?: number;
  readonly needs?: string | readonly string[];
  readonly if?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps?: readonly Step[];
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

/** The text of each workflow, by its name; those of `examples/` are named `examples/…`. */
const TEXTS: Readonly<Record<string, string>> = Object.fromEntries(
  ["workflows", "examples"].flatMap((folder) =>
    fs
      .readdirSync(path.join(FOLDER, folder))
      .map((file) => [
        folder === "workflows" ? file : `${folder}/${file}`,
        fs.readFileSync(path.join(FOLDER, folder, file), "utf8"),
      ]),
  ),
);
const textOf = (name: string): string => TEXTS[name] ?? "";
const workflowOf = (text: string) => parse(text) as Workflow;
const ALL = Object.keys(TEXTS);

/** What a step uses and does not hold to one commit, with the release in a comment. */
const unpinned = (text: string): readonly string[] =>
  [...text.matchAll(/^ *(?:- )?uses: (.*)$/gm)]
    .map(([, used]) => used ?? "")
    .filter((used) => !used.startsWith("./") && !/^[\w.-]+(\/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(used));

/** What a script takes from an expression: GitHub puts its text into the script, so whoever writes it runs commands. */
const expressionsInScripts = (text: string): readonly string[] =>
  Object.values(workflowOf(text).jobs)
    .flatMap(({ steps }) => steps ?? [])
    .flatMap(({ run }) => run?.match(/\$\{\{.*?\}\}/g) ?? []);

/** Jobs whose permissions are not their own: those of the whole workflow, or what the repository gives by default. */
const withoutPermissions = (text: string): readonly string[] => {
  const { permissions, jobs } = workflowOf(text);
  return [
    ...(permissions !== undefined && Object.keys(permissions).length === 0 ? [] : ["the workflow"]),
    ...Object.keys(jobs).filter((name) => jobs[name]?.permissions === undefined),
  ];
};

/** Jobs that could run for the six hours that GitHub gives by default. */
const withoutTimeout = (text: string): readonly string[] => {
  const { jobs } = workflowOf(text);
  return Object.keys(jobs).filter((name) => jobs[name]?.steps && jobs[name]["timeout-minutes"] === undefined);
};

/**
 * What actionlint says of the workflows, together as in a repository that has them all, with one put in the place of
 * another. Actions are named by their major releases, so that it looks at what they are given, too.
 */
function actionlint(changed: Readonly<Record<string, string>> = {}): readonly string[] {
  const folder = temporaryFolder();
  const workflows = path.join(folder, ".github/workflows");
  fs.mkdirSync(workflows, { recursive: true });
  // By it actionlint knows where the repository begins.
  fs.mkdirSync(path.join(folder, ".git"));
  for (const [name, text] of Object.entries({ ...TEXTS, ...changed })) {
    fs.writeFileSync(
      path.join(workflows, name.replace("/", "-")),
      text.replace(/@[0-9a-f]{40} # (v\d+)\.\d+\.\d+$/gm, "@$1").replace(/viridial\/workflows\/(.*)@v1$/gm, "./$1"),
    );
  }
  const { status, stdout, stderr, error } = spawnSync(
    "actionlint",
    ["-oneline", "-no-color", "-config-file", path.join(FOLDER, "actionlint.yaml")],
    { cwd: folder, encoding: "utf8" },
  );
  if (error) {
    throw error;
  }
  const messages = stdout.split("\n").filter((line) => line !== "");
  expect(stderr).toBe("");
  expect(status).toBe(messages.length === 0 ? 0 : 1);
  return messages;
}

describe("workflows", () => {
  test.each(ALL)("%s takes every action at one commit", (name) => {
    // The organization's own workflows are called by the tag that their repository gives.
    expect(unpinned(textOf(name)).filter((used) => !used.startsWith("viridial/workflows/"))).toEqual([]);
  });

  test.each([
    ["a tag", "actions/checkout@v7"],
    ["a commit without its release", "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1"],
    ["part of a commit", "actions/checkout@3d3c42e # v7.0.1"],
    ["a branch", "aquasecurity/trivy-action@master # v0.36.0"],
  ])("fails for an action at %s", (_, used) => {
    expect(unpinned(`      - uses: ${used}\n        uses: ./local\n`)).toEqual([used]);
  });

  test.each(ALL)("%s gives its scripts values by the environment only", (name) => {
    expect(expressionsInScripts(textOf(name))).toEqual([]);
  });

  test("fails for a script with an expression", () => {
    const text = textOf("deploy.yml").replace('"$SERVICE" "$TAG"', '"$SERVICE" "${{ inputs.tag }}"');
    expect(expressionsInScripts(text)).toEqual(["${{ inputs.tag }}"]);
  });

  test.each(ALL)("%s says for each job what it may do, and how long", (name) => {
    expect(withoutPermissions(textOf(name))).toEqual([]);
    expect(withoutTimeout(textOf(name))).toEqual([]);
  });

  test("fails for a job without permissions or time limit, and for permissions of a whole workflow", () => {
    const text = textOf("deploy.yml")
      .replace("    permissions: {}\n", "")
      .replace("permissions: {}", "permissions: { contents: write }")
      .replace("    timeout-minutes: 60\n", "");
    expect(withoutPermissions(text)).toEqual(["the workflow", "deploy"]);
    expect(withoutTimeout(text)).toEqual(["deploy"]);
  });

  test("THEN only the image's job writes packages, and only the API's writes to the repository", () => {
    const writing = ALL.filter((name) => !name.startsWith("examples/")).flatMap((name) =>
      Object.entries(workflowOf(textOf(name)).jobs)
        .filter(([, { steps }]) => steps)
        .flatMap(([job, { permissions }]) =>
          Object.entries(permissions ?? {}).flatMap(([what, right]) =>
            right === "write" ? [`${name} ${job}: ${what}`] : [],
          ),
        ),
    );
    expect(writing.sort()).toEqual(["api.yml publish: contents", "build.yml image: packages"]);
  });

  test("THEN no job keeps the token that it checked out with", () => {
    const kept = ALL.flatMap((name) =>
      textOf(name)
        .split(/^ {6}- /m)
        .filter((step) => step.includes("actions/checkout@") && !step.includes("persist-credentials: false"))
        .map(() => name),
    );
    expect(kept).toEqual([]);
  });

  test("THEN every secret is one that the README names", () => {
    const readme = fs.readFileSync(path.join(FOLDER, "README.md"), "utf8");
    const names = new Set(
      Object.values(TEXTS).flatMap((text) =>
        [...text.matchAll(/\b(?:secrets|vars)\.(\w+)/g)].map(([, name]) => name ?? ""),
      ),
    );
    expect([...names].filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
    expect(names.size).toBeGreaterThan(5);
  });
});

describe("build", () => {
  const { test: tests, image } = workflowOf(textOf("build.yml")).jobs;
  const namesOf = (job: Job | undefined) => (job?.steps ?? []).flatMap(({ name }) => name ?? []);

  test("THEN sources are linted, tested and scanned before there is an image", () => {
    expect(namesOf(tests)).toEqual([
      "Refuse a runtime that there is no way for",
      "Lint",
      "Build and test",
      "Install",
      "Lint",
      "Build and test",
      "Trivy, on the sources",
      "The database of vulnerabilities, from the last run",
      "OWASP Dependency-Check",
    ]);
    expect(image?.needs).toBe("test");
  });

  test("THEN the image is looked at before it is pushed, and pushed only where that is asked for", () => {
    expect(namesOf(image)).toEqual(["Build", "Refuse an image that runs as root", "Trivy, on the image", "Push"]);
    expect(image?.steps?.find(({ name }) => name === "Push")?.if).toBe("inputs.push");
  });
});

describe("release", () => {
  const { jobs } = workflowOf(textOf("release.yml"));

  test("THEN one image goes from dev to staging to production", () => {
    expect(Object.entries(jobs).map(([name, { needs, uses }]) => [name, needs, uses])).toEqual([
      ["build", undefined, "./.github/workflows/build.yml"],
      ["dev", "build", "./.github/workflows/deploy.yml"],
      ["staging", ["build", "dev"], "./.github/workflows/deploy.yml"],
      ["production", ["build", "staging"], "./.github/workflows/deploy.yml"],
    ]);
    for (const name of ["dev", "staging", "production"]) {
      expect(jobs[name]?.with).toMatchObject({ environment: name, tag: "${{ needs.build.outputs.tag }}" });
    }
  });

  test("THEN staging does not wait for a dev that is left out, and production never goes before staging", () => {
    expect(jobs["staging"]?.if).toBe(
      "${{ !cancelled() && needs.build.result == 'success' && " +
        "(needs.dev.result == 'success' || needs.dev.result == 'skipped') }}",
    );
    expect(jobs["production"]?.if).toBe(
      "${{ !cancelled() && needs.staging.result == 'success' && inputs.production-layer != '' }}",
    );
  });

  test("GIVEN the example of a service THEN every push to main is released, and a pull request leaves nothing", () => {
    const { on, jobs: called } = workflowOf(textOf("examples/service.yml"));
    expect(on).toEqual({ pull_request: null, push: { branches: ["main"] } });
    expect(called["release"]).toMatchObject({
      if: "github.event_name == 'push'",
      uses: "viridial/workflows/.github/workflows/release.yml@v1",
    });
    expect(called["check"]?.with).toEqual({ service: "property", runtime: "jvm" });
  });
});

describe("deploy", () => {
  const { deploy } = workflowOf(textOf("deploy.yml")).jobs;

  test("THEN what fails after the tag was put there puts the one before back", () => {
    expect((deploy?.steps ?? []).filter(({ run }) => run).map(({ name, if: when }) => [name, when])).toEqual([
      ["The layer's inputs", undefined],
      ["Reach Vault", undefined],
      ["Deploy", undefined],
      ["Health, through the gateway", undefined],
      ["Roll back", "failure() && steps.deploy.outputs.previous != '' && steps.deploy.outputs.previous != inputs.tag"],
      ["Health after it", "failure() && steps.rollback.outcome == 'success'"],
      ["What is left to a person", "failure() && steps.rollback.outcome != 'success'"],
      ["Leave nothing on the runner", "always()"],
    ]);
  });

  test("THEN the layer that release.yml names has each tag as an input and says it in an output", () => {
    const { on } = workflowOf(textOf("release.yml"));
    const inputs = (on["workflow_call"] as { inputs: Record<string, { default?: string }> }).inputs;
    const layer = path.resolve("cdktf.out/stacks", inputs["staging-layer"]?.default ?? "", "cdk.tf.json");
    const { variable, output } = JSON.parse(fs.readFileSync(layer, "utf8")) as Record<string, Record<string, unknown>>;
    const tagsOf = (block: Record<string, unknown> = {}) => Object.keys(block).filter((name) => name.endsWith("_tag"));
    expect(tagsOf(variable)).toEqual(expect.arrayContaining(["identity_tag", "property_tag", "search_tag"]));
    expect(tagsOf(output).sort()).toEqual(tagsOf(variable).sort());
  });

  test("THEN every script that it calls is there and can be run", () => {
    const scripts = new Set(textOf("deploy.yml").match(/ci\/github\/\w+\.sh/g));
    expect([...scripts].sort()).toEqual(["ci/github/deploy.sh", "ci/github/health.sh"]);
    for (const script of scripts) {
      expect(fs.statSync(script).mode & 0o111).toBe(0o111);
    }
  });
});

describeWithProgram("actionlint", "with the real actionlint", () => {
  test("THEN it has nothing to say", () => {
    expect(actionlint()).toEqual([]);
  });

  test.each([
    [
      "an input that the called workflow has not",
      "release.yml",
      (text: string) => text.replace("      runtime: ${{ inputs.runtime }}", "      runtimes: jvm"),
      /input "runtime" is required by "\.\/\.github\/workflows\/build\.yml"/,
    ],
    [
      "an output that no job has",
      "release.yml",
      (text: string) => text.replace("needs.build.outputs.tag", "needs.build.outputs.image"),
      /property "image" is not defined in object type \{tag: string\}/,
    ],
    [
      "an input that the action has not",
      "build.yml",
      (text: string) => text.replace("          load: true", "          loads: true"),
      /input "loads" is not defined in action "docker\/build-push-action@v7"/,
    ],
    [
      "a runner that is not ours",
      "deploy.yml",
      (text: string) => text.replace("viridial-deploy", "viridial-deploys"),
      /label "viridial-deploys" is unknown/,
    ],
    [
      "a caller without an input that is required",
      "examples/service.yml",
      (text: string) => text.replace("      infrastructure-repository: viridial/socle\n", ""),
      /input "infrastructure-repository" is required by "\.\/\.github\/workflows\/release\.yml"/,
    ],
  ])("fails for %s", (_, name, change, message) => {
    const messages = actionlint({ [name]: change(textOf(name)) });
    expect(messages.filter((each) => message.test(each))).not.toEqual([]);
  });

  describeWithProgram("shellcheck", "and shellcheck", () => {
    test("fails for a script that shellcheck refuses", () => {
      const messages = actionlint({
        "build.yml": textOf("build.yml").replace('docker push "$IMAGE"', "docker push $IMAGE"),
      });
      expect(messages).toEqual([expect.stringMatching(/SC2086:info/)]);
    });
  });
});

describeWithProgram("shellcheck", "scripts", () => {
  test.each(["deploy.sh", "health.sh"])("%s passes shellcheck", (script) => {
    const { status, stdout } = spawnSync("shellcheck", [path.join(FOLDER, script)], { encoding: "utf8" });
    expect(stdout).toBe("");
    expect(status).toBe(0);
  });
});
