import { parse } from "yaml";
import { ExistingNamespace } from "../../../constructs/cluster/namespace";
import { TerraformData } from "../../../constructs/core/terraform-data";
import { HcloudCsi, STORAGE_CLASSES } from "../../../constructs/storage/hcloud-csi";
import { testCluster } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

const built = synthesizeLayer((layer) => {
  new HcloudCsi(layer, "csi", {
    namespace: new ExistingNamespace(testCluster(layer), "kube-system"),
    secret: new TerraformData(layer, "secret"),
  });
});
const release = only(built.json.resource?.["helm_release"]);
const values = parse((release["values"] as string[])[0] ?? "") as {
  storageClasses: Record<string, unknown>[];
  node: { hostNetwork: boolean };
  controller: { nodeSelector: unknown };
};

describe("HcloudCsi", () => {
  test("THEN it is the looked-up chart, after both Secrets", () => {
    expect(release).toMatchObject({
      repository: "https://charts.hetzner.cloud",
      chart: "hcloud-csi",
      version: "2.22.1",
      namespace: "kube-system",
      depends_on: ["terraform_data.secret", "kubernetes_secret_v1.csi_passphrase"],
    });
  });

  test("THEN every class encrypts with the passphrase, one is the default, and one keeps its volumes", () => {
    const encryption = {
      "csi.storage.k8s.io/node-publish-secret-name": "hcloud-volumes-passphrase",
      "csi.storage.k8s.io/node-publish-secret-namespace": "kube-system",
    };
    expect(values.storageClasses).toEqual([
      {
        name: STORAGE_CLASSES.default,
        reclaimPolicy: "Delete",
        defaultStorageClass: true,
        extraParameters: encryption,
      },
      {
        name: STORAGE_CLASSES.retain,
        reclaimPolicy: "Retain",
        defaultStorageClass: false,
        extraParameters: encryption,
      },
    ]);
  });

  test("THEN the passphrase is generated, write-only, never written anew, and cannot be destroyed by an apply", () => {
    expect(only(built.json.resource?.["kubernetes_secret_v1"])).toEqual({
      metadata: { name: "hcloud-volumes-passphrase", namespace: "kube-system" },
      type: "Opaque",
      data_wo: { "encryption-passphrase": "${ephemeral.random_password.csi_passphrase_encryption_passphrase.result}" },
      data_wo_revision: 1,
      lifecycle: { prevent_destroy: true },
    });
    expect(built.layer.readmeSections.map(({ title }) => title)).toEqual([
      "Keeping the Secret hcloud-volumes-passphrase",
    ]);
  });

  test("THEN the nodes' part reaches the metadata service from the node's network, and the token stays on control planes", () => {
    expect(values.node.hostNetwork).toBe(true);
    expect(values.controller.nodeSelector).toEqual({ "node-role.kubernetes.io/control-plane": "" });
  });
});
