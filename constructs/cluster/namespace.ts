import { Fn, type IResolvable, type ITerraformDependable, Op, TerraformCount, Token } from "cdktf";
import { Construct } from "constructs";
import { LimitRangeV1 } from "@cdktf/provider-kubernetes/lib/limit-range-v1";
import { NamespaceV1 } from "@cdktf/provider-kubernetes/lib/namespace-v1";
import { NetworkPolicyV1 } from "@cdktf/provider-kubernetes/lib/network-policy-v1";
import { ResourceQuotaV1 } from "@cdktf/provider-kubernetes/lib/resource-quota-v1";
import { SocleError } from "../core/error";
import { type PodDemand, type Requests } from "./capacity";
import { type KubernetesCluster } from "./kubernetes-providers";

/** A reason to let pods do more than the `restricted` Pod Security Standard does. */
export interface PodSecurityException {
  /** @see https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
  readonly level: "baseline" | "privileged";
  /** What in the namespace needs it and why, a sentence; it becomes an annotation of the namespace. */
  readonly reason: string;
}

/** Something that ops choose, known at plan: an input of type `bool`, or an expression of that type. */
export interface Condition {
  readonly booleanValue: IResolvable;
}

/** A namespace that pods are put into, and flows come from and go to. */
export interface INamespace {
  readonly name: string;
  readonly cluster: KubernetesCluster;
  /** What is put into it is there only while this holds. Undefined where it always is. */
  readonly when: Condition | undefined;
  /** What has to be there before anything is put into it. */
  readonly present: readonly ITerraformDependable[];
  /** What has to be there before its first pod is. */
  readonly guardrails: readonly ITerraformDependable[];
}

/** A namespace that is there already: an earlier layer made it with its guardrails, or Kubernetes itself. */
export class ExistingNamespace implements INamespace {
  readonly when = undefined;
  readonly present: readonly ITerraformDependable[];
  readonly guardrails: readonly ITerraformDependable[];

  constructor(
    readonly cluster: KubernetesCluster,
    readonly name: string,
  ) {
    this.present = cluster.prerequisites;
    this.guardrails = cluster.prerequisites;
  }
}

/**
 * A namespace that stays, for what comes and goes: whatever is given this one instead is there only while a condition holds.
 * Volumes in it so outlive the pods.
 */
export class ConditionalNamespace implements INamespace {
  readonly name: string;
  readonly cluster: KubernetesCluster;
  readonly present: readonly ITerraformDependable[];
  readonly guardrails: readonly ITerraformDependable[];

  /** @throws SocleError when the namespace itself comes and goes */
  constructor(
    namespace: INamespace,
    readonly when: Condition,
  ) {
    SocleError.throwIfAny(
      `namespace ${namespace.name}`,
      namespace.when === undefined ? [] : ["is itself there under a condition only: give what is in it no other one"],
    );
    this.name = namespace.name;
    this.cluster = namespace.cluster;
    this.present = namespace.present;
    this.guardrails = namespace.guardrails;
  }
}

/** Counts pods that run in a namespace against its cluster. */
export function countPods({ name, cluster, when }: INamespace, pods: Omit<PodDemand, "namespace" | "when">): void {
  cluster.capacity.add({ ...pods, namespace: name, ...(when ? { when } : {}) });
}

export interface NamespaceProps {
  readonly cluster: KubernetesCluster;
  /** @default - the id, `_` written as `-` */
  readonly name?: string;
  /** The most that its pods may request together, room for a rolling update included. */
  readonly quota: Requests & { readonly pods: number; /** @default 0 */ readonly nodePorts?: number };
  /** @default - the level `restricted` */
  readonly podSecurity?: PodSecurityException;
  /** Whether volumes in it hold what no apply can bring back: it then carries `prevent_destroy`. @default false */
  readonly holdsData?: boolean;
  /** The namespace, and what is in it, is there only while this holds. @default - always there */
  readonly when?: Condition;
}

/** What a container gets that asks for nothing, and the most that one may ask for. */
const CONTAINER = { cpu: "10m", memory: "32Mi", memoryLimit: "256Mi", maximumMemory: "4Gi" };

/**
 * A namespace with its guardrails: nothing gets in or out but DNS until a verb of {@link Pods} allows it, pods are
 * `restricted` unless a reason is given, and requests are capped. Load balancers are refused (they would cost money, and
 * open a port that nobody declared), node ports too unless they are asked for.
 */
