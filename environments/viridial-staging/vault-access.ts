import { Fn, type TerraformRemoteState, TerraformVariable, Token } from "cdktf";
import { DataHttp } from "@cdktf/provider-http/lib/data-http";
import { HttpProvider } from "@cdktf/provider-http/lib/provider";
import { VaultProvider } from "@cdktf/provider-vault/lib/provider";
import { type INamespace } from "../../constructs/cluster/namespace";
import { SocleError } from "../../constructs/core/error";
import { matches } from "../../constructs/core/input-validation";
import { type Layer } from "../../constructs/core/layer";
import { VaultStore } from "../../constructs/secrets/vault-store";
import { ADDRESSES, NAMESPACES, VAULT_MOUNTS } from "./names";

/** Where Vault answers inside the cluster. */
export const VAULT_ADDRESS = `https://${ADDRESSES.vault.host}:${ADDRESSES.vault.port}`;

/** Path in the KV engine that all entries of this environment are below. */
export const VAULT_PREFIX = "viridial/";

/**
 * Name of the SecretStore, its ServiceAccount and release in every namespace that has one: the roles are bound to it. Not
 * `vault`, which Vault itself is called in its own namespace.
 */
export const VAULT_STORE = "vault-secrets";

/**
 * How long a login to Vault is good for, and so the longest that a user may live that its database engine makes: in that
 * time, less what passes until a new one is asked for, pods that took it have to be restarted.
 */
export const VAULT_LOGIN_HOURS = 7 * 24;

/** Makes Vault answer at the default of `vault_address`, and gives Terraform its authority. */
export const VAULT_COMMANDS = [
  `kubectl --namespace ${NAMESPACES.vault} port-forward service/vault 8200:8200 &`,
  `kubectl --namespace ${NAMESPACES.vault} get secret vault-ca --output jsonpath='{.data.ca\\.crt}' | base64 --decode > vault-ca.crt`,
  "export VAULT_ADDR=https://127.0.0.1:8200 VAULT_CACERT=$PWD/vault-ca.crt",
];

/** What Vault says of itself: 200 when it can be used, 501 when it is not initialised, 503 when it is sealed. */
const HEALTH_PATH = "/v1/sys/health?standbyok=true&perfstandbyok=true";

/** Role of the Kubernetes auth method for what runs in a namespace; its policy has the same name. */
export function vaultRole(namespace: string): string {
  return namespace;
}

/**
 * Configures a layer's Vault provider: its address is an input, its token comes from `VAULT_TOKEN`, its authority from
 * `VAULT_CACERT`. A plan fails with a sentence, before the provider does anything, while Vault is sealed.
 *
 * @param caCertificate PEM of Vault's authority. @default - the layer -vault says it
 */
export function connectVault(
  layer: Layer,
  caCertificate = vaultOutputs(layer).getString("vault_certificate_authority"),
): void {
  const address = new TerraformVariable(layer, "vault_address", {
    type: "string",
    description:
      "Where Vault answers the machine that runs Terraform; by default through kubectl port-forward, see Reaching Vault in the README.",
    default: "https://127.0.0.1:8200",
    nullable: false,
    validation: [
      matches(
        "vault_address",
        "^https://[A-Za-z0-9.-]+(:[0-9]+)?$",
        'vault_address takes an address without a path such as "https://127.0.0.1:8200": Vault is never asked without TLS.',
      ),
    ],
  }).stringValue;
  if (!layer.node.tryFindChild("http")) {
    new HttpProvider(layer, "http");
  }
  const ready = new DataHttp(layer, "vault_ready", {
    url: `${address}${HEALTH_PATH}`,
    caCertPem: caCertificate,
    requestTimeoutMs: 10_000,
    lifecycle: {
      postcondition: [
        {
          condition: "${self.status_code == 200}",
          errorMessage:
            'Vault ${self.status_code == 501 ? "is not initialised" : self.status_code == 503 ? "is sealed" : "answers ${self.status_code} instead of 200"}: ' +
            "see Vault in the README of the layer viridial-staging-platform, then try again.",
        },
      ],
    },
  });
  new VaultProvider(layer, "vault", {
    // Taken from the answer, so that nothing is asked of Vault before it is ready.
    address: Fn.trimsuffix(ready.url, HEALTH_PATH),
  });
  layer.addReadmeSection({
    title: "Reaching Vault",
    body: [
      "Vault is reached inside the cluster only. On the machine that runs Terraform, with the cluster's kubeconfig:",
      "",
      "```sh",
      ...VAULT_COMMANDS,
      "read -rs VAULT_TOKEN && export VAULT_TOKEN   # with the policy terraform",
      "```",
      "",
      "A plan that says `connection refused` has no port-forward; one that says that Vault is sealed needs its unseal keys. The provider",
      "makes itself a token that lives for 20 minutes of yours, and revokes it at the end.",
    ].join("\n"),
  });
}

/**
 * Brings secrets of Vault into a namespace, as far as its role may read them: see `vaultAccess` of the layer -vault.
 * Once a namespace.
 */
export function vaultStore(layer: Layer, namespace: INamespace): VaultStore {
  const earlier = vaultOutputs(layer);
  return new VaultStore(layer, `vault_store_${namespace.name.replaceAll("-", "_")}`, {
    namespace,
    name: VAULT_STORE,
    address: VAULT_ADDRESS,
    caCertificate: earlier.getString("vault_certificate_authority"),
    mount: VAULT_MOUNTS.kv,
    prefix: VAULT_PREFIX,
    databaseMount: VAULT_MOUNTS.database,
    role: vaultRole(namespace.name),
    authMount: VAULT_MOUNTS.kubernetes,
    revisionOf: (entry) => Token.asString(Fn.lookup(earlier.get("vault_entry_revisions"), entry, "1")),
  });
}

/** Outputs of the environment's layer -vault, for one that comes after it. */
export function vaultOutputs(layer: Layer): TerraformRemoteState {
  const { name, layers } = layer.environment;
  const vaultLayer = layers.find(({ node }) => node.id === `${name}-vault`);
  if (!vaultLayer) {
    throw new SocleError(layer.node.path, [`reads the layer "${name}-vault", which is not there: make it first`]);
  }
  return layer.read(vaultLayer);
}
