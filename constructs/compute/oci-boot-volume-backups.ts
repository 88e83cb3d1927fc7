import { Op, type TerraformCount, Token } from "cdktf";
import { Construct } from "constructs";
import { CoreVolumeBackupPolicy } from "@cdktf/provider-oci/lib/core-volume-backup-policy";
import { CoreVolumeBackupPolicyAssignment } from "@cdktf/provider-oci/lib/core-volume-backup-policy-assignment";

export interface OciBootVolumeBackupsProps {
  readonly name: string;
  readonly compartmentId: string;
  /** How many weeks a backup is kept, from 1 on. For a moment a volume has one backup more than that. */
  readonly keptWeeks: number;
}

const SECONDS_PER_WEEK = 7 * 24 * 60 * 60;

/** Backs up volumes every Sunday at 3 o'clock (UTC), each time what changed. */
export class OciBootVolumeBackups extends Construct {
  private readonly policyId: string;

  constructor(scope: Construct, id: string, props: OciBootVolumeBackupsProps) {
    super(scope, id);
    this.policyId = new CoreVolumeBackupPolicy(this, "Resource", {
      compartmentId: props.compartmentId,
      displayName: props.name,
      schedules: [
        {
          backupType: "INCREMENTAL",
          period: "ONE_WEEK",
          dayOfWeek: "SUNDAY",
          hourOfDay: 3,
          offsetType: "STRUCTURED",
          timeZone: "UTC",
          retentionSeconds: Token.asNumber(Op.mul(props.keptWeeks, SECONDS_PER_WEEK)),
        },
      ],
    }).id;
  }

  /**
   * Backs up a volume.
   *
   * @param volumeId its id; with `count`, an expression of `count.index`
   */
  protect(id: string, volumeId: string, count?: TerraformCount): void {
    new CoreVolumeBackupPolicyAssignment(this, id, {
      ...(count ? { count } : {}),
      assetId: volumeId,
      policyId: this.policyId,
    });
  }
}
