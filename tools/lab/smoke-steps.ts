import { z } from "zod";

import type { LabHttp } from "./lab-http";
import { LabError } from "./lab-error";
import { FinalFailure, type SmokeStep } from "./smoke";

/** Longest that a run of a DAG may take: its own limit, and pods that have to be scheduled. */
const DAG_SECONDS = 35 * 60;

const SMALL_SECONDS = 180;

/** The catalog of Trino, and what the DAG etl_minimal publishes there. */
const TABLE = "lakehouse.sales.revenue";

const taskStates = z.array(z.object({ task_id: z.string(), state: z.string().nullable() }));

/**
 * What has to hold in a scenario, in order.
 *
 * @param run a name that no earlier run of a DAG has
 * @throws LabError for a scenario without steps
 */
export function smokeSteps(scenario: string, lab: LabHttp, run: string): readonly SmokeStep[] {
  const more = MORE[scenario];
  if (more === undefined) {
    throw new LabError(`Unknown scenario "${scenario}". There are ${Object.keys(MORE).join(", ")}.`);
  }
  return [...etlMinimal(lab, run), ...more(lab, run)];
}

const MORE: Readonly<Record<string, (lab: LabHttp, run: string) => readonly SmokeStep[]>> = {
  "etl-minimal": () => [],
  "data-serve": dataServe,
  genai,
  streaming,
};

/** Ingestion, transformation and tracking: a DAG, the data set as DVC has it, a run of MLflow. */
function etlMinimal(lab: LabHttp, run: string): readonly SmokeStep[] {
  return [
    {
      name: "Airflow is healthy",
      withinSeconds: SMALL_SECONDS,
      look: async () => {
        const health = z.record(z.string(), z.object({ status: z.string().nullable() }));
        const found = health.parse(await lab.named("airflow", "/api/v2/monitor/health"));
        const parts = ["metadatabase", "scheduler", "dag_processor"].map((part) => `${part} ${found[part]?.status}`);
        expectThat(
          parts.every((part) => part.endsWith(" healthy")),
          parts.join(", "),
        );
        return parts.join(", ");
      },
    },
    ...dag(lab, "etl_minimal", run, "Airflow is healthy"),
    {
      name: "the run is in MLflow",
      withinSeconds: SMALL_SECONDS,
      needs: ["the DAG etl_minimal succeeds"],
      look: async () => {
        const { runId, metrics } = await trackedRun(lab, run);
        expectThat(metrics > 0, `the run ${runId} has no metric`);
        return `run ${runId} with ${metrics} metrics`;
      },
    },
    {
      name: "the data set is in the object store, as DVC has it",
      withinSeconds: SMALL_SECONDS,
      needs: ["the run is in MLflow"],
      look: async () => {
        const { revisions } = await trackedRun(lab, run);
        expectThat(revisions.length > 0, "the run names no revision of DVC");
        for (const revision of revisions) {
          // MinIO keeps an object as a folder of this name.
          const folder = `/export/dvc/files/md5/${revision.slice(0, 2)}/${revision.slice(2)}`;
          await lab.command("minio", "deployment/minio", "minio", "test", "-d", folder);
        }
        return revisions.join(", ");
      },
    },
  ];
}

