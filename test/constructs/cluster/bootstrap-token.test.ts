import { TerraformVariable } from "cdktf";
import { BootstrapToken } from "../../../constructs/cluster/bootstrap-token";
import { ExistingNamespace } from "../../../constructs/cluster/namespace";
import { testCluster } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

const secret = () =>
  only(
    synthesizeLayer((layer) => {
      const variable = (name: string, type: string) => new TerraformVariable(layer, name, { type, description: name });
      new BootstrapToken(layer, "bootstrap_token", {
        namespace: new ExistingNamespace(testCluster(layer), "kube-system"),
        token: variable("token", "string").stringValue,
        generation: variable("generation", "number").numberValue,
        when: variable("enabled", "bool"),
      });
    }).json.resource?.["kubernetes_secret_v1"],
  );

describe("BootstrapToken", () => {
  test("THEN it is the Secret that Kubernetes looks for, named after the token's id", () => {
    expect(secret()).toMatchObject({
      metadata: {
        name: 'bootstrap-token-${nonsensitive(element(split(".", var.token), 0))}',
        namespace: "kube-system",
      },
      type: "bootstrap.kubernetes.io/token",
    });
  });

  test("THEN its values are write-only, the expiry a day from when they are written, for joining alone", () => {
    const { data_wo: values, ...rest } = secret();
    expect(values).toEqual({
      "token-id": '${element(split(".", var.token), 0)}',
      "token-secret": '${element(split(".", var.token), 1)}',
      expiration: '${timeadd(timestamp(), "24h")}',
      description: "Lets new nodes join",
      "usage-bootstrap-authentication": "true",
      "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
    });
    expect(JSON.stringify(rest)).not.toContain("timestamp");
  });

  test("THEN only another token has them written again", () => {
    expect(secret()["data_wo_revision"]).toBe("${(parseint(substr(sha256(var.token), 0, 8), 16) + 1)}");
  });

  test("THEN the first token is left to kubeadm, and ops may leave out a later one", () => {
    expect(secret()["count"]).toBe("${(var.enabled && (var.generation >= 2)) ? 1 : 0}");
  });
});
