import { parse } from "yaml";
import { GitOpsProject } from "../../../constructs/delivery/gitops-project";
import { testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

describe("GitOpsProject", () => {
  test("GIVEN charts and namespaces, some twice, THEN Applications may use each, their own repositories, and nothing else", () => {
    const { json } = synthesizeLayer((layer) => {
      const project = new GitOpsProject(layer, "lab", {
        namespace: testNamespace(testCluster(layer), "argocd"),
        address: "http://git.test/group",
        dependsOn: [],
      });
      project.allowCharts("https://charts.test");
      project.allowCharts("https://charts.test");
      project.allowNamespace("apps");
      project.allowNamespace("apps");
    });
    const release = only(json.resource?.["helm_release"]);
    expect(release).toMatchObject({ name: "lab-project", namespace: "argocd" });
    const server = "https://kubernetes.default.svc";
    expect(parse((release["values"] as string[])[0] ?? "")).toEqual({
      manifests: {
        "AppProject/lab": {
          apiVersion: "argoproj.io/v1alpha1",
          kind: "AppProject",
          metadata: { name: "lab" },
          spec: {
            description: "Everything that is delivered through git.",
            sourceRepos: ["http://git.test/group/*", "https://charts.test"],
            destinations: [
              { server, namespace: "argocd" },
              { server, namespace: "apps" },
            ],
            clusterResourceWhitelist: [{ group: "*", kind: "*" }],
          },
        },
      },
    });
  });
});
