import * as fs from "node:fs";
import * as path from "node:path";
import { SocleApp } from "../../../constructs/core/app";
import { POLICIES } from "../../../constructs/policy/policies";
import { DATABASE_NEEDS, labBootstrap } from "../../../environments/lab/bootstrap";
import { SCENARIO_NAMES, SCENARIOS } from "../../../environments/lab/catalogue";
import { labServices, POSTGRES_CONNECTIONS } from "../../../environments/lab/services";
import { type LabSettings, SETTINGS } from "../../../environments/lab/settings";
import { DATABASES, VAULT_ENTRIES } from "../../../environments/lab/vault-entries";
import { type OfflineServer, startOfflineServer } from "../../../tools/offline/start";
import { cleanEnvironment, runTerraform } from "../../../tools/offline/terraform";
import { jsonOf, temporaryFolder, testApp, testEnvironment } from "../../support/layers";
import { postgresProgram, PostgresServer } from "../../support/postgres";
import { type AppliedResource, PostgresqlProvider } from "../../support/postgresql-provider";
import { describeWithProgram } from "../../support/programs";
import { describeWithTerraform } from "../../support/terraform";

function build(settings: LabSettings = SETTINGS, app = testApp()) {
  const environment = testEnvironment("lab", "local", app);
  const layer = labBootstrap(environment, settings, labServices(environment, settings));
  return { layer, json: jsonOf(layer) };
}

const { layer, json } = build();

const blocks = (type: string) => Object.values(json.resource?.[type] ?? {});

/** What an entry of Vault is written with, as Terraform's expression. */
const written = (entry: string) => blocks("vault_kv_secret_v2").find(({ name }) => name === entry)?.["data_json_wo"];

