import { checkPrograms, type ProgramFacts } from "../../../tools/lab/doctor-programs";
import { failed, NOT_THERE, printed, verdicts } from "./support";

const kubectl = (gitVersion: string) =>
  printed(
    JSON.stringify(
      { clientVersion: { major: "1", minor: "36", gitVersion, goVersion: "go1.25.4" }, kustomizeVersion: "v5.7.1" },
      null,
      2,
    ),
  );

/** What each program prints, in versions that are right. */
const RIGHT: ProgramFacts = {
  terraform: printed("Terraform v1.11.4\non linux_amd64\n"),
  tofu: NOT_THERE,
  kubectl: kubectl("v1.36.3"),
  git: printed("git version 2.39.5\n"),
  node: printed("v20.20.2\n"),
  helm: printed("v3.19.0+g3d8990f\n"),
  argocd: printed("argocd: v3.4.4+abcdef0\n"),
  kustomize: printed("v5.7.1\n"),
};

const check = (changes: Partial<ProgramFacts>) =>
  checkPrograms({ ...RIGHT, ...changes }).filter(({ verdict }) => verdict !== "ok");

describe("the doctor's look at programs", () => {
  test("GIVEN all of them THEN it says their versions", () => {
    expect(checkPrograms(RIGHT).map(({ check, verdict, found }) => [check, verdict, found])).toEqual([
      ["terraform", "ok", "Terraform 1.11.4."],
      ["kubectl", "ok", "1.36.3."],
      ["git", "ok", "2.39.5."],
      ["node", "ok", "20.20.2."],
      ["helm", "ok", "3.19.0."],
      ["argocd", "ok", "3.4.4."],
      ["kustomize", "ok", "5.7.1."],
    ]);
  });

  test("GIVEN none THEN what the lab runs is a problem, what people run a warning, and each has a way to install it", () => {
    const none = Object.fromEntries(Object.keys(RIGHT).map((name) => [name, NOT_THERE])) as unknown as ProgramFacts;
    const findings = checkPrograms(none);
    expect(verdicts(findings)).toEqual({
      terraform: "problem",
      kubectl: "problem",
      git: "problem",
      node: "problem",
      helm: "warning",
      argocd: "warning",
      kustomize: "warning",
    });
    for (const { check, mend } of findings) {
      expect(mend.join("\n")).toContain(check);
    }
  });

  test("GIVEN OpenTofu in place of Terraform, or beside one that is too old THEN it does", () => {
    const tofu = printed("OpenTofu v1.11.0\non linux_amd64\n");
    const terraform = printed("Terraform v1.5.7\non linux_amd64\n");
    expect(checkPrograms({ ...RIGHT, terraform: NOT_THERE, tofu })[0]?.found).toBe("OpenTofu 1.11.0.");
    expect(checkPrograms({ ...RIGHT, terraform, tofu })[0]?.found).toBe("OpenTofu 1.11.0.");
  });

  test("fails for a Terraform, and for an OpenTofu, that does not know write-only arguments", () => {
    expect(check({ terraform: printed("Terraform v1.10.5\n") })[0]).toMatchObject({
      verdict: "problem",
      found: "terraform is 1.10.5: 1.11 or newer is needed, or tofu 1.11.",
    });
    expect(check({ terraform: NOT_THERE, tofu: printed("OpenTofu v1.10.6\n") })[0]?.found).toBe(
      "tofu is 1.10.6: 1.11 or newer is needed, or tofu 1.11.",
    );
  });

  test("fails for a program that is there but does not run, with its own words", () => {
    expect(check({ terraform: failed("No installed versions of terraform matched '1.9.0'.\nmore\n") })[0]?.found).toBe(
      "terraform is there but does not run (No installed versions of terraform matched '1.9.0'): " +
        "1.11 or newer is needed, or tofu 1.11.",
    );
    expect(check({ git: failed("crashed", "git version 2.39.5") })[0]?.found).toBe(
      "git is there but does not run (crashed): 2 or newer is needed.",
    );
    expect(check({ kubectl: failed("") })[0]).toMatchObject({
      verdict: "problem",
      found: "kubectl is there but does not run (it says nothing).",
    });
  });

  test.each([
    ["v1.34.9", 1],
    ["v1.35.0", 0],
    ["v1.37.1", 0],
    ["v1.38.0", 1],
  ])("warns for a kubectl %s more than one minor version away: %i", (version, warnings) => {
    expect(check({ kubectl: kubectl(version) }).map(({ verdict }) => verdict)).toEqual(
      Array.from({ length: warnings }, () => "warning"),
    );
  });

  test.each([
    ["node", "v20.18.3", "problem", "node is 20.18.3: 20.19 or newer is needed."],
    ["git", "git version 1.9.1", "problem", "git is 1.9.1: 2 or newer is needed."],
    ["helm", "v2.17.0+ga690bad", "warning", "helm is 2.17.0: 3.8 or newer is needed."],
    ["argocd", "argocd: v2.14.2+ad27246", "warning", "argocd is 2.14.2: 3 or newer is needed."],
    [
      "kustomize",
      "{Version:kustomize/v4.5.7 GitCommit:56d82a8}",
      "warning",
      "kustomize is 4.5.7: 5 or newer is needed.",
    ],
  ])("fails for an old %s (%s)", (name, text, verdict, found) => {
    expect(check({ [name]: printed(text) })).toEqual([expect.objectContaining({ check: name, verdict, found })]);
  });
});
