import * as fs from "node:fs";
import * as path from "node:path";
import { SocleApp } from "../../../constructs/core/app";
import { inputsOf } from "../../../constructs/core/handoff";
import lab from "../../../environments/lab";
import { labData } from "../../../environments/lab/data";
import { IMAGES, imageTag } from "../../../environments/lab/images";
import { BUCKETS } from "../../../environments/lab/names";
import { MINIO_USERS } from "../../../environments/lab/vault-entries";
import { parse } from "yaml";
import { flowsOf } from "../../support/cluster";
import { type OfflineServer, startOfflineServer } from "../../../tools/offline/start";
import { cleanEnvironment, runTerraform } from "../../../tools/offline/terraform";
import { laterLab } from "../../support/lab";
import { temporaryFolder } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";

const { environment, layer, json } = laterLab(labData);
const files = new Map(environment.repositories.map(({ name, files }) => [name, files]));
const valuesIn = (component: string, file = "values.yaml") =>
  parse(files.get(`${component}-helm`)?.get(file) ?? "", { version: "1.1" }) as Record<string, unknown>;
const flows = flowsOf(json);
const planOf = (name: string) =>
  Object.values(json.resource?.["kubernetes_config_map_v1"] ?? {}).find(
    ({ metadata }) => (metadata as { name: string }).name === name,
  )?.["data"] as Record<string, string>;

