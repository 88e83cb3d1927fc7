import { gzipSync } from "node:zlib";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { schemaFiles, terraformAddress } from "../../../tools/offline/schemas";
import { Folder } from "./support";

const ADDRESS = "registry.terraform.io/hashicorp/demo";
const document = (...addresses: string[]): object => ({
  format_version: "1.0",
  provider_schemas: Object.fromEntries(addresses.map((address) => [address, { resource_schemas: {} }])),
});

describe("schemaFiles", () => {
  let folder: Folder;
  beforeEach(() => {
    folder = new Folder();
  });
  afterEach(() => folder.dispose());

  test.each(["demo.json", "demo.json.gz"])("reads %s", (name) => {
    // GIVEN
    const json = Buffer.from(JSON.stringify(document(ADDRESS)));
    writeFileSync(join(folder.path, name), name.endsWith(".gz") ? gzipSync(json) : json);
    folder.write("README.md", "not a schema");

    // WHEN
    const files = schemaFiles(folder.path);

    // THEN
    expect(files.map(({ address }) => address)).toEqual([ADDRESS]);
    expect(files[0]?.load()).toEqual({ resource_schemas: {} });
  });

  test("fails on a folder that is not there", () => {
    expect(() => schemaFiles("nowhere")).toThrow("No provider schemas in nowhere: expected files such as aws.json");
  });

  test("fails on a file that is no schema", () => {
    folder.write("demo.json", { resources: {} });
    expect(() => schemaFiles(folder.path)).toThrow("demo.json is not what `terraform providers schema -json` prints");
  });

  test("fails on two files with one provider", () => {
    folder.write("a.json", document(ADDRESS));
    folder.write("b.json", document(ADDRESS));
    expect(() => schemaFiles(folder.path)).toThrow(`both hold the schema of ${ADDRESS}: remove one of them.`);
  });

  test("fails on a file with two providers, when it is read", () => {
    folder.write("demo.json", document(ADDRESS, "registry.terraform.io/hashicorp/other"));
    expect(() => schemaFiles(folder.path)[0]?.load()).toThrow(
      `demo.json holds ${ADDRESS}, registry.terraform.io/hashicorp/other: one provider in each file is expected.`,
    );
  });

  test("fails on a file that is broken off, when it is read", () => {
    folder.write("demo.json", `{"provider_schemas":{"${ADDRESS}":{`);
    expect(() => schemaFiles(folder.path)[0]?.load()).toThrow("demo.json is not JSON: ");
  });
});

describe("terraformAddress", () => {
  test("GIVEN an address of OpenTofu's registry THEN it is that of Terraform's; others stay", () => {
    expect(terraformAddress("registry.opentofu.org/hashicorp/aws")).toBe("registry.terraform.io/hashicorp/aws");
    expect(terraformAddress("registry.terraform.io/hashicorp/aws")).toBe("registry.terraform.io/hashicorp/aws");
    expect(terraformAddress("example.com/registry.opentofu.org/aws")).toBe("example.com/registry.opentofu.org/aws");
  });
});
