import { ClusterRoles, type ClusterRolesProps } from "../../../constructs/cluster/cluster-roles";
import { testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

const build = (props: Partial<ClusterRolesProps> = {}) =>
  synthesizeLayer((layer) => {
    new ClusterRoles(layer, "roles", {
      adminGroup: "admins",
      developerGroup: "developers",
      developerNamespaces: [testNamespace(testCluster(layer), "team_apps")],
      readOnlyGroup: "viewers",
      ...props,
    });
  }).json;

interface Binding {
  metadata: { name: string; namespace?: string };
  role_ref: { kind: string; name: string };
  subject: { kind: string; name: string; api_group: string }[];
}
const bindings = (type: string) =>
  (Object.values(build().resource?.[type] ?? {}) as unknown as Binding[]).map(({ role_ref, subject, metadata }) => [
    role_ref.name,
    metadata.namespace,
    subject.map(({ kind, name }) => `${kind} ${name}`),
  ]);

describe("ClusterRoles", () => {
  test("THEN admins may do everything, and both other groups look at what has no Secret", () => {
    expect(bindings("kubernetes_cluster_role_binding_v1")).toEqual([
      ["cluster-admin", undefined, ["Group admins"]],
      ["view", undefined, ["Group viewers", "Group developers"]],
      [
        "${kubernetes_cluster_role_v1.roles_view_cluster.metadata[0].name}",
        undefined,
        ["Group viewers", "Group developers"],
      ],
    ]);
  });

  test("THEN developers may change things in their namespaces only", () => {
    expect(bindings("kubernetes_role_binding_v1")).toEqual([["edit", "team-apps", ["Group developers"]]]);
    expect(only(build().resource?.["kubernetes_role_binding_v1"])["depends_on"]).toEqual([
      "kubernetes_namespace_v1.team_apps",
    ]);
  });

  const rules = only(build().resource?.["kubernetes_cluster_role_v1"])["rule"] as {
    api_groups: string[];
    resources: string[];
    verbs: string[];
  }[];
  const isOfOperator = ({ api_groups }: { api_groups: string[] }) =>
    api_groups.some((group) => group.includes(".") && !group.endsWith(".k8s.io"));

  test("THEN what belongs to no namespace is looked at, and never changed, without Secrets", () => {
    expect(rules.filter((rule) => !isOfOperator(rule)).flatMap(({ resources }) => resources)).toEqual([
      "nodes",
      "persistentvolumes",
      "storageclasses",
      "volumeattachments",
      "customresourcedefinitions",
      "nodes",
      "pods",
    ]);
    expect([...new Set(rules.flatMap(({ verbs }) => verbs))].sort()).toEqual(["get", "list", "watch"]);
  });

  test("THEN kinds of operators that add none to view are looked at, but for the addresses that hand out backups", () => {
    const [all, velero, ...others] = rules.filter(isOfOperator);
    expect(others).toEqual([]);
    expect(all?.resources).toEqual(["*"]);
    expect(all?.api_groups).toEqual([
      "barmancloud.cnpg.io",
      "configuration.konghq.com",
      "monitoring.coreos.com",
      "operator.tigera.io",
      "policy.linkerd.io",
      "postgresql.cnpg.io",
      "traefik.io",
    ]);
    expect(velero?.api_groups).toEqual(["velero.io"]);
    expect(velero?.resources).toContain("backups");
    expect(velero?.resources).not.toContain("downloadrequests");
    expect(velero?.resources).not.toContain("*");
  });

  test("fails without a namespace for developers", () => {
    expect(() => build({ developerNamespaces: [] })).toThrow("test/roles: developerNamespaces is empty: name one");
  });
});
