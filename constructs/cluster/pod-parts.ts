import { createHash } from "node:crypto";
import { type JobV1SpecTemplateSpecVolume } from "@cdktf/provider-kubernetes/lib/job-v1";
import { type SecretKey } from "../secrets/generated-secret";
import { toTerraformText } from "./component";
import { type ContainerResources, RESTRICTED_CONTAINER, RESTRICTED_POD } from "./workload";

/** A volume of a pod, and where containers have it. Only an `emptyDir` is written to. */
export interface MountedVolume {
  readonly name: string;
  readonly mountPath: string;
  readonly source: Omit<JobV1SpecTemplateSpecVolume, "name">;
}

export interface RestrictedContainerProps {
  readonly name: string;
  /** Image with its tag or digest. */
  readonly image: string;
  /** @default - the image's own */
  readonly command?: readonly string[];
  /** @default - the image's own */
  readonly args?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Environment variables that come from Secrets. @default - none */
  readonly secretEnvironment?: Readonly<Record<string, SecretKey>>;
  readonly resources: ContainerResources;
  readonly volumes: readonly MountedVolume[];
}

/** A container of a Job: it writes to its `emptyDir`s only, and its CPU is not limited. */
export function restrictedContainer(props: RestrictedContainerProps) {
  const { command, args, environment, secretEnvironment = {}, resources } = props;
  return {
    name: props.name,
    image: props.image,
    ...(command ? { command: [...command] } : {}),
    ...(args ? { args: [...args] } : {}),
    env: [
      ...Object.entries(environment).map(([name, value]) => ({ name, value })),
      ...Object.entries(secretEnvironment).map(([name, { secretName, key }]) => ({
        name,
        valueFrom: { secretKeyRef: { name: secretName, key } },
      })),
    ],
    resources: {
      requests: { cpu: `${resources.cpuMillis}m`, memory: `${resources.memoryMib}Mi` },
      limits: { memory: `${resources.memoryLimitMib ?? resources.memoryMib}Mi` },
    },
    securityContext: RESTRICTED_CONTAINER,
    volumeMount: props.volumes.map(({ name, mountPath, source }) => ({
      name,
      mountPath,
      ...(source.emptyDir ? {} : { readOnly: true }),
    })),
  };
}

/** What the pod of a Job has in common with all others: `restricted`, and without rights in the cluster. */
export const ONE_RUN_POD = {
  restartPolicy: "Never",
  automountServiceAccountToken: false,
  // The addresses of other services would be in its environment.
  enableServiceLinks: false,
  securityContext: RESTRICTED_POD,
};

/** The volumes of a pod, whose containers mount all or some of them. */
export function volumesOf(volumes: readonly MountedVolume[]) {
  return volumes.map(({ name, source }) => ({ name, ...source }));
}

/**
 * What a container may write that is gone with its pod, in `/tmp`.
 *
 * @param sizeLimit such as `16Mi`
 */
export function temporaryVolume(sizeLimit: string): MountedVolume {
  return { name: "tmp", mountPath: "/tmp", source: { emptyDir: { sizeLimit } } };
}

/** The certificate of an authority, as the file `/ca/ca.crt`. */
export function caVolume({ secretName, key }: SecretKey): MountedVolume {
  return { name: "ca", mountPath: "/ca", source: { secret: { secretName, items: [{ key, path: "ca.crt" }] } } };
}

/** Files of a ConfigMap, by name, which Terraform leaves as they are. */
export function filesOf(texts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([file, text]) => [file, toTerraformText(text)]));
}

/** Eight digits that are others for another text. */
export function shortDigest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
