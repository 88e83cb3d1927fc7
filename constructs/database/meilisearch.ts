import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component } from "../cluster/component";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { type ContainerResources } from "../cluster/workload";
import { SocleError } from "../core/error";
import { type VaultSecret } from "../secrets/vault-store";

export interface MeilisearchProps {
  readonly namespace: INamespace;
  /** Secret with the key `MEILI_MASTER_KEY`, of 16 characters at least. */
  readonly masterKey: VaultSecret;
  readonly resources: ContainerResources;
  /** Size of its volume in GiB, snapshots included: at least 10, the smallest at Hetzner. */
  readonly storageGib: number;
  /** Pods of Prometheus. Its operator reads the master key: `/metrics` answers nobody without one. */
  readonly prometheus: Connectable;
}

const PORT = 7700;

/**
 * Meilisearch, the search index: one server in production mode, with a volume and a snapshot on it once a day. Nothing is
 * only there: the index can be filled anew.
 */
export class Meilisearch extends Construct implements Connectable {
  readonly port = PORT;
  readonly pods: Pods;
  readonly delivered: ITerraformDependable;

  /** @throws SocleError when the volume is smaller than there are */
  constructor(scope: Construct, id: string, props: MeilisearchProps) {
    super(scope, id);
    const { namespace, masterKey, resources, storageGib } = props;
    const limitMib = resources.memoryLimitMib ?? resources.memoryMib;
    SocleError.throwIfAny(
      this.node.path,
      Number.isInteger(storageGib) && storageGib >= 10
        ? []
        : [`storageGib is ${storageGib}: use a whole number from 10 on, the smallest volume at Hetzner`],
    );
    const component = new Component(this, "Default", {
      name: "meilisearch",
      namespace,
      repository: "https://meilisearch.github.io/meilisearch-kubernetes",
      version: "0.34.0",
      values: {
        auth: { existingMasterKeySecret: masterKey.secretName },
        // Two thirds of the machine it sees would be its own default, and that is the node.
        environment: { MEILI_MAX_INDEXING_MEMORY: `${Math.floor(limitMib / 2)}MiB` },
        persistence: { size: `${storageGib}Gi` },
        podAnnotations: { "socle/master-key": masterKey.version },
        resources: {
          requests: { cpu: `${resources.cpuMillis}m`, memory: `${resources.memoryMib}Mi` },
          limits: { memory: `${limitMib}Mi` },
        },
      },
      pods: {
        server: { labels: { "app.kubernetes.io/name": "meilisearch" }, resources: ["resources"] },
      },
      dependsOn: [masterKey.delivered],
    });
    this.pods = component.pods("server");
    this.delivered = component.delivered;
    this.allowFrom(props.prometheus);
  }

  /** Lets others search and index, each with a key. */
  allowFrom(source: Connectable): void {
    this.pods.allowFrom(source, { port: PORT });
  }
}
