import * as fs from "node:fs";
import * as path from "node:path";
import { SocleApp } from "../../../constructs/core/app";
import { type Environment } from "../../../constructs/core/environment";
import { type CapacityEntry } from "../../../constructs/core/layer";
import { type LabSettings } from "../../../environments/lab/settings";
import { type OfflineServer, startOfflineServer } from "../../../tools/offline/start";
import { cleanEnvironment, runTerraform } from "../../../tools/offline/terraform";
import { type BuiltPlatform, builtPlatform } from "../../support/lab-platform";
import { releaseOf } from "../../support/helm";
import { temporaryFolder, testEnvironment } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";

const CACHE = new Map<string, BuiltPlatform>();

/** Built once for all cases that look at the same settings. */
function platformWith(given: Partial<LabSettings> = {}): BuiltPlatform {
  const key = JSON.stringify(given);
  const known = CACHE.get(key) ?? builtPlatform(given);
  CACHE.set(key, known);
  return known;
}

const built = platformWith({ cni: "cilium", delivery: "argocd", storage: "local-path" });
const outputs = built.json.output ?? {};

/** What synth's validations of all layers say. */
const problemsOf = (environment: Environment) =>
  environment.layers.flatMap((layer) => layer.node.findAll()).flatMap(({ node }) => node.validate());

const VARIANTS = (["cilium", "calico"] as const).flatMap((cni) =>
  (["argocd", "helm"] as const).flatMap((delivery) =>
    (["local-path", "nfs"] as const).map((storage) => ({ cni, delivery, storage })),
  ),
);

describe("The layer lab-platform", () => {
  test.each(VARIANTS)(
    "GIVEN $cni, $delivery and $storage THEN it synthesizes, fits, and has what they say",
    (variant) => {
      const { environment, json } = platformWith(variant);
      expect(problemsOf(environment)).toEqual([]);
      const releases = Object.values(json.resource?.["helm_release"] ?? {}).map(({ name }) => name);
      const has = (name: string) => releases.includes(name);
      expect({ cilium: has("cilium"), calico: has("calico") }).toEqual({
        cilium: variant.cni === "cilium",
        calico: variant.cni === "calico",
      });
      expect(has("csi-driver-nfs")).toBe(variant.storage === "nfs");
      expect({ argocd: has("argo-cd"), traefik: has("traefik") }).toEqual({
        argocd: variant.delivery === "argocd",
        traefik: variant.delivery === "helm",
      });
    },
  );

  test("GIVEN any number of agents THEN quotas hold what runs on each node", () => {
    for (const agents of [0, 3]) {
      const given: Partial<LabSettings> = { agents };
      expect([agents, problemsOf(builtPlatform(given).environment)]).toEqual([agents, []]);
    }
  });

  test("GIVEN NFS THEN every other namespace comes after its driver: a first pod may have a volume", () => {
    const { json } = platformWith({ cni: "cilium", delivery: "argocd", storage: "nfs" });
    const early = Object.entries(json.resource?.["kubernetes_namespace_v1"] ?? {}).filter(
      ([, { depends_on: after }]) => !(after as string[]).includes("helm_release.nfs"),
    );
    expect(early.map(([name]) => name)).toEqual(["nfs_namespace"]);
    expect(releaseOf(json, "csi-driver-nfs").rest[0]).toContain(
      '"parameters" = {"server" = var.nfs_server, "share" = var.nfs_share}',
    );
  });

  test("THEN what always runs beside the containers and the nodes leaves room for every scenario", () => {
    const { requested, rows } = built.layer.capacity?.() as CapacityEntry;
    const beside = rows
      .filter(({ namespace }) => ["(containers)", "(nodes)"].includes(namespace))
      .reduce((sum, { memoryMib }) => sum + memoryMib, 0);
    expect(requested.memoryMib - beside).toBeLessThanOrEqual(3300);
  });

  test("THEN later layers and users are told what they need, and no secret", () => {
    expect(Object.keys(outputs).sort()).toEqual([
      "argocd_password_command",
      "argocd_url",
      "certificate_authority",
      "component_names",
      "extra_component_names",
      "grafana_password_command",
      "grafana_url",
      "hubble_password_command",
      "hubble_url",
      "prometheus_command",
      "scenario_name",
      "traefik_password_command",
      "traefik_url",
    ]);
    expect(Object.values(outputs).filter(({ sensitive }) => sensitive)).toEqual([]);
  });

  test("THEN nothing is made in a namespace of a later layer, which is not there yet", () => {
    const named = (type: string) => Object.values(built.json.resource?.[type] ?? {}).map(({ metadata }) => metadata);
    const own = (named("kubernetes_namespace_v1") as unknown as { name: string }[]).map(({ name }) => name);
    const used = ["kubernetes_network_policy_v1", "kubernetes_secret_v1", "kubernetes_job_v1"].flatMap(
      (type) => named(type) as unknown as { namespace: string }[],
    );
    expect([...new Set(used.map(({ namespace }) => namespace))].filter((name) => !own.includes(name))).toEqual([
      "kube-system",
    ]);
  });

  test("THEN the README says which keys are in the state", () => {
    expect(built.layer.stateSecrets.map(({ what }) => what)).toEqual([
      "`data.terraform_remote_state.lab_cluster`: `kubernetes_client_key`",
      "`tls_private_key.lab_ca_key.private_key_pem`",
      "`tls_private_key.lab_ca_argocd_key.private_key_pem`",
    ]);
  });

  test("THEN the README tells what is other with other settings", () => {
    const sections = (given: Partial<LabSettings>) =>
      platformWith(given).layer.readmeSections.filter(({ title }) => !/^(Rotating|Keeping) the Secret/.test(title));
    const titles = (given: Partial<LabSettings>) => sections(given).map(({ title }) => title);
    const common = [
      "Before the first apply",
      "Choosing what runs",
      "Trusting the lab",
      "Logging in",
      "When Vault was restarted",
    ];
    const asItIs = { cni: "cilium", delivery: "argocd", storage: "local-path" } as const;
    const other = { cni: "calico", delivery: "helm", storage: "nfs" } as const;
    expect(titles(asItIs)).toEqual(expect.arrayContaining([...common, "Seeing flows"]));
    expect(titles(asItIs)).not.toContain("Volumes on NFS");
    expect(titles(other)).toEqual(expect.arrayContaining([...common, "Volumes on NFS"]));
    expect(titles(other)).not.toContain("Seeing flows");
    const [before, beforeOther] = [asItIs, other].map((given) => sections(given)[0]?.body);
    expect(before).toContain("TF_VAR_argocd_platform_repo_password");
    expect(beforeOther).not.toContain("argocd");
  });
});

