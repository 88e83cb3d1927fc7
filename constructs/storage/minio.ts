import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component } from "../cluster/component";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { type ContainerResources } from "../cluster/workload";
import { type VaultSecret } from "../secrets/vault-store";
import { type ObjectStore } from "./object-store";

export interface MinioProps {
  readonly namespace: INamespace;
  /** Secret with the keys `rootUser` and `rootPassword`, for the set-up only. */
  readonly root: VaultSecret;
  readonly resources: ContainerResources;
  /** Size of its volume in GiB. */
  readonly storageGib: number;
  /** One that keeps the volume when its claim is deleted. */
  readonly storageClass: string;
}

const PORT = 9000;

/**
 * An {@link ObjectStore} by MinIO: one server with one volume. Its set-up is that of `ObjectStoreSetup`; its console is not
 * reached by anybody.
 *
 * MinIO's community edition is no longer maintained (its repository says so since February 2026), and its last image is of
 * September 2025: see the README of the layer for the way to another product.
 *
 * @see https://github.com/minio/minio/blob/master/README.md
 */
export class Minio extends Construct implements ObjectStore {
  readonly endpoint: string;
  readonly port = PORT;
  /** Where Prometheus reads: name, number and path. */
  readonly metrics = { portName: "http", port: PORT, path: "/minio/v2/metrics/cluster" };
  readonly pods: Pods;
  readonly delivered: ITerraformDependable;

  constructor(scope: Construct, id: string, props: MinioProps) {
    super(scope, id);
    const { namespace, root, resources, storageGib, storageClass } = props;
    const component = new Component(this, "Default", {
      name: "minio",
      namespace,
      repository: "https://charts.min.io/",
      version: "5.4.0",
      values: {
        existingSecret: root.secretName,
        persistence: { size: `${storageGib}Gi`, storageClass },
        podAnnotations: { "socle/root": root.version },
        resources: {
          requests: { cpu: `${resources.cpuMillis}m`, memory: `${resources.memoryMib}Mi` },
          limits: { memory: `${resources.memoryLimitMib ?? resources.memoryMib}Mi` },
        },
      },
      pods: {
        server: {
          labels: { app: "minio", release: "minio" },
          resources: ["resources"],
          replicas: { valueAt: "replicas" },
        },
      },
      dependsOn: [root.delivered],
    });
    this.pods = component.pods("server");
    // It moves objects to the cold tier, and reads them there.
    this.pods.allowToInternet("cold-tier", { port: 443 });
    this.endpoint = `http://minio.${namespace.name}:${PORT}`;
    this.delivered = component.delivered;
  }

  /** Lets others speak S3 with it. What they may is said by their key. */
  allowFrom(source: Connectable): void {
    this.pods.allowFrom(source, { port: PORT });
  }
}
