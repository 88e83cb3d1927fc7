import * as fs from "node:fs";
import * as path from "node:path";
import kauriAws from "../../../environments/kauri-aws";
import { type KauriSettings } from "../../../environments/kauri-aws/settings";
import { schemaFromBinding } from "../../../tools/offline/binding-schema";
import { type SchemaFile, schemaFiles } from "../../../tools/offline/schemas";
import { type OfflineServer, startOfflineServer } from "../../../tools/offline/start";
import { cleanEnvironment, diagnosticsOf, runTerraform } from "../../../tools/offline/terraform";
import { trimSchemas } from "../../../tools/offline/trim";
import { usedTypes } from "../../../tools/offline/usage";
import { temporaryFolder, testApp } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";

const ROOT = path.resolve(__dirname, "../../..");

const EVERYTHING: KauriSettings = {
  backend: "local",
  vpcCidrBlock: "10.20.0.0/24",
  activateCostAllocationTag: true,
  dumpTime: "20:30",
  images: {
    repositories: ["api", "batch/ocr.v2"],
    pusher: {
      issuer: "https://gitlab.com",
      audience: "aws",
      subjects: ["project_path:acme/kauri:ref_type:branch:ref:main"],
    },
  },
  cloudflareRecord: { zoneId: "0123456789abcdef0123456789abcdef", hostname: "kauri.example.com" },
};

/** Types that the settings switch on, and that kauri-aws as it is does without. */
const SWITCHED_ON = [
  "aws_ce_cost_allocation_tag",
  "aws_ecr_lifecycle_policy",
  "aws_ecr_repository",
  "aws_iam_openid_connect_provider",
  "cloudflare_dns_record",
];

const CLOUDFLARE: SchemaFile = {
  path: "the installed bindings",
  address: "registry.terraform.io/cloudflare/cloudflare",
  load: () => ({
    provider: { block: { attributes: { api_token: { type: "string", optional: true, sensitive: true } } } },
  }),
};

/** Schemas of what a synthesized folder uses: those of `schemas/`, and what these lack from the bindings. */
function schemasOf(out: string): string {
  const folder = temporaryFolder();
  const files = [...schemaFiles(path.join(ROOT, "schemas")), CLOUDFLARE];
  const trimmed = trimSchemas(usedTypes(out), files, (kind, type) =>
    schemaFromBinding(path.join(ROOT, "node_modules"), kind === "resource_schemas" ? "resource" : "data", type),
  );
  for (const [address, text] of trimmed) {
    fs.writeFileSync(path.join(folder, `${path.basename(address)}.json`), text);
  }
  return folder;
}

describeWithTerraform("kauri-aws with every setting switched on", () => {
  let stack: string;
  let server: OfflineServer | undefined;
  beforeAll(async () => {
    const app = testApp();
    kauriAws(app, EVERYTHING);
    app.synth();
    stack = path.join(app.outdir, "stacks/kauri-aws");
    server = await startOfflineServer({ schemas: schemasOf(app.outdir) });
  });
  afterAll(() => server?.stop());

  const terraform = (...args: string[]) => runTerraform(stack, args, cleanEnvironment(server?.env ?? {}));

  /** What the real Terraform says of the synthesized text after a change. */
  const validate = async (change: (text: string) => string) => {
    const file = path.join(stack, "cdk.tf.json");
    const original = fs.readFileSync(file, "utf8");
    fs.writeFileSync(file, change(original));
    try {
      const init = await terraform("init", "-no-color");
      const { code, stdout } = await terraform("validate", "-json");
      return { init: init.code, code, errors: diagnosticsOf(stdout).map(({ detail }) => detail) };
    } finally {
      fs.writeFileSync(file, original);
    }
  };

  test("GIVEN the synthesized layer THEN it has what the settings switch on", () => {
    const types = [...usedTypes(path.dirname(path.dirname(stack))).values()].flatMap(
      ({ types: { resource_schemas } }) => [...resource_schemas.keys()],
    );

    expect(types).toEqual(expect.arrayContaining(SWITCHED_ON));
  });

  test("THEN Terraform finds it valid, without a word", async () => {
    expect(await validate((text) => text)).toEqual({ init: 0, code: 0, errors: [] });
  });

  test.each([
    ["image_tag_mutability", "image_tag_mutable"],
    ["scan_on_push", "scan_at_push"],
    ["client_id_list", "client_ids"],
    ["tag_key", "tag_name"],
    ["proxied", "proxy"],
  ])("fails where %s is called %s: the schemas of these types are really looked at", async (name, misspelt) => {
    const { init, code, errors } = await validate((text) => text.replaceAll(`"${name}":`, `"${misspelt}":`));

    expect({ init, code }).toEqual({ init: 0, code: 1 });
    expect(errors.join("\n")).toContain(`"${misspelt}"`);
  });
});
