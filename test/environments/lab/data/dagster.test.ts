import { parse } from "yaml";
import { readProjectFile } from "../../../../constructs/core/files";
import { labData } from "../../../../environments/lab/data";
import { imageTag } from "../../../../environments/lab/images";
import { ACCOUNTS } from "../../../../environments/lab/names";
import { flowsOf } from "../../../support/cluster";
import { laterLab } from "../../../support/lab";

const { environment, json } = laterLab(labData);
const values = parse(
  environment.repositories.find(({ name }) => name === "dagster-helm")?.files.get("values.yaml") ?? "",
) as {
  serviceAccount: { name: string };
  runLauncher: { config: { k8sRunLauncher: { envVars: string[] } } };
  "dagster-user-deployments": { deployments: [{ image: { repository: string; tag: string } }] };
};

describe("Dagster in the lab", () => {
  test("THEN its code is our image at the tag of its folder, which has no entrypoint", () => {
    expect(values["dagster-user-deployments"].deployments[0].image).toMatchObject({
      repository: "registry.lab.local:5001/lab/dagster",
      tag: imageTag("dagster"),
    });
    // Dagster gives runs arguments alone.
    const dockerfile = readProjectFile("images/dagster/Dockerfile");
    expect(dockerfile).not.toMatch(/^ENTRYPOINT/m);
    expect(dockerfile).toContain('CMD ["dagster", "api", "grpc"');
  });

  test("THEN runs know the images that assets start, each variable that the assets read, and the Secret with the key", () => {
    const { envVars } = values.runLauncher.config.k8sRunLauncher;
    const given = Object.fromEntries(envVars.map((each) => each.split(/=(.*)/s) as [string, string]));
    expect(JSON.parse(given["LAB_IMAGE_TAGS"] ?? "")).toEqual({
      "data-quality": imageTag("data-quality"),
      "duckdb-dbt": imageTag("duckdb-dbt"),
      spark: imageTag("spark"),
    });
    const assets = readProjectFile("images/dagster/lab_dagster/assets.py");
    const read = [...assets.matchAll(/environ\.get\(["'](\w+)/g)].map(([, name]) => name);
    expect(Object.keys(given).sort()).toEqual([...new Set(read)].sort());
    expect(assets).toContain('STORE_SECRET = "dagster-minio"');
    expect(JSON.stringify(json.resource?.["helm_release"])).toContain("name: dagster-minio");
  });

  test("THEN the account of its runs is the one that may submit SparkApplications", () => {
    expect(values.serviceAccount.name).toBe(ACCOUNTS.dagsterRuns.serviceAccount);
  });

  test("THEN only its jobs reach data, and only what keeps state its database", () => {
    const outOf = flowsOf(json).filter(([direction, pods]) => direction === "egress" && pods.startsWith("dagster/"));
    expect(outOf.filter(([, pods]) => pods === "dagster/true").map(([, , to, ports]) => `${to} ${ports}`)).toEqual([
      "minio/minio+minio 9000",
      "mlflow/mlflow 5000",
    ]);
    expect(outOf.filter(([, , to]) => to === "172.30.0.10/32").map(([, pods]) => pods)).toEqual([
      "dagster/dagster-daemon",
      "dagster/dagster-webserver",
      "dagster/run_worker",
      "dagster/user-deployments",
    ]);
  });
});
