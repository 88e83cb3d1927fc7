import { TerraformVariable, type TerraformVariableConfig, type TerraformVariableValidationConfig } from "cdktf";
import { HETZNER_SERVER_TYPES } from "../../constructs/compute/hetzner-server";
import { cidrBlocks, matches } from "../../constructs/core/input-validation";
import { type Layer } from "../../constructs/core/layer";
import { type ViridialSettings } from "./settings";

/** The choices of ops for the layer viridial-staging-cluster, each a Terraform variable of it. */
export type ClusterInputs = ReturnType<typeof clusterInputs>;

/** Hetzner's locations in its European network zone. @see https://docs.hetzner.com/cloud/networks/faq */
const LOCATIONS = ["fsn1", "hel1", "nbg1"];

/** A spread placement group takes ten servers, and one of them is the control plane. @see https://docs.hetzner.com/cloud/placement-groups/overview */
const MAXIMUM_WORKERS = 9;

/** The known server types, for people: `cpx22 (2 vCPU, 4 GB, 19.99 EUR)`. */
const TYPES = Object.entries(HETZNER_SERVER_TYPES)
  .map(
    ([name, { vcpus, memoryGib, eurPerMonth }]) =>
      `${name} (${vcpus} vCPU, ${memoryGib} GB, ${eurPerMonth.toFixed(2)} EUR)`,
  )
  .join(", ");

export function clusterInputs(layer: Layer, settings: ViridialSettings) {
  const input = (name: string, config: TerraformVariableConfig) =>
    new TerraformVariable(layer, name, { nullable: false, ...config });
  const oneOf = (name: string, values: readonly string[], accepted: string): TerraformVariableValidationConfig => ({
    condition: `\${contains(${JSON.stringify(values)}, var.${name})}`,
    errorMessage: `${name} takes one of ${accepted}.`,
  });
  const wholeNumber = (name: string, from: number, to: number): TerraformVariableValidationConfig => ({
    condition: `\${var.${name} >= ${from} && var.${name} <= ${to} && floor(var.${name}) == var.${name}}`,
    errorMessage: `${name} takes a whole number from ${from} to ${to}.`,
  });

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
    serverType: input("server_type", {
      type: "string",
      description: `Type of every node, with its price a month (net, without IPv4): ${TYPES}. Another one restarts the nodes.`,
      default: "cpx22",
      validation: [oneOf("server_type", Object.keys(HETZNER_SERVER_TYPES), `${TYPES}: those that are known here`)],
    }),
    workerCount: input("worker_count", {
      type: "number",
      description:
        "How many workers there are, beside the control plane. Read Adding a node in the README before raising it.",
      default: settings.workerCount,
      validation: [wholeNumber("worker_count", 1, MAXIMUM_WORKERS)],
    }),
    joinTokenGeneration: input("join_token_generation", {
      type: "number",
      description: "Raise it by one for a new token to join with, before worker_count: a token is valid for 24 hours.",
      default: 1,
      validation: [wholeNumber("join_token_generation", 1, 1_000_000)],
    }),
  };
}
