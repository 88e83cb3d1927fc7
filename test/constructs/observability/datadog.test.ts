import { helmRelease } from "../../../constructs/cluster/component";
import { Datadog, DATADOG_POD_SECURITY } from "../../../constructs/observability/datadog";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { KnownSecret } from "../../../constructs/secrets/known-secret";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";
import { releaseOf } from "../../support/helm";
import { messageOf } from "../../support/layers";
import { testRevision } from "../../support/single-sign-on";

const build = (clusterName = "lab") =>
  synthesizeLayer((layer) => {
    const namespace = testNamespace(testCluster(layer), "agents", { podSecurity: DATADOG_POD_SECURITY });
    new Datadog(layer, "datadog", {
      namespace,
      delivery: helmRelease,
      clusterName,
      account: new KnownSecret(layer, "account", { namespace, values: { "api-key": "a", site: "b" } }),
      clusterAgentToken: new GeneratedSecret(layer, "token", {
        namespace,
        generate: { token: { length: 48 } },
        revision: testRevision(layer),
        afterRotation: "Restart them.",
      }),
    });
  });

const { json } = build();
const { known, version } = releaseOf(json, "datadog");

describe("Datadog", () => {
  test("THEN key, site and token come from Secrets, for both kinds of agents", () => {
    const site = [{ name: "DD_SITE", valueFrom: { secretKeyRef: { name: "account", key: "site" } } }];
    expect(version).toBe("3.240.0");
    expect(known).toMatchObject({
      datadog: { apiKeyExistingSecret: "account", clusterName: "lab", env: site },
      clusterAgent: { tokenExistingSecret: "token", env: site },
    });
  });

  test("THEN nothing comes with it that is billed apart, installs kinds, or reads Secrets", () => {
    expect(known).toMatchObject({
      datadog: {
        operator: { enabled: false },
        logs: { enabled: false },
        processAgent: { enabled: false },
        remoteConfiguration: { enabled: false },
        useHostPID: false,
        kubeStateMetricsCore: { collectSecretMetrics: false },
      },
      clusterAgent: {
        admissionController: { enabled: false },
        rbac: { flareAdditionalPermissions: false },
      },
      clusterChecksRunner: { enabled: false },
    });
  });

  test("THEN agents reach the cluster agent, kubelets, the Kubernetes API and port 443 outside, and nobody reaches them", () => {
    expect(
      flowsOf(json)
        .filter(([, pods]) => pods.startsWith("agents/datadog"))
        .map(([direction, pods, peer, ports]) => [direction, pods, peer.split(" ")[0], ports].join(" ")),
    ).toEqual([
      "egress agents/datadog 0.0.0.0/0 443",
      "egress agents/datadog 10.0.0.0/16 10250",
      "egress agents/datadog 10.0.0.0/16 6443",
      "egress agents/datadog agents/datadog-cluster-agent 5005",
      "egress agents/datadog-cluster-agent 0.0.0.0/0 443",
      "egress agents/datadog-cluster-agent 10.0.0.0/16 6443",
      "ingress agents/datadog-cluster-agent agents/datadog 5005",
    ]);
    const [outside] = flowsOf(json).filter(([, , peer]) => peer.startsWith("0.0.0.0/0"));
    expect(outside?.[2]).toContain("-10.0.0.0/8");
  });

  test.each(["Lab", "a", "1lab", "lab-"])("fails for the cluster's name %s", async (name) => {
    expect(await messageOf(() => build(name))).toContain(`clusterName is "${name}": use 2 to 80 lower-case letters`);
  });
});
