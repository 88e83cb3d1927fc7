import { Server, ServerCredentials, loadPackageDefinition, status } from "@grpc/grpc-js";
import type {
  sendUnaryData,
  MethodDefinition,
  ServerUnaryCall,
  ServiceDefinition,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

import { checkConfig } from "./check";
import type { CheckedKind } from "./check";
import { messageOf, OfflineError } from "./errors";
import { missingInConfig, missingInPlan, withFakes } from "./fakes";
import type { Fakes } from "./fakes";
import { repositoryFile } from "./files";
import { plannedState } from "./plan";
import type { Block, SchemaFile, SchemaKind } from "./schemas";
import { decodeValue, emptyBlock, encodeValue, isObject } from "./values";
import type { Value } from "./values";
import { providerSchemaMessage, SERVER_CAPABILITIES } from "./wire";

interface WireValue {
  msgpack?: Uint8Array;
}

/** The fields of all requests that are looked at. */
interface Request {
  type_name: string;
  config: WireValue | null;
  current_state: WireValue | null;
  prior_state: WireValue | null;
  proposed_new_state: WireValue | null;
  planned_state: WireValue | null;
  raw_state: { json: Uint8Array } | null;
  private: Uint8Array;
  prior_private: Uint8Array;
  planned_private: Uint8Array;
  id: string;
}

type ProviderService = Record<keyof OfflineProvider, MethodDefinition<Request, object>>;

const UNLIMITED = -1;

const { definition, encodeSchema } = providerService();

/**
 * Serves one provider, from nothing but its schema, on a unix socket.
 *
 * @param schema read when Terraform first asks for it
 * @param fakes values by `type.attribute` in place of the invented ones
 */
export async function serveProvider(schema: SchemaFile, fakes: Fakes, socket: string): Promise<void> {
  const server = new Server({
    "grpc.max_receive_message_length": UNLIMITED,
    "grpc.max_send_message_length": UNLIMITED,
  });
  server.addService(definition, implementation(new OfflineProvider(schema, fakes)));
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => {
      if (error === null) {
        resolve();
      } else {
        reject(error);
      }
    });
  });
}

/** Answers each call of the protocol by the method that has its name. */
class OfflineProvider {
  private schemaBytes: Buffer | undefined;

  constructor(
    private readonly schema: SchemaFile,
    private readonly fakes: Fakes,
  ) {}

  GetMetadata(): object {
    const named = (kind: SchemaKind): object[] =>
      Object.keys(this.schema.load()[kind] ?? {}).map((type) => ({ type_name: type }));
    return {
      server_capabilities: SERVER_CAPABILITIES,
      resources: named("resource_schemas"),
      data_sources: named("data_source_schemas"),
      ephemeral_resources: named("ephemeral_resource_schemas"),
    };
  }

  /** Encoded once: Terraform asks at every command, and a schema may have several megabytes. */
  GetProviderSchema(): Buffer {
    return (this.schemaBytes ??= encodeSchema(providerSchemaMessage(this.schema.load())));
  }

  GetResourceIdentitySchemas(): object {
    return {};
  }

  GetFunctions(): object {
    return {};
  }

  ValidateProviderConfig({ config }: Request): object {
    const block = this.schema.load().provider?.block ?? {};
    return { diagnostics: checkConfig("provider", this.schema.address, block, decodeValue(config)) };
  }

  ValidateResourceConfig(request: Request): object {
    return this.check("resource", "resource_schemas", request);
  }

  ValidateDataResourceConfig(request: Request): object {
    return this.check("data source", "data_source_schemas", request);
  }

  ValidateEphemeralResourceConfig(request: Request): object {
    return this.check("ephemeral resource", "ephemeral_resource_schemas", request);
  }

  ConfigureProvider(): object {
    return {};
  }

  UpgradeResourceState({ raw_state: state }: Request): object {
    return { upgraded_state: { json: state?.json } };
  }

  ReadResource({ current_state: state, private: secret }: Request): object {
    return { new_state: state, private: secret };
  }

  PlanResourceChange(request: Request): object {
    const block = this.block("resource_schemas", request.type_name);
    const prior = decodeValue(request.prior_state);
    const planned = plannedState(block, prior, decodeValue(request.proposed_new_state));
    return { planned_state: encodeValue(planned), planned_private: request.prior_private };
  }

  ApplyResourceChange(request: Request): object {
    const planned = decodeValue(request.planned_state);
    return {
      new_state: encodeValue(
        isObject(planned)
          ? withFakes(
              request.type_name,
              this.block("resource_schemas", request.type_name),
              planned,
              this.fakes,
              missingInPlan,
            )
          : null,
      ),
      private: request.planned_private,
    };
  }

  /** An imported resource has its id and what the provider works out; what its owner configures is not known. */
  ImportResourceState({ type_name: type, id }: Request): object {
    const block = this.block("resource_schemas", type);
    const hasTextId = block.attributes?.["id"]?.type === "string";
    const state = { ...emptyBlock(block), ...(hasTextId ? { id } : {}) };
    const imported = withFakes(type, block, state, this.fakes, missingInConfig);
    return { imported_resources: [{ type_name: type, state: encodeValue(imported) }] };
  }

  ReadDataSource(request: Request): object {
    return { state: encodeValue(this.read("data_source_schemas", request)) };
  }

  OpenEphemeralResource(request: Request): object {
    return { result: encodeValue(this.read("ephemeral_resource_schemas", request)) };
  }

  RenewEphemeralResource(): object {
    return {};
  }

  CloseEphemeralResource(): object {
    return {};
  }

  StopProvider(): object {
    return {};
  }

  private check(kind: CheckedKind, schemas: SchemaKind, { type_name: type, config }: Request): object {
    return { diagnostics: checkConfig(kind, type, this.block(schemas, type), decodeValue(config)) };
  }

  private read(kind: SchemaKind, { type_name: type, config }: Request): Value {
    const state = decodeValue(config);
    return isObject(state) ? withFakes(type, this.block(kind, type), state, this.fakes, missingInConfig) : null;
  }

  private block(kind: SchemaKind, type: string): Block {
    const schema = this.schema.load()[kind]?.[type];
    if (schema === undefined) {
      throw new OfflineError(`${this.schema.path} has no ${type} in its ${kind}.`);
    }
    return schema.block;
  }
}

function implementation(provider: OfflineProvider): UntypedServiceImplementation {
  const calls = Object.keys(definition) as (keyof OfflineProvider)[];
  return Object.fromEntries(
    calls.map((name) => [
      name,
      ({ request }: ServerUnaryCall<Request, object>, answer: sendUnaryData<object>) => {
        try {
          answer(null, provider[name](request));
        } catch (error) {
          answer({ code: status.INTERNAL, message: messageOf(error) });
        }
      },
    ]),
  );
}

/** The service, and the encoder of its largest answer, which is kept encoded and sent as it is. */
function providerService(): { definition: ServiceDefinition; encodeSchema: (message: object) => Buffer } {
  const loaded = loadPackageDefinition(
    loadSync(repositoryFile("tools/offline/tfplugin6.proto"), {
      keepCase: true,
      longs: Number,
      enums: String,
      defaults: true,
    }),
  );
  const { service } = (loaded["tfplugin6"] as unknown as { Provider: { service: ProviderService } }).Provider;
  const schemaCall = service.GetProviderSchema;
  return {
    definition: { ...service, GetProviderSchema: { ...schemaCall, responseSerialize: (bytes: Buffer) => bytes } },
    encodeSchema: schemaCall.responseSerialize,
  };
}
