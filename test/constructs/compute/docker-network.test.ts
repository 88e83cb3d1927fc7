import { DockerNetwork } from "../../../constructs/compute/docker-network";
import { only, synthesizeLayer } from "../../support/construct";

describe("DockerNetwork", () => {
  test("GIVEN a name THEN it is a bridge under that name", () => {
    const { json } = synthesizeLayer((layer) => new DockerNetwork(layer, "network", { name: "lab" }));

    expect(only(json.resource?.["docker_network"])).toEqual({ name: "lab", driver: "bridge" });
  });

  test("GIVEN a block THEN its addresses are from there, the first of them the host's", () => {
    const { json } = synthesizeLayer(
      (layer) => new DockerNetwork(layer, "network", { name: "lab", cidrBlock: "172.30.0.0/24" }),
    );

    expect(only(json.resource?.["docker_network"])["ipam_config"]).toEqual([
      { subnet: "172.30.0.0/24", gateway: '${cidrhost("172.30.0.0/24", 1)}' },
    ]);
  });
});
