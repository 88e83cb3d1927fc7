import * as fs from "node:fs";
import * as path from "node:path";
import { temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";
import { type Answer, runBeside, withGateway } from "../gateway";

/** What a script does in about a second. */
const SHORT = {
  USERS: "5",
  PAUSE_SECONDS: "0.1",
  RAMP_UP: "100ms",
  DURATION: "1s",
  TENANT_REQUESTS_PER_MINUTE: "3000",
  // More than by default: other tests may want the machine at the same time.
  P95_MILLISECONDS: "600",
};
/** Of k6: a threshold was crossed; the script ended with an error. */
const CROSSED = 99;
const REFUSED = 107;

interface Request {
  readonly url: string;
  readonly token: string;
  readonly key: string;
}

/** Runs a script on a gateway; `ok` says for each threshold whether it held, `asked` what came to the gateway. */
async function run(
  script: string,
  answer: (request: Request) => Answer,
  environment: Readonly<Record<string, string>> = {},
) {
  const summary = path.join(temporaryFolder(), "summary.json");
  const asked: string[] = [];
  return withGateway(
    ({ url = "", headers: { authorization = "", "x-api-key": key = "" } }) => {
      asked.push(`${url} ${authorization}`.trim());
      return answer({ url, token: authorization, key: String(key) });
    },
    async (address) => {
      const { status, stderr } = await runBeside(
        "k6",
        ["run", "--quiet", "--no-usage-report", "--summary-export", summary, path.resolve("ci/load", script)],
        { BASE_URL: address, ...environment },
      );
      const { metrics } = fs.existsSync(summary)
        ? (JSON.parse(fs.readFileSync(summary, "utf8")) as {
            metrics: Record<string, { thresholds?: Record<string, boolean> }>;
          })
        : { metrics: {} };
      // k6 writes true for a threshold that was crossed.
      const crossed = Object.entries(metrics).flatMap(([name, { thresholds = {} }]) =>
        Object.entries(thresholds).flatMap(([threshold, failed]) => (failed ? [`${name} ${threshold}`] : [])),
      );
      return { status, stderr, crossed: crossed.sort(), thresholds: metrics, asked };
    },
  );
}

describeWithProgram("k6", "load.js, with the real k6", () => {
  test("GIVEN services that are fast THEN all thresholds hold", async () => {
    const { status, crossed, asked, thresholds } = await run("load.js", () => ({ status: 200 }), SHORT);
    expect(crossed).toEqual([]);
    expect(status).toBe(0);
    expect(Object.entries(thresholds).flatMap(([name, each]) => (each.thresholds ? [name] : []))).toEqual(
      expect.arrayContaining(["checks", "http_req_duration", "http_req_failed", "limited"]),
    );
    expect(new Set(asked)).toEqual(new Set(["/identity/health", "/property/health", "/search/health"]));
  });

  test("GIVEN nothing but an address THEN it is 100 users, 95 % of them answered within 200 ms", async () => {
    const { stdout } = await runBeside(
      "k6",
      ["inspect", "--include-system-env-vars", path.resolve("ci/load/load.js")],
      {
        BASE_URL: "https://api.example.com",
      },
    );
    expect(JSON.parse(stdout)).toMatchObject({
      scenarios: { users: { stages: [{ target: 100 }, { duration: "5m0s", target: 100 }] } },
      thresholds: {
        http_req_duration: ["p(95)<200"],
        http_req_failed: ["rate<0.01"],
        checks: ["rate>0.99"],
        limited: ["count<1"],
      },
    });
  });

  test("fails for services that are slow", async () => {
    const slow = await run("load.js", () => ({ status: 200, afterMilliseconds: 700 }), SHORT);
    expect(slow.crossed).toEqual(["http_req_duration p(95)<600"]);
    expect(slow.status).toBe(CROSSED);
  });

  test("fails for one error in ten answers", async () => {
    let count = 0;
    const failing = await run("load.js", () => ({ status: count++ % 10 === 0 ? 500 : 200 }), SHORT);
    expect(failing.crossed).toEqual(["checks rate>0.99", "http_req_failed rate<0.01"]);
    expect(failing.status).toBe(CROSSED);
  });

  test("fails where the gateway's limit was measured", async () => {
    const limited = await run("load.js", () => ({ status: 429 }), SHORT);
    expect(limited.crossed).toContain("limited count<1");
  });

  test("fails for fewer tenants than the gateway's limit asks for, before a single request", async () => {
    const { status, stderr, asked } = await run("load.js", () => ({ status: 200 }), {
      TOKEN: "a",
      PATHS: "/property/properties,/property/health",
    });
    expect(stderr).toContain(
      "100 users with a request every 5 s ask tenants' paths 600 times a minute, and the gateway lets a tenant ask 100: " +
        "give tokens of 8 tenants (found 1), or raise PAUSE_SECONDS",
    );
    expect(status).toBe(REFUSED);
    expect(asked).toEqual([]);
  });

  test("GIVEN a file of tokens and paths THEN users take turns with both", async () => {
    const tokens = path.join(temporaryFolder(), "tokens");
    fs.writeFileSync(tokens, "one\ntwo\n\n");
    const { status, asked } = await run("load.js", () => ({ status: 200 }), {
      ...SHORT,
      TOKENS_FILE: tokens,
      PATHS: "/property/properties, /search/search?q=a",
    });
    expect(status).toBe(0);
    expect(new Set(asked)).toEqual(
      new Set([
        "/property/properties Bearer one",
        "/property/properties Bearer two",
        "/search/search?q=a Bearer one",
        "/search/search?q=a Bearer two",
      ]),
    );
  });

  test.each([
    [{ BASE_URL: "" }, 'BASE_URL is "": use the gateway\'s address, such as https://api.example.com'],
    [{ BASE_URL: "api.example.com" }, 'BASE_URL is "api.example.com": use the gateway\'s address'],
    [{ USERS: "many" }, 'USERS is "many": use a number above zero'],
    [{ P95_MILLISECONDS: "-1" }, 'P95_MILLISECONDS is "-1": use a number above zero'],
  ])("fails for %j", async (environment, message) => {
    const { status, stderr, asked } = await run("load.js", () => ({ status: 200 }), environment);
    expect(stderr).toContain(message.replaceAll('"', '\\"'));
    expect(status).toBe(REFUSED);
    expect(asked).toEqual([]);
  });
});

describeWithProgram("k6", "smoke.js, with the real k6", () => {
  const PATHS = { PATHS: "/property/properties", TOKEN: "one" };
  const gateway = ({ url, token }: Request): Answer => ({
    status: url.endsWith("/health") || token === "Bearer one" ? 200 : 401,
  });

  test("GIVEN healthy services that ask for tokens THEN it ends well", async () => {
    const { status, asked } = await run("smoke.js", gateway, PATHS);
    expect(status).toBe(0);
    expect(asked).toEqual([
      "/identity/health",
      "/property/health",
      "/search/health",
      "/property/properties",
      "/property/properties Bearer one",
    ]);
  });

  test("GIVEN a key of the API THEN it is sent instead of a token", async () => {
    const keys: (string | undefined)[] = [];
    const { status } = await run(
      "smoke.js",
      (request) => {
        keys.push(request.key);
        return { status: request.url === "/property/properties" && request.key === "" ? 401 : 200 };
      },
      { PATHS: "/property/properties", API_KEY: "secret" },
    );
    expect(status).toBe(0);
    expect(keys).toEqual(["", "", "", "", "secret"]);
  });

  test.each<[string, (request: Request) => Answer]>([
    [
      "a service that is not healthy",
      (request) => (request.url === "/search/health" ? { status: 503 } : gateway(request)),
    ],
    ["a path that answers without a token", () => ({ status: 200 })],
    ["a path that refuses the token", (request) => gateway({ ...request, token: "" })],
  ])("fails for %s", async (_, answer) => {
    const { status, crossed } = await run("smoke.js", answer, PATHS);
    expect(crossed).toEqual(["checks rate==1"]);
    expect(status).toBe(CROSSED);
  });
});
