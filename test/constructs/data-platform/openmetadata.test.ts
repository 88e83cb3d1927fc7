import * as fs from "node:fs";
import * as path from "node:path";
import { spawnSync } from "node:child_process";
import { helmRelease } from "../../../constructs/cluster/component";
import { ADMIN_EMAIL, OpenMetadata, OPENMETADATA_POD_SECURITY } from "../../../constructs/data-platform/openmetadata";
import { OpenSearch } from "../../../constructs/data-platform/opensearch";
import { GeneratedKeyPair } from "../../../constructs/secrets/generated-key-pair";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { releaseOf } from "../../support/helm";
import { temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";
import { testStore } from "../../support/vault-store";

const SCRIPT = "constructs/data-platform/openmetadata/admin.sh";

const { json } = synthesizeLayer((layer) => {
  const namespace = testNamespace(testCluster(layer), "catalogue", { podSecurity: OPENMETADATA_POD_SECURITY });
  const secret = (id: string, key: string) =>
    new GeneratedSecret(layer, id, { namespace, generate: { [key]: { length: 32 } }, afterRotation: "Kept." });
  new OpenMetadata(layer, "openmetadata", {
    namespace,
    delivery: helmRelease,
    host: "openmetadata.test",
    database: {
      host: "postgres.test",
      port: 5432,
      name: "catalogue",
      user: "owner",
      credentials: testStore(layer, namespace).secret("database", {
        entry: "database",
        keys: { password: "password" },
      }),
    },
    search: new OpenSearch(layer, "search", { namespace }),
    keys: secret("keys", "fernet-key"),
    signing: new GeneratedKeyPair(layer, "signing", { namespace, whenLost: "Log in again." }),
    admin: secret("admin", "password"),
  });
});
const { known, version, dependsOn } = releaseOf(json, "openmetadata");

describe("OpenMetadata", () => {
  test("THEN it has PostgreSQL and OpenSearch of ours, and a key that is not the public one", () => {
    expect(version).toBe("1.13.1");
    expect(known["openmetadata"]).toMatchObject({
      config: {
        database: {
          driverClass: "org.postgresql.Driver",
          dbScheme: "postgresql",
          host: "postgres.test",
          port: 5432,
          databaseName: "catalogue",
          auth: { username: "owner", password: { secretRef: "database", secretKey: "password" } },
        },
        elasticsearch: { searchType: "opensearch", host: "opensearch", port: 9200 },
        fernetkey: { value: "", secretRef: "keys", secretKey: "fernet-key" },
        authentication: { enableSelfSignup: false },
      },
    });
  });

  test("THEN tokens are signed with keys of its own, which its container has as files", () => {
    expect(known["openmetadata"]).toMatchObject({
      config: {
        jwtTokenConfiguration: {
          rsaprivateKeyFilePath: "/etc/openmetadata/signing/private_key.der",
          rsapublicKeyFilePath: "/etc/openmetadata/signing/public_key.der",
        },
      },
    });
    expect(known["extraVolumes"]).toEqual([{ name: "signing", secret: { secretName: "signing", defaultMode: 0o440 } }]);
    expect(known["extraVolumeMounts"]).toEqual([
      { name: "signing", mountPath: "/etc/openmetadata/signing", readOnly: true },
    ]);
    // Who may read them.
    expect(known["podSecurityContext"]).toMatchObject({ fsGroup: 1000 });
  });

  test("THEN it waits for what it reads", () => {
    expect(dependsOn).toEqual(
      expect.arrayContaining([
        "helm_release.vault",
        "kubernetes_secret_v1.keys",
        "kubernetes_secret_v1.signing",
        "kubernetes_deployment_v1.search",
      ]),
    );
  });

  test("THEN its pipelines are Jobs of its own, which tell it what they found", () => {
    expect(known["openmetadata"]).toMatchObject({
      config: { pipelineServiceClientConfig: { type: "k8s", k8s: { resources: { requests: { memory: "512Mi" } } } } },
    });
    const server = "catalogue/openmetadata+openmetadata";
    expect(flowsOf(json).filter(([direction, pods]) => direction === "ingress" && pods === server)).toEqual([
      ["ingress", server, "catalogue/automation", "8585"],
      ["ingress", server, "catalogue/ingestion", "8585"],
      ["ingress", server, "catalogue/openmetadata-admin", "8585"],
    ]);
  });

  test("THEN a Job takes away the password that everybody knows, after the server is there", () => {
    const job = only(json.resource?.["kubernetes_job_v1"]) as unknown as {
      depends_on: string[];
      spec: { template: { spec: { container: { env: Record<string, unknown>[] }[] } } };
    };
    expect(job.depends_on).toEqual(expect.arrayContaining(["helm_release.openmetadata", "kubernetes_secret_v1.admin"]));
    expect(job.spec.template.spec.container[0]?.env).toContainEqual({
      name: "ADMIN_PASSWORD",
      value_from: { secret_key_ref: { name: "admin", key: "password" } },
    });
    expect(ADMIN_EMAIL).toBe("admin@open-metadata.org");
  });
});

/** Stands in for curl in front of a server whose admin's password is in $STATE/password; what it was sent is in $STATE/log. */
const CURL = `#!/bin/sh
set -eu
while [ "$#" -gt 0 ]; do
  case "$1" in
    --output) output="$2"; shift ;;
    --data) data="$2"; shift ;;
    --header) case "$2" in Authorization:*) authorization="$2" ;; esac; shift ;;
    http*) url="$1" ;;
  esac
  shift
done
echo "\${url##*/} $data" >>"$STATE/log"
password="$(cat "$STATE/password")"
case "$url" in
  */login)
    if [ "\${data#*\\"password\\":\\"}" = "$(printf %s "$password" | base64)\\"}" ]; then
      printf '{"accessToken":"t0ken","tokenType":"Bearer"}' >"$output"; printf 200
    else
      printf '{}' >"$output"; printf 401
    fi ;;
  */changePassword)
    [ "$authorization" = "Authorization: Bearer t0ken" ]
    new="\${data#*\\"newPassword\\":\\"}"
    printf %s "\${new%%\\"*}" >"$STATE/password"; : >"$output"; printf 200 ;;
esac
`;

describeWithProgram("sh", "the script that gives the admin its password", () => {
  function run(password: string) {
    const folder = temporaryFolder();
    fs.writeFileSync(path.join(folder, "curl"), CURL, { mode: 0o755 });
    fs.writeFileSync(path.join(folder, "password"), password);
    const { status, stdout, stderr } = spawnSync("sh", [SCRIPT], {
      encoding: "utf8",
      env: {
        PATH: `${folder}:${process.env["PATH"]}`,
        STATE: folder,
        ANSWER: path.join(folder, "answer"),
        SERVER: "http://openmetadata:8585",
        ADMIN_EMAIL,
        ADMIN_PASSWORD: "Of-the-Secret_1",
        FIRST_PASSWORD: "admin",
      },
    });
    const log = fs.readFileSync(path.join(folder, "log"), "utf8").trim().split("\n");
    return {
      status,
      said: stdout + stderr,
      asked: log.map((line) => line.split(" ")[0]),
      password: fs.readFileSync(path.join(folder, "password"), "utf8"),
    };
  }

  test("GIVEN the password that everybody knows THEN it becomes that of the Secret", () => {
    expect(run("admin")).toEqual({
      status: 0,
      said: "the admin has the password of the Secret now\n",
      asked: ["login", "login", "changePassword"],
      password: "Of-the-Secret_1",
    });
  });

  test("GIVEN the password of the Secret THEN nothing is changed", () => {
    expect(run("Of-the-Secret_1")).toMatchObject({ status: 0, asked: ["login"] });
  });

  test("fails with a password that somebody else gave, and says so", () => {
    expect(run("another")).toEqual({
      status: 1,
      said: "the admin has neither the password of the Secret nor the first one: the login was answered with 401\n",
      asked: ["login", "login"],
      password: "another",
    });
  });
});

describeWithProgram("shellcheck", "the script that gives the admin its password", () => {
  test("THEN shellcheck has nothing to say", () => {
    const { stdout, status } = spawnSync("shellcheck", [SCRIPT], { encoding: "utf8" });
    expect([stdout, status]).toEqual(["", 0]);
  });
});
