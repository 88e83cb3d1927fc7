import { TerraformVariable } from "cdktf";
import { type Layer } from "../../../constructs/core/layer";
import { ComponentSelection } from "../../../constructs/delivery/component-selection";
import { GitOpsProject } from "../../../constructs/delivery/gitops-project";
import { COMPONENT_NAMES } from "../../../environments/lab/catalogue";
import { labDelivery } from "../../../environments/lab/delivery";
import { SETTINGS } from "../../../environments/lab/settings";
import { testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";

describe("labDelivery", () => {
  const selection = (layer: Layer) => {
    const list = new TerraformVariable(layer, "list", { type: "list(string)", description: "Chosen." });
    return {
      scenario: "etl-minimal",
      extraComponents: list.value as never,
      components: new ComponentSelection(COMPONENT_NAMES, list.listValue),
    };
  };

  test("GIVEN argocd THEN components of the layer go through git", () => {
    synthesizeLayer((layer) => {
      const namespace = testNamespace(testCluster(layer), "argocd");
      const project = new GitOpsProject(layer, "lab", { namespace, address: "http://git.test/socle", dependsOn: [] });
      const delivery = labDelivery(layer, SETTINGS, selection(layer), project);
      expect(delivery.gitops?.node.path).toBe("test/gitops");
    });
  });

  test("GIVEN helm THEN Terraform applies the charts itself", () => {
    synthesizeLayer((layer) => {
      const delivery = labDelivery(layer, { ...SETTINGS, delivery: "helm" }, selection(layer), undefined);
      expect(delivery.gitops).toBeUndefined();
    });
  });
});
