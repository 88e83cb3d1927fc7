import { loadPackageDefinition, type MethodDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

import { repositoryFile } from "../../../tools/offline/files";
import { type ProviderSchema } from "../../../tools/offline/schemas";
import { providerSchemaMessage } from "../../../tools/offline/wire";

const PROVIDER: ProviderSchema = {
  provider: { block: { attributes: { token: { type: "string", optional: true, sensitive: true } } } },
  resource_schemas: {
    demo_server: {
      version: 3,
      block: {
        attributes: {
          name: { type: "string", required: true },
          ports: { type: ["set", "number"], optional: true, computed: true, deprecated: true },
          password_wo: { type: "string", optional: true, write_only: true },
          disks: {
            nested_type: { nesting_mode: "list", attributes: { gib: { type: "number", required: true } } },
            optional: true,
          },
        },
        block_types: {
          network: { nesting_mode: "set", min_items: 1, max_items: 4, block: { deprecated: true } },
          timeouts: { nesting_mode: "single", block: { attributes: { create: { type: "string", optional: true } } } },
        },
      },
    },
  },
  data_source_schemas: { demo_image: { block: {} } },
  ephemeral_resource_schemas: { demo_token: { block: { deprecated: true } } },
};

const FLAGS = {
  required: false,
  optional: false,
  computed: false,
  sensitive: false,
  deprecated: false,
  write_only: false,
};
const EMPTY = { attributes: [], block_types: [], deprecated: false };
const type = (cty: unknown) => Buffer.from(JSON.stringify(cty));

const MESSAGE = {
  provider: {
    version: 0,
    block: {
      ...EMPTY,
      attributes: [{ ...FLAGS, name: "token", type: type("string"), optional: true, sensitive: true }],
    },
  },
  resource_schemas: {
    demo_server: {
      version: 3,
      block: {
        attributes: [
          { ...FLAGS, name: "name", type: type("string"), required: true },
          {
            ...FLAGS,
            name: "ports",
            type: type(["set", "number"]),
            optional: true,
            computed: true,
            deprecated: true,
          },
          { ...FLAGS, name: "password_wo", type: type("string"), optional: true, write_only: true },
          {
            ...FLAGS,
            name: "disks",
            nested_type: { attributes: [{ ...FLAGS, name: "gib", type: type("number"), required: true }], nesting: 2 },
            optional: true,
          },
        ],
        block_types: [
          { type_name: "network", block: { ...EMPTY, deprecated: true }, nesting: 3, min_items: 1, max_items: 4 },
          {
            type_name: "timeouts",
            block: { ...EMPTY, attributes: [{ ...FLAGS, name: "create", type: type("string"), optional: true }] },
            nesting: 1,
            min_items: 0,
            max_items: 0,
          },
        ],
        deprecated: false,
      },
    },
  },
  data_source_schemas: { demo_image: { version: 0, block: EMPTY } },
  ephemeral_resource_schemas: { demo_token: { version: 0, block: { ...EMPTY, deprecated: true } } },
  server_capabilities: { get_provider_schema_optional: true },
};

/** The answer as Terraform has it: encoded and decoded by the protocol, which drops every field it does not know. */
function sent(message: object): object {
  const loaded = loadPackageDefinition(
    loadSync(repositoryFile("tools/offline/tfplugin6.proto"), { keepCase: true, longs: Number, defaults: true }),
  ) as unknown as {
    tfplugin6: { Provider: { service: { GetProviderSchema: MethodDefinition<object, object> } } };
  };
  const { responseSerialize, responseDeserialize } = loaded.tfplugin6.Provider.service.GetProviderSchema;
  return responseDeserialize(responseSerialize(message));
}

describe("providerSchemaMessage", () => {
  test("GIVEN a provider's schema THEN every flag, type, nesting mode and number has its field", () => {
    expect(providerSchemaMessage(PROVIDER)).toEqual(MESSAGE);
  });

  test("WHEN it is sent THEN the protocol drops nothing of it", () => {
    expect(sent(providerSchemaMessage(PROVIDER))).toMatchObject(MESSAGE);
  });

  test("GIVEN a nested attribute THEN it has no plain type beside it, which Terraform would refuse", () => {
    const [disks] = MESSAGE.resource_schemas.demo_server.block.attributes.slice(3);
    expect(disks).not.toHaveProperty("type");

    const block = { attributes: { disks: PROVIDER.resource_schemas?.["demo_server"]?.block.attributes?.["disks"] } };
    expect(providerSchemaMessage({ provider: { block } as never })).toHaveProperty("provider.block.attributes", [
      disks,
    ]);
  });

  test("GIVEN nothing THEN the provider takes an empty configuration and serves no type", () => {
    expect(providerSchemaMessage({})).toEqual({
      provider: { version: 0, block: EMPTY },
      resource_schemas: {},
      data_source_schemas: {},
      ephemeral_resource_schemas: {},
      server_capabilities: { get_provider_schema_optional: true },
    });
  });

  test.each([
    ["single", 1],
    ["list", 2],
    ["set", 3],
    ["map", 4],
    ["group", 5],
  ] as const)("GIVEN a block that is nested as %s THEN the protocol's number is %i", (mode, nesting) => {
    const provider = { block: { block_types: { b: { nesting_mode: mode, block: {} } } } };

    expect(providerSchemaMessage({ provider })).toHaveProperty("provider.block.block_types.0.nesting", nesting);
  });
});
