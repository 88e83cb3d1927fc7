import { spawn, spawnSync } from "node:child_process";
import * as http from "node:http";
import { type AddressInfo } from "node:net";
import * as path from "node:path";
import { temporaryFolder } from "../support/layers";
import { describeWithProgram } from "../support/programs";

const SCRIPT = path.resolve("workloads/comparisons/gateways.sh");

describeWithProgram("shellcheck", "GIVEN the comparison of gateways", () => {
  test("THEN shellcheck finds nothing", () => {
    expect(spawnSync("shellcheck", [SCRIPT], { encoding: "utf8" }).stdout).toBe("");
  });
});

describe("GIVEN the comparison of gateways", () => {
  test.each([
    [["traefik=http://127.0.0.1"], "give at least two gateways, as <name>=<address>: one alone is no comparison\n"],
    [
      ["traefik=http://127.0.0.1", "kong"],
      '"kong" is no gateway: use <name>=<address>, such as traefik=https://bench.lab.local\n',
    ],
  ])("fails for %j", (gateways, message) => {
    const { status, stderr } = spawnSync("bash", [SCRIPT, temporaryFolder(), ...gateways], { encoding: "utf8" });

    expect([status, stderr]).toEqual([2, message]);
  });
});

describeWithProgram("k6", "GIVEN two gateways, of which one fails", () => {
  describeWithProgram("jq", "AND what reads k6's figures", () => {
    const servers: http.Server[] = [];
    const serve = async (status: number) => {
      const server = http.createServer((_, response) => response.writeHead(status).end());
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    };
    afterAll(() => servers.forEach((server) => server.close()));

    test("THEN both are measured, and a row each says how", async () => {
      const [good, bad] = [await serve(200), await serve(503)];

      const child = spawn("bash", [SCRIPT, temporaryFolder(), `traefik=${good}`, `kong=${bad}`], {
        env: { ...process.env, USERS: "2", DURATION: "2s", RAMP_UP: "1s", PAUSE_SECONDS: "0.2" },
      });
      let [stdout, stderr] = ["", ""];
      child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
      child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
      const status = await new Promise((resolve) => child.on("close", resolve));

      expect([status, status === 0 ? "" : stderr]).toEqual([0, ""]);
      const rows = stdout.split("\n").slice(stdout.split("\n").findIndex((line) => line.startsWith("gateway")));
      expect(rows[0]?.split(/ {2,}/)).toEqual(["gateway", "requests/s", "median ms", "p95 ms", "failed %"]);
      const failed = Object.fromEntries(
        rows.slice(1).flatMap((row) => {
          const cells = row.split(/ +/);
          return cells.length === 5 ? [[cells[0], cells[4]]] : [];
        }),
      );
      expect(failed).toEqual({ traefik: "0.00", kong: "100.00" });
    });
  });
});
