import { type Construct } from "constructs";
import { type Connectable } from "../cluster/network-policy";
import { type Monitors } from "../observability/monitors";
import { ScheduledUpload, type UploadPlan } from "../storage/scheduled-upload";
import { type SecretKey } from "./generated-secret";
import { VAULT_AUDIENCE } from "./vault-store";

/** Role of the Kubernetes auth method that snapshots are taken as, and the ServiceAccount that it is bound to. */
export const VAULT_SNAPSHOT = { role: "vault-snapshot", serviceAccount: "vault-snapshot" };

/** Its bucket gets `vault/vault-<time>.snap`. Its namespace is the one that Vault itself is in. */
export interface VaultSnapshotProps extends UploadPlan {
  /** Image with `vault`, of the server's release. */
  readonly image: string;
  /** Where the active server answers, such as `https://vault-active.vault:8200`: another sends to a pod's address. */
  readonly address: string;
  /** Vault's own pods. */
  readonly vault: Connectable;
  /** Certificate of the authority that signed Vault's. */
  readonly caCertificate: SecretKey;
  /** Mount of the Kubernetes auth method. @default "kubernetes" */
  readonly authMount?: string;
  /** Gets the alert for a snapshot that was missed. */
  readonly monitors: Monitors;
}

/** Where the pod has its token for Vault, and the certificate of Vault's authority. */
const LOGIN_FOLDER = "/var/run/secrets/vault";

/**
 * A snapshot of Vault's Raft storage, on a schedule, in a bucket outside the cluster. It logs in by its own ServiceAccount,
 * which may take snapshots and nothing else; the role is called {@link VAULT_SNAPSHOT}.
 */
export class VaultSnapshot extends ScheduledUpload {
  /** @throws SocleError when the schedule has other than five fields, or the days are not positive */
  constructor(scope: Construct, id: string, props: VaultSnapshotProps) {
    const { caCertificate, monitors } = props;
    super(scope, id, {
      ...props,
      name: VAULT_SNAPSHOT.serviceAccount,
      ownAccount: true,
      make: {
        image: props.image,
        script: "constructs/secrets/vault-snapshot/take.sh",
        environment: {
          VAULT_ADDR: props.address,
          VAULT_CACERT: `${LOGIN_FOLDER}/ca.crt`,
          VAULT_ROLE: VAULT_SNAPSHOT.role,
          VAULT_AUTH_MOUNT: props.authMount ?? "kubernetes",
          TOKEN_FILE: `${LOGIN_FOLDER}/token`,
        },
        volumes: [
          {
            name: "vault",
            mountPath: LOGIN_FOLDER,
            source: {
              projected: [
                {
                  sources: [
                    { serviceAccountToken: { path: "token", audience: VAULT_AUDIENCE, expirationSeconds: 600 } },
                    {
                      secret: [{ name: caCertificate.secretName, items: [{ key: caCertificate.key, path: "ca.crt" }] }],
                    },
                  ],
                },
              ],
            },
          },
        ],
      },
      object: { prefix: "vault/vault", extension: "snap" },
      resources: { cpuMillis: 20, memoryMib: 96, memoryLimitMib: 256 },
      maximumGib: 1,
      deadlineMinutes: 30,
    });
    this.pods.allowTo(props.vault, { port: 8200 });
    monitors.alert("vault-snapshot", [
      {
        alert: "VaultSnapshotMissed",
        // Never having ended well counts from when the CronJob was made.
        expr: `time() - (kube_cronjob_status_last_successful_time{namespace="${props.namespace.name}", cronjob="${this.name}"} or kube_cronjob_created{namespace="${props.namespace.name}", cronjob="${this.name}"}) > 26 * 3600`,
        for: "15m",
        labels: { severity: "critical" },
        annotations: {
          summary: "Vault was not backed up for more than 26 hours",
          description: `The CronJob ${this.name} in ${props.namespace.name} did not end well: see the logs of its last Job. While Vault is sealed no snapshot can be taken.`,
        },
      },
    ]);
  }
}
