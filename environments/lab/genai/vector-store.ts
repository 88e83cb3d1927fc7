import { type INamespace } from "../../../constructs/cluster/namespace";
import { Qdrant } from "../../../constructs/genai/qdrant";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { type LaterLayer } from "../later-layer";
import { NAMESPACES } from "../names";

/** Qdrant, and where its keys are. */
export interface LabVectorStore {
  readonly qdrant: Qdrant;
  readonly keys: GeneratedSecret;
  readonly namespace: INamespace;
}

/** The vector store. */
export function addVectorStore(lab: LaterLayer): LabVectorStore {
  const { layer } = lab;
  const { always, chosen } = lab.namespace("qdrant", NAMESPACES.vectorStore, {
    quota: { cpuMillis: 500, memoryMib: 1536, pods: 4 },
  });
  const keys = new GeneratedSecret(layer, "qdrant_keys", {
    namespace: always,
    generate: { "api-key": { length: 48 }, "read-only-api-key": { length: 48 } },
    revision: lab.passwordRevision,
    afterRotation:
      "Qdrant and what searches in it take the new keys when they start: `kubectl --namespace vector-store rollout restart statefulset/qdrant`, then `kubectl --namespace mcp rollout restart deployment/mcp-search`.",
  });
  const qdrant = new Qdrant(layer, "qdrant", { namespace: chosen, delivery: lab.deliver({ wave: 1 }), keys });
  return { qdrant, keys, namespace: always };
}
