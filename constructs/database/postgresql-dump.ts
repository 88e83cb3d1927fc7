import { type Construct } from "constructs";
import { caVolume } from "../cluster/pod-parts";
import { type SecretKey } from "../secrets/generated-secret";
import { ScheduledUpload, type UploadPlan } from "../storage/scheduled-upload";

/** Its bucket gets `dumps/<database>-<time>.dump`. */
export interface PostgresqlDumpProps extends UploadPlan {
  /** Image with `pg_dump` of the server's major release or a later one. */
  readonly image: string;
  /** The primary itself, not PgBouncer. */
  readonly host: string;
  readonly database: string;
  /** A role that row-level security does not hold back: `pg_dump` refuses to dump a part. */
  readonly username: SecretKey;
  readonly password: SecretKey;
  /** Certificate of the authority that signed the server's. */
  readonly caCertificate: SecretKey;
  /** The most that a dump may take on its node's disk, in GiB. */
  readonly maximumGib: number;
}

/**
 * A logical dump of a database, on a schedule, in a bucket outside the cluster: unlike base backups it is restored table by
 * table, and into another major release. It is read once before it is uploaded, and its size is compared after.
 */
export class PostgresqlDump extends ScheduledUpload {
  /** @throws SocleError when the schedule has other than five fields, or a number is not positive */
  constructor(scope: Construct, id: string, props: PostgresqlDumpProps) {
    super(scope, id, {
      ...props,
      make: {
        image: props.image,
        script: "constructs/database/postgresql-dump/dump.sh",
        environment: {
          PGHOST: props.host,
          PGPORT: "5432",
          PGDATABASE: props.database,
          PGSSLMODE: "verify-full",
          PGSSLROOTCERT: "/ca/ca.crt",
        },
        secretEnvironment: { PGUSER: props.username, PGPASSWORD: props.password },
        volumes: [caVolume(props.caCertificate)],
      },
      object: { prefix: `dumps/${props.database}`, extension: "dump" },
      resources: { cpuMillis: 50, memoryMib: 128, memoryLimitMib: 384 },
      deadlineMinutes: 240,
    });
  }
}
