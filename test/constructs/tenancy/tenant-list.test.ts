import { parseTenants, type Plans } from "../../../constructs/tenancy/tenant-list";

const PLANS: Plans = {
  small: { cpuMillis: 200, memoryMib: 256, storageGib: 5, requestsPerMinute: 30, users: 10 },
  huge: { cpuMillis: 20_000, memoryMib: 65_536, storageGib: 50, requestsPerMinute: 100, users: 200 },
};
const OPTIONS = {
  file: "tenants.yaml",
  plans: PLANS,
  cluster: { cpuMillis: 8000, memoryMib: 16_384 },
  reservedSubdomains: ["api", "www"],
};

const parse = (text: string) => parseTenants(text, OPTIONS);

/** Two entries that are accepted, in lines 2 to 7 and 8 to 13, each with the lines that a case replaces. */
const list = (first: Record<string, string> = {}, second: Record<string, string> = {}) => {
  const entry = (fields: Record<string, string>) =>
    `  - ${Object.entries(fields)
      .map(([key, value]) => `${key}: ${value}`)
      .join("\n    ")}\n`;
  return `tenants:\n${entry({
    id: "lake",
    name: "Lake",
    organizationId: "0b8e5a52-6c1d-4f0e-9a37-5d2f1c7e8b10",
    plan: "small",
    subdomain: "lake",
    quotas: "{}",
    ...first,
  })}${entry({
    id: "hill",
    name: "Hill",
    organizationId: "7d3f9c84-2e5b-4a61-8c0d-91b6e4f2a735",
    plan: "huge",
    subdomain: "hill",
    quotas: "{ cpu: 1, memory: 1Gi }",
    ...second,
  })}`;
};