describe("the layer lab-bootstrap", () => {
  test("THEN each program has a database and a role of the same name, with the extensions that it needs", () => {
    const names = (type: string) =>
      blocks(type)
        .map(({ name }) => name)
        .sort();
    expect(names("postgresql_role")).toEqual([...DATABASES, "monitoring"].sort());
    expect(names("postgresql_database")).toEqual([...DATABASES].sort());
    expect(
      blocks("postgresql_extension")
        .map(({ database, name }) => `${String(database)} ${String(name)}`)
        .sort(),
    ).toEqual([
      "${postgresql_database.gitlab.name} amcheck",
      "${postgresql_database.gitlab.name} btree_gist",
      "${postgresql_database.gitlab.name} pg_trgm",
      "${postgresql_database.openmetadata.name} pgcrypto",
    ]);
  });

  test.each(SCENARIO_NAMES)("GIVEN the scenario %s THEN its roles leave PostgreSQL some of its connections", (name) => {
    const chosen: readonly string[] = SCENARIOS[name];
    const running = new Set([
      "gitlab",
      ...chosen,
      ...(chosen.includes("trino") || chosen.includes("spark") ? ["iceberg"] : []),
    ]);
    const connections = DATABASES.filter((database) => running.has(database)).map(
      (database) => DATABASE_NEEDS[database].connections,
    );
    // Three are for superusers, five for the exporter.
    expect(connections.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(POSTGRES_CONNECTIONS - 8);
  });

  test("THEN every entry of Vault has texts only: what is known, and what is generated", () => {
    expect(blocks("vault_kv_secret_v2").map(({ name }) => name)).toEqual(expect.arrayContaining([...VAULT_ENTRIES]));
    expect(blocks("vault_kv_secret_v2")).toHaveLength(VAULT_ENTRIES.length);
    expect(written("lab/postgresql/airflow")).toBe(
      '${jsonencode({"host" = "postgres.lab.local", "port" = "5432", "user" = "airflow", "database" = "airflow", "password" = ephemeral.random_password.entry_postgresql_airflow_password.result})}',
    );
    expect(written("lab/oidc/argocd")).toBe(
      '${jsonencode({"client-id" = "argocd", "client-secret" = ephemeral.random_password.entry_oidc_argocd_client_secret.result})}',
    );
    expect(written("lab/minio/dvc")).toBe(
      '${jsonencode({"access-key" = "dvc", "secret-key" = ephemeral.random_password.entry_minio_dvc_secret_key.result})}',
    );
    expect(written("lab/minio/root")).toBe(
      '${jsonencode({"username" = "lab-root", "password" = ephemeral.random_password.entry_minio_root_password.result})}',
    );
    expect(written("lab/postgresql/gitlab")).toBe(
      '${jsonencode({"host" = "postgres.lab.local", "port" = "5432", "user" = "gitlab", "database" = "gitlab", "password" = local.gitlab_password})}',
    );
  });

  test("THEN passwords of providers are in no JSON, and every policy holds", () => {
    expect(json.provider).toMatchObject({
      postgresql: [
        {
          host: "${data.terraform_remote_state.lab_services.outputs.postgres_host}",
          port: "${data.terraform_remote_state.lab_services.outputs.postgres_port}",
          username: "postgres",
          sslmode: "disable",
        },
      ],
      vault: [{ address: "${data.terraform_remote_state.lab_services.outputs.vault_address}" }],
    });
    expect(POLICIES.flatMap((policy) => policy(layer, json))).toEqual([]);
    expect(layer.stateSecrets).toEqual([]);
  });

  test("THEN a login for Terraform reads what is in Vault, and its SecretID is made by hand", () => {
    const [role] = blocks("vault_approle_auth_backend_role");
    expect(role).toMatchObject({
      role_name: "terraform",
      role_id: "lab-terraform",
      token_policies: ["${vault_policy.terraform_policy.name}"],
      secret_id_ttl: 86400,
    });
    const [policy] = blocks("vault_policy");
    expect(policy?.["policy"]).toContain('path "kv/data/lab/*" {\n  capabilities = ["read"]\n}');
    expect(policy?.["policy"]).not.toContain('"sys/mounts/kv');
    expect(Object.keys(json.resource ?? {}).filter((type) => type.includes("secret_id"))).toEqual([]);
  });

  test("GIVEN data that may be given up THEN no database refuses a destroy, and the README says that it goes", () => {
    const disposable = build({ ...SETTINGS, keepData: false });
    const taking = (from: typeof layer) =>
      from.readmeSections.find(({ title }) => title === "Taking it down")?.body ?? "";

    expect(
      Object.values(disposable.json.resource?.["postgresql_database"] ?? {}).map(({ lifecycle }) => lifecycle),
    ).toEqual(DATABASES.map(() => ({ prevent_destroy: false })));
    expect(taking(disposable.layer)).toContain("terraform destroy");
    expect(blocks("postgresql_database").map(({ lifecycle }) => lifecycle)).toEqual(
      DATABASES.map(() => ({ prevent_destroy: true })),
    );
    expect(taking(layer)).not.toContain("terraform destroy");
  });
});

/** What `data.terraform_remote_state` reads of the layer lab-services. */
const services = (folder: string) => ({
  version: 4,
  terraform_version: "1.11.0",
  serial: 1,
  lineage: "lab-services",
  outputs: {
    postgres_host: { value: "postgres.lab.local", type: "string" },
    postgres_port: { value: 5432, type: "number" },
    vault_address: { value: "http://vault.lab.local:8200", type: "string" },
    secrets_path: { value: folder, type: "string" },
  },
  resources: [],
});

const FILE_PASSWORD = "0123456789abcdef-from-the-file";
const VAULT_PASSWORD = "what-vault-answers-with";

/**
 * The layer, applied by the real Terraform. Its providers are the offline ones: they know the shapes of what is sent, and
 * keep nothing; what Vault forgets at a restart is taken out of the state here, as the real provider does when it looks for
 * an entry and finds none.
 */
class AppliedLayer {
  readonly secrets = temporaryFolder();
  private readonly stack: string;

  constructor(private readonly server: OfflineServer) {
    const root = temporaryFolder();
    const out = path.join(root, "cdktf.out");
    fs.mkdirSync(out);
    fs.mkdirSync(path.join(root, ".terraform-state"));
    fs.writeFileSync(path.join(root, ".terraform-state/lab-services.tfstate"), JSON.stringify(services(this.secrets)));
    this.writePassword(FILE_PASSWORD);
    const app = new SocleApp(out);
    build(SETTINGS, app);
    app.synth();
    this.stack = path.join(out, "stacks/lab-bootstrap");
  }

  writePassword(password: string): void {
    fs.writeFileSync(path.join(this.secrets, "gitlab_db_password"), `${password}\n`);
  }

  terraform(...args: readonly string[]) {
    return runTerraform(this.stack, args, cleanEnvironment(this.server.env));
  }

  async succeed(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.terraform(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout;
  }

  /** Applies it; a second plan then has to be empty. */
  async apply(...inputs: readonly string[]): Promise<void> {
    const variables = inputs.map((input) => `-var=${input}`);
    await this.succeed("apply", "-auto-approve", "-no-color", ...variables);
    await this.succeed("plan", "-detailed-exitcode", "-no-color", ...variables);
  }

  /** What a plan does, by address. */
  async planned(): Promise<Readonly<Record<string, readonly string[]>>> {
    await this.succeed("plan", "-out=plan", "-no-color");
    const plan = JSON.parse(await this.succeed("show", "-json", "plan")) as {
      resource_changes: { address: string; change: { actions: string[] } }[];
    };
    return Object.fromEntries(
      plan.resource_changes
        .map(({ address, change }) => [address, change.actions] as const)
        .filter(([, actions]) => actions[0] !== "no-op"),
    );
  }

  async state(): Promise<{ text: string; resources: readonly AppliedResource[]; revisions: Record<string, string> }> {
    const text = await this.succeed("show", "-json");
    const { values } = JSON.parse(text) as {
      values: {
        outputs: { vault_revisions: { value: Record<string, string> } };
        root_module: { resources: AppliedResource[] };
      };
    };
    return { text, resources: values.root_module.resources, revisions: values.outputs.vault_revisions.value };
  }

  /** Role → the version of its password. */
  async versions(): Promise<Readonly<Record<string, unknown>>> {
    const { resources } = await this.state();
    return Object.fromEntries(
      resources
        .filter(({ type }) => type === "postgresql_role")
        .map(({ values }) => [String(values["name"]), values["password_wo_version"]]),
    );
  }

  /** Vault in dev mode keeps nothing when it restarts. */
  async restartVault(): Promise<void> {
    const addresses = (await this.succeed("state", "list")).split("\n").filter((each) => each.startsWith("vault_"));
    await this.succeed("state", "rm", ...addresses);
  }
}

/** Entries, or roles, whose text is another one. */
const changed = (before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>) =>
  Object.keys(after)
    .filter((key) => before[key] !== after[key])
    .sort();

const ROLES = [...DATABASES, "monitoring"];
/** Roles whose password Vault's entry has been given; GitLab's is in a file. */
const GENERATED = ROLES.filter((name) => name !== "gitlab");

describeWithTerraform("the layer lab-bootstrap through Terraform", () => {
  let server: OfflineServer;
  let applied: AppliedLayer;

  beforeAll(async () => {
    server = await startOfflineServer({
      schemas: "schemas",
      fakes: { "vault_kv_secret_v2.data": { password: VAULT_PASSWORD } },
    });
    applied = new AppliedLayer(server);
    await applied.succeed("init", "-no-color");
    await applied.apply();
  }, 60_000);
  afterAll(() => server.stop());

  test("GIVEN an apply THEN no password is in the state", async () => {
    const { text, resources } = await applied.state();
    expect(text).not.toContain(FILE_PASSWORD);
    // In Vault's entries the offline provider makes up an answer, where the real one keeps an empty map.
    const others = resources.filter(({ type }) => type !== "vault_kv_secret_v2");
    expect(others.filter(({ type }) => type === "postgresql_role")).toHaveLength(ROLES.length);
    expect(JSON.stringify(others)).not.toContain(VAULT_PASSWORD);
  });

  test("GIVEN Vault that forgot everything WHEN it is applied THEN each role gets what is written anew, and consumers are told", async () => {
    const [versions, revisions] = [await applied.versions(), (await applied.state()).revisions];
    await applied.restartVault();

    const actions = await applied.planned();
    const having = (action: string) =>
      Object.keys(actions)
        .filter((address) => actions[address]?.join() === action)
        .sort();
    expect(having("create").filter((address) => !address.startsWith("vault_"))).toEqual([]);
    expect(having("create").filter((address) => address.startsWith("vault_kv_secret_v2."))).toHaveLength(
      VAULT_ENTRIES.length,
    );
    expect(having("delete,create").filter((address) => !/^terraform_data\.entry_\w+_written$/.test(address))).toEqual(
      [],
    );
    expect(having("delete,create")).toHaveLength(VAULT_ENTRIES.length);
    expect(having("update")).toEqual(GENERATED.map((name) => `postgresql_role.${name}_role`).sort());
    expect(having("delete")).toEqual([]);

    await applied.apply();
    expect(changed(versions, await applied.versions())).toEqual([...GENERATED].sort());
    expect(changed(revisions, (await applied.state()).revisions)).toEqual([...VAULT_ENTRIES].sort());
  }, 30_000);

  test("GIVEN one raised revision THEN this entry is written anew with its role, and no other", async () => {
    const [versions, revisions] = [await applied.versions(), (await applied.state()).revisions];

    await applied.apply(`secret_revisions={"lab/postgresql/airflow"=2}`);

    expect(changed(versions, await applied.versions())).toEqual(["airflow"]);
    expect(changed(revisions, (await applied.state()).revisions)).toEqual(["lab/postgresql/airflow"]);
  }, 30_000);

  test("GIVEN another password in GitLab's file THEN its role and its entry get it", async () => {
    await applied.apply();
    const [versions, revisions] = [await applied.versions(), (await applied.state()).revisions];

    applied.writePassword(`${FILE_PASSWORD}-2`);
    await applied.apply();

    expect(changed(versions, await applied.versions())).toEqual(["gitlab"]);
    expect(changed(revisions, (await applied.state()).revisions)).toEqual(["lab/postgresql/gitlab"]);
    expect((await applied.state()).text).not.toContain(FILE_PASSWORD);
  }, 30_000);

  test("fails with a sentence for a file that has no password", async () => {
    applied.writePassword("short");

    const { code, stderr } = await applied.terraform("plan", "-no-color");

    expect(code).toBe(1);
    expect(stderr.replace(/\s+/g, " ")).toContain(
      "The file with the password of GitLab's role has less than 16 characters: see Before the first apply in the README.",
    );
  });
});

/**
 * What Terraform keeps of the layer, on a real server: it shows that roles, rights and rotation are right as they are
 * asked for. That the provider asks for them in these words is taken from its source.
 */
describeWithTerraform("what PostgreSQL is asked for", () => {
  describeWithProgram(postgresProgram("postgres"), "on a real PostgreSQL", () => {
    let offline: OfflineServer;
    let server: PostgresServer;
    let applied: AppliedLayer;
    let provider: PostgresqlProvider;
    let first: Readonly<Record<string, string>>;

    /** Stands for what Vault's entry had when it got that version. */
    const passwordOf = (role: string, version: unknown) => `${role}-${String(version)}`;
    const passwords = async () =>
      Object.fromEntries(
        Object.entries(await applied.versions()).map(([role, version]) => [role, passwordOf(role, version)]),
      );
    const deliver = async () => provider.apply((await applied.state()).resources, passwordOf);

    beforeAll(async () => {
      offline = await startOfflineServer({
        schemas: "schemas",
        fakes: { "vault_kv_secret_v2.data": { password: VAULT_PASSWORD } },
      });
      server = await PostgresServer.start();
      provider = new PostgresqlProvider(server);
      applied = new AppliedLayer(offline);
      await applied.succeed("init", "-no-color");
      await applied.apply();
      await deliver();
      provider.askForPasswords();
      first = await passwords();
    }, 60_000);
    afterAll(async () => {
      await server.stop();
      await offline.stop();
    });

    test.each(DATABASES)(
      "GIVEN the role %s THEN it owns its database and can make neither roles nor others",
      (role) => {
        const password = first[role] ?? "";
        expect(provider.as(role, password, role, "CREATE TABLE mine (); SELECT current_user")).toEqual({
          rows: [role],
          error: "",
        });
        expect(provider.as(role, password, role, "CREATE DATABASE more").error).toBe(
          "permission denied to create database",
        );
        expect(provider.as(role, password, role, "CREATE ROLE more").error).toContain("permission denied");
        expect(provider.run("postgres", `SELECT rolconnlimit FROM pg_roles WHERE rolname = '${role}'`)).toEqual([
          String(DATABASE_NEEDS[role].connections),
        ]);
      },
    );

    test.each(DATABASES)("fails for the role %s in the database of another", (role) => {
      for (const other of DATABASES.filter((database) => database !== role)) {
        expect(provider.as(role, first[role] ?? "", other, "SELECT 1").error).toBe(
          `permission denied for database "${other}"`,
        );
      }
    });

    test("THEN the exporter's role sees everybody's statistics, and no table of theirs", () => {
      const as = (database: string, sql: string) => provider.as("monitoring", first["monitoring"] ?? "", database, sql);
      expect(as("postgres", "SELECT count(*) > 0 FROM pg_stat_activity WHERE query IS NOT NULL")).toEqual({
        rows: ["t"],
        error: "",
      });
      expect(as("postgres", "SELECT pg_has_role('pg_read_all_data', 'member')").rows).toEqual(["f"]);
      expect(as("airflow", "SELECT 1").error).toBe('permission denied for database "airflow"');
    });

    test("THEN GitLab and OpenMetadata find their extensions", () => {
      const extensions = (database: string) =>
        provider.run(database, "SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1");
      expect(extensions("gitlab")).toEqual(["amcheck", "btree_gist", "pg_trgm"]);
      expect(extensions("openmetadata")).toEqual(["pgcrypto"]);
      expect(extensions("mlflow")).toEqual([]);
    });

    test("GIVEN Vault that restarted WHEN the layer is applied THEN every role logs in with what Vault has, and not with what it had", async () => {
      await applied.restartVault();
      await applied.apply();
      await deliver();

      const present = await passwords();
      const databaseOf = (role: string) => (role === "monitoring" ? "postgres" : role);
      for (const role of ROLES) {
        expect(provider.as(role, present[role] ?? "", databaseOf(role), "SELECT 1")).toEqual({
          rows: ["1"],
          error: "",
        });
      }
      for (const role of GENERATED) {
        expect(provider.as(role, first[role] ?? "", databaseOf(role), "SELECT 1").error).toBe(
          `password authentication failed for user "${role}"`,
        );
      }
      // GitLab reads a file, which is what it was.
      expect(present["gitlab"]).toBe(first["gitlab"]);
    }, 30_000);
  });
});