describe("lab-data", () => {
  test("THEN nothing is wrong with it, and it opens no port", () => {
    expect(layer.node.findAll().flatMap((each) => each.node.validate())).toEqual([]);
    expect(layer.openPorts).toEqual([]);
  });

  test("THEN what has no default is who reads the repositories, which make lab-up gives", () => {
    const required = inputsOf(json).filter((input) => input.required);
    expect(required.map(({ name }) => name)).toEqual([
      "argocd_platform_repo_password",
      "argocd_platform_repo_username",
    ]);
    expect(json.variable?.["argocd_platform_repo_password"]).toMatchObject({ sensitive: true });
  });

  test("THEN each component is delivered through git, while it is chosen", () => {
    const chart = files.get("platform-gitops");
    for (const component of ["minio", "airflow", "mlflow", "trino", "superset", "openmetadata", "zot"]) {
      expect(chart?.get(`lab-data/templates/${component}.yaml`)?.split("\n")[0]).toBe(
        `{{- if has "${component}" (include "selection" . | fromJsonArray) }}`,
      );
    }
  });

  test("THEN single sign-on and Trino's address are read only beside Keycloak and Trino", () => {
    for (const component of ["minio", "airflow", "superset"]) {
      expect(files.get(`${component}-helm`)?.has("with-keycloak.yaml")).toBe(true);
    }
    expect(valuesIn("airflow", "with-trino.yaml")).toEqual({
      extraEnv: "- name: LAB_TRINO_URL\n  value: http://trino.trino:8080\n",
    });
    expect(valuesIn("superset", "with-trino.yaml")).toEqual({
      extraEnv: { TRINO_URI: "trino://superset@trino.trino:8080/lakehouse", ASSETS_FOLDER: "/app/configs" },
    });
  });

  test("THEN DAGs are told where everything is, and which images there are", () => {
    const variables = Object.fromEntries(
      (valuesIn("airflow")["env"] as { name: string; value: string }[]).map(({ name, value }) => [name, value]),
    );
    expect(variables).toMatchObject({
      LAB_REGISTRY: "registry.lab.local:5001",
      LAB_S3_ENDPOINT: "http://minio.minio:9000",
      LAB_MLFLOW_URL: "http://mlflow.mlflow:5000",
      LAB_PUSHGATEWAY_URL: "http://pushgateway.monitoring",
    });
    const tags = JSON.parse(variables["LAB_IMAGE_TAGS"] ?? "") as Record<string, string>;
    expect(tags).toEqual(
      Object.fromEntries(
        IMAGES.filter((name) => ["data-quality", "duckdb-dbt", "spark"].includes(name)).map((name) => [
          name,
          imageTag(name),
        ]),
      ),
    );
  });

  test("THEN every bucket is made, data with its folders, and every key has a policy that there is", () => {
    const plan = planOf("object-store-setup");
    const named = (prefix: string) =>
      Object.keys(plan)
        .filter((file) => file.startsWith(`${prefix}.`))
        .map((file) => file.slice(prefix.length + 1).replace(/\.json$/, ""));
    expect(named("bucket").sort()).toEqual(Object.values(BUCKETS).sort());
    expect(plan["folders.data"]).toBe("raw intermediate processed");
    expect(named("user").sort()).toEqual([...MINIO_USERS].sort());
    for (const user of MINIO_USERS) {
      expect(named("policy")).toEqual(expect.arrayContaining((plan[`user.${user}`] ?? "").split(" ")));
    }
    expect(plan["policy.mlflow.json"]).toBe(
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Action: ["s3:GetBucketLocation", "s3:ListBucket"], Resource: ["arn:aws:s3:::mlflow"] },
          {
            Effect: "Allow",
            Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
            Resource: ["arn:aws:s3:::mlflow/*"],
          },
        ],
      }),
    );
  });

  test("THEN Airflow's key writes what its DAGs do: DVC's remote, too, where the ingestion puts the data set", () => {
    const plan = planOf("object-store-setup");
    const [policy, ...others] = (plan["user.airflow"] ?? "").split(" ");
    expect([policy, ...others]).toEqual(["airflow"]);
    const { Statement } = JSON.parse(plan["policy.airflow.json"] ?? "") as { Statement: { Resource: string[] }[] };
    expect(Statement[1]).toEqual({
      Effect: "Allow",
      Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
      Resource: ["arn:aws:s3:::data/*", "arn:aws:s3:::airflow-logs/*", "arn:aws:s3:::dvc/*"],
    });
  });

  test("THEN the object store is reached by those who have a key, its set-up, Prometheus, and Traefik for the console", () => {
    expect(flows.filter(([direction, pods]) => direction === "ingress" && pods === "minio/minio+minio")).toEqual([
      ["ingress", "minio/minio+minio", "airflow/airflow+api-server+airflow", "9000"],
      ["ingress", "minio/minio+minio", "airflow/airflow+worker+airflow", "9000"],
      ["ingress", "minio/minio+minio", "airflow/true", "9000"],
      ["ingress", "minio/minio+minio", "clickhouse/clickhouse", "9000"],
      ["ingress", "minio/minio+minio", "dagster/true", "9000"],
      ["ingress", "minio/minio+minio", "minio/object-store-setup", "9000"],
      ["ingress", "minio/minio+minio", "mlflow/mlflow", "9000"],
      ["ingress", "minio/minio+minio", "monitoring/prometheus", "9000"],
      ["ingress", "minio/minio+minio", "openmetadata/openmetadata-results", "9000"],
      ["ingress", "minio/minio+minio", "traefik/traefik", "9001"],
      ["ingress", "minio/minio+minio", "trino/trino", "9000"],
    ]);
  });

  test("THEN jobs of DAGs reach the object store, MLflow, the Pushgateway and Trino, and no database", () => {
    expect(flows.filter(([direction, pods]) => direction === "egress" && pods === "airflow/true")).toEqual([
      ["egress", "airflow/true", "minio/minio+minio", "9000"],
      ["egress", "airflow/true", "mlflow/mlflow", "5000"],
      ["egress", "airflow/true", "monitoring/pushgateway", "9091"],
      ["egress", "airflow/true", "trino/trino", "8080"],
    ]);
  });

  test("THEN nothing of it reaches the internet but Jenkins, for plugins and builds, and Datadog's agents", () => {
    const outside = flows.filter(([, , peer]) => peer.startsWith("0.0.0.0"));
    expect(outside.map(([, pods, , ports]) => `${pods} ${ports}`)).toEqual([
      "datadog/datadog 443",
      "datadog/datadog-cluster-agent 443",
      "jenkins/jenkins-controller 443",
      "jenkins/true 443",
    ]);
  });

  test("THEN a Secret that was written anew restarts what reads it, before the component is waited for", () => {
    const jobs = json.resource?.["kubernetes_job_v1"] as Record<string, { depends_on: string[] }>;
    for (const component of ["minio", "airflow", "mlflow", "trino", "superset", "openmetadata"]) {
      expect(jobs[component]?.depends_on).toContain(`kubernetes_job_v1.${component}_secret_restart`);
    }
  });

  test("GIVEN delivery by Helm THEN Terraform applies the same charts, and nothing is written for git", () => {
    const helm = laterLab(labData, { delivery: "helm" });
    expect(helm.environment.repositories).toEqual([]);
    const releases = helm.json.resource?.["helm_release"] as Record<string, { name: string; version: string }>;
    expect([releases["airflow"], releases["minio"], releases["trino"]]).toMatchObject([
      { name: "airflow", version: "1.22.0" },
      { name: "minio", version: "5.4.0" },
      { name: "trino", version: "1.42.2" },
    ]);
    expect(helm.layer.node.findAll().flatMap((each) => each.node.validate())).toEqual([]);
  });
});

