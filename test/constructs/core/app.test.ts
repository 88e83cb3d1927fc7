import * as fs from "node:fs";
import * as path from "node:path";
import { Construct } from "constructs";
import { Lazy, TerraformOutput, TerraformVariable } from "cdktf";
import stackTrace = require("cdktf/lib/tokens/private/stack-trace");
import { SnsTopic } from "@cdktf/provider-aws/lib/sns-topic";
import { SocleApp } from "../../../constructs/core/app";
import { TerraformData } from "../../../constructs/core/terraform-data";
import { disableTokenStackTraces } from "../../../constructs/core/stack-traces";
import { filesBelow, messageOf, temporaryFolder, testEnvironment, testLayer } from "../../support/layers";

describe("SocleApp", () => {
  const { captureStackTrace } = stackTrace;
  afterEach(() => {
    stackTrace.captureStackTrace = captureStackTrace;
  });

  test("GIVEN two layers WHEN they are synthesized THEN each has its file, and the manifest their order", () => {
    const outdir = temporaryFolder();
    const progress: string[] = [];
    const app = new SocleApp(outdir, ({ layer, seconds }) => progress.push(`${layer.node.id} ${seconds >= 0}`));
    const environment = testEnvironment("lab", "local", app);
    const first = testLayer(environment, "lab-a");
    testLayer(environment, "lab-b").read(first);

    app.synth();

    expect(Object.keys(filesBelow(outdir))).toEqual([
      "manifest.json",
      "stacks/lab-a/cdk.tf.json",
      "stacks/lab-b/cdk.tf.json",
    ]);
    const manifest = JSON.parse(fs.readFileSync(path.join(outdir, "manifest.json"), "utf8")) as {
      stacks: Record<string, { dependencies: string[] }>;
    };
    expect(Object.values(manifest.stacks).map(({ dependencies }) => dependencies)).toEqual([[], ["lab-a"]]);
    expect(progress).toEqual(["lab-a true", "lab-b true"]);
  });

  test("fails with the validation problems of all layers in one error, and writes no layer", async () => {
    const outdir = temporaryFolder();
    const app = new SocleApp(outdir);
    const environment = testEnvironment("lab", "local", app);
    new TerraformVariable(testLayer(environment, "lab-a"), "size", {});
    const second = testLayer(environment, "lab-b");
    new TerraformOutput(second, "id", { value: 1 });
    const server = new Construct(second, "server");
    server.node.addValidation({ validate: () => ["is too small", "is too old"] });
    new SnsTopic(server, "topic");
    app.node.addValidation({ validate: () => ["has no owner"] });

    expect(await messageOf(() => app.synth())).toBe(
      [
        "synth: 6 problems",
        "  - has no owner",
        '  - lab-a: the input "size" needs a type and a description: ops read them',
        "  - lab-b: Found resources without a matching provider construct. Please make sure to add provider constructs " +
          "[e.g. new RandomProvider(...)] to your stack 'lab-b' for the following providers: aws",
        '  - lab-b: the output "id" needs a description: ops read it',
        "  - lab-b/server: is too small",
        "  - lab-b/server: is too old",
      ].join("\n"),
    );
    expect(filesBelow(outdir)).toEqual({});
  });

  const REFUSED =
    'lab-b: refers to terraform_data.network.id of the layer "lab-a": layers have states of their own. ' +
    'Make it an output of "lab-a" and read it in "lab-b" with layer.read(earlier).getString("<output>")';

  const appWithReference = (kind: string) => {
    const app = new SocleApp(temporaryFolder());
    const environment = testEnvironment("lab", "local", app);
    const earlier = new TerraformData(testLayer(environment, "lab-a"), "network");
    const later = testLayer(environment, "lab-b");
    if (kind === "output") {
      new TerraformOutput(later, "id", { value: earlier.id, description: "Its id." });
    } else {
      new TerraformData(later, "server", { input: { network: earlier.id } });
    }
    return { app, environment, earlier };
  };

  test.each(["output", "resource"])(
    "fails for a reference from one layer's %s to another layer, naming both and what to do",
    async (kind) => {
      disableTokenStackTraces();

      expect(await messageOf(() => appWithReference(kind).app.synth())).toBe(`synth: ${REFUSED}`);
    },
  );

  test("fails for a reference with the place where its token was made, while cdktf's traces are on", async () => {
    const message = await messageOf(() => appWithReference("output").app.synth());

    expect(message.split("\n").slice(0, 2)).toEqual([`synth: ${REFUSED}`, "Object creation stack:"]);
    expect(message).toContain("app.test");
  });

  test("fails for references in two layers and for two resources of one address, all in one error", async () => {
    disableTokenStackTraces();
    const { app, environment, earlier } = appWithReference("output");
    new TerraformData(testLayer(environment, "lab-c"), "server", { input: { network: earlier.id } });
    const fourth = testLayer(environment, "lab-d");
    new TerraformData(fourth, "a-b");
    new TerraformData(fourth, "a_b");

    expect(await messageOf(() => app.synth())).toBe(
      [
        "synth: 3 problems",
        `  - ${REFUSED}`,
        `  - ${REFUSED.replaceAll("lab-b", "lab-c")}`,
        "  - lab-d/a_b: gets the address terraform_data.a_b, which lab-d/a-b has already: give one of the two another id",
      ].join("\n"),
    );
  });

  test("fails with cdktf's own error as it is", () => {
    const app = new SocleApp(temporaryFolder());
    const layer = testLayer(testEnvironment("lab", "local", app));
    const broken = Lazy.anyValue({
      produce: () => {
        throw new TypeError("a mistake in a construct");
      },
    });
    new TerraformData(layer, "server", { input: { broken } });

    expect(() => app.synth()).toThrow(TypeError);
    expect(() => app.synth()).toThrow("a mistake in a construct");
  });
});
