import * as fs from "node:fs";
import { parse } from "yaml";
import { type TerraformJson } from "../../../../constructs/core/layer";
import { INIT_SQL, ROLES } from "../../../../environments/viridial-staging/data/postgresql";
import { ADDRESSES, NAMESPACES, PODS } from "../../../../environments/viridial-staging/names";
import { PRODUCTION, SETTINGS } from "../../../../environments/viridial-staging/settings";
import { VAULT_STORE } from "../../../../environments/viridial-staging/vault-access";
import { flowsOf } from "../../../support/cluster";
import { synthesizeData } from "../../../support/viridial-data";

const { layer, json } = synthesizeData(SETTINGS);
type Spec = Record<string, unknown>;

/** The objects of a release of custom resources, by `kind/name`, as far as synth knows them. */
function objects(of: TerraformJson, release: string): Record<string, { spec: Spec }> {
  const found = Object.values(of.resource?.["helm_release"] ?? {}).find(
    ({ name, namespace }) => name === release && namespace === NAMESPACES.data,
  );
  const [known = ""] = (found?.["values"] ?? []) as string[];
  return (parse(known.replaceAll("$${", "${"), { version: "1.1" }) as { manifests: Record<string, { spec: Spec }> })
    .manifests;
}

describe("PostgreSQL of viridial-staging-data", () => {
  const cluster = objects(json, "postgresql")["Cluster/postgresql"]?.spec ?? {};

  test("GIVEN staging THEN a primary and one replica, which writes do not wait for while it is away", () => {
    expect(cluster).toMatchObject({
      instances: 2,
      imageName: expect.stringMatching(/postgresql:18\.6-\d+-standard-trixie@sha256:[0-9a-f]{64}$/) as string,
      postgresql: {
        parameters: { archive_timeout: "5min", max_connections: "100" },
        synchronous: { number: 1, dataDurability: "preferred" },
      },
      storage: { storageClass: "hcloud-volumes-retain", size: "10Gi" },
      walStorage: { storageClass: "hcloud-volumes-retain", size: "10Gi" },
    });
  });

  test("GIVEN production THEN two replicas, one of which has every commit, and larger volumes", () => {
    expect(objects(synthesizeData(PRODUCTION).json, "postgresql")["Cluster/postgresql"]?.spec).toMatchObject({
      instances: 3,
      postgresql: { synchronous: { dataDurability: "required", failoverQuorum: true } },
      storage: { size: "100Gi" },
    });
  });

  test("THEN the roles are those that the migrations expect, and two that operate; only one goes around row-level security", () => {
    const roles = (cluster["managed"] as { roles: Record<string, unknown>[] }).roles;
    expect(
      roles.map((role) => [
        role["name"],
        role["login"],
        role["inherit"],
        role["createrole"],
        role["bypassrls"],
        role["inRoles"] ?? [],
        (role["passwordSecret"] as { name: string } | undefined)?.name,
      ]),
    ).toEqual([
      ["viridial_owner", false, true, false, false, [], undefined],
      ["viridial_migrator", true, false, false, false, ["viridial_owner"], "postgresql-migrator"],
      ["viridial_app", true, true, false, false, [], undefined],
      ["viridial_readonly", true, true, false, false, [], undefined],
      [
        "viridial_vault",
        true,
        true,
        true,
        false,
        ["viridial_app", "viridial_readonly", "pg_signal_backend"],
        "postgresql-vault",
      ],
      ["viridial_dump", true, true, false, true, ["pg_read_all_data"], "postgresql-dump"],
    ]);
    expect(roles.filter((role) => role["superuser"] !== false)).toEqual([]);
    expect(INIT_SQL.at(-1)).toBe("GRANT viridial_app, viridial_readonly TO viridial_vault WITH ADMIN OPTION");
    expect(Object.values(ROLES).sort()).toEqual(roles.map(({ name }) => name).sort());
  });

  test("THEN passwords come from Vault, as the operator reads them: at once when they change", () => {
    const secrets = objects(json, VAULT_STORE);
    const named = ["vault", "migrator", "dump"].map((who) => [
      who,
      (secrets[`ExternalSecret/postgresql-${who}`]?.spec["target"] as Spec)["template"],
    ]);
    for (const [, template] of named) {
      expect(template).toMatchObject({
        type: "kubernetes.io/basic-auth",
        metadata: { labels: { "cnpg.io/reload": "true" } },
      });
    }
    expect(json.ephemeral?.["vault_kv_secret_v2"]).toEqual({
      database_users_administrator: { mount: "kv", name: "viridial/postgresql/vault" },
    });
  });

  test("THEN services' users are members of the two groups, and live as long as the login that asked for them", () => {
    const roles = Object.values(json.resource?.["vault_database_secret_backend_role"] ?? {});
    expect(roles.map((role) => [role["name"], role["default_ttl"], role["max_ttl"]])).toEqual([
      ["app", 604800, 604800],
      ["readonly", 604800, 604800],
    ]);
    expect(roles.map((role) => (role["creation_statements"] as string[]).join())).toEqual([
      expect.stringContaining('IN ROLE "viridial_app"'),
      expect.stringContaining('IN ROLE "viridial_readonly"'),
    ]);
  });

  test("THEN PgBouncer forgets the tenant after every transaction, and poolers do not use up the connections", () => {
    const pooler = objects(json, "postgresql")["Pooler/postgresql-pooler"]?.spec;
    expect(pooler).toMatchObject({
      instances: 2,
      pgbouncer: {
        poolMode: "transaction",
        parameters: {
          server_reset_query: "RESET app.organization_id",
          server_reset_query_always: "1",
          max_db_connections: "35",
        },
      },
    });
  });

  test("THEN the migrations are the folder's, run as the owner, before Vault makes users", () => {
    const files = Object.values(json.resource?.["kubernetes_config_map_v1"] ?? {}).find(({ metadata }) =>
      (metadata as { name: string }).name.startsWith("postgresql-migrations-"),
    );
    expect(Object.keys(files?.["data"] as object)).toEqual(
      fs.readdirSync("environments/viridial-staging/migrations").sort(),
    );
    const connection = Object.values(json.resource?.["vault_database_secret_backend_connection"] ?? {})[0];
    expect(connection?.["depends_on"]).toEqual(["kubernetes_job_v1.postgresql_migrations"]);
  });

  test("THEN names and labels are those that later layers use", () => {
    expect(ADDRESSES.postgresqlPooler.host).toBe(`postgresql-pooler.${NAMESPACES.data}`);
    expect(ADDRESSES.postgresql.host).toBe(`postgresql-rw.${NAMESPACES.data}`);
    const { labels } = PODS.postgresql;
    const selected = Object.values(json.resource?.["kubernetes_network_policy_v1"] ?? {}).filter(
      ({ spec }) =>
        JSON.stringify((spec as { pod_selector: { match_labels?: unknown } }).pod_selector.match_labels) ===
        JSON.stringify(labels),
    );
    expect(selected).not.toEqual([]);
  });

  test("THEN nothing reaches PostgreSQL but operator, Vault, migrations, dump, Prometheus, PgBouncer and itself", () => {
    const instances = `${NAMESPACES.data}/postgresql+database`;
    const sources = flowsOf(json).flatMap(([direction, pods, peer, ports]) =>
      direction === "ingress" && pods === instances ? [`${peer} ${ports}`] : [],
    );
    expect(sources.sort()).toEqual([
      "cnpg-system/cloudnative-pg 5432,8000",
      "vault/vault+server 5432",
      "viridial-data/postgresql+database 5432,8000",
      "viridial-data/postgresql-dump 5432",
      "viridial-data/postgresql-migrations 5432",
      "viridial-data/postgresql-pooler 5432",
      "viridial-monitoring/prometheus 9187",
    ]);
  });

  test("THEN what it requests is within its budget of 2400 MiB and 700 m", () => {
    const rows = (layer.capacity?.().rows ?? []).filter(({ name }) => name.startsWith("postgresql"));
    expect(rows.map(({ name, replicas }) => [name, replicas])).toEqual([
      ["postgresql", 2],
      ["postgresql-pooler", 2],
      ["postgresql-migrations", 1],
      ["postgresql-dump", 1],
    ]);
    expect(rows.reduce((sum, { memoryMib }) => sum + memoryMib, 0)).toBeLessThanOrEqual(2400);
    expect(rows.reduce((sum, { cpuMillis }) => sum + cpuMillis, 0)).toBeLessThanOrEqual(700);
  });

  test("THEN no password is in the JSON, and no image has a floating tag", () => {
    const text = JSON.stringify(json);
    expect(text).not.toMatch(/"password"\s*:\s*"(?!\$\{|password")/);
    expect(text).not.toMatch(/:latest"/);
  });
});
