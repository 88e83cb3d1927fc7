import { type ReadmeSection } from "../../constructs/core/layer";
import { type VaultCapability } from "../../constructs/secrets/vault-role";
import { databaseEntry, type DatabaseName, KV_MOUNT } from "./vault-entries";

/** What Terraform may do with the AppRole `terraform`: what the layers after this one do in Vault, and no more than that. */
export const TERRAFORM_POLICY: Readonly<Record<string, readonly VaultCapability[]>> = {
  // The provider makes itself a token that lives for 20 minutes.
  "auth/token/create": ["update"],
  "sys/auth": ["read"],
  "sys/auth/kubernetes": ["create", "read", "update", "delete", "sudo"],
  "sys/auth/kubernetes/tune": ["read", "update", "sudo"],
  // Paths of mounts are read below this one too.
  "sys/mounts/auth/kubernetes": ["read"],
  "sys/mounts/auth/kubernetes/tune": ["read", "update"],
  "auth/kubernetes/*": ["create", "read", "update", "delete", "list"],
  "sys/policies/acl/*": ["create", "read", "update", "delete", "list"],
  [`${KV_MOUNT}/data/lab/*`]: ["read"],
  [`${KV_MOUNT}/metadata/lab/*`]: ["read", "list"],
};

export interface BootstrapReadmeProps {
  /** Name of the environment, which the names of containers begin with. */
  readonly name: string;
  readonly domain: string;
  readonly keepData: boolean;
  /** What each database has. */
  readonly needs: Readonly<
    Record<DatabaseName, { readonly connections: number; readonly extensions?: readonly string[] }>
  >;
}

const section = (title: string, ...lines: string[]): ReadmeSection => ({ title, body: lines.join("\n") });

/** What the README of the layer lab-bootstrap says besides its generated parts. */
export function bootstrapReadme({ name, domain, keepData, needs }: BootstrapReadmeProps): readonly ReadmeSection[] {
  // The programs of the containers: neither is needed on this machine. Of the environment they get what is named, and no
  // secret is an argument.
  const vault = `docker exec --env VAULT_TOKEN ${name}-vault vault`;
  const psql = `docker exec --interactive --tty --env PGPASSWORD ${name}-postgres psql --host=postgres.${domain}`;
  return [
    section(
      "Before the first apply",
      "The layer lab-services is applied, and its names are in `/etc/hosts`. Make the password of GitLab's role once, a file beside the",
      "others; the command leaves one alone that is there already:",
      "",
      "```sh",
      'secrets="$HOME/.config/socle-lab"',
      'test -s "$secrets/gitlab_db_password" || (umask 0177 && openssl rand -hex 24 >"$secrets/gitlab_db_password")',
      "```",
      "",
      "Terraform logs in with the passwords of the layer lab-services. They are in its environment only:",
      "",
      "```sh",
      'export PGPASSWORD="$(cat "$secrets/postgres_password")" VAULT_TOKEN="$(cat "$secrets/vault_token")"',
      "```",
      "",
      "`connection refused` means that a container does not run: `docker ps`.",
    ),
    section(
      "Databases",
      "Each has one role of its own name that owns it and may connect; nobody else may, superusers apart. A role makes neither roles nor",
      "databases.",
      "",
      "| Database and role | Connections at most | Extensions |",
      "| --- | --- | --- |",
      ...Object.entries(needs).map(
        ([name, { connections, extensions = [] }]) =>
          `| \`${name}\` | ${connections} | ${extensions.map((extension) => `\`${extension}\``).join(", ") || "none"} |`,
      ),
      "",
      "To log in as one, with the password that Vault has, by the programs of the containers:",
      "",
      "```sh",
      "(",
      `  export PGPASSWORD="$(${vault} kv get -mount=${KV_MOUNT} -field=password ${databaseEntry("airflow")})"`,
      `  ${psql} --username=airflow airflow`,
      ")",
      "```",
    ),
    section(
      "When Vault has restarted",
      "Vault keeps everything in memory: after a restart it is empty, and pods keep what they have until they ask again. `make lab-refresh`",
      "mends that, and so does applying this layer and then the later ones, in their order.",
      "",
      "The apply writes every entry again with new values, and gives each role the new password of its entry; the output `vault_revisions`",
      "has another text for each, by which the later layers refresh. GitLab's password comes from its file, and stays what it was.",
      "",
      "Until then a plan shows what is missing as to be created. It destroys nothing but the markers `terraform_data.…_written`, which are",
      "replaced.",
    ),
    section(
      "Rotating a password",
      'Raise the number of its entry in `secret_revisions` by one, for instance `{ "lab/postgresql/airflow" = 2 }`, and apply this layer and',
      "the later ones. The role has the new password at once; connections that are open stay.",
      "",
      "GitLab's: write another password to its file, then apply this layer and lab-forge, which starts GitLab anew. Between the two it opens",
      "no further connection.",
      "",
      "Old versions of an entry stay in Vault until it restarts.",
    ),
    section(
      "A login for Terraform that is less than root",
      "The AppRole `terraform` may do what the layers after this one do in Vault. Nothing uses it by itself: `VAULT_TOKEN` is the root one in",
      "the commands above. Make its SecretID by hand; Terraform never sees one, and it is good for a day:",
      "",
      "```sh",
      'export VAULT_TOKEN="$(cat "$secrets/vault_token")"',
      `(umask 0177 && ${vault} write -force -field=secret_id auth/approle/role/terraform/secret-id >"$secrets/vault_secret_id")`,
      `export VAULT_TOKEN="$(docker exec --interactive ${name}-vault vault write -field=token auth/approle/login \\`,
      '  role_id=lab-terraform secret_id=- <"$secrets/vault_secret_id")"',
      "```",
      "",
      "It may write policies, so who has it can give itself the rest. This layer itself needs the root token.",
    ),
    section(
      "What is where",
      "- Values that are generated are ephemeral here, and written only: they are in Vault, and passwords of roles, hashed, in PostgreSQL.",
      "- The password of GitLab's role is in its file, in Vault, and where GitLab keeps its configuration. Of it, this state has the first eight",
      "  digits of its SHA-256, to tell that it changed.",
      "- Between Terraform and the two, nothing is encrypted: both listen on 127.0.0.1 of this machine, and in Docker's network.",
      "- PostgreSQL gets a password as part of a statement. It logs statements that fail, and those alone unless `log_statement` is changed.",
    ),
    section(
      "Taking it down",
      ...(keepData
        ? [
            "Do not: the databases are in PostgreSQL's volume, and this state knows that they are. When the layer lab-services is taken down and",
            "its volumes are kept, leave this state alone: the next apply finds the databases there and the entries of Vault gone.",
            "",
            "When PostgreSQL's volume is given up too, forget all of it instead:",
            "",
            "```sh",
            "terraform state list | xargs --no-run-if-empty terraform state rm",
            "```",
          ]
        : [
            "The mount of Vault refuses a destroy. It is in memory: let Terraform forget it, and destroy the rest with all databases:",
            "",
            "```sh",
            "terraform state rm vault_mount.kv",
            "terraform destroy",
            "```",
          ]),
    ),
  ];
}
