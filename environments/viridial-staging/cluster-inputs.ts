import { TerraformVariable, type TerraformVariableConfig, type TerraformVariableValidationConfig } from "cdktf";
import { HETZNER_SERVER_TYPES, type HetznerServerType } from "../../constructs/compute/hetzner-server";
import { cidrBlocks, matches, wholeNumber } from "../../constructs/core/input-validation";
import { type Layer } from "../../constructs/core/layer";
import { controlPlanesRunWorkloads, controlPlaneType, WORKER_TYPE } from "./capacity";
import { type ViridialSettings } from "./settings";

/** The choices of ops for the layer viridial-staging-cluster, each a Terraform variable of it. */
export type ClusterInputs = ReturnType<typeof clusterInputs>;

/** Hetzner's locations in its European network zone. @see https://docs.hetzner.com/cloud/networks/faq */
const LOCATIONS = ["fsn1", "hel1", "nbg1"];

/** A spread placement group takes ten servers, the control planes among them. @see https://docs.hetzner.com/cloud/placement-groups/overview */
const MAXIMUM_NODES = 10;

/** The known types that have at least as much as another one. */
function typesFrom(smallest: string): string[] {
  const { vcpus, memoryGib } = HETZNER_SERVER_TYPES[smallest] as HetznerServerType;
  return Object.entries(HETZNER_SERVER_TYPES)
    .filter(([, type]) => type.vcpus >= vcpus && type.memoryGib >= memoryGib)
    .map(([name]) => name);
}

/** For people: `cpx22 (2 vCPU, 4 GB, 19.49 EUR)`. */
function describeTypes(names: readonly string[]): string {
  return names
    .map((name) => {
      const { vcpus, memoryGib, eurPerMonth } = HETZNER_SERVER_TYPES[name] as HetznerServerType;
      return `${name} (${vcpus} vCPU, ${memoryGib} GB, ${eurPerMonth.toFixed(2)} EUR)`;
    })
    .join(", ");
}

export function clusterInputs(layer: Layer, settings: ViridialSettings) {
  const input = (name: string, config: TerraformVariableConfig) =>
    new TerraformVariable(layer, name, { nullable: false, ...config });
  const oneOf = (name: string, values: readonly string[], accepted: string): TerraformVariableValidationConfig => ({
    condition: `\${contains(${JSON.stringify(values)}, var.${name})}`,
    errorMessage: `${name} takes one of ${accepted}.`,
  });

  const serverType = (name: string, of: string, smallest: string, why: string) => {
    const types = typesFrom(smallest);
    return input(name, {
      type: "string",
      description: `Type of ${of}, with its price a month (net, without IPv4): ${describeTypes(types)}. Another one restarts them.`,
      default: smallest,
      validation: [oneOf(name, types, `${describeTypes(types)}: ${why}`)],
    });
  };

  const enough = `those that are known here and hold what the later layers run, which is worked out for ${WORKER_TYPE}`;

  return {
    sshPublicKey: input("ssh_public_key", {
      type: "string",
      description: "SSH public key (one line) that opens the nodes, for the user root.",
      validation: [
        matches(
          "ssh_public_key",
          "^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+=*( [^\\r\\n]*)?$",
          'ssh_public_key takes the line of a public key file, such as "ssh-ed25519 AAAA… ops"; never the private key.',
        ),
      ],
    }),
    adminCidrBlocks: input("admin_cidr_blocks", {
      type: "list(string)",
      description:
        "IPv4 CIDR blocks that may reach SSH (22) and the Kubernetes API (6443), such as an office or a VPN, and the machine that runs Terraform; each a /16 or narrower.",
      validation: cidrBlocks("admin_cidr_blocks", 16),
    }),
    location: input("location", {
      type: "string",
      description: "Hetzner's location that everything is made in. What is there stays where it is.",
      default: "nbg1",
      validation: [
        oneOf("location", LOCATIONS, `${LOCATIONS.join(", ")}: the European ones, which share a network zone`),
      ],
    }),
    serverType: serverType("server_type", "the workers", WORKER_TYPE, enough),
    controlPlaneServerType: serverType(
      "control_plane_server_type",
      settings.controlPlanes === 1 ? "the control plane" : `the ${settings.controlPlanes} control planes`,
      controlPlaneType(settings),
      controlPlanesRunWorkloads(settings) ? enough : "those that are known here",
    ),
    workerCount: input("worker_count", {
      type: "number",
      description:
        "How many workers there are, beside the control planes. Read Adding a node in the README before raising it.",
      default: settings.workerCount,
      validation: [wholeNumber("worker_count", settings.workerCount, MAXIMUM_NODES - settings.controlPlanes)],
    }),
    volumeSizeGib: input("volume_size_gib", {
      type: "number",
      description:
        "Size in GiB of a volume of its own for each worker, for data that stays on its node (0.0572 EUR per GiB a month); 0 for none. It can grow, never shrink. Kubernetes' own volumes do not need it.",
      default: 0,
      validation: [
        {
          condition:
            "${var.volume_size_gib == 0 || (var.volume_size_gib >= 10 && var.volume_size_gib <= 10240 && floor(var.volume_size_gib) == var.volume_size_gib)}",
          errorMessage: "volume_size_gib takes 0 for no volumes, or a whole number from 10 to 10240.",
        },
      ],
    }),
    joinTokenGeneration: input("join_token_generation", {
      type: "number",
      description:
        "Raise it by one for a new token to join with, and apply this layer and the platform's before worker_count is raised: a token is valid for 24 hours.",
      default: 1,
      validation: [wholeNumber("join_token_generation", 1, 1_000_000)],
    }),
  };
}
