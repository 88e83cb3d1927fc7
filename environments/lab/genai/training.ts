import { RoleBindingV1 } from "@cdktf/provider-kubernetes/lib/role-binding-v1";
import { RoleV1 } from "@cdktf/provider-kubernetes/lib/role-v1";
import { JobTemplate } from "../../../constructs/cluster/job-template";
import { countOf, type INamespace } from "../../../constructs/cluster/namespace";
import { labImage } from "../images";
import { type LaterLayer } from "../later-layer";
import { ACCOUNTS, ADDRESSES, NAMESPACES } from "../names";
import { minioEntry } from "../vault-entries";
import { type LabModels } from "./models";

/**
 * Jobs that somebody starts: the fine-tuning of the model with users' feedback, and experiments. The fine-tuning is the
 * largest: what it requests is counted, and the others run in its place.
 */
export function addTraining(lab: LaterLayer, models: LabModels): void {
  const { layer, settings } = lab;
  const { always, chosen } = lab.namespace("training", NAMESPACES.training, {
    quota: { cpuMillis: 2000, memoryMib: 4096, pods: 6 },
  });
  const key = lab.vaultStore(always, [minioEntry("training")]).secret("training-minio", {
    entry: minioEntry("training"),
    keys: { AWS_ACCESS_KEY_ID: "access-key", AWS_SECRET_ACCESS_KEY: "secret-key" },
  });
  const tracking = { MLFLOW_TRACKING_URI: urlOf(ADDRESSES.mlflow) };
  const fineTuning = new JobTemplate(layer, "fine_tuning", {
    namespace: chosen,
    image: labImage(settings, "fine-tuning"),
    // QLoRA: the model in 4 bits, which leaves room on the card.
    args: ["run", "--quantize"],
    environment: { ...tracking, HF_HOME: "/models", AWS_ENDPOINT_URL_S3: urlOf(ADDRESSES.minio) },
    secretEnvironment: {
      AWS_ACCESS_KEY_ID: key.key("AWS_ACCESS_KEY_ID"),
      AWS_SECRET_ACCESS_KEY: key.key("AWS_SECRET_ACCESS_KEY"),
    },
    resources: { cpuMillis: 500, memoryMib: 3072, memoryLimitMib: 4096 },
    volumes: [{ name: "work", mountPath: "/work", source: { emptyDir: { sizeLimit: "4Gi" } } }],
    temporarySize: "1Gi",
    kept: { mountPath: "/models", sizeGib: 20 },
    gpu: "shared",
    deadlineMinutes: 300,
    dependsOn: [key.delivered],
  });
  fineTuning.pods.allowTo(lab.neighbour("minio"), { port: ADDRESSES.minio.port });
  fineTuning.pods.allowTo(lab.neighbour("mlflow"), { port: ADDRESSES.mlflow.port });
  fineTuning.pods.allowToInternet("models", { port: 443 });

  // A tiny recursive model against the language model, on the same puzzles.
  const experiment = (part: string, environment: Readonly<Record<string, string>>) =>
    new JobTemplate(layer, `trm_${part}`, {
      namespace: chosen,
      image: labImage(settings, "trm"),
      args: [part],
      environment: { ...tracking, ...environment },
      resources: { cpuMillis: 1000, memoryMib: 1536, memoryLimitMib: 3072 },
      counted: false,
      deadlineMinutes: 180,
    });
  const train = experiment("train", {});
  const ask = experiment("ask", { LLM_URL: models.answers.url, LLM_MODEL: models.answers.name });
  for (const { pods } of [train, ask]) {
    pods.allowTo(lab.neighbour("mlflow"), { port: ADDRESSES.mlflow.port });
  }
  models.allowAnswers(ask);

  // The same queries on the same data.
  const engines = (engine: string, environment: Readonly<Record<string, string>>) =>
    new JobTemplate(layer, `engines_${engine}`, {
      namespace: chosen,
      image: labImage(settings, "duckdb-dbt"),
      command: ["python", "/app/engines.py"],
      args: [engine],
      environment,
      resources: { cpuMillis: 1000, memoryMib: 1536, memoryLimitMib: 3072 },
      temporarySize: "4Gi",
      counted: false,
      deadlineMinutes: 60,
    });
  engines("duckdb", {});
  const trino = engines("trino", { LAB_TRINO_URL: urlOf(ADDRESSES.trino) });
  trino.pods.allowTo(lab.neighbour("trino"), { port: ADDRESSES.trino.port });

  allowAirflow(lab, chosen);
}

/** Airflow's tasks may make Jobs of what is here, and see how they end. */
function allowAirflow({ layer }: LaterLayer, namespace: INamespace): void {
  const metadata = { name: "training-start", namespace: namespace.name };
  const { serviceAccount, namespace: from } = ACCOUNTS.airflowTasks;
  const role = new RoleV1(layer, "training_start", {
    ...countOf(namespace.when),
    metadata,
    rule: [
      { apiGroups: ["batch"], resources: ["cronjobs"], verbs: ["get"] },
      { apiGroups: ["batch"], resources: ["jobs", "jobs/status"], verbs: ["create", "get", "list", "watch"] },
    ],
    dependsOn: [...namespace.present],
  });
  new RoleBindingV1(layer, "training_start_airflow", {
    ...countOf(namespace.when),
    metadata: { ...metadata, name: "training-start-airflow" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: metadata.name },
    subject: [{ kind: "ServiceAccount", name: serviceAccount, namespace: from }],
    dependsOn: [role],
  });
}

function urlOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `http://${host}:${port}`;
}
