import { type ITerraformDependable } from "cdktf";
import { ClusterRoleBindingV1 } from "@cdktf/provider-kubernetes/lib/cluster-role-binding-v1";
import { ClusterRoleV1 } from "@cdktf/provider-kubernetes/lib/cluster-role-v1";
import { JobV1 } from "@cdktf/provider-kubernetes/lib/job-v1";
import { ServiceAccountV1 } from "@cdktf/provider-kubernetes/lib/service-account-v1";
import { Construct } from "constructs";
import { SocleError } from "../core/error";
import { Layer } from "../core/layer";
import { wholeNumberProblems } from "../core/problems";
import { countOf, countPods, type INamespace } from "./namespace";
import { restrictedContainer, temporaryVolume, volumesOf } from "./pod-parts";
import { RESTRICTED_POD } from "./workload";

/** Something that `kubectl wait` can wait for. */
export interface KubectlCondition {
  /** What has it: a kind with a name, or `--all`. */
  readonly of: readonly string[];
  /** As after `--for=`, such as `condition=Ready`. */
  readonly is: string;
}

export interface KubectlWaitProps {
  readonly namespace: INamespace;
  /** Release of Kubernetes, such as `1.36.3`: that of kubectl. */
  readonly kubernetesRelease: string;
  /** What is waited for, one after the other. */
  readonly conditions: readonly KubectlCondition[];
  /** The one type of objects that it may read. */
  readonly reads: { readonly apiGroup: string; readonly resource: string };
  /** How long each condition may take. */
  readonly timeoutMinutes: number;
  /** Whether it runs on a node that is not ready: on the node's network, where pods have none. @default false */
  readonly beforeNetwork?: boolean;
  /** @default - only the namespace with its guardrails */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/** What a pod of it requests. */
const REQUESTS = { cpuMillis: 10, memoryMib: 64 };

/**
 * A Job that ends when the cluster is in a state that Helm and Terraform do not wait for: what depends on {@link ready}
 * comes after that. It runs once for each release of Kubernetes, and may only look.
 *
 * @see https://kubernetes.io/docs/reference/kubectl/generated/kubectl_wait/
 */
export class KubectlWait extends Construct {
  readonly ready: ITerraformDependable;

  /** @throws SocleError when there is nothing to wait for, or the timeout is not positive */
  constructor(scope: Construct, id: string, props: KubectlWaitProps) {
    super(scope, id);
    const { namespace, kubernetesRelease, conditions, reads, timeoutMinutes, beforeNetwork = false } = props;
    SocleError.throwIfAny(this.node.path, [
      ...(conditions.length > 0 ? [] : ["conditions is empty: name one, or leave the Job out"]),
      ...wholeNumberProblems({ timeoutMinutes }),
    ]);
    const { scopes } = this.node;
    const name = scopes
      .slice(scopes.indexOf(Layer.of(this)) + 1)
      .map((each) => each.node.id)
      .filter((each) => each !== "Default")
      .join("-")
      .replaceAll("_", "-");
    const labels = { "app.kubernetes.io/name": name };
    const metadata = { name, namespace: namespace.name, labels };
    const account = new ServiceAccountV1(this, "account", { metadata, dependsOn: [...namespace.present] });
    const role = new ClusterRoleV1(this, "role", {
      metadata: { name, labels },
      rule: [{ apiGroups: [reads.apiGroup], resources: [reads.resource], verbs: ["get", "list", "watch"] }],
    });
    const binding = new ClusterRoleBindingV1(this, "binding", {
      metadata: { name, labels },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role.metadata.name },
      subject: [{ kind: "ServiceAccount", name: account.metadata.name, namespace: namespace.name }],
    });

    const volumes = [temporaryVolume("16Mi")];
    const containers = conditions.map(({ of, is }, index) =>
      restrictedContainer({
        name: `wait-${index + 1}`,
        // No shell is in it.
        image: `registry.k8s.io/kubectl:v${kubernetesRelease}`,
        args: ["wait", ...of, `--for=${is}`, `--timeout=${timeoutMinutes}m`],
        environment: { HOME: "/tmp" },
        resources: { ...REQUESTS, memoryLimitMib: 128 },
        volumes,
      }),
    );
    const deadlineMinutes = timeoutMinutes * conditions.length + 5;
    this.ready = new JobV1(this, "Resource", {
      ...countOf(namespace.when),
      // A Job cannot be changed: another release is another Job.
      metadata: { ...metadata, name: `${name}-${kubernetesRelease.replaceAll(".", "-")}` },
      waitForCompletion: true,
      spec: {
        backoffLimit: 6,
        activeDeadlineSeconds: deadlineMinutes * 60,
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: account.metadata.name,
            restartPolicy: "OnFailure",
            enableServiceLinks: false,
            securityContext: RESTRICTED_POD,
            ...(beforeNetwork ? { hostNetwork: true, toleration: [{ operator: "Exists" }] } : {}),
            initContainer: containers.slice(0, -1),
            container: containers.slice(-1),
            volume: volumesOf(volumes),
          },
        },
      },
      timeouts: { create: `${deadlineMinutes + 1}m`, update: `${deadlineMinutes + 1}m` },
      dependsOn: [...namespace.guardrails, binding, ...(props.dependsOn ?? [])],
    });
    countPods(namespace, { name, ...REQUESTS, replicas: 1 });
  }
}
