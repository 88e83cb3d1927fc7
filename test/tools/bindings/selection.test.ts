import { nearest, selectSchema } from "../../../tools/bindings/selection";
import { type SchemaDocument, type SchemaFile } from "../../../tools/offline/schemas";
import { messageOf } from "../../support/layers";
import { ADDRESS, PROVIDER_SCHEMA, providerPackage } from "./support";

const SCHEMA: SchemaFile = { path: "cloud.json", address: ADDRESS, load: () => PROVIDER_SCHEMA };

describe("selectSchema", () => {
  test("GIVEN a list THEN the document has these types, the provider's version, and no description", () => {
    expect(selectSchema(providerPackage(), SCHEMA)).toBe(`{
"provider_versions": {"${ADDRESS}":"2.1.0"},
"format_version": "1.0",
"provider_schemas": {
"${ADDRESS}": {
"provider": {"block":{"attributes":{"token":{"optional":true,"sensitive":true,"type":"string"}}},"version":1},
"resource_schemas": {
"cloud_network": {"block":{"attributes":{"cidr":{"required":true,"type":"string"}}},"version":1},
"cloud_server": {"block":{"attributes":{"id":{"computed":true,"type":"string"},"size":{"required":true,"type":"number"}}},"version":1}
},
"data_source_schemas": {
"cloud_image": {"block":{"attributes":{"name":{"required":true,"type":"string"}}},"version":1}
}
}
}
}
`);
  });

  test("GIVEN no list THEN all resources and data sources are there; ephemeral ones never are", () => {
    const document = JSON.parse(selectSchema(providerPackage({ types: undefined }), SCHEMA)) as SchemaDocument;
    const { resource_schemas, data_source_schemas, ...rest } = document.provider_schemas?.[ADDRESS] ?? {};

    expect(Object.keys(resource_schemas ?? {})).toEqual(["cloud_network", "cloud_server", "cloud_server_group"]);
    expect(Object.keys(data_source_schemas ?? {})).toEqual(["cloud_image", "cloud_region"]);
    expect(Object.keys(rest)).toEqual(["provider"]);
  });

  test("GIVEN its own result THEN selecting again changes nothing", () => {
    const selected = selectSchema(providerPackage(), SCHEMA);
    const { provider_schemas } = JSON.parse(selected) as SchemaDocument;
    const again: SchemaFile = { ...SCHEMA, load: () => provider_schemas?.[ADDRESS] ?? {} };

    expect(selectSchema(providerPackage(), again)).toBe(selected);
  });

  test("fails for unknown types and for those of the other kind, naming all and the nearest", async () => {
    const types = { resources: ["cloud_servers", "cloud_image"], data: ["cloud_regoin", "cloud_network"] };

    expect(await messageOf(() => selectSchema(providerPackage({ types }), SCHEMA))).toBe(
      [
        "providers/cloud/resources.json lists what acme/cloud 2.1.0 does not have:",
        "  - resources: cloud_servers is no resource. Nearest: cloud_server, cloud_network, cloud_server_group.",
        "  - resources: cloud_image is a data source, not a resource: list it under data.",
        "  - data: cloud_regoin is no data source. Nearest: cloud_region, cloud_image.",
        "  - data: cloud_network is a resource, not a data source: list it under resources.",
      ].join("\n"),
    );
  });
});

describe("nearest", () => {
  test("GIVEN equally near names THEN they are in the order of the alphabet, three at most", () => {
    expect(nearest("ab", ["ax", "aa", "zzzz", "ac", "ab"])).toEqual(["ab", "aa", "ac"]);
  });
});
