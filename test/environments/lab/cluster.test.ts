import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { SocleApp } from "../../../constructs/core/app";
import { POLICIES } from "../../../constructs/policy/policies";
import { CLUSTER_FILES, labCluster, labClusterNetwork, TRAEFIK_NODE_PORTS } from "../../../environments/lab/cluster";
import { labServices } from "../../../environments/lab/services";
import { type LabSettings, SETTINGS } from "../../../environments/lab/settings";
import { type OfflineServer, startOfflineServer } from "../../../tools/offline/start";
import { cleanEnvironment, runTerraform } from "../../../tools/offline/terraform";
import { jsonOf, temporaryFolder, testApp, testEnvironment } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";

function build(settings: Partial<LabSettings> = {}, app = testApp()) {
  const environment = testEnvironment("lab", "local", app);
  const all = { ...SETTINGS, ...settings };
  const layer = labCluster(environment, all, labServices(environment, all));
  const json = jsonOf(layer);
  const readme = (title: string) => layer.readmeSections.find((section) => section.title === title)?.body ?? "";
  return { layer, json, readme, containers: json.resource?.["docker_container"] ?? {} };
}

/** The commands of a README's blocks of them, one after the other. */
const commandsOf = (body: string) => [...body.matchAll(/```sh\n([^]*?)```/g)].map(([, commands = ""]) => commands);

const SECRETS = "data.terraform_remote_state.lab_services.outputs.secrets_path";

