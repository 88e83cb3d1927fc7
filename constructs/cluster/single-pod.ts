import { PersistentVolumeClaimV1 } from "@cdktf/provider-kubernetes/lib/persistent-volume-claim-v1";
import { type Construct } from "constructs";
import { SocleError } from "../core/error";
import { wholeNumberProblems } from "../core/problems";
import { type SecretKey } from "../secrets/generated-secret";
import { type INamespace } from "./namespace";
import { type MountedVolume, restrictedContainer, temporaryVolume, volumesOf } from "./pod-parts";
import { type ContainerResources, RESTRICTED_POD } from "./workload";

/** Another container of the same pod. */
export interface Sidecar {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly secretEnvironment?: Readonly<Record<string, SecretKey>>;
  readonly resources: ContainerResources;
  /** Of the pod's volumes those that it has, and whether it writes to them is said there. */
  readonly volumes: readonly MountedVolume[];
}

/** A volume of its own, which outlives the pod. */
export interface KeptVolume {
  readonly mountPath: string;
  /** Size in GiB. */
  readonly sizeGib: number;
}

/** A pod with one main container, `restricted`, which does what it is started for. */
export interface SinglePodProps {
  readonly namespace: INamespace;
  /** @default - the id, `_` written as `-` */
  readonly name?: string;
  /** Image with its tag. */
  readonly image: string;
  /** @default - the image's own */
  readonly command?: readonly string[];
  /** @default - the image's own */
  readonly args?: readonly string[];
  /** @default - none but `HOME` */
  readonly environment?: Readonly<Record<string, string>>;
  /** Environment variables that come from Secrets. @default - none */
  readonly secretEnvironment?: Readonly<Record<string, SecretKey>>;
  readonly resources: ContainerResources;
  /** Beside `/tmp`. @default - none */
  readonly volumes?: readonly MountedVolume[];
  /** What `/tmp` may take, such as `256Mi`. @default "256Mi" */
  readonly temporarySize?: string;
  /** Stays when the pod, and whatever condition its namespace has, is gone. @default - none */
  readonly kept?: KeptVolume;
  /** Number of the user, for images that know one only. @default 10001 */
  readonly user?: number;
  /**
   * Whether it uses the node's NVIDIA card. `own`: the scheduler gives the card to nobody else who asks for it. `shared`: it
   * uses the card beside whoever has it, as far as the card's memory goes.
   * @default - it uses none
   */
  readonly gpu?: "own" | "shared";
}

/** What is wrong with the image and the numbers, a sentence each. */
function problemsOf({ image, resources, kept }: SinglePodProps): string[] {
  return [
    ...(/:[\w.-]+$|@sha256:[0-9a-f]{64}$/.test(image) && !image.endsWith(":latest")
      ? []
      : [`image is "${image}": name a tag other than latest, or a digest, so that every pod runs the same`]),
    ...wholeNumberProblems({
      "resources.cpuMillis": resources.cpuMillis,
      "resources.memoryMib": resources.memoryMib,
      ...(kept ? { "kept.sizeGib": kept.sizeGib } : {}),
    }),
  ];
}

/**
 * The container and what its pod has beside it, as the provider takes them in a Deployment or in a Job. Makes the volume
 * that is kept.
 *
 * @throws SocleError when the image has no version, or a number is not positive
 */
export function singlePod(scope: Construct, name: string, props: SinglePodProps) {
  SocleError.throwIfAny(scope.node.path, problemsOf(props));
  const { namespace, kept, gpu, user } = props;
  const volumes = [temporaryVolume(props.temporarySize ?? "256Mi"), ...(props.volumes ?? [])];
  const claim: MountedVolume | undefined = kept && {
    name: "data",
    mountPath: kept.mountPath,
    source: { persistentVolumeClaim: { claimName: name } },
  };
  if (kept) {
    new PersistentVolumeClaimV1(scope, "volume", {
      // Without the namespace's condition: it is there again for the next pod.
      metadata: { name, namespace: namespace.name },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: `${kept.sizeGib}Gi` } } },
      // The first pod binds it.
      waitUntilBound: false,
      dependsOn: [...namespace.present],
    });
  }
  const container = restrictedContainer({
    name,
    image: props.image,
    ...(props.command ? { command: props.command } : {}),
    ...(props.args ? { args: props.args } : {}),
    environment: {
      HOME: "/tmp",
      ...props.environment,
      // The runtime brings the card into a pod that names it, whoever else has it.
      ...(gpu === "shared" ? { NVIDIA_VISIBLE_DEVICES: "all", NVIDIA_DRIVER_CAPABILITIES: "compute,utility" } : {}),
    },
    ...(props.secretEnvironment ? { secretEnvironment: props.secretEnvironment } : {}),
    resources: props.resources,
    volumes,
  });
  return {
    container: {
      ...container,
      imagePullPolicy: "IfNotPresent",
      resources: {
        ...container.resources,
        limits: { ...container.resources.limits, ...(gpu === "own" ? { "nvidia.com/gpu": "1" } : {}) },
      },
      volumeMount: [
        ...container.volumeMount,
        ...(claim ? [{ name: claim.name, mountPath: claim.mountPath, readOnly: false }] : []),
      ],
    },
    pod: {
      automountServiceAccountToken: false,
      // The addresses of other services would be in its environment.
      enableServiceLinks: false,
      securityContext:
        user === undefined
          ? RESTRICTED_POD
          : { ...RESTRICTED_POD, runAsUser: String(user), runAsGroup: String(user), fsGroup: String(user) },
      ...(gpu ? { runtimeClassName: "nvidia", nodeSelector: { "nvidia.com/gpu.present": "true" } } : {}),
      volume: volumesOf([...volumes, ...(claim ? [claim] : [])]),
    },
  };
}