export class Namespace extends Construct implements INamespace {
  readonly name: string;
  readonly cluster: KubernetesCluster;
  readonly when: Condition | undefined;
  /** What has to be there before the first pod is: the default deny and the limits. */
  readonly guardrails: readonly ITerraformDependable[];
  readonly present: readonly ITerraformDependable[];

  /** @throws SocleError when the name is none that Kubernetes takes, or an exception gives no reason */
  constructor(scope: Construct, id: string, props: NamespaceProps) {
    super(scope, id);
    this.name = props.name ?? id.replaceAll("_", "-");
    this.cluster = props.cluster;
    this.when = props.when;
    SocleError.throwIfAny(this.node.path, [
      ...(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(this.name)
        ? []
        : [`the namespace name "${this.name}" is not made of at most 63 lower-case letters, digits and "-"`]),
      ...(props.podSecurity?.reason.trim() === ""
        ? [
            `podSecurity is "${props.podSecurity.level}" without a reason: say what needs more than "restricted", and why`,
          ]
        : []),
    ]);

    const level = props.podSecurity?.level ?? "restricted";
    const present = countOf(props.when);
    const resource = new NamespaceV1(this, "Resource", {
      ...present,
      metadata: {
        name: this.name,
        labels: {
          "pod-security.kubernetes.io/enforce": level,
          "pod-security.kubernetes.io/warn": "restricted",
          "pod-security.kubernetes.io/audit": "restricted",
        },
        ...(props.podSecurity ? { annotations: { "socle/pod-security-reason": props.podSecurity.reason } } : {}),
      },
      ...(props.holdsData ? { lifecycle: { preventDestroy: true } } : {}),
      dependsOn: [...props.cluster.prerequisites],
    });
    this.present = [resource];
    const inNamespace = (name: string) => ({
      ...present,
      metadata: { name, namespace: this.name },
      dependsOn: [resource],
    });
    const deny = new NetworkPolicyV1(this, "default_deny", {
      ...inNamespace("default-deny"),
      spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
    });
    new NetworkPolicyV1(this, "allow_dns", {
      ...inNamespace("allow-dns"),
      spec: {
        podSelector: {},
        policyTypes: ["Egress"],
        egress: [
          {
            to: [
              {
                namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
                podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
              },
            ],
            ports: ["UDP", "TCP"].map((protocol) => ({ port: "53", protocol })),
          },
        ],
      },
    });
    const limits = new LimitRangeV1(this, "limits", {
      ...inNamespace("limits"),
      spec: {
        limit: [
          {
            type: "Container",
            defaultRequest: { cpu: CONTAINER.cpu, memory: CONTAINER.memory },
            default: { memory: CONTAINER.memoryLimit },
            max: { memory: CONTAINER.maximumMemory },
          },
        ],
      },
    });
    new ResourceQuotaV1(this, "quota", {
      ...inNamespace("quota"),
      spec: {
        hard: {
          pods: String(props.quota.pods),
          "requests.cpu": `${props.quota.cpuMillis}m`,
          "requests.memory": `${props.quota.memoryMib}Mi`,
          "services.loadbalancers": "0",
          "services.nodeports": String(props.quota.nodePorts ?? 0),
        },
      },
    });
    this.guardrails = [deny, limits];
    this.node.addValidation({ validate: () => this.overQuota(props) });
  }

  private overQuota({ quota }: NamespaceProps): string[] {
    const requested = this.cluster.capacity.requestedIn(this.name);
    return (["cpuMillis", "memoryMib", "pods"] as const).flatMap((key) =>
      requested[key] <= quota[key]
        ? []
        : [
            `quota.${key} is ${quota[key]}, but what is in "${this.name}" requests ${requested[key]}: raise it or deploy less`,
          ],
    );
  }
}

/**
 * The `count` of a resource that is there only while all of some conditions hold; nothing for one that is always there.
 *
 * @param whens undefined ones do not count
 */
export function countOf(...whens: readonly (Condition | undefined)[]): { readonly count?: TerraformCount } {
  const [first, ...others] = [...new Set(whens.filter((when) => when !== undefined))].map((when) => when.booleanValue);
  if (first === undefined) {
    return {};
  }
  const condition = others.reduce<unknown>((all, each) => Op.and(all, each), first);
  return { count: TerraformCount.of(Token.asNumber(Fn.conditional(condition, 1, 0))) };
}
