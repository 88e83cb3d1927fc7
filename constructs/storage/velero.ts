import { Construct } from "constructs";
import { NetworkPolicyV1 } from "@cdktf/provider-kubernetes/lib/network-policy-v1";
import { Component } from "../cluster/component";
import { scheduleProblems } from "../cluster/cron-job";
import { countPods, type INamespace } from "../cluster/namespace";
import { type Pods } from "../cluster/network-policy";
import { SocleError } from "../core/error";
import { wholeNumberProblems } from "../core/problems";
import { type VaultSecret } from "../secrets/vault-store";
import { type OutsideBucket } from "./object-store";

export interface VeleroProps {
  /** Pod Security `privileged`: its agents mount the pods' volumes of their node. */
  readonly namespace: INamespace;
  /** Secret with the key `cloud`, a credentials file of AWS: see {@link VELERO_CREDENTIALS}. */
  readonly credentials: VaultSecret;
  /**
   * Secret `velero-repo-credentials` with the key `repository-password`: volumes are encrypted with it. Without it Velero
   * would take a password that is the same everywhere.
   */
  readonly repositoryPassword: VaultSecret;
  /** Gets everything below `velero/`. */
  readonly target: OutsideBucket;
  /** Five fields, UTC. */
  readonly schedule: string;
  readonly retentionDays: number;
}

/** A template of {@link VeleroProps.credentials}, of the keys `accessKey` and `secretKey`. */
export const VELERO_CREDENTIALS = {
  cloud: "[default]\naws_access_key_id = {{ .accessKey }}\naws_secret_access_key = {{ .secretKey }}\n",
};

/** Name of the Secret that Velero looks for. @see https://velero.io/docs/main/file-system-backup/ */
const REPOSITORY_SECRET = "velero-repo-credentials";

/** What one of Velero's short-lived workers requests: one at a time on each node, as the values say. */
const WORKER = { cpuMillis: 20, memoryMib: 64 };

/**
 * Velero: all objects of the cluster but Secrets, and the volumes whose pods say so in the annotation
 * `backup.velero.io/backup-volumes`, once a day in a bucket outside the cluster. Volumes are read file by file (Kopia):
 * Hetzner's driver makes no snapshots.
 *
 * Secrets are left out since they would be in the bucket in the clear; Vault, operators and Terraform make them again.
 *
 * @see https://velero.io/docs/main/file-system-backup/
 */
export class Velero extends Construct {
  /** The server; what Prometheus reads is its {@link metrics}. */
  readonly pods: Pods;
  readonly metrics = { portName: "http-monitoring", port: 8085 };
  /** Name of the schedule, as Velero's metrics have it. */
  readonly scheduleName = "velero-daily";

  /** @throws SocleError when the Secret with the password has another name, the schedule has other than five fields, or the retention is no whole number of days */
  constructor(scope: Construct, id: string, props: VeleroProps) {
    super(scope, id);
    const { namespace, credentials, repositoryPassword, target, schedule, retentionDays } = props;
    SocleError.throwIfAny(this.node.path, [
      ...(repositoryPassword.secretName === REPOSITORY_SECRET
        ? []
        : [`the Secret repositoryPassword is "${repositoryPassword.secretName}": Velero reads "${REPOSITORY_SECRET}"`]),
      ...scheduleProblems(schedule),
      ...wholeNumberProblems({ retentionDays }),
    ]);
    const component = new Component(this, "Default", {
      name: "velero",
      namespace,
      repository: "https://vmware-tanzu.github.io/helm-charts",
      version: "12.1.0",
      values: {
        credentials: { existingSecret: credentials.secretName },
        podAnnotations: { "socle/credentials": credentials.version },
        configuration: {
          backupStorageLocation: [
            {
              name: "default",
              provider: "aws",
              default: true,
              bucket: target.bucket,
              prefix: "velero",
              // Stores other than Amazon's know no checksums in trailers.
              config: {
                region: target.region,
                s3Url: target.endpoint,
                s3ForcePathStyle: "true",
                checksumAlgorithm: "",
              },
            },
          ],
        },
        schedules: {
          daily: {
            schedule,
            template: {
              ttl: `${retentionDays * 24}h0m0s`,
              storageLocation: "default",
              includedNamespaces: ["*"],
              includeClusterResources: true,
              excludedResources: ["secrets", "events", "events.events.k8s.io"],
              snapshotVolumes: false,
              defaultVolumesToFsBackup: false,
            },
          },
        },
      },
      pods: {
        velero: { labels: { name: "velero" }, resources: ["resources"] },
        "node-agent": { labels: { name: "node-agent" }, resources: ["nodeAgent.resources"], replicas: "perNode" },
        "upgrade-crds": {
          labels: { "app.kubernetes.io/name": "velero-upgrade-crds" },
          resources: ["upgradeJobResources"],
        },
      },
      // A Job of the chart runs before anything else, and uses the Kubernetes API.
      dependsOn: [this.allowOut(namespace), credentials.delivered, repositoryPassword.delivered],
    });
    this.pods = component.pods("velero");
    countPods(namespace, {
      name: "velero/workers",
      ...WORKER,
      replicas: "perNode",
    });
  }

  /**
   * Lets all pods of the namespace use the Kubernetes API and the bucket: Velero starts workers of its own for each volume,
   * with labels that nobody can name before.
   */
  private allowOut(namespace: INamespace): NetworkPolicyV1 {
    const { nodeCidrBlocks, apiServerPort, podCidrBlock, serviceCidrBlock } = namespace.cluster.network;
    return new NetworkPolicyV1(this, "to_outside", {
      metadata: { name: "velero-to-outside", namespace: namespace.name },
      spec: {
        podSelector: {},
        policyTypes: ["Egress"],
        egress: [
          {
            to: nodeCidrBlocks.map((cidr) => ({ ipBlock: { cidr } })),
            ports: [{ port: String(apiServerPort), protocol: "TCP" }],
          },
          {
            to: [{ ipBlock: { cidr: "0.0.0.0/0", except: [podCidrBlock, serviceCidrBlock, "169.254.0.0/16"] } }],
            ports: [{ port: "443", protocol: "TCP" }],
          },
        ],
      },
      dependsOn: [...namespace.present],
    });
  }
}