describe("parseTenants", () => {
  test("GIVEN entries THEN each has its quotas, and the plan's where it says nothing", () => {
    expect(parse(list())).toEqual([
      {
        id: "lake",
        name: "Lake",
        organizationId: "0b8e5a52-6c1d-4f0e-9a37-5d2f1c7e8b10",
        plan: "small",
        subdomain: "lake",
        quotas: { cpuMillis: 200, memoryMib: 256, storageGib: 5, requestsPerMinute: 30, users: 10 },
      },
      {
        id: "hill",
        name: "Hill",
        organizationId: "7d3f9c84-2e5b-4a61-8c0d-91b6e4f2a735",
        plan: "huge",
        subdomain: "hill",
        quotas: { cpuMillis: 1000, memoryMib: 1024, storageGib: 50, requestsPerMinute: 100, users: 200 },
      },
    ]);
  });

  test("GIVEN no tenant THEN the list is empty", () => {
    expect(parse("tenants: []")).toEqual([]);
  });

  test("GIVEN quotas of every kind THEN they are read in their units", () => {
    const quotas = "{ cpu: 150m, memory: 0.125Gi, storage: 3Gi, requestsPerMinute: 20, users: 2 }";
    expect(parse(list({ quotas }))[0]?.quotas).toEqual({
      cpuMillis: 150,
      memoryMib: 128,
      storageGib: 3,
      requestsPerMinute: 20,
      users: 2,
    });
  });

  test.each<[string, string, string]>([
    [
      "an id with capitals",
      list({ id: "Lake" }),
      'line 2: id is "Lake": use 3 to 32 lower-case letters, digits and "-", a letter first and no "-" last',
    ],
    [
      "an id that is too long for a row's slug",
      list({ id: "l".repeat(33) }),
      `line 2: id is "${"l".repeat(33)}": use 3 to 32 lower-case letters, digits and "-", a letter first and no "-" last`,
    ],
    ["an id that is a number", list({ id: "123" }), "line 2: id is 123: use a text"],
    ["an empty name", list({ name: '""' }), 'line 3: name is "": use a name for people'],
    [
      "an organization id that is no UUID",
      list({ organizationId: "lake-1" }),
      'line 4: organizationId is "lake-1": use a UUID in lower case, such as uuidgen prints',
    ],
    [
      "an unknown plan",
      list({ plan: "smal" }),
      'line 5: plan is "smal", did you mean "small"?: use one of small, huge',
    ],
    ["a plan that nothing is near", list({ plan: "platinum" }), 'line 5: plan is "platinum": use one of small, huge'],
    [
      "a subdomain of two labels",
      list({ subdomain: "a.lake" }),
      'line 6: subdomain is "a.lake": use at most 63 lower-case letters, digits and "-", no "-" at an end',
    ],
    [
      "a reserved subdomain",
      list({ subdomain: "api" }),
      'line 6: subdomain is "api", which the platform itself uses: choose another',
    ],
    ["an unknown key", list({ subdomian: "x" }), 'line 8: there is no key "subdomian", did you mean "subdomain"?'],
    ["an unknown quota", list({ quotas: "{ disk: 1Gi }" }), 'line 7: there is no key "disk"'],
    ["a duplicate id", list({}, { id: "lake" }), 'line 8: id is "lake", as in line 2: each tenant has its own'],
    [
      "a duplicate organization",
      list({}, { organizationId: "0b8e5a52-6c1d-4f0e-9a37-5d2f1c7e8b10" }),
      'line 10: organizationId is "0b8e5a52-6c1d-4f0e-9a37-5d2f1c7e8b10", as in line 4: each tenant has its own',
    ],
    [
      "a duplicate subdomain",
      list({}, { subdomain: "lake" }),
      'line 12: subdomain is "lake", as in line 6: each tenant has its own',
    ],
    [
      "CPU above the plan",
      list({ quotas: "{ cpu: 300m }" }),
      'line 7: quotas.cpu is 300m, above the 200m of the plan "small"',
    ],
    [
      "memory above the plan",
      list({ quotas: "{ memory: 257Mi }" }),
      'line 7: quotas.memory is 257Mi, above the 256Mi of the plan "small"',
    ],
    [
      "storage above the plan",
      list({ quotas: "{ storage: 6Gi }" }),
      'line 7: quotas.storage is 6Gi, above the 5Gi of the plan "small"',
    ],
    [
      "requests above the plan",
      list({ quotas: "{ requestsPerMinute: 31 }" }),
      'line 7: quotas.requestsPerMinute is 31, above the 30 of the plan "small"',
    ],
    [
      "users above the plan",
      list({ quotas: "{ users: 11 }" }),
      'line 7: quotas.users is 11, above the 10 of the plan "small"',
    ],
    [
      "CPU above the cluster",
      list({}, { quotas: "{ cpu: 8001m, memory: 1Gi }" }),
      "line 13: quotas.cpu is 8001m, above the 8000m of all nodes together",
    ],
    [
      "memory above the cluster",
      list({}, { quotas: "{ cpu: 1, memory: 17Gi }" }),
      "line 13: quotas.memory is 17408Mi, above the 16384Mi of all nodes together",
    ],
    [
      "a plan's quota above the cluster",
      list({}, { quotas: "{ cpu: 1 }" }),
      "line 11: quotas.memory is 65536Mi, above the 16384Mi of all nodes together",
    ],
    [
      "a quota that is no quantity",
      list({ quotas: "{ memory: lots }" }),
      'line 7: quotas.memory is "lots": use a quantity above 0, such as 512Mi',
    ],
    [
      "a quota of nothing",
      list({ quotas: "{ cpu: 0 }" }),
      "line 7: quotas.cpu is 0: use a quantity above 0, such as 500m",
    ],
    [
      "a quota that is half a person",
      list({ quotas: "{ users: 0.5 }" }),
      "line 7: quotas.users is 0.5: use a whole number",
    ],
    ["an entry that is a text", "tenants:\n  - lake\n", 'line 2: the entry is "lake": use a map of keys and values'],
    ["a file that is a list", "- lake\n", 'line 1: the file is ["lake"]: use a map of keys and values'],
    ["an empty file", "", "line 1: the file is null: use a map of keys and values"],
    ["tenants that are no list", "tenants: lake\n", 'line 1: tenants is "lake": use a list of tenants, or [] for none'],
    ["what is no YAML", "tenants:\n  - id: lake\n    name: 'Lake\n", "line 4: not YAML: Missing closing 'quote"],
    [
      "a key that is there twice",
      "tenants:\n  - id: lake\n    id: hill\n",
      "line 3: not YAML: Map keys must be unique",
    ],
  ])("fails for %s, with its line", (_name, text, problem) => {
    expect(() => parse(text)).toThrow(`tenants.yaml: ${problem}`);
  });

  test("fails for every key that an entry lacks", () => {
    expect(() => parse("tenants:\n  - name: Lake\n")).toThrow(
      [
        "tenants.yaml: 4 problems",
        "  - line 2: id is missing: use a text",
        "  - line 2: organizationId is missing: use a UUID",
        "  - line 2: plan is missing: use the name of a plan",
        "  - line 2: subdomain is missing: use a text",
      ].join("\n"),
    );
  });

  test("fails for all problems at once, in the order of the lines", () => {
    expect(() => parse(list({ name: "''", quotas: "{ users: 11 }" }, { id: "lake", subdomain: "www" }))).toThrow(
      [
        "tenants.yaml: 4 problems",
        '  - line 3: name is "": use a name for people',
        '  - line 7: quotas.users is 11, above the 10 of the plan "small"',
        '  - line 8: id is "lake", as in line 2: each tenant has its own',
        '  - line 12: subdomain is "www", which the platform itself uses: choose another',
      ].join("\n"),
    );
  });
});
