import { SingleService } from "../../../constructs/cluster/single-service";
import { BasicAuthGate } from "../../../constructs/gateway/basic-auth-gate";
import { HTTPS_ROUTE } from "../../../constructs/gateway/https-route";
import { Agent } from "../../../constructs/genai/agent";
import { monitorFeedback } from "../../../constructs/observability/feedback-monitoring";
import { KnownSecret } from "../../../constructs/secrets/known-secret";
import { type GitLogin } from "../data/airflow";
import { labImage } from "../images";
import { type LaterLayer } from "../later-layer";
import { ADDRESSES, BUCKETS, GIT_GROUP, NAMESPACES } from "../names";
import { allowToContainer, CONTAINERS } from "../network";
import { minioEntry } from "../vault-entries";
import { type LabModels } from "./models";
import { type LabTools } from "./mcp-servers";

/** The agent on sales, and the service that takes what people say of its answers. */
export function addAgents(
  lab: LaterLayer,
  { models, tools, gitLogin }: { readonly models: LabModels; readonly tools: LabTools; readonly gitLogin: GitLogin },
): void {
  const { layer, settings } = lab;
  const { always, chosen } = lab.namespace("agents", NAMESPACES.agents, {
    quota: { cpuMillis: 300, memoryMib: 1024, pods: 6 },
  });
  const gate = new BasicAuthGate(layer, "agents_gate", {
    namespace: always,
    user: "lab",
    passwordRevision: lab.passwordRevision,
    what: "the agent and the feedback service",
  });
  const route = (name: string) => ({ host: lab.host(name), annotations: { ...HTTPS_ROUTE, ...gate.annotations } });
  const login = new KnownSecret(layer, "agents_git", {
    namespace: always,
    values: { username: gitLogin.user.stringValue, password: gitLogin.password.stringValue },
  });
  const agent = new Agent(layer, "agent", {
    namespace: chosen,
    image: labImage(settings, "agent"),
    prompts: {
      repository: `http://${lab.host("gitlab")}:${CONTAINERS.gitlab.port}/${GIT_GROUP}/prompts.git`,
      login,
    },
    prompt: "sales-assistant/v1",
    model: models.answers,
    tools: [tools.query, tools.store, tools.search],
    resources: { cpuMillis: 20, memoryMib: 96, memoryLimitMib: 256 },
    route: route("agent"),
    dependsOn: [gate.delivered],
  });
  agent.allowFrom(lab.neighbour("traefik"));
  models.allowAnswers(agent.pods);
  allowToContainer(agent.pods, settings, "gitlab");

  const key = lab.vaultStore(always, [minioEntry("feedback")]).secret("feedback-minio", {
    entry: minioEntry("feedback"),
    keys: { AWS_ACCESS_KEY_ID: "access-key", AWS_SECRET_ACCESS_KEY: "secret-key" },
  });
  const feedback = new SingleService(layer, "feedback", {
    namespace: chosen,
    image: labImage(settings, "feedback"),
    environment: {
      BUCKET: BUCKETS.data,
      AWS_ENDPOINT_URL_S3: `http://${ADDRESSES.minio.host}:${ADDRESSES.minio.port}`,
    },
    secretEnvironment: {
      AWS_ACCESS_KEY_ID: key.key("AWS_ACCESS_KEY_ID"),
      AWS_SECRET_ACCESS_KEY: key.key("AWS_SECRET_ACCESS_KEY"),
    },
    restartWhenChanged: { "store-key": key.version },
    resources: { cpuMillis: 10, memoryMib: 96, memoryLimitMib: 192 },
    port: 8080,
    healthPath: "/healthz",
    route: route("feedback"),
    dependsOn: [key.delivered, gate.delivered],
  });
  feedback.allowFrom(lab.neighbour("traefik"));
  feedback.allowFrom(agent);
  feedback.pods.allowTo(lab.neighbour("minio"), { port: ADDRESSES.minio.port });
  monitorFeedback(lab.monitors("agents"), feedback.pods);
}
