import { TerraformVariable } from "cdktf";
import { HetznerVolumes } from "../../../constructs/storage/hetzner-volumes";
import { synthesizeLayer } from "../../support/construct";

describe("HetznerVolumes", () => {
  const { json } = synthesizeLayer((scope) => {
    const number = (name: string) =>
      new TerraformVariable(scope, name, { type: "number", description: "a number" }).numberValue;
    new HetznerVolumes(scope, "data", {
      name: "app-worker",
      location: "nbg1",
      sizeGib: number("size"),
      serverCount: number("servers"),
      serverId: 7,
      deleteProtection: true,
    });
  });
  const count = "${(var.size >= 1) ? var.servers : 0}";

  test("THEN each server gets one, unless the size is 0, and nothing but ops deletes it", () => {
    expect(json.resource?.["hcloud_volume"]).toEqual({
      data: {
        count,
        name: "app-worker-${(count.index + 1)}",
        location: "nbg1",
        size: "${var.size}",
        format: "ext4",
        delete_protection: true,
        lifecycle: { prevent_destroy: true, ignore_changes: ["location", "format"] },
      },
    });
  });

  test("THEN it is attached to its server, and mounted by Hetzner", () => {
    expect(json.resource?.["hcloud_volume_attachment"]).toEqual({
      data_attachment: { count, volume_id: "${hcloud_volume.data[count.index].id}", server_id: 7, automount: true },
    });
  });
});
