import { DockerNetwork } from "../../../constructs/compute/docker-network";
import { only, synthesizeLayer } from "../../support/construct";

describe("DockerNetwork", () => {
  test("GIVEN a name THEN it is a bridge under that name", () => {
    const { json } = synthesizeLayer((layer) => new DockerNetwork(layer, "network", { name: "lab" }));

    expect(only(json.resource?.["docker_network"])).toEqual({ name: "lab", driver: "bridge" });
  });
});
