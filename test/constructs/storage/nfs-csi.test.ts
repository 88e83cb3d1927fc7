import { parse } from "yaml";
import { NfsCsi } from "../../../constructs/storage/nfs-csi";
import { type Values } from "../../../constructs/cluster/component";
import { testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

const counted: { name: string; replicas: number; memoryMib: number }[] = [];
const { json } = synthesizeLayer((layer) => {
  const cluster = testCluster(layer, { nodeCount: 2 });
  new NfsCsi(layer, "nfs", { namespace: testNamespace(cluster), server: "192.168.1.20", share: "/srv/nfs" });
  counted.push(...cluster.capacity.entry.rows);
});
const release = only(json.resource?.["helm_release"]);

describe("NfsCsi", () => {
  test("THEN it is the looked-up chart", () => {
    expect(release).toMatchObject({
      repository: "https://raw.githubusercontent.com/kubernetes-csi/csi-driver-nfs/master/charts",
      chart: "csi-driver-nfs",
      version: "v4.13.4",
    });
  });

  test("THEN its storage class is the default one, leads to the server, and leaves folders when claims go", () => {
    expect((parse((release["values"] as string[])[0] ?? "") as Values)["storageClass"]).toEqual({
      create: true,
      name: "nfs",
      annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
      reclaimPolicy: "Retain",
      volumeBindingMode: "Immediate",
      mountOptions: ["nfsvers=4.1"],
      parameters: { server: "192.168.1.20", share: "/srv/nfs" },
    });
  });

  test("THEN the containers that there are are counted, those of each node on each", () => {
    expect(counted.slice(1).map(({ name, replicas, memoryMib }) => [name, replicas, memoryMib])).toEqual([
      ["csi-driver-nfs/controller", 1, 96],
      ["csi-driver-nfs/node", 2, 160],
    ]);
  });
});
