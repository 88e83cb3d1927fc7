import { Interruption } from "../../../tools/lab/interruption";
import { runSmoke } from "../../../tools/lab/smoke";
import { smokeSteps } from "../../../tools/lab/smoke-steps";
import { FakeLab } from "./fake-lab";

const RUN = "smoke-1";

const tasks = (...states: readonly string[]) =>
  JSON.stringify(states.map((state, index) => ({ dag_id: "d", task_id: `task-${index}`, state })));

/** Airflow's command in its pod. */
const airflow = (states: string) =>
  `*states-for-dag-run*) echo "[2026-11-21] INFO - a line of the log"; echo '${states}';; *test\\ -d*) exit 0;;`;

describe("the steps of the smoke test", () => {
  let lab: FakeLab;
  beforeEach(async () => {
    lab = await FakeLab.start();
    lab.kubectl(airflow(tasks("success", "success", "skipped")));
    lab.services["airflow"] = () =>
      Object.fromEntries(["metadatabase", "scheduler", "dag_processor"].map((part) => [part, { status: "healthy" }]));
    lab.services["mlflow"] = (path, body, headers) => {
      if (headers.authorization !== `Basic ${Buffer.from("lab:a password").toString("base64")}`) {
        return 401;
      }
      return path.includes("get-by-name")
        ? { experiment: { experiment_id: "7" } }
        : body.includes(`tags.pipeline_run = '${RUN}'`)
          ? {
              runs: [
                {
                  info: { run_id: "r1" },
                  data: { metrics: [{ key: "rows" }], params: [{ key: "dvc.orders.csv", value: "ab12" }] },
                },
              ],
            }
          : {};
    };
  });
  afterEach(() => lab.stop());

  const run = async (scenario: string) => {
    const results = await runSmoke(
      // What would take minutes on a real lab is looked at once or twice here.
      smokeSteps(scenario, lab.http, RUN).map((step) => ({ ...step, withinSeconds: 1 })),
      { interruption: new Interruption(() => undefined), report: () => undefined, everySeconds: 0.05 },
    );
    return Object.fromEntries(results.map(({ name, verdict, found }) => [name, `${verdict}: ${found}`]));
  };

  test("GIVEN etl-minimal that works THEN the DAG was run, tracked, and its data set is where DVC looks", async () => {
    expect(await run("etl-minimal")).toEqual({
      "Airflow is healthy": "ok: metadatabase healthy, scheduler healthy, dag_processor healthy",
      "the DAG etl_minimal starts": "ok: run smoke-1",
      "the DAG etl_minimal succeeds": "ok: 3 tasks",
      "the run is in MLflow": "ok: run r1 with 1 metrics",
      "the data set is in the object store, as DVC has it": "ok: ab12",
    });
    const commands = lab.calls().flatMap((call) => / exec .* -- (.*)$/.exec(call)?.[1] ?? []);
    expect(commands.slice(0, 2)).toEqual([
      "airflow dags unpause etl_minimal",
      `airflow dags trigger etl_minimal --run-id ${RUN}`,
    ]);
    expect(commands.at(-1)).toBe("test -d /export/dvc/files/md5/ab/12");
    expect(commands.filter((command) => command.includes("trigger"))).toHaveLength(1);
  });

  test("fails for a task that failed, by its name, and leaves out what needs it", async () => {
    lab.kubectl(airflow(tasks("success", "failed", "upstream_failed")));
    expect(await run("etl-minimal")).toMatchObject({
      "the DAG etl_minimal succeeds": "failed: failed: task-1, task-2",
      "the run is in MLflow": "skipped: needs: the DAG etl_minimal succeeds",
    });
  });

  test("fails for a run that does not end in time, and for Airflow that is not healthy", async () => {
    lab.kubectl(airflow(tasks("success", "running")));
    expect((await run("etl-minimal"))["the DAG etl_minimal succeeds"]).toBe(
      "failed: not within 1 s: waiting for task-1",
    );
    lab.services["airflow"] = () => ({ metadatabase: { status: "healthy" }, scheduler: { status: "unhealthy" } });
    expect(await run("etl-minimal")).toMatchObject({
      "Airflow is healthy":
        "failed: not within 1 s: metadatabase healthy, scheduler unhealthy, dag_processor undefined",
      "the DAG etl_minimal starts": "skipped: needs: Airflow is healthy",
    });
  });

  test("fails where MLflow has no such run, and where an object is missing", async () => {
    lab.kubectl(airflow(tasks("success")).replace("exit 0", "exit 1"));
    expect((await run("etl-minimal"))["the data set is in the object store, as DVC has it"]).toMatch(
      /^failed: not within 1 s: test -d \/export\/dvc\/files\/md5\/ab\/12/,
    );
    lab.services["mlflow"] = (path) => (path.includes("get-by-name") ? { experiment: { experiment_id: "7" } } : {});
    expect((await run("etl-minimal"))["the run is in MLflow"]).toBe(
      "failed: not within 1 s: the experiment etl-minimal has no run with the tag pipeline_run = smoke-1",
    );
  });

  test("fails for a certificate of another authority", async () => {
    const other = await FakeLab.start();
    const results = await runSmoke(
      smokeSteps(
        "etl-minimal",
        Object.assign(lab.http, { options: { ...lab.http["options"], authority: other.authority } }),
        RUN,
      )
        .slice(0, 1)
        .map((step) => ({ ...step, withinSeconds: 0 })),
      { interruption: new Interruption(() => undefined), report: () => undefined },
    );
    await other.stop();
    expect(results[0]?.found).toMatch(/https:\/\/airflow\.lab\.local\/api\/v2\/monitor\/health: .*certificate/);
  });

  describe("data-serve", () => {
    /** Runs of OpenMetadata's pipelines, by the service that they read: none, or what became of the triggered one. */
    let pipelines: Record<string, string>;
    const openMetadataRead = (path: string) => {
      const triggered = /\/ingestionPipelines\/trigger\/(\w+)$/.exec(path)?.[1];
      if (triggered !== undefined) {
        pipelines[triggered] = triggered === "airflow" ? "partialSuccess" : "success";
        return {};
      }
      const name = /\/ingestionPipelines\/name\/(\w+)\.metadata\?fields=pipelineStatuses$/.exec(path)?.[1];
      if (name === undefined) {
        return undefined;
      }
      const state = pipelines[name];
      return {
        id: name,
        ...(state === undefined ? {} : { pipelineStatuses: { runId: `${name}-1`, pipelineState: state } }),
      };
    };

    beforeEach(() => {
      pipelines = {};
      let pages = 0;
      lab.services["trino"] = (path, body, headers) => {
        if (headers["x-trino-user"] !== "pipeline") {
          return 401;
        }
        pages += 1;
        return path === "/v1/statement"
          ? { nextUri: `http://trino.trino:8080/v1/statement/queued/1`, sent: body }
          : pages < 3
            ? { nextUri: "http://trino.trino:8080/v1/statement/executing/2" }
            : { data: [[42]] };
      };
      lab.services["superset"] = (path, body, headers) =>
        path.endsWith("/login")
          ? body.includes('"a password"') && { access_token: "t1" }
          : headers.authorization === "Bearer t1"
            ? { result: [{ dashboard_title: "Sales" }] }
            : 401;
      lab.services["openmetadata"] = (path, body, headers) =>
        path.endsWith("/login")
          ? body.includes(Buffer.from("a password").toString("base64")) && { accessToken: "t2" }
          : headers.authorization !== "Bearer t2"
            ? 401
            : (openMetadataRead(path) ??
              (path.includes("/lineage/table/name/trino.lakehouse.sales.revenue?")
                ? { nodes: [{ type: "table" }, { type: "dashboardDataModel" }] }
                : { data: [{ name: "rows", testCaseResult: { testCaseStatus: "Success" } }, { name: "new" }] }));
    });

    test("GIVEN all that it serves THEN each step says what it found", async () => {
      expect(await run("data-serve")).toMatchObject({
        "Trino reads what the DAG published": "ok: lakehouse.sales.revenue: 42 rows",
        "Superset has a dashboard": "ok: Sales",
        "the DAG data_quality succeeds": "ok: 3 tasks",
        "OpenMetadata reads trino": "ok: run trino-1: success",
        "OpenMetadata reads superset": "ok: run superset-1: success",
        "OpenMetadata reads airflow": "ok: run airflow-1: partialSuccess",
        "OpenMetadata has lineage of the table": "ok: 2 neighbours: dashboardDataModel, table",
        "OpenMetadata has results of expectations": "ok: 1 test cases with a result",
      });
    });

    test("fails for a refused query, no dashboard, no lineage, no result", async () => {
      lab.services["trino"] = () => ({ error: { message: "Access Denied: Cannot select from table" } });
      lab.services["superset"] = (path) => (path.endsWith("/login") ? { access_token: "t" } : { result: [] });
      lab.services["openmetadata"] = (path) =>
        path.endsWith("/login") ? { accessToken: "t" } : { nodes: [], data: [] };
      expect(await run("data-serve")).toMatchObject({
        "Trino reads what the DAG published": "failed: not within 1 s: Access Denied: Cannot select from table",
        "Superset has a dashboard": "failed: not within 1 s: there is none",
        "OpenMetadata reads trino": "skipped: needs: Trino reads what the DAG published",
        "OpenMetadata has lineage of the table": "skipped: needs: OpenMetadata reads airflow",
        "OpenMetadata has results of expectations": "skipped: needs: OpenMetadata reads trino",
      });
    });

    test("fails for a pipeline that fails, and for one that is not run", async () => {
      const working = lab.services["openmetadata"];
      lab.services["openmetadata"] = (path, body, headers) =>
        path.includes("/trigger/superset") ? ((pipelines["superset"] = "failed"), {}) : working?.(path, body, headers);
      expect(await run("data-serve")).toMatchObject({
        "OpenMetadata reads superset": "failed: run superset-1 failed: kubectl --namespace openmetadata get jobs",
        "OpenMetadata reads airflow": "skipped: needs: OpenMetadata reads superset",
      });

      // Its last run is an old one.
      pipelines = { airflow: "success" };
      lab.services["openmetadata"] = (path, body, headers) =>
        path.includes("/trigger/airflow") ? {} : working?.(path, body, headers);
      expect(await run("data-serve")).toMatchObject({
        "OpenMetadata reads airflow": "failed: not within 1 s: it has not begun",
      });
    });

    test("fails for lineage that ends at the table, and for expectations without a result", async () => {
      const working = lab.services["openmetadata"];
      lab.services["openmetadata"] = (path, body, headers) =>
        path.includes("/lineage/")
          ? { nodes: [{ type: "table" }] }
          : path.includes("/testCases")
            ? { data: [{ name: "new" }] }
            : working?.(path, body, headers);
      expect(await run("data-serve")).toMatchObject({
        "OpenMetadata has lineage of the table":
          "failed: not within 1 s: trino.lakehouse.sales.revenue has no neighbour of the kind dashboardDataModel",
        "OpenMetadata has results of expectations": "failed: not within 1 s: no test case has a result",
      });
    });
  });

  describe("streaming", () => {
    const metrics = (values: Readonly<Record<string, number>>, alerts: readonly string[]) => (path: string) => {
      const text = decodeURIComponent(path);
      if (text.includes("/rules")) {
        return { data: { groups: [{ rules: alerts.map((query) => ({ query })) }] } };
      }
      const [, value] = Object.entries(values).find(([name]) => text.includes(name)) ?? [];
      return { data: { result: value === undefined ? [] : [{ value: [1, String(value)] }] } };
    };
    const ALERTS = [
      "kafka_consumergroup_lag > 1000",
      "flink_jobmanager_job_numberOfFailedCheckpoints",
      "x_numRestarts",
    ];

    const working = (end = "SuccessCriteriaMet Complete") =>
      `${airflow(tasks("success", "success", "skipped"))} *get\\ job*) printf '${end}';;`;
    beforeEach(() => lab.kubectl(working()));

    test("GIVEN jobs that keep up THEN orders were written once, and lag, checkpoints and alerts are right", async () => {
      lab.services["kube-prometheus-stack-prometheus"] = metrics(
        { kafka_consumergroup_lag: 12, numRunningJobs: 1, numberOfCompletedCheckpoints: 3 },
        ALERTS,
      );
      const found = await run("streaming");
      expect(found).toMatchObject({
        "the DAG spark_job succeeds": "ok: 3 tasks",
        "orders are written to Kafka": "ok: by the Job orders-smoke-1",
        "the lag of Kafka's consumers is small": "ok: sum(kafka_consumergroup_lag) is 12",
        "a job of Flink runs": "ok: sum(flink_jobmanager_numRunningJobs) is 1",
        "alerts for lag, checkpoints and failures are there":
          "ok: kafka_consumergroup_lag, numberOfFailedCheckpoints, numRestarts",
      });
      expect(Object.values(found).filter((each) => !each.startsWith("ok"))).toEqual([]);
      expect(lab.calls().filter((call) => call.includes("create job"))).toEqual([
        expect.stringMatching(/ --namespace kafka create job orders-smoke-1 --from=cronjob\/orders-producer$/),
      ]);
    });

    test("fails where no order was written, at once, and asks for no lag then", async () => {
      lab.services["kube-prometheus-stack-prometheus"] = metrics(
        { numRunningJobs: 1, numberOfCompletedCheckpoints: 3 },
        ALERTS,
      );
      lab.kubectl(working("Failed"));
      expect(await run("streaming")).toMatchObject({
        "orders are written to Kafka":
          "failed: the Job kafka/orders-smoke-1 failed: kubectl --namespace kafka logs job/orders-smoke-1",
        "the lag of Kafka's consumers is small": "skipped: needs: orders are written to Kafka",
      });
      lab.kubectl(working(""));
      expect((await run("streaming"))["orders are written to Kafka"]).toBe(
        "failed: not within 1 s: the Job kafka/orders-smoke-1 still runs",
      );
      lab.kubectl(`*create\\ job*) echo 'error: cronjobs.batch "orders-producer" not found' >&2; exit 1;;`);
      expect((await run("streaming"))["orders are written to Kafka"]).toBe(
        'failed: not within 1 s: the Job kafka/orders-smoke-1: error: cronjobs.batch "orders-producer" not found',
      );
    });

    test("fails for a lag that grows, a metric that nobody has, and an alert that is missing", async () => {
      lab.services["kube-prometheus-stack-prometheus"] = metrics({ kafka_consumergroup_lag: 5000 }, ALERTS.slice(0, 2));
      expect(await run("streaming")).toMatchObject({
        "the lag of Kafka's consumers is small": "failed: not within 1 s: sum(kafka_consumergroup_lag) is 5000",
        "a job of Flink runs": "failed: not within 1 s: sum(flink_jobmanager_numRunningJobs) is NaN",
        "alerts for lag, checkpoints and failures are there": "failed: not within 1 s: no alert looks at numRestarts",
      });
    });

    test("fails where a port cannot be forwarded, with kubectl's word", async () => {
      lab.kubectl(airflow(tasks("success")), false);
      expect((await run("streaming"))["a job of Flink runs"]).toBe("failed: not within 1 s: error: services not found");
    });
  });

  test("GIVEN genai that works THEN a model answered, and stores, login and logs are there", async () => {
    lab.kubectl(`${airflow(tasks("success"))} *printenv\\ LLM_MODEL*) echo qwen2.5:1.5b;;`);
    // The one that it got last is the first, and makes vectors only.
    lab.services["ollama"] = (path, body) =>
      path === "/api/tags"
        ? { models: [{ name: "all-minilm:22m" }, { name: "qwen2.5:1.5b" }] }
        : body.includes("qwen2.5:1.5b")
          ? { response: "yes" }
          : 400;
    lab.services["qdrant"] = () => "all shards are ready\n";
    lab.services["keycloak"] = () => ({ issuer: "https://keycloak.lab.local/realms/lab" });
    lab.services["loki"] = () => ({ data: ["airflow", "llm"] });
    expect(await run("genai")).toMatchObject({
      "Ollama has the agent's model, which answers": 'ok: qwen2.5:1.5b: "yes"',
      "the vector store is ready": "ok: all shards are ready",
      "Keycloak has the realm": "ok: https://keycloak.lab.local/realms/lab",
      "Loki has logs": "ok: of 2 namespaces",
    });
    lab.services["ollama"] = () => ({ models: [{ name: "all-minilm:22m" }] });
    lab.services["loki"] = () => ({});
    expect(await run("genai")).toMatchObject({
      "Ollama has the agent's model, which answers":
        "failed: not within 1 s: it has all-minilm:22m, and the agent asks qwen2.5:1.5b",
      "Loki has logs": "failed: not within 1 s: it knows no namespace yet",
    });
  });

  test("fails for a scenario that there is not", () => {
    expect(() => smokeSteps("everything", lab.http, RUN)).toThrow(
      'Unknown scenario "everything". There are etl-minimal, data-serve, genai, streaming.',
    );
  });
});
