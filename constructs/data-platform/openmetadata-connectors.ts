import { Fn, type ITerraformDependable, Token } from "cdktf";
import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { CronJobV1 } from "@cdktf/provider-kubernetes/lib/cron-job-v1";
import { Construct } from "constructs";
import { ApplyJob } from "../cluster/apply-job";
import { cronJobSpec, scheduleProblems } from "../cluster/cron-job";
import { type Condition, countOf, countPods, type INamespace } from "../cluster/namespace";
import { type Connectable, Pods } from "../cluster/network-policy";
import {
  filesOf,
  type MountedVolume,
  ONE_RUN_POD,
  restrictedContainer,
  shortDigest,
  temporaryVolume,
  volumesOf,
} from "../cluster/pod-parts";
import { SocleError } from "../core/error";
import { readProjectFile } from "../core/files";
import { type GeneratedSecret, type SecretKey } from "../secrets/generated-secret";
import { type VaultSecret } from "../secrets/vault-store";
import { ADMIN_EMAIL, type OpenMetadata, OPENMETADATA_URL } from "./openmetadata";

/** A system that OpenMetadata reads, and when. The texts are those of its API. */
export interface MetadataConnector {
  /** Name of the service: the first part of the names of all that is in it. */
  readonly name: string;
  /** @default - always read */
  readonly when?: Condition;
  readonly kind: "databaseService" | "pipelineService" | "dashboardService";
  /** Such as `Trino`. */
  readonly type: string;
  /** How it is reached, without a password: see {@link fromEnvironment}. */
  readonly connection: Readonly<Record<string, unknown>>;
  /** Secrets of the connection, by the names of their variables. @default - none */
  readonly secrets?: Readonly<Record<string, { readonly of: VaultSecret; readonly key: string }>>;
  readonly pipelines: readonly {
    readonly type: "metadata" | "lineage";
    /** What is read. */
    readonly source: Readonly<Record<string, unknown>>;
    /** Five fields, UTC. */
    readonly schedule: string;
  }[];
}

/** In a connection: what the variable `name` has, one of the connector's `secrets`. */
export function fromEnvironment(name: string): { readonly fromEnvironment: string } {
  return { fromEnvironment: name };
}

export interface OpenMetadataConnectorsProps {
  readonly namespace: INamespace;
  readonly openMetadata: OpenMetadata;
  /** Secret with the key `password`, of its admin. */
  readonly admin: GeneratedSecret;
  /** Image with Python and boto3, with its tag. */
  readonly image: string;
  readonly connectors: readonly MetadataConnector[];
  /** Results of Great Expectations, which its jobs leave as `<folder>/<suite>.json`. */
  readonly results: {
    /** Such as `http://minio.minio:9000`. */
    readonly storeEndpoint: string;
    readonly bucket: string;
    readonly folder: string;
    /** Secret with the keys `access-key` and `secret-key`, which may read the folder. */
    readonly storeKeys: VaultSecret;
    /** Suite → name of the table in OpenMetadata that it is about, such as `trino.lakehouse.sales.orders`. */
    readonly tables: Readonly<Record<string, string>>;
  };
}

/** Every five minutes: who looks at a run of the jobs does not wait long. */
const RESULTS_SCHEDULE = "*/5 * * * *";
const REQUESTS = { cpuMillis: 10, memoryMib: 96 };
const SCRIPT = "catalogue.py";

/**
 * Tells OpenMetadata what to read, and what Great Expectations found. A Job makes its services and pipelines, which run as
 * Jobs that OpenMetadata makes itself; a CronJob brings the results of expectations to the tables that they are about.
 *
 * @see https://docs.open-metadata.org/latest/main-concepts/metadata-standard/apis
 */
export class OpenMetadataConnectors extends Construct implements Connectable {
  /** Pods that read the results, which have to reach the object store. */
  readonly pods: Pods;
  readonly ready: ITerraformDependable;

