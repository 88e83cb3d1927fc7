import { Pods } from "../../../constructs/cluster/network-policy";
import { allowToContainer, containerAddress, CONTAINERS, nodeAddress } from "../../../environments/lab/network";
import { SETTINGS } from "../../../environments/lab/settings";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";

describe("addresses in the lab's network", () => {
  const settings = { networkCidrBlock: "10.20.30.0/24" };

  test("GIVEN a block THEN every container and node has an address of its own in it", () => {
    const containers = (Object.keys(CONTAINERS) as (keyof typeof CONTAINERS)[]).map((name) =>
      containerAddress(settings, name),
    );
    const nodes = [0, 1, 8].map((index) => nodeAddress(settings, index));
    expect([...containers, ...nodes]).toEqual([
      "10.20.30.10",
      "10.20.30.11",
      "10.20.30.12",
      "10.20.30.13",
      "10.20.30.20",
      "10.20.30.21",
      "10.20.30.28",
    ]);
  });

  test("GIVEN pods that use a container THEN they reach its port, and nothing else", () => {
    const { json } = synthesizeLayer((layer) => {
      const pods = new Pods(layer, "web", { namespace: testNamespace(testCluster(layer)), labels: { app: "web" } });
      allowToContainer(pods, SETTINGS, "postgres");
    });
    expect(flowsOf(json).filter(([, pods]) => pods === "apps/web")).toEqual([
      ["egress", "apps/web", "172.30.0.10/32", "5432"],
    ]);
  });
});
