import * as fs from "node:fs";
import * as path from "node:path";
import { spawnSync } from "node:child_process";
import { TerraformVariable, Token } from "cdktf";
import { parse } from "yaml";
import { helmRelease } from "../../../constructs/cluster/component";
import { filesBelow } from "../../../constructs/core/files";
import { Superset } from "../../../constructs/data-platform/superset";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";
import { releaseOf } from "../../support/helm";
import { temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";
import { describeWithPython, runPython } from "../../support/python";
import { testRevision, testSingleSignOn } from "../../support/single-sign-on";
import { testStore } from "../../support/vault-store";

const FOLDER = "constructs/data-platform/superset";

const { json } = synthesizeLayer((layer) => {
  const namespace = testNamespace(testCluster(layer), "superset_namespace", { name: "superset" });
  const store = testStore(layer, namespace);
  const trino = new TerraformVariable(layer, "trino", { type: "bool", description: "Whether Trino is there." });
  new Superset(layer, "superset", {
    namespace,
    delivery: helmRelease,
    host: "superset.test",
    image: { repository: "registry.test/superset", tag: "abc" },
    database: store.secret("own", { entry: "own", keys: { DATABASE_URI: "uri" } }),
    runs: store.secret("runs", { entry: "runs", keys: { RUNS_URI: "uri" } }),
    keys: new GeneratedSecret(layer, "keys", {
      namespace,
      generate: { "secret-key": { length: 64 } },
      afterRotation: "Lost.",
    }),
    admin: new GeneratedSecret(layer, "admin", {
      namespace,
      generate: { password: { length: 32 } },
      revision: testRevision(layer),
      afterRotation: "Log in again.",
    }),
    singleSignOn: testSingleSignOn(layer, store),
    trino: { when: { booleanValue: Token.asAny(trino.booleanValue) }, uri: "trino://superset@trino:8080/lakehouse" },
  });
});
const { known, rest, version, dependsOn } = releaseOf(json, "superset");

describe("Superset", () => {
  test("THEN it has its own image, and nothing of Bitnami's", () => {
    expect(version).toBe("0.17.2");
    expect(known).toMatchObject({
      image: { repository: "registry.test/superset", tag: "abc" },
      postgresql: { enabled: false },
      redis: { enabled: false },
      supersetWorker: { replicas: { replicaCount: 0 } },
    });
  });

  test("THEN no secret is in the values: the chart makes none, and gets them by Secrets", () => {
    expect(known).toMatchObject({
      secretEnv: { create: false },
      envFromSecret: "own",
      envFromSecrets: ["runs"],
      init: { createAdmin: false },
    });
    expect(known["extraEnvRaw"]).toEqual([
      { name: "SUPERSET_SECRET_KEY", valueFrom: { secretKeyRef: { name: "keys", key: "secret-key" } } },
      { name: "ADMIN_PASSWORD", valueFrom: { secretKeyRef: { name: "admin", key: "password" } } },
    ]);
    expect(dependsOn).toEqual(
      expect.arrayContaining(["helm_release.vault", "kubernetes_secret_v1.keys", "kubernetes_secret_v1.admin"]),
    );
  });

  test("THEN the Job that sets it up is none of Helm's hooks", () => {
    expect((known["init"] as { jobAnnotations: unknown }).jobAnnotations).toEqual({
      "helm.sh/hook": null,
      "helm.sh/hook-delete-policy": null,
      "argocd.argoproj.io/hook": "Sync",
      "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation",
    });
  });

  test("THEN Trino is a connection, and Keycloak logs people in, while they are there", () => {
    expect(rest).toHaveLength(2);
    expect(rest[0]).toBe(
      '${var.trino ? "extraEnv:\\n  TRINO_URI: trino://superset@trino:8080/lakehouse\\n  ASSETS_FOLDER: /app/configs\\n" : ""}',
    );
    expect(rest[1]).toMatch(/^\$\{var\.keycloak \? /);
    for (const part of [
      "AUTH_TYPE = AUTH_OAUTH",
      "OIDC_ISSUER: https://keycloak.test/realms/lab\\n",
      "ADMIN_PASSWORD",
    ]) {
      expect(rest[1]).toContain(part);
    }
    expect(flowsOf(json).filter(([, pods]) => pods === "superset/superset+superset")).toEqual([
      ["egress", "superset/superset+superset", "login/keycloak", "8080"],
    ]);
  });
});

interface Asset {
  readonly uuid: string;
  readonly database_uuid?: string;
  readonly dataset_uuid?: string;
  readonly schema?: string;
  readonly table_name?: string;
  readonly metrics?: readonly { metric_name: string }[];
  readonly columns?: readonly { column_name: string }[];
  readonly params?: { metric?: string; metrics?: readonly string[]; groupby?: readonly string[]; x_axis?: string };
  readonly position?: Readonly<
    Record<string, { type?: string; children?: readonly string[]; meta?: { uuid?: string } }>
  >;
}

describe("the dashboards that it brings", () => {
  const assets = new Map(
    filesBelow(`${FOLDER}/assets`).map((file) => [
      file,
      parse(fs.readFileSync(`${FOLDER}/assets/${file}`, "utf8")) as Asset,
    ]),
  );
  const inFolder = (folder: string) =>
    [...assets].filter(([file]) => file.startsWith(folder)).map(([, asset]) => asset);
  const [dataset] = inFolder("datasets/");
  const charts = inFolder("charts/");

  test("THEN the Job that sets it up finds each file, by a name that a ConfigMap takes", () => {
    const configs = known["extraConfigs"] as Record<string, string>;
    expect(Object.keys(configs)).toEqual([
      ...[...assets.keys()].map((file) => file.replaceAll("/", "__")),
      "bundle.py",
    ]);
    expect(known["extraConfigMountPath"]).toBe("/app/configs");
    // The chart reads them as templates.
    for (const [file, text] of Object.entries(configs)) {
      expect([file, /^[-._a-zA-Z0-9]+$/.test(file), text.includes("{{")]).toEqual([file, true, false]);
    }
  });

  test("THEN the data set is a table that etl_minimal publishes, with its columns", () => {
    const published = fs.readFileSync("images/duckdb-dbt/lab_pipeline/publish.py", "utf8");
    const columns = /"revenue": \(\s*PROCESSED \+ "revenue\.parquet",\s*\{(.*)\},/.exec(published)?.[1];
    expect([dataset?.schema, dataset?.table_name]).toEqual(["sales", "revenue"]);
    expect(dataset?.columns?.map(({ column_name: name }) => name)).toEqual(
      [...(columns ?? "").matchAll(/"(\w+)": "/g)].map(([, name]) => name),
    );
    expect(dataset?.database_uuid).toBe(assets.get("databases/Trino.yaml")?.uuid);
  });

  test("THEN every chart shows metrics and columns of that data set, and is on the dashboard", () => {
    const columns = dataset?.columns?.map(({ column_name: name }) => name) ?? [];
    const metrics = dataset?.metrics?.map(({ metric_name: name }) => name) ?? [];
    for (const { dataset_uuid: of, params } of charts) {
      expect(of).toBe(dataset?.uuid);
      expect(metrics).toEqual(expect.arrayContaining(params?.metrics ?? [params?.metric]));
      expect(columns).toEqual(expect.arrayContaining([...(params?.groupby ?? []), params?.x_axis ?? "region"]));
    }
    const [dashboard] = inFolder("dashboards/");
    const shown = Object.values(dashboard?.position ?? {}).flatMap(({ meta }) => meta?.uuid ?? []);
    expect(shown.sort()).toEqual(charts.map(({ uuid }) => uuid).sort());
    expect(new Set([...assets.values()].flatMap(({ uuid }) => uuid ?? [])).size).toBe(assets.size - 1);
  });

  test("THEN each part of the dashboard is in one that is there", () => {
    const position = inFolder("dashboards/")[0]?.position ?? {};
    const children = Object.values(position).flatMap((each) => each.children ?? []);
    expect(children.sort()).toEqual(
      Object.keys(position)
        .filter((key) => /^(GRID_ID|ROW-|CHART-)/.test(key))
        .sort(),
    );
  });
});

describeWithPython("workloads/airflow-dags", "the archive that Superset imports", (python) => {
  const UUID = "00000000-0000-4000-8000-000000000001";

  function bundle(rows: string, files: Readonly<Record<string, string>>) {
    const folder = temporaryFolder();
    for (const [name, text] of Object.entries(files)) {
      fs.writeFileSync(path.join(folder, name), text);
    }
    const database = path.join(folder, "superset.db");
    const script = `
import sqlite3, subprocess, sys, zipfile
with sqlite3.connect("${database}") as made:
    made.execute("create table dbs (database_name text, uuid text)")
    made.executescript("${rows}")
run = subprocess.run([sys.executable, "${path.resolve(FOLDER)}/bundle.py", "${folder}", "${folder}/assets.zip"], capture_output=True, text=True)
if run.returncode == 0:
    with zipfile.ZipFile("${folder}/assets.zip") as archive:
        print({name: archive.read(name).decode() for name in archive.namelist()})
sys.stderr.write(run.stderr.strip().splitlines()[-1] if run.stderr else "")
sys.exit(run.returncode)`;
    const { status, stdout, stderr } = runPython(python, ["-c", script], {
      cwd: folder,
      env: { DATABASE_URI: `sqlite:///${database}` },
    });
    return { status, stdout: stdout.trim(), stderr };
  }

  test("THEN files are in their folders, below one that Superset leaves out, with the connection that is there", () => {
    expect(
      bundle(`insert into dbs values ('Trino', '${UUID}')`, {
        "metadata.yaml": "type: Dashboard",
        "datasets__Trino__revenue.yaml": "database_uuid: 5d0c1e0a-6f2b-4c39-9f55-0d6f0c1a7b01",
      }),
    ).toEqual({
      status: 0,
      stdout: `{'assets/datasets/Trino/revenue.yaml': 'database_uuid: ${UUID}', 'assets/metadata.yaml': 'type: Dashboard'}`,
      stderr: "",
    });
  });

  test("fails without the connection, and says so", () => {
    const { status, stderr } = bundle("", { "metadata.yaml": "type: Dashboard" });
    expect([status, stderr]).toEqual([1, 'Superset has no connection "Trino"']);
  });

  test("fails without the assets, and says so", () => {
    const { status, stderr } = bundle(`insert into dbs values ('Trino', '${UUID}')`, {});
    expect(status).toBe(1);
    expect(stderr).toMatch(/ has no metadata\.yaml: are the assets mounted there\?$/);
  });
});

describeWithProgram("sh", "the script that sets it up", () => {
  function setUp(environment: Readonly<Record<string, string>>, failing = "") {
    const folder = temporaryFolder();
    fs.writeFileSync(
      path.join(folder, "superset"),
      `#!/bin/sh\necho "$*" >>"${folder}/log"\ncase "$*" in ${failing || "nothing"}*) exit 1 ;; esac\n`,
      { mode: 0o755 },
    );
    fs.writeFileSync(path.join(folder, "python"), `#!/bin/sh\necho "python $*" >>"${folder}/log"\n`, { mode: 0o755 });
    const { status } = spawnSync("sh", [`${FOLDER}/init.sh`], {
      env: {
        PATH: `${folder}:${process.env["PATH"]}`,
        ADMIN_PASSWORD: "s3cret",
        RUNS_URI: "postgresql://runs",
        ...environment,
      },
    });
    return { status, log: fs.readFileSync(path.join(folder, "log"), "utf8").trim().split("\n") };
  }

  test("GIVEN no Trino THEN there is one connection, and the admin has the password of the Secret", () => {
    const { status, log } = setUp({}, '"fab create-admin"');
    expect(status).toBe(0);
    expect(log).toEqual([
      "db upgrade",
      "init",
      "fab create-admin --username admin --firstname Lab --lastname Admin --email admin@lab.local --password s3cret",
      "fab reset-password --username admin --password s3cret",
      "set-database-uri --database_name MLflow runs --uri postgresql://runs",
    ]);
  });

  test("GIVEN Trino THEN it is a connection, too, and the dashboards on it are imported after that", () => {
    expect(setUp({ TRINO_URI: "trino://x", ASSETS_FOLDER: "/assets" }).log.slice(-3)).toEqual([
      "set-database-uri --database_name Trino --uri trino://x",
      "python /assets/bundle.py /assets /tmp/assets.zip",
      "import-dashboards --path /tmp/assets.zip --username admin",
    ]);
  });

  test("fails when the database cannot be brought to the version", () => {
    const { status, log } = setUp({}, '"db upgrade"');
    expect([status, log]).toEqual([1, ["db upgrade"]]);
  });
});

describeWithProgram("shellcheck", "the script that sets it up", () => {
  test("THEN shellcheck has nothing to say", () => {
    const { stdout, status } = spawnSync("shellcheck", [`${FOLDER}/init.sh`], { encoding: "utf8" });
    expect([stdout, status]).toEqual(["", 0]);
  });
});

describeWithProgram("python3", "its configuration", () => {
  test.each(["bundle.py", "config.py", "single_sign_on.py"])("THEN %s is Python", (file) => {
    const { stderr, status } = spawnSync("python3", ["-m", "py_compile", `${FOLDER}/${file}`], {
      encoding: "utf8",
      env: { PATH: process.env["PATH"], PYTHONPYCACHEPREFIX: temporaryFolder() },
    });
    expect([stderr, status]).toEqual(["", 0]);
  });
});
