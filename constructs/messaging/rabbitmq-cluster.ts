import { type ITerraformDependable } from "cdktf";
import { Construct, type IDependable } from "constructs";
import { PodDisruptionBudgetV1 } from "@cdktf/provider-kubernetes/lib/pod-disruption-budget-v1";
import { Manifests } from "../cluster/manifests";
import { countPods, type INamespace } from "../cluster/namespace";
import { type Connectable, Pods } from "../cluster/network-policy";
import { type ContainerResources } from "../cluster/workload";
import { SocleError } from "../core/error";

export interface RabbitMqClusterProps {
  readonly namespace: INamespace;
  /** Names the cluster, its Service and its pods. @default - the id, `_` written as `-` */
  readonly name?: string;
  /** An odd number, so that a majority is one: 1 or 3. */
  readonly replicas: 1 | 3;
  /** Of each replica. The broker stops publishers at 60 % of the memory, so request and limit are the same. */
  readonly resources: Pick<ContainerResources, "cpuMillis" | "memoryMib">;
  /** Size of each replica's volume in GiB: at least 4, since publishers are stopped while less than 2 are free. */
  readonly storageGib: number;
  /** Pods of the operator that declares queues and users: it uses the broker's management API. */
  readonly topologyOperator: Connectable;
  /** What has to be there before. @default - only the namespace with its guardrails */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/** The broker that version 2.22.3 of the operator was made for. */
const IMAGE = "docker.io/library/rabbitmq:4.3.4-management";

/** What the operator's init container asks for, whatever the object says: a pod requests at least that much. */
const INIT = { cpuMillis: 100, memoryMib: 500 };

/** How long a replica that goes away may wait for its queues to be safe on others. */
const SECONDS_TO_LEAVE = { 1: 60, 3: 600 };

const PORTS = { amqp: 5672, management: 15672, metrics: 15692, epmd: 4369, erlang: 25672 };

/**
 * A RabbitMQ cluster, as an object of its operator. Each replica has a volume; queues are quorum queues, so with three
 * replicas they survive the loss of one.
 *
 * Inside the cluster it speaks AMQP without TLS: who may connect at all is said by network policies, and a mesh encrypts.
 */
export class RabbitMqCluster extends Construct implements Connectable {
  readonly name: string;
  readonly pods: Pods;
  /** Where services connect to, and what its verbs take. */
  readonly port = PORTS.amqp;
  /** Where Prometheus reads: name and number of the port. */
  readonly metrics = { portName: "prometheus", port: PORTS.metrics };
  /** What depends on the object being there. The operator makes the pods afterwards. */
  readonly delivered: ITerraformDependable & IDependable;

  /** @throws SocleError when the memory or the volume is too small to work with */
  constructor(scope: Construct, id: string, props: RabbitMqClusterProps) {
    super(scope, id);
    const { namespace, replicas, resources, storageGib } = props;
    this.name = props.name ?? id.replaceAll("_", "-");
    SocleError.throwIfAny(this.node.path, [
      ...(resources.memoryMib >= INIT.memoryMib
        ? []
        : [
            `resources.memoryMib is ${resources.memoryMib}: use ${INIT.memoryMib} or more, which the pod's first container requests anyway`,
          ]),
      ...(Number.isInteger(storageGib) && storageGib >= 4
        ? []
        : [`storageGib is ${storageGib}: use a whole number from 4 on, since publishers are stopped below 2 GiB`]),
    ]);
    const quantities = { memory: `${resources.memoryMib}Mi` };
    this.delivered = new Manifests(this, "Default", {
      namespace,
      name: this.name,
      manifests: [
        {
          apiVersion: "rabbitmq.com/v1beta1",
          kind: "RabbitmqCluster",
          // It has the queues' volumes: deleting it deletes them.
          metadata: { name: this.name, annotations: { "helm.sh/resource-policy": "keep" } },
          spec: {
            image: IMAGE,
            replicas,
            resources: {
              // No limit on CPU, and not the operator's own of two.
              requests: { cpu: `${resources.cpuMillis}m`, ...quantities },
              limits: quantities,
            },
            persistence: { storage: `${storageGib}Gi` },
            terminationGracePeriodSeconds: SECONDS_TO_LEAVE[replicas],
            ...(replicas === 1 ? {} : { affinity: apart(this.name) }),
            rabbitmq: {
              additionalConfig: ["default_queue_type = quorum", "vm_memory_high_watermark.relative = 0.6", ""].join(
                "\n",
              ),
            },
          },
        },
      ],
      dependsOn: props.dependsOn ?? [],
    }).delivered;

    this.pods = new Pods(this, "pods", { namespace, labels: { "app.kubernetes.io/name": this.name }, name: this.name });
    // Its start is kept in the cluster's events.
    this.pods.allowToApiServer();
    this.pods.allowFrom(props.topologyOperator, { port: PORTS.management });
    new PodDisruptionBudgetV1(this, "disruption_budget", {
      metadata: { name: this.name, namespace: namespace.name },
      // One by one, so that a majority stays; a single one can be drained all the same.
      spec: { maxUnavailable: "1", selector: { matchLabels: { ...this.pods.labels } } },
      dependsOn: [...namespace.present],
    });
    if (replicas > 1) {
      this.pods.allowFrom(this.pods, { port: PORTS.epmd }, { port: PORTS.erlang });
    }
    countPods(namespace, {
      name: this.name,
      cpuMillis: Math.max(resources.cpuMillis, INIT.cpuMillis),
      memoryMib: resources.memoryMib,
      replicas,
    });
  }

  /** Lets others publish and consume. What they may is said by their user. */
  allowFrom(source: Connectable): void {
    this.pods.allowFrom(source, { port: PORTS.amqp });
  }
}

/** Never two replicas on one node. */
function apart(name: string): unknown {
  return {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: { matchLabels: { "app.kubernetes.io/name": name } }, topologyKey: "kubernetes.io/hostname" },
      ],
    },
  };
}
