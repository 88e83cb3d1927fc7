import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { describeWithPython, runPython } from "../support/python";

const FOLDER = path.resolve("images/dagster");
const TEMPLATE = "workloads/airflow-dags/dags/templates/sales-report.yaml";

describeWithPython("images/dagster", "GIVEN the code location of Dagster", (python) => {
  const run = (script: string, ...args: string[]) => {
    const { status, stdout, stderr } = runPython(python, ["-c", script, ...args], { cwd: FOLDER });
    expect([status, status === 0 ? "" : stderr]).toEqual([0, ""]);
    return JSON.parse(stdout) as unknown;
  };

  test("THEN Dagster reads its assets, and what each is made from", () => {
    const script = `
import json
from lab_dagster import defs
graph = defs.resolve_asset_graph()
print(json.dumps({k.to_user_string(): sorted(p.to_user_string() for p in graph.get(k).parent_keys) for k in graph.get_all_asset_keys()}))`;

    expect(run(script)).toEqual({
      intermediate_sales: [],
      mlflow_run: ["intermediate_sales"],
      quality_of_orders: [],
      sales_report: ["intermediate_sales"],
    });
  });

  test("THEN its SparkApplication is Airflow's, but for its name", () => {
    const script = `
import json
from lab_dagster.spark import sales_report
print(json.dumps(sales_report("set-by-the-dag", "http://minio.minio:9000")))`;
    const template = parse(fs.readFileSync(TEMPLATE, "utf8")) as object;

    expect(run(script)).toEqual({ ...template, metadata: { generateName: "sales-report-dagster-" } });
  });

  test("THEN a pod's configuration is one that Dagster takes", () => {
    const script = `
import json, sys
from unittest.mock import patch
from lab_dagster import assets
from dagster_k8s import k8s_job_op
from dagster._core.definitions.op_definition import OpDefinition
from dagster import validate_run_config, job
made = []
with patch.object(assets, "execute_k8s_job", lambda **given: made.append(given)), patch.dict("os.environ", {"LAB_IMAGE_TAGS": '{"duckdb-dbt": "t1"}'}):
    class Context:
        op_execution_context = None
    assets.run_pod(Context(), "duckdb-dbt", ["transform"], {"A": "b"})
[given] = made
given.pop("context"); given.pop("timeout")
@job
def check():
    k8s_job_op()
validate_run_config(check, {"ops": {"k8s_job_op": {"config": {**given, "command": ["c"]}}}})
print(json.dumps([given["image"], given["env_vars"]]))`;

    expect(run(script)).toEqual([
      "registry.lab.local:5001/lab/duckdb-dbt:t1",
      ["AWS_ENDPOINT_URL_S3=http://minio.minio:9000", "A=b"],
    ]);
  });

  describe("AND an application that was submitted", () => {
    /** The API server's part is played: the application's states, one read after another. */
    const submit = (states: readonly object[], seconds: number) =>
      run(
        `
import json, sys
from lab_dagster import spark
states = json.loads(sys.argv[1])
class Objects:
    def create_namespaced_custom_object(self, group, version, namespace, plural, body):
        return {"metadata": {"name": body["metadata"]["generateName"] + "x1"}}
    def get_namespaced_custom_object(self, *of):
        assert of == ("sparkoperator.k8s.io", "v1beta2", "spark", "sparkapplications", "a-x1"), of
        return states.pop(0) if len(states) > 1 else states[0]
try:
    print(json.dumps(spark.run(Objects(), {"metadata": {"generateName": "a-"}}, ${seconds}, 0.01)))
except spark.SparkError as error:
    print(json.dumps(str(error)))`,
        JSON.stringify(states),
      );
    const state = (given: object) => ({ status: { applicationState: given } });

    test("THEN it is waited for", () => {
      expect(submit([{}, state({ state: "RUNNING" }), state({ state: "COMPLETED" })], 5)).toBe("a-x1");
    });

    test.each([
      ["that failed", [state({ state: "FAILED", errorMessage: "driver pod failed" })], "spark/a-x1: driver pod failed"],
      ["that says no reason", [state({ state: "FAILED" })], "spark/a-x1: FAILED"],
      ["that does not end", [{}], "spark/a-x1 has not ended after 0 s: it goes on by itself"],
    ])("fails for one %s", (_, states, message) => {
      expect(submit(states, 0)).toBe(message);
    });
  });
});
