import { type ComponentRelease, type Delivery, mergeValues, type Values } from "../../constructs/cluster/component";

/** Something that a chart's values have to say, so that Argo CD can deliver it as Helm would. */
interface Demand {
  /** Where in the values: keys may have dots in them, as those of annotations do. */
  readonly path: readonly string[];
  /** What has to be there; undefined for any text that is not empty. */
  readonly is: string | boolean | null | undefined;
  /** What would happen otherwise, after "or else". */
  readonly orElse: string;
  /** It is of no concern while another value is what is said here. */
  readonly unless?: { readonly path: readonly string[]; readonly is: string | boolean };
}

/** What was found in the templates of a chart. */
export interface ChartHooks {
  /** The version that they were read for. */
  readonly version: string;
  /** @default - nothing: it has no hook that matters, and nothing that is random */
  readonly demands?: readonly Demand[];
}

const SYNC_HOOK = "argocd.argoproj.io/hook";
/** Any text that is not empty, such as the name of a Secret. */
const GIVEN = undefined;
const RANDOM = "it is another one at each sync";

/**
 * Every chart that the lab knows, with what its hooks and its random values ask for.
 *
 * @see docs/runbooks/helm-hooks-under-argocd-and-fleet.md, which has the same charts and says where each was read
 */
export const CHART_HOOKS: Readonly<Record<string, ChartHooks>> = {
  airflow: {
    version: "1.22.0",
    demands: [
      {
        path: ["migrateDatabaseJob", "useHelmHooks"],
        is: false,
        orElse: "the migration waits for pods that wait for the migration",
      },
      {
        path: ["migrateDatabaseJob", "jobAnnotations", SYNC_HOOK],
        is: "Sync",
        orElse: "the Job deletes itself, and the Application is out of sync from then on",
      },
      {
        path: ["createUserJob", "useHelmHooks"],
        is: false,
        orElse: "the Job is made at each sync, after pods that may wait for it",
        unless: { path: ["createUserJob", "enabled"], is: false },
      },
      {
        path: ["createUserJob", "jobAnnotations", SYNC_HOOK],
        is: "Sync",
        orElse: "the Job deletes itself, and the Application is out of sync from then on",
        unless: { path: ["createUserJob", "enabled"], is: false },
      },
      {
        path: ["fernetKeySecretName"],
        is: GIVEN,
        orElse: "each sync makes another key, and connections can no longer be read",
      },
      { path: ["apiSecretKeySecretName"], is: GIVEN, orElse: RANDOM },
      { path: ["jwtSecretName"], is: GIVEN, orElse: RANDOM },
    ],
  },
  alloy: { version: "1.11.1" },
  apisix: {
    version: "2.14.0",
    demands: [
      { path: ["ingress-controller", "enabled"], is: false, orElse: `its webhook's certificate is random: ${RANDOM}` },
      { path: ["etcd", "enabled"], is: false, orElse: "a chart whose hooks were not read comes with it" },
    ],
  },
  "argo-cd": { version: "10.1.1" },
  "cert-manager": { version: "v1.21.1" },
  cilium: {
    version: "1.20.0",
    demands: [
      {
        path: ["hubble", "tls", "auto", "method"],
        is: "cronJob",
        orElse: "Hubble has other certificates after each plan",
        unless: { path: ["hubble", "enabled"], is: false },
      },
    ],
  },
  "csi-driver-nfs": { version: "v4.13.4" },
  dagster: {
    version: "1.13.28",
    demands: [
      {
        path: ["migrate", "enabled"],
        is: false,
        orElse: "its Job cannot be changed, and the next version fails on it",
      },
    ],
  },
  datadog: {
    version: "3.240.0",
    demands: [
      { path: ["clusterAgent", "tokenExistingSecret"], is: GIVEN, orElse: RANDOM },
      {
        path: ["datadog", "apm", "instrumentation", "skipKPITelemetry"],
        is: true,
        orElse: "the time of each rendering is in a ConfigMap",
      },
    ],
  },
  "external-secrets": { version: "2.9.0" },
  "flink-kubernetes-operator": { version: "1.15.0" },
  jenkins: {
    version: "5.9.53",
    demands: [{ path: ["controller", "admin", "existingSecret"], is: GIVEN, orElse: RANDOM }],
  },
  keycloakx: { version: "7.1.11" },
  kong: {
    version: "3.4.1",
    demands: [
      { path: ["env", "database"], is: "off", orElse: "Jobs of migrations come with it" },
      {
        path: ["ingressController", "enabled"],
        is: false,
        orElse: `its webhook's certificate is random: ${RANDOM}`,
      },
    ],
  },
  "kube-prometheus-stack": {
    version: "88.5.3",
    demands: [
      {
        path: ["prometheusOperator", "admissionWebhooks", "enabled"],
        is: false,
        orElse: "hooks make its certificate at each sync",
      },
      {
        path: ["grafana", "admin", "existingSecret"],
        is: GIVEN,
        orElse: RANDOM,
        unless: { path: ["grafana", "enabled"], is: false },
      },
    ],
  },
  loki: { version: "18.11.0" },
  longhorn: { version: "1.12.1" },
  minio: {
    version: "5.4.0",
    demands: [{ path: ["existingSecret"], is: GIVEN, orElse: `root's password is random: ${RANDOM}` }],
  },
  mlflow: { version: "1.11.5" },
  "nvidia-device-plugin": { version: "0.20.0" },
  ollama: { version: "1.77.0" },
  "opa-kube-mgmt": {
    version: "11.0.7",
    demands: [
      { path: ["useHttps"], is: false, orElse: "the certificate is random, and its pods restart at each sync" },
    ],
  },
  openmetadata: {
    version: "1.13.1",
    demands: [
      {
        path: ["openmetadata", "config", "fernetkey", "secretRef"],
        is: GIVEN,
        orElse: "what it encrypts is encrypted with the chart's public key",
      },
    ],
  },
  qdrant: {
    version: "1.19.0",
    demands: [
      {
        path: ["apiKey"],
        is: null,
        orElse:
          "it is random, or read from its Secret by `lookup`, which finds nothing: give the key in the environment, as QDRANT__SERVICE__API_KEY",
      },
    ],
  },
  "spark-operator": { version: "2.5.2" },
  "strimzi-kafka-operator": { version: "1.2.0" },
  superset: {
    version: "0.17.2",
    demands: [
      {
        path: ["init", "jobAnnotations", "helm.sh/hook"],
        is: null,
        orElse: "the database is made after pods that need it",
        unless: { path: ["init", "enabled"], is: false },
      },
      {
        path: ["init", "jobAnnotations", SYNC_HOOK],
        is: "Sync",
        orElse: "the Job cannot be changed, and the next version fails on it",
        unless: { path: ["init", "enabled"], is: false },
      },
    ],
  },
  "tigera-operator": { version: "v3.32.2" },
  traefik: { version: "41.3.0" },
  trino: { version: "1.42.2" },
  valkey: { version: "0.11.0" },
  vault: { version: "0.34.1" },
  "vllm-stack": { version: "0.1.12" },
  zot: { version: "0.1.122" },
};

