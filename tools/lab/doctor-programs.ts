import { atLeast, complaint, ok, problem, warning, type Finding, type Outcome } from "./doctor-finding";

/** What the doctor asks, program by program. */
export const PROGRAMS = {
  terraform: ["version"],
  tofu: ["version"],
  kubectl: ["version", "--client", "-o", "json"],
  git: ["--version"],
  node: ["--version"],
  helm: ["version", "--short"],
  argocd: ["version", "--client", "--short"],
  kustomize: ["version"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type ProgramName = keyof typeof PROGRAMS;

export type ProgramFacts = Readonly<Record<ProgramName, Outcome>>;

/** Minor version of the lab's Kubernetes 1.x; kubectl may be one minor older or newer (Kubernetes' version skew policy). */
const KUBERNETES_MINOR = 36;

/** `amd64` or `arm64`, in the shell that mends. */
const ARCHITECTURE = "$(dpkg --print-architecture)";

/** How each is installed on Ubuntu, at a version that is right here. */
const INSTALL: Readonly<Record<Exclude<ProgramName, "tofu">, readonly [string, ...string[]]>> = {
  terraform: [
    `curl -fsSLo /tmp/terraform.zip https://releases.hashicorp.com/terraform/1.11.4/terraform_1.11.4_linux_${ARCHITECTURE}.zip`,
    "sudo apt-get install unzip && sudo unzip -o /tmp/terraform.zip terraform -d /usr/local/bin",
  ],
  kubectl: [
    `curl -fsSLo /tmp/kubectl https://dl.k8s.io/release/v1.36.3/bin/linux/${ARCHITECTURE}/kubectl`,
    "sudo install /tmp/kubectl /usr/local/bin/",
  ],
  git: ["sudo apt-get install git"],
  node: [
    "curl -fsSL https://nodejs.org/dist/v20.20.2/node-v20.20.2-linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/').tar.xz | sudo tar -xJ -C /usr/local --strip-components=1",
  ],
  helm: [
    `curl -fsSL https://get.helm.sh/helm-v3.19.0-linux-${ARCHITECTURE}.tar.gz | sudo tar -xz -C /usr/local/bin --strip-components=1 linux-${ARCHITECTURE}/helm`,
  ],
  argocd: [
    `curl -fsSLo /tmp/argocd https://github.com/argoproj/argo-cd/releases/download/v3.4.4/argocd-linux-${ARCHITECTURE}`,
    "sudo install /tmp/argocd /usr/local/bin/",
  ],
  kustomize: [
    `curl -fsSL https://github.com/kubernetes-sigs/kustomize/releases/download/kustomize%2Fv5.7.1/kustomize_v5.7.1_linux_${ARCHITECTURE}.tar.gz | sudo tar -xz -C /usr/local/bin`,
  ],
};

/** Whether each program is there in a version that does. */
export function checkPrograms(facts: ProgramFacts): readonly Finding[] {
  return [
    checkTerraform(facts),
    checkKubectl(facts.kubectl),
    checkProgram("git", facts.git, [2], problem),
    checkProgram("node", facts.node, [20, 19], problem),
    // Terraform and Argo CD bring what they need: these three are for people's hands.
    checkProgram("helm", facts.helm, [3, 8], warning),
    checkProgram("argocd", facts.argocd, [3], warning),
    checkProgram("kustomize", facts.kustomize, [5], warning),
  ];
}

/** Terraform, or OpenTofu: write-only arguments came with 1.11 of either. */
function checkTerraform({ terraform, tofu }: ProgramFacts): Finding {
  const right = [["Terraform", terraform] as const, ["OpenTofu", tofu] as const].find(([, outcome]) =>
    atLeast(versionOf(outcome) ?? [], [1, 11]),
  );
  if (right) {
    return ok("terraform", `${right[0]} ${versionOf(right[1])?.join(".")}.`);
  }
  const found = !terraform.there && tofu.there ? state("tofu", tofu) : state("terraform", terraform);
  return problem("terraform", `${found}: 1.11 or newer is needed, or tofu 1.11.`, INSTALL.terraform);
}

function checkKubectl(outcome: Outcome): Finding {
  const version = versionOf(outcome);
  const [major, minor = 0] = version ?? [];
  if (version === undefined) {
    return problem("kubectl", `${state("kubectl", outcome)}.`, INSTALL.kubectl);
  }
  return major === 1 && Math.abs(minor - KUBERNETES_MINOR) <= 1
    ? ok("kubectl", `${version.join(".")}.`)
    : warning(
        "kubectl",
        `${version.join(".")}: more than one minor version from the cluster's 1.${KUBERNETES_MINOR}.`,
        INSTALL.kubectl,
      );
}

function checkProgram(
  name: keyof typeof INSTALL,
  outcome: Outcome,
  wanted: readonly number[],
  otherwise: typeof problem | typeof warning,
): Finding {
  const version = versionOf(outcome);
  return version !== undefined && atLeast(version, wanted)
    ? ok(name, `${version.join(".")}.`)
    : otherwise(name, `${state(name, outcome)}: ${wanted.join(".")} or newer is needed.`, INSTALL[name]);
}

/** The first version that a program prints; undefined where it does not get that far. */
function versionOf({ status, stdout }: Outcome): readonly number[] | undefined {
  const [, major, minor, patch] = (status === 0 ? /\bv?(\d+)\.(\d+)\.(\d+)/.exec(stdout) : undefined) ?? [];
  return major === undefined ? undefined : [major, minor, patch].map(Number);
}

function state(name: string, outcome: Outcome): string {
  const version = versionOf(outcome);
  if (version !== undefined) {
    return `${name} is ${version.join(".")}`;
  }
  return outcome.there
    ? `${name} is there but does not run (${complaint(outcome) || "it says nothing"})`
    : `${name} is not installed`;
}
