import * as path from "node:path";
import { Environment } from "../../../constructs/core/environment";
import { viridialCluster } from "../../../environments/viridial-staging/cluster";
import { PRODUCTION, SETTINGS, type ViridialSettings } from "../../../environments/viridial-staging/settings";
import { type OfflineServer, startOfflineServer } from "../../../tools/offline/start";
import { cleanEnvironment, runTerraform } from "../../../tools/offline/terraform";
import { testApp } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";

const INPUTS = { ssh_public_key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA ops", admin_cidr_blocks: '["203.0.113.0/24"]' };

describeWithTerraform("viridial-staging-cluster in its variants, planned by Terraform", () => {
  let server: OfflineServer | undefined;
  beforeAll(async () => {
    server = await startOfflineServer({ schemas: "schemas" });
  });
  afterAll(() => server?.stop());

  /** Addresses of the planned resources of some types. */
  const planned = async (settings: ViridialSettings, inputs: Readonly<Record<string, string>>, types: RegExp) => {
    const app = testApp();
    const local = { ...settings, backend: "local" as const };
    const environment = new Environment(app, "viridial-staging", { description: "Planned only.", backend: "local" });
    viridialCluster(environment, local);
    app.synth();
    const stack = path.join(app.outdir, "stacks/viridial-staging-cluster");
    const terraform = (...args: string[]) => runTerraform(stack, args, cleanEnvironment(server?.env ?? {}));
    const variables = Object.entries({ ...INPUTS, ...inputs }).map(([name, value]) => `-var=${name}=${value}`);
    expect(await terraform("init", "-no-color")).toMatchObject({ code: 0, stderr: "" });
    expect(await terraform("plan", "-no-color", "-out=plan", ...variables)).toMatchObject({ code: 0, stderr: "" });
    const { stdout } = await terraform("show", "-json", "plan");
    const { resource_changes: changes } = JSON.parse(stdout) as { resource_changes: { address: string }[] };
    return changes.map(({ address }) => address).filter((address) => types.test(address));
  };

  test("GIVEN no size THEN no worker has a volume of its own", async () => {
    expect(await planned(SETTINGS, {}, /^hcloud_(server|volume)/)).toEqual([
      "hcloud_server.cluster_control_plane",
      "hcloud_server.cluster_worker[0]",
      "hcloud_server.cluster_worker[1]",
    ]);
  });

  test("GIVEN a size THEN each worker has one, attached", async () => {
    expect(await planned(SETTINGS, { volume_size_gib: "20", worker_count: "3" }, /^hcloud_volume/)).toEqual([
      "hcloud_volume.worker_volume[0]",
      "hcloud_volume.worker_volume[1]",
      "hcloud_volume.worker_volume[2]",
      "hcloud_volume_attachment.worker_volume_attachment[0]",
      "hcloud_volume_attachment.worker_volume_attachment[1]",
      "hcloud_volume_attachment.worker_volume_attachment[2]",
    ]);
  });

  test("GIVEN three control planes THEN they are behind a load balancer of their own", async () => {
    const settings = { ...PRODUCTION, controlPlanes: 3 as const, workerCount: 2 };
    expect(await planned(settings, {}, /^hcloud_(server|load_balancer)\./)).toEqual([
      "hcloud_load_balancer.cluster_api_load_balancer",
      "hcloud_load_balancer.load_balancer",
      "hcloud_server.cluster_control_plane",
      "hcloud_server.cluster_control_plane_2",
      "hcloud_server.cluster_control_plane_3",
      "hcloud_server.cluster_worker[0]",
      "hcloud_server.cluster_worker[1]",
    ]);
  });
});
