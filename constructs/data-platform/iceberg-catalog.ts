import { Fn, type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { ApplyJob } from "../cluster/apply-job";
import { countPods, type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { filesOf, shortDigest, temporaryVolume } from "../cluster/pod-parts";
import { readProjectFile } from "../core/files";
import { type VaultSecret } from "../secrets/vault-store";

export interface IcebergCatalogProps {
  readonly namespace: INamespace;
  /** Image with psql, with its tag. */
  readonly image: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** Secret with the keys `user` and `password`, of the database's owner. */
  readonly credentials: VaultSecret;
}

const REQUESTS = { cpuMillis: 10, memoryMib: 32 };

/**
 * The tables of PostgreSQL in which Trino and Spark keep which Iceberg tables there are: a Job makes those that are not
 * there. Neither needs a metastore of its own then.
 *
 * @see https://iceberg.apache.org/docs/latest/jdbc/
 */
export class IcebergCatalog extends Construct implements Connectable {
  /** Pods of the Job, which have to reach the database. */
  readonly pods: Pods;
  /** Address for JDBC. */
  readonly jdbcUrl: string;
  /** What reads the catalog depends on it. */
  readonly ready: ITerraformDependable;

  constructor(scope: Construct, id: string, props: IcebergCatalogProps) {
    super(scope, id);
    const { namespace, image, host, port, database, credentials } = props;
    const name = id.replaceAll("_", "-");
    const files = { "tables.sql": readProjectFile("constructs/data-platform/iceberg-catalog/tables.sql") };
    const plan = new ConfigMapV1(this, "plan", {
      metadata: { name, namespace: namespace.name, labels: { "app.kubernetes.io/name": name } },
      data: filesOf(files),
      dependsOn: [...namespace.present],
    });
    const job = new ApplyJob(this, "Default", {
      namespace,
      name,
      // Also after the database was made anew, which is when its owner's password is another one.
      version: `${shortDigest(JSON.stringify([image, files]))}-${Fn.substr(Fn.sha256(credentials.version), 0, 8)}`,
      image,
      command: ["psql", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1", "--file=/plan/tables.sql"],
      environment: { HOME: "/tmp", PGHOST: host, PGPORT: String(port), PGDATABASE: database },
      secretEnvironment: { PGUSER: credentials.key("user"), PGPASSWORD: credentials.key("password") },
      resources: { ...REQUESTS, memoryLimitMib: 64 },
      volumes: [
        { name: "plan", mountPath: "/plan", source: { configMap: { name: plan.metadata.name } } },
        temporaryVolume("16Mi"),
      ],
      dependsOn: [credentials.delivered],
    });
    countPods(namespace, { name, ...REQUESTS, replicas: 1 });
    this.pods = job.pods;
    this.jdbcUrl = `jdbc:postgresql://${host}:${port}/${database}`;
    this.ready = job.done;
  }
}
