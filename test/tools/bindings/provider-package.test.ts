import * as path from "node:path";

import { providerPackages, readProviderPackage } from "../../../tools/bindings/provider-package";
import { messageOf, temporaryFolder } from "../../support/layers";
import { ADDRESS, PACKAGE_JSON, providerFolder, TYPES } from "./support";

describe("readProviderPackage", () => {
  test("GIVEN a package.json and a list THEN all that is known of the provider is read", () => {
    const folder = providerFolder({ "package.json": PACKAGE_JSON, "resources.json": TYPES });

    expect(readProviderPackage(folder)).toEqual({
      name: "cloud",
      folder,
      address: ADDRESS,
      source: "acme/cloud",
      version: "2.1.0",
      types: TYPES,
    });
  });

  test("GIVEN no list THEN the whole provider is meant", () => {
    expect(readProviderPackage(providerFolder({ "package.json": PACKAGE_JSON }))).not.toHaveProperty("types");
  });

  test("GIVEN a provider of another registry THEN its source keeps the host", () => {
    const provider = { name: "registry.acme.example/acme/cloud", version: "2.1.0" };
    const folder = providerFolder({ "package.json": { ...PACKAGE_JSON, cdktf: { provider } } });

    expect(readProviderPackage(folder).source).toBe("registry.acme.example/acme/cloud");
  });

  test("fails for another name and for two versions, naming both problems", async () => {
    const folder = providerFolder({
      "package.json": { ...PACKAGE_JSON, name: "cloud", version: "2.2.0" },
    });

    expect(await messageOf(() => readProviderPackage(folder))).toBe(
      [
        `${path.join(folder, "package.json")} cannot be used:`,
        "  - name is cloud: in the folder cloud it must be @cdktf/provider-cloud.",
        "  - version is 2.2.0 and cdktf.provider.version is 2.1.0: they must be equal.",
      ].join("\n"),
    );
  });

  test("fails for a package that could be published, a range and a short address, naming all three", async () => {
    const folder = providerFolder({
      "package.json": {
        name: "@cdktf/provider-cloud",
        version: "~2.1",
        cdktf: { provider: { name: "acme/cloud", version: "2.1.0" } },
      },
    });

    expect(await messageOf(() => readProviderPackage(folder))).toBe(
      [
        `${path.join(folder, "package.json")} cannot be used:`,
        "  - version: must be an exact version such as 1.68.0",
        "  - private: must be true: the package is never published",
        "  - cdktf.provider.name: must be a full address such as registry.terraform.io/oracle/oci",
      ].join("\n"),
    );
  });

  test("fails for a list with a stranger's key and something that is no type", async () => {
    const folder = providerFolder({
      "package.json": PACKAGE_JSON,
      "resources.json": { resources: ["cloud-server"], data: [], dataSources: [] },
    });

    const message = await messageOf(() => readProviderPackage(folder));

    expect(message).toContain(`${path.join(folder, "resources.json")} cannot be used:\n`);
    expect(message).toContain("  - resources.0: must be a type such as oci_core_vcn");
    expect(message).toContain('"dataSources"');
  });

  test("fails for types that are listed twice, naming each once", async () => {
    const folder = providerFolder({
      "package.json": PACKAGE_JSON,
      "resources.json": { resources: ["cloud_a", "cloud_a", "cloud_a"], data: ["cloud_b", "cloud_a", "cloud_b"] },
    });

    expect(await messageOf(() => readProviderPackage(folder))).toBe(
      [
        `${path.join(folder, "resources.json")} cannot be used:`,
        "  - cloud_a is listed more than once under resources.",
        "  - cloud_b is listed more than once under data.",
      ].join("\n"),
    );
  });

  test("fails for a list that is no JSON, naming the file", () => {
    const folder = providerFolder({ "package.json": PACKAGE_JSON, "resources.json": "oci_core_vcn" });

    expect(() => readProviderPackage(folder)).toThrow(
      `${path.join(folder, "resources.json")} cannot be read as JSON: `,
    );
  });
});

describe("providerPackages", () => {
  test("GIVEN folders and other files THEN only folders with a package.json are packages", () => {
    const folder = providerFolder({ "package.json": PACKAGE_JSON });

    expect(providerPackages(path.dirname(folder)).map(({ name }) => name)).toEqual(["cloud"]);
  });

  test("fails for a folder without packages", () => {
    const folder = temporaryFolder();

    expect(() => providerPackages(folder)).toThrow(
      `${folder} has no folder with a package.json: see providers/README.md.`,
    );
  });
});
