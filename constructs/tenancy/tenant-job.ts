import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { ApplyJob } from "../cluster/apply-job";
import { type ClusterCapacity } from "../cluster/capacity";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { filesOf, shortDigest, temporaryVolume } from "../cluster/pod-parts";
import { type SecretKey } from "../secrets/generated-secret";

/** A Secret of which some keys are files. */
export interface SecretFolder {
  readonly secretName: string;
  readonly keys: readonly string[];
}

export interface TenantJobProps {
  readonly namespace: INamespace;
  /** Begins its name; unique in the namespace. */
  readonly name: string;
  /** Image with its tag or digest. */
  readonly image: string;
  readonly command: readonly string[];
  /** Texts that it reads, by name below `mountPath`. */
  readonly files: { readonly mountPath: string; readonly texts: Readonly<Record<string, string>> };
  readonly environment: Readonly<Record<string, string>>;
  /** More variables, whose values are tokens of numbers: with another one the Job runs again. @default - none */
  readonly changing?: Readonly<Record<string, string>>;
  readonly secretEnvironment: Readonly<Record<string, SecretKey>>;
  /** Secrets that it reads as files: folder below `/keys` → Secret. @default - none */
  readonly keys?: Readonly<Record<string, SecretFolder>>;
  /** @default - only the namespace with its guardrails */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/** What one of them asks for while it runs. */
const REQUESTS = { cpuMillis: 10, memoryMib: 48 };

/**
 * Counts the Jobs of the tenants' layers against a cluster, once for all: each layer's run while it is applied, and one that
 * finds no room waits until another has ended.
 *
 * @param atOnce how many run at once
 */
export function countTenantJobs(capacity: ClusterCapacity, namespace: string, atOnce: number): void {
  capacity.add({ name: "tenants/jobs", namespace, ...REQUESTS, replicas: atOnce });
}

/**
 * A Job that tells one of the shared stores of all tenants of a shard, and that can be run again. It runs at the apply
 * whenever one of its texts is another one, and the apply waits for it. The stores do not forget: a Job that is gone, for
 * a shard without tenants, takes nothing back.
 */
export class TenantJob extends Construct implements Connectable {
  readonly pods: Pods;
  /** What needs its result depends on it. */
  readonly done: ITerraformDependable;

  constructor(scope: Construct, id: string, props: TenantJobProps) {
    super(scope, id);
    const { namespace, name, changing = {} } = props;
    const files = new ConfigMapV1(this, "files", {
      metadata: { name, namespace: namespace.name, labels: { "app.kubernetes.io/name": name } },
      data: filesOf(props.files.texts),
      dependsOn: [...namespace.present],
    });
    const { image, command, environment } = props;
    const keys = Object.entries(props.keys ?? {});
    const job = new ApplyJob(this, "Default", {
      namespace,
      name,
      // Other texts are another Job.
      version: [
        shortDigest(JSON.stringify([image, command, props.files.texts, environment])),
        ...Object.values(changing),
      ].join("-"),
      image,
      command,
      environment: { HOME: "/tmp", ...environment, ...changing },
      secretEnvironment: props.secretEnvironment,
      resources: { ...REQUESTS, memoryLimitMib: 4 * REQUESTS.memoryMib },
      volumes: [
        { name: "files", mountPath: props.files.mountPath, source: { configMap: { name: files.metadata.name } } },
        ...(keys.length > 0
          ? [{ name: "keys", mountPath: "/keys", source: { projected: [{ sources: keys.map(projectedSecret) }] } }]
          : []),
        temporaryVolume("16Mi"),
      ],
      ...(props.dependsOn ? { dependsOn: props.dependsOn } : {}),
    });
    this.done = job.done;
    this.pods = job.pods;
  }
}

/** In one folder of a volume for each Secret; the pod waits until all of them are there. */
function projectedSecret([folder, { secretName, keys }]: readonly [string, SecretFolder]) {
  return { secret: [{ name: secretName, items: keys.map((key) => ({ key, path: `${folder}/${key}` })) }] };
}
