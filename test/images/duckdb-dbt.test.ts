import * as fs from "node:fs";
import * as path from "node:path";
import { temporaryFolder } from "../support/layers";
import { describeWithMinio, MinioServer, ROOT } from "../support/minio";
import { describeWithPython, runPython } from "../support/python";

const FOLDER = path.resolve("images/duckdb-dbt");
const DATA = path.resolve("workloads/airflow-dags/data");

describeWithPython("images/duckdb-dbt", "GIVEN the pipeline's jobs", (python) => {
  describeWithMinio("AND an object store", () => {
    let minio: MinioServer;
    let runs: string;

    /** Runs a job as its pod would; MLflow's runs are files. */
    const job = (...args: string[]) =>
      runPython(python, ["-m", "lab_pipeline", ...args], {
        cwd: FOLDER,
        env: {
          AWS_ENDPOINT_URL_S3: minio.endpoint,
          AWS_ACCESS_KEY_ID: ROOT.username,
          AWS_SECRET_ACCESS_KEY: ROOT.password,
          MLFLOW_TRACKING_URI: `file://${runs}`,
          MLFLOW_ALLOW_FILE_STORE: "true",
        },
      });
    const put = (name: string, text: string) =>
      expect(minio.mc(["pipe", `store/data/raw/sales/${name}`], ROOT, text).ok).toBe(true);
    const sample = (name: string) => fs.readFileSync(path.join(DATA, name), "utf8");
    const objects = () => {
      const { text } = minio.mc(["find", "store/data"]);
      return text
        .split("\n")
        .map((line) => line.replace("store/data/", ""))
        .sort();
    };

    beforeAll(async () => {
      minio = await MinioServer.start();
      runs = temporaryFolder();
      expect(minio.mc(["mb", "store/data"]).ok).toBe(true);
    });
    afterAll(() => minio.stop());

    test("fails before the ingestion", () => {
      const { status, stderr } = job("transform", "--run-id", "early");

      expect([status, stderr.trim()]).toEqual([
        1,
        "s3://data/raw/sales/ has no customers.csv and no orders.csv: run the ingestion first",
      ]);
    });

    test("fails for a row that dbt's tests refuse, by their names, and writes nothing", () => {
      put("customers.csv", sample("customers.csv"));
      put("orders.csv", `${sample("orders.csv")}O00001,C9999,2025-12-31,lamp,1,59.00,lost\n`);

      const { status, stderr } = job("transform", "--run-id", "bad");

      expect([status, stderr.trim().split("\n")]).toEqual([
        1,
        [
          "the data is not as it has to be:",
          "accepted_values_stg_orders_status__paid__refunded__cancelled: Got 1 result, configured to fail if != 0",
          "relationships_stg_orders_customer_id__customer_id__ref_stg_customers_: Got 1 result, configured to fail if != 0",
          "unique_stg_orders_order_id: Got 1 result, configured to fail if != 0",
        ],
      ]);
      expect(objects()).toEqual(["raw/sales/customers.csv", "raw/sales/orders.csv"]);
    });

    test("fails to track what was not transformed", () => {
      const { status, stderr } = job("track", "--run-id", "one", "--revisions", "{}");

      expect([status, stderr.trim()]).toEqual([
        1,
        "s3://data/processed/sales/figures.json is of the run none, not of one: run the transformation again",
      ]);
    });

    test("WHEN the sample is transformed THEN its figures are those of the data, and the files are there", () => {
      put("orders.csv", sample("orders.csv"));

      const { status, stdout } = job("transform", "--run-id", "one");

      // Counted here from the CSV itself, in cents.
      const paid = sample("orders.csv")
        .split("\n")
        .filter((line) => line.endsWith(",paid"))
        .map((line) => line.split(","))
        .map((cells) => Number(cells[4]) * Math.round(Number(cells[5]) * 100));
      expect(status).toBe(0);
      expect({ ...(JSON.parse(stdout) as object), seconds: 0 }).toEqual({
        customers: 100,
        orders: 600,
        revenue_eur: paid.reduce((sum, cents) => sum + cents, 0) / 100,
        seconds: 0,
        tests_passed: 13,
      });
      expect(objects()).toEqual([
        "intermediate/sales/customers.parquet",
        "intermediate/sales/orders.parquet",
        "processed/sales/customer_value.parquet",
        "processed/sales/figures.json",
        "processed/sales/revenue.parquet",
        "raw/sales/customers.csv",
        "raw/sales/orders.csv",
      ]);
    });

    test("THEN its run is in MLflow once, with the revision of the data, also when it is tracked twice", () => {
      const args = ["track", "--run-id", "one", "--revisions", '{"orders.csv":"f2f0"}'];

      const [first, second] = [job(...args), job(...args)];

      expect([first.status, second.status]).toEqual([0, 0]);
      expect(second.stdout).toBe(first.stdout);
      const { mlflow_run } = JSON.parse(first.stdout) as { mlflow_run: string };
      const [run, ...others] = (fs.readdirSync(runs, { recursive: true }) as string[]).filter((file) =>
        file.endsWith(mlflow_run),
      );
      expect(others).toEqual([]);
      const file = (name: string) => fs.readFileSync(path.join(runs, run ?? "", name), "utf8");
      expect(file("params/dvc.orders.csv")).toBe("f2f0");
      expect(file("metrics/orders").split(" ")[1]).toBe("600.0");
      expect(file("tags/pipeline_run")).toBe("one");
    });

    test("fails to track a run of before", () => {
      const { status, stderr } = job("track", "--run-id", "two", "--revisions", "{}");

      expect([status, stderr.trim()]).toEqual([
        1,
        "s3://data/processed/sales/figures.json is of the run one, not of two: run the transformation again",
      ]);
    });
  });

  test("WHEN rows are published THEN each value is a literal of its column's type, and no text ends its quotes", () => {
    const script = `
import json
from datetime import date
from decimal import Decimal
from lab_pipeline.publish import statements
rows = [("O'1", 2, Decimal("10.50"), date(2025, 3, 1), None), ("b", 1, Decimal("0.00"), date(2025, 3, 2), "x")]
print(json.dumps(list(statements("t", {"a": "varchar", "b": "integer", "c": "decimal(10,2)", "d": "date", "e": "varchar"}, rows))))`;

    const { stdout } = runPython(python, ["-c", script], { cwd: FOLDER });

    expect(JSON.parse(stdout)).toEqual([
      "CREATE TABLE IF NOT EXISTS t (a varchar, b integer, c decimal(10,2), d date, e varchar)",
      "DELETE FROM t",
      "INSERT INTO t (a, b, c, d, e) VALUES ('O''1', 2, DECIMAL '10.50', DATE '2025-03-01', NULL), ('b', 1, DECIMAL '0.00', DATE '2025-03-02', 'x')",
    ]);
  });

  test("fails to publish a value that has no literal", () => {
    const { status, stderr } = runPython(
      python,
      ["-c", "from lab_pipeline.publish import literal; literal(b'bytes')"],
      { cwd: FOLDER },
    );

    expect([status, stderr.trim().split("\n").at(-1)]).toEqual([1, "TypeError: no literal for b'bytes'"]);
  });
});
