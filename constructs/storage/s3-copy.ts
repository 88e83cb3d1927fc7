import { Fn, type ITerraformDependable, Op, TerraformCount, Token } from "cdktf";
import { Construct } from "constructs";
import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { CronJobV1 } from "@cdktf/provider-kubernetes/lib/cron-job-v1";
import { cronJobSpec, scheduleProblems } from "../cluster/cron-job";
import { countPods, type INamespace } from "../cluster/namespace";
import { type Connectable, Pods } from "../cluster/network-policy";
import {
  filesOf,
  type MountedVolume,
  ONE_RUN_POD,
  restrictedContainer,
  shortDigest,
  temporaryVolume,
  volumesOf,
} from "../cluster/pod-parts";
import { SocleError } from "../core/error";
import { readProjectFile } from "../core/files";
import { type SecretKey } from "../secrets/generated-secret";
import { type OutsideBucket } from "./object-store";
import { MC_IMAGE } from "./object-store-setup";

/** Keys of an S3 service. */
export interface S3Keys {
  readonly accessKey: SecretKey;
  readonly secretKey: SecretKey;
}

/** What is copied: parts of an S3 service, or a folder of a control plane. */
export type CopySource =
  | {
      /** Address of the service: inside the cluster, or outside by `https://`. */
      readonly endpoint: string;
      /** Buckets, or one bucket with `/` and a prefix. */
      readonly parts: readonly string[];
      readonly keys: S3Keys;
    }
  | {
      /** Folder of every control plane, which only root reads: the namespace has to be `privileged`. */
      readonly controlPlaneFolder: string;
    };

export interface S3CopyProps {
  readonly namespace: INamespace;
  readonly source: CopySource;
  /** Gets it below `prefix`. Its region is found by asking the service. */
  readonly target: OutsideBucket;
  readonly targetKeys: S3Keys;
  /** Where in the bucket, without `/` at its ends. @default - its root */
  readonly prefix?: string;
  /** Five fields, UTC. */
  readonly schedule: string;
  /** Whether nothing is made while the endpoint of `target` is empty, as that of an optional input. @default false */
  readonly optional?: boolean;
  /** What has to be there before, such as the Secrets. @default - only the namespace with its guardrails */
  readonly dependsOn?: readonly ITerraformDependable[];
}

const REQUESTS = { cpuMillis: 20, memoryMib: 64 };

/**
 * Copies objects to a bucket outside the cluster, on a schedule: what is new or has changed. It never deletes there, so a
 * deletion by mistake, or by somebody who broke in, does not reach the copy.
 */
export class S3Copy extends Construct implements Connectable {
  /** Name of the CronJob. */
  readonly name: string;
  readonly pods: Pods;

  /** @throws SocleError when the schedule has other than five fields, or there is nothing to copy */
  constructor(scope: Construct, id: string, props: S3CopyProps) {
    super(scope, id);
    const { namespace, source, target, targetKeys, prefix, schedule } = props;
    SocleError.throwIfAny(this.node.path, [
      ...scheduleProblems(schedule),
      ...("parts" in source && source.parts.length === 0 ? ["source.parts is empty: name a bucket"] : []),
      ...(prefix === undefined || /^[\w.-]+(\/[\w.-]+)*$/.test(prefix)
        ? []
        : [`prefix is "${prefix}": use a path without "/" at its ends`]),
    ]);
    this.name = id.replaceAll("_", "-");
    const labels = { "app.kubernetes.io/name": this.name };
    const metadata = { name: this.name, namespace: namespace.name, labels };
    const count = props.optional
      ? { count: TerraformCount.of(Token.asNumber(Fn.conditional(Op.gte(Fn.lengthOf(target.endpoint), 1), 1, 0))) }
      : {};
    const script = readProjectFile("constructs/storage/s3-copy/copy.sh");
    const scripts = new ConfigMapV1(this, "script", {
      ...count,
      metadata,
      data: filesOf({ "copy.sh": script }),
      dependsOn: [...namespace.present],
    });
    const onControlPlane = "controlPlaneFolder" in source;
    const environment = {
      HOME: "/tmp",
      TO_ENDPOINT: target.endpoint,
      TO: prefix === undefined ? target.bucket : `${target.bucket}/${prefix}`,
      ...(onControlPlane
        ? { FROM_FOLDER: "/source" }
        : { FROM_ENDPOINT: source.endpoint, PARTS: source.parts.join(" ") }),
    };
    const secretEnvironment = {
      TO_ACCESS_KEY: targetKeys.accessKey,
      TO_SECRET_KEY: targetKeys.secretKey,
      ...(onControlPlane ? {} : { FROM_ACCESS_KEY: source.keys.accessKey, FROM_SECRET_KEY: source.keys.secretKey }),
    };
    const volumes: readonly MountedVolume[] = [
      // By its name: one that may not be there has no address without an index.
      { name: "scripts", mountPath: "/scripts", source: { configMap: { name: this.name } } },
      temporaryVolume("64Mi"),
      ...(onControlPlane
        ? [
            {
              name: "source",
              mountPath: "/source",
              source: { hostPath: { path: source.controlPlaneFolder, type: "Directory" } },
            },
          ]
        : []),
    ];
    new CronJobV1(this, "Resource", {
      ...count,
      metadata,
      spec: cronJobSpec({
        schedule,
        deadlineMinutes: 300,
        labels,
        annotations: { "socle/script": shortDigest(script) },
        pod: {
          ...ONE_RUN_POD,
          ...(onControlPlane
            ? {
                // The folder is root's alone; root without capabilities can read it, and nothing more.
                securityContext: { runAsUser: "0", runAsGroup: "0", seccompProfile: { type: "RuntimeDefault" } },
                nodeSelector: { "node-role.kubernetes.io/control-plane": "" },
                toleration: [
                  { key: "node-role.kubernetes.io/control-plane", operator: "Exists", effect: "NoSchedule" },
                ],
              }
            : {}),
          container: [
            restrictedContainer({
              name: this.name,
              image: MC_IMAGE,
              command: ["/bin/sh", "/scripts/copy.sh"],
              environment,
              secretEnvironment,
              resources: { ...REQUESTS, memoryLimitMib: 512 },
              volumes,
            }),
          ],
          volume: volumesOf(volumes),
        },
      }),
      dependsOn: [...namespace.guardrails, scripts, ...(props.dependsOn ?? [])],
    });
    this.pods = new Pods(this, "Default", { namespace, labels, name: this.name });
    this.pods.allowToInternet("backups", { port: 443 });
    if (!onControlPlane) {
      // A control plane takes no pods that are counted here.
      countPods(namespace, { name: this.name, ...REQUESTS, replicas: 1 });
    }
  }
}
