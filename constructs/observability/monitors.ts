import { type ITerraformDependable } from "cdktf";
import { Construct, type IDependable } from "constructs";
import { Manifests } from "../cluster/manifests";
import { type INamespace } from "../cluster/namespace";
import { type Pods } from "../cluster/network-policy";
import { SocleError } from "../core/error";
import { type SecretKey } from "../secrets/generated-secret";
import { dashboardConfigMap } from "./dashboards";

export interface MonitorsProps {
  /** The Prometheus that reads: it selects monitors and rules of every namespace. */
  readonly prometheus: Pods;
  /**
   * Where the objects are kept; what they read may be in any namespace. A conditional one has them come and go with what they
   * watch.
   */
  readonly namespace: INamespace;
  /** Name of the Helm release that brings them. @default - the id, `_` written as `-` */
  readonly name?: string;
  /** What brings the kinds of the Prometheus Operator, in the layer that does. @default - an earlier layer did */
  readonly dependsOn?: readonly ITerraformDependable[];
  /**
   * A document with a section for each alert, under its name: where an alert says no way out of its own, it leads there.
   * @default - alerts lead nowhere but where they say
   */
  readonly runbook?: string;
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
  /** Names the PodMonitor. @default - the name of the pods */
  readonly name?: string;
  /** User that is asked as, without a password: a key of a Secret in the namespace of the monitors. @default - nobody */
  readonly user?: SecretKey;
  /** Whether labels that the metrics bring are kept where Prometheus has its own, as behind a Pushgateway. @default false */
  readonly honorLabels?: boolean;
  /** Metrics that are not kept, a regular expression for their whole names. @default - all are kept */
  readonly drop?: string;
  /**
   * Who guards these pods. `policy`: both sides get a NetworkPolicy. `nothing`: pods of a namespace without a default deny,
   * such as `kube-system`; a policy on them would shut out everybody else. `node`: they are on the node's own network.
   * @default "policy"
   */
  readonly guardedBy?: "policy" | "nothing" | "node";
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
 * What Prometheus reads of the pods that a layer delivers, what it warns of, and what Grafana shows of it: PodMonitors,
 * PrometheusRules and dashboards.
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
  private readonly nodeBlocks: readonly string[];
  private readonly runbook: string | undefined;

  constructor(scope: Construct, id: string, props: MonitorsProps) {
    super(scope, id);
    this.prometheus = props.prometheus;
    this.runbook = props.runbook;
    this.nodeBlocks = props.namespace.cluster.network.nodeCidrBlocks;
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
  scrape(endpoint: ScrapeEndpoint): void {
    const { pods, portName, port, path, params, user, honorLabels, drop } = endpoint;
    this.manifests.add({
      apiVersion: API_VERSION,
      kind: "PodMonitor",
      metadata: { name: endpoint.name ?? pods.name },
      spec: {
        namespaceSelector: { matchNames: [pods.namespace.name] },
        selector: { matchLabels: pods.labels },
        podMetricsEndpoints: [
          {
            port: portName,
            path: path ?? "/metrics",
            ...(params ? { params } : {}),
            ...(user ? { basicAuth: { username: { name: user.secretName, key: user.key } } } : {}),
            ...(honorLabels ? { honorLabels } : {}),
            ...(drop === undefined
              ? {}
              : { metricRelabelings: [{ sourceLabels: ["__name__"], regex: drop, action: "drop" }] }),
          },
        ],
      },
    });
    switch (endpoint.guardedBy ?? "policy") {
      case "policy":
        pods.allowFrom(this.prometheus, { port });
        break;
      case "nothing":
        this.prometheus.allowToUnguarded(pods, { port });
        break;
      case "node":
        this.prometheus.allowToBlocks(`${endpoint.name ?? pods.name}-on-nodes`, this.nodeBlocks, { port });
    }
  }

  /**
   * Shows a dashboard in Grafana, whose sidecar reads it from the namespace of the monitors.
   *
   * @param json the dashboard
   * @throws SocleError with everything that {@link dashboardConfigMap} does not accept, or when it is there already
   */
  dashboard(json: string): void {
    this.manifests.add(dashboardConfigMap(this.node.path, json));
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
      spec: { groups: [{ name: group, rules: rules.map((rule) => this.withRunbook(rule)) }] },
    });
  }

  private withRunbook(rule: AlertRule): AlertRule {
    return this.runbook === undefined || !("alert" in rule) || rule.annotations.runbook !== undefined
      ? rule
      : { ...rule, annotations: { ...rule.annotations, runbook: `${this.runbook}#${rule.alert.toLowerCase()}` } };
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
