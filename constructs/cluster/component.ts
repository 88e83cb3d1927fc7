import { Fn, type ITerraformDependable, Lazy, type Precondition, Token } from "cdktf";
import { Construct, type IDependable } from "constructs";
import { Release } from "@cdktf/provider-helm/lib/release";
import { parse, stringify } from "yaml";
import { SocleError } from "../core/error";
import { readProjectFile } from "../core/files";
import { Layer } from "../core/layer";
import { cpuMillis, memoryMib, type Requests } from "./capacity";
import { type Condition, countOf, countPods, type INamespace } from "./namespace";
import { Pods } from "./network-policy";

/** Helm values: what YAML can say. Strings, numbers and booleans may be tokens of cdktf. */
export type Values = { readonly [key: string]: unknown };

/** Pods of one kind that a chart makes. */
export interface ComponentPods {
  /** Labels that the chart gives these pods, and no others in the namespace. */
  readonly labels: Readonly<Record<string, string>>;
  /**
   * Paths in the values that hold the `resources` of each of their containers, such as `server.resources`. They are
   * read from there and counted, so the table of `make capacity` cannot say anything else than the values files.
   */
  readonly resources: readonly string[];
  /**
   * How many there are: a number, the path in the values that says it, or `perNode` for a DaemonSet.
   * @default 1
   */
  readonly replicas?: number | "perNode" | { readonly valueAt: string };
  /** Whether the values put them onto the control planes. @default false */
  readonly onControlPlanes?: boolean;
  /** Whether they use the Kubernetes API, as operators do. @default false */
  readonly needsKubernetesApi?: boolean;
  /** Ports of webhooks that the API server calls. @default - none */
  readonly webhookPorts?: readonly number[];
  /** Where the chart puts them, when the values say so. @default - the component's namespace */
  readonly namespace?: INamespace;
}

/** A secret value of a chart, which reaches Helm by a write-only attribute and is in no state of Terraform. */
export interface ComponentSecrets {
  /** Path in the values, with `.`, → value: a sensitive or ephemeral token. */
  readonly values: Readonly<Record<string, string>>;
  /** Raised whenever a value has changed: Terraform keeps none to compare with. */
  readonly revision: number;
}

export interface ComponentProps {
  readonly namespace: INamespace;
  /**
   * Names the release and the values files `helm-values/<name>.yaml` and `helm-values/<environment>/<name>.yaml`.
   * @default - the id, `_` written as `-`
   */
  readonly name?: string;
  /** @default - the name */
  readonly chart?: string;
  /** Address of the chart's repository, `https://…` or `oci://…`. */
  readonly repository: string;
  /** Exact version of the chart. */
  readonly version: string;
  /** Merged over the files. What depends on Terraform goes into a values document of its own. @default - only the files */
  readonly values?: Values;
  /** @default - none */
  readonly secrets?: ComponentSecrets;
  /** Every kind of pods that the chart makes with these values. */
  readonly pods: Readonly<Record<string, ComponentPods>>;
  /** What has to be there before, such as an operator or a Secret. @default - only the namespace with its guardrails */
  readonly dependsOn?: readonly ITerraformDependable[];
  /** Whether the apply waits until everything is ready. Not for what starts sealed, such as Vault. @default true */
  readonly wait?: boolean;
  /** @default 600 */
  readonly timeoutSeconds?: number;
  /** What must hold at plan, beyond the validation of single inputs. @default - nothing */
  readonly preconditions?: readonly Precondition[];
  /** How it reaches the cluster. @default helmRelease */
  readonly delivery?: Delivery;
  /** Values that go over the others only while a condition holds. @default - none */
  readonly overlays?: readonly ValuesOverlay[];
}

/** Values for a component beside something that is not always there, such as single sign-on. */
export interface ValuesOverlay {
  readonly when: Condition;
  readonly values: Values;
}

