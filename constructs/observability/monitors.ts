import { type ITerraformDependable } from "cdktf";
import { Construct, type IDependable } from "constructs";
import { Manifests } from "../cluster/manifests";
import { type INamespace } from "../cluster/namespace";
import { type Pods } from "../cluster/network-policy";
import { SocleError } from "../core/error";

export interface MonitorsProps {
  /** The Prometheus that reads: it selects monitors and rules of every namespace. */
  readonly prometheus: Pods;
  /** Where the objects are kept; what they read may be in any namespace. */
  readonly namespace: INamespace;
  /** Name of the Helm release that brings them. @default - the id, `_` written as `-` */
  readonly name?: string;
  /** What brings the kinds of the Prometheus Operator, in the layer that does. @default - an earlier layer did */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/** Where pods tell their metrics. */
export interface ScrapeEndpoint {
  readonly pods: Pods;
  /** Name of the container's port. */
  readonly portName: string;
  /** The number of that port: policies see it. */
  readonly port: number;
  /** @default "/metrics" */
  readonly path?: string;
  /** Parameters of the query. @default - none */
  readonly params?: Readonly<Record<string, readonly string[]>>;
}

/** How soon somebody has to look: `critical` wakes a person, `warning` waits for the day, `info` is only seen. */
export type Severity = "critical" | "warning" | "info";

/** A rule that tells somebody. Its texts are templates of Prometheus, such as `{{ $labels.namespace }}`. */
export interface Alert {
  readonly alert: string;
  readonly expr: string;
  /** How long it has to hold, such as `10m`. @default - it fires at once */
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>> & { readonly severity: Severity };
  readonly annotations: Readonly<Record<string, string>> & {
    /** What is wrong, in a line. */
    readonly summary: string;
    /** What it means and what to look at. */
    readonly description: string;
    /** Where the way out is written. @default - nowhere */
    readonly runbook?: string;
  };
}

/** A rule that keeps the result of an expression under a name, such as `tenant:api_requests:increase1h`. */
export interface Recording {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export type AlertRule = Alert | Recording;

const API_VERSION = "monitoring.coreos.com/v1";

/**
 * What Prometheus reads of the pods that a layer delivers, and what it warns of: PodMonitors and PrometheusRules.
 *
 * They are custom resources of the Prometheus Operator, so they come as a chart of their own and the operator must be
 * there before.
 */
export class Monitors extends Construct {
  /** What depends on the objects being there. */
  readonly delivered: ITerraformDependable & IDependable;
  private readonly prometheus: Pods;
  private readonly manifests: Manifests;
  private readonly names = new Set<string>();

  constructor(scope: Construct, id: string, props: MonitorsProps) {
    super(scope, id);
    this.prometheus = props.prometheus;
    this.manifests = new Manifests(this, "Default", {
      namespace: props.namespace,
      name: props.name ?? id.replaceAll("_", "-"),
      dependsOn: props.dependsOn ?? [],
    });
    this.delivered = this.manifests.delivered;
  }

  /**
   * Reads the metrics of pods, and lets Prometheus reach them.
   *
   * @throws SocleError when pods of that name are read already, or the port is none
   */
  scrape({ pods, portName, port, path, params }: ScrapeEndpoint): void {
    this.manifests.add({
      apiVersion: API_VERSION,
      kind: "PodMonitor",
      metadata: { name: pods.name },
      spec: {
        namespaceSelector: { matchNames: [pods.namespace.name] },
        selector: { matchLabels: pods.labels },
        podMetricsEndpoints: [{ port: portName, path: path ?? "/metrics", ...(params ? { params } : {}) }],
      },
    });
    pods.allowFrom(this.prometheus, { port });
  }

  /**
   * Adds a group of rules, which are evaluated in their order.
   *
   * @param group lower-case words joined by `-`: names the object too
   * @throws SocleError with every rule that has no proper name, no expression or the name of another one
   */
  alert(group: string, rules: readonly AlertRule[]): void {
    const problems = [
      ...(/^[a-z0-9]+(-[a-z0-9]+)*$/.test(group)
        ? []
        : [`the group "${group}" is not made of lower-case words joined by "-"`]),
      ...(rules.length > 0 ? [] : [`the group "${group}" has no rule`]),
      ...rules.flatMap((rule) => this.ruleProblems(rule)),
    ];
    SocleError.throwIfAny(this.node.path, problems);
    this.manifests.add({
      apiVersion: API_VERSION,
      kind: "PrometheusRule",
      metadata: { name: group },
      spec: { groups: [{ name: group, rules }] },
    });
  }

  private ruleProblems(rule: AlertRule): string[] {
    const name = "alert" in rule ? rule.alert : rule.record;
    // Two recordings may share a name: their labels tell them apart.
    const known = "alert" in rule && this.names.has(name);
    this.names.add(name);
    return [
      ...("record" in rule && !/^[a-z][a-z0-9_]*(:[a-z0-9_]+)+$/.test(name)
        ? [`the recording "${name}" is not named level:metric:operation, such as "tenant:api_requests:rate5m"`]
        : []),
      ...("alert" in rule && !/^[A-Z][A-Za-z0-9]*$/.test(name)
        ? [`the alert "${name}" is not named in CamelCase, such as "NodeMemory"`]
        : []),
      ...(known ? [`the alert "${name}" is there already: who silences one would silence both`] : []),
      ...(rule.expr.trim() === "" ? [`"${name}" has no expression`] : []),
    ];
  }
}
