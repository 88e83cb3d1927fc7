import * as fs from "node:fs";
import * as path from "node:path";
import * as zlib from "node:zlib";

import { selectSchema } from "../../../tools/bindings/selection";
import { committedSchema, REGISTRY, schemaOf } from "../../../tools/bindings/source";
import { type SchemaFile } from "../../../tools/offline/schemas";
import { startOfflineServer } from "../../../tools/offline/start";
import { messageOf, temporaryFolder } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";
import { ADDRESS, DUMP, PROVIDER_SCHEMA, providerFolder, providerPackage, TYPES } from "./support";

const SCHEMA: SchemaFile = { path: "cloud.json", address: ADDRESS, load: () => PROVIDER_SCHEMA };
const COMMITTED = selectSchema(providerPackage(), SCHEMA);

/** A folder of dumps, as SCHEMAS_FROM names one. */
function dumps(): string {
  const folder = temporaryFolder();
  fs.writeFileSync(path.join(folder, "cloud.json.gz"), zlib.gzipSync(JSON.stringify(DUMP)));
  return folder;
}

/** Terraform that is not there: whatever starts it fails. */
async function withoutTerraform<T>(action: () => Promise<T>): Promise<T> {
  const before = process.env["TERRAFORM_BINARY_NAME"];
  process.env["TERRAFORM_BINARY_NAME"] = "/no-terraform";
  try {
    return await action();
  } finally {
    if (before === undefined) {
      delete process.env["TERRAFORM_BINARY_NAME"];
    } else {
      process.env["TERRAFORM_BINARY_NAME"] = before;
    }
  }
}

describe("committedSchema", () => {
  test.each([
    [
      "listed types are not in it",
      { types: { resources: ["cloud_server", "cloud_server_group"], data: ["cloud_region"] } },
      "does not have cloud_server_group, cloud_region",
    ],
    ["it is of another version", { version: "2.2.0" }, `is not of ${ADDRESS} 2.2.0`],
    ["it is of another provider", { address: `${ADDRESS}s` }, `is not of ${ADDRESS}s 2.1.0`],
  ])("GIVEN schema.json WHEN %s THEN that is said", (_case, overrides, problem) => {
    const folder = providerFolder({ "schema.json": COMMITTED });

    expect(committedSchema(providerPackage({ folder, ...overrides }))).toEqual({
      problem: `${path.join(folder, "schema.json")} ${problem}`,
    });
  });

  test("GIVEN no schema.json THEN that is said", () => {
    const folder = providerFolder({});

    expect(committedSchema(providerPackage({ folder }))).toEqual({
      problem: `there is no ${path.join(folder, "schema.json")}`,
    });
  });
});

describe("schemaOf", () => {
  test("GIVEN schema.json with more than is listed THEN what is listed is taken from it, without Terraform", async () => {
    // GIVEN
    const folder = providerFolder({ "schema.json": COMMITTED });
    const types = { resources: ["cloud_server"], data: [] };
    const provider = providerPackage({ folder, types });

    // WHEN
    const schema = await withoutTerraform(() => schemaOf(provider, undefined));

    // THEN
    expect(schema).toBe(selectSchema(provider, SCHEMA));
  });

  test("GIVEN a folder of dumps THEN what is listed is taken from there, whatever schema.json has", async () => {
    const folder = providerFolder({ "schema.json": "{}" });

    expect(await withoutTerraform(() => schemaOf(providerPackage({ folder }), dumps()))).toBe(COMMITTED);
  });

  test("fails for a folder without a dump of the provider, naming those it has", async () => {
    const from = dumps();
    const provider = providerPackage({ address: "registry.terraform.io/acme/clouds" });

    expect(await messageOf(() => schemaOf(provider, from))).toBe(
      `SCHEMAS_FROM=${from} has no schema of registry.terraform.io/acme/clouds. There are: ${ADDRESS}.`,
    );
  });
});

describeWithTerraform("schemaOf with Terraform", () => {
  test("GIVEN the registry THEN the provider itself is asked", async () => {
    // GIVEN
    const server = await startOfflineServer({ schemas: dumps() });
    try {
      // WHEN
      const schema = await schemaOf(providerPackage(), REGISTRY, { ...process.env, ...server.env });

      // THEN
      expect(schema).toBe(COMMITTED);
    } finally {
      await server.stop();
    }
  });

  test("GIVEN a schema.json that lacks a listed type THEN the provider itself is asked", async () => {
    // GIVEN
    const folder = providerFolder({ "schema.json": COMMITTED });
    const types = { ...TYPES, data: [...TYPES.data, "cloud_region"] };
    const provider = providerPackage({ folder, types });
    const server = await startOfflineServer({ schemas: dumps() });
    try {
      // WHEN
      const schema = await schemaOf(provider, undefined, { ...process.env, ...server.env });

      // THEN
      expect(schema).toBe(selectSchema(provider, SCHEMA));
    } finally {
      await server.stop();
    }
  });

  test("fails where the registry has no such provider, with Terraform's words and what to do", async () => {
    // GIVEN
    const server = await startOfflineServer();
    try {
      // WHEN
      const message = await messageOf(() => schemaOf(providerPackage(), REGISTRY, { ...process.env, ...server.env }));

      // THEN
      expect(message).toMatch(
        /^terraform init -no-color -input=false failed, so acme\/cloud 2\.1\.0 could not be asked for its schema\. Without a registry, name a folder of \*\.json\.gz dumps: make bindings SCHEMAS_FROM=<folder>\n/,
      );
      expect(message).toContain("acme/cloud");
    } finally {
      await server.stop();
    }
  });

  test("fails where schema.json lacks a type and the provider cannot be asked, saying why it has to be", async () => {
    // GIVEN
    const folder = providerFolder({ "schema.json": COMMITTED });
    const provider = providerPackage({ folder, types: { resources: ["cloud_sever"], data: [] } });
    const server = await startOfflineServer();
    try {
      // WHEN
      const message = await messageOf(() => schemaOf(provider, undefined, { ...process.env, ...server.env }));

      // THEN
      expect(message).toContain(
        `could not be asked for its schema (${path.join(folder, "schema.json")} does not have cloud_sever). Without`,
      );
    } finally {
      await server.stop();
    }
  });
});
