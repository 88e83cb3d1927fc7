import { NAMESPACES, PODS } from "../../../../environments/lab/names";
import { builtPlatform, flowsOfPods } from "../../../support/lab-platform";

const built = builtPlatform();
const namespaces = Object.values(built.json.resource?.["kubernetes_namespace_v1"] ?? {}) as unknown as {
  metadata: { name: string; labels: Record<string, string> };
  count?: string;
}[];

describe("The namespaces of lab-platform", () => {
  test("THEN they are there whatever is chosen, and each denies what nobody allowed", () => {
    const names = namespaces.map(({ metadata }) => metadata.name).sort();
    const { argoCd, certManager, externalSecrets, monitoring, nodeAgents, traefik } = NAMESPACES;
    expect(names).toEqual([argoCd, certManager, externalSecrets, monitoring, nodeAgents, traefik]);
    expect(namespaces.filter(({ count }) => count !== undefined)).toEqual([]);
    const denied = Object.values(built.json.resource?.["kubernetes_network_policy_v1"] ?? {}) as unknown as {
      metadata: { name: string; namespace: string };
    }[];
    expect(
      denied
        .filter(({ metadata }) => metadata.name === "default-deny")
        .map(({ metadata }) => metadata.namespace)
        .sort(),
    ).toEqual(names);
  });

  test("THEN pods are restricted but in the one namespace of what observes nodes", () => {
    const privileged = namespaces.filter(
      ({ metadata }) => metadata.labels["pod-security.kubernetes.io/enforce"] !== "restricted",
    );
    expect(privileged.map(({ metadata }) => metadata.name)).toEqual([NAMESPACES.nodeAgents]);
  });

  test("THEN policies of pods that this layer's parts know from each other come after their namespaces", () => {
    const early = Object.entries(built.json.resource?.["kubernetes_network_policy_v1"] ?? {}).filter(
      ([, policy]) => ((policy["depends_on"] ?? []) as string[]).length === 0,
    );
    expect(early.map(([name]) => name)).toEqual([]);
    expect(flowsOfPods(built, "traefik/traefik")).toContain("egress argocd/argocd-server 8080");
    expect(PODS.traefik.labels).toEqual({ "app.kubernetes.io/name": "traefik" });
  });
});
