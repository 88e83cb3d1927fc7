import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { DeploymentV1 } from "@cdktf/provider-kubernetes/lib/deployment-v1";
import { ServiceV1 } from "@cdktf/provider-kubernetes/lib/service-v1";
import { countOf, countPods, type INamespace } from "../cluster/namespace";
import { type Connectable, Pods } from "../cluster/network-policy";

/** What the dependencies of OpenMetadata 1.13 have. */
const IMAGE = "opensearchproject/opensearch:3.3.2";
const PORT = 9200;
const HEAP_MIB = 512;
const REQUESTS = { cpuMillis: 100, memoryMib: 1024 };

export interface OpenSearchProps {
  readonly namespace: INamespace;
}

/**
 * OpenSearch of one server, as an index that can be made again: its data are gone with its pod. It has no passwords; who
 * reaches it may do everything.
 *
 * @see https://docs.opensearch.org/latest/install-and-configure/install-opensearch/docker/
 */
export class OpenSearch extends Construct implements Connectable {
  readonly pods: Pods;
  readonly host: string;
  readonly port = PORT;
  readonly ready: ITerraformDependable;

  constructor(scope: Construct, id: string, { namespace }: OpenSearchProps) {
    super(scope, id);
    const name = "opensearch";
    const labels = { "app.kubernetes.io/name": name };
    const metadata = { name, namespace: namespace.name, labels };
    const probe = { httpGet: { path: "/_cluster/health?local=true", port: "http" }, timeoutSeconds: 5 };
    this.ready = new DeploymentV1(this, "Resource", {
      ...countOf(namespace.when),
      metadata,
      spec: {
        replicas: "1",
        strategy: { type: "Recreate" },
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: "1000",
              runAsGroup: "1000",
              fsGroup: "1000",
              seccompProfile: { type: "RuntimeDefault" },
            },
            container: [
              {
                name,
                image: IMAGE,
                port: [{ name: "http", containerPort: PORT }],
                env: Object.entries({
                  "discovery.type": "single-node",
                  DISABLE_SECURITY_PLUGIN: "true",
                  DISABLE_INSTALL_DEMO_CONFIG: "true",
                  OPENSEARCH_JAVA_OPTS: `-Xms${HEAP_MIB}m -Xmx${HEAP_MIB}m`,
                  // Files are read, not mapped: the node would have to allow more mappings otherwise.
                  "node.store.allow_mmap": "false",
                  // What OpenMetadata's queries need.
                  "indices.query.bool.max_clause_count": "4096",
                }).map(([name, value]) => ({ name, value })),
                resources: {
                  requests: { cpu: `${REQUESTS.cpuMillis}m`, memory: `${REQUESTS.memoryMib}Mi` },
                  limits: { memory: "1280Mi" },
                },
                // It writes its keystore beside its configuration.
                securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
                startupProbe: { ...probe, periodSeconds: 5, failureThreshold: 60 },
                readinessProbe: { ...probe, periodSeconds: 10 },
                livenessProbe: { ...probe, periodSeconds: 30, failureThreshold: 5 },
                volumeMount: [{ name: "data", mountPath: "/usr/share/opensearch/data" }],
              },
            ],
            volume: [{ name: "data", emptyDir: { sizeLimit: "5Gi" } }],
          },
        },
      },
      timeouts: { create: "10m", update: "10m" },
      dependsOn: [...namespace.guardrails],
    });
    new ServiceV1(this, "service", {
      ...countOf(namespace.when),
      metadata,
      spec: { type: "ClusterIP", selector: labels, port: [{ name: "http", port: PORT, targetPort: String(PORT) }] },
      dependsOn: [...namespace.present],
    });
    this.pods = new Pods(this, "Default", { namespace, labels, name });
    countPods(namespace, { name, ...REQUESTS, replicas: 1 });
    this.host = name;
  }

  /** Lets others use it, and so everything in it. */
  allowFrom(source: Connectable): void {
    this.pods.allowFrom(source, { port: PORT });
  }
}
