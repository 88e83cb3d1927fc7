import { NAMESPACES } from "../../../../environments/viridial-staging/names";
import { addNamespaces } from "../../../../environments/viridial-staging/platform/foundation-namespaces";
import { type Profile } from "../../../../environments/viridial-staging/settings";
import { testCluster } from "../../../support/cluster";
import { synthesizeLayer } from "../../../support/construct";

function build(profile: Profile) {
  const { json } = synthesizeLayer((layer) => void addNamespaces(layer, testCluster(layer), profile));
  const quotas = Object.values(json.resource?.["kubernetes_resource_quota_v1"] ?? {}) as unknown as {
    metadata: { namespace: string };
    spec: { hard: Record<string, string> };
  }[];
  return {
    json,
    pods: Object.fromEntries(quotas.map(({ metadata, spec }) => [metadata.namespace, spec.hard["pods"]])),
  };
}

describe("the shared namespaces of viridial-staging", () => {
  test("THEN they are those whose names later layers know, and only the data's cannot be destroyed", () => {
    const namespaces = Object.values(build("staging").json.resource?.["kubernetes_namespace_v1"] ?? {});
    expect(namespaces.map(({ metadata, lifecycle }) => [(metadata as { name: string }).name, lifecycle])).toEqual([
      [NAMESPACES.staging, undefined],
      [NAMESPACES.production, undefined],
      [NAMESPACES.monitoring, undefined],
      [NAMESPACES.data, { prevent_destroy: true }],
      [NAMESPACES.nodeAgents, undefined],
    ]);
  });

  test.each([
    ["staging", NAMESPACES.staging, NAMESPACES.production],
    ["production", NAMESPACES.production, NAMESPACES.staging],
  ] as const)("GIVEN the profile %s THEN services run in %s, and no pod in %s", (profile, used, empty) => {
    const { pods } = build(profile);
    expect(Number(pods[used])).toBeGreaterThan(0);
    expect(pods[empty]).toBe("0");
  });
});
