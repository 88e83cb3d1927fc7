import { SingleService } from "../../../constructs/cluster/single-service";
import { type ContainerResources } from "../../../constructs/cluster/workload";
import { CopiedSecret } from "../../../constructs/secrets/copied-secret";
import { type SecretKey } from "../../../constructs/secrets/generated-secret";
import { labImage } from "../images";
import { type LaterLayer } from "../later-layer";
import { ADDRESSES, NAMESPACES } from "../names";
import { minioEntry } from "../vault-entries";
import { type LabModels } from "./models";
import { type LabVectorStore } from "./vector-store";

/** The MCP servers. */
export interface LabTools {
  /** SQL on what is processed. */
  readonly query: SingleService;
  /** Objects of the store, as far as they are processed. */
  readonly store: SingleService;
  /** Search by meaning. */
  readonly search: SingleService;
}

/** MCP servers: each may read one thing, with a key of its own that can do no more. */
export function addTools(
  lab: LaterLayer,
  { models, vectors }: { readonly models: LabModels; readonly vectors: LabVectorStore },
): LabTools {
  const { layer, settings } = lab;
  const { always, chosen } = lab.namespace("mcp", NAMESPACES.mcp, {
    quota: { cpuMillis: 300, memoryMib: 1024, pods: 8 },
  });
  const key = lab.vaultStore(always, [minioEntry("mcp")]).secret("mcp-minio", {
    entry: minioEntry("mcp"),
    keys: { AWS_ACCESS_KEY_ID: "access-key", AWS_SECRET_ACCESS_KEY: "secret-key" },
  });
  const readOnlyKey = new CopiedSecret(layer, "mcp_qdrant", {
    namespace: chosen,
    from: vectors.namespace,
    secretName: vectors.keys.secretName,
    keys: { key: vectors.keys.key("read-only-api-key").key },
    data: { "api-key": "{{ .key }}" },
    dependsOn: [vectors.keys.resource],
  });
  const server = (
    name: string,
    resources: ContainerResources,
    environment: Readonly<Record<string, string>>,
    secretEnvironment: Readonly<Record<string, SecretKey>>,
    restartWhenChanged: Readonly<Record<string, string>>,
  ) =>
    new SingleService(layer, `mcp_${name}`, {
      namespace: chosen,
      image: labImage(settings, "mcp-server"),
      args: [name],
      environment,
      secretEnvironment,
      restartWhenChanged,
      resources,
      port: 8080,
      healthPath: "/healthz",
      dependsOn: [key.delivered, readOnlyKey.delivered],
    });
  const objects = [
    { AWS_ENDPOINT_URL_S3: `http://${ADDRESSES.minio.host}:${ADDRESSES.minio.port}` },
    {
      AWS_ACCESS_KEY_ID: key.key("AWS_ACCESS_KEY_ID"),
      AWS_SECRET_ACCESS_KEY: key.key("AWS_SECRET_ACCESS_KEY"),
    },
    { "store-key": key.version },
  ] as const;
  const tools: LabTools = {
    query: server("query", { cpuMillis: 20, memoryMib: 192, memoryLimitMib: 384 }, ...objects),
    store: server("store", { cpuMillis: 10, memoryMib: 96, memoryLimitMib: 192 }, ...objects),
    search: server(
      "search",
      { cpuMillis: 10, memoryMib: 96, memoryLimitMib: 192 },
      {
        QDRANT_URL: vectors.qdrant.url,
        EMBEDDINGS_URL: models.embeddings.url,
        EMBEDDINGS_MODEL: models.embeddings.name,
      },
      { QDRANT_API_KEY: readOnlyKey.key("api-key") },
      { "qdrant-keys": vectors.keys.version },
    ),
  };
  for (const reader of [tools.query, tools.store]) {
    reader.pods.allowTo(lab.neighbour("minio"), { port: ADDRESSES.minio.port });
  }
  vectors.qdrant.allowFrom(tools.search);
  models.allowEmbeddings(tools.search);
  return tools;
}
