import { type ITerraformDependable, type TerraformCount } from "cdktf";
import { Construct } from "constructs";
import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { JobV1 } from "@cdktf/provider-kubernetes/lib/job-v1";
import { SocleError } from "../core/error";
import { wholeNumberProblems } from "../core/problems";
import { countOf, countPods, type INamespace } from "./namespace";
import { type Connectable, Pods } from "./network-policy";
import { filesOf, type MountedVolume, ONE_RUN_POD, restrictedContainer, temporaryVolume, volumesOf } from "./pod-parts";
import { type Backend, type ContainerResources, type SecretFiles } from "./workload";

export interface WorkloadJobProps {
  readonly namespace: INamespace;
  /** Begins its name. @default - the id, `_` written as `-` */
  readonly name?: string;
  /** Image with its tag. A token is fine. */
  readonly image: string;
  /** Secret with which it is pulled; while it is not there, it is pulled without credentials. @default - without */
  readonly imagePullSecret?: string;
  /** @default - the image's own */
  readonly command?: readonly string[];
  /** @default - none */
  readonly args?: readonly string[];
  /** File below `/scripts` → its text. @default - none */
  readonly scripts?: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  /** What it calls. @default - nothing */
  readonly uses?: readonly Backend[];
  /** ConfigMaps whose keys are files in `/config`, as far as they are there. @default - none */
  readonly configMaps?: readonly string[];
  readonly resources: ContainerResources;
  /**
   * Ends the Job's name: a Job cannot be changed, so with another text another Job runs. Lower-case letters and digits; a
   * token is fine.
   */
  readonly version: string;
  /** Whether it runs again only for another `version`, and not for another image. @default false */
  readonly ignoreImage?: boolean;
  /** How long one try may take. */
  readonly timeoutMinutes: number;
  /** How often it is tried once more. */
  readonly retries: number;
  /** How many of it there are: 0 or 1, by an input. @default - one, while the namespace's condition holds */
  readonly count?: TerraformCount;
  /** @default - only the namespace with its guardrails */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/** A Job that an apply runs, and waits for: the apply fails when it does. */
export class WorkloadJob extends Construct implements Connectable {
  readonly pods: Pods;

  /** @throws SocleError when a number is out of range, or a script has no name of its own */
  constructor(scope: Construct, id: string, props: WorkloadJobProps) {
    super(scope, id);
    const { namespace, resources, uses = [], scripts = {}, configMaps = [] } = props;
    SocleError.throwIfAny(this.node.path, [
      ...wholeNumberProblems({ timeoutMinutes: props.timeoutMinutes }),
      ...(Number.isInteger(props.retries) && props.retries >= 0
        ? []
        : [`retries is ${props.retries}: use a whole number from 0 on`]),
    ]);
    const name = props.name ?? id.replaceAll("_", "-");
    const labels = { "app.kubernetes.io/name": name };
    const metadata = { namespace: namespace.name, labels };
    const count = props.count ? { count: props.count } : countOf(namespace.when);
    const files =
      Object.keys(scripts).length > 0
        ? new ConfigMapV1(this, "scripts", {
            ...count,
            metadata: { ...metadata, name },
            data: filesOf(scripts),
            dependsOn: [...namespace.present],
          })
        : undefined;
    const secrets = uses.flatMap(({ credentials }): SecretFiles[] => (credentials ? [credentials] : []));
    const environment = Object.assign(
      { HOME: "/tmp" },
      props.environment,
      ...uses.map((each) => each.environment),
    ) as Record<string, string>;
    const projected = (name: string, sources: readonly object[]): MountedVolume[] =>
      sources.length > 0 ? [{ name, mountPath: `/${name}`, source: { projected: [{ sources: [...sources] }] } }] : [];
    const volumes: MountedVolume[] = [
      temporaryVolume("256Mi"),
      ...(files ? [{ name: "scripts", mountPath: "/scripts", source: { configMap: { name } } }] : []),
      ...projected("secrets", secrets.map(projectedSecret)),
      ...projected(
        "config",
        configMaps.map((each) => ({ configMap: [{ name: each, optional: true }] })),
      ),
    ];
    const deadlineMinutes = props.timeoutMinutes * (props.retries + 1) + 2;
    new JobV1(this, "Resource", {
      ...count,
      metadata: { ...metadata, name: `${name}-${props.version}` },
      waitForCompletion: true,
      spec: {
        backoffLimit: props.retries,
        activeDeadlineSeconds: deadlineMinutes * 60,
        template: {
          metadata: { labels },
          spec: {
            ...ONE_RUN_POD,
            ...(props.imagePullSecret === undefined ? {} : { imagePullSecrets: [{ name: props.imagePullSecret }] }),
            activeDeadlineSeconds: props.timeoutMinutes * 60,
            container: [
              restrictedContainer({
                name,
                image: props.image,
                ...(props.command ? { command: props.command } : {}),
                ...(props.args ? { args: props.args } : {}),
                environment,
                resources,
                volumes,
              }),
            ],
            volume: volumesOf(volumes),
          },
        },
      },
      timeouts: { create: `${deadlineMinutes + 1}m`, update: `${deadlineMinutes + 1}m` },
      ...(props.ignoreImage ? { lifecycle: { ignoreChanges: ["spec[0].template"] } } : {}),
      dependsOn: [...namespace.guardrails, ...(files ? [files] : []), ...(props.dependsOn ?? [])],
    });
    this.pods = new Pods(this, "Default", { namespace, labels, name });
    for (const { pods, port } of uses) {
      this.pods.allowTo(pods, { port });
    }
    countPods(namespace, {
      name,
      cpuMillis: resources.cpuMillis,
      memoryMib: resources.memoryMib,
      replicas: 1,
    });
  }
}

/** In one folder of a volume for each Secret. */
function projectedSecret({ folder, secretName, keys }: SecretFiles) {
  return { secret: [{ name: secretName, items: keys.map((key) => ({ key, path: `${folder}/${key}` })) }] };
}
