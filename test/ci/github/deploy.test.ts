import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { temporaryFolder } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";
import { runTerraform, terraformEnvironment } from "../../support/terraform-run";

const SCRIPT = path.resolve("ci/github/deploy.sh");
const TERRAFORM = process.env["TERRAFORM_BINARY_NAME"] ?? "terraform";

/** A layer with a service that refuses to start at the tag `broken`, as a smoke test would, and one that always starts. */
const LAYER = {
  terraform: { backend: { local: {} } },
  variable: {
    property_tag: { type: "string" },
    search_index_tag: { type: "string" },
    search_index_green_tag: { type: "string", default: "" },
  },
  resource: {
    terraform_data: {
      property: {
        triggers_replace: "${var.property_tag}",
        provisioner: [{ "local-exec": { command: "test '${var.property_tag}' != broken", quiet: true } }],
      },
      search_index: { input: "${var.search_index_tag}" },
    },
  },
  output: {
    property_tag: { value: "${var.property_tag}" },
    search_index_tag: { value: "${var.search_index_tag}" },
    search_index_green_tag: { value: "${var.search_index_green_tag}" },
    address: { value: "https://api.example.com" },
  },
};

/** A layer's folder in which ops wrote down the tags that they began with. */
function layer(): string {
  const folder = temporaryFolder();
  fs.writeFileSync(path.join(folder, "cdk.tf.json"), JSON.stringify(LAYER));
  fs.writeFileSync(path.join(folder, "terraform.tfvars"), 'property_tag = "p0"\nsearch_index_tag = "s0"\n');
  return folder;
}

/** Runs the script; `previous` is what it tells the workflow. */
function deploy(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const output = path.join(temporaryFolder(), "output");
  fs.writeFileSync(output, "");
  const { status, stderr, error } = spawnSync("bash", [SCRIPT, ...args], {
    encoding: "utf8",
    env: { ...terraformEnvironment(), GITHUB_OUTPUT: output, ...environment },
  });
  if (error) {
    throw error;
  }
  return { status, stderr, previous: /^previous=(.*)\n$/.exec(fs.readFileSync(output, "utf8"))?.[1] };
}

/** The tags that the layer's state has. */
function tagsOf(folder: string): Readonly<Record<string, string>> {
  const outputs = JSON.parse(runTerraform(folder, "output", "-json").output) as Record<string, { value: string }>;
  return Object.fromEntries(
    Object.entries(outputs)
      .filter(([name, { value }]) => name.endsWith("_tag") && value !== "")
      .map(([name, { value }]) => [name, value]),
  );
}

/** A Terraform that, before the first command of a name, lets another workflow deploy the search index. */
function interrupted(folder: string, command: string): string {
  const program = path.join(temporaryFolder(), "terraform");
  const others = path.join(temporaryFolder(), "output");
  fs.writeFileSync(
    program,
    `#!/bin/sh
if [ "$2" = ${command} ] && [ ! -e '${others}' ]; then
  TERRAFORM_BINARY_NAME=${TERRAFORM} GITHUB_OUTPUT='${others}' '${SCRIPT}' '${folder}' search-index s2 >/dev/null
fi
exec ${TERRAFORM} "$@"
`,
    { mode: 0o755 },
  );
  return program;
}