/** All that a way of delivery needs to know of a component. */
export interface ComponentRelease {
  readonly name: string;
  readonly namespace: INamespace;
  readonly chart: string;
  readonly repository: string;
  readonly version: string;
  /** YAML documents; a later one goes over an earlier one. A token of a list. */
  readonly values: string[];
  /** The same in two parts, when everything is constructed: what is known at synth, and what depends on Terraform. */
  readonly parts: () => { readonly known: Values; readonly interpolated: Values };
  /** Over the values while their condition holds; a later one over an earlier one. */
  readonly overlays: readonly ValuesOverlay[];
  readonly secrets: ComponentSecrets | undefined;
  readonly dependsOn: readonly ITerraformDependable[];
  readonly wait: boolean;
  readonly timeoutSeconds: number;
  readonly preconditions: readonly Precondition[];
}

/** A way in which components reach a cluster: makes the resources below `scope`, and gives what others depend on. */
export type Delivery = (scope: Construct, release: ComponentRelease) => ITerraformDependable & IDependable;

/** A Helm release that Terraform applies: rolled back when it fails. */
export const helmRelease: Delivery = (scope, release) =>
  new Release(scope, "Resource", {
    ...countOf(release.namespace.when),
    name: release.name,
    namespace: release.namespace.name,
    repository: release.repository,
    chart: release.chart,
    version: release.version,
    values: release.values,
    ...(release.secrets
      ? {
          setWo: Object.entries(release.secrets.values).map(([name, value]) => ({ name, value, type: "string" })),
          setWoRevision: release.secrets.revision,
        }
      : {}),
    // The namespace is a resource of its own, with its guardrails.
    createNamespace: false,
    // A failed upgrade is rolled back, a failed first install removed: neither blocks the next apply.
    atomic: release.wait,
    cleanupOnFail: true,
    wait: release.wait,
    waitForJobs: release.wait,
    timeout: release.timeoutSeconds,
    maxHistory: 5,
    ...(release.preconditions.length > 0 ? { lifecycle: { precondition: [...release.preconditions] } } : {}),
    dependsOn: [...release.dependsOn],
  });

/**
 * One thing delivered to a cluster: a Helm chart at an exact version, with its values, in a namespace with guardrails.
 *
 * Its pods are declared, so that flows can be allowed between them (see {@link Pods}) and their requests be counted.
 */
export class Component extends Construct {
  readonly name: string;
  readonly namespace: INamespace;
  /** The values as they are known at synth: the files, and what TypeScript says without tokens. */
  readonly values: Values;
  /** What depends on it being delivered. */
  readonly delivered: ITerraformDependable & IDependable;
  private readonly groups = new Map<string, Pods>();

  /**
   * @throws SocleError when the values file is missing or no YAML map, the version is not exact, a secret has a literal
   * value, or the values lack the requests or replicas of declared pods
   */
  constructor(scope: Construct, id: string, props: ComponentProps) {
    super(scope, id);
    this.name = props.name ?? id.replaceAll("_", "-");
    this.namespace = props.namespace;
    const { known, interpolated } = splitValues(props.values ?? {});
    this.values = mergeValues(valuesOf(this.node.path, Layer.of(this).environment.name, this.name), known);
    SocleError.throwIfAny(this.node.path, [...propProblems(props), ...this.count(props.pods)]);

    const overlays = props.overlays ?? [];
    const namespaces = new Set([
      props.namespace,
      ...Object.values(props.pods).map(({ namespace }) => namespace ?? props.namespace),
    ]);
    this.delivered = (props.delivery ?? helmRelease)(this, {
      name: this.name,
      namespace: props.namespace,
      chart: props.chart ?? this.name,
      repository: props.repository,
      version: props.version,
      // At synth, since a verb may add to a list of the values until then.
      values: Lazy.listValue({
        produce: () => [...valuesDocuments(this.values, interpolated), ...overlays.flatMap(overlayDocuments)],
      }),
      parts: () => ({ known: this.values, interpolated }),
      overlays,
      secrets: props.secrets,
      dependsOn: [...namespaces].flatMap(({ guardrails }) => guardrails).concat(props.dependsOn ?? []),
      wait: props.wait ?? true,
      timeoutSeconds: props.timeoutSeconds ?? 600,
      preconditions: props.preconditions ?? [],
    });
    for (const [kind, { labels, needsKubernetesApi, webhookPorts, namespace }] of Object.entries(props.pods)) {
      const name = Object.keys(props.pods).length === 1 ? this.name : kind;
      const pods = new Pods(this, kind, { namespace: namespace ?? props.namespace, labels, name });
      if (needsKubernetesApi) {
        pods.allowToApiServer();
      }
      if (webhookPorts) {
        pods.allowFromApiServer(...webhookPorts.map((port) => ({ port })));
      }
      this.groups.set(kind, pods);
    }
  }

