import { TerraformVariable, type TerraformVariableConfig } from "cdktf";
import { matches, wholeNumber } from "../../constructs/core/input-validation";
import { type Layer } from "../../constructs/core/layer";
import { CONTAINER_MEMORY_MIB } from "./container-memory";

/** What runs in a container of its own. */
export const SERVICES = ["postgres", "vault", "registry"] as const;
export type Service = (typeof SERVICES)[number];

/** The choices of the lab's user for the layer lab-services, each a Terraform variable of it. */
export type ServicesInputs = ReturnType<typeof servicesInputs>;

export function servicesInputs(layer: Layer) {
  const input = (name: string, config: TerraformVariableConfig) =>
    new TerraformVariable(layer, name, { nullable: false, ...config });
  const memory = (service: Service, what: string, least: number) =>
    input(`${service}_memory_mib`, {
      type: "number",
      description: `Most memory that ${what} may take, in MiB.`,
      default: CONTAINER_MEMORY_MIB[service],
      validation: [wholeNumber(`${service}_memory_mib`, least)],
    });
  return {
    secretsDir: input("secrets_dir", {
      type: "string",
      description:
        "Absolute path of the folder, outside this repository, with the files postgres_password and vault_token; see Before the first apply in the README.",
      validation: [
        matches(
          "secrets_dir",
          "^(/[A-Za-z0-9._-]+)+$",
          'secrets_dir takes an absolute path such as "/home/me/.config/socle-lab": letters, digits, ".", "_" and "-" between slashes, none at the end, and no "~".',
        ),
        {
          condition: '${!can(regex("/[.][.]?(/|$)", var.secrets_dir))}',
          errorMessage: 'secrets_dir has a "." or ".." in it: write the path that it leads to.',
        },
        {
          condition: '${!can(regex("^/mnt/[a-z](/|$)", var.secrets_dir))}',
          errorMessage:
            "secrets_dir is on a drive of Windows, where WSL does not keep the mode 0600: use a folder of the Linux home.",
        },
      ],
    }),
    secretsOwner: input("secrets_owner", {
      type: "string",
      description:
        'Who owns those files, as uid:gid: what echo "$(id -u):$(id -g)" prints. PostgreSQL and Vault run as this user, so that nobody else has to read them; it also owns PostgreSQL\'s data, and so stays as it was at the first apply.',
      default: "1000:1000",
      validation: [
        matches(
          "secrets_owner",
          "^[1-9][0-9]*:[0-9]+$",
          'secrets_owner takes two numbers such as "1000:1000", and not root (0): PostgreSQL refuses to run as root.',
        ),
      ],
    }),
    imageDigests: input("image_digests", {
      type: "map(string)",
      description: `Service (${SERVICES.join(", ")}) → digest that its image must have, such as sha256:…, beside its tag. Left out: whatever the tag has when it is first pulled.`,
      default: {},
      validation: [
        {
          condition: `\${length(setsubtract(keys(var.image_digests), ${JSON.stringify(SERVICES)})) == 0}`,
          errorMessage: `image_digests has a service that is none of ${SERVICES.join(", ")}.`,
        },
        {
          condition:
            '${alltrue([for digest in values(var.image_digests) : can(regex("^sha256:[0-9a-f]{64}$", digest))])}',
          errorMessage: 'image_digests takes digests such as "sha256:" and 64 hexadecimal digits in lower case.',
        },
      ],
    }),
    memoryMib: {
      postgres: memory("postgres", "PostgreSQL", 256),
      vault: memory("vault", "Vault", 128),
      registry: memory("registry", "the registry", 64),
    },
  };
}
