import { TerraformVariable, type TerraformVariableConfig } from "cdktf";
import { matches, wholeNumber } from "../../constructs/core/input-validation";
import { type Layer } from "../../constructs/core/layer";

/** The choices of ops for viridial-staging-data, each a Terraform variable of the layer. */
export type DataInputs = ReturnType<typeof dataInputs>;

/** A host name with a dot whose last part is no number: no address, and no name of one word such as `minio`. */
const ENDPOINT = "^https://([a-z0-9]([a-z0-9-]*[a-z0-9])?[.])+[a-z]([a-z0-9-]*[a-z0-9])?$";

/** Names that are known inside a cluster, a private network or a machine only. */
const INSIDE = "[.](svc|local|internal|intern|localdomain|localhost|lan|corp|private|home|arpa|test|example)$";

export function dataInputs(layer: Layer) {
  const input = (name: string, config: TerraformVariableConfig) =>
    new TerraformVariable(layer, name, { nullable: false, ...config });
  const endpoint = (name: string, description: string, optional: boolean) => {
    const empty = optional ? `var.${name} == "" || ` : "";
    return input(name, {
      type: "string",
      description,
      ...(optional ? { default: "" } : {}),
      validation: [
        {
          condition: `\${${empty}can(regex("${ENDPOINT}", var.${name}))}`,
          errorMessage: `${name} takes https:// and a public host name, such as "https://fsn1.your-objectstorage.com": no port, path or IP address, and no name of one word. Backups leave the cluster, encrypted.`,
        },
        {
          condition: `\${!can(regex("${INSIDE}", var.${name}))}`,
          errorMessage: `${name} is a name of the cluster or of a private network (such as .svc, .cluster.local or .internal): a backup that is lost together with the cluster is none.`,
        },
      ],
    });
  };
  const bucket = (name: string, description: string, optional: boolean) =>
    input(name, {
      type: "string",
      description,
      ...(optional ? { default: "" } : {}),
      validation: [
        matches(
          name,
          optional ? "^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$" : "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
          `${name} takes the name of a bucket: 3 to 63 lower-case letters, digits, "." and "-".`,
        ),
      ],
    });
  const region = (name: string, description: string) =>
    input(name, {
      type: "string",
      description,
      default: "eu-central",
      validation: [matches(name, "^[a-z0-9-]+$", `${name} takes a region such as "eu-central" or "fsn1".`)],
    });
  return {
    backup: {
      endpoint: endpoint(
        "backup_endpoint",
        "Address of the S3 service outside the cluster that backups go to, such as https://fsn1.your-objectstorage.com.",
        false,
      ),
      bucket: bucket(
        "backup_bucket",
        "Bucket for backups: private, versioned, in another location than the cluster.",
        false,
      ),
      region: region("backup_region", "Region of that bucket, as its service calls it."),
    },
    copy: {
      endpoint: endpoint(
        "backup_copy_endpoint",
        "Address of an S3 service in a second region that backups are copied to, opened by the same keys; empty for no copy.",
        true,
      ),
      bucket: bucket("backup_copy_bucket", "Bucket for the copies in the second region.", true),
      region: region("backup_copy_region", "Region of that bucket."),
    },
    postgresqlGeneration: input("postgresql_generation", {
      type: "number",
      description:
        "Number of the PostgreSQL server, raised by one for a restore only: each writes its WAL to a folder of its own. See Restoring PostgreSQL in the README.",
      default: 1,
      validation: [wholeNumber("postgresql_generation")],
    }),
    postgresqlRestoreTo: input("postgresql_restore_to", {
      type: "string",
      description:
        'What a new PostgreSQL server begins with: a time in UTC such as "2026-11-21T08:00:00Z", as the generation before was then; "latest", with all that it archived; empty, with nothing. A server that runs does not look at it.',
      default: "",
      validation: [
        matches(
          "postgresql_restore_to",
          "^(latest|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?$",
          'postgresql_restore_to takes a time in UTC such as "2026-11-21T08:00:00Z", "latest", or nothing.',
        ),
        {
          condition: '${var.postgresql_restore_to == "" || var.postgresql_generation >= 2}',
          errorMessage:
            "postgresql_restore_to needs a postgresql_generation of 2 or more: the restored server reads the folder of the generation before, and writes to its own.",
        },
      ],
    }),
  };
}
