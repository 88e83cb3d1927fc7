import { type ReadmeSection } from "../../constructs/core/layer";

const section = (title: string, ...lines: string[]): ReadmeSection => ({ title, body: lines.join("\n") });

/** Initialises Vault, or says that it is: `-status` ends with 0 then, with 2 before. */
export const vaultInitCommand = (namespace: string) =>
  `kubectl --namespace ${namespace} exec vault-0 -- sh -c 'vault operator init -status || vault operator init'`;

/**
 * What the README of the layer oci-v2-platform says besides its generated parts.
 *
 * @param vault namespace that Vault runs in
 */
export const platformReadme = (vault: string): readonly ReadmeSection[] => [
  section(
    "Before the apply",
    "The cluster answers for `admin_cidr_blocks` of the earlier layer only: run Terraform from there. `kubectl` needs that layer's",
    "kubeconfig (`terraform output -raw kubeconfig`).",
    "",
    "`autonomous_database_admin_password` is an ephemeral input: it is in no plan file, so `terraform apply tfplan` asks for it again.",
    "Keep `TF_VAR_autonomous_database_admin_password` exported for both.",
  ),
  section(
    "What the images must do",
    "Both are pulled for arm64, run as user 10001 with a read-only root file system, and may write to `/tmp` only.",
    "",
    "| | FastAPI | Streamlit |",
    "| --- | --- | --- |",
    "| listens on | 8000 | 8501 |",
    "| route | `/api`, path as it is | `/` |",
    "| health | `GET /api/health` | `GET /_stcore/health` (Streamlit's own) |",
    "| metrics | `GET /metrics`, not public | none |",
    "| environment | `DATABASE_DSN`, `DATABASE_USER`, `DATABASE_PASSWORD`, `API_TOKEN`, `VAULT_ADDR` | none |",
    "",
    "python-oracledb connects with these three as they are, in its thin mode and without a wallet. The user `FASTAPI` can work in its own",
    "schema and nothing else, up to 5 GB.",
    "",
    "Streamlit does not reach FastAPI, the database or Vault: the architecture has no such line. A visitor's browser calls `/api` itself.",
    "Where the application is to call it, that is `fastapi.allowFrom(streamlit)` in `environments/oci-v2/platform.ts`.",
  ),
  section(
    "Vault",
    "It starts with nothing in it, and its pod is not ready until it is initialised: that is why the apply does not wait for it. Once, after",
    "the first apply (again later it says that Vault is initialised, and changes nothing):",
    "",
    "```sh",
    `kubectl --namespace ${vault} wait --for=jsonpath='{.status.phase}'=Running pod/vault-0 --timeout=5m`,
    vaultInitCommand(vault),
    "```",
    "",
    "The second command prints five recovery keys and the root token, on your terminal and nowhere else. Give each key to another person,",
    "keep the root token offline and revoke it (`vault token revoke -self`) once there are other ways to log in. They are in no state.",
    "",
    "From then on OCI KMS unseals Vault at each start. Who deletes that key (`kms_key_id` of the earlier layer) deletes what Vault holds.",
    "",
    "A later layer reaches Vault by `terraform output -raw vault_command` at `http://localhost:8200`; in the cluster it is",
    `\`http://vault.${vault}:8200\`, for FastAPI only. While it is sealed it answers \`Vault is sealed\`: see \`kubectl --namespace ${vault} logs vault-0\`.`,
    "",
    "Its volume is on the disk of its node, and in the backups of that boot volume. The namespace carries `prevent_destroy`: deleting it",
    "deletes the volume.",
  ),
  section(
    "Certificates",
    "`tls_enabled = true` installs cert-manager and asks Let's Encrypt for a certificate for `domain_name` of the earlier layer, by a request",
    "to port 80. Point the DNS record to `load_balancer_ip` first. Without it, HTTPS answers with a certificate that nobody trusts.",
    "",
    "```sh",
    "kubectl --namespace traefik get certificate,order,challenge",
    "```",
    "",
    "Then `https_redirect = true` sends all HTTP to HTTPS; renewal works all the same.",
  ),
];
