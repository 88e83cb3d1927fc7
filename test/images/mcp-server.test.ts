import { type ChildProcess, spawn } from "node:child_process";
import * as net from "node:net";
import * as path from "node:path";
import { temporaryFolder } from "../support/layers";
import { describeWithMinio, MinioServer, ROOT } from "../support/minio";
import { describeWithPython, runPython } from "../support/python";

const FOLDER = path.resolve("images/mcp-server");

/** Two tables as DuckDB writes them: a processed one, and one that is raw. */
const TABLE = `
import duckdb, sys
duckdb.sql("select * from (values ('north', 10.50), ('south', 3.25)) t(region, revenue_eur)").write_parquet(sys.argv[1])`;

/** A real client of the protocol: prints the tools, and what each call gives. */
const CLIENT = `
import asyncio, json, sys
from mcp import Client
async def main():
    async with Client(sys.argv[1]) as client:
        results = [await client.call_tool(name, given) for name, given in json.loads(sys.argv[2])]
        print(json.dumps({
            "tools": sorted(tool.name for tool in (await client.list_tools()).tools),
            "results": [r.content[0].text if r.is_error else r.structured_content for r in results],
        }))
asyncio.run(main())`;

describeWithPython("images/mcp-server", "GIVEN an MCP server", (python) => {
  describeWithMinio("AND an object store", () => {
    let minio: MinioServer;
    let server: ChildProcess | undefined;

    /** Starts one of the servers; gives its address once it answers. */
    const start = async (name: string) => {
      const port = await new Promise<number>((resolve) => {
        const listener = net.createServer().listen(0, "127.0.0.1", () => {
          const { port: free } = listener.address() as net.AddressInfo;
          listener.close(() => resolve(free));
        });
      });
      server = spawn(python, ["-m", "mcp_server", name], {
        cwd: FOLDER,
        stdio: "ignore",
        env: {
          PATH: process.env["PATH"],
          HOME: temporaryFolder(),
          PYTHONDONTWRITEBYTECODE: "1",
          LISTEN: `127.0.0.1:${port}`,
          AWS_ENDPOINT_URL_S3: minio.endpoint,
          AWS_ACCESS_KEY_ID: ROOT.username,
          AWS_SECRET_ACCESS_KEY: ROOT.password,
        },
      });
      const deadline = Date.now() + 40_000;
      const health = () => fetch(`http://127.0.0.1:${port}/healthz`).then(({ ok }) => ok);
      while (!(await health().catch(() => false))) {
        if (Date.now() > deadline) {
          throw new Error("the server did not answer within 40 s");
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      return `http://127.0.0.1:${port}/mcp`;
    };
    const call = (url: string, calls: readonly (readonly [string, object])[]) => {
      const { stdout, stderr } = runPython(python, ["-c", CLIENT, url, JSON.stringify(calls)]);
      expect([stdout === "" ? stderr : ""]).toEqual([""]);
      return JSON.parse(stdout) as { tools: string[]; results: unknown[] };
    };

    beforeAll(async () => {
      minio = await MinioServer.start();
      expect(minio.mc(["mb", "store/data"]).ok).toBe(true);
      const table = path.join(temporaryFolder(), "table.parquet");
      expect(runPython(python, ["-c", TABLE, table]).status).toBe(0);
      for (const object of ["processed/sales/revenue.parquet", "raw/sales/customers.parquet"]) {
        expect(minio.mc(["cp", "--quiet", table, `store/data/${object}`]).ok).toBe(true);
      }
      expect(minio.mc(["pipe", "store/data/processed/sales/figures.json"], ROOT, '{"orders": 2}').ok).toBe(true);
    });
    afterEach(() => server?.kill("SIGKILL"));
    afterAll(() => minio.stop());

    test("WHEN tables are asked THEN there are the processed ones only, and SQL is answered", async () => {
      const url = await start("query");

      expect(
        call(url, [
          ["list_tables", {}],
          ["query", { sql: "select region, revenue_eur from revenue order by 1" }],
        ]),
      ).toEqual({
        tools: ["list_tables", "query"],
        results: [
          { revenue: ["region VARCHAR", "revenue_eur DECIMAL(4,2)"] },
          {
            columns: ["region", "revenue_eur"],
            rows: [
              ["north", "10.50"],
              ["south", "3.25"],
            ],
            more: false,
          },
        ],
      });
    });

    test("fails for SQL that would change, read or reach something else", async () => {
      const url = await start("query");
      const refused = [
        "drop table revenue",
        "select 1; select 2",
        "select * from read_csv('/etc/passwd')",
        "select * from read_parquet('http://127.0.0.1/a')",
        "set enable_external_access = true",
        "select nothing from revenue",
      ];

      const { results } = call(
        url,
        refused.map((sql) => ["query", { sql }] as const),
      );

      expect(results.map((result) => String(result).split("\n")[0])).toEqual([
        "Error executing tool query: only SELECT is answered",
        "Error executing tool query: give one statement of SQL",
        expect.stringContaining("file system operations are disabled by configuration"),
        expect.stringMatching(/disabled|not exist|Missing Extension|Permission/),
        "Error executing tool query: only SELECT is answered",
        expect.stringContaining('Referenced column "nothing" not found'),
      ]);
    });

    test("WHEN objects are asked THEN text is read, and nothing outside processed/", async () => {
      const url = await start("store");

      expect(
        call(url, [
          ["list_objects", {}],
          ["read_text", { name: "sales/figures.json" }],
          ["read_text", { name: "sales/revenue.parquet" }],
          ["read_text", { name: "../raw/sales/customers.parquet" }],
        ]),
      ).toEqual({
        tools: ["list_objects", "read_text"],
        results: [
          { result: ["sales/figures.json", "sales/revenue.parquet"] },
          { result: '{"orders": 2}' },
          "Error executing tool read_text: sales/revenue.parquet is no text: ask the query server for tables",
          expect.stringContaining("Error executing tool read_text"),
        ],
      });
    });
  });
});
