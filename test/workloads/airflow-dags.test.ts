import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { filesBelow, temporaryFolder } from "../support/layers";
import { describeWithMinio, MinioServer, ROOT } from "../support/minio";
import { describeWithPython, runPython } from "../support/python";

const FOLDER = path.resolve("workloads/airflow-dags");
const DAGS = path.join(FOLDER, "dags");
const DATA = path.join(FOLDER, "data");
const PLUGINS = path.resolve("images/airflow/plugins");
const TAGS = JSON.stringify({ "duckdb-dbt": "t1", "data-quality": "t2", spark: "t3" });

interface Pointer {
  readonly outs: readonly { md5: string; size: number; hash: string; path: string }[];
}
const pointers = fs.readdirSync(DATA).filter((file) => file.endsWith(".dvc"));
const pointer = (file: string) => parse(fs.readFileSync(path.join(DATA, file), "utf8")) as Pointer;

describe("GIVEN the sample data set", () => {
  test.each(pointers)("%s says what its file is", (file) => {
    const [out, ...others] = pointer(file).outs;
    const content = fs.readFileSync(path.join(DATA, out?.path ?? ""));

    expect(others).toEqual([]);
    expect(out).toEqual({
      md5: createHash("md5").update(content).digest("hex"),
      size: content.length,
      hash: "md5",
      path: file.replace(".dvc", ""),
    });
  });

  test("THEN both of its files are versioned", () => {
    expect(pointers).toEqual(["customers.csv.dvc", "orders.csv.dvc"]);
  });
});

