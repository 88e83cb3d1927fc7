import { TerraformVariable, type TerraformVariableConfig, type TerraformVariableValidationConfig } from "cdktf";
import { cidrBlocks, matches, wholeNumber } from "../../constructs/core/input-validation";
import { type Layer } from "../../constructs/core/layer";
import { ALWAYS_FREE, MINIMUM_BOOT_VOLUME_GIB } from "../../constructs/cost/free-tier-quota";

/** The choices of ops for the layer oci-v2, each a Terraform variable of it. */
export type InfrastructureInputs = ReturnType<typeof infrastructureInputs>;

/** What a node runs of Kubernetes alone fills less than this, in GiB. */
const MINIMUM_MEMORY_GIB = 4;

export function infrastructureInputs(layer: Layer) {
  const input = (name: string, config: TerraformVariableConfig) =>
    new TerraformVariable(layer, name, { nullable: false, ...config });
  const free = (name: string, most: number, what: string): TerraformVariableValidationConfig => ({
    condition: `\${!var.always_free || var.node_count * var.${name} <= ${most}}`,
    errorMessage: `node_count times ${name} is more than ${most}: the Always Free tier gives ${most} ${what} in all. Ask for less, or set always_free to false and pay for it.`,
  });

  return {
    tenancyOcid: input("tenancy_ocid", {
      type: "string",
      description: "OCID of the tenancy: the account as a whole (Governance, Tenancy details).",
      validation: [
        matches(
          "tenancy_ocid",
          "^ocid1\\.tenancy\\.[a-z0-9]+\\.[a-z0-9-]*\\.[a-z0-9]+$",
          'tenancy_ocid takes the OCID of a tenancy, such as "ocid1.tenancy.oc1..aaaa…".',
        ),
      ],
    }),
    compartmentOcid: input("compartment_ocid", {
      type: "string",
      description:
        "OCID of the compartment that everything is made in; best one of its own, since the quota of always_free holds for all that is in it.",
      validation: [
        matches(
          "compartment_ocid",
          "^ocid1\\.(compartment|tenancy)\\.[a-z0-9]+\\.[a-z0-9-]*\\.[a-z0-9]+$",
          'compartment_ocid takes the OCID of a compartment, such as "ocid1.compartment.oc1..aaaa…".',
        ),
      ],
    }),
    compartmentPath: input("compartment_path", {
      type: "string",
      description:
        'Path of the compartment from the tenancy down, such as "team:app". Only needed while always_free is true and the compartment is not directly below the tenancy.',
      default: "",
      validation: [
        matches(
          "compartment_path",
          "^([A-Za-z0-9._-]+(:[A-Za-z0-9._-]+)*)?$",
          'compartment_path takes the names of compartments joined by ":", such as "team:app", or nothing.',
        ),
      ],
    }),
    region: input("region", {
      type: "string",
      description:
        "OCI region that everything lives in, such as eu-frankfurt-1. While always_free is true: the tenancy's home region.",
      validation: [
        matches("region", "^[a-z]{2,3}(-[a-z]+)+-[0-9]+$", 'region takes a region\'s name such as "eu-frankfurt-1".'),
      ],
    }),
    sshPublicKey: input("ssh_public_key", {
      type: "string",
      description: "SSH public key (one line) that opens the nodes, for the user ubuntu.",
      validation: [
        matches(
          "ssh_public_key",
          "^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+=*( [^\\r\\n]*)?$",
          'ssh_public_key takes the line of a public key file, such as "ssh-ed25519 AAAA… ops"; never the private key.',
        ),
        {
          condition: "${length(var.ssh_public_key) <= 1800}",
          errorMessage:
            "ssh_public_key has more than 1800 characters, and OCI limits what an instance is given at its start: use an Ed25519 key.",
        },
      ],
    }),
    adminCidrBlocks: input("admin_cidr_blocks", {
      type: "list(string)",
      description:
        "IPv4 CIDR blocks that may reach SSH (22) and the Kubernetes API (6443), such as an office or a VPN, and the machine that runs Terraform; each a /16 or narrower.",
      validation: cidrBlocks("admin_cidr_blocks", 16),
    }),
    alwaysFree: input("always_free", {
      type: "bool",
      description:
        "Keeps everything within OCI's Always Free tier: refuses larger nodes, makes the free database, no NAT or service gateway, and a quota that refuses paid shapes. Read Beyond the free tier in the README before changing it.",
      default: true,
    }),
    nodeCount: input("node_count", {
      type: "number",
      description: "How many nodes the cluster has: one server, the others agents. One works.",
      default: 1,
      validation: [wholeNumber("node_count", 1, 8)],
    }),
    nodeOcpus: input("node_ocpus", {
      type: "number",
      description: `OCPUs (Ampere cores) of each node; with always_free, ${ALWAYS_FREE.ocpus} for all nodes together.`,
      default: 2,
      validation: [wholeNumber("node_ocpus", 1, 76), free("node_ocpus", ALWAYS_FREE.ocpus, "Ampere OCPUs")],
    }),
    nodeMemoryGib: input("node_memory_gib", {
      type: "number",
      description: `Memory of each node, in GiB; with always_free, ${ALWAYS_FREE.memoryGib} for all nodes together.`,
      default: 12,
      validation: [
        wholeNumber("node_memory_gib", MINIMUM_MEMORY_GIB, 472),
        {
          condition: "${var.node_memory_gib <= 64 * var.node_ocpus}",
          errorMessage:
            "node_memory_gib is more than 64 times node_ocpus, which the shape VM.Standard.A1.Flex refuses.",
        },
        free("node_memory_gib", ALWAYS_FREE.memoryGib, "GiB of memory for Ampere shapes"),
      ],
    }),
    nodeBootVolumeGib: input("node_boot_volume_gib", {
      type: "number",
      description: `Size of each node's boot volume, in GiB; it holds images and the data of the cluster. It can be raised later, never lowered. With always_free, ${ALWAYS_FREE.storageGib} for all nodes together; what a replaced node leaves behind counts too.`,
      default: 100,
      validation: [
        wholeNumber("node_boot_volume_gib", MINIMUM_BOOT_VOLUME_GIB, 32_768),
        free("node_boot_volume_gib", ALWAYS_FREE.storageGib, "GB of boot and block volumes"),
      ],
    }),
    availabilityDomain: input("availability_domain", {
      type: "number",
      description:
        "Number of the availability domain that new nodes are made in, from 1 on; many regions have only one. Try another where OCI is out of host capacity.",
      default: 1,
      validation: [wholeNumber("availability_domain", 1, 3)],
    }),
    databaseAdminPassword: input("autonomous_database_admin_password", {
      type: "string",
      description:
        "Password of the database's user ADMIN: 12 to 30 characters, among them an upper-case and a lower-case letter and a digit; neither a double quote nor the word admin.",
      sensitive: true,
      validation: [
        {
          condition:
            "${length(var.autonomous_database_admin_password) >= 12 && length(var.autonomous_database_admin_password) <= 30}",
          errorMessage: "autonomous_database_admin_password takes 12 to 30 characters.",
        },
        {
          condition: `\${alltrue([for needed in ["[A-Z]", "[a-z]", "[0-9]"] : can(regex(needed, var.autonomous_database_admin_password))])}`,
          errorMessage:
            "autonomous_database_admin_password needs an upper-case letter, a lower-case letter and a digit: Oracle refuses others.",
        },
        {
          condition: `\${!can(regex("\\"", var.autonomous_database_admin_password)) && !can(regex("(?i)admin", var.autonomous_database_admin_password))}`,
          errorMessage:
            'autonomous_database_admin_password must contain neither a double quote nor the word "admin", in whatever case: Oracle refuses both.',
        },
      ],
    }),
    domainName: input("domain_name", {
      type: "string",
      description:
        "Name under which the applications are reached, such as app.example.com; its DNS record must point to load_balancer_ip. Empty: they are reached by that address.",
      default: "",
      validation: [
        matches(
          "domain_name",
          "^(([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63})?$",
          'domain_name takes a full name in lower case such as "app.example.com", without https:// and path, or nothing.',
        ),
      ],
    }),
  };
}
