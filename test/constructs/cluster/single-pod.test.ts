import { singlePod, type SinglePodProps } from "../../../constructs/cluster/single-pod";
import { testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { messageOf } from "../../support/layers";

const PROPS: Omit<SinglePodProps, "namespace"> = {
  image: "registry.lab.local:5001/lab/answers:1",
  resources: { cpuMillis: 50, memoryMib: 128, memoryLimitMib: 256 },
};

function build(given: Partial<SinglePodProps> = {}) {
  let parts: ReturnType<typeof singlePod> | undefined;
  const { json } = synthesizeLayer((layer) => {
    parts = singlePod(layer, "answers", { ...PROPS, namespace: testNamespace(testCluster(layer)), ...given });
  });
  return { json, ...(parts as ReturnType<typeof singlePod>) };
}

describe("singlePod", () => {
  test("THEN it is restricted, has no token, and writes to /tmp only", () => {
    const { json, pod, container } = build();

    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, runAsUser: "10001", fsGroup: "10001" },
      volume: [{ name: "tmp", emptyDir: { sizeLimit: "256Mi" } }],
    });
    expect(pod).not.toHaveProperty("runtimeClassName");
    expect(container).toMatchObject({
      env: [{ name: "HOME", value: "/tmp" }],
      securityContext: { readOnlyRootFilesystem: true },
      volumeMount: [{ name: "tmp", mountPath: "/tmp" }],
    });
    expect(json.resource).not.toHaveProperty("kubernetes_persistent_volume_claim_v1");
  });

  test("AND a volume that is kept THEN it is one of the namespace, which the container writes to", () => {
    const { json, pod, container } = build({ kept: { mountPath: "/models", sizeGib: 20 } });

    expect(only(json.resource?.["kubernetes_persistent_volume_claim_v1"])).toMatchObject({
      metadata: { name: "answers", namespace: "apps" },
      spec: { resources: { requests: { storage: "20Gi" } } },
    });
    expect(pod.volume).toContainEqual({ name: "data", persistentVolumeClaim: { claimName: "answers" } });
    expect(container.volumeMount).toContainEqual({ name: "data", mountPath: "/models", readOnly: false });
  });

  test("AND a card of its own THEN it asks for it; AND a shared one THEN it names it, and asks for none", () => {
    const [own, shared] = [build({ gpu: "own" }), build({ gpu: "shared" })];

    for (const { pod } of [own, shared]) {
      expect(pod).toMatchObject({
        runtimeClassName: "nvidia",
        nodeSelector: { "nvidia.com/gpu.present": "true" },
      });
    }
    expect(own.container.resources.limits).toEqual({ memory: "256Mi", "nvidia.com/gpu": "1" });
    expect(shared.container.resources.limits).toEqual({ memory: "256Mi" });
    expect(shared.container.env).toContainEqual({ name: "NVIDIA_VISIBLE_DEVICES", value: "all" });
    expect(own.container.env).not.toContainEqual({ name: "NVIDIA_VISIBLE_DEVICES", value: "all" });
  });

  test("AND a user that the image knows THEN it is that one", () => {
    expect(build({ user: 185 }).pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: "185",
      runAsGroup: "185",
      fsGroup: "185",
    });
  });

  test("fails with all problems at once", async () => {
    expect(
      await messageOf(() =>
        build({
          image: "answers:latest",
          resources: { cpuMillis: 0, memoryMib: 128 },
          kept: { mountPath: "/models", sizeGib: -1 },
        }),
      ),
    ).toBe(
      [
        "test: 3 problems",
        '  - image is "answers:latest": name a tag other than latest, or a digest, so that every pod runs the same',
        "  - resources.cpuMillis is 0: use a whole number from 1 on",
        "  - kept.sizeGib is -1: use a whole number from 1 on",
      ].join("\n"),
    );
  });
});
