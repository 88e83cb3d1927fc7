import { Fn, type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { JobV1 } from "@cdktf/provider-kubernetes/lib/job-v1";
import { RoleBindingV1 } from "@cdktf/provider-kubernetes/lib/role-binding-v1";
import { RoleV1 } from "@cdktf/provider-kubernetes/lib/role-v1";
import { ServiceAccountV1 } from "@cdktf/provider-kubernetes/lib/service-account-v1";
import { countOf, countPods, type INamespace } from "../cluster/namespace";
import { Pods } from "../cluster/network-policy";
import { restrictedContainer, temporaryVolume, volumesOf } from "../cluster/pod-parts";
import { RESTRICTED_POD } from "../cluster/workload";
import { SocleError } from "../core/error";
import { type VaultSecret } from "../secrets/vault-store";

export interface SecretRestartProps {
  /** Where the pods are: every Deployment and StatefulSet of it is restarted. There is one restart in a namespace. */
  readonly namespace: INamespace;
  /** What the pods read when they start. */
  readonly secrets: readonly VaultSecret[];
  /** Release of Kubernetes, such as `1.36.3`: that of kubectl. */
  readonly kubernetesRelease: string;
}

/** What a pod of it requests. */
const REQUESTS = { cpuMillis: 10, memoryMib: 32 };

/** How long each step may take. */
const TIMEOUT_MINUTES = 10;

/**
 * Restarts what runs in a namespace whenever one of its Secrets was written anew by an apply, and waits until it is ready: a
 * Job. Charts that come through git cannot have the Secrets' versions in their values, which is how others are restarted.
 *
 * It runs before what it restarts is delivered by Helm, so that the first apply restarts nothing. What Argo CD delivers may
 * be there already, and then starts once more.
 *
 * @see https://kubernetes.io/docs/reference/kubectl/generated/kubectl_rollout/
 */
export class SecretRestart extends Construct {
  /** What reads the Secrets depends on it. */
  readonly done: ITerraformDependable;

  /** @throws SocleError when there is no Secret */
  constructor(scope: Construct, id: string, props: SecretRestartProps) {
    super(scope, id);
    const { namespace, secrets, kubernetesRelease } = props;
    SocleError.throwIfAny(
      this.node.path,
      secrets.length > 0 ? [] : ["secrets is empty: name one, or leave the restart out"],
    );
    const name = "secret-restart";
    const labels = { "app.kubernetes.io/name": name };
    const metadata = { name, namespace: namespace.name, labels };
    const account = new ServiceAccountV1(this, "account", { metadata, dependsOn: [...namespace.present] });
    const role = new RoleV1(this, "role", {
      metadata,
      rule: [
        { apiGroups: ["apps"], resources: ["deployments", "statefulsets"], verbs: ["get", "list", "watch", "patch"] },
        { apiGroups: ["external-secrets.io"], resources: ["externalsecrets"], verbs: ["get", "list", "watch"] },
      ],
      dependsOn: [...namespace.present],
    });
    const binding = new RoleBindingV1(this, "binding", {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role.metadata.name },
      subject: [{ kind: "ServiceAccount", name: account.metadata.name, namespace: namespace.name }],
    });
    const pods = new Pods(this, "Default", { namespace, labels, name });
    pods.allowToApiServer();

    const volumes = [temporaryVolume("16Mi")];
    const steps: readonly (readonly [string, ...string[]])[] = [
      ["read", "wait", "externalsecrets.external-secrets.io", "--all", "--for=condition=Ready"],
      // Ends well where there is nothing yet.
      ["restart", "rollout", "restart", "deployment,statefulset"],
      ["ready", "rollout", "status", "deployment,statefulset"],
    ];
    const containers = steps.map(([step, ...args]) =>
      restrictedContainer({
        name: step,
        // No shell is in it.
        image: `registry.k8s.io/kubectl:v${kubernetesRelease}`,
        args: [
          ...args,
          `--namespace=${namespace.name}`,
          ...(step === "restart" ? [] : [`--timeout=${TIMEOUT_MINUTES}m`]),
        ],
        environment: { HOME: "/tmp" },
        resources: { ...REQUESTS, memoryLimitMib: 128 },
        volumes,
      }),
    );
    const deadlineMinutes = 2 * TIMEOUT_MINUTES + 5;
    const versions = Fn.sha256(
      Fn.join(
        " ",
        secrets.map(({ version }) => version),
      ),
    );
    this.done = new JobV1(this, "Resource", {
      ...countOf(namespace.when),
      // A Job cannot be changed: other Secrets are another Job.
      metadata: { ...metadata, name: `${name}-${Fn.substr(versions, 0, 8)}` },
      waitForCompletion: true,
      spec: {
        backoffLimit: 2,
        activeDeadlineSeconds: deadlineMinutes * 60,
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: account.metadata.name,
            restartPolicy: "OnFailure",
            enableServiceLinks: false,
            securityContext: RESTRICTED_POD,
            initContainer: containers.slice(0, -1),
            container: containers.slice(-1),
            volume: volumesOf(volumes),
          },
        },
      },
      timeouts: { create: `${deadlineMinutes + 1}m`, update: `${deadlineMinutes + 1}m` },
      dependsOn: [...namespace.guardrails, binding, ...new Set(secrets.map(({ delivered }) => delivered))],
    });
    countPods(namespace, { name, ...REQUESTS, replicas: 1 });
  }
}
