import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { differingFiles, tenantsYaml, writeTenants, writeTenantsApp } from "../../../tools/bench/tenants";
import { temporaryFolder } from "../../support/layers";

describe("tenantsYaml", () => {
  test("GIVEN a number THEN there are so many tenants, none like another, and more keep the first as they are", () => {
    const { tenants } = parse(tenantsYaml(300)) as { tenants: Record<string, string>[] };
    expect(tenants).toHaveLength(300);
    for (const key of ["id", "organizationId", "subdomain"]) {
      expect(new Set(tenants.map((tenant) => tenant[key])).size).toBe(300);
    }
    expect(tenantsYaml(301).startsWith(tenantsYaml(300))).toBe(true);
  });
});

describe("writeTenantsApp", () => {
  test("GIVEN this repository THEN the copy has other tenants and layers for them, and the original stays", () => {
    const folder = temporaryFolder();
    writeTenantsApp(process.cwd(), folder, 7);
    writeTenants(folder, 3);
    const read = (root: string, file: string) =>
      fs.readFileSync(path.join(root, "environments/viridial-staging", file), "utf8");
    expect(read(folder, "tenants.yaml")).toBe(tenantsYaml(3));
    expect(read(folder, "settings.ts").match(/tenantShards: \d+/g)).toEqual(["tenantShards: 7", "tenantShards: 7"]);
    expect(read(process.cwd(), "settings.ts")).not.toContain("tenantShards: 7");
  });

  test("fails when the settings do not say how many layers there are", () => {
    const root = temporaryFolder();
    fs.mkdirSync(path.join(root, "node_modules"));
    fs.mkdirSync(path.join(root, "environments/viridial-staging"), { recursive: true });
    fs.writeFileSync(path.join(root, "environments/viridial-staging/settings.ts"), "export {};");
    expect(() => writeTenantsApp(root, temporaryFolder(), 7)).toThrow(
      "environments/viridial-staging/settings.ts has no number at tenantShards",
    );
  });
});

describe("differingFiles", () => {
  test("GIVEN two folders THEN a file that is changed, missing or new is named, and no other", () => {
    const [one, other] = [temporaryFolder(), temporaryFolder()];
    const write = (folder: string, file: string, text: string) => {
      fs.mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
      fs.writeFileSync(path.join(folder, file), text);
    };
    write(one, "a/same", "1");
    write(other, "a/same", "1");
    write(one, "a/changed", "1");
    write(other, "a/changed", "2");
    write(one, "gone", "1");
    write(other, "b/new", "1");
    expect(differingFiles(one, other)).toEqual(["a/changed", "b/new", "gone"]);
  });
});
