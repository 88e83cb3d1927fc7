import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { ApplyJob } from "../cluster/apply-job";
import { countPods, type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { caVolume, filesOf, shortDigest, temporaryVolume } from "../cluster/pod-parts";
import { SocleError } from "../core/error";
import { type SecretKey } from "../secrets/generated-secret";

export interface PostgresqlMigrationsProps {
  readonly namespace: INamespace;
  /** Flyway's image, with an exact tag. */
  readonly image: string;
  /** The primary itself: PgBouncer would lend the role that `initSql` takes to other clients. */
  readonly host: string;
  readonly database: string;
  readonly username: SecretKey;
  readonly password: SecretKey;
  /** Certificate of the authority that signed the server's. */
  readonly caCertificate: SecretKey;
  /** File name such as `V1__roles.sql` → its SQL. A file that was applied never changes: what is to be undone is a new one. */
  readonly files: Readonly<Record<string, string>>;
  /** Runs before each migration, such as `SET ROLE app_owner`. */
  readonly initSql: string;
  /** Schema of Flyway's own history, made when it is missing. */
  readonly historySchema: string;
  /** A text that is another one for another server, such as one restored: the Job runs again. @default - none */
  readonly server?: string;
  /** What has to be there before. @default - only the namespace with its guardrails */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/** A ConfigMap holds a mebibyte; some of it is metadata. */
const MAXIMUM_BYTES = 1_000_000;

const REQUESTS = { cpuMillis: 50, memoryMib: 256 };

/**
 * Versioned SQL, applied by Flyway in a Job: another Job runs whenever a file, the image or the server is another one, and the
 * apply waits for it. It only ever goes forward, and refuses files that were changed after they were applied.
 */
export class PostgresqlMigrations extends Construct implements Connectable {
  readonly pods: Pods;
  /** What uses the schema depends on it. */
  readonly ready: ITerraformDependable;

  /** @throws SocleError when there is no file, a name is none of Flyway's, a version is there twice, or all are too large */
  constructor(scope: Construct, id: string, props: PostgresqlMigrationsProps) {
    super(scope, id);
    SocleError.throwIfAny(this.node.path, problemsOf(props));
    const name = id.replaceAll("_", "-");
    const { namespace } = props;
    const version = shortDigest(JSON.stringify([props.image, props.files]));
    const file = new ConfigMapV1(this, "files", {
      metadata: {
        name: `${name}-${version}`,
        namespace: namespace.name,
        labels: { "app.kubernetes.io/name": name },
      },
      data: filesOf(props.files),
      dependsOn: [...namespace.present],
    });
    const environment = {
      FLYWAY_URL: `jdbc:postgresql://${props.host}:5432/${props.database}?sslmode=verify-full&sslrootcert=/ca/ca.crt`,
      FLYWAY_LOCATIONS: "filesystem:/migrations",
      // Works in 12, with a notice: a callback `afterConnect` is to take its place.
      FLYWAY_INIT_SQL: props.initSql,
      FLYWAY_DEFAULT_SCHEMA: props.historySchema,
      FLYWAY_CREATE_SCHEMAS: "true",
      FLYWAY_VALIDATE_MIGRATION_NAMING: "true",
      FLYWAY_CLEAN_DISABLED: "true",
      // ${…} in SQL is SQL.
      FLYWAY_PLACEHOLDER_REPLACEMENT: "false",
      // The server of a first apply is made meanwhile.
      FLYWAY_CONNECT_RETRIES: "60",
      FLYWAY_CONNECT_RETRIES_INTERVAL: "10",
      REDGATE_DISABLE_TELEMETRY: "true",
      JAVA_ARGS: "-XX:MaxRAMPercentage=50",
      HOME: "/tmp",
    };
    const job = new ApplyJob(this, "Default", {
      namespace,
      name,
      // Other files, or another server, are another Job.
      version: props.server === undefined ? version : `${version}-${props.server}`,
      image: props.image,
      args: ["-skipCheckForUpdate", "migrate"],
      environment,
      secretEnvironment: { FLYWAY_USER: props.username, FLYWAY_PASSWORD: props.password },
      resources: { ...REQUESTS, memoryLimitMib: 512 },
      volumes: [
        { name: "migrations", mountPath: "/migrations", source: { configMap: { name: file.metadata.name } } },
        caVolume(props.caCertificate),
        temporaryVolume("64Mi"),
      ],
      timeoutMinutes: 25,
      retries: 3,
      ...(props.dependsOn ? { dependsOn: props.dependsOn } : {}),
    });
    this.ready = job.done;
    this.pods = job.pods;
    countPods(namespace, { name, ...REQUESTS, replicas: 1 });
  }
}

function problemsOf({ files }: PostgresqlMigrationsProps): string[] {
  const names = Object.keys(files);
  const versions = names.map((name) => /^V([1-9]\d*)__[a-z][a-z0-9_]*\.sql$/.exec(name)?.[1]);
  const bytes = Object.values(files).reduce((sum, sql) => sum + Buffer.byteLength(sql), 0);
  return [
    ...(names.length > 0 ? [] : ["there is no migration: give at least one file"]),
    ...names
      .filter((_, index) => versions[index] === undefined)
      .map((name) => `the migration "${name}" is not named like V2__tables.sql`),
    ...names.flatMap((name, index) => {
      const first = versions.indexOf(versions[index]);
      return versions[index] === undefined || first === index
        ? []
        : [`the migrations "${names[first]}" and "${name}" have the same version: give the later one the next number`];
    }),
    ...(bytes <= MAXIMUM_BYTES
      ? []
      : [`the migrations have ${bytes} bytes, a ConfigMap holds ${MAXIMUM_BYTES}: split them into two applies`]),
  ];
}