  /**
   * Pods of one kind, to connect them with others.
   *
   * @param kind a key of `props.pods`
   * @throws SocleError when the component declares no such pods
   */
  pods(kind: string): Pods {
    const pods = this.groups.get(kind);
    if (!pods) {
      throw new SocleError(this.node.path, [
        `declares no pods "${kind}": use one of ${[...this.groups.keys()].join(", ")}`,
      ]);
    }
    return pods;
  }

  /** Counts the declared pods against the cluster, and gives what the values do not say. */
  private count(pods: ComponentProps["pods"]): string[] {
    return Object.entries(pods).flatMap(
      ([kind, { resources, replicas = 1, onControlPlanes = false, namespace = this.namespace }]) => {
        const problems: string[] = [];
        const containers = resources.map((path): Requests => {
          const cpu = cpuMillis(valueAt(this.values, `${path}.requests.cpu`));
          const memory = memoryMib(valueAt(this.values, `${path}.requests.memory`));
          if (cpu === undefined || memory === undefined) {
            problems.push(
              `the values have no ${path}.requests with cpu and memory, such as { cpu: 100m, memory: 128Mi }: pods of "${kind}" need them to be counted`,
            );
          }
          return { cpuMillis: cpu ?? 0, memoryMib: memory ?? 0 };
        });
        const count = typeof replicas === "object" ? valueAt(this.values, replicas.valueAt) : replicas;
        if (typeof count !== "number" && count !== "perNode") {
          problems.push(
            `the values have no number at ${(replicas as { valueAt: string }).valueAt}, the replicas of "${kind}"`,
          );
        }
        countPods(namespace, {
          name: Object.keys(pods).length === 1 ? this.name : `${this.name}/${kind}`,
          cpuMillis: containers.reduce((sum, each) => sum + each.cpuMillis, 0),
          memoryMib: containers.reduce((sum, each) => sum + each.memoryMib, 0),
          replicas: count as number | "perNode",
          onControlPlanes,
        });
        return problems;
      },
    );
  }
}

/**
 * Merges values as Helm does: maps key by key, anything else is replaced, null included.
 *
 * @see https://helm.sh/docs/chart_template_guide/values_files/
 */
export function mergeValues(base: Values, over: Values): Values {
  const merged = Object.entries(over).map(([key, value]): [string, unknown] => {
    const before = base[key];
    return [key, isMap(before) && isMap(value) ? mergeValues(before, value) : value];
  });
  return { ...base, ...Object.fromEntries(merged) };
}

/** What is at a path of values, such as `server.resources`; undefined when nothing is. */
export function valueAt(values: Values, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (isMap(value) ? value[key] : undefined), values);
}

/**
 * Values as YAML documents for `helm_release`: the known ones as people read them, and over them those that depend on
 * Terraform.
 */
export function valuesDocuments(known: Values, interpolated: Values): string[] {
  return [
    ...(Object.keys(known).length > 0 ? [toTerraformText(yamlText(known))] : []),
    ...(Object.keys(interpolated).length > 0 ? [Fn.yamlencode(interpolated)] : []),
  ];
}

