import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { TerraformVariable } from "cdktf";
import { TenantStorage } from "../../../constructs/tenancy/tenant-storage";
import { testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";
import { temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";

const SCRIPT = path.resolve("constructs/tenancy/tenant-storage/apply.sh");

describe("TenantStorage", () => {
  const { json } = synthesizeLayer((layer) => {
    const revision = new TerraformVariable(layer, "revision", { type: "number", description: "R" }).stringValue;
    new TenantStorage(layer, "storage", {
      namespace: testNamespace(testCluster(layer), "data"),
      name: "tenants-00-storage",
      image: "mc:1",
      endpoint: "http://minio.data:9000",
      rootUsername: { secretName: "root", key: "username" },
      rootPassword: { secretName: "root", key: "password" },
      buckets: ["documents", "property-images"],
      tenants: { lake: "tenant-lake" },
      revision,
    });
  });
  const job = json.resource?.["kubernetes_job_v1"]?.["storage"] as {
    metadata: { name: string };
    spec: { template: { spec: { container: [{ env: Record<string, unknown>[] }]; volume: unknown[] } } };
  };

  test("THEN a tenant's user has the policy of its own prefixes", () => {
    const { data } = json.resource?.["kubernetes_config_map_v1"]?.["storage_files"] as { data: Record<string, string> };
    expect(Object.keys(data)).toEqual(["apply.sh", "setup.sh", "policy.tenant-lake.json", "user.tenant-lake"]);
    expect(data["user.tenant-lake"]).toBe("tenant-lake");
    const { Statement } = JSON.parse(data["policy.tenant-lake.json"] ?? "") as {
      Statement: { Resource: string[]; Condition?: unknown }[];
    };
    expect(Statement.map(({ Resource, Condition }) => [Resource, Condition])).toEqual([
      [["arn:aws:s3:::documents", "arn:aws:s3:::property-images"], { StringLike: { "s3:prefix": ["lake/*"] } }],
      [["arn:aws:s3:::documents/lake/*", "arn:aws:s3:::property-images/lake/*"], undefined],
    ]);
  });

  test("THEN its keys are files from a Secret, and another revision of them is another Job", () => {
    expect(job.spec.template.spec.volume[1]).toEqual({
      name: "keys",
      projected: [
        {
          sources: [
            {
              secret: [
                {
                  name: "tenant-lake",
                  items: ["access-key", "secret-key", "revision"].map((key) => ({ key, path: `tenant-lake/${key}` })),
                },
              ],
            },
          ],
        },
      ],
    });
    expect(job.metadata.name).toMatch(/^tenants-00-storage-[0-9a-f]{8}-\$\{var\.revision\}$/);
    expect(job.spec.template.spec.container[0].env).toContainEqual({ name: "REVISION", value: "${var.revision}" });
  });
});

describe("the Job's script", () => {
  /** Folders as the Job sees them, with a set-up that only says that it ran. */
  function prepare(revisions: Record<string, string>) {
    const folder = temporaryFolder();
    const [plan, users] = [path.join(folder, "plan"), path.join(folder, "users")];
    fs.mkdirSync(plan);
    fs.writeFileSync(path.join(plan, "setup.sh"), "echo 'set up'\n");
    for (const [user, revision] of Object.entries(revisions)) {
      fs.mkdirSync(path.join(users, user), { recursive: true });
      fs.writeFileSync(path.join(users, user, "revision"), revision);
    }
    return { users, env: { ...process.env, PLAN: plan, USERS: users, REVISION: "2", WAIT_SECONDS: "0.1" } };
  }

  test("GIVEN keys of the revision THEN the set-up runs", () => {
    const { env } = prepare({ "tenant-a": "2", "tenant-b": "2" });
    expect(spawnSync("sh", [SCRIPT], { env, encoding: "utf8" }).stdout).toBe("set up\n");
  });

  test("GIVEN keys of an older revision THEN it waits until the new ones are there", async () => {
    const { users, env } = prepare({ "tenant-a": "2", "tenant-b": "1" });
    const child = spawn("sh", [SCRIPT], { env });
    let output = "";
    await new Promise<void>((resolve) =>
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        resolve();
      }),
    );
    expect(output).toContain("waiting for revision 2 in");
    expect(output).not.toContain("set up");
    fs.writeFileSync(path.join(users, "tenant-b", "revision"), "2");
    await new Promise((resolve) => child.once("close", resolve));
    expect(output.endsWith("set up\n")).toBe(true);
  });
});

describeWithProgram("shellcheck", "shellcheck of the Job's script", () => {
  test("THEN it finds nothing", () => {
    expect(spawnSync("shellcheck", [SCRIPT], { encoding: "utf8" }).stdout).toBe("");
  });
});