/**
 * A way of delivery that refuses, at synth, values with which a chart's hooks do not work, and charts whose hooks nobody
 * has read.
 */
export function checkingHooks(delivery: Delivery): Delivery {
  return (scope, release) => {
    scope.node.addValidation({ validate: () => hookProblems(release) });
    return delivery(scope, release);
  };
}

function hookProblems({ chart, version, parts }: Pick<ComponentRelease, "chart" | "version" | "parts">): string[] {
  const found = CHART_HOOKS[chart];
  if (!found) {
    return [`nobody has read the hooks of the chart "${chart}": read its templates, and add it to CHART_HOOKS`];
  }
  const { known, interpolated } = parts();
  const values = mergeValues(known, interpolated);
  const changed =
    found.version === version
      ? []
      : [
          `the hooks of the chart "${chart}" were read in ${found.version}, not in ${version}: read its templates again, and change CHART_HOOKS`,
        ];
  return changed.concat(
    (found.demands ?? [])
      .filter(({ unless }) => !unless || at(values, unless.path) !== unless.is)
      .filter(({ path, is }) => !holds(at(values, path), is))
      .map(
        ({ path, is, orElse }) =>
          `the value ${path.join(" → ")} has to be ${is === GIVEN ? "given" : JSON.stringify(is)}, or else ${orElse}`,
      ),
  );
}

function holds(value: unknown, is: Demand["is"]): boolean {
  return is === GIVEN ? typeof value === "string" && value !== "" : value === is;
}

function at(values: Values, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Values | null | undefined)?.[key], values);
}