/** Triggers a DAG by Airflow's own command: it asks for no password, whichever way people log in. */
function dag(lab: LabHttp, id: string, run: string, needs: string): readonly SmokeStep[] {
  const airflow = (...args: readonly string[]) =>
    lab.command("airflow", "deployment/airflow-scheduler", "scheduler", "airflow", ...args);
  let triggered = false;
  return [
    {
      name: `the DAG ${id} starts`,
      // Git is asked once a minute, and a file is parsed after that.
      withinSeconds: 5 * 60,
      needs: [needs],
      look: async () => {
        if (!triggered) {
          await airflow("dags", "unpause", id);
          await airflow("dags", "trigger", id, "--run-id", run);
          triggered = true;
        }
        return `run ${run}`;
      },
    },
    {
      name: `the DAG ${id} succeeds`,
      withinSeconds: DAG_SECONDS,
      needs: [`the DAG ${id} starts`],
      look: async () => {
        const text = await airflow("tasks", "states-for-dag-run", id, run, "--output", "json");
        // Airflow logs before its answer.
        const states = taskStates.parse(JSON.parse(text.slice(Math.max(0, text.search(/^\[\s*[{\]]/m)))));
        const failed = states.filter(({ state }) => state === "failed" || state === "upstream_failed");
        if (failed.length > 0) {
          throw new FinalFailure(`failed: ${failed.map(({ task_id: task }) => task).join(", ")}`);
        }
        const open = states.filter(({ state }) => state !== "success" && state !== "skipped");
        expectThat(
          states.length > 0 && open.length === 0,
          `waiting for ${open.map(({ task_id: task }) => task).join(", ")}`,
        );
        return `${states.length} tasks`;
      },
    },
  ];
}

async function trackedRun(lab: LabHttp, run: string) {
  const password = await lab.secret("mlflow", "mlflow-gate", "password");
  const headers = { Authorization: `Basic ${Buffer.from(`lab:${password}`).toString("base64")}` };
  const mlflow = "/api/2.0/mlflow";
  const { experiment } = z
    .object({ experiment: z.object({ experiment_id: z.string() }) })
    .parse(await lab.named("mlflow", `${mlflow}/experiments/get-by-name?experiment_name=etl-minimal`, { headers }));
  const { runs = [] } = z
    .object({
      runs: z
        .array(
          z.object({
            info: z.object({ run_id: z.string() }),
            data: z.object({
              metrics: z.array(z.object({ key: z.string() })).default([]),
              params: z.array(z.object({ key: z.string(), value: z.string() })).default([]),
            }),
          }),
        )
        .optional(),
    })
    .parse(
      await lab.named("mlflow", `${mlflow}/runs/search`, {
        method: "POST",
        headers,
        body: { experiment_ids: [experiment.experiment_id], filter: `tags.pipeline_run = '${run}'` },
      }),
    );
  const [found] = runs;
  if (found === undefined) {
    throw new Error(`the experiment etl-minimal has no run with the tag pipeline_run = ${run}`);
  }
  return {
    runId: found.info.run_id,
    metrics: found.data.metrics.length,
    revisions: found.data.params.filter(({ key }) => key.startsWith("dvc.")).map(({ value }) => value),
  };
}

/** What OpenMetadata reads, in the order in which one needs the other: tables come before what is connected to them. */
const METADATA = ["trino", "superset", "airflow"];

/** A query of Trino, a dashboard of Superset, lineage and results of expectations in OpenMetadata. */
function dataServe(lab: LabHttp, run: string): readonly SmokeStep[] {
  return [
    {
      name: "Trino reads what the DAG published",
      withinSeconds: SMALL_SECONDS,
      needs: ["the DAG etl_minimal succeeds"],
      look: async () => {
        const rows = await trino(lab, `SELECT count(*) FROM ${TABLE}`);
        const count = Number((rows[0] as readonly unknown[] | undefined)?.[0] ?? 0);
        expectThat(count > 0, `${TABLE} is empty`);
        return `${TABLE}: ${count} rows`;
      },
    },
    {
      name: "Superset has a dashboard",
      withinSeconds: SMALL_SECONDS,
      look: async () => {
        const password = await lab.secret("superset", "superset-admin", "password");
        const { access_token: token } = z.object({ access_token: z.string() }).parse(
          await lab.named("superset", "/api/v1/security/login", {
            method: "POST",
            body: { username: "admin", password, provider: "db", refresh: false },
          }),
        );
        const { result } = z
          .object({ result: z.array(z.object({ dashboard_title: z.string() })) })
          .parse(await lab.named("superset", "/api/v1/dashboard/", { headers: { Authorization: `Bearer ${token}` } }));
        expectThat(result.length > 0, "there is none");
        return result.map(({ dashboard_title: title }) => title).join(", ");
      },
    },
    ...dag(lab, "data_quality", run, "the DAG etl_minimal succeeds"),
    ...METADATA.map((service, index) =>
      metadata(lab, service, index === 0 ? "Trino reads what the DAG published" : readBy(METADATA[index - 1])),
    ),
    {
      name: "OpenMetadata has lineage of the table",
      withinSeconds: SMALL_SECONDS,
      needs: [readBy(METADATA.at(-1))],
      look: async () => {
        const path = `/api/v1/lineage/table/name/trino.${TABLE}?upstreamDepth=2&downstreamDepth=2`;
        const { nodes = [] } = z
          .object({ nodes: z.array(z.object({ type: z.string() })).optional() })
          .parse(await openMetadata(lab, path));
        // Superset's data set is made of it; the tables that it is made from are in Airflow's DAG.
        const missing = ["dashboardDataModel", "table"].filter((wanted) => !nodes.some(({ type }) => type === wanted));
        expectThat(missing.length === 0, `trino.${TABLE} has no neighbour of the kind ${missing.join(" or ")}`);
        return `${nodes.length} neighbours: ${[...new Set(nodes.map(({ type }) => type))].sort().join(", ")}`;
      },
    },
    {
      name: "OpenMetadata has results of expectations",
      // A CronJob brings them every five minutes.
      withinSeconds: 10 * 60,
      needs: ["the DAG data_quality succeeds", readBy("trino")],
      look: async () => {
        const { data } = z
          .object({
            data: z.array(
              z.object({ name: z.string(), testCaseResult: z.object({ testCaseStatus: z.string() }).optional() }),
            ),
          })
          .parse(await openMetadata(lab, "/api/v1/dataQuality/testCases?fields=testCaseResult&limit=100"));
        const results = data.filter(({ testCaseResult }) => testCaseResult !== undefined);
        expectThat(results.length > 0, "no test case has a result");
        return `${results.length} test cases with a result`;
      },
    },
  ];
}

const readBy = (service = "") => `OpenMetadata reads ${service}`;

/** Runs a pipeline of OpenMetadata, which it also does by itself every hour. */
function metadata(lab: LabHttp, service: string, needs: string): SmokeStep {
  const status = z.object({ runId: z.string().optional(), pipelineState: z.string() }).optional();
  const found = z.object({ id: z.string(), pipelineStatuses: status });
  let before: z.infer<typeof status> | "not triggered" = "not triggered";
  return {
    name: readBy(service),
    // The image of ingestion has several gigabytes, and is pulled at the first run.
    withinSeconds: 20 * 60,
    needs: [needs],
    look: async () => {
      const path = "/api/v1/services/ingestionPipelines";
      const { id, pipelineStatuses: last } = found.parse(
        await openMetadata(lab, `${path}/name/${service}.metadata?fields=pipelineStatuses`),
      );
      if (before === "not triggered") {
        await openMetadata(lab, `${path}/trigger/${id}`, "POST");
        before = last;
      }
      expectThat(last !== undefined && last.runId !== before?.runId, "it has not begun");
      if (last?.pipelineState === "failed") {
        throw new FinalFailure(`run ${last.runId} failed: kubectl --namespace openmetadata get jobs`);
      }
      expectThat(
        last?.pipelineState === "success" || last?.pipelineState === "partialSuccess",
        `${last?.pipelineState}`,
      );
      return `run ${last?.runId}: ${last?.pipelineState}`;
    },
  };
}

/** Trino answers in pages: the first one is queued. */
async function trino(lab: LabHttp, sql: string): Promise<readonly unknown[]> {
  const headers = { "X-Trino-User": "pipeline", "X-Trino-Source": "lab-smoke" };
  const page = z.object({
    nextUri: z.string().optional(),
    data: z.array(z.unknown()).optional(),
    error: z.object({ message: z.string() }).optional(),
  });
  const rows: unknown[] = [];
  await lab.inside({ namespace: "trino", name: "trino", port: 8080 }, async (get) => {
    let answer = page.parse(await get("/v1/statement", { method: "POST", headers, body: sql }));
    for (;;) {
      rows.push(...(answer.data ?? []));
      if (answer.error !== undefined) {
        throw new Error(answer.error.message);
      }
      if (answer.nextUri === undefined) {
        return undefined;
      }
      const { pathname, search } = new URL(answer.nextUri);
      answer = page.parse(await get(`${pathname}${search}`, { headers }));
    }
  });
  return rows;
}

async function openMetadata(lab: LabHttp, path: string, method: "GET" | "POST" = "GET"): Promise<unknown> {
  const password = await lab.secret("openmetadata", "openmetadata-admin", "password");
  const { accessToken } = z.object({ accessToken: z.string() }).parse(
    await lab.named("openmetadata", "/api/v1/users/login", {
      method: "POST",
      body: { email: "admin@open-metadata.org", password: Buffer.from(password).toString("base64") },
    }),
  );
  return lab.named("openmetadata", path, { method, headers: { Authorization: `Bearer ${accessToken}` } });
}

/** A model answers, the vector store is ready, people can log in, and logs are kept. */
function genai(lab: LabHttp): readonly SmokeStep[] {
  return [
    {
      name: "Ollama has the agent's model, which answers",
      withinSeconds: 15 * 60,
      look: async () => {
        // Another one that it has makes vectors, and no text.
        const model = (await lab.command("agents", "deployment/agent", "agent", "printenv", "LLM_MODEL")).trim();
        const service = { namespace: "llm", name: "ollama", port: 11434 };
        const { models } = z
          .object({ models: z.array(z.object({ name: z.string() })) })
          .parse(await lab.inside(service, (get) => get("/api/tags")));
        const names = models.map(({ name }) => name);
        expectThat(names.includes(model), `it has ${names.join(", ") || "no model"}, and the agent asks ${model}`);
        const body = { model, prompt: "Say yes.", stream: false, options: { num_predict: 8 } };
        const { response } = z
          .object({ response: z.string().min(1) })
          .parse(await lab.inside(service, (get) => get("/api/generate", { method: "POST", body })));
        return `${model}: ${JSON.stringify(response.slice(0, 40))}`;
      },
    },
    {
      name: "the vector store is ready",
      withinSeconds: SMALL_SECONDS,
      look: async () =>
        String(
          await lab.inside({ namespace: "vector-store", name: "qdrant", port: 6333 }, (get) => get("/readyz")),
        ).trim(),
    },
    {
      name: "Keycloak has the realm",
      withinSeconds: SMALL_SECONDS,
      look: async () =>
        z
          .object({ issuer: z.string() })
          .parse(await lab.named("keycloak", "/realms/lab/.well-known/openid-configuration")).issuer,
    },
    {
      name: "Loki has logs",
      withinSeconds: SMALL_SECONDS,
      look: async () => {
        const { data = [] } = z
          .object({ data: z.array(z.string()).optional() })
          .parse(
            await lab.inside({ namespace: "monitoring", name: "loki", port: 3100 }, (get) =>
              get("/loki/api/v1/label/namespace/values"),
            ),
          );
        expectThat(data.length > 0, "it knows no namespace yet");
        return `of ${data.length} namespaces`;
      },
    },
  ];
}

/** A job of Spark, orders through Kafka and Flink, and what Prometheus says of both; the alerts tell of failures. */
function streaming(lab: LabHttp, run: string): readonly SmokeStep[] {
  const metric = (
    name: string,
    query: string,
    holds: (value: number) => boolean,
    needs: readonly string[] = [],
  ): SmokeStep => ({
    name,
    withinSeconds: 15 * 60,
    needs,
    look: async () => {
      const { data } = z
        .object({ data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }) })
        .parse(await prometheus(lab, `/api/v1/query?query=${encodeURIComponent(query)}`));
      const value = Number(data.result[0]?.value[1] ?? Number.NaN);
      expectThat(holds(value), `${query} is ${value}`);
      return `${query} is ${value}`;
    },
  });
  const orders = `orders-${run}`;
  let started = false;
  return [
    ...dag(lab, "spark_job", run, "the DAG etl_minimal succeeds"),
    {
      name: "orders are written to Kafka",
      withinSeconds: 10 * 60,
      look: async () => {
        if (!started) {
          await lab.startJob("kafka", "orders-producer", orders);
          started = true;
        }
        const end = await lab.endOfJob("kafka", orders);
        if (end === "Failed") {
          throw new FinalFailure(`the Job kafka/${orders} failed: kubectl --namespace kafka logs job/${orders}`);
        }
        expectThat(end === "Complete", `the Job kafka/${orders} still runs`);
        return `by the Job ${orders}`;
      },
    },
    // A group that has read nothing has no lag.
    metric("the lag of Kafka's consumers is small", "sum(kafka_consumergroup_lag)", (value) => value <= 1000, [
      "orders are written to Kafka",
    ]),
    metric("a job of Flink runs", "sum(flink_jobmanager_numRunningJobs)", (value) => value >= 1),
    metric(
      "Flink completes checkpoints",
      "sum(increase(flink_jobmanager_job_numberOfCompletedCheckpoints[15m]))",
      (value) => value > 0,
    ),
    {
      name: "alerts for lag, checkpoints and failures are there",
      withinSeconds: SMALL_SECONDS,
      look: async () => {
        const { data } = z
          .object({
            data: z.object({ groups: z.array(z.object({ rules: z.array(z.object({ query: z.string() })) })) }),
          })
          .parse(await prometheus(lab, "/api/v1/rules?type=alert"));
        const queries = data.groups.flatMap(({ rules }) => rules.map(({ query }) => query)).join("\n");
        const wanted = ["kafka_consumergroup_lag", "numberOfFailedCheckpoints", "numRestarts"];
        const missing = wanted.filter((each) => !queries.includes(each));
        expectThat(missing.length === 0, `no alert looks at ${missing.join(", ")}`);
        return wanted.join(", ");
      },
    },
  ];
}

function prometheus(lab: LabHttp, path: string): Promise<unknown> {
  const service = { namespace: "monitoring", name: "kube-prometheus-stack-prometheus", port: 9090 };
  return lab.inside(service, (get) => get(path));
}

function expectThat(holds: boolean, otherwise: string): void {
  if (!holds) {
    throw new Error(otherwise);
  }
}
