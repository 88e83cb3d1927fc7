import * as fs from "node:fs";
import * as path from "node:path";
import { temporaryFolder } from "../support/layers";
import { describeWithProgram } from "../support/programs";
import { describeWithPython, runPython } from "../support/python";

const JOBS = path.resolve("images/spark/jobs");

test("THEN the comparison of engines is the same file in both images that run it", () => {
  expect(fs.readFileSync("images/duckdb-dbt/engines.py", "utf8")).toBe(
    fs.readFileSync(path.join(JOBS, "engines.py"), "utf8"),
  );
});

describeWithPython("workloads/comparisons", "GIVEN the jobs of Spark", (python) => {
  describeWithProgram("java", "AND a Spark on this machine", () => {
    const run = (args: readonly string[]) =>
      runPython(python, args, {
        cwd: temporaryFolder(),
        env: {
          PYSPARK_PYTHON: python,
          SPARK_LOCAL_IP: "127.0.0.1",
          ...(process.env["JAVA_HOME"] === undefined ? {} : { JAVA_HOME: process.env["JAVA_HOME"] }),
        },
      });

    test("THEN DuckDB and Spark give the same results on the same data", () => {
      const [duckdb, spark] = ["duckdb", "spark"].map((engine) => {
        const { status, stdout, stderr } = run([path.join(JOBS, "engines.py"), engine, "--rows", "20000"]);
        expect([status, status === 0 ? "" : stderr]).toEqual([0, ""]);
        return JSON.parse(stdout) as { rows: number; queries: Record<string, { seconds: number; digest: string }> };
      });
      const digests = (result?: { queries: Record<string, { digest: string }> }) =>
        Object.fromEntries(Object.entries(result?.queries ?? {}).map(([name, { digest }]) => [name, digest]));

      expect(Object.keys(digests(duckdb))).toHaveLength(5);
      expect(new Set(Object.values(digests(duckdb))).size).toBe(5);
      expect(digests(spark)).toEqual(digests(duckdb));
    }, 180_000);

    test("THEN the sales report counts what was paid, by region", () => {
      const root = temporaryFolder();
      const make = `
import duckdb, os, sys
root = sys.argv[1]
os.makedirs(f"{root}/intermediate/sales")
duckdb.sql("select * from (values ('C1', 'north'), ('C2', 'south')) t(customer_id, region)").write_parquet(f"{root}/intermediate/sales/customers.parquet")
duckdb.sql("""select customer_id, status, quantity::integer quantity, price::decimal(10,2) unit_price_eur from (values
    ('C1', 'paid', 2, 10.50), ('C1', 'refunded', 9, 99), ('C2', 'paid', 1, 3.25), ('C1', 'paid', 1, 0.75)) t(customer_id, status, quantity, price)""").write_parquet(f"{root}/intermediate/sales/orders.parquet")`;
      const show = `
import duckdb, json, sys
print(json.dumps([[str(v) for v in row] for row in duckdb.sql(f"from '{sys.argv[1]}/processed/sales/report/*.parquet' order by 1").fetchall()]))`;
      expect(run(["-c", make, root]).status).toBe(0);

      const { status, stderr } = run([path.join(JOBS, "sales_report.py"), root]);

      expect([status, status === 0 ? "" : stderr]).toEqual([0, ""]);
      expect(JSON.parse(run(["-c", show, root]).stdout)).toEqual([
        ["north", "2", "21.75"],
        ["south", "1", "3.25"],
      ]);
    }, 180_000);
  });

  test.each([
    [["duckdb", "--rows", "12345"], "--rows is 12345: use a multiple of 10000, up to 100000000"],
    [["mysql"], "invalid choice: 'mysql'"],
  ])("fails for the arguments %j", (args, problem) => {
    const { status, stderr } = runPython(python, [path.join(JOBS, "engines.py"), ...args]);

    expect(status).toBe(2);
    expect(stderr).toContain(problem);
  });
});
