import { Fn, Op, TerraformVariable } from "cdktf";
import { ConditionalNamespace } from "../../../constructs/cluster/namespace";
import { Pods } from "../../../constructs/cluster/network-policy";
import { type Backend, Workload, type WorkloadProps } from "../../../constructs/cluster/workload";
import { type Layer } from "../../../constructs/core/layer";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

type More = Partial<Omit<WorkloadProps, "namespace">>;

const build = (more: More = {}, use: (workload: Workload, layer: Layer) => void = () => {}) =>
  synthesizeLayer((layer) => {
    const workload = new Workload(layer, "my_web", {
      namespace: testNamespace(testCluster(layer)),
      image: "registry.example.com/web:1.0.0",
      port: 8000,
      resources: { cpuMillis: 100, memoryMib: 128 },
      minimumReplicas: 1,
      maximumReplicas: 3,
      healthPath: "/health",
      ...more,
    });
    use(workload, layer);
  });

interface PodSpec {
  container: Record<string, unknown>[];
  security_context: unknown;
  automount_service_account_token: unknown;
  enable_service_links: unknown;
  volume: unknown;
  topology_spread_constraint: unknown;
}
const podOf = (built: ReturnType<typeof build>) => {
  const { spec } = only(built.json.resource?.["kubernetes_deployment_v1"]) as {
    spec: { template: { metadata: Record<string, unknown>; spec: PodSpec } };
  };
  return spec.template;
};
const LABELS = { "app.kubernetes.io/name": "my-web" };