  /** @throws SocleError for a schedule with other than five fields, and for a name that is there twice */
  constructor(scope: Construct, id: string, props: OpenMetadataConnectorsProps) {
    super(scope, id);
    const { namespace, openMetadata, admin, image, connectors, results } = props;
    SocleError.throwIfAny(this.node.path, problemsOf(connectors));
    const name = "openmetadata-connectors";
    const files = {
      [SCRIPT]: readProjectFile(`constructs/data-platform/openmetadata/${SCRIPT}`),
      "plan.json": planOf(props),
    };
    const config = new ConfigMapV1(this, "plan", {
      metadata: { name, namespace: namespace.name, labels: { "app.kubernetes.io/name": name } },
      data: filesOf(files),
      dependsOn: [...namespace.present],
    });
    const volumes: readonly MountedVolume[] = [
      { name: "plan", mountPath: "/plan", source: { configMap: { name: config.metadata.name } } },
      temporaryVolume("16Mi"),
    ];
    const run = (command: string) => ["python", `/plan/${SCRIPT}`, command];
    const environment = {
      HOME: "/tmp",
      PLAN: "/plan/plan.json",
      SERVER: OPENMETADATA_URL,
      ADMIN_EMAIL,
      PYTHONUNBUFFERED: "1",
    };
    const password = { ADMIN_PASSWORD: admin.key("password") };
    const secrets = Object.entries(Object.assign({}, ...connectors.map((each) => each.secrets ?? {})) as Secrets);
    const chosen = chosenOf(connectors);
    const job = new ApplyJob(this, "Default", {
      namespace,
      name,
      // Also after something else was chosen, and after a database was made anew, which is when its password is another one.
      version: `${shortDigest(JSON.stringify([image, files]))}-${Fn.substr(
        Fn.sha256(Fn.join(" ", [chosen, ...secrets.map(([, { of }]) => of.version)])),
        0,
        8,
      )}`,
      image,
      command: run("connect"),
      environment: { ...environment, CONNECTORS: chosen },
      secretEnvironment: {
        ...password,
        ...Object.fromEntries(secrets.map(([variable, { of, key }]): [string, SecretKey] => [variable, of.key(key)])),
      },
      resources: { ...REQUESTS, memoryLimitMib: 192 },
      volumes,
      dependsOn: [openMetadata.hasPassword, ...secrets.map(([, { of }]) => of.delivered)],
    });
    openMetadata.allowFrom(job);
    countPods(namespace, { name, ...REQUESTS, replicas: 1 });

    const resultsName = "openmetadata-results";
    const labels = { "app.kubernetes.io/name": resultsName };
    new CronJobV1(this, "results", {
      ...countOf(namespace.when),
      metadata: { name: resultsName, namespace: namespace.name, labels },
      spec: cronJobSpec({
        schedule: RESULTS_SCHEDULE,
        deadlineMinutes: 10,
        labels,
        annotations: { "socle/plan": shortDigest(JSON.stringify(files)) },
        pod: {
          ...ONE_RUN_POD,
          container: [
            restrictedContainer({
              name: "results",
              image,
              command: run("results"),
              environment: { ...environment, AWS_ENDPOINT_URL_S3: results.storeEndpoint },
              secretEnvironment: {
                ...password,
                AWS_ACCESS_KEY_ID: results.storeKeys.key("access-key"),
                AWS_SECRET_ACCESS_KEY: results.storeKeys.key("secret-key"),
              },
              resources: { ...REQUESTS, memoryLimitMib: 192 },
              volumes,
            }),
          ],
          volume: volumesOf(volumes),
        },
      }),
      dependsOn: [...namespace.guardrails, results.storeKeys.delivered, openMetadata.hasPassword],
    });
    this.pods = new Pods(this, "results_pods", { namespace, labels, name: resultsName });
    openMetadata.allowFrom(this.pods);
    countPods(namespace, { name: resultsName, ...REQUESTS, replicas: 1 });
    this.ready = job.done;
  }
}

type Secrets = NonNullable<MetadataConnector["secrets"]>;

function planOf({ connectors, results }: OpenMetadataConnectorsProps): string {
  const { bucket, folder, tables } = results;
  return `${JSON.stringify(
    {
      connectors: connectors.map(({ name, kind, type, connection, pipelines }) => ({
        name,
        kind,
        type,
        connection,
        pipelines,
      })),
      results: { bucket, folder, tables },
    },
    undefined,
    2,
  )}\n`;
}

/** Names of the connectors that are chosen, with commas between. */
function chosenOf(connectors: readonly MetadataConnector[]): string {
  return Fn.join(
    ",",
    Token.asList(
      Fn.compact(connectors.map(({ name, when }) => (when ? Fn.conditional(when.booleanValue, name, "") : name))),
    ),
  );
}

function problemsOf(connectors: readonly MetadataConnector[]): string[] {
  const names = connectors.map(({ name }) => name);
  const variables = connectors.flatMap(({ secrets = {} }) => Object.keys(secrets));
  const twice = (all: readonly string[], what: string) =>
    [...new Set(all.filter((each, index) => all.indexOf(each) !== index))].map(
      (each) => `the ${what} "${each}" is there twice`,
    );
  return [
    ...twice(names, "connector"),
    ...twice(variables, "variable of a secret"),
    ...connectors.flatMap(({ name, pipelines }) =>
      pipelines.flatMap(({ type, schedule }) =>
        scheduleProblems(schedule).map((problem) => `${name}.${type}: ${problem}`),
      ),
    ),
  ];
}
