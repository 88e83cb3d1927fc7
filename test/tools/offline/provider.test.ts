import { credentials, loadPackageDefinition, type ServiceClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { decode, encode } from "@msgpack/msgpack";

import { repositoryFile } from "../../../tools/offline/files";
import { type OfflineServer, startOfflineServer } from "../../../tools/offline/start";
import { Folder } from "./support";

// What Terraform sees of it is in server.test.ts: here are the calls that it makes seldom, or never with such values.

const ADDRESS = "registry.terraform.io/acme/demo";
const SCHEMA = {
  provider: { block: { attributes: { region: { type: "string", required: true } } } },
  resource_schemas: {
    demo_server: {
      block: {
        attributes: {
          id: { type: "string", optional: true, computed: true },
          name: { type: "string", required: true },
          ip: { type: "string", computed: true },
        },
      },
    },
    demo_number: { block: { attributes: { id: { type: "number", computed: true } } } },
  },
  data_source_schemas: {
    demo_image: { block: { attributes: { name: { type: "string", required: true } } } },
  },
  ephemeral_resource_schemas: { demo_token: { block: {} } },
};

type Answer = Record<string, unknown>;
type Call = (request: object, done: (error: Error | null, answer: Answer) => void) => void;

/** Terraform's side of the protocol. */
class Client {
  private readonly client: InstanceType<ServiceClientConstructor>;

  constructor(server: OfflineServer) {
    const { tfplugin6 } = loadPackageDefinition(
      loadSync(repositoryFile("tools/offline/tfplugin6.proto"), {
        keepCase: true,
        longs: Number,
        enums: String,
        defaults: true,
      }),
    ) as unknown as { tfplugin6: { Provider: ServiceClientConstructor } };
    const providers = JSON.parse(server.env["TF_REATTACH_PROVIDERS"] as string) as Record<
      string,
      { Addr: { String: string } }
    >;
    const socket = providers[ADDRESS]?.Addr.String;
    this.client = new tfplugin6.Provider(`unix:${socket}`, credentials.createInsecure());
  }

  call(name: string, request: object = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      (this.client[name] as Call).call(this.client, request, (error, answer) =>
        error === null ? resolve(answer) : reject(error),
      );
    });
  }

  close(): void {
    this.client.close();
  }
}

const value = (of: unknown) => ({ msgpack: encode(of) });
const decoded = (of: unknown) => decode((of as { msgpack: Uint8Array }).msgpack);

describe("serveProvider", () => {
  let folder: Folder;
  let server: OfflineServer;
  let client: Client;
  beforeAll(async () => {
    folder = new Folder();
    folder.write("demo.json", { format_version: "1.0", provider_schemas: { [ADDRESS]: SCHEMA } });
    server = await startOfflineServer({ schemas: folder.path, fakes: { "demo_server.ip": "198.51.100.9" } });
    client = new Client(server);
  });
  afterAll(async () => {
    client.close();
    await server.stop();
    folder.dispose();
  });

  test("GetMetadata names the types of each kind", async () => {
    expect(await client.call("GetMetadata")).toMatchObject({
      resources: [{ type_name: "demo_server" }, { type_name: "demo_number" }],
      data_sources: [{ type_name: "demo_image" }],
      ephemeral_resources: [{ type_name: "demo_token" }],
    });
  });

  test("GetProviderSchema answers the same each time it is asked", async () => {
    const first = await client.call("GetProviderSchema");

    expect(Object.keys(first["resource_schemas"] as object)).toEqual(["demo_server", "demo_number"]);
    expect(await client.call("GetProviderSchema")).toEqual(first);
  });

  test("UpgradeResourceState and ReadResource give a state back as it was", async () => {
    const json = Buffer.from('{"name":"web"}');
    const upgraded = await client.call("UpgradeResourceState", { type_name: "demo_server", raw_state: { json } });
    const state = { ...value({ name: "web" }), json: Buffer.alloc(0) };
    const read = await client.call("ReadResource", { current_state: state, private: Buffer.from("p") });

    expect((upgraded["upgraded_state"] as { json: Buffer }).json).toEqual(json);
    expect(decoded(read["new_state"])).toEqual({ name: "web" });
    expect(read["private"]).toEqual(Buffer.from("p"));
  });

  test("ApplyResourceChange works out what is unknown, with the fake values that were given", async () => {
    const unknown = Buffer.from([0xd4, 0, 0]);
    // A map of name and ip, the latter unknown as Terraform writes it.
    const planned = Buffer.concat([
      Buffer.from([0x83]),
      ...["id", "x", "name", "web", "ip"].map((text) => Buffer.from(encode(text))),
      unknown,
    ]);
    const { new_state } = await client.call("ApplyResourceChange", {
      type_name: "demo_server",
      planned_state: { msgpack: planned },
    });

    expect(decoded(new_state)).toEqual({ id: "x", name: "web", ip: "198.51.100.9" });
  });

  test("ApplyResourceChange of a destroy leaves nothing", async () => {
    const answer = await client.call("ApplyResourceChange", { type_name: "demo_server", planned_state: value(null) });

    expect(decoded(answer["new_state"])).toBeNull();
  });

  test.each([
    ["demo_server", { id: "srv-1", name: null, ip: "198.51.100.9" }],
    // The id that ops import by is a text.
    ["demo_number", { id: expect.any(Number) as number }],
  ])("ImportResourceState of a %s has the id where it is a text", async (type, state) => {
    const { imported_resources } = await client.call("ImportResourceState", { type_name: type, id: "srv-1" });
    const [imported] = imported_resources as { type_name: string; state: object }[];

    expect(imported?.type_name).toBe(type);
    expect(decoded(imported?.state)).toEqual(state);
  });

  test.each([
    ["ValidateProviderConfig", "region", {}],
    ["ValidateResourceConfig", "name", { type_name: "demo_server" }],
    ["ValidateDataResourceConfig", "name", { type_name: "demo_image" }],
  ])("fails in %s for a required argument that is null", async (call, argument, request) => {
    const { diagnostics } = await client.call(call, { ...request, config: value({ [argument]: null }) });

    expect(diagnostics).toMatchObject([
      {
        severity: "ERROR",
        summary: "Missing required argument",
        attribute: { steps: [{ attribute_name: argument }] },
      },
    ]);
  });

  test.each([
    ["ValidateResourceConfig", "demo_image", "resource_schemas"],
    ["ValidateDataResourceConfig", "demo_server", "data_source_schemas"],
    ["ValidateEphemeralResourceConfig", "demo_server", "ephemeral_resource_schemas"],
    ["PlanResourceChange", "demo_image", "resource_schemas"],
    ["ImportResourceState", "demo_image", "resource_schemas"],
    ["ReadDataSource", "demo_server", "data_source_schemas"],
  ])("fails in %s for a type that is not of its kind, and goes on serving", async (call, type, kind) => {
    const request = { type_name: type, config: value({}), prior_state: value(null), proposed_new_state: value(null) };

    await expect(client.call(call, request)).rejects.toThrow(`demo.json has no ${type} in its ${kind}.`);
    expect(await client.call("StopProvider")).toEqual({ Error: "" });
  });
});

test("fails at each call for a schema that is broken off, saying which file", async () => {
  // GIVEN
  const folder = new Folder();
  folder.write("demo.json", `{"provider_schemas":{"${ADDRESS}":{`);
  const server = await startOfflineServer({ schemas: folder.path });
  const client = new Client(server);

  // WHEN
  const answer = client.call("GetProviderSchema");

  // THEN
  await expect(answer).rejects.toThrow("demo.json is not JSON: ");
  client.close();
  await server.stop();
  folder.dispose();
});