describe("Workload", () => {
  test("GIVEN a namespace of a condition THEN pods, autoscaler, budget and route are there while it holds, the rest always", () => {
    const { json } = synthesizeLayer((layer) => {
      const enabled = new TerraformVariable(layer, "enabled", { type: "bool", description: "Whether" });
      new Workload(layer, "my_web", {
        namespace: new ConditionalNamespace(testNamespace(testCluster(layer)), enabled),
        image: "registry.example.com/web:1.0.0",
        port: 8000,
        resources: { cpuMillis: 100, memoryMib: 128 },
        minimumReplicas: 1,
        maximumReplicas: 3,
        healthPath: "/health",
        route: { paths: ["/"] },
      });
    });
    const blocks = (type: string) => only(json.resource?.[type]);
    const count = "${var.enabled ? 1 : 0}";
    expect(blocks("kubernetes_deployment_v1")).toMatchObject({ count });
    expect(blocks("kubernetes_ingress_v1")).toMatchObject({ count });
    expect(blocks("kubernetes_pod_disruption_budget_v1")).toMatchObject({ count });
    expect(blocks("kubernetes_horizontal_pod_autoscaler_v2")).toMatchObject({
      count,
      // A Deployment that may not be there has no address without an index.
      spec: { scale_target_ref: { name: "my-web" } },
      depends_on: ["kubernetes_deployment_v1.my_web"],
    });
    expect(blocks("kubernetes_service_v1")).not.toHaveProperty("count");
  });

  test("GIVEN any workload THEN its pods are restricted: no root, no rights, no token, no writing but to /tmp", () => {
    const { spec } = podOf(build());
    expect(spec).toMatchObject({
      automount_service_account_token: false,
      enable_service_links: false,
      security_context: {
        run_as_non_root: true,
        run_as_user: "10001",
        run_as_group: "10001",
        fs_group: "10001",
        seccomp_profile: { type: "RuntimeDefault" },
      },
      volume: [{ name: "tmp", empty_dir: { size_limit: "256Mi" } }],
    });
    expect(spec.container[0]).toMatchObject({
      security_context: {
        allow_privilege_escalation: false,
        read_only_root_filesystem: true,
        capabilities: { drop: ["ALL"] },
      },
      volume_mount: [{ name: "tmp", mount_path: "/tmp" }],
      env: [{ name: "HOME", value: "/tmp" }],
    });
  });

  test("THEN its account has no token, and the pods are it", () => {
    const built = build();
    expect(only(built.json.resource?.["kubernetes_service_account_v1"])).toMatchObject({
      automount_service_account_token: false,
      metadata: { name: "my-web", namespace: "apps" },
    });
    expect(podOf(built).spec).toMatchObject({
      service_account_name: "${kubernetes_service_account_v1.my_web_account.metadata[0].name}",
    });
  });

  test("THEN it has three probes of one path, requests, a memory limit and none of CPU, and spreads over nodes", () => {
    const { spec } = podOf(
      build({ startSeconds: 61, resources: { cpuMillis: 50, memoryMib: 64, memoryLimitMib: 96 } }),
    );
    const http = { http_get: { path: "/health", port: "http" }, timeout_seconds: 3 };
    expect(spec.container[0]).toMatchObject({
      image: "registry.example.com/web:1.0.0",
      port: [{ name: "http", container_port: 8000 }],
      startup_probe: { ...http, period_seconds: 5, failure_threshold: 13 },
      readiness_probe: { ...http, period_seconds: 10, failure_threshold: 3 },
      liveness_probe: { ...http, period_seconds: 20, failure_threshold: 3 },
      resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "96Mi" } },
    });
    expect(spec.topology_spread_constraint).toEqual([
      {
        max_skew: 1,
        topology_key: "kubernetes.io/hostname",
        when_unsatisfiable: "ScheduleAnyway",
        label_selector: [{ match_labels: LABELS }],
      },
    ]);
  });

  test("GIVEN a number of replicas THEN the autoscaler goes by CPU and memory, and Terraform leaves its number alone", () => {
    const { resource } = build({ targetCpuPercent: 60 }).json;
    expect(only(resource?.["kubernetes_horizontal_pod_autoscaler_v2"])["spec"]).toEqual({
      min_replicas: 1,
      max_replicas: 3,
      scale_target_ref: {
        api_version: "apps/v1",
        kind: "Deployment",
        name: "${kubernetes_deployment_v1.my_web.metadata[0].name}",
      },
      metric: [
        { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", average_utilization: 60 } } },
        { type: "Resource", resource: { name: "memory", target: { type: "Utilization", average_utilization: 85 } } },
      ],
    });
    expect(only(resource?.["kubernetes_deployment_v1"])["lifecycle"]).toEqual({ ignore_changes: ["spec[0].replicas"] });
    expect(only(resource?.["kubernetes_deployment_v1"])["spec"]).toMatchObject({
      replicas: 1,
      strategy: { type: "RollingUpdate", rolling_update: { max_surge: "1", max_unavailable: "0" } },
    });
  });

  test("THEN a drained node takes one replica at a time, and never waits for the only one", () => {
    expect(only(build().json.resource?.["kubernetes_pod_disruption_budget_v1"])["spec"]).toEqual({
      max_unavailable: "1",
      selector: { match_labels: LABELS },
    });
  });

  test("THEN its Service is inside the cluster only; without a route there is no Ingress", () => {
    const { resource } = build().json;
    expect(only(resource?.["kubernetes_service_v1"])["spec"]).toEqual({
      type: "ClusterIP",
      selector: LABELS,
      port: [{ name: "http", port: 80, target_port: "8000" }],
    });
    expect(resource?.["kubernetes_ingress_v1"]).toBeUndefined();
  });

  test("GIVEN a route THEN an Ingress has its paths and host; sticky adds a cookie to the Service", () => {
    const { resource } = build({ route: { paths: ["/a", "/b"], host: "web.example.com", sticky: true } }).json;
    const backend = {
      service: { name: "${kubernetes_service_v1.my_web_service.metadata[0].name}", port: { number: 80 } },
    };
    expect(only(resource?.["kubernetes_ingress_v1"])["spec"]).toEqual({
      ingress_class_name: "traefik",
      rule: [
        {
          host: "web.example.com",
          http: {
            path: [
              { path: "/a", path_type: "Prefix", backend },
              { path: "/b", path_type: "Prefix", backend },
            ],
          },
        },
      ],
    });
    expect(only(resource?.["kubernetes_service_v1"])["metadata"]).toMatchObject({
      annotations: {
        "traefik.ingress.kubernetes.io/service.sticky.cookie": "true",
        "traefik.ingress.kubernetes.io/service.sticky.cookie.name": "my-web-replica",
      },
    });
  });

  test("GIVEN variables and Secrets THEN values are literal and secrets are references; a changed revision restarts", () => {
    const built = build({
      environment: { MODE: "fast" },
      secretEnvironment: { PASSWORD: { secretName: "database", key: "password" } },
      restartWhenChanged: { "database-revision": "3" },
    });
    expect(podOf(built).spec.container[0]?.["env"]).toEqual([
      { name: "HOME", value: "/tmp" },
      { name: "MODE", value: "fast" },
      { name: "PASSWORD", value_from: { secret_key_ref: { name: "database", key: "password" } } },
    ]);
    expect(podOf(built).metadata["annotations"]).toEqual({ "socle/database-revision": "3" });
  });

  test("THEN it is counted with as many replicas as it may ever have", () => {
    const rows: unknown[] = [];
    build({}, ({ namespace }) => rows.push(namespace.cluster.capacity.entry.rows.at(-1)));
    expect(rows).toEqual([{ name: "my-web", namespace: "apps", replicas: 3, cpuMillis: 300, memoryMib: 384 }]);
  });

  test("WHEN another is let in THEN to the port it listens on, or to those that are named", () => {
    const { json } = build({}, (web, layer) => {
      const other = (id: string) =>
        new Workload(layer, id, {
          namespace: web.namespace,
          image: "registry.example.com/other:1",
          port: 9000,
          resources: { cpuMillis: 1, memoryMib: 1 },
          minimumReplicas: 1,
          maximumReplicas: 1,
          healthPath: "/",
        });
      web.allowFrom(other("first"));
      web.allowFrom(other("second"), { port: 8001 });
      web.allowTo(other("third"), { port: 9000 });
    });
    expect(flowsOf(json).filter(([, pods]) => pods === "apps/my-web")).toEqual([
      ["egress", "apps/my-web", "apps/third", "9000"],
      ["ingress", "apps/my-web", "apps/first", "8000"],
      ["ingress", "apps/my-web", "apps/second", "8001"],
    ]);
  });

  test("GIVEN tokens for image and replicas THEN they are accepted as they are", () => {
    const { json } = synthesizeLayer((layer) => {
      const input = (name: string, type: string) => new TerraformVariable(layer, name, { type, description: name });
      new Workload(layer, "web", {
        namespace: testNamespace(testCluster(layer)),
        image: `${input("image", "string").stringValue}:latest`,
        port: 8000,
        resources: { cpuMillis: 100, memoryMib: 128 },
        minimumReplicas: input("replicas", "number").numberValue,
        maximumReplicas: 3,
        healthPath: "/health",
      });
    });
    expect(only(json.resource?.["kubernetes_horizontal_pod_autoscaler_v2"])["spec"]).toMatchObject({
      min_replicas: "${var.replicas}",
    });
  });

  test("GIVEN a path for readiness and a port for metrics THEN only liveness asks the other, and no Service has the port", () => {
    const built = build({ readyPath: "/ready", metricsPort: 9090 });
    const path = (of: string) => ({ http_get: { path: of, port: "http" } });
    expect(podOf(built).spec.container[0]).toMatchObject({
      port: [
        { name: "http", container_port: 8000 },
        { name: "metrics", container_port: 9090 },
      ],
      startup_probe: path("/health"),
      readiness_probe: path("/ready"),
      liveness_probe: path("/health"),
    });
    expect(only(built.json.resource?.["kubernetes_service_v1"])["spec"]).toMatchObject({
      port: [{ name: "http", port: 80, target_port: "8000" }],
    });
  });

  test("GIVEN a Secret for the registry THEN images are pulled with it", () => {
    expect(podOf(build({ imagePullSecret: "registry" })).spec).toMatchObject({
      image_pull_secrets: [{ name: "registry" }],
    });
    expect(podOf(build()).spec).not.toHaveProperty("image_pull_secrets");
  });

  test("GIVEN annotations THEN its Service has them", () => {
    const { resource } = build({ serviceAnnotations: { "example.com/retries": "2" } }).json;
    expect(only(resource?.["kubernetes_service_v1"])["metadata"]).toMatchObject({
      annotations: { "example.com/retries": "2" },
    });
  });

  describe("GIVEN colours", () => {
    const { json } = synthesizeLayer((layer) => {
      const input = (name: string) => new TerraformVariable(layer, name, { type: "string", description: name });
      const green = input("green_tag");
      new Workload(layer, "web", {
        namespace: testNamespace(testCluster(layer)),
        image: "registry.example.com/web:1.0.0",
        port: 8000,
        resources: { cpuMillis: 100, memoryMib: 128 },
        minimumReplicas: 1,
        maximumReplicas: 3,
        healthPath: "/health",
        colors: {
          greenImage: Fn.join(":", ["registry.example.com/web", green.stringValue]),
          greenWhen: Op.gte(Fn.lengthOf(green.value), 1),
          active: input("color").stringValue,
        },
      });
    });
    const blocks = (type: string) => json.resource?.[type] as Record<string, Record<string, unknown>>;
    const count = "${(length(var.green_tag) >= 1) ? 1 : 0}";
    const labels = (color: string) => ({ "app.kubernetes.io/name": "web", "socle/color": color });

    test("THEN blue is always there, green while it has a tag, and their pods are told apart", () => {
      const deployments = blocks("kubernetes_deployment_v1");
      expect(
        Object.entries(deployments).map(([name, { count: when, metadata, spec }]) => [
          name,
          when,
          (metadata as { name: string }).name,
          (spec as { selector: { match_labels: unknown } }).selector.match_labels,
          (spec as { template: { metadata: { labels: unknown } } }).template.metadata.labels,
          (spec as { template: { spec: PodSpec } }).template.spec.container[0]?.["image"],
        ]),
      ).toEqual([
        ["web_blue", undefined, "web-blue", labels("blue"), labels("blue"), "registry.example.com/web:1.0.0"],
        [
          "web_green",
          count,
          "web-green",
          labels("green"),
          labels("green"),
          '${join(":", ["registry.example.com/web", var.green_tag])}',
        ],
      ]);
    });

    test("THEN each has an autoscaler and a disruption budget of its own", () => {
      const targets = Object.entries(blocks("kubernetes_horizontal_pod_autoscaler_v2")).map(
        ([name, { count: when, spec }]) => [
          name,
          when,
          (spec as { scale_target_ref: { name: string } }).scale_target_ref.name,
        ],
      );
      expect(targets).toEqual([
        ["web_blue_autoscaler", undefined, "${kubernetes_deployment_v1.web_blue.metadata[0].name}"],
        ["web_green_autoscaler", count, "web-green"],
      ]);
      expect(
        Object.values(blocks("kubernetes_pod_disruption_budget_v1")).map(({ count: when, spec }) => [
          when,
          (spec as { selector: { match_labels: unknown } }).selector.match_labels,
        ]),
      ).toEqual([
        [undefined, labels("blue")],
        [count, labels("green")],
      ]);
    });

    test("THEN the Service leads to one, after its pods are ready, and away from green before green goes", () => {
      expect(only(blocks("kubernetes_service_v1"))).toMatchObject({
        spec: { selector: { "app.kubernetes.io/name": "web", "socle/color": "${var.color}" } },
        depends_on: expect.arrayContaining([
          "kubernetes_deployment_v1.web_blue",
          "kubernetes_deployment_v1.web_green",
        ]) as unknown,
      });
      expect(blocks("kubernetes_deployment_v1")["web_green"]?.["lifecycle"]).toEqual({
        ignore_changes: ["spec[0].replicas"],
        create_before_destroy: true,
      });
    });
  });

  describe("WHEN it uses something", () => {
    const backend = (web: Workload, name: string, more: Partial<Backend> = {}): Backend => ({
      pods: new Pods(web, name, {
        namespace: testNamespace(web.namespace.cluster, `of-${name}`),
        labels: { app: name },
      }),
      port: 5432,
      environment: { [`${name.toUpperCase()}_HOST`]: name },
      credentials: { folder: name, secretName: `web-${name}`, keys: ["username", "password"] },
      ...more,
    });

    test("THEN the flow is allowed, it is told where that is, and the credentials are files", () => {
      const built = build({ environment: { MODE: "fast" } }, (web) => {
        web.uses(backend(web, "database"));
        web.readsSecret({ folder: "key", secretName: "signing", keys: ["key.pem"] });
      });
      expect(flowsOf(built.json).filter(([, pods]) => pods === "apps/my-web")).toEqual([
        ["egress", "apps/my-web", "of-database/database", "5432"],
      ]);
      const { spec } = podOf(built);
      expect(spec.container[0]).toMatchObject({
        env: [
          { name: "HOME", value: "/tmp" },
          { name: "MODE", value: "fast" },
          { name: "DATABASE_HOST", value: "database" },
        ],
        volume_mount: [
          { name: "tmp", mount_path: "/tmp" },
          { name: "secrets", mount_path: "/secrets", read_only: true },
        ],
      });
      const item = (key: string, folder: string) => ({ key, path: `${folder}/${key}` });
      expect(spec.volume).toEqual([
        { name: "tmp", empty_dir: { size_limit: "256Mi" } },
        {
          name: "secrets",
          projected: [
            {
              sources: [
                {
                  secret: [
                    { name: "web-database", items: [item("username", "database"), item("password", "database")] },
                  ],
                },
                { secret: [{ name: "signing", items: [item("key.pem", "key")] }] },
              ],
            },
          ],
        },
      ]);
    });

    test("fails for a variable that it has already, and for a folder of another Secret", () => {
      expect(() => build({ environment: { CACHE_HOST: "x" } }, (web) => web.uses(backend(web, "cache")))).toThrow(
        "test/my_web: the variable CACHE_HOST of cache is there already: give each once",
      );
      expect(() =>
        build({}, (web) => {
          web.readsSecret({ folder: "cache", secretName: "other", keys: ["a"] });
          web.uses(backend(web, "cache"));
        }),
      ).toThrow("test/my_web: the folder /secrets/cache is there already: give the Secret web-cache its own");
    });
  });

  test("fails for a port of metrics that is the one it listens on, and for a path of readiness without a slash", () => {
    expect(() => build({ metricsPort: 8000, readyPath: "ready" })).toThrow(
      [
        "test/my_web: 2 problems",
        '  - readyPath is "ready": it begins with "/"',
        "  - metricsPort is 8000: use one from 1024 to 65535 other than port, or leave it out",
      ].join("\n"),
    );
  });

  test("fails with all problems at once", () => {
    expect(() =>
      build({
        port: 80,
        image: "registry.example.com/web",
        minimumReplicas: 4,
        resources: { cpuMillis: 1, memoryMib: 128, memoryLimitMib: 64 },
        healthPath: "health",
        metricsPath: "metrics",
        route: { paths: ["api"] },
        environment: { TOKEN: "x" },
        secretEnvironment: { TOKEN: { secretName: "a", key: "b" } },
      }),
    ).toThrow(
      [
        "test/my_web: 8 problems",
        "  - port is 80: use one from 1024 to 65535, since the container is not root",
        '  - image is "registry.example.com/web": name a tag other than latest, or a digest, so that every replica runs the same',
        "  - minimumReplicas is 4: use 1 to maximumReplicas, which is 3",
        "  - resources.memoryLimitMib is 64, below the 128 of resources.memoryMib",
        '  - healthPath is "health": it begins with "/"',
        '  - metricsPath is "metrics": it begins with "/"',
        '  - route.paths[0] is "api": it begins with "/"',
        "  - the variable TOKEN is in environment and in secretEnvironment: give it once",
      ].join("\n"),
    );
  });

  test.each([
    ["registry.example.com/web:latest", "name a tag other than latest"],
    ["registry:5000/web", "name a tag other than latest"],
  ])("fails for the image %p", (image, message) => {
    expect(() => build({ image })).toThrow(message);
  });

  test("fails for a route without paths and for no replica at all", () => {
    expect(() => build({ route: { paths: [] }, maximumReplicas: 0, minimumReplicas: 0 })).toThrow(
      [
        "test/my_web: 3 problems",
        "  - maximumReplicas is 0: use a whole number from 1 on",
        "  - minimumReplicas is 0: use 1 to maximumReplicas, which is 0",
        "  - route.paths is empty: name one, or leave out route",
      ].join("\n"),
    );
  });
});
