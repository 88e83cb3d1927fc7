import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component, type Delivery } from "../cluster/component";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { SocleError } from "../core/error";
import { type BasicAuthGate } from "../gateway/basic-auth-gate";
import { HTTPS_ROUTE } from "../gateway/https-route";
import { type SecretKey } from "../secrets/generated-secret";
import { type VaultSecret } from "../secrets/vault-store";
import { type IcebergCatalog } from "./iceberg-catalog";

export interface TrinoProps {
  readonly namespace: INamespace;
  readonly delivery: Delivery;
  /** Name under which people reach its pages, over HTTPS. */
  readonly host: string;
  /** Whom the gateway lets through to them. */
  readonly gate: BasicAuthGate;
  /** Where Iceberg's tables are: which there are, and their files. */
  readonly lakehouse: {
    readonly catalog: IcebergCatalog;
    /** Secret with the keys `user` and `password` of the catalog's database. */
    readonly credentials: VaultSecret;
    /** Such as `s3://data/processed/lakehouse`. */
    readonly warehouse: string;
    /** Such as `http://minio.minio:9000`. */
    readonly storeEndpoint: string;
    /** Secret with the keys `access-key` and `secret-key` of the object store. */
    readonly storeKeys: VaultSecret;
  };
  /** Users of each group, which the decisions are told. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  /** Who decides on who may read what: address of the package, such as `http://opa.opa:8181/v1/data/trino`. */
  readonly decisions: string;
  /** What has to be there before. @default - only the Secrets and the catalog */
  readonly dependsOn?: readonly ITerraformDependable[];
}

const PORT = 8080;

/** Name of the catalog with Iceberg's tables. */
export const LAKEHOUSE = "lakehouse";

/**
 * Trino with Iceberg's tables in an object store, PostgreSQL's of the catalog's own database, and TPC-H's, which it makes up.
 * The Open Policy Agent decides on every query: tables, rows and columns.
 *
 * It believes who says who they are, since it has no passwords: who reaches its pods is said by policies, and people come
 * through the gate.
 *
 * @see https://trino.io/docs/current/security/opa-access-control.html
 */
export class Trino extends Construct implements Connectable {
  readonly pods: Pods;
  readonly port = PORT;
  readonly delivered: ITerraformDependable;

  /** @throws SocleError for a group without users, and for a name that a line of the file of groups cannot have */
  constructor(scope: Construct, id: string, props: TrinoProps) {
    super(scope, id);
    const { namespace, host, gate, lakehouse, groups, decisions } = props;
    SocleError.throwIfAny(this.node.path, groupProblems(groups));
    const { catalog, credentials, storeKeys } = lakehouse;
    const component = new Component(this, "Default", {
      name: "trino",
      namespace,
      repository: "https://trinodb.github.io/charts/",
      version: "1.42.2",
      delivery: props.delivery,
      values: {
        env: [
          variable("CATALOG_USER", credentials.key("user")),
          variable("CATALOG_PASSWORD", credentials.key("password")),
          variable("STORE_ACCESS_KEY", storeKeys.key("access-key")),
          variable("STORE_SECRET_KEY", storeKeys.key("secret-key")),
        ],
        catalogs: {
          [LAKEHOUSE]: properties({
            "connector.name": "iceberg",
            "iceberg.catalog.type": "jdbc",
            "iceberg.jdbc-catalog.catalog-name": LAKEHOUSE,
            "iceberg.jdbc-catalog.driver-class": "org.postgresql.Driver",
            "iceberg.jdbc-catalog.connection-url": catalog.jdbcUrl,
            "iceberg.jdbc-catalog.connection-user": "${ENV:CATALOG_USER}",
            "iceberg.jdbc-catalog.connection-password": "${ENV:CATALOG_PASSWORD}",
            "iceberg.jdbc-catalog.default-warehouse-dir": lakehouse.warehouse,
            "fs.native-s3.enabled": "true",
            "s3.endpoint": lakehouse.storeEndpoint,
            "s3.region": "us-east-1",
            "s3.path-style-access": "true",
            "s3.aws-access-key": "${ENV:STORE_ACCESS_KEY}",
            "s3.aws-secret-key": "${ENV:STORE_SECRET_KEY}",
          }),
          postgresql: properties({
            "connector.name": "postgresql",
            "connection-url": catalog.jdbcUrl,
            "connection-user": "${ENV:CATALOG_USER}",
            "connection-password": "${ENV:CATALOG_PASSWORD}",
          }),
        },
        accessControl: {
          type: "properties",
          properties: properties({
            "access-control.name": "opa",
            "opa.policy.uri": `${decisions}/allow`,
            "opa.policy.batched-uri": `${decisions}/batch`,
            "opa.policy.row-filters-uri": `${decisions}/row_filters`,
            "opa.policy.batch-column-masking-uri": `${decisions}/batch_column_masks`,
          }),
        },
        // A file of Trino's, which it reads anew by itself.
        auth: { groups: groupFile(groups), refreshPeriod: "1m" },
        ingress: {
          enabled: true,
          className: "traefik",
          annotations: { ...HTTPS_ROUTE, ...gate.annotations },
          hosts: [{ host, paths: [{ path: "/", pathType: "Prefix" }] }],
        },
      },
      pods: {
        coordinator: { labels: { "app.kubernetes.io/name": "trino" }, resources: ["coordinator.resources"] },
      },
      dependsOn: [
        credentials.delivered,
        storeKeys.delivered,
        gate.delivered,
        catalog.ready,
        ...(props.dependsOn ?? []),
      ],
    });
    this.pods = component.pods("coordinator");
    this.delivered = component.delivered;
  }

  /** Lets others ask it, as whoever they say they are. */
  allowFrom(source: Connectable): void {
    this.pods.allowFrom(source, { port: PORT });
  }
}

function variable(name: string, { secretName, key }: SecretKey) {
  return { name, valueFrom: { secretKeyRef: { name: secretName, key } } };
}

/**
 * One line for each group: `admins:ada,grace`.
 *
 * @see https://trino.io/docs/current/security/group-mapping.html
 */
function groupFile(groups: TrinoProps["groups"]): string {
  return Object.entries(groups)
    .map(([group, users]) => `${group}:${users.join(",")}\n`)
    .join("");
}

function groupProblems(groups: TrinoProps["groups"]): string[] {
  return Object.entries(groups).flatMap(([group, users]) => [
    ...(users.length > 0 ? [] : [`groups.${group} has no user: leave it out`]),
    ...[group, ...users]
      .filter((name) => !/^[\w.@-]+$/.test(name))
      .map((name) => `groups has the name "${name}": it has letters, digits and . _ @ - only`),
  ]);
}

/** A file of properties, which Trino reads variables into. */
function properties(entries: Readonly<Record<string, string>>): string {
  return Object.entries(entries)
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
}
