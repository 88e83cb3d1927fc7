import { Fn, Token } from "cdktf";
import { SingleService, type SingleServiceProps } from "../../../constructs/cluster/single-service";
import { ConditionalNamespace } from "../../../constructs/cluster/namespace";
import { testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { messageOf } from "../../support/layers";

const PROPS: Omit<SingleServiceProps, "namespace"> = {
  image: "registry.lab.local:5001/lab/answers:1",
  port: 8080,
  healthPath: "/healthz",
  resources: { cpuMillis: 50, memoryMib: 128, memoryLimitMib: 256 },
};

function build(given: Partial<SingleServiceProps> = {}, conditional = false) {
  let requested: unknown;
  const { json } = synthesizeLayer((layer) => {
    const namespace = testNamespace(testCluster(layer));
    new SingleService(layer, "answers", {
      ...PROPS,
      ...given,
      namespace: conditional
        ? new ConditionalNamespace(namespace, { booleanValue: Token.asAny(Fn.contains(["answers"], "answers")) })
        : namespace,
    });
    requested = namespace.cluster.capacity.requestedIn("apps");
  });
  return { json, requested };
}

interface Deployment {
  readonly count?: string;
  readonly spec: {
    readonly strategy: unknown;
    readonly template: { readonly metadata: { annotations?: unknown }; readonly spec: Record<string, unknown> };
  };
}
const deploymentOf = ({ json }: ReturnType<typeof build>) =>
  only(json.resource?.["kubernetes_deployment_v1"]) as unknown as Deployment;
const containersOf = (built: ReturnType<typeof build>) =>
  deploymentOf(built).spec.template.spec["container"] as Record<string, unknown>[];

describe("SingleService", () => {
  test("THEN one pod without rights listens, and is stopped before the next one starts", () => {
    const built = build();
    const { spec } = deploymentOf(built);

    expect(spec.strategy).toEqual({ type: "Recreate" });
    expect(spec.template.spec).toMatchObject({
      automount_service_account_token: false,
      enable_service_links: false,
      security_context: { run_as_non_root: true, run_as_user: "10001", seccomp_profile: { type: "RuntimeDefault" } },
    });
    expect(spec.template.spec).not.toHaveProperty("runtime_class_name");
    expect(containersOf(built)).toHaveLength(1);
    expect(containersOf(built)[0]).toMatchObject({
      image: PROPS.image,
      env: [{ name: "HOME", value: "/tmp" }],
      resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "256Mi" } },
      security_context: { read_only_root_filesystem: true, allow_privilege_escalation: false },
      startup_probe: { http_get: { path: "/healthz", port: "http" }, period_seconds: 5, failure_threshold: 24 },
    });
    expect(only(built.json.resource?.["kubernetes_service_v1"])["spec"]).toMatchObject({
      port: [{ name: "http", port: 8080, target_port: "http" }],
    });
    expect(built.requested).toEqual({ cpuMillis: 50, memoryMib: 128, pods: 1 });
    expect(built.json.resource).not.toHaveProperty("kubernetes_ingress_v1");
  });

  test("AND a volume THEN it has no condition, and the main container writes to it", () => {
    const built = build({ kept: { mountPath: "/models", sizeGib: 20 } }, true);

    const claim = only(built.json.resource?.["kubernetes_persistent_volume_claim_v1"]);
    expect(claim).toMatchObject({
      metadata: { name: "answers", namespace: "apps" },
      spec: { access_modes: ["ReadWriteOnce"], resources: { requests: { storage: "20Gi" } } },
      wait_until_bound: false,
    });
    expect(claim).not.toHaveProperty("count");
    expect(deploymentOf(built).count).toBe('${contains(["answers"], "answers") ? 1 : 0}');
    expect(containersOf(built)[0]?.["volume_mount"]).toEqual([
      { name: "tmp", mount_path: "/tmp" },
      { name: "data", mount_path: "/models", read_only: false },
    ]);
  });

  test("AND another container THEN it is in the same pod, and counted", () => {
    const built = build({
      sidecars: [
        {
          name: "git-sync",
          image: "registry.k8s.io/git-sync/git-sync:v4.7.1",
          environment: {},
          resources: { cpuMillis: 10, memoryMib: 32 },
          volumes: [],
        },
      ],
    });

    expect(containersOf(built).map(({ name }) => name)).toEqual(["answers", "git-sync"]);
    expect(built.requested).toEqual({ cpuMillis: 60, memoryMib: 160, pods: 1 });
  });

  test("AND a route, a revision and a user of the image's THEN each is where it belongs", () => {
    const built = build({
      route: { host: "answers.lab.local", annotations: { gate: "closed" } },
      restartWhenChanged: { key: "7" },
      user: 185,
    });

    expect(only(built.json.resource?.["kubernetes_ingress_v1"])).toMatchObject({
      metadata: { annotations: { gate: "closed" } },
      spec: { ingress_class_name: "traefik", rule: [{ host: "answers.lab.local" }] },
    });
    expect(deploymentOf(built).spec.template.metadata.annotations).toEqual({ "socle/key": "7" });
    expect(deploymentOf(built).spec.template.spec["security_context"]).toMatchObject({
      run_as_user: "185",
      fs_group: "185",
    });
  });

  test("fails with a port that only root may listen on", async () => {
    expect(await messageOf(() => build({ port: 80 }))).toBe(
      "test/answers: port is 80: use one from 1024 to 65535, since the container is not root",
    );
  });
});