describeWithTerraform("lab-data, applied by Terraform with what is chosen one by one beside etl-minimal", () => {
  let server: OfflineServer | undefined;
  let stack = "";
  let states = "";
  /** What is there with nothing beside the scenario. */
  let without: string | string[] = "";
  const terraform = (...args: string[]) => runTerraform(stack, args, cleanEnvironment(server?.env ?? {}));
  const writeState = (name: string, outputs: Readonly<Record<string, unknown>>) =>
    fs.writeFileSync(
      path.join(states, `${name}.tfstate`),
      JSON.stringify({ version: 4, serial: 1, lineage: name, outputs, resources: [] }),
    );
  const text = (value: string) => ({ value, type: "string" });
  const list = (value: readonly string[]) => ({ value, type: ["list", "string"] });

  beforeAll(async () => {
    server = await startOfflineServer({ schemas: "schemas" });
    const root = temporaryFolder();
    const app = new SocleApp(path.join(root, "cdktf.out"));
    lab(app);
    app.synth();
    stack = path.join(app.outdir, "stacks/lab-data");
    states = path.join(root, ".terraform-state");
    fs.mkdirSync(states);
    writeState("lab-services", { vault_address: text("http://vault.lab.local:8200") });
    writeState("lab-bootstrap", { vault_revisions: { value: { "lab/minio/root": "1" }, type: ["map", "string"] } });
    writeState(
      "lab-cluster",
      Object.fromEntries(
        ["host", "ca_certificate", "client_certificate", "client_key"].map((name) => [
          `kubernetes_${name}`,
          text(name),
        ]),
      ),
    );
    expect(await terraform("init", "-no-color")).toMatchObject({ code: 0, stderr: "" });
    without = await applied(undefined);
  }, 120_000);
  afterAll(() => server?.stop());

  /** Applies the layer with one component beside the scenario; the addresses that are there then. */
  const applied = async (component: string | undefined, variables: Readonly<Record<string, string>> = {}) => {
    const extra = component === undefined ? [] : [component];
    writeState("lab-platform", {
      scenario_name: text("etl-minimal"),
      extra_component_names: list(extra),
      component_names: list(["minio", "airflow", "mlflow", ...extra]),
    });
    fs.rmSync(path.join(states, "lab-data.tfstate"), { force: true });
    const options = Object.entries({
      argocd_platform_repo_username: "argocd",
      argocd_platform_repo_password: "not-a-real-token",
      ...variables,
    }).map(([name, value]) => `-var=${name}=${value}`);
    const { code, stderr } = await terraform("apply", "-auto-approve", "-no-color", ...options);
    if (code !== 0) {
      return stderr;
    }
    return (await terraform("state", "list")).stdout.split("\n");
  };

  test.each([
    ["dagster", ["kubernetes_job_v1.dagster[0]", "kubernetes_job_v1.dagster_secret_restart[0]"]],
    ["jenkins", ["kubernetes_job_v1.jenkins[0]"]],
    ["apisix", ["kubernetes_deployment_v1.bench[0]", "kubernetes_job_v1.apisix[0]"]],
    ["kong", ["kubernetes_deployment_v1.bench[0]", "kubernetes_job_v1.kong[0]"]],
    ["clickhouse", ["kubernetes_deployment_v1.clickhouse[0]"]],
    ["zot", ["kubernetes_job_v1.zot[0]"]],
  ])(
    "GIVEN %s THEN it is there, and nothing of it without",
    async (component, expected) => {
      expect(await applied(component)).toEqual(expect.arrayContaining(expected));
      expect(without).toContain("kubernetes_job_v1.airflow[0]");
      expect(expected.filter((address) => without.includes(address))).toEqual([]);
    },
    120_000,
  );

  test("GIVEN datadog with a key THEN it is there, and the key in no state", async () => {
    expect(await applied("datadog", { datadog_api_key: "key-of-nobody" })).toContain("kubernetes_job_v1.datadog[0]");
    expect(fs.readFileSync(path.join(states, "lab-data.tfstate"), "utf8")).not.toContain("key-of-nobody");
  }, 120_000);

  test("fails for datadog without a key", async () => {
    expect(await applied("datadog")).toContain("Datadog takes nothing without an API key");
  }, 120_000);
});
