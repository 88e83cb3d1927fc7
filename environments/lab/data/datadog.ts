import { Op, TerraformVariable, Token } from "cdktf";
import { expression } from "../../../constructs/core/address";
import { TerraformData } from "../../../constructs/core/terraform-data";
import { Datadog, DATADOG_POD_SECURITY } from "../../../constructs/observability/datadog";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { KnownSecret } from "../../../constructs/secrets/known-secret";
import { type LaterLayer } from "../later-layer";
import { NAMESPACES } from "../names";

/** @see https://docs.datadoghq.com/getting_started/site/ */
const SITES = [
  "datadoghq.com",
  "us3.datadoghq.com",
  "us5.datadoghq.com",
  "datadoghq.eu",
  "ap1.datadoghq.com",
  "ap2.datadoghq.com",
];

/** In Terraform's language. */
const KEY_OR_NONE = '(var.datadog_api_key == null ? "" : var.datadog_api_key)';

/** Datadog's agents, for who has an account: it is refused without its key. */
export function addDatadog(lab: LaterLayer): void {
  const { layer, settings } = lab;
  const apiKey = new TerraformVariable(layer, "datadog_api_key", {
    type: "string",
    description:
      "API key of an account at Datadog, which bills each node that sends to it. It reaches a Secret of the cluster and no state. Needed only while the component datadog is chosen.",
    sensitive: true,
    nullable: true,
  });
  // cdktf takes no null.
  apiKey.addOverride("default", null);
  const site = new TerraformVariable(layer, "datadog_site", {
    type: "string",
    description: `Where that account is: ${SITES.join(", ")}.`,
    default: "datadoghq.eu",
    nullable: false,
    validation: [
      {
        condition: `\${contains(${JSON.stringify(SITES)}, var.datadog_site)}`,
        errorMessage: `datadog_site takes one of ${SITES.join(", ")}, as in the address of the account's pages.`,
      },
    ],
  });
  const keyGiven = new TerraformData(layer, "datadog_key_given");
  keyGiven.lifecycle = {
    precondition: [
      {
        condition: Op.or(Op.not(lab.when("datadog").booleanValue), expression(layer, `${KEY_OR_NONE} != ""`)),
        errorMessage:
          "Datadog takes nothing without an API key: give it as TF_VAR_datadog_api_key, or take datadog out of extra_components.",
      },
    ],
  };
  const { always, chosen } = lab.namespace("datadog", NAMESPACES.datadog, {
    // An agent on each node, the server's included, and one more while it is replaced.
    quota: {
      cpuMillis: 250 + 100 * settings.agents,
      memoryMib: 1024 + 256 * settings.agents,
      pods: 4 + settings.agents,
    },
    podSecurity: DATADOG_POD_SECURITY,
  });
  const account = new KnownSecret(layer, "datadog_account", {
    namespace: always,
    values: { "api-key": Token.asString(expression(layer, KEY_OR_NONE)), site: site.stringValue },
  });
  const clusterAgentToken = new GeneratedSecret(layer, "datadog_cluster_agent", {
    namespace: always,
    generate: { token: { length: 48 } },
    revision: lab.passwordRevision,
    afterRotation: `Datadog's agents read it when they start: \`kubectl --namespace ${NAMESPACES.datadog} rollout restart daemonset,deployment\`.`,
  });
  new Datadog(layer, "datadog", {
    namespace: chosen,
    delivery: lab.deliver(),
    clusterName: "lab",
    account,
    clusterAgentToken,
  });
}
