import { Testing } from "cdktf";
import "cdktf/lib/testing/adapters/jest";
import lab from "../../../environments/lab";
import { type LabSettings, SETTINGS } from "../../../environments/lab/settings";
import { withApp } from "../../support/construct";
import { jsonOf, messageOf } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";

describe("lab", () => {
  const build = (settings: LabSettings = SETTINGS) => withApp((app) => lab(app, settings));

  test("GIVEN the settings as they are THEN its layers are in order, with their states beside cdktf.out/", () => {
    const { layers } = build();

    const names = [
      "lab-services",
      "lab-bootstrap",
      "lab-forge",
      "lab-cluster",
      "lab-platform",
      "lab-security",
      "lab-data",
      "lab-genai",
      "lab-streaming",
    ];
    expect(layers.map(({ node }) => node.id)).toEqual(names);
    expect(layers.map((layer) => jsonOf(layer).terraform?.backend)).toEqual(
      names.map((name) => ({ local: { path: `../../../.terraform-state/${name}.tfstate` } })),
    );
  });

  test("GIVEN the settings as they are THEN what runs as code is published, too: DAGs with their image, and prompts", () => {
    const filesOf = Object.fromEntries(build().repositories.map(({ name, files }) => [name, files]));

    expect([...(filesOf["airflow-dags"]?.keys() ?? [])]).toEqual(
      expect.arrayContaining(["dags/etl_minimal.py", "data/orders.csv.dvc", "data/orders.csv", "Dockerfile"]),
    );
    expect([...(filesOf["prompts"]?.keys() ?? [])]).toContain("prompts/sales-assistant/v1.md");
  });

  test("fails for storage that nodes in containers cannot have, with the reason", async () => {
    expect(await messageOf(() => build({ ...SETTINGS, storage: "longhorn" }))).toMatch(
      /^settings of lab: storage is "longhorn", which needs open-iscsi's daemon on every node: .* use local-path or nfs$/,
    );
  });

  test("fails with all problems at once: the key, the value found, what is accepted", async () => {
    const wrong = {
      ...SETTINGS,
      backend: "s3",
      domain: "lab",
      keepData: "yes",
      networkCidrBlock: "8.8.8.0/24",
      workstation: { memoryMib: 4096, cpus: 2 },
      agents: 9,
      cni: "flannel",
      storage: "ceph",
      delivery: "fleet",
      images: {
        postgres: "postgres:18.1-trixie",
        vault: "hashicorp/vault:latest",
        registry: "registry:3",
        gitlab: "gitlab/gitlab-ee:19.2.6-ee.0",
        k3s: "rancher/k3s:latest",
      },
    } as unknown as LabSettings;

    expect((await messageOf(() => build(wrong))).split("\n")).toEqual([
      "settings of lab: 15 problems",
      '  - backend is "s3": Invalid input: expected "local"',
      '  - domain is "lab": use a domain such as lab.local',
      '  - keepData is "yes": Invalid input: expected boolean, received string',
      '  - networkCidrBlock is "8.8.8.0/24": use a /24 of private addresses such as 172.30.0.0/24',
      "  - workstation.memoryMib is 4096: use 8192 MiB or more: less holds no scenario",
      "  - workstation.cpus is 2: use 4 or more: less holds no scenario",
      "  - agents is 9: Too big: expected number to be <=8",
      '  - cni is "flannel": Invalid option: expected one of "cilium"|"calico"',
      '  - storage is "ceph": Invalid option: expected one of "local-path"|"nfs"|"longhorn"',
      '  - delivery is "fleet": Invalid option: expected one of "argocd"|"helm"',
      '  - images.postgres is "postgres:18.1-trixie": use a full version such as postgres:17.7-bookworm',
      '  - images.vault is "hashicorp/vault:latest": use a full version such as hashicorp/vault:2.0.4',
      '  - images.registry is "registry:3": use a full version such as registry:3.0.0',
      '  - images.gitlab is "gitlab/gitlab-ee:19.2.6-ee.0": use a full version such as gitlab/gitlab-ce:19.2.6-ce.0',
      '  - images.k3s is "rancher/k3s:latest": use a full version such as rancher/k3s:v1.36.3-k3s1',
    ]);
  });
});

describeWithTerraform("lab through Terraform", () => {
  beforeAll(() => {
    Testing.setupJest();
  });

  test("GIVEN the synthesized layers THEN cdktf's own matcher finds them valid", () => {
    withApp((app) => {
      lab(app);
      app.synth();
      expect(app.outdir).toBeValidTerraform();
    });
  });
});
