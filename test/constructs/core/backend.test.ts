import { BACKENDS, type BackendType } from "../../../constructs/core/backend";
import { jsonOf, testEnvironment, testLayer } from "../../support/layers";

/** A layer that reads an earlier one, with everything that its backend puts into JSON. */
const reader = (backend: BackendType) => {
  const environment = testEnvironment("lab", backend);
  const earlier = testLayer(environment, "lab-data");
  const layer = testLayer(environment, "lab-genai");
  layer.read(earlier);
  return layer;
};

describe("the backend block", () => {
  test.each<[BackendType, Record<string, unknown>]>([
    ["local", { path: "../../../.terraform-state/lab-genai.tfstate" }],
    ["s3", { key: "lab/lab-genai.tfstate", encrypt: true, use_lockfile: true }],
    ["http", { lock_method: "POST", unlock_method: "DELETE", retry_wait_min: 5 }],
  ])("GIVEN %s WHEN a layer is written THEN the block is exactly the part that is not for ops", (type, expected) => {
    expect(jsonOf(reader(type)).terraform?.backend).toEqual({ [type]: expected });
  });

  test.each<BackendType>(["local", "s3", "http"])(
    "GIVEN %s WHEN a layer reads another THEN no bucket, address, credential or absolute path is in JSON",
    (type) => {
      const json = jsonOf(reader(type));
      const block = json.terraform?.backend?.[type] ?? {};
      const config = json.data?.["terraform_remote_state"]?.["lab_data"]?.["config"] as Record<string, string>;

      const ofOps = /bucket|region|address|user|password|token|access|secret|profile/;
      expect(Object.keys(block).filter((name) => ofOps.test(name))).toEqual([]);
      expect(
        Object.entries(config).filter(([name, value]) => ofOps.test(name) && !/^\$\{var\.\w+\}$/.test(value)),
      ).toEqual([]);
      expect(Object.values({ ...block, ...config }).filter((value) => /^\/|:\/\//.test(String(value)))).toEqual([]);
    },
  );
});

describe("what ops give at init", () => {
  test.each<[BackendType, string[]]>([
    ["local", []],
    ["s3", ["bucket=<state bucket>", "region=eu-west-1"]],
    [
      "http",
      [
        "address=https://<gitlab>/api/v4/projects/<id>/terraform/state/lab-genai",
        "lock_address=https://<gitlab>/api/v4/projects/<id>/terraform/state/lab-genai/lock",
        "unlock_address=https://<gitlab>/api/v4/projects/<id>/terraform/state/lab-genai/lock",
      ],
    ],
  ])("GIVEN %s WHEN its arguments are listed THEN they complete the block", (type, expected) => {
    const args = BACKENDS[type].arguments("lab", "lab-genai");

    expect(args.map(({ name, example }) => `${name}=${example}`)).toEqual(expected);
    expect(args.filter(({ name }) => name in BACKENDS[type].attributes("lab", "lab-genai"))).toEqual([]);
  });
});

describe("PartialBackend", () => {
  test("fails WHEN cdktf asks it for a data source of its own", () => {
    const backend = reader("local").node.findChild("backend") as unknown as { getRemoteStateDataSource(): unknown };

    expect(() => backend.getRemoteStateDataSource()).toThrow("a layer reads another one through Layer.read()");
  });
});