describe("the layer lab-cluster", () => {
  const { layer, json, readme, containers } = build();

  test("THEN its nodes are in the network of the services, at fixed addresses, and only the server's ports are on 127.0.0.1", () => {
    expect(
      Object.entries(containers).map(([id, { networks_advanced: networks, ports }]) => [
        id,
        networks,
        (ports as { external: number; internal: number; ip: string }[]).map(
          ({ external, internal, ip }) => `${ip}:${external} ${internal}`,
        ),
      ]),
    ).toEqual([
      [
        "cluster_server",
        [
          {
            name: "${data.terraform_remote_state.lab_services.outputs.network_name}",
            aliases: ["k3s.lab.local"],
            ipv4_address: "172.30.0.20",
          },
        ],
        ["127.0.0.1:6443 6443", `127.0.0.1:80 ${TRAEFIK_NODE_PORTS.http}`, `127.0.0.1:443 ${TRAEFIK_NODE_PORTS.https}`],
      ],
      [
        "cluster_agent_1",
        [
          {
            name: "${data.terraform_remote_state.lab_services.outputs.network_name}",
            aliases: ["k3s-agent-1.lab.local"],
            ipv4_address: "172.30.0.21",
          },
        ],
        [],
      ],
    ]);
    expect(POLICIES.flatMap((policy) => policy(layer, json))).toEqual([]);
    expect(layer.openPorts).toEqual([]);
  });

  test("THEN what they join with is a file that Terraform only knows the path of, and the kubeconfig one for its owner alone", () => {
    for (const { mounts } of Object.values(containers)) {
      expect(mounts).toContainEqual({
        type: "bind",
        source: `\${join("/", [${SECRETS}, "${CLUSTER_FILES.token}"])}`,
        target: "/etc/rancher/token",
        read_only: true,
      });
    }
    expect(json.resource?.["local_sensitive_file"]).toEqual({
      kubeconfig_file: {
        filename: `\${join("/", [${SECRETS}, "kubeconfig"])}`,
        content: expect.stringContaining('"server" = "https://127.0.0.1:6443"') as unknown,
        file_permission: "0600",
        directory_permission: "0700",
      },
    });
    expect(layer.stateSecrets.map(({ what }) => what)).toEqual([
      ...["server_key", "client_key", "request_header_key", "admin_key"].map(
        (key) => `\`tls_private_key.cluster_certificates_${key}.private_key_pem\``,
      ),
      "`tls_private_key.cluster_service_account_key.private_key_pem`",
      "`docker_container.cluster_server`: `upload`",
      "`local_sensitive_file.kubeconfig_file.content`",
      "`data.http.cluster_ready.client_key_pem`",
      "output `kubernetes_client_key`",
    ]);
  });

  test("THEN later layers get what they connect with, once the cluster answers", () => {
    const outputs = Object.entries(json.output ?? {}) as [string, { depends_on?: string[]; sensitive?: boolean }][];
    expect(outputs.filter(([, { depends_on: needs }]) => needs?.includes("data.http.cluster_ready"))).toHaveLength(7);
    expect(outputs.map(([name]) => name)).toEqual([
      "kubernetes_host",
      "kubernetes_internal_host",
      "kubernetes_ca_certificate",
      "service_account_public_key",
      "kubernetes_client_certificate",
      "kubernetes_client_key",
      "kubeconfig_path",
      "kubernetes_release",
      "has_gpu",
    ]);
    expect(outputs.filter(([, { sensitive }]) => sensitive).map(([name]) => name)).toEqual(["kubernetes_client_key"]);
    expect(json.output?.["kubernetes_release"]).toMatchObject({ value: "1.36.3" });
    expect(json.output?.["kubernetes_internal_host"]).toMatchObject({ value: "https://k3s.lab.local:6443" });
  });

  test.each([
    ["local-path", ["traefik", "servicelb"]],
    ["nfs", ["traefik", "servicelb", "local-storage"]],
  ] as const)("GIVEN the storage %s THEN K3s leaves out what others bring", (storage, expected) => {
    const { upload } = build({ storage }).containers["cluster_server"] as { upload: { content: string }[] };
    const [, configuration] = upload;
    expect(configuration?.content).toContain(`disable:\n${expected.map((name) => `  - ${name}\n`).join("")}`);
  });

  test("GIVEN data that is kept THEN the README destroys the nodes alone, and forgets exactly the volumes to give it up", () => {
    const addresses = Object.keys(containers).map((id) => `docker_container.${id}`);
    const volumes = Object.entries(json.resource?.["docker_volume"] ?? {});

    expect(commandsOf(readme("Taking it down"))).toEqual([
      `terraform destroy ${addresses.map((address) => `-target=${address}`).join(" ")}\n`,
      `terraform state rm ${volumes.map(([id]) => `docker_volume.${id}`).join(" ")}\nterraform destroy\n` +
        `docker volume rm ${volumes.map(([, { name }]) => String(name)).join(" ")}\n`,
    ]);
    expect(volumes.map(([, { lifecycle }]) => lifecycle)).toEqual([
      { prevent_destroy: true },
      { prevent_destroy: true },
    ]);
  });

  test("GIVEN data that may be given up THEN a destroy takes it, and the README says so", () => {
    const disposable = build({ keepData: false });

    expect(Object.values(disposable.json.resource?.["docker_volume"] ?? {}).map(({ lifecycle }) => lifecycle)).toEqual([
      { prevent_destroy: false },
      { prevent_destroy: false },
    ]);
    expect(disposable.readme("Taking it down")).toContain("removes everything, the volumes");
    expect(commandsOf(disposable.readme("Taking it down"))).toEqual([]);
  });

  test("GIVEN a home WHEN the README's command runs twice THEN the token is its owner's alone, and the same one", () => {
    const home = temporaryFolder();
    fs.mkdirSync(path.join(home, ".config/socle-lab"), { recursive: true });
    const [commands = ""] = commandsOf(readme("Before the first apply"));
    const run = () => spawnSync("sh", ["-euc", commands], { encoding: "utf8", env: { ...process.env, HOME: home } });
    const file = path.join(home, ".config/socle-lab/k3s_token");

    expect(run()).toMatchObject({ status: 0, stderr: "" });
    const first = fs.readFileSync(file, "utf8");
    expect(run()).toMatchObject({ status: 0, stderr: "" });
    expect(first).toMatch(/^[0-9a-f]{48}\n$/);
    expect(fs.readFileSync(file, "utf8")).toBe(first);
    expect((fs.statSync(file).mode & 0o777).toString(8)).toBe("600");
  });
});