describe("deploy.sh", () => {
  test("fails for what it cannot work with, all at once, before Terraform runs", () => {
    const { status, stderr, previous } = deploy(["nowhere", "Property", ":latest"], { TERRAFORM_BINARY_NAME: "false" });
    expect(stderr).toBe(
      "there is no cdk.tf.json in 'nowhere': give a layer's folder in cdktf.out/stacks/\n" +
        "the service is 'Property': use lower-case letters, digits and hyphens\n" +
        "the tag is ':latest': use a tag of an image, such as a commit's SHA\n",
    );
    expect(status).toBe(2);
    expect(previous).toBeUndefined();
  });

  test("fails for a service that the layer has not, and without its three arguments", () => {
    const unknown = deploy([layer(), "billing", "b1"]);
    expect(unknown.stderr).toBe("the layer has no input billing_tag: use one of its services\n");
    expect(unknown.status).toBe(2);
    const none = deploy([]);
    expect(none.stderr).toBe("use deploy.sh <folder of the layer> <service> <tag>\n");
    expect(none.status).toBe(2);
  });

  describeWithTerraform("with the real Terraform", () => {
    test("GIVEN the first deployment THEN there is no tag before it, and other services have those of terraform.tfvars", () => {
      const folder = layer();
      const { status, previous } = deploy([folder, "property", "p1"]);
      expect(status).toBe(0);
      expect(previous).toBe("");
      expect(tagsOf(folder)).toEqual({ property_tag: "p1", search_index_tag: "s0" });
    });

    test("GIVEN another service at a newer tag THEN it stays there, whatever terraform.tfvars says", () => {
      const folder = layer();
      deploy([folder, "search-index", "s1"]);
      const { status, previous } = deploy([folder, "property", "p1"]);
      expect(status).toBe(0);
      expect(previous).toBe("p0");
      expect(tagsOf(folder)).toEqual({ property_tag: "p1", search_index_tag: "s1" });
      expect(fs.readdirSync(folder).filter((name) => name.includes("auto"))).toEqual([]);
    });

    test("fails where the apply fails, and the tag from before brings the service back", () => {
      const folder = layer();
      deploy([folder, "property", "p1"]);
      const failed = deploy([folder, "property", "broken"]);
      expect(failed.status).toBe(1);
      expect(failed.previous).toBe("p1");

      expect(deploy([folder, "property", failed.previous ?? ""]).status).toBe(0);
      expect(tagsOf(folder)).toEqual({ property_tag: "p1", search_index_tag: "s0" });
    });

    test.each(["plan", "apply"])(
      "GIVEN another deployment just before its %s THEN neither takes the other's tag back",
      (command) => {
        const folder = layer();
        deploy([folder, "property", "p1"]);
        const { status, stderr, previous } = deploy([folder, "property", "p2"], {
          TERRAFORM_BINARY_NAME: interrupted(folder, command),
        });
        expect(stderr).toContain("another deployment came in between: planning again (1)\n");
        expect(status).toBe(0);
        expect(previous).toBe("p1");
        expect(tagsOf(folder)).toEqual({ property_tag: "p2", search_index_tag: "s2" });
      },
    );

    test("GIVEN an apply that failed between making the new and deleting the old THEN the rollback deletes what is left", () => {
      const folder = layer();
      const release = { triggers_replace: "${var.property_tag}", lifecycle: { create_before_destroy: true } };
      const property = { ...LAYER.resource.terraform_data.property, depends_on: ["terraform_data.release"] };
      const terraform_data = { ...LAYER.resource.terraform_data, release, property };
      fs.writeFileSync(path.join(folder, "cdk.tf.json"), JSON.stringify({ ...LAYER, resource: { terraform_data } }));
      deploy([folder, "property", "p1"]);
      expect(deploy([folder, "property", "broken"])).toMatchObject({ status: 1, previous: "p1" });
      expect(runTerraform(folder, "state", "pull").output).toContain('"deposed"');

      expect(deploy([folder, "property", "p1"]).status).toBe(0);
      expect(tagsOf(folder)).toEqual({ property_tag: "p1", search_index_tag: "s0" });
      expect(runTerraform(folder, "state", "pull").output).not.toContain('"deposed"');
    });

    test("fails while a service has green pods, and changes nothing", () => {
      const folder = layer();
      deploy([folder, "property", "p1"]);
      runTerraform(folder, "apply", "-auto-approve", "-var=property_tag=p1", "-var=search_index_green_tag=s9");
      const { status, stderr } = deploy([folder, "property", "p2"]);
      expect(stderr).toBe(
        "requests are being moved between colours, which a person decides; deploy when this is empty again:\n" +
          "search_index_green_tag\n",
      );
      expect(status).toBe(1);
      expect(tagsOf(folder)).toEqual({ property_tag: "p1", search_index_tag: "s0", search_index_green_tag: "s9" });
    });

    test("fails for a plan that deletes something, and applies none of it", () => {
      const folder = layer();
      deploy([folder, "property", "p1"]);
      const terraform_data = { property: LAYER.resource.terraform_data.property };
      fs.writeFileSync(path.join(folder, "cdk.tf.json"), JSON.stringify({ ...LAYER, resource: { terraform_data } }));
      const { status, stderr } = deploy([folder, "property", "p2"]);
      expect(stderr).toBe(
        "the plan deletes what a deployment keeps; let an operator apply that first:\nterraform_data.search_index\n",
      );
      expect(status).toBe(1);
      expect(tagsOf(folder)).toEqual({ property_tag: "p1", search_index_tag: "s0" });
    });
  });
});
