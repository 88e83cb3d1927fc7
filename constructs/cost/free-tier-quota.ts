import { Fn, type IResolvable, Op, TerraformLocal, type TerraformProvider, Token } from "cdktf";
import { Construct } from "constructs";
import { DataOciIdentityCompartment } from "@cdktf/provider-oci/lib/data-oci-identity-compartment";
import { LimitsQuota } from "@cdktf/provider-oci/lib/limits-quota";
import { expression } from "../core/address";

export interface FreeTierQuotaProps {
  /** Unique in the tenancy. */
  readonly name: string;
  readonly tenancyId: string;
  readonly compartmentId: string;
  /** Path of the compartment below the tenancy, such as `team:app`; empty where its name alone is the path. */
  readonly compartmentPath: string;
  /** Whether the quota is there. */
  readonly enabled: IResolvable;
  /** Provider of the tenancy's home region: quotas can be changed nowhere else. */
  readonly homeProvider: TerraformProvider;
}

/**
 * What the Always Free tier gives, for a whole tenancy.
 *
 * @see https://docs.oracle.com/en-us/iaas/Content/FreeTier/freetier_topic-Always_Free_Resources.htm
 */
export const ALWAYS_FREE = {
  /** Of `VM.Standard.A1.Flex`; it was 4 before 15 June 2026. */
  ocpus: 2,
  /** Of `VM.Standard.A1.Flex`; it was 24 before 15 June 2026. */
  memoryGib: 12,
  /** Boot and block volumes together. */
  storageGib: 200,
  /** Of boot and block volumes together. */
  volumeBackups: 5,
};

/** The least that a boot volume can have. */
export const MINIMUM_BOOT_VOLUME_GIB = 50;

/**
 * Refuses what would cost money in a compartment: every compute shape but the free ARM one, and more of it, of block
 * storage or of backups than is free. A budget would only tell.
 *
 * One policy, since the strictest of several wins; in it, a later statement overrides an earlier one.
 *
 * @see https://docs.oracle.com/en-us/iaas/Content/Quotas/Concepts/quota_policy_syntax.htm
 */
export class FreeTierQuota extends Construct {
  constructor(scope: Construct, id: string, props: FreeTierQuotaProps) {
    super(scope, id);
    const { tenancyId, compartmentId, compartmentPath, enabled } = props;
    const hasPath = Op.gte(Fn.lengthOf(compartmentPath), 1);
    const isNested = Op.and(
      Op.neq(compartmentId, tenancyId),
      Op.neq(expression(this, "self.compartment_id"), tenancyId),
    );
    const compartment = new DataOciIdentityCompartment(this, "compartment", {
      id: compartmentId,
      lifecycle: {
        postcondition: [
          {
            // A statement names a compartment by its path from the root, which its id does not tell.
            condition: Op.or(Op.not(enabled), Op.or(hasPath, Op.not(isNested))),
            errorMessage:
              'This compartment is not directly below the tenancy, and a quota names it by its path: set compartment_path, such as "team:app".',
          },
        ],
      },
    });
    const path = Fn.conditional(hasPath, compartmentPath, compartment.name);
    const where = new TerraformLocal(
      this,
      "where",
      Fn.conditional(Op.eq(compartmentId, tenancyId), "tenancy", Fn.format("compartment %s", [path])),
    ).asString;
    const { ocpus, memoryGib, storageGib, volumeBackups } = ALWAYS_FREE;
    new LimitsQuota(this, "Resource", {
      count: Token.asNumber(Fn.conditional(enabled, 1, 0)),
      provider: props.homeProvider,
      compartmentId: tenancyId,
      name: props.name,
      description: "Refuses what the Always Free tier does not give",
      statements: [
        "zero compute-core quotas",
        // A region has a limit for each availability domain and one for all of them.
        `set compute-core quota standard-a1-core-count to ${ocpus}`,
        `set compute-core quota standard-a1-core-regional-count to ${ocpus}`,
        "zero compute-memory quotas",
        `set compute-memory quota standard-a1-memory-count to ${memoryGib}`,
        `set compute-memory quota standard-a1-memory-regional-count to ${memoryGib}`,
        `set block-storage quota total-storage-gb to ${storageGib}`,
        `set block-storage quota backup-count to ${volumeBackups}`,
      ].map((statement) => `${statement} in ${where}`),
    });
  }
}
