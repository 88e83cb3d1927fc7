import * as fs from "node:fs";
import * as path from "node:path";

import { Server } from "@cdktf/provider-hcloud/lib/server";
import { HcloudProvider } from "@cdktf/provider-hcloud/lib/provider";
import { CoreInstance } from "@cdktf/provider-oci/lib/core-instance";
import { DataOciIdentityAvailabilityDomains } from "@cdktf/provider-oci/lib/data-oci-identity-availability-domains";
import { OciProvider } from "@cdktf/provider-oci/lib/provider";
import { App, TerraformStack } from "cdktf";

import { generateBindings, readFiles } from "../../tools/bindings/generate";
import { providerPackages } from "../../tools/bindings/provider-package";
import { selectSchema } from "../../tools/bindings/selection";
import { committedSchema } from "../../tools/bindings/source";
import { startOfflineServer } from "../../tools/offline/start";
import { runTerraform } from "../../tools/offline/terraform";
import { temporaryFolder } from "../support/layers";
import { describeWithTerraform } from "../support/terraform";

const ROOT = path.join(__dirname, "../..");
const PROVIDERS = providerPackages(path.join(ROOT, "providers"));
const HOW_TO_MEND = "Run `make bindings` and commit providers/ (see providers/README.md).";

/** The paths of files that only one side has, or that differ. */
function differences(actual: ReadonlyMap<string, string>, expected: ReadonlyMap<string, string>): string[] {
  const paths = new Set([...actual.keys(), ...expected.keys()]);
  return [...paths].filter((file) => actual.get(file) !== expected.get(file)).sort();
}

describe("providers/", () => {
  test("holds the providers that have no published bindings", () => {
    expect(PROVIDERS.map(({ name, source, version }) => [name, source, version])).toEqual([
      ["hcloud", "hetznercloud/hcloud", "1.68.0"],
      ["oci", "oracle/oci", "8.28.0"],
    ]);
  });

  test("GIVEN the root's package.json THEN it depends on exactly the version of each", () => {
    const { dependencies } = JSON.parse(fs.readFileSync(path.join(ROOT, "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
    };

    for (const { name, version } of PROVIDERS) {
      expect(dependencies).toHaveProperty([`@cdktf/provider-${name}`], version);
    }
  });

  describe.each(PROVIDERS.map((provider) => ({ ...provider, provider })))("$name", ({ folder, provider }) => {
    test("GIVEN schema.json THEN it holds exactly what is listed, at the package's version", () => {
      // GIVEN
      const schema = committedSchema(provider);

      // WHEN
      const selected = "load" in schema ? selectSchema(provider, schema) : schema.problem;

      // THEN
      const isCommitted = selected === fs.readFileSync(path.join(folder, "schema.json"), "utf8");
      expect(isCommitted ? "" : HOW_TO_MEND).toBe("");
    });

    test("GIVEN schema.json WHEN lib/ is generated again THEN nothing changes", async () => {
      // GIVEN
      const schema = fs.readFileSync(path.join(folder, "schema.json"), "utf8");

      // WHEN
      const files = await generateBindings(provider, schema);

      // THEN
      const different = differences(readFiles(path.join(folder, "lib")), files);
      expect(different.length === 0 ? [] : [HOW_TO_MEND, ...different]).toEqual([]);
    });
  });
});

describeWithTerraform("a stack of these bindings", () => {
  const folder = temporaryFolder();
  const schemas = path.join(folder, "schemas");
  const app = new App({ outdir: path.join(folder, "out") });
  const stack = new TerraformStack(app, "stack");
  new HcloudProvider(stack, "hcloud");
  new Server(stack, "server", { name: "node", serverType: "cpx22", image: "ubuntu-24.04" });
  new OciProvider(stack, "oci");
  const domains = new DataOciIdentityAvailabilityDomains(stack, "domains", { compartmentId: "ocid1.tenancy" });
  new CoreInstance(stack, "instance", {
    compartmentId: "ocid1.tenancy",
    availabilityDomain: domains.availabilityDomains.get(0).name,
    shape: "VM.Standard.A1.Flex",
    shapeConfig: { ocpus: 2, memoryInGbs: 12 },
  });

  test("requires the full sources at the packages' versions", () => {
    expect((stack.toTerraform() as { terraform: { required_providers: object } }).terraform.required_providers).toEqual(
      {
        hcloud: { source: "hetznercloud/hcloud", version: "1.68.0" },
        oci: { source: "oracle/oci", version: "8.28.0" },
      },
    );
  });

  test("is valid for the real Terraform", async () => {
    // GIVEN
    fs.mkdirSync(schemas);
    for (const provider of PROVIDERS) {
      fs.copyFileSync(path.join(provider.folder, "schema.json"), path.join(schemas, `${provider.name}.json`));
    }
    fs.writeFileSync(path.join(folder, "main.tf.json"), JSON.stringify(stack.toTerraform()));
    const server = await startOfflineServer({ schemas });

    try {
      // WHEN
      const env = { ...process.env, ...server.env };
      const init = await runTerraform(folder, ["init", "-no-color"], env);
      const validate = await runTerraform(folder, ["validate", "-no-color"], env);

      // THEN
      expect(init).toMatchObject({ code: 0, stderr: "" });
      expect(validate).toMatchObject({ code: 0, stderr: "" });
    } finally {
      await server.stop();
    }
  });
});
