import { TerraformCount, TerraformVariable } from "cdktf";
import { OciBootVolumeBackups } from "../../../constructs/compute/oci-boot-volume-backups";
import { only, synthesizeLayer } from "../../support/construct";

test("GIVEN weeks THEN volumes are backed up on Sundays and each backup is kept that long", () => {
  const { json } = synthesizeLayer((layer) => {
    const number = new TerraformVariable(layer, "number", { type: "number", description: "Number" });
    const backups = new OciBootVolumeBackups(layer, "backups", {
      name: "app",
      compartmentId: "c-1",
      keptWeeks: number.numberValue,
    });
    backups.protect("server", "v-1");
    backups.protect("agent", "v-2", TerraformCount.of(number.numberValue));
  });

  expect(only(json.resource?.["oci_core_volume_backup_policy"])).toEqual({
    compartment_id: "c-1",
    display_name: "app",
    schedules: [
      {
        backup_type: "INCREMENTAL",
        period: "ONE_WEEK",
        day_of_week: "SUNDAY",
        hour_of_day: 3,
        offset_type: "STRUCTURED",
        time_zone: "UTC",
        retention_seconds: "${(var.number * 604800)}",
      },
    ],
  });
  const policy = "${oci_core_volume_backup_policy.backups.id}";
  expect(json.resource?.["oci_core_volume_backup_policy_assignment"]).toEqual({
    backups_server: { asset_id: "v-1", policy_id: policy },
    backups_agent: { asset_id: "v-2", policy_id: policy, count: "${var.number}" },
  });
});