/** An overlay as YAML documents: empty ones while its condition does not hold. */
function overlayDocuments({ when, values }: ValuesOverlay): string[] {
  const { known, interpolated } = splitValues(values);
  const whileChosen = (document: unknown) => Token.asString(Fn.conditional(when.booleanValue, document, ""));
  return [
    // As text: within a function's arguments cdktf leaves quotes as they are.
    ...(Object.keys(known).length > 0 ? [whileChosen(quoted(yamlText(known)))] : []),
    ...(Object.keys(interpolated).length > 0 ? [whileChosen(Fn.yamlencode(interpolated))] : []),
  ];
}

/** Values as Helm reads them: YAML 1.1, for which an unquoted off is false. */
function yamlText(values: Values): string {
  return stringify(values, { version: "1.1", lineWidth: 0, aliasDuplicateObjects: false });
}

/** Text as a part of an expression of Terraform; cdktf itself escapes quotes, line ends and `${`. */
function quoted(text: string): unknown {
  return Fn.rawString(text.replaceAll("\\", "\\\\").replaceAll("%{", "%%{"));
}

/** Text that Terraform leaves as it is: what a chart or a dashboard reads as `${…}` is escaped. */
export function toTerraformText(text: string): string {
  return text.replace(/([$%])\{/g, "$1$1{");
}

/** The files of one component, the environment's over the common one. */
function valuesOf(where: string, environment: string, name: string): Values {
  const [common, own] = [`helm-values/${name}.yaml`, `helm-values/${environment}/${name}.yaml`];
  const [values, over] = [readValues(where, common), readValues(where, own)];
  if (!values) {
    throw new SocleError(where, [
      `there is no values file ${common}${over ? "" : `, nor ${own}`}: make ${common} (it may be empty); ${own} is for what is other in ${environment}`,
    ]);
  }
  return mergeValues(values, over ?? {});
}

function readValues(where: string, file: string): Values | undefined {
  let text: string;
  try {
    text = readProjectFile(file);
  } catch {
    return undefined;
  }
  try {
    const values: unknown = parse(text) ?? {};
    if (isMap(values)) {
      return values;
    }
  } catch (error) {
    throw new SocleError(where, [`${file} is not YAML: ${(error as Error).message}`]);
  }
  throw new SocleError(where, [`${file} is not a map of values`]);
}

/** Values that are known at synth, and those that have a token: a list goes with its tokens, as Helm replaces it whole. */
export function splitValues(values: Values): { known: Values; interpolated: Values } {
  const known: Record<string, unknown> = {};
  const interpolated: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(values)) {
    if (!isMap(value)) {
      (hasToken(value) ? interpolated : known)[key] = value;
      continue;
    }
    const parts = splitValues(value);
    if (Object.keys(parts.known).length > 0 || Object.keys(value).length === 0) {
      known[key] = parts.known;
    }
    if (Object.keys(parts.interpolated).length > 0) {
      interpolated[key] = parts.interpolated;
    }
  }
  return { known, interpolated };
}

function hasToken(value: unknown): boolean {
  if (Token.isUnresolved(value)) {
    return true;
  }
  return typeof value === "object" && value !== null && Object.values(value).some(hasToken);
}

function isMap(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !Token.isUnresolved(value);
}

function propProblems({ version, repository, secrets, pods }: ComponentProps): string[] {
  return [
    ...(/^v?\d+\.\d+\.\d+([-+][\w.+-]+)?$/.test(version)
      ? []
      : [`version is "${version}": use an exact one such as "1.2.3", so that an apply never brings another chart`]),
    ...(/^(https|oci):\/\/./.test(repository)
      ? []
      : [`repository is "${repository}": use an address that begins with https:// or oci://`]),
    ...Object.entries(secrets?.values ?? {})
      .filter(([, value]) => !Token.isUnresolved(value))
      .map(([path]) => `the secret ${path} is a literal: take it from a sensitive input or an ephemeral value`),
    ...Object.entries(pods)
      .filter(([, { resources }]) => resources.length === 0)
      .map(([kind]) => `pods of "${kind}" have no path of resources: name one for each container`),
  ];
}
