import { Fn, Op, TerraformCount, TerraformVariable, Token } from "cdktf";
import { ConditionalNamespace } from "../../../constructs/cluster/namespace";
import { Pods } from "../../../constructs/cluster/network-policy";
import { WorkloadJob, type WorkloadJobProps } from "../../../constructs/cluster/workload-job";
import { type Layer } from "../../../constructs/core/layer";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

type More = (layer: Layer, cluster: ReturnType<typeof testCluster>) => Partial<WorkloadJobProps>;

const build = (more: More = () => ({})) => {
  const rows: unknown[] = [];
  const built = synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    new WorkloadJob(layer, "fill_it", {
      namespace: testNamespace(cluster),
      image: "registry.example.com/fill:1.0.0",
      environment: { MODE: "all" },
      resources: { cpuMillis: 10, memoryMib: 32, memoryLimitMib: 64 },
      version: "3",
      timeoutMinutes: 10,
      retries: 1,
      ...more(layer, cluster),
    });
    rows.push(cluster.capacity.entry.rows.at(-1));
  });
  return { ...built, rows, job: only(built.json.resource?.["kubernetes_job_v1"]) };
};

interface JobSpec {
  readonly template: {
    readonly spec: { readonly container: readonly Record<string, unknown>[]; readonly volume: unknown };
  };
}
const podOf = ({ job }: ReturnType<typeof build>) => (job["spec"] as JobSpec).template.spec;

describe("WorkloadJob", () => {
  test("GIVEN a namespace of a condition THEN the Job and its files are there while it holds; a count of its own goes before", () => {
    const counts = (more: Partial<WorkloadJobProps>) => {
      const { json } = build((layer, cluster) => ({
        namespace: new ConditionalNamespace(
          testNamespace(cluster, "others"),
          new TerraformVariable(layer, "enabled", { type: "bool", description: "Whether" }),
        ),
        scripts: { "run.sh": "true" },
        ...more,
      }));
      return ["kubernetes_job_v1", "kubernetes_config_map_v1"].map((type) => only(json.resource?.[type])["count"]);
    };
    const count = "${var.enabled ? 1 : 0}";
    expect(counts({})).toEqual([count, count]);
    expect(counts({ count: TerraformCount.of(0) })).toEqual([0, 0]);
  });

  test("THEN the apply waits for it, as long as all tries may take, and another version is another Job", () => {
    expect(build().job).toMatchObject({
      metadata: { name: "fill-it-3", namespace: "apps" },
      wait_for_completion: true,
      spec: {
        backoff_limit: 1,
        active_deadline_seconds: 22 * 60,
        template: { spec: { restart_policy: "Never", active_deadline_seconds: 600 } },
      },
      timeouts: { create: "23m", update: "23m" },
    });
  });

  test("THEN its pod is restricted, and has no token", () => {
    expect(podOf(build())).toMatchObject({
      automount_service_account_token: false,
      enable_service_links: false,
      security_context: { run_as_non_root: true, seccomp_profile: { type: "RuntimeDefault" } },
      container: [
        {
          name: "fill-it",
          security_context: { read_only_root_filesystem: true, capabilities: { drop: ["ALL"] } },
          resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { memory: "64Mi" } },
          env: [
            { name: "HOME", value: "/tmp" },
            { name: "MODE", value: "all" },
          ],
        },
      ],
      volume: [{ name: "tmp", empty_dir: { size_limit: "256Mi" } }],
    });
  });

  test("GIVEN what it uses, scripts and ConfigMaps THEN flows are allowed, and all of them are files", () => {
    const built = build((layer, cluster) => ({
      name: "index",
      command: ["/bin/sh", "/scripts/run.sh"],
      args: ["all"],
      scripts: { "run.sh": "echo ${HOME}" },
      configMaps: ["tenants-00", "tenants-01"],
      uses: [
        {
          pods: new Pods(layer, "db", { namespace: testNamespace(cluster, "data"), labels: { app: "db" } }),
          port: 5432,
          environment: { DB_HOST: "db.data" },
          credentials: { folder: "db", secretName: "index-db", keys: ["password"] },
        },
      ],
    }));
    expect(flowsOf(built.json).filter(([, pods]) => pods === "apps/index")).toEqual([
      ["egress", "apps/index", "data/db", "5432"],
    ]);
    expect(only(built.json.resource?.["kubernetes_config_map_v1"])).toMatchObject({
      metadata: { name: "index" },
      data: { "run.sh": "echo $${HOME}" },
    });
    expect(podOf(built)).toMatchObject({
      container: [
        {
          command: ["/bin/sh", "/scripts/run.sh"],
          args: ["all"],
          env: [
            { name: "HOME", value: "/tmp" },
            { name: "MODE", value: "all" },
            { name: "DB_HOST", value: "db.data" },
          ],
          volume_mount: [
            { name: "tmp", mount_path: "/tmp" },
            { name: "scripts", mount_path: "/scripts", read_only: true },
            { name: "secrets", mount_path: "/secrets", read_only: true },
            { name: "config", mount_path: "/config", read_only: true },
          ],
        },
      ],
      volume: [
        { name: "tmp" },
        { name: "scripts", config_map: { name: "index" } },
        {
          name: "secrets",
          projected: [
            { sources: [{ secret: [{ name: "index-db", items: [{ key: "password", path: "db/password" }] }] }] },
          ],
        },
        {
          name: "config",
          projected: [
            {
              sources: [
                { config_map: [{ name: "tenants-00", optional: true }] },
                { config_map: [{ name: "tenants-01", optional: true }] },
              ],
            },
          ],
        },
      ],
    });
  });

  test("GIVEN a count, and an image that does not matter THEN it is there by an input, and another tag runs nothing", () => {
    const built = build((layer) => {
      const revision = new TerraformVariable(layer, "revision", { type: "number", description: "Revision" });
      return {
        version: Token.asString(Fn.tostring(revision.value)),
        ignoreImage: true,
        count: TerraformCount.of(Token.asNumber(Fn.conditional(Op.gte(revision.value, 1), 1, 0))),
      };
    });
    expect(built.job).toMatchObject({
      count: "${(var.revision >= 1) ? 1 : 0}",
      metadata: { name: "fill-it-${tostring(var.revision)}" },
      lifecycle: { ignore_changes: ["spec[0].template"] },
    });
  });

  test("GIVEN a Secret for the registry THEN its image is pulled with it", () => {
    expect(podOf(build(() => ({ imagePullSecret: "registry" })))).toMatchObject({
      image_pull_secrets: [{ name: "registry" }],
    });
    expect(podOf(build())).not.toHaveProperty("image_pull_secrets");
  });

  test("THEN it is counted while it runs", () => {
    expect(build().rows).toEqual([{ name: "fill-it", namespace: "apps", replicas: 1, cpuMillis: 10, memoryMib: 32 }]);
  });

  test("fails for a time or a number of tries that is none", () => {
    expect(() => build(() => ({ timeoutMinutes: 0, retries: -1 }))).toThrow(
      [
        "test/fill_it: 2 problems",
        "  - timeoutMinutes is 0: use a whole number from 1 on",
        "  - retries is -1: use a whole number from 0 on",
      ].join("\n"),
    );
  });
});
