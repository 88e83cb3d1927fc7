import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { describeWithProgram } from "../../../support/programs";

const FOLDER = path.join(__dirname, "../../../../constructs/gateway/kong/plugins/tenant");
const KONG = path.join(__dirname, "kong.lua");

const A = "0b6f5c1e-7d1a-4c3b-9a53-3f3f6f1f0a01";
const B = "c0ffee00-1111-4222-8333-444455556666";

/** What Kong has of a request when the plugin's turn comes. */
interface Request {
  readonly headers?: Readonly<Record<string, string>>;
  /** The token that the jwt plugin has verified. */
  readonly token?: string;
  /** Token → what it claims. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly credential?: unknown;
  readonly consumer?: unknown;
  readonly conf?: unknown;
}

/** A value as Lua writes it. */
function lua(value: unknown): string {
  if (Array.isArray(value)) {
    return `{${value.map(lua).join(", ")}}`;
  }
  if (typeof value === "object" && value !== null) {
    return `{${Object.entries(value)
      .map(([key, item]) => `[${JSON.stringify(key)}] = ${lua(item)}`)
      .join(", ")}}`;
  }
  return value === undefined ? "nil" : JSON.stringify(value);
}

function lines(request: Request): string[] {
  const input = lua({ headers: {}, claims: {}, ...request });
  const { stdout, stderr, status } = spawnSync("luajit", [KONG, FOLDER], { input, encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
  return stdout.trimEnd().split("\n");
}

/** What came of a request: the answer that ended it, the headers that go on, and what is logged. */
const outcome = (request: Request) => lines(request).filter((line) => /^(exit|header|logged) /.test(line));

const withToken = (claims: unknown, more: Request = {}): Request => ({ token: "t", claims: { t: claims }, ...more });

const passedAs = (tenant: string) => [`header x-tenant-id ${tenant}`, `logged tenant_id ${tenant}`];

describeWithProgram("luajit", "The plugin tenant", () => {
  test("GIVEN Kong's order of plugins THEN it runs after authentication and access control, before limits are counted", () => {
    const [, name, priority] =
      /^plugin (\w+) (\d+)$/.exec(lines({}).find((line) => line.startsWith("plugin")) ?? "") ?? [];
    expect(name).toBe("tenant");
    const [jwt, keyAuth, acl, rateLimiting] = [1450, 1250, 950, 910];
    for (const before of [jwt, keyAuth, acl]) {
      expect(Number(priority)).toBeLessThan(before);
    }
    expect(Number(priority)).toBeGreaterThan(rateLimiting);
  });

  test("GIVEN its schema THEN it belongs to no consumer, refuses requests without a tenant by default and has these options", () => {
    expect(lines({}).filter((line) => /^(field|option) /.test(line))).toEqual([
      "field consumer no consumer",
      "field protocols http",
      "field config record",
      "option header_name header name true X-Tenant-ID",
      "option claim string true tenant_id",
      "option required boolean true true",
    ]);
  });

  test("GIVEN a verified token THEN its tenant goes on and is logged, other headers as they were", () => {
    expect(outcome(withToken({ tenant_id: A }, { headers: { Accept: "text/html" } }))).toEqual([
      "header accept text/html",
      ...passedAs(A),
    ]);
  });

  test.each(["X-Tenant-ID", "x-tenant-id", "X_Tenant_ID", "X-Tenant_ID", "X_Tenant-ID"])(
    "fails to be told another tenant by the client's %s",
    (header) => {
      expect(outcome(withToken({ tenant_id: A }, { headers: { [header]: B } }))).toEqual(passedAs(A));
    },
  );

  test("fails to be told a tenant by the client's header where no token is needed", () => {
    expect(outcome({ headers: { "X-Tenant-ID": B, X_Tenant_ID: B }, conf: { required: false } })).toEqual([]);
  });

  test("fails with 403 when the token claims no tenant", () => {
    expect(outcome(withToken({ sub: "somebody" }, { headers: { "X-Tenant-ID": B } }))).toEqual(["exit 403 No tenant"]);
  });

  test("fails with 403 when nobody is authenticated", () => {
    expect(outcome({ headers: { "X-Tenant-ID": B } })).toEqual(["exit 403 No tenant"]);
  });

  test.each([
    ["no UUID", "acme"],
    ["one too short", A.slice(0, -1)],
    ["one with more behind it", `${A}\r\nX-Admin: true`],
    ["empty", ""],
    ["a number", 7],
    ["a list", [A]],
    ["false", false],
  ])("fails with 403 when the claim is %s, also where a tenant is not required", (_, tenant_id) => {
    const answer = ["exit 403 Malformed tenant"];
    expect(outcome(withToken({ tenant_id }))).toEqual(answer);
    expect(outcome(withToken({ tenant_id }, { conf: { required: false } }))).toEqual(answer);
  });

  test("GIVEN upper case THEN it goes on in lower case, so that limits are counted once", () => {
    expect(outcome(withToken({ tenant_id: B.toUpperCase() }))).toEqual(passedAs(B));
  });

  test("GIVEN an API key THEN the tenant is that of the consumer's tag, or else its custom id", () => {
    const credential = { id: "key" };
    const tagged = { custom_id: B, tags: ["managed-by-ops", `tenant:${A}`] };
    expect(outcome({ credential, consumer: tagged })).toEqual(passedAs(A));
    expect(outcome({ credential, consumer: { custom_id: B } })).toEqual(passedAs(B));
  });

  test("GIVEN a token THEN the consumer that it was verified by says nothing: it is shared by all tenants", () => {
    const issuer = { credential: { id: "key" }, consumer: { custom_id: B } };
    expect(outcome(withToken({ tenant_id: A }, issuer))).toEqual(passedAs(A));
    expect(outcome(withToken({}, issuer))).toEqual(["exit 403 No tenant"]);
  });

  test("fails with 403 when an API key's consumer has no tenant, or a malformed one", () => {
    const credential = { id: "key" };
    expect(outcome({ credential, consumer: { username: "acme" } })).toEqual(["exit 403 No tenant"]);
    expect(outcome({ credential })).toEqual(["exit 403 No tenant"]);
    expect(outcome({ credential, consumer: { tags: ["tenant:acme"], custom_id: A } })).toEqual([
      "exit 403 Malformed tenant",
    ]);
  });

  test("fails to take the tenant of the anonymous consumer, whom no credential stands for", () => {
    expect(outcome({ consumer: { custom_id: A } })).toEqual(["exit 403 No tenant"]);
  });

  test("GIVEN other names of header and claim THEN these are used", () => {
    const conf = { header_name: "X-Org", claim: "organization" };
    expect(outcome(withToken({ organization: A, tenant_id: B }, { headers: { X_Org: B }, conf }))).toEqual([
      `header x-org ${A}`,
      `logged tenant_id ${A}`,
    ]);
  });
});
