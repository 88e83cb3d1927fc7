import * as fs from "node:fs";
import * as http from "node:http";
import { type AddressInfo } from "node:net";
import * as path from "node:path";
import { spawn } from "node:child_process";
import { TerraformVariable, Token } from "cdktf";
import { helmRelease } from "../../../constructs/cluster/component";
import { readProjectFile } from "../../../constructs/core/files";
import { OpenMetadata, OPENMETADATA_POD_SECURITY } from "../../../constructs/data-platform/openmetadata";
import {
  fromEnvironment,
  type MetadataConnector,
  OpenMetadataConnectors,
} from "../../../constructs/data-platform/openmetadata-connectors";
import { OpenSearch } from "../../../constructs/data-platform/opensearch";
import { GeneratedKeyPair } from "../../../constructs/secrets/generated-key-pair";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { messageOf, temporaryFolder } from "../../support/layers";
import { describeWithMinio, MinioServer, ROOT } from "../../support/minio";
import { describeWithProgram } from "../../support/programs";
import { describeWithPython } from "../../support/python";
import { testStore } from "../../support/vault-store";

const SCRIPT = "constructs/data-platform/openmetadata/catalogue.py";

function build(change: (connectors: MetadataConnector[]) => MetadataConnector[] = (connectors) => connectors) {
  return synthesizeLayer((layer) => {
    const namespace = testNamespace(testCluster(layer), "catalogue", { podSecurity: OPENMETADATA_POD_SECURITY });
    const store = testStore(layer, namespace);
    const secret = (id: string, key: string) =>
      new GeneratedSecret(layer, id, { namespace, generate: { [key]: { length: 32 } }, afterRotation: "Kept." });
    const database = store.secret("database", { entry: "database", keys: { password: "password" } });
    const admin = secret("admin", "password");
    const trino = new TerraformVariable(layer, "trino", { type: "bool", description: "Whether Trino is there." });
    new OpenMetadataConnectors(layer, "connectors", {
      namespace,
      openMetadata: new OpenMetadata(layer, "openmetadata", {
        namespace,
        delivery: helmRelease,
        host: "openmetadata.test",
        database: { host: "postgres.test", port: 5432, name: "catalogue", user: "owner", credentials: database },
        search: new OpenSearch(layer, "search", { namespace }),
        keys: secret("keys", "fernet-key"),
        signing: new GeneratedKeyPair(layer, "signing", { namespace, whenLost: "Log in again." }),
        admin,
      }),
      admin,
      image: "registry.test/data-quality:abc",
      connectors: change([
        {
          name: "trino",
          when: { booleanValue: Token.asAny(trino.booleanValue) },
          kind: "databaseService",
          type: "Trino",
          connection: { type: "Trino", username: "catalogue", hostPort: "trino:8080" },
          pipelines: [{ type: "metadata", source: { type: "DatabaseMetadata" }, schedule: "0 * * * *" }],
        },
        {
          name: "airflow",
          kind: "pipelineService",
          type: "Airflow",
          connection: { connection: { authType: { password: fromEnvironment("AIRFLOW_PASSWORD") } } },
          secrets: { AIRFLOW_PASSWORD: { of: database, key: "password" } },
          pipelines: [{ type: "metadata", source: { type: "PipelineMetadata" }, schedule: "40 * * * *" }],
        },
      ]),
      results: {
        storeEndpoint: "http://minio:9000",
        bucket: "data",
        folder: "processed/quality",
        storeKeys: store.secret("store", { entry: "store", keys: { "access-key": "id", "secret-key": "key" } }),
        tables: { orders: "trino.lakehouse.sales.orders" },
      },
    });
  });
}

interface Container {
  readonly command: readonly string[];
  readonly image: string;
  readonly env: readonly Record<string, unknown>[];
}
const { json } = build();
const job = Object.entries(json.resource?.["kubernetes_job_v1"] ?? {}).find(([name]) => name === "connectors")?.[1] as {
  metadata: { name: string };
  depends_on: string[];
  spec: { template: { spec: { container: Container[] } } };
};
const cronJob = only(json.resource?.["kubernetes_cron_job_v1"]) as {
  spec: { schedule: string; job_template: { spec: { template: { spec: { container: Container[] } } } } };
};
const plan = json.resource?.["kubernetes_config_map_v1"]?.["connectors_plan"]?.["data"] as Record<string, string>;
const secretKey = (name: string, secret: string, key: string) => ({
  name,
  value_from: { secret_key_ref: { name: secret, key } },
});

