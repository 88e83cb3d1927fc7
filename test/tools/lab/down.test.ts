import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { describeWithTerraform } from "../../support/terraform";
import { LabProject } from "./project";

describeWithTerraform("lab down", () => {
  let project: LabProject;
  beforeEach(async () => {
    project = await LabProject.start();
    expect((await project.up("--scenario", "genai")).code).toBe(0);
  });
  afterEach(() => project.stop());

  const addresses = () =>
    (["lab-services", "lab-forge", "lab-cluster", "lab-platform"] as const).flatMap((layer) =>
      Object.keys(project.state(layer)),
    );
  const removedVolumes = () => project.docker().filter((call) => call.startsWith("docker volume"));

  test("THEN containers and network are gone, and volumes, keys and what is in the cluster stay", async () => {
    // GIVEN
    const kept = ["tls_private_key.authority", "docker_volume.server_data"] as const;
    const before = kept.map((address) => project.state("lab-cluster")[address]);

    // WHEN
    const { code, output } = await project.run(["down"]);

    // THEN
    expect([output, code]).toEqual([expect.stringContaining("The lab is down."), 0]);
    expect(output.match(/^lab-\S+: .*$/gm)).toEqual([
      "lab-cluster: 2 to destroy (docker_container.server, terraform_data.slow)",
      "lab-forge: 1 to destroy (docker_container.gitlab)",
      "lab-services: 2 to destroy (docker_container.postgres, docker_network.network)",
    ]);
    expect(addresses().filter((address) => /docker_(container|network)/.test(address))).toEqual([]);
    expect(kept.map((address) => project.state("lab-cluster")[address])).toEqual(before);
    expect(Object.keys(project.state("lab-platform"))).toHaveLength(2);
    expect(removedVolumes()).toEqual([]);

    // WHEN it is down already
    expect((await project.run(["down"])).output).toBe(
      "The lab is down. Its volumes, states and secrets are kept: make lab-up starts it again.\n",
    );

    // WHEN it comes back
    const again = await project.up();

    // THEN it is the same lab, with the same choice
    expect(again.code).toBe(0);
    expect(kept.map((address) => project.state("lab-cluster")[address])).toEqual(before);
    expect(project.state("lab-platform")["terraform_data.choice"]?.["output"]).toBe("genai: ");
  });

  test("WHEN everything is purged THEN volumes, states and secrets are gone too, and a new lab can start", async () => {
    // WHEN
    const { code, output } = await project.run(["down", "--purge", "--force"]);

    // THEN
    expect([output, code]).toEqual([expect.stringContaining("volume lab-gitlab: removed"), 0]);
    expect(removedVolumes()).toEqual([
      "docker volume rm --force lab-postgres",
      "docker volume rm --force lab-gitlab",
      "docker volume rm --force lab-server",
    ]);
    expect(readdirSync(join(project.folder, ".terraform-state"))).toEqual([]);
    expect(existsSync(project.secrets)).toBe(false);
    expect((await project.up()).code).toBe(0);
  });

  test("fails to purge without the word, after saying what would be removed, and leaves all as it is", async () => {
    const before = addresses();
    const { code, output } = await project.run(["down", "--purge"], { input: "yes\n" });
    expect(code).toBe(1);
    expect(output).toContain("  volume lab-postgres\n  volume lab-gitlab\n  volume lab-server\n  state ");
    expect(output).toMatch(/Type "purge" to go on: .*Nothing was removed\.\n$/s);
    expect([addresses(), removedVolumes()]).toEqual([before, []]);
  });

  test("GIVEN the word THEN it purges", async () => {
    expect((await project.run(["down", "--purge"], { input: "purge\n" })).code).toBe(0);
    expect(existsSync(project.secrets)).toBe(false);
  });

  test("fails for a container that no state knows, by its name", async () => {
    project.write("strays", "lab-stray");
    const { code, output } = await project.run(["down"]);
    expect(code).toBe(1);
    expect(output).toContain("Containers that no state knows are left:\n  - lab-stray: docker rm --force lab-stray\n");
  });

  test("fails where Docker keeps a volume, and the states that know it stay for the next try", async () => {
    project.write("busy", "lab-gitlab");
    const { code, output } = await project.run(["down", "--purge", "--force"]);
    expect(code).toBe(1);
    expect(output).toContain("docker volume rm lab-gitlab: Error response from daemon: volume is in use\n");
    expect(existsSync(join(project.folder, ".terraform-state/lab-forge.tfstate"))).toBe(true);
    expect(existsSync(join(project.secrets, "vault_token"))).toBe(true);
  });
});
