import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component } from "../cluster/component";
import { type INamespace } from "../cluster/namespace";
import { GeneratedSecret } from "../secrets/generated-secret";

export interface HcloudCsiProps {
  /** The one with the Secret `hcloud`; pods on the nodes are privileged in it. */
  readonly namespace: INamespace;
  /** The Secret with `token`: named `hcloud`, as the charts of Hetzner expect it. */
  readonly secret: ITerraformDependable;
}

/** Key that the driver looks for. @see https://github.com/hetznercloud/csi-driver/blob/v2.22.1/internal/driver/node.go */
const PASSPHRASE = "encryption-passphrase";

/** Names of the storage classes; the first one is the default. */
export const STORAGE_CLASSES = {
  /** The volume is gone with its claim. */
  default: "hcloud-volumes",
  /** The volume outlives its claim: for what no apply can bring back. */
  retain: "hcloud-volumes-retain",
} as const;

/**
 * Volumes of Hetzner for pods (10 GB at least, in the location of the node), each encrypted by LUKS with a passphrase that
 * only the cluster knows. They are made when the first pod that uses them has its node, and can grow.
 *
 * The nodes' part is on their network: it asks the cloud's metadata service for its server, which pods cannot reach.
 *
 * @see https://github.com/hetznercloud/csi-driver/blob/v2.22.1/docs/kubernetes/guides/volumes-encrypted-with-luks.md
 */
export class HcloudCsi extends Construct {
  readonly delivered: ITerraformDependable;

  constructor(scope: Construct, id: string, { namespace, secret }: HcloudCsiProps) {
    super(scope, id);
    const passphrase = new GeneratedSecret(this, "passphrase", {
      namespace,
      name: "hcloud-volumes-passphrase",
      generate: { [PASSPHRASE]: { length: 64 } },
      afterRotation: [
        "It opens every volume of the cluster: without it their data is lost, also what a backup of the volume holds. Copy it to where the",
        "recovery keys are, and after a loss write it back **before** the next apply, which would generate another one:",
        "",
        "```sh",
        `kubectl --namespace ${namespace.name} get secret hcloud-volumes-passphrase --output jsonpath='{.data.${PASSPHRASE}}' | base64 --decode`,
        "```",
      ].join("\n"),
    });
    const storageClass = (name: string, reclaimPolicy: "Delete" | "Retain") => ({
      name,
      reclaimPolicy,
      defaultStorageClass: name === STORAGE_CLASSES.default,
      extraParameters: {
        "csi.storage.k8s.io/node-publish-secret-name": passphrase.secretName,
        "csi.storage.k8s.io/node-publish-secret-namespace": namespace.name,
      },
    });
    const resources = (part: string, ...containers: string[]) =>
      containers.map((container) => `${part}.resources.${container}`);
    this.delivered = new Component(this, "Default", {
      name: "hcloud-csi",
      namespace,
      repository: "https://charts.hetzner.cloud",
      version: "2.22.1",
      values: {
        storageClasses: [
          storageClass(STORAGE_CLASSES.default, "Delete"),
          storageClass(STORAGE_CLASSES.retain, "Retain"),
        ],
      },
      pods: {
        controller: {
          labels: { "app.kubernetes.io/name": "hcloud-csi", "app.kubernetes.io/component": "controller" },
          resources: resources(
            "controller",
            "csiAttacher",
            "csiResizer",
            "csiProvisioner",
            "livenessProbe",
            "hcloudCSIDriver",
          ),
          replicas: { valueAt: "controller.replicaCount" },
          onControlPlanes: true,
        },
        node: {
          labels: { "app.kubernetes.io/name": "hcloud-csi", "app.kubernetes.io/component": "node" },
          resources: resources("node", "csiNodeDriverRegistrar", "livenessProbe", "hcloudCSIDriver"),
          replicas: "perNode",
        },
      },
      dependsOn: [secret, passphrase.resource],
    }).delivered;
  }
}