describe("OpenMetadataConnectors", () => {
  test("THEN a Job makes services and pipelines, after the admin has its password, with no secret in the plan", () => {
    const [container] = job.spec.template.spec.container;
    expect(container?.command).toEqual(["python", "/plan/catalogue.py", "connect"]);
    expect(container?.image).toBe("registry.test/data-quality:abc");
    expect(container?.env).toEqual(
      expect.arrayContaining([
        { name: "SERVER", value: "http://openmetadata:8585" },
        secretKey("ADMIN_PASSWORD", "admin", "password"),
        secretKey("AIRFLOW_PASSWORD", "database", "password"),
      ]),
    );
    expect(job.depends_on).toEqual(expect.arrayContaining(["helm_release.vault"]));
    expect(job.depends_on.some((each) => each.startsWith("kubernetes_job_v1.openmetadata_admin"))).toBe(true);
    expect(plan["catalogue.py"]).toBe(readProjectFile(SCRIPT).replaceAll("${", "$${"));
    expect(JSON.parse(plan["plan.json"] ?? "")).toMatchObject({
      connectors: [
        { name: "trino" },
        { connection: { connection: { authType: { password: { fromEnvironment: "AIRFLOW_PASSWORD" } } } } },
      ],
    });
  });

  test("THEN another one runs when something else is chosen, or a password was written anew", () => {
    expect(job.metadata.name).toMatch(
      /^openmetadata-connectors-[0-9a-f]{8}-\$\{substr\(sha256\(join\(" ", .*compact\(\[\(?var\.trino \? "trino" : ""\)?, "airflow"\]\).*"3"/,
    );
  });

  test("THEN a CronJob brings results, with a key that may read them", () => {
    const [container] = cronJob.spec.job_template.spec.template.spec.container;
    expect(cronJob.spec.schedule).toBe("*/5 * * * *");
    expect(container?.command).toEqual(["python", "/plan/catalogue.py", "results"]);
    expect(container?.env).toEqual(
      expect.arrayContaining([
        { name: "AWS_ENDPOINT_URL_S3", value: "http://minio:9000" },
        secretKey("AWS_ACCESS_KEY_ID", "store", "access-key"),
        secretKey("AWS_SECRET_ACCESS_KEY", "store", "secret-key"),
      ]),
    );
    const server = "catalogue/openmetadata+openmetadata";
    expect(flowsOf(json).filter(([direction, pods]) => direction === "ingress" && pods === server)).toEqual(
      expect.arrayContaining([
        ["ingress", server, "catalogue/openmetadata-connectors", "8585"],
        ["ingress", server, "catalogue/openmetadata-results", "8585"],
      ]),
    );
  });

  test("fails for a schedule of another form, and for names that are there twice", async () => {
    expect(
      await messageOf(() =>
        build((connectors) => [
          ...connectors,
          ...connectors.slice(1).map((each) => ({
            ...each,
            pipelines: each.pipelines.map((pipeline) => ({ ...pipeline, schedule: "hourly" })),
          })),
        ]),
      ),
    ).toBe(
      [
        "test/connectors: 3 problems",
        '  - the connector "airflow" is there twice',
        '  - the variable of a secret "AIRFLOW_PASSWORD" is there twice',
        '  - airflow.metadata: schedule is "hourly": it has five fields, such as "30 2 * * *"',
      ].join("\n"),
    );
  });
});

type Call = readonly [method: string, path: string, body: unknown];

/** A server that answers as OpenMetadata does, as far as the script asks it. */
class FakeOpenMetadata {
  readonly calls: Call[] = [];
  /** Tables that it has, and whether each has a suite of tests. */
  readonly tables = new Map<string, boolean>();
  readonly results = new Map<string, { timestamp: number; testCaseStatus: string; result: string }>();
  private readonly server = http.createServer((request, response) => {
    let text = "";
    request.on("data", (part: Buffer) => (text += part.toString()));
    request.on("end", () => {
      const body = (text === "" ? undefined : JSON.parse(text)) as Record<string, unknown> | undefined;
      const { pathname } = new URL(request.url ?? "", "http://fake");
      const [status, answer] = this.answer(
        request.method ?? "",
        decodeURIComponent(pathname.replace("/api/v1", "")),
        body,
        request.headers.authorization,
      );
      response.writeHead(status, { "Content-Type": "application/json" });
      response.end(JSON.stringify(answer));
    });
  });

  private answer(
    method: string,
    at: string,
    body: Record<string, unknown> | undefined,
    authorization: string | undefined,
  ): readonly [number, unknown] {
    if (at === "/users/login") {
      const good = body?.["email"] === "admin@test" && body["password"] === Buffer.from("s3cret").toString("base64");
      return good ? [200, { accessToken: "t0ken" }] : [401, { message: "wrong" }];
    }
    if (authorization !== "Bearer t0ken") {
      return [401, { message: "no token" }];
    }
    this.calls.push([method, at, body]);
    const named = /^\/tables\/name\/(.*)$/.exec(at)?.[1];
    if (named !== undefined) {
      const suite = this.tables.get(named);
      return suite === undefined ? [404, {}] : [200, suite ? { testSuite: { id: "suite" } } : {}];
    }
    const known = /^\/dataQuality\/testCases\/name\/(.*)$/.exec(at)?.[1];
    if (known !== undefined) {
      const testCaseResult = this.results.get(known);
      return [200, testCaseResult ? { testCaseResult } : {}];
    }
    const about = /^\/dataQuality\/testCases\/testCaseResults\/(.*)$/.exec(at)?.[1];
    if (about !== undefined) {
      this.results.set(about, body as never);
      return [201, {}];
    }
    if (at === "/dataQuality/testCases") {
      const link = /^<#E::table::(.*?)(?:::columns::(.*))?>$/.exec(String(body?.["entityLink"]));
      const parts = [link?.[1], link?.[2], String(body?.["name"])].filter((part) => part !== undefined);
      return [200, { fullyQualifiedName: parts.join(".") }];
    }
    if (body?.["serviceType"] === "Refused") {
      return [400, { message: "unknown type" }];
    }
    return [200, { id: `id-of-${String(body?.["name"])}` }];
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.close();
  }
}

/** Not waited for in this thread, since the server is here as well. */
function runScript(python: string, command: string, given: object, environment: Readonly<Record<string, string>>) {
  const file = path.join(temporaryFolder(), "plan.json");
  fs.writeFileSync(file, JSON.stringify(given));
  return new Promise<{ status: number | null; stdout: string[]; stderr: string }>((resolve) => {
    const child = spawn(python, [SCRIPT, command], {
      env: {
        PATH: process.env["PATH"],
        HOME: temporaryFolder(),
        PYTHONDONTWRITEBYTECODE: "1",
        PLAN: file,
        ADMIN_EMAIL: "admin@test",
        ADMIN_PASSWORD: "s3cret",
        ...environment,
      },
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
    child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
    child.on("close", (status) => resolve({ status, stdout: stdout.trim().split("\n"), stderr: stderr.trim() }));
  });
}

describeWithProgram("python3", "the script that connects", () => {
  let fake: FakeOpenMetadata;
  let url: string;
  const connect = (
    environment: Readonly<Record<string, string>> = {},
    given: object = JSON.parse(plan["plan.json"] ?? "") as object,
  ) =>
    runScript("python3", "connect", given, {
      SERVER: url,
      CONNECTORS: "trino,airflow",
      AIRFLOW_PASSWORD: "of-airflow",
      ...environment,
    });

  beforeEach(async () => {
    fake = new FakeOpenMetadata();
    url = await fake.start();
  });
  afterEach(() => fake.stop());

  test("THEN it makes each service and its pipelines, and has them run", async () => {
    expect(await connect()).toEqual({
      status: 0,
      stdout: ["trino.metadata reads at 0 * * * *", "airflow.metadata reads at 40 * * * *"],
      stderr: "",
    });
    expect(fake.calls.slice(0, 4)).toEqual([
      [
        "PUT",
        "/services/databaseServices",
        {
          name: "trino",
          serviceType: "Trino",
          connection: { config: { type: "Trino", username: "catalogue", hostPort: "trino:8080" } },
        },
      ],
      [
        "PUT",
        "/services/ingestionPipelines",
        {
          name: "metadata",
          pipelineType: "metadata",
          service: { id: "id-of-trino", type: "databaseService" },
          sourceConfig: { config: { type: "DatabaseMetadata" } },
          airflowConfig: { scheduleInterval: "0 * * * *" },
        },
      ],
      ["POST", "/services/ingestionPipelines/deploy/id-of-metadata", undefined],
      [
        "PUT",
        "/services/pipelineServices",
        {
          name: "airflow",
          serviceType: "Airflow",
          connection: { config: { connection: { authType: { password: "of-airflow" } } } },
        },
      ],
    ]);
  });

  test("THEN what is not chosen is left alone", async () => {
    expect((await connect({ CONNECTORS: "airflow" })).stdout[0]).toBe("trino is not chosen");
    expect(fake.calls.map(([, at]) => at)).not.toContain("/services/databaseServices");
  });

  test("fails with a wrong password, and shows none", async () => {
    const { status, stderr } = await connect({ ADMIN_PASSWORD: "guessed" });
    expect([status, stderr]).toEqual([1, 'POST /users/login: 401 {"message":"wrong"}']);
  });

  test("fails when a service is not taken, with the server's reason", async () => {
    const refused = {
      connectors: [{ name: "airflow", kind: "pipelineService", type: "Refused", connection: {}, pipelines: [] }],
    };
    const { status, stderr } = await connect({}, refused);
    expect([status, stderr]).toEqual([1, 'PUT /services/pipelineServices: 400 {"message":"unknown type"}']);
  });
});

describeWithPython("images/data-quality", "the script that brings results", (python) => {
  describeWithMinio("GIVEN results in an object store", () => {
    const TABLE = "trino.lakehouse.sales.orders";
    const CASE = `${TABLE}.order_id.orders_1_expect_column_values_to_be_unique`;
    let minio: MinioServer;
    let fake: FakeOpenMetadata;
    let url: string;
    const results = () =>
      runScript(python, "results", JSON.parse(plan["plan.json"] ?? "") as object, {
        SERVER: url,
        AWS_ENDPOINT_URL_S3: minio.endpoint,
        AWS_ACCESS_KEY_ID: ROOT.username,
        AWS_SECRET_ACCESS_KEY: ROOT.password,
      });
    const put = (suite: string, outcomes: readonly (readonly [string, boolean, string])[]) =>
      expect(
        minio.mc(
          ["pipe", `store/data/processed/quality/${suite}.json`],
          ROOT,
          JSON.stringify({
            results: outcomes.map(([expectation, success, observed]) => ({ expectation, success, observed })),
          }),
        ).ok,
      ).toBe(true);

    beforeAll(async () => {
      minio = await MinioServer.start();
      expect(minio.mc(["mb", "store/data"]).ok).toBe(true);
      put("orders", [
        ["expect_column_values_to_be_unique(order_id)", true, "0 rows"],
        ["expect_compound_columns_to_be_unique(region, month)", false, "2 rows"],
      ]);
    });
    beforeEach(async () => {
      fake = new FakeOpenMetadata();
      url = await fake.start();
    });
    afterEach(() => fake.stop());
    afterAll(() => minio.stop());

    test("AND a table that is not in OpenMetadata yet THEN it says so, and writes nothing", async () => {
      expect(await results()).toEqual({
        status: 0,
        stdout: [`orders: ${TABLE} is not in OpenMetadata yet`],
        stderr: "",
      });
      expect(fake.calls.map(([method]) => method)).toEqual(["GET"]);
    });

    test("AND the table THEN each expectation is a test of it or of its column, with a result", async () => {
      fake.tables.set(TABLE, false);

      expect((await results()).stdout).toEqual([`orders: 2 new of 2 results at ${TABLE}`]);
      expect(fake.calls).toContainEqual([
        "PUT",
        "/dataQuality/testSuites/executable",
        { name: `${TABLE}.TestSuite`, basicEntityReference: TABLE },
      ]);
      expect(
        fake.calls.filter(([, at]) => at === "/dataQuality/testDefinitions").map(([, , body]) => body),
      ).toMatchObject([
        { name: "expect_column_values_to_be_unique", entityType: "COLUMN", testPlatforms: ["GreatExpectations"] },
        { name: "expect_compound_columns_to_be_unique", entityType: "TABLE" },
      ]);
      expect(fake.results.get(CASE)).toMatchObject({ testCaseStatus: "Success", result: "found 0 rows" });
      expect(fake.results.get(`${TABLE}.orders_2_expect_compound_columns_to_be_unique`)).toMatchObject({
        testCaseStatus: "Failed",
        result: "found 2 rows",
      });
    });

    test("AND the same results again THEN none is written twice", async () => {
      fake.tables.set(TABLE, true);
      await results();
      fake.calls.length = 0;

      expect((await results()).stdout).toEqual([`orders: 0 new of 2 results at ${TABLE}`]);
      expect(fake.calls.map(([method]) => method)).not.toContain("POST");
    });

    test("AND a suite that the plan does not know THEN it is named, and the others are brought", async () => {
      fake.tables.set(TABLE, true);
      put("others", [["expect_column_values_to_be_unique(id)", true, "0 rows"]]);

      expect((await results()).stdout).toEqual([
        `orders: 2 new of 2 results at ${TABLE}`,
        "processed/quality/others.json is about no table of the plan",
      ]);
    });

    test("fails for what is no expectation", async () => {
      fake.tables.set(TABLE, true);
      put("orders", [["everything is fine", true, ""]]);

      const { status, stderr } = await results();
      expect([status, stderr]).toEqual([1, "orders: everything is fine does not look like an expectation"]);
    });
  });
});
