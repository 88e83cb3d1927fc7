import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component, type Delivery } from "../cluster/component";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { type GeneratedSecret } from "../secrets/generated-secret";

export interface QdrantProps {
  readonly namespace: INamespace;
  readonly delivery: Delivery;
  /** Secret with the keys `api-key` (everything) and `read-only-api-key` (search). */
  readonly keys: GeneratedSecret;
}

const PORT = 6333;

/**
 * Qdrant, a store of vectors. Who reaches it still needs one of its two keys.
 *
 * @see https://qdrant.tech/documentation/guides/security/
 */
export class Qdrant extends Construct {
  readonly pods: Pods;
  readonly port = PORT;
  readonly url: string;
  readonly delivered: ITerraformDependable;

  constructor(scope: Construct, id: string, { namespace, delivery, keys }: QdrantProps) {
    super(scope, id);
    const name = "qdrant";
    const fromSecret = (variable: string, key: string) => {
      const { secretName } = keys.key(key);
      return { name: variable, valueFrom: { secretKeyRef: { name: secretName, key } } };
    };
    const component = new Component(this, "Default", {
      name,
      namespace,
      repository: "https://qdrant.github.io/qdrant-helm",
      version: "1.19.0",
      delivery,
      values: {
        env: [
          fromSecret("QDRANT__SERVICE__API_KEY", "api-key"),
          fromSecret("QDRANT__SERVICE__READ_ONLY_API_KEY", "read-only-api-key"),
        ],
      },
      pods: { server: { labels: { "app.kubernetes.io/name": name }, resources: ["resources"] } },
      dependsOn: [keys.resource],
    });
    this.pods = component.pods("server");
    this.delivered = component.delivered;
    this.url = `http://${name}.${namespace.name}:${PORT}`;
  }

  /** Lets others connect, who then still need a key. */
  allowFrom(source: Connectable): void {
    this.pods.allowFrom(source, { port: PORT });
  }
}
