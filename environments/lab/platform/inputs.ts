import { TerraformVariable, type TerraformVariableConfig } from "cdktf";
import { matches, wholeNumber } from "../../../constructs/core/input-validation";
import { type Layer } from "../../../constructs/core/layer";
import { COMPONENT_NAMES, type ComponentName, COMPONENTS, SCENARIO_NAMES, SCENARIOS } from "../catalogue";
import { type LabSettings } from "../settings";

/** The choices of the lab's user for the layer lab-platform, each a Terraform variable of it. */
export type PlatformInputs = ReturnType<typeof platformInputs>;

/** Components that cannot run at once, whatever the memory. */
export const CONFLICTS: readonly {
  readonly components: readonly [ComponentName, ComponentName];
  readonly reason: string;
}[] = [{ components: ["ollama", "vllm"], reason: "both serve language models from the one graphics card there is" }];

/** All that are chosen, in Terraform's language: a list, in which one may occur twice. */
export const CHOSEN = `concat(split(",", lookup(${JSON.stringify(
  Object.fromEntries(Object.entries(SCENARIOS).map(([name, components]) => [name, components.join(",")])),
)}, var.scenario, "")), tolist(var.extra_components))`;

export function platformInputs(layer: Layer, { delivery, storage }: LabSettings) {
  const input = (name: string, config: TerraformVariableConfig) =>
    new TerraformVariable(layer, name, { nullable: false, ...config });
  const revision = (name: string, description: string) =>
    input(name, { type: "number", description, default: 1, validation: [wholeNumber(name)] });
  return {
    scenario: input("scenario", {
      type: "string",
      description: `What runs beside the platform: ${SCENARIO_NAMES.join(", ")}. What each is made of stands in the README.`,
      default: "etl-minimal",
      validation: [
        {
          condition: `\${contains(${JSON.stringify(SCENARIO_NAMES)}, var.scenario)}`,
          errorMessage: `There is no scenario "\${var.scenario}": scenario takes one of ${SCENARIO_NAMES.join(", ")}.`,
        },
      ],
    }),
    extraComponents: input("extra_components", {
      type: "list(string)",
      description: `Components that run beside those of the scenario: any of ${COMPONENT_NAMES.join(", ")}.`,
      default: [],
      validation: extraComponentsValidation(),
    }),
    dashboardPasswordRevision: revision(
      "dashboard_password_revision",
      "Raise it by one to have the passwords of Traefik's and Hubble's pages made anew.",
    ),
    grafanaPasswordRevision: revision(
      "grafana_password_revision",
      "Raise it by one to have the password of Grafana's admin made anew.",
    ),
    repository: delivery === "argocd" ? repositoryInputs(input) : undefined,
    nfs: storage === "nfs" ? nfsInputs(input) : undefined,
  };
}

type Input = (name: string, config: TerraformVariableConfig) => TerraformVariable;

function extraComponentsValidation() {
  const unknown = `setsubtract(var.extra_components, ${JSON.stringify(COMPONENT_NAMES)})`;
  const needs = Object.entries(COMPONENTS).flatMap(([component, others]) =>
    others.map((other) => ({ component, other })),
  );
  const missing = `distinct([for need in ${JSON.stringify(needs)} : "\${need.component} needs \${need.other}" if contains(${CHOSEN}, need.component) && !contains(${CHOSEN}, need.other)])`;
  return [
    {
      condition: `\${length(${unknown}) == 0}`,
      errorMessage: `The lab has no component \${join(", ", ${unknown})}: extra_components takes any of ${COMPONENT_NAMES.join(", ")}.`,
    },
    {
      condition: `\${length(${missing}) == 0}`,
      errorMessage: `Something is missing in extra_components: \${join(", ", ${missing})}. Name it too, or take a scenario that has it.`,
    },
    ...CONFLICTS.map(({ components: [one, other], reason }) => ({
      condition: `\${!(contains(${CHOSEN}, "${one}") && contains(${CHOSEN}, "${other}"))}`,
      errorMessage: `${one} and ${other} are both chosen, by the scenario or beside it: ${reason}. Leave one out.`,
    })),
  ];
}

function repositoryInputs(input: Input) {
  return {
    username: input("argocd_platform_repo_username", {
      type: "string",
      description:
        "User that Argo CD reads the git repositories as, such as that of a deploy token with read_repository.",
      validation: [
        {
          condition: "${length(trimspace(var.argocd_platform_repo_username)) > 0}",
          errorMessage: "argocd_platform_repo_username is empty: the repositories are private.",
        },
      ],
    }),
    password: input("argocd_platform_repo_password", {
      type: "string",
      description:
        "Its password or token. It reaches a Secret of the cluster; of it the state has eight digits of a checksum, by which a new one is written. Give it as TF_VAR_argocd_platform_repo_password.",
      sensitive: true,
      validation: [
        {
          condition: "${length(trimspace(var.argocd_platform_repo_password)) > 0}",
          errorMessage: "argocd_platform_repo_password is empty: the repositories are private.",
        },
      ],
    }),
  };
}

function nfsInputs(input: Input) {
  return {
    server: input("nfs_server", {
      type: "string",
      description: "Name or address of the NFS server, as the containers of this machine's Docker reach it.",
      validation: [
        matches(
          "nfs_server",
          "^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$",
          'nfs_server takes a name or an IPv4 address such as "192.168.1.20".',
        ),
      ],
    }),
    share: input("nfs_share", {
      type: "string",
      description: "Folder that the NFS server exports; every volume is a folder below it.",
      default: "/srv/nfs",
      validation: [
        matches("nfs_share", "^(/[A-Za-z0-9._-]+)+$", 'nfs_share takes an absolute path such as "/srv/nfs".'),
      ],
    }),
  };
}