describeWithPython("workloads/airflow-dags", "GIVEN the DAGs", (python) => {
  /** What Airflow itself reads from the folder. */
  const bag = (environment: Record<string, string>) => {
    const home = temporaryFolder();
    const script = `
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(dag_folder=${JSON.stringify(DAGS)}, include_examples=False)
from airflow.serialization.serialized_objects import DagSerialization
def task(each):
    return {
        "type": type(each).__name__, "after": sorted(each.upstream_task_ids), "image": getattr(each, "image", None),
        "arguments": getattr(each, "arguments", None),
        "environment": getattr(each, "env_vars", None),
        "labels": getattr(each, "labels", None),
    }
def lineage(dag):
    # As the scheduler keeps it, which is where OpenMetadata reads it.
    tasks = DagSerialization.from_dict(DagSerialization.to_dict(dag)).task_dict.values()
    return {t.task_id: [t.inlets, t.outlets] for t in tasks if t.inlets or t.outlets}
json.dump({
    "errors": {k.split("/")[-1]: v.strip().split("\\n")[-1] for k, v in bag.import_errors.items()},
    "dags": {d.dag_id: {t.task_id: task(t) for t in d.tasks} for d in bag.dags.values()},
    "lineage": {d.dag_id: lineage(d) for d in bag.dags.values()},
    "running": [d.dag_id for d in bag.dags.values() if d.timetable.can_be_scheduled and not d.is_paused_upon_creation],
}, open(${JSON.stringify(path.join(home, "bag.json"))}, "w"))`;
    const { status, stderr } = runPython(python, ["-c", script], {
      cwd: home,
      env: {
        AIRFLOW_HOME: home,
        AIRFLOW__CORE__LOAD_EXAMPLES: "False",
        PYTHONPATH: DAGS,
        ...environment,
      },
    });
    expect([status, status === 0 ? "" : stderr]).toEqual([0, ""]);
    return JSON.parse(fs.readFileSync(path.join(home, "bag.json"), "utf8")) as {
      errors: Record<string, string>;
      dags: Record<string, Record<string, Record<string, unknown>>>;
      lineage: Record<string, Record<string, unknown>>;
      running: string[];
    };
  };

  test("THEN none of them runs by itself in a new lab, where there is no data yet", () => {
    expect(bag({ LAB_IMAGE_TAGS: TAGS })).toMatchObject({ errors: {}, running: [] });
  });

  test("WHEN there is a Trino THEN OpenMetadata finds in a DAG from which tables another one is made", () => {
    const { lineage } = bag({ LAB_IMAGE_TAGS: TAGS, LAB_TRINO_URL: "http://trino.trino:8080" });

    const table = (name: string) => ({ entity: "table", fqn: `trino.lakehouse.sales.${name}`, key: "tables" });
    expect(lineage).toMatchObject({
      etl_minimal: { publish: [[table("customers"), table("orders")], [table("revenue")]] },
      data_quality: {},
    });
  });

  test("WHEN there is a Trino THEN Airflow reads all of them, and each task comes after what it needs", () => {
    const { errors, dags } = bag({ LAB_IMAGE_TAGS: TAGS, LAB_TRINO_URL: "http://trino.trino:8080" });

    expect(errors).toEqual({});
    expect(
      Object.fromEntries(
        Object.entries(dags).map(([dag, tasks]) => [
          dag,
          Object.fromEntries(Object.entries(tasks).map(([id, { type, after }]) => [id, [type, after]])),
        ]),
      ),
    ).toEqual({
      etl_minimal: {
        ingest: ["_PythonDecoratedOperator", []],
        transform: ["KubernetesPodOperator", ["ingest"]],
        track: ["KubernetesPodOperator", ["transform"]],
        publish: ["KubernetesPodOperator", ["transform"]],
      },
      data_quality: {
        raw_customers: ["KubernetesPodOperator", []],
        raw_orders: ["KubernetesPodOperator", []],
        processed_revenue: ["KubernetesPodOperator", []],
      },
      spark_job: { sales_report: ["SparkKubernetesOperator", []] },
      fine_tuning: { train: ["_PythonDecoratedOperator", []] },
    });
    expect(dags["etl_minimal"]?.["track"]).toMatchObject({
      image: "registry.lab.local:5001/lab/duckdb-dbt:t1",
      environment: {
        AWS_ENDPOINT_URL_S3: "http://minio.minio:9000",
        MLFLOW_TRACKING_URI: "http://mlflow.mlflow:5000",
      },
      labels: { "lab.local/job": "true" },
    });
    expect(dags["etl_minimal"]?.["publish"]).toMatchObject({
      environment: { LAB_TRINO_URL: "http://trino.trino:8080" },
    });
  });

  test("WHEN there is none THEN nothing is published", () => {
    const { errors, dags } = bag({ LAB_IMAGE_TAGS: TAGS });

    expect(errors).toEqual({});
    expect(Object.keys(dags["etl_minimal"] ?? {}).sort()).toEqual(["ingest", "track", "transform"]);
  });

  test("fails, DAG by DAG, for an image without a tag", () => {
    const { errors, dags } = bag({ LAB_IMAGE_TAGS: '{"spark":"t3"}' });

    expect(errors).toEqual({
      "data_quality.py": "RuntimeError: LAB_IMAGE_TAGS has no tag of the image data-quality: it has spark",
      "etl_minimal.py": "RuntimeError: LAB_IMAGE_TAGS has no tag of the image duckdb-dbt: it has spark",
    });
    expect(Object.keys(dags).sort()).toEqual(["fine_tuning", "spark_job"]);
  });

  test("THEN Airflow takes the plugin's links", () => {
    const script = `
import json
from airflow import plugins_manager
from airflow.api_fastapi.core_api.datamodels.plugins import ExternalViewResponse
views = plugins_manager._get_ui_plugins()[0]
print(json.dumps([[ExternalViewResponse(**each).name, each["href"]] for each in views if each["url_route"].startswith("lab-")]))`;
    const home = temporaryFolder();
    const { stdout } = runPython(python, ["-c", script], {
      env: { AIRFLOW_HOME: home, AIRFLOW__CORE__PLUGINS_FOLDER: PLUGINS, AIRFLOW__CORE__LOAD_EXAMPLES: "False" },
    });

    expect(JSON.parse(stdout.trim().split("\n").at(-1) ?? "")).toEqual([
      ["MLflow runs", "https://mlflow.lab.local"],
      ["Object store", "https://minio.lab.local"],
      ["Dashboards", "https://grafana.lab.local"],
    ]);
  });

  test("WHEN the sample is made again THEN it is the same", () => {
    const folder = temporaryFolder();

    expect(runPython(python, [path.join(DATA, "generate.py"), folder]).status).toBe(0);

    const { ["customers.csv"]: customers, ["orders.csv"]: orders } = filesBelow(DATA);
    expect(filesBelow(folder)).toEqual({ "customers.csv": customers, "orders.csv": orders });
  });

  describe("AND a Job that is made from a CronJob", () => {
    /** The Kubernetes client's part is played: what it is asked, and what the Job's conditions are, one read after another. */
    const run = (conditions: readonly (readonly [string, string, string][])[], seconds: number) => {
      const script = `
import json, sys
from datetime import timedelta
from types import SimpleNamespace as N
from lab import jobs
answers = json.loads(sys.argv[1])
made = []
class Batch:
    def read_namespaced_cron_job(self, name, namespace):
        return N(spec=N(job_template=N(metadata=N(labels={"app": name}), spec={"of": f"{namespace}/{name}"})))
    def create_namespaced_job(self, namespace, body):
        made.append([namespace, body["metadata"]["generateName"], body["metadata"]["labels"], body["spec"]])
        return N(metadata=N(name="fine-tuning-x1"))
    def read_namespaced_job_status(self, name, namespace):
        conditions = answers.pop(0) if len(answers) > 1 else answers[0]
        return N(status=N(conditions=[N(type=t, status="True", reason=r, message=m) for t, r, m in conditions] or None))
try:
    print(json.dumps([jobs.run_cron_job(Batch(), "training", "fine-tuning", timedelta(seconds=${seconds}), 0.01), made]))
except jobs.JobError as error:
    print(json.dumps([str(error), made]))`;
      return JSON.parse(
        runPython(python, ["-c", script, JSON.stringify(conditions)], { env: { PYTHONPATH: DAGS } }).stdout,
      ) as [string, unknown[]];
    };
    const MADE = [["training", "fine-tuning-", { app: "fine-tuning" }, { of: "training/fine-tuning" }]];

    test("THEN it is waited for", () => {
      expect(run([[], [["SuccessCriteriaMet", "", ""]], [["Complete", "", ""]]], 5)).toEqual(["fine-tuning-x1", MADE]);
    });

    test("fails when it fails, with Kubernetes' reason", () => {
      expect(run([[], [["Failed", "DeadlineExceeded", "it took too long"]]], 5)).toEqual([
        "training/fine-tuning-x1: DeadlineExceeded: it took too long",
        MADE,
      ]);
    });

    test("fails when it does not end in time", () => {
      expect(run([[]], 0)).toEqual([
        "training/fine-tuning-x1 has not ended after 0:00:00: look at its pods, it goes on by itself",
        MADE,
      ]);
    });
  });

  describeWithMinio("AND an object store", () => {
    let minio: MinioServer;
    const credentials = () => ({ AWS_ACCESS_KEY_ID: ROOT.username, AWS_SECRET_ACCESS_KEY: ROOT.password });

    /** Runs the ingestion on a folder of data; gives what it returns, or its error. */
    const ingest = (folder: string) => {
      const script = `
import json, sys
from pathlib import Path
import boto3
from lab import datasets
store = boto3.client("s3", endpoint_url=${JSON.stringify(minio.endpoint)}, region_name="us-east-1")
try:
    print(json.dumps(datasets.ingest(store, Path(sys.argv[1]), "raw/sales/")))
except datasets.DataSetError as error:
    print(json.dumps(str(error)))`;
      const { stdout } = runPython(python, ["-c", script, folder], { env: { PYTHONPATH: DAGS, ...credentials() } });
      return JSON.parse(stdout) as unknown;
    };
    /** The real DVC, in a copy of the repository whose remote is this store. */
    const dvc = (repository: string, ...args: string[]) =>
      runPython(python, ["-m", "dvc", ...args], {
        cwd: repository,
        env: { ...credentials(), AWS_DEFAULT_REGION: "us-east-1", DVC_NO_ANALYTICS: "true" },
      });
    const copy = () => {
      const folder = temporaryFolder();
      fs.cpSync(path.join(FOLDER, ".dvc"), path.join(folder, ".dvc"), { recursive: true });
      fs.cpSync(DATA, path.join(folder, "data"), { recursive: true });
      fs.writeFileSync(
        path.join(folder, ".dvc/config.local"),
        `[core]\n    no_scm = true\n['remote "lab"']\n    endpointurl = ${minio.endpoint}\n`,
      );
      return folder;
    };

    beforeEach(async () => {
      minio = await MinioServer.start();
      expect(minio.mc(["mb", "store/data", "store/dvc"]).ok).toBe(true);
    });
    afterEach(() => minio.stop());

    test("WHEN the sample is ingested THEN it is in raw/, and the real DVC finds its revisions in the remote", () => {
      const revisions = Object.fromEntries(
        pointers.flatMap((file) => pointer(file).outs.map(({ path: name, md5 }) => [name, md5])),
      );

      expect(ingest(DATA)).toEqual(revisions);
      expect(ingest(DATA)).toEqual(revisions);

      const repository = copy();
      for (const name of Object.keys(revisions)) {
        expect(minio.mc(["cat", `store/data/raw/sales/${name}`]).text).toBe(
          fs.readFileSync(path.join(DATA, name), "utf8").trim(),
        );
        fs.rmSync(path.join(repository, "data", name));
      }
      const pulled = dvc(repository, "pull");
      expect([pulled.status, pulled.status === 0 ? "" : pulled.stderr]).toEqual([0, ""]);
      expect(fs.readFileSync(path.join(repository, "data/orders.csv"))).toEqual(
        fs.readFileSync(path.join(DATA, "orders.csv")),
      );
    });

    test("WHEN somebody has pushed a version with DVC THEN it is ingested without being in the repository", () => {
      const repository = copy();
      fs.appendFileSync(path.join(repository, "data/orders.csv"), "O00601,C0001,2025-12-31,lamp,1,59.00,paid\n");
      for (const args of [["add", "data/orders.csv", "data/customers.csv"], ["push"]]) {
        const { status, stderr } = dvc(repository, ...args);
        expect([args, status, status === 0 ? "" : stderr]).toEqual([args, 0, ""]);
      }
      const content = fs.readFileSync(path.join(repository, "data/orders.csv"), "utf8");
      fs.rmSync(path.join(repository, "data/orders.csv"));

      const revisions = ingest(path.join(repository, "data"));

      expect(revisions).toMatchObject({ "orders.csv": createHash("md5").update(content).digest("hex") });
      expect(minio.mc(["cat", "store/data/raw/sales/orders.csv"]).text).toBe(content.trim());
    });

    test("fails for a file that is not what its revision says, and ingests nothing", () => {
      const repository = copy();
      fs.appendFileSync(path.join(repository, "data/orders.csv"), "more\n");

      expect(ingest(path.join(repository, "data"))).toMatch(
        /^orders\.csv in the repository has the MD5 [0-9a-f]{32}, and its \.dvc file says [0-9a-f]{32}: dvc add, or dvc push$/,
      );
      expect(minio.mc(["find", "store/data"]).text).toBe("");
    });

    test("fails for a revision that is nowhere", () => {
      const repository = copy();
      fs.rmSync(path.join(repository, "data/customers.csv"));

      expect(ingest(path.join(repository, "data"))).toMatch(
        /^customers\.csv of revision [0-9a-f]{32} is neither in the repository nor in s3:\/\/dvc: dvc push$/,
      );
    });
  });
});
