import * as fs from "node:fs";
import * as http from "node:http";
import { type AddressInfo } from "node:net";
import * as path from "node:path";
import { spawn } from "node:child_process";
import { temporaryFolder } from "../support/layers";
import { describeWithMinio, MinioServer, ROOT } from "../support/minio";
import { describeWithPython } from "../support/python";

const FOLDER = path.resolve("images/data-quality");
const SAMPLE = fs.readFileSync("workloads/airflow-dags/data/orders.csv", "utf8");

describeWithPython("images/data-quality", "GIVEN the data quality job", (python) => {
  describeWithMinio("AND an object store", () => {
    let minio: MinioServer;
    let gateway: http.Server;
    let pushed: { method: string | undefined; url: string | undefined; body: string }[] = [];

    /** Runs the job as its pod would; not waited for in this thread, since the Pushgateway is here as well. */
    const job = (suite: string, environment: Record<string, string> = {}) =>
      new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) => {
        const child = spawn(python, ["-m", "data_quality", "--suite", suite, "--checkpoint", "nightly"], {
          cwd: FOLDER,
          env: {
            PATH: process.env["PATH"],
            HOME: temporaryFolder(),
            PYTHONDONTWRITEBYTECODE: "1",
            GX_ANALYTICS_ENABLED: "false",
            AWS_ENDPOINT_URL_S3: minio.endpoint,
            AWS_ACCESS_KEY_ID: ROOT.username,
            AWS_SECRET_ACCESS_KEY: ROOT.password,
            PUSHGATEWAY_URL: `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`,
            ...environment,
          },
        });
        let [stdout, stderr] = ["", ""];
        child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
        child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
        child.on("close", (status) => resolve({ status, stdout, stderr }));
      });
    const put = (text: string) =>
      expect(minio.mc(["pipe", "store/data/raw/sales/orders.csv"], ROOT, text).ok).toBe(true);
    const result = () =>
      JSON.parse(minio.mc(["cat", "store/data/processed/quality/raw_orders.json"]).text) as Record<string, unknown>;

    beforeAll(async () => {
      minio = await MinioServer.start();
      expect(minio.mc(["mb", "store/data"]).ok).toBe(true);
      gateway = http.createServer((request, response) => {
        let body = "";
        request.on("data", (text: Buffer) => (body += text.toString()));
        request.on("end", () => {
          pushed.push({ method: request.method, url: request.url, body });
          response.end();
        });
      });
      await new Promise<void>((resolve) => gateway.listen(0, "127.0.0.1", resolve));
    });
    beforeEach(() => (pushed = []));
    afterAll(async () => {
      gateway.close();
      await minio.stop();
    });

    test("fails when there is nothing to look at, and pushes nothing", async () => {
      const { status, stderr } = await job("raw_orders");

      expect([status, stderr.trim()]).toEqual([
        2,
        "s3://data/raw/sales/orders.csv is not there: run etl_minimal first",
      ]);
      expect(pushed).toEqual([]);
    });

    test("WHEN the sample is checked THEN all expectations are met, and the metrics say so", async () => {
      put(SAMPLE);

      const { status, stdout } = await job("raw_orders");

      expect([status, stdout.trim()]).toEqual([0, "raw_orders: 8 of 8 expectations are met"]);
      expect(result()).toMatchObject({ checkpoint: "nightly", success: true, evaluated: 8, failed: 0 });
      expect(pushed.map(({ method, url }) => [method, url])).toEqual([
        ["PUT", "/metrics/job/data_quality/suite/raw_orders"],
      ]);
      expect(pushed[0]?.body).toContain('\ndata_quality_expectations_failed{checkpoint="nightly"} 0\n');
      expect(pushed[0]?.body).toContain('\ndata_quality_expectations_evaluated{checkpoint="nightly"} 8\n');
    });

    test("fails for bad rows, by the names of the expectations, and shows none of their values", async () => {
      put(`${SAMPLE}O00001,C0001,2025-12-31,lamp,-3,59.00,lost\n`);

      const { status, stderr, stdout } = await job("raw_orders");

      expect(status).toBe(1);
      expect(stdout.trim()).toBe("raw_orders: 5 of 8 expectations are met");
      expect(stderr.trim().split("\n").sort()).toEqual([
        "raw/sales/orders.csv: expect_column_values_to_be_between(quantity): found 1 rows",
        "raw/sales/orders.csv: expect_column_values_to_be_in_set(status): found 1 rows",
        "raw/sales/orders.csv: expect_column_values_to_be_unique(order_id): found 2 rows",
      ]);
      expect(result()).toMatchObject({ success: false, failed: 3 });
      expect(pushed[0]?.body).toContain('\ndata_quality_expectations_failed{checkpoint="nightly"} 3\n');
    });

    test("fails for a column that is not there", async () => {
      put(SAMPLE.replace("status", "state"));

      const { status, stderr } = await job("raw_orders");

      expect(status).toBe(1);
      expect(stderr).toContain(
        "expect_column_values_to_be_in_set(status): found nothing to look at: is the column there?",
      );
      expect(pushed[0]?.body).toContain('\ndata_quality_expectations_failed{checkpoint="nightly"} 2\n');
    });
  });
});
