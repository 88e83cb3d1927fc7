import * as fs from "node:fs";
import { parse } from "yaml";

const TEXT = fs.readFileSync("Jenkinsfile", "utf8");
const POD = fs.readFileSync("ci/jenkins/pod.yaml", "utf8");

interface Pod {
  readonly spec: {
    readonly automountServiceAccountToken: boolean;
    readonly containers: readonly {
      name: string;
      image: string;
      resources?: { requests?: object; limits?: { memory?: string } };
    }[];
  };
}

/** What is wrong with the pipeline. Jenkins itself is not asked: it has to be there to check one. */
function problemsOf(text: string): readonly string[] {
  const code = text.replaceAll(/^\s*\/\/.*$/gm, "");
  const containers = (parse(POD) as Pod).spec.containers.map(({ name }) => name);
  const stages = [...code.matchAll(/^ {4}stage\('([^']+)'\) \{\n([\s\S]*?)^ {4}\}$/gm)].map(
    ([, name = "", body = ""]) => ({ name, body }),
  );
  const deployment = stages.find(({ name }) => name === "Deployment")?.body ?? "";
  return [
    ...(/^pipeline \{/m.test(code) ? [] : ["it is not declarative"]),
    ...["{}", "()", "[]"]
      .filter(([open = "", close = ""]) => code.split(open).length !== code.split(close).length)
      .map((pair) => `${pair} are not in pairs`),
    ...[...code.matchAll(/container\('([^']+)'\)/g)]
      .map(([, name = ""]) => name)
      .filter((name) => !containers.includes(name))
      .map((name) => `the pod has no container ${name}`),
    ...(/\btimeout\(/.test(code) ? [] : ["it may run for ever"]),
    ...(/when \{\s+branch 'main'/.test(deployment) && /\binput \{/.test(deployment)
      ? []
      : ["the deployment is not asked for on main"]),
    ...stages
      .filter(({ body }) => / (plan|apply)'/.test(body) && !body.includes("withCredentials("))
      .map(({ name }) => `${name}: without credentials by their ids`),
    ...[...code.matchAll(/(?:TOKEN|PASSWORD|SECRET)\w* *= *['"][^'"]+/gi)].map(
      ([found]) => `a secret as text: ${found}`,
    ),
    ...(/set -x|\bprintenv\b|sh 'env'/.test(code) ? ["it prints its environment"] : []),
  ];
}

describe("GIVEN the Jenkinsfile", () => {
  test("THEN it keeps to the rules, and has every step", () => {
    expect(problemsOf(TEXT)).toEqual([]);
    expect([...TEXT.matchAll(/^ {4}stage\('([^']+)'\)/gm)].map(([, name]) => name)).toEqual([
      "Install",
      "Lint",
      "Tests",
      "Images",
      "Validate",
      "Plan",
      "Deployment",
    ]);
  });

  test.each([
    ["a brace too few", "disableConcurrentBuilds()\n", "disableConcurrentBuilds()\n{", "{} are not in pairs"],
    [
      "a container that is not there",
      "container('buildkit')",
      "container('docker')",
      "the pod has no container docker",
    ],
    ["no timeout", /^ +timeout\(.*\n/m, "", "it may run for ever"],
    ["a deployment that asks nobody", /^ {6}input \{[^}]*\}\n/m, "", "the deployment is not asked for on main"],
    ["a secret in it", "TF_INPUT = '0'", "VAULT_TOKEN = 'abc'", "a secret as text: TOKEN = 'abc"],
    ["its environment in the log", "sh 'npx --no-install eslint .'", "sh 'env'", "it prints its environment"],
  ])("fails for %s", (_, found, put, problem) => {
    expect(problemsOf(TEXT.replace(found, put))).toEqual([problem]);
  });
});

describe("GIVEN the agent's pod", () => {
  test("THEN each container is one release, with requests and a limit of memory, and no token of Kubernetes", () => {
    const { spec } = parse(POD) as Pod;

    expect(spec.automountServiceAccountToken).toBe(false);
    expect(spec.containers.map(({ name }) => name)).toEqual(["node", "terraform", "buildkit"]);
    for (const { image, resources } of spec.containers) {
      expect(image).toMatch(/^[\w./-]+:v?\d+\.\d+\.\d+[\w.-]*$/);
      expect(resources).toMatchObject({ requests: { cpu: expect.anything() }, limits: { memory: expect.any(String) } });
    }
  });

  test("THEN Jenkins and GitLab use the same releases", () => {
    const gitlab = fs.readFileSync("ci/gitlab/.gitlab-ci.yml", "utf8");

    expect(
      (parse(POD) as Pod).spec.containers.map(({ image }) => image).filter((image) => !gitlab.includes(image)),
    ).toEqual([]);
  });
});
