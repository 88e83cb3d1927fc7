import { DockerVolume, type DockerVolumeProps } from "../../../constructs/compute/docker-volume";
import { only, synthesizeLayer } from "../../support/construct";

const volume = (props: DockerVolumeProps) =>
  only(synthesizeLayer((layer) => new DockerVolume(layer, "data", props)).json.resource?.["docker_volume"]);

describe("DockerVolume", () => {
  test("GIVEN a name THEN it is made under it, and Terraform refuses to delete it", () => {
    expect(volume({ name: "lab-data" })).toEqual({ name: "lab-data", lifecycle: { prevent_destroy: true } });
  });

  test("GIVEN that its data may be given up THEN the JSON says so", () => {
    expect(volume({ name: "lab-data", keep: false })).toEqual({
      name: "lab-data",
      lifecycle: { prevent_destroy: false },
    });
  });
});
