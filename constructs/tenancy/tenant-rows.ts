import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { type SecretKey } from "../secrets/generated-secret";
import { TenantJob } from "./tenant-job";
import { type TenantEntry } from "./tenant-list";

/**
 * SQL that gives each tenant its row in `viridial.organizations`, with the plan of the list. Safe to run again: the name
 * is written once, as the tenant may change it; a row whose tenant left the list stays, since all of the tenant's rows
 * would go with it.
 *
 * Row-level security is forced on the owner too, so each row is written as its own tenant.
 */
export function renderTenantRows(
  tenants: readonly Pick<TenantEntry, "id" | "name" | "organizationId" | "plan">[],
): string {
  return [
    "-- Rows of tenants, for psql as viridial_migrator.",
    "\\set ON_ERROR_STOP on",
    "SET ROLE viridial_owner;",
    ...tenants.flatMap(({ id, name, organizationId, plan }) => [
      "BEGIN;",
      `SET LOCAL app.organization_id = ${literal(organizationId)};`,
      "INSERT INTO viridial.organizations (id, slug, name, plan)",
      `  VALUES (${[organizationId, id, name, plan].map(literal).join(", ")})`,
      "  ON CONFLICT (id) DO UPDATE SET slug = EXCLUDED.slug, plan = EXCLUDED.plan;",
      "COMMIT;",
    ]),
    "",
  ].join("\n");
}

/** A text as SQL has it, with `standard_conforming_strings`. */
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

export interface TenantRowsProps {
  readonly namespace: INamespace;
  /** Begins the Job's name. */
  readonly name: string;
  /** Image with `psql`. */
  readonly image: string;
  /** The primary itself: a pooler would lend the role that is taken to other clients. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** Login of the migrator. */
  readonly username: SecretKey;
  readonly password: SecretKey;
  readonly tenants: readonly TenantEntry[];
  /** @default - nothing */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/** The tenants' rows in PostgreSQL, written by a Job. */
export class TenantRows extends Construct implements Connectable {
  readonly pods: Pods;

  constructor(scope: Construct, id: string, props: TenantRowsProps) {
    super(scope, id);
    this.pods = new TenantJob(this, "Default", {
      namespace: props.namespace,
      name: props.name,
      image: props.image,
      command: ["psql", "--no-psqlrc", "--quiet", "--no-password", "--file=/sql/tenants.sql"],
      files: { mountPath: "/sql", texts: { "tenants.sql": renderTenantRows(props.tenants) } },
      environment: {
        PGHOST: props.host,
        PGPORT: String(props.port),
        PGDATABASE: props.database,
        PGSSLMODE: "require",
        PGCONNECT_TIMEOUT: "10",
      },
      secretEnvironment: { PGUSER: props.username, PGPASSWORD: props.password },
      ...(props.dependsOn ? { dependsOn: props.dependsOn } : {}),
    }).pods;
  }
}
