import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { Component, type Delivery } from "../cluster/component";
import { countOf, type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { filesOf } from "../cluster/pod-parts";
import { SocleError } from "../core/error";

export interface OpaProps {
  /** `opa`, as the values say. */
  readonly namespace: INamespace;
  readonly delivery: Delivery;
  /** Package that decisions are asked of, such as `trino`: nothing else can be read. */
  readonly package: string;
  /** File name such as `trino.rego` → policy. */
  readonly policies: Readonly<Record<string, string>>;
}

const PORT = 8181;

/** Why its pods are not `restricted`, for their namespace. */
export const OPA_POD_SECURITY = {
  level: "baseline",
  reason: "The chart of the Open Policy Agent has no securityContext for containers, so they cannot drop capabilities.",
} as const;

/**
 * The Open Policy Agent, which decides for others by policies in Rego. They reach it as ConfigMaps, so another policy needs
 * no restart.
 *
 * Who reaches it gets decisions of one package, and changes nothing.
 *
 * @see https://github.com/open-policy-agent/kube-mgmt
 */
export class Opa extends Construct implements Connectable {
  readonly pods: Pods;
  /** Such as `http://opa.opa:8181/v1/data/trino`. */
  readonly decisions: string;
  /** Where Prometheus reads: name and number. */
  readonly metrics = { portName: "diag", port: 8182 };
  readonly delivered: ITerraformDependable;

  /** @throws SocleError when there is no policy, one is none of Rego, or the package is malformed */
  constructor(scope: Construct, id: string, props: OpaProps) {
    super(scope, id);
    const { namespace, policies } = props;
    SocleError.throwIfAny(this.node.path, [
      ...(Object.keys(policies).length > 0 ? [] : ["policies is empty: everything would be denied without a reason"]),
      ...Object.keys(policies)
        .filter((file) => !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?\.rego$/.test(file))
        .map((file) => `the policy "${file}" has no name such as trino.rego`),
      ...(/^[a-z][a-z0-9_]*$/.test(props.package)
        ? []
        : [`the package "${props.package}" is not made of lower-case letters, digits and "_"`]),
    ]);
    for (const [file, text] of Object.entries(policies)) {
      const name = file.replace(/\.rego$/, "");
      new ConfigMapV1(this, `policy_${name.replaceAll("-", "_")}`, {
        ...countOf(namespace.when),
        metadata: {
          name: `policy-${name}`,
          namespace: namespace.name,
          labels: { "openpolicyagent.org/policy": "rego" },
        },
        data: filesOf({ [file]: text }),
        // kube-mgmt says there what became of it.
        lifecycle: { ignoreChanges: ["metadata[0].annotations"] },
        dependsOn: [...namespace.present],
      });
    }
    const component = new Component(this, "Default", {
      name: "opa",
      namespace,
      chart: "opa-kube-mgmt",
      repository: "https://open-policy-agent.github.io/kube-mgmt/charts",
      version: "11.0.7",
      delivery: props.delivery,
      values: { bootstrapPolicies: { decisions: decisionsPolicy(props.package) } },
      pods: {
        server: { labels: { app: "opa" }, resources: ["resources", "mgmt.resources"], needsKubernetesApi: true },
      },
    });
    this.pods = component.pods("server");
    this.decisions = `http://opa.${namespace.name}:${PORT}/v1/data/${props.package}`;
    this.delivered = component.delivered;
  }

  /** Lets others ask for decisions. */
  allowFrom(source: Connectable): void {
    this.pods.allowFrom(source, { port: PORT });
  }
}

/** Lets everybody ask for decisions of a package, beside what the chart allows: health, metrics, and kube-mgmt everything. */
function decisionsPolicy(name: string): string {
  return [
    "package system.authz",
    "import rego.v1",
    "allow if {",
    '  input.method == "POST"',
    `  array.slice(input.path, 0, 3) == ["v1", "data", "${name}"]`,
    "}",
  ].join("\n");
}
