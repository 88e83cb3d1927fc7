import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { runLayers, type LayerResult, type LayersOptions } from "../../../tools/offline/layers";
import { describeWithTerraform } from "../../support/terraform";
import { at, NETWORK, Project, SERVERS } from "./project";
import { FIXTURE_SCHEMAS } from "./support";

const PLAN_OF_NETWORK = "Plan: 1 to add, 0 to change, 0 to destroy.";

describeWithTerraform("runLayers", () => {
  let project: Project;
  afterEach(() => project.dispose());

  const layers = (options: Partial<LayersOptions> = {}): Promise<LayerResult[]> =>
    runLayers({
      command: "plan",
      root: project.path,
      out: join(project.path, "cdktf.out"),
      schemas: FIXTURE_SCHEMAS,
      showPlan: false,
      colour: false,
      report: () => undefined,
      ...options,
    });
  const brief = (results: LayerResult[]): object[] =>
    results.map(({ layer, verdict, resources, text }) => ({ layer, verdict, resources, text }));

  test("plans and applies a chain of layers with states in S3, without credentials", async () => {
    // GIVEN
    project = new Project({ demo: [NETWORK, SERVERS] });
    project.write("environments/demo/offline.yaml", "inputs: { cidr: 10.0.0.0/16 }");

    // WHEN
    const results = await layers({ saveJson: join(project.path, "plans") });

    // THEN
    expect(brief(results)).toEqual([
      { layer: "demo-network", verdict: "ok", resources: 1, text: "" },
      { layer: "demo-servers", verdict: "ok", resources: 1, text: "" },
    ]);
    const plan = JSON.parse(readFileSync(join(project.path, "plans/demo-servers.json"), "utf8")) as {
      planned_values: { root_module: { resources: { values: { vpc_id: string } }[] } };
    };
    // The id that the first layer's apply gave to its network.
    expect(plan.planned_values.root_module.resources[0]?.values.vpc_id).toMatch(/^\d{9}$/);
  });

  test("shows Terraform's own plan when asked to", async () => {
    // GIVEN
    project = new Project({ demo: [NETWORK] });
    project.write("environments/demo/offline.yaml", "layers: { demo-network: { inputs: { cidr: 10.9.0.0/16 } } }");

    // WHEN
    const [result] = await layers({ environment: "demo", showPlan: true });

    // THEN
    expect(result?.text).toContain(PLAN_OF_NETWORK);
    expect(result?.text).toMatch(/cidr_block += "10.9.0.0\/16"/);
  });

  test("leaves the working tree alone and takes nothing from it that a run left behind", async () => {
    // GIVEN
    project = new Project({ demo: [NETWORK] });
    project.write("environments/demo/offline.yaml", "inputs: { cidr: 10.0.0.0/16 }");
    const folder = join(project.path, "cdktf.out/stacks/demo-network");
    project.write("cdktf.out/stacks/demo-network/terraform.tfstate", "a real state");
    project.write("cdktf.out/stacks/demo-network/terraform.tfvars", "cidr = [broken");
    project.write("cdktf.out/stacks/demo-network/.terraform/terraform.tfstate", "a real backend");
    const stack = readFileSync(join(folder, "cdk.tf.json"), "utf8");

    // WHEN
    const [result] = await layers();

    // THEN
    expect(result?.verdict).toBe("ok");
    expect(readdirSync(folder).sort()).toEqual([".terraform", "cdk.tf.json", "terraform.tfstate", "terraform.tfvars"]);
    expect(readFileSync(join(folder, "cdk.tf.json"), "utf8")).toBe(stack);
    expect(readFileSync(join(folder, "terraform.tfstate"), "utf8")).toBe("a real state");
  });

  test("does not let variables of the shell have a say", async () => {
    // GIVEN
    project = new Project({ demo: [NETWORK] });
    project.write("environments/demo/offline.yaml", "inputs: { cidr: 10.0.0.0/16 }");
    process.env["TF_CLI_ARGS_plan"] = "-refuse";

    // WHEN
    const [result] = await layers().finally(() => delete process.env["TF_CLI_ARGS_plan"]);

    // THEN
    expect(result?.verdict).toBe("ok");
  });

  test("fails with Terraform's errors and the constructs they are about; skips layers that read a failed one", async () => {
    // GIVEN
    const broken = {
      ...NETWORK,
      inputs: [],
      stack: {
        resource: { aws_vpc: { main: { ...at("demo-network/network/vpc"), cidr_blok: "10.0.0.0/16", id: "x" } } },
      },
    };
    const other = { name: "demo-other", stack: { resource: { random_pet: { p: {} } } } };
    project = new Project({ demo: [broken, SERVERS, other] });

    // WHEN
    const results = await layers();

    // THEN
    expect(results.map(({ layer, verdict }) => [layer, verdict])).toEqual([
      ["demo-network", "failed"],
      ["demo-servers", "skipped"],
      ["demo-other", "ok"],
    ]);
    expect(results[0]?.text).toBe(
      [
        "Error: Extraneous JSON object property",
        "",
        "  on cdk.tf.json line 10, in resource.aws_vpc.main:",
        '  10:         "cidr_blok": "10.0.0.0/16",',
        "  construct: demo-network/network/vpc",
        "",
        'No argument or block type is named "cidr_blok". Did you mean "cidr_block"?',
      ].join("\n"),
    );
    expect(results[1]?.text).toBe("It reads demo-network.");
  });

  test("fails when the second plan is not empty, and shows it", async () => {
    // GIVEN
    const restless = {
      name: "demo-clock",
      stack: { resource: { random_pet: { p: { prefix: "${timestamp()}" } } } },
    };
    project = new Project({ demo: [restless] });

    // WHEN
    const [result] = await layers();

    // THEN
    expect(result?.verdict).toBe("failed");
    expect(result?.text).toContain("After apply, a second plan must be empty. It is not");
    expect(result?.text).toContain("# random_pet.p will be updated in-place");
  });

  test("fails on a remote state of a layer that is not read", async () => {
    // GIVEN
    project = new Project({ demo: [{ ...SERVERS, reads: [] }] });

    // WHEN
    const [result] = await layers();

    // THEN
    expect(result?.verdict).toBe("failed");
    expect(result?.text).toContain(
      "data.terraform_remote_state.demo_network belongs to no layer that demo-servers reads (none).",
    );
  });

  test("validates each layer without its inputs", async () => {
    // GIVEN
    project = new Project({ demo: [NETWORK, SERVERS] });

    // WHEN
    const results = await layers({ command: "validate" });

    // THEN
    expect(brief(results)).toEqual([
      { layer: "demo-network", verdict: "ok", resources: undefined, text: "" },
      { layer: "demo-servers", verdict: "ok", resources: undefined, text: "" },
    ]);
  });

  test("serves each environment its own fake values", async () => {
    // GIVEN
    const zone = (name: string): { name: string; stack: object } => ({
      name,
      stack: {
        data: { aws_availability_zones: { all: {} } },
        resource: {
          aws_subnet: { a: { vpc_id: "1", availability_zone: "${data.aws_availability_zones.all.names[0]}" } },
        },
      },
    });
    project = new Project({ north: [zone("north")], south: [zone("south")] });
    project.write("environments/north/offline.yaml", 'fakes: { "aws_availability_zones.names": [north-1] }');

    // WHEN
    const results = await layers({ showPlan: true });

    // THEN
    expect(results.map(({ text }) => /availability_zone +=? += "(.*)"/.exec(text)?.[1])).toEqual([
      "north-1",
      "offline-1a",
    ]);
  });

  test("fails before anything runs when inputs are missing or unknown, naming all of them", async () => {
    // GIVEN
    project = new Project({ demo: [NETWORK, SERVERS], more: [NETWORK] });
    project.write(
      "environments/demo/offline.yaml",
      "inputs: { cdir: x }\nlayers: { servers: {}, demo-servers: { inputs: { a: 1 } } }",
    );

    // WHEN / THEN
    await expect(layers()).rejects.toThrow(
      [
        "environments/demo/offline.yaml:",
        "  - layers.servers: demo has no such layer. Known: demo-network, demo-servers.",
        "  - inputs.cdir: no layer of demo declares this input.",
        "  - layers.demo-servers.inputs.a: demo-servers does not declare this input.",
        '  - Layer demo-network requires the input "cidr" (string): give it a value.',
        "environments/more/offline.yaml:",
        '  - Layer demo-network requires the input "cidr" (string): give it a value.',
      ].join("\n"),
    );
  });

  test("fails on an unknown environment, naming the known ones", async () => {
    project = new Project({ demo: [NETWORK], more: [] });
    await expect(layers({ environment: "lab" })).rejects.toThrow('Unknown environment "lab". Known: demo, more.');
  });

  test("fails when nothing was synthesized", async () => {
    project = new Project({});
    await expect(layers({ out: project.path })).rejects.toThrow("socle.json was not found: run `make synth` first");
  });
});