describe("labClusterNetwork", () => {
  test.each([
    ["cilium", "10.42.0.0/16"],
    ["calico", "10.42.128.0/24"],
  ] as const)(
    "GIVEN %s and two agents THEN policies know the nodes by their addresses, and no other container",
    (cni, block) => {
      const nodes = ["172.30.0.20/32", "172.30.0.21/32", "172.30.0.22/32"];
      expect(labClusterNetwork({ ...SETTINGS, cni, agents: 2 })).toMatchObject({
        nodeCidrBlocks: nodes,
        apiServerSourceBlocks: [...nodes, block],
      });
    },
  );
});

describeWithTerraform("lab-cluster through Terraform", () => {
  let server: OfflineServer;
  beforeAll(async () => {
    server = await startOfflineServer({ schemas: path.resolve("schemas") });
  });
  afterAll(() => server.stop());

  /** Applies it with the offline providers; a second plan then has to be empty. */
  const apply = async (settings: Partial<LabSettings>, ...inputs: string[]) => {
    const root = temporaryFolder();
    const out = path.join(root, "cdktf.out");
    fs.mkdirSync(out);
    fs.mkdirSync(path.join(root, ".terraform-state"));
    fs.writeFileSync(
      path.join(root, ".terraform-state/lab-services.tfstate"),
      JSON.stringify({
        version: 4,
        terraform_version: "1.11.0",
        serial: 1,
        lineage: "lab-services",
        outputs: {
          network_name: { value: "lab", type: "string" },
          secrets_path: { value: "/home/me/.config/socle-lab", type: "string" },
        },
        resources: [],
      }),
    );
    const app = new SocleApp(out);
    build(settings, app);
    app.synth();
    const terraform = async (...args: string[]) => {
      const { code, stdout, stderr } = await runTerraform(
        path.join(out, "stacks/lab-cluster"),
        args,
        cleanEnvironment(server.env),
      );
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      return stdout;
    };
    const variables = inputs.map((input) => `-var=${input}`);
    await terraform("init", "-no-color");
    await terraform("apply", "-auto-approve", "-no-color", ...variables);
    await terraform("plan", "-detailed-exitcode", "-no-color", ...variables);
    const { values } = JSON.parse(await terraform("show", "-json")) as {
      values: { root_module: { resources: { type: string; name: string; values: Record<string, unknown> }[] } };
    };
    const of = (type: string) => values.root_module.resources.filter((resource) => resource.type === type);
    return Object.fromEntries(
      of("docker_container").map(({ name, values: { gpus, mounts } }) => [
        name,
        {
          gpus,
          image: of("docker_image").find((image) => image.name === `${name}_image`)?.values["name"],
          folders: (mounts as { type: string; source: string }[])
            .filter(({ type, source }) => type === "bind" && !source.endsWith("k3s_token"))
            .map(({ source }) => source),
        },
      ]),
    );
  };
  const stock = { gpus: null, image: SETTINGS.images.k3s, folders: [] };

  test.each([
    [0, "cilium", ["cluster_server"]],
    [1, "calico", ["cluster_agent_1", "cluster_server"]],
    [3, "cilium", ["cluster_agent_1", "cluster_agent_2", "cluster_agent_3", "cluster_server"]],
  ] as const)(
    "GIVEN %s agents and %s THEN it is applied, and a second plan is empty",
    async (agents, cni, nodes) => {
      const applied = await apply({ agents, cni });
      expect(applied).toEqual(Object.fromEntries(nodes.map((name) => [name, stock])));
    },
    60_000,
  );

  test.each([
    [0, "cluster_server"],
    [1, "cluster_agent_1"],
  ])(
    "GIVEN %s agents and a card THEN %s alone has it, with WSL's libraries",
    async (agents, id) => {
      const applied = await apply({ agents }, "gpu=true", "gpu_image=k3s-gpu:v1");
      expect(Object.entries(applied).filter(([, { gpus }]) => gpus !== null)).toEqual([
        [id, { gpus: "all", image: "k3s-gpu:v1", folders: ["/usr/lib/wsl"] }],
      ]);
    },
    60_000,
  );

  test("GIVEN a card on a Linux of its own THEN no folder of WSL's is asked for", async () => {
    const applied = await apply({ agents: 0 }, "gpu=true", "wsl_driver_folder=");
    expect(applied["cluster_server"]).toMatchObject({ gpus: "all", folders: [] });
  }, 60_000);
});
