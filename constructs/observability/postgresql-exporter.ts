import { Construct } from "constructs";
import { type INamespace } from "../cluster/namespace";
import { type Pods } from "../cluster/network-policy";
import { Workload } from "../cluster/workload";
import { SocleError } from "../core/error";
import { type VaultSecret } from "../secrets/vault-store";
import { readDashboard } from "./dashboards";
import { type Monitors } from "./monitors";
import { addRules } from "./rules";

const IMAGE = "quay.io/prometheuscommunity/postgres-exporter:v0.20.1";
const PORT = 9187;

export interface PostgresqlExporterProps {
  readonly namespace: INamespace;
  /** Name of the server, such as `postgres.example.com`. */
  readonly host: string;
  /** @default 5432 */
  readonly port?: number;
  /** Secret with the keys `user` and `password` of a role that is a member of `pg_monitor`. */
  readonly credentials: VaultSecret;
  /** Database that it connects to. @default "postgres" */
  readonly database?: string;
  /** How TLS is used, as libpq says it. @default "require" */
  readonly sslMode?: "disable" | "require" | "verify-full";
  /** @default "quay.io/prometheuscommunity/postgres-exporter:v0.20.1" */
  readonly image?: string;
}

/**
 * Tells metrics of a PostgreSQL that has none itself, such as one outside the cluster. How it is reached is for the layer to
 * allow: see {@link pods}.
 *
 * @see https://github.com/prometheus-community/postgres_exporter
 */
export class PostgresqlExporter extends Construct {
  readonly pods: Pods;

  /** @throws SocleError when the host or database is none */
  constructor(scope: Construct, id: string, props: PostgresqlExporterProps) {
    super(scope, id);
    const { namespace, host, port = 5432, credentials, database = "postgres", sslMode = "require" } = props;
    SocleError.throwIfAny(this.node.path, [
      ...(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(host) ? [] : [`host is "${host}": use a name or an address`]),
      ...(/^\w+$/.test(database) ? [] : [`database is "${database}": use letters, digits and "_"`]),
    ]);
    const workload = new Workload(this, "Default", {
      name: "postgresql-exporter",
      namespace,
      image: props.image ?? IMAGE,
      port: PORT,
      resources: { cpuMillis: 10, memoryMib: 32, memoryLimitMib: 96 },
      minimumReplicas: 1,
      maximumReplicas: 1,
      // Answers whether or not PostgreSQL does: that is what pg_up tells.
      healthPath: "/",
      environment: {
        DATA_SOURCE_URI: `${host}:${port}/${database}?sslmode=${sslMode}`,
        DATA_SOURCE_USER_FILE: "/secrets/postgresql/user",
        DATA_SOURCE_PASS_FILE: "/secrets/postgresql/password",
      },
      restartWhenChanged: { credentials: credentials.version },
      dependsOn: [credentials.delivered],
    });
    workload.readsSecret({ folder: "postgresql", secretName: credentials.secretName, keys: ["user", "password"] });
    this.pods = workload.pods;
  }

  /** Has it read, with alerts and a dashboard. */
  monitor(monitors: Monitors): void {
    monitors.scrape({ pods: this.pods, portName: "http", port: PORT, name: "postgresql" });
    addRules(monitors, "postgresql");
    monitors.dashboard(readDashboard("postgresql"));
  }
}
