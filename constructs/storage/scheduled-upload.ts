import * as path from "node:path";
import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { CronJobV1 } from "@cdktf/provider-kubernetes/lib/cron-job-v1";
import { ServiceAccountV1 } from "@cdktf/provider-kubernetes/lib/service-account-v1";
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
import { type ContainerResources } from "../cluster/workload";
import { SocleError } from "../core/error";
import { readProjectFile } from "../core/files";
import { wholeNumberProblems } from "../core/problems";
import { type SecretKey } from "../secrets/generated-secret";
import { type OutsideBucket } from "./object-store";

/** When a file is made, where it goes, and how long it stays there. */
export interface UploadPlan {
  readonly namespace: INamespace;
  readonly target: OutsideBucket;
  /** Gets the same, opened by the same keys; its endpoint is empty where there is none. */
  readonly copy: OutsideBucket;
  readonly accessKey: SecretKey;
  readonly secretKey: SecretKey;
  /** Five fields, UTC. */
  readonly schedule: string;
  readonly retentionDays: number;
  /** What has to be there before. @default - only the namespace with its guardrails */
  readonly dependsOn?: readonly ITerraformDependable[];
}

export interface ScheduledUploadProps extends UploadPlan {
  /** Name of the CronJob. @default - the id, `_` written as `-` */
  readonly name?: string;
  /** Makes the file that `FILE` names, before the upload. */
  readonly make: {
    readonly image: string;
    /** Path from the repository's folder of a script for `sh`; it names the container. */
    readonly script: string;
    readonly environment: Readonly<Record<string, string>>;
    /** @default - none */
    readonly secretEnvironment?: Readonly<Record<string, SecretKey>>;
    /** What only this container has. */
    readonly volumes: readonly MountedVolume[];
  };
  /** Whether the pod has a ServiceAccount of its own, called like the CronJob. @default false */
  readonly ownAccount?: boolean;
  /** The bucket gets `<prefix>-<time>.<extension>`. Old ones go by the prefix: nothing else may begin with it and `-`. */
  readonly object: { readonly prefix: string; readonly extension: string };
  /** Of each of the two containers, which run one after the other. */
  readonly resources: ContainerResources;
  /** The most that the file may take on its node's disk, in GiB. */
  readonly maximumGib: number;
  /** How long making and uploading may take together. */
  readonly deadlineMinutes: number;
}

/** Amazon's client, which other services take too. */
const AWS_IMAGE = "docker.io/amazon/aws-cli:2.37.5";

const UPLOAD_SCRIPT = "constructs/storage/scheduled-upload/upload.sh";

/**
 * A file that is made and uploaded on a schedule to a bucket outside the cluster. Its size there is compared, and what is
 * older than its days is deleted after that.
 */
export class ScheduledUpload extends Construct implements Connectable {
  /** Name of the CronJob. */
  readonly name: string;
  readonly pods: Pods;

  /** @throws SocleError when the schedule has other than five fields, or a number is not positive */
  constructor(scope: Construct, id: string, props: ScheduledUploadProps) {
    super(scope, id);
    const { namespace, make, target, copy, resources, schedule, retentionDays, maximumGib } = props;
    SocleError.throwIfAny(this.node.path, [
      ...scheduleProblems(schedule),
      ...wholeNumberProblems({ retentionDays, maximumGib }),
    ]);
    this.name = props.name ?? id.replaceAll("_", "-");
    const labels = { "app.kubernetes.io/name": this.name };
    const metadata = { name: this.name, namespace: namespace.name, labels };
    const account = props.ownAccount
      ? new ServiceAccountV1(this, "account", {
          metadata,
          automountServiceAccountToken: false,
          dependsOn: [...namespace.present],
        })
      : undefined;
    const texts = Object.fromEntries(
      [make.script, UPLOAD_SCRIPT].map((file) => [path.posix.basename(file), readProjectFile(file)]),
    );
    const scripts = new ConfigMapV1(this, "scripts", {
      metadata,
      data: filesOf(texts),
      dependsOn: [...namespace.present],
    });
    const common: readonly MountedVolume[] = [
      { name: "scripts", mountPath: "/scripts", source: { configMap: { name: scripts.metadata.name } } },
      { name: "file", mountPath: "/file", source: { emptyDir: { sizeLimit: `${maximumGib}Gi` } } },
      temporaryVolume("64Mi"),
    ];
    const container = (script: string, { environment, ...more }: Omit<ScheduledUploadProps["make"], "script">) =>
      restrictedContainer({
        name: path.posix.basename(script, ".sh"),
        command: ["/bin/sh", `/scripts/${path.posix.basename(script)}`],
        environment: { ...environment, FILE: `/file/made.${props.object.extension}`, HOME: "/tmp" },
        resources,
        ...more,
      });
    const makes = container(make.script, { ...make, volumes: [...common, ...make.volumes] });
    const uploads = container(UPLOAD_SCRIPT, {
      image: AWS_IMAGE,
      environment: {
        PREFIX: props.object.prefix,
        EXTENSION: props.object.extension,
        RETENTION_DAYS: String(retentionDays),
        ENDPOINT: target.endpoint,
        BUCKET: target.bucket,
        REGION: target.region,
        COPY_ENDPOINT: copy.endpoint,
        COPY_BUCKET: copy.bucket,
        COPY_REGION: copy.region,
        // Other services than Amazon's do not know its newer checksums.
        AWS_REQUEST_CHECKSUM_CALCULATION: "when_required",
        AWS_RESPONSE_CHECKSUM_VALIDATION: "when_required",
      },
      secretEnvironment: { AWS_ACCESS_KEY_ID: props.accessKey, AWS_SECRET_ACCESS_KEY: props.secretKey },
      volumes: common,
    });
    new CronJobV1(this, "Resource", {
      metadata,
      spec: cronJobSpec({
        schedule,
        deadlineMinutes: props.deadlineMinutes,
        labels,
        annotations: { "socle/scripts": shortDigest(JSON.stringify(texts)) },
        pod: {
          ...ONE_RUN_POD,
          ...(account ? { serviceAccountName: account.metadata.name } : {}),
          initContainer: [makes],
          container: [uploads],
          volume: volumesOf([...common, ...make.volumes]),
        },
      }),
      dependsOn: [...namespace.guardrails, ...(props.dependsOn ?? [])],
    });
    this.pods = new Pods(this, "Default", { namespace, labels, name: this.name });
    this.pods.allowToInternet("backups", { port: 443 });
    countPods(namespace, {
      name: this.name,
      cpuMillis: resources.cpuMillis,
      memoryMib: resources.memoryMib,
      replicas: 1,
    });
  }
}
