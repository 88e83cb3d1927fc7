import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component } from "../cluster/component";
import { type INamespace } from "../cluster/namespace";

export interface NfsCsiProps {
  /** With the level `privileged`: the driver mounts for every pod of its node. */
  readonly namespace: INamespace;
  /** Name or address of the NFS server, as the nodes reach it. */
  readonly server: string;
  /** Folder that it exports, such as `/srv/nfs`; every volume is a folder below it. */
  readonly share: string;
}

/**
 * Volumes on an NFS server, of the storage class `nfs`, which is the default one. Their data outlives the nodes, and any
 * node may mount it; the server decides who may reach it, since NFS itself asks nobody.
 *
 * The pods are on the network of their nodes, so no NetworkPolicy is needed, nor holds.
 *
 * @see https://github.com/kubernetes-csi/csi-driver-nfs
 */
export class NfsCsi extends Construct {
  readonly delivered: ITerraformDependable;

  constructor(scope: Construct, id: string, { namespace, server, share }: NfsCsiProps) {
    super(scope, id);
    this.delivered = new Component(this, "Default", {
      name: "csi-driver-nfs",
      namespace,
      repository: "https://raw.githubusercontent.com/kubernetes-csi/csi-driver-nfs/master/charts",
      version: "v4.13.4",
      values: { storageClass: { parameters: { server, share } } },
      pods: {
        controller: {
          labels: { app: "csi-nfs-controller" },
          resources: ["csiProvisioner", "csiResizer", "livenessProbe", "nfs"].map(
            (container) => `controller.resources.${container}`,
          ),
        },
        node: {
          labels: { app: "csi-nfs-node" },
          resources: ["livenessProbe", "nodeDriverRegistrar", "nfs"].map((container) => `node.resources.${container}`),
          replicas: "perNode",
        },
      },
    }).delivered;
  }
}
