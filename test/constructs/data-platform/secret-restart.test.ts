import { SecretRestart } from "../../../constructs/data-platform/secret-restart";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { messageOf } from "../../support/layers";
import { testStore } from "../../support/vault-store";

function build(names: readonly string[] = ["database", "keys"]) {
  return synthesizeLayer((layer) => {
    const namespace = testNamespace(testCluster(layer), "data");
    const store = testStore(layer, namespace);
    new SecretRestart(layer, "restart", {
      namespace,
      secrets: names.map((name) => store.secret(name, { entry: name, keys: { password: "password" } })),
      kubernetesRelease: "1.36.3",
    });
  });
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
}

const { json } = build();
const job = only(json.resource?.["kubernetes_job_v1"]) as {
  metadata: { name: string };
  wait_for_completion: boolean;
  depends_on: string[];
  spec: { template: { spec: { init_container: Container[]; container: Container[] } } };
};

describe("SecretRestart", () => {
  test("THEN another version of a Secret is another Job, which an apply waits for", () => {
    expect(job.metadata.name).toBe('secret-restart-${substr(sha256(join(" ", ["3", "3"])), 0, 8)}');
    expect(job.wait_for_completion).toBe(true);
    expect(job.depends_on).toContain("helm_release.vault");
  });

  test("THEN it waits for the Secrets, restarts everything in the namespace, and waits until that is ready", () => {
    const { init_container: before, container } = job.spec.template.spec;
    expect([...before, ...container].map(({ name, image, args }) => [name, image, args.join(" ")])).toEqual([
      [
        "read",
        "registry.k8s.io/kubectl:v1.36.3",
        "wait externalsecrets.external-secrets.io --all --for=condition=Ready --namespace=data --timeout=10m",
      ],
      ["restart", "registry.k8s.io/kubectl:v1.36.3", "rollout restart deployment,statefulset --namespace=data"],
      [
        "ready",
        "registry.k8s.io/kubectl:v1.36.3",
        "rollout status deployment,statefulset --namespace=data --timeout=10m",
      ],
    ]);
  });

  test("THEN it may restart, look at Secrets' state, and nothing else, and speaks with the API server only", () => {
    expect(only(json.resource?.["kubernetes_role_v1"])["rule"]).toEqual([
      {
        api_groups: ["apps"],
        resources: ["deployments", "statefulsets"],
        verbs: ["get", "list", "watch", "patch"],
      },
      { api_groups: ["external-secrets.io"], resources: ["externalsecrets"], verbs: ["get", "list", "watch"] },
    ]);
    expect(flowsOf(json).filter(([, pods]) => pods === "data/secret-restart")).toEqual([
      ["egress", "data/secret-restart", "10.0.0.0/16", "6443"],
    ]);
  });

  test("fails without a Secret", async () => {
    expect(await messageOf(() => build([]))).toBe("test/restart: secrets is empty: name one, or leave the restart out");
  });
});
