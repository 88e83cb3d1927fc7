import { writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Status } from "../../../tools/lab/status";
import { describeWithTerraform } from "../../support/terraform";
import { LabProject } from "./project";

const application = (name: string, sync: string, health: string) => ({
  metadata: { name },
  status: { sync: { status: sync }, health: { status: health } },
});

/** As Traefik's routes name a host. */
const HOST = "Host(`grafana.lab.local`)";

/** A kubectl that knows Applications and Ingresses. */
const kubectl = (...applications: readonly object[]) =>
  `case "$*" in
  *applications.argoproj.io*) echo '${JSON.stringify({ items: applications })}';;
  *ingresses.networking*) echo '${JSON.stringify({ items: [{ spec: { rules: [{ host: "airflow.lab.local" }, { host: "argocd.lab.local" }] } }] })}';;
  *ingressroutes*) echo '${JSON.stringify({ items: [{ spec: { routes: [{ match: HOST }] } }] })}';;
esac`;

describeWithTerraform("lab status", () => {
  let project: LabProject;
  beforeAll(async () => {
    project = await LabProject.start();
  });
  afterAll(() => project.stop());

  const status = async (script = "exit 1"): Promise<Status & { code: number | null }> => {
    const { code, output } = await project.run(["status", "--json"], { env: { KUBECTL: script } });
    return { ...(JSON.parse(output) as Status), code };
  };
  const verdicts = ({ layers }: Status) => Object.fromEntries(layers.map(({ name, verdict }) => [name, verdict]));

  test("fails with 1 before the first start, and says that nothing is there", async () => {
    const found = await status();
    expect([found.code, found.well, found.applications]).toEqual([1, false, "there is no cluster yet"]);
    expect(verdicts(found)).toEqual({
      "lab-services": "missing",
      "lab-forge": "missing",
      "lab-cluster": "missing",
      "lab-platform": "missing",
    });
    const { output } = await project.run(["status"]);
    expect(output).toContain("lab-services  0  not applied: make lab-up\n");
    expect(output).toContain("Containers\nnone: make lab-up\n");
  });

  describe("GIVEN a running lab", () => {
    beforeAll(async () => {
      expect((await project.up("--scenario", "genai")).code).toBe(0);
      writeFileSync(join(project.secrets, "kubeconfig"), "kind: Config\n", { mode: 0o600 });
    });

    test("THEN all is well, with every address that the cluster publishes", async () => {
      const found = await status(kubectl(application("airflow", "Synced", "Healthy")));
      expect([found.code, found.well, found.scenario]).toEqual([0, true, "genai"]);
      expect(new Set(Object.values(verdicts(found)))).toEqual(new Set(["applied"]));
      expect(found.containers.map(({ name, health, well }) => [name, health, well])).toEqual([
        ["lab-gitlab", "healthy", true],
        ["lab-postgres", "healthy", true],
        ["lab-server", "healthy", true],
      ]);
      expect(found.access.map(({ url }) => url)).toEqual([
        "postgres.lab.local:5432",
        "http://vault.lab.local:8200",
        "http://registry.lab.local:5001/v2/_catalog",
        "http://gitlab.lab.local:8081",
        "https://airflow.lab.local",
        "https://argocd.lab.local",
        "https://grafana.lab.local",
      ]);
      expect(found.access.slice(4).map(({ logIn }) => logIn)).toEqual([
        "see the README of its layer",
        "password: kubectl get secret argocd",
        "see the README of its layer",
      ]);
      const { output } = await project.run(["status"], {
        env: { KUBECTL: kubectl(application("a", "Synced", "Healthy")) },
      });
      expect(output).toMatch(/Applications of Argo CD\na {2}Synced {2}Healthy\n/);
      expect(output).toMatch(/All is well\.\n$/);
    });

    test.each([
      ["OutOfSync", "Healthy"],
      ["Synced", "Degraded"],
    ])("fails with 1 for an Application that is %s and %s", async (sync, health) => {
      const found = await status(
        kubectl(application("airflow", "Synced", "Healthy"), application("trino", sync, health)),
      );
      expect([found.code, found.well]).toEqual([1, false]);
      expect(found.applications).toContainEqual({ name: "trino", sync, health });
    });

    test("fails with 1 where the cluster does not answer, with kubectl's word", async () => {
      const found = await status("echo 'connection refused' >&2; exit 1");
      expect([found.code, found.applications]).toEqual([1, "the cluster does not answer: connection refused"]);
    });

    test("fails with 1 for a container that is unhealthy", async () => {
      writeFileSync(join(project.folder, "health"), "unhealthy");
      const found = await status(kubectl());
      expect([found.code, found.containers[0]?.health]).toEqual([1, "unhealthy"]);
      project.write("health", "healthy");
    });

    test("fails with 1 for another configuration than was applied, and for a run that did not end", async () => {
      project.stack("lab-platform", { resource: { terraform_data: { other: { input: "x" } } } });
      project.stack("lab-forge", {
        resource: { terraform_data: { a: { provisioner: [{ "local-exec": { command: "exit 7" } }] } } },
      });
      expect(verdicts(await status(kubectl()))).toMatchObject({ "lab-platform": "older", "lab-forge": "older" });
      expect((await project.up()).output).toContain("Stopped at lab-forge");
      const found = await status(kubectl());
      expect([found.code, verdicts(found)]).toEqual([
        1,
        { "lab-services": "applied", "lab-forge": "unfinished", "lab-cluster": "applied", "lab-platform": "older" },
      ]);
    });
  });
});