describeWithTerraform("The layer lab-platform, planned by Terraform", () => {
  let server: OfflineServer | undefined;
  let stack = "";
  const terraform = (...args: string[]) => runTerraform(stack, args, cleanEnvironment(server?.env ?? {}));
  beforeAll(async () => {
    server = await startOfflineServer({ schemas: "schemas" });
    const root = temporaryFolder();
    const app = new SocleApp(path.join(root, "cdktf.out"));
    builtPlatform({}, testEnvironment("lab", "local", app));
    app.synth();
    stack = path.join(app.outdir, "stacks/lab-platform");
    // As the earlier layers would leave them.
    const text = (value: string) => ({ value, type: "string" });
    const states = {
      "lab-services": { vault_address: text("http://vault.lab.local:8200") },
      "lab-bootstrap": { vault_revisions: { value: { "lab/oidc/argocd": "1" }, type: ["map", "string"] } },
      "lab-cluster": {
        has_gpu: { value: true, type: "bool" },
        ...Object.fromEntries(
          [
            "kubernetes_host",
            "kubernetes_ca_certificate",
            "kubernetes_client_certificate",
            "kubernetes_client_key",
            "service_account_public_key",
          ].map((name) => [name, text(name)]),
        ),
      },
    };
    fs.mkdirSync(path.join(root, ".terraform-state"));
    for (const [layer, outputs] of Object.entries(states)) {
      const state = { version: 4, serial: 1, lineage: layer, outputs, resources: [] };
      fs.writeFileSync(path.join(root, `.terraform-state/${layer}.tfstate`), JSON.stringify(state));
    }
    expect(await terraform("init", "-no-color")).toMatchObject({ code: 0, stderr: "" });
  }, 60_000);
  afterAll(() => server?.stop());

  const planned = async (scenario: string, extra: readonly string[] = []) => {
    const variables = {
      scenario,
      extra_components: JSON.stringify(extra),
      argocd_platform_repo_username: "argocd",
      argocd_platform_repo_password: "not-a-real-token",
    };
    const options = Object.entries(variables).map(([name, value]) => `-var=${name}=${value}`);
    expect(await terraform("plan", "-no-color", "-out=plan", ...options)).toMatchObject({ code: 0, stderr: "" });
    const { stdout } = await terraform("show", "-json", "plan");
    return JSON.parse(stdout) as { resource_changes: { address: string; change: { after: object } }[] };
  };
  const waits = ({ resource_changes: changes }: Awaited<ReturnType<typeof planned>>) =>
    changes
      .map(({ address }) => /^kubernetes_job_v1\.(\w+)/.exec(address)?.[1])
      .filter((name) => name !== undefined && name !== "nodes_ready");

  test.each([
    ["etl-minimal", [], ["prometheus_stack", "traefik"]],
    ["data-serve", [], ["prometheus_stack", "traefik"]],
    ["genai", [], ["alloy", "loki", "prometheus_stack", "traefik"]],
    ["streaming", ["gpu", "loki"], ["loki", "nvidia_device_plugin", "prometheus_stack", "traefik"]],
  ])(
    "GIVEN the scenario %s and %j THEN what is waited for is what is chosen",
    async (scenario, extra, expected) => {
      expect(waits(await planned(scenario, extra))).toEqual(expected);
    },
    60_000,
  );

  test("THEN what Argo CD logs in to git with is nowhere in the resources that a plan makes", async () => {
    const { resource_changes: changes } = await planned("etl-minimal");
    expect(changes.map(({ change }) => JSON.stringify(change.after)).join("\n")).not.toContain("not-a-real-token");
  }, 60_000);
});
