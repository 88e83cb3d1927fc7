import * as fs from "node:fs";
import * as path from "node:path";
import { labCapacity } from "../../../../environments/lab/capacity";
import { type ClusterSources } from "../../../../environments/lab/cluster-access";
import { addChoice } from "../../../../environments/lab/platform/choice";
import { platformInputs } from "../../../../environments/lab/platform/inputs";
import { type LabSettings, SETTINGS } from "../../../../environments/lab/settings";
import { jsonOf, temporaryFolder, testEnvironment, testLayer } from "../../../support/layers";
import { SocleApp } from "../../../../constructs/core/app";
import { runTerraform } from "../../../support/terraform-run";
import { describeWithTerraform } from "../../../support/terraform";

/** What components request in these tests, in MiB; what is not named requests nothing. */
const MEMORY = { trino: 5000, airflow: 4000, minio: 500, superset: 3000, openmetadata: 2000 } as const;

/** A layer that has the choice alone, of which components request {@link MEMORY}. */
function build(settings: LabSettings = { ...SETTINGS, delivery: "helm" }) {
  const root = temporaryFolder();
  const app = new SocleApp(path.join(root, "cdktf.out"));
  const environment = testEnvironment("lab", "local", app);
  const clusterLayer = testLayer(environment, "lab-cluster");
  const capacity = labCapacity(settings);
  const layer = testLayer(environment, "lab-platform");
  const inputs = platformInputs(layer, settings);
  const { components } = addChoice(layer, inputs, { clusterLayer, capacity, settings } as unknown as ClusterSources);
  for (const [name, memoryMib] of Object.entries(MEMORY)) {
    capacity.add({
      name,
      namespace: name,
      cpuMillis: 1,
      memoryMib,
      replicas: 1,
      when: components.of(name as keyof typeof MEMORY),
    });
  }
  return { root, app, layer };
}

/** What always runs: the containers, the nodes' reserve, K3s and what it brings. */
const ALWAYS = labCapacity(SETTINGS).requestedAlways.memoryMib;
/** What the components of data-serve request beside it. */
const DATA_SERVE = 14500;

describe("The choice of lab-platform", () => {
  test("THEN what each component requests is counted when everything is constructed", () => {
    const { locals } = jsonOf(build().layer) as unknown as {
      locals: { component_memory_mib: Record<string, number>; platform_memory_mib: number };
    };
    expect(locals.component_memory_mib).toMatchObject({ ...MEMORY, kafka: 0 });
    expect(locals.platform_memory_mib).toBe(ALWAYS);
  });
});

describeWithTerraform("The choice of lab-platform, by Terraform", () => {
  /** The outputs that a plan would have, or its error. */
  const planned = (
    values: Readonly<Record<string, unknown>>,
    { gpu = false, memoryMib = SETTINGS.workstation.memoryMib } = {},
  ) => {
    const { root, app } = build({ ...SETTINGS, delivery: "helm", workstation: { memoryMib, cpus: 12 } });
    app.synth();
    const state = path.join(root, ".terraform-state/lab-cluster.tfstate");
    const outputs = { has_gpu: { value: gpu, type: "bool" } };
    fs.mkdirSync(path.dirname(state));
    fs.writeFileSync(state, JSON.stringify({ version: 4, serial: 1, lineage: "x", outputs, resources: [] }));
    const stack = path.join(app.outdir, "stacks/lab-platform");
    fs.writeFileSync(path.join(stack, "terraform.tfvars.json"), JSON.stringify(values));
    expect(runTerraform(stack, "init", "-no-color")).toMatchObject({ status: 0 });
    const { status, output } = runTerraform(stack, "plan", "-no-color", "-out=plan");
    if (status !== 0) {
      // In one line: Terraform breaks it where the terminal would end.
      return output.replace(/\s*\n(│ )?/g, " ");
    }
    const shown = runTerraform(stack, "show", "-json", "plan").output;
    const { planned_values: plan } = JSON.parse(shown) as {
      planned_values: { outputs: Record<string, { value: unknown }> };
    };
    return Object.fromEntries(Object.entries(plan.outputs).map(([name, { value }]) => [name, value]));
  };

  test("GIVEN nothing THEN the smallest scenario is chosen", () => {
    expect(planned({})).toEqual({
      scenario_name: "etl-minimal",
      extra_component_names: [],
      component_names: ["airflow", "minio", "mlflow"],
    });
  });

  test("GIVEN a scenario and components beside it THEN later layers are told of each once", () => {
    expect(planned({ scenario: "streaming", extra_components: ["qdrant", "minio"] })).toEqual({
      scenario_name: "streaming",
      extra_component_names: ["qdrant", "minio"],
      component_names: ["airflow", "flink", "kafka", "minio", "mlflow", "qdrant", "spark"],
    });
  });

  test("GIVEN exactly as much as the workstation gives THEN it is taken", () => {
    expect(planned({ scenario: "data-serve" }, { memoryMib: ALWAYS + DATA_SERVE })).toMatchObject({
      scenario_name: "data-serve",
    });
  });

  test("fails for more than the workstation gives, and names the largest", () => {
    const memoryMib = ALWAYS + DATA_SERVE - 1;
    expect(planned({ scenario: "data-serve" }, { memoryMib })).toContain(
      `What is chosen takes ${ALWAYS + DATA_SERVE} MiB, and the workstation gives ${memoryMib} MiB to containers and cluster together: ` +
        `${ALWAYS} MiB for what always runs; the largest that were chosen are trino (5000 MiB), airflow (4000 MiB), superset (3000 MiB). ` +
        "Choose fewer of extra_components, or another scenario.",
    );
  });

  test("fails for a scenario that fits with components beside it that do not", () => {
    const memoryMib = ALWAYS + 9500;
    const given = { scenario: "etl-minimal", extra_components: ["trino", "opa"] };
    expect(planned(given, { memoryMib })).toMatchObject({ scenario_name: "etl-minimal" });
    expect(planned({ ...given, extra_components: [...given.extra_components, "superset"] }, { memoryMib })).toContain(
      `What is chosen takes ${memoryMib + 3000} MiB`,
    );
  });

  test("fails for the card where no node has it", () => {
    expect(planned({ extra_components: ["gpu"] })).toContain(
      "The component gpu needs a node with the card: apply lab-cluster with gpu = true first.",
    );
    expect(planned({ extra_components: ["gpu"] }, { gpu: true })).toMatchObject({ extra_component_names: ["gpu"] });
    // What serves from the card asks for it by name, and so for the node.
    expect(planned({ extra_components: ["vllm"] }, { gpu: true })).toContain("vllm needs gpu");
    expect(planned({ extra_components: ["vllm", "gpu"] })).toContain("The component gpu needs a node with the card");
  });
});
