import { spawn, spawnSync } from "node:child_process";
import * as http from "node:http";
import { type AddressInfo } from "node:net";
import * as path from "node:path";
import { Pods } from "../../../constructs/cluster/network-policy";
import { ApiSmoke } from "../../../constructs/gateway/api-smoke";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { describeWithProgram } from "../../support/programs";

const SCRIPT = path.resolve("constructs/gateway/api-smoke/smoke.sh");

const build = (checks: Readonly<Record<string, string>>) =>
  synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    new ApiSmoke(layer, "smoke", {
      namespace: testNamespace(cluster),
      host: "api.example.com",
      gateway: {
        pods: new Pods(layer, "gateway", { namespace: testNamespace(cluster, "traefik"), labels: { app: "traefik" } }),
        podPort: 8443,
        address: "traefik.traefik:443",
        scheme: "https",
      },
      checks,
      version: "abc",
      dependsOn: [],
    });
  });

describe("ApiSmoke", () => {
  test("THEN a Job asks each service through the gateway's pods, and the apply waits for what it says", () => {
    const { json } = build({ identity: "/identity/health", search: "/search/health" });
    const job = only(json.resource?.["kubernetes_job_v1"]);
    expect(job).toMatchObject({
      metadata: { name: "smoke-abc", namespace: "apps" },
      wait_for_completion: true,
      spec: {
        backoff_limit: 0,
        template: {
          spec: {
            container: [
              {
                image: expect.stringMatching(/curl:\d+\.\d+\.\d+$/) as string,
                command: ["/bin/sh", "/scripts/smoke.sh"],
                env: [
                  { name: "HOME", value: "/tmp" },
                  { name: "HOST", value: "api.example.com" },
                  { name: "SCHEME", value: "https" },
                  { name: "GATEWAY", value: "traefik.traefik:443" },
                  { name: "CHECKS", value: "identity=/identity/health search=/search/health" },
                  { name: "SECONDS_IN_ALL", value: "180" },
                ],
              },
            ],
          },
        },
      },
    });
    expect(flowsOf(json).filter(([, pods]) => ["apps/smoke", "traefik/traefik"].includes(pods))).toEqual([
      ["egress", "apps/smoke", "traefik/traefik", "8443"],
      ["ingress", "traefik/traefik", "apps/smoke", "8443"],
    ]);
  });

  test("fails without a check, and for one that would be read as two", () => {
    expect(() => build({})).toThrow("test/smoke: checks is empty: name a service and its path");
    expect(() => build({ "a b": "/health", web: "/a b" })).toThrow(
      [
        "test/smoke: 2 problems",
        '  - the check "a b" of "/health" is malformed: use a name, and a path such as /property/health',
        '  - the check "web" of "/a b" is malformed: use a name, and a path such as /property/health',
      ].join("\n"),
    );
  });
});

describeWithProgram("shellcheck", "smoke.sh through shellcheck", () => {
  test("THEN it finds nothing", () => {
    expect(spawnSync("shellcheck", [SCRIPT], { encoding: "utf8" }).stdout).toBe("");
  });
});

describeWithProgram("curl", "smoke.sh against a server", () => {
  /** Answers each path with one status after the other, the last one again and again. */
  let answers: Record<string, number[]> = {};
  const hosts = new Set<string | undefined>();
  const server = http.createServer((request, response) => {
    hosts.add(request.headers.host);
    const statuses = answers[request.url ?? ""] ?? [404];
    response.writeHead((statuses.length > 1 ? statuses.shift() : statuses[0]) as number).end();
  });
  beforeAll(async () => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
  afterAll(() => server.close());

  const run = (checks: string, seconds: number) =>
    new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
      const { port } = server.address() as AddressInfo;
      const env = {
        PATH: process.env["PATH"],
        HOST: "api.example.com",
        SCHEME: "http",
        GATEWAY: `127.0.0.1:${port}`,
        CHECKS: checks,
        SECONDS_IN_ALL: String(seconds),
      };
      const child = spawn("sh", [SCRIPT], { env });
      let [out, err] = ["", ""];
      child.stdout.on("data", (data: Buffer) => (out += data.toString()));
      child.stderr.on("data", (data: Buffer) => (err += data.toString()));
      child.on("close", (code) => resolve({ code, out, err }));
    });

  test("GIVEN services that are well, one after a while, THEN it ends with 0, having asked by the API's own name", async () => {
    answers = { "/a/health": [200], "/b/health": [503, 200] };
    expect(await run("a=/a/health b=/b/health", 20)).toEqual({
      code: 0,
      out: "a is healthy: http://api.example.com/a/health\nb is healthy: http://api.example.com/b/health\n",
      err: "",
    });
    expect([...hosts]).toEqual(["api.example.com"]);
  });

  test("fails for one that is not well, names it, and has asked all others too", async () => {
    answers = { "/a/health": [503], "/b/health": [200] };
    expect(await run("a=/a/health b=/b/health", 0)).toEqual({
      code: 1,
      out: "b is healthy: http://api.example.com/b/health\n",
      err: "a is NOT healthy: http://api.example.com/a/health gave 503\nfailed: a\n",
    });
  });
});
