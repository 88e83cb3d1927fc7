import { Token } from "cdktf";
import { parse } from "yaml";
import { type Condition } from "../../../constructs/cluster/namespace";
import { Pods } from "../../../constructs/cluster/network-policy";
import { Minio, type MinioProps } from "../../../constructs/storage/minio";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";
import { testStore } from "../../support/vault-store";

function build(use: (minio: Minio, client: Pods) => void = () => {}, props: Partial<MinioProps> = {}) {
  return synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const namespace = testNamespace(cluster, "data");
    const root = testStore(layer, namespace).secret("root", {
      entry: "root",
      keys: { rootUser: "username", rootPassword: "password" },
    });
    use(
      new Minio(layer, "minio", {
        namespace,
        root,
        resources: { cpuMillis: 100, memoryMib: 256, memoryLimitMib: 512 },
        storageGib: 20,
        storageClass: "kept",
        ...props,
      }),
      new Pods(layer, "client", { namespace: testNamespace(cluster, "apps"), labels: { app: "client" } }),
    );
  });
}

const CHOSEN: Condition = { booleanValue: Token.asAny(true) };

const release = build().json.resource?.["helm_release"]?.["minio"] as { values: string[]; version: string };
const values = parse(release.values[0] ?? "") as Record<string, Record<string, unknown>>;

describe("Minio", () => {
  test("THEN it is one server with a volume that outlives the release, and the last published image", () => {
    expect(release.version).toBe("5.4.0");
    expect(values).toMatchObject({
      mode: "standalone",
      replicas: 1,
      image: { repository: "quay.io/minio/minio", tag: "RELEASE.2025-09-07T16-13-09Z" },
      persistence: { size: "20Gi", storageClass: "kept", annotations: { "helm.sh/resource-policy": "keep" } },
      resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "512Mi" } },
    });
  });

  test("THEN there is no user of the chart's, and root comes from a Secret", () => {
    expect(values).toMatchObject({ existingSecret: "root", users: [], buckets: [], policies: [] });
    expect(values["podAnnotations"]).toEqual({ "socle/root": "3" });
  });

  test("THEN it speaks S3 with who is allowed, and with the cold tier", () => {
    const internet = "0.0.0.0/0 -10.0.0.0/8 -100.64.0.0/10 -127.0.0.0/8 -169.254.0.0/16 -172.16.0.0/12 -192.168.0.0/16";
    const flows = flowsOf(build((minio, client) => minio.allowFrom(client)).json);
    expect(flows.filter(([, pods]) => pods === "data/minio+minio")).toEqual([
      ["egress", "data/minio+minio", internet, "443"],
      ["ingress", "data/minio+minio", "apps/client", "9000"],
    ]);
  });

  test("THEN its address is one of S3", () => {
    build((minio) => expect([minio.endpoint, minio.port]).toEqual(["http://minio.data:9000", 9000]));
  });

  test("GIVEN a console THEN people reach it over HTTPS by its name, and through Traefik only", () => {
    const { json } = build((minio, client) => minio.allowConsoleFrom(client), {
      console: { host: "minio.lab.local" },
      reachesInternet: false,
      restartsWithRoot: false,
    });
    const [text = ""] = (json.resource?.["helm_release"]?.["minio"] as { values: string[] }).values;
    const given = parse(text) as Record<string, unknown>;
    expect(given).toMatchObject({
      environment: { MINIO_BROWSER: "on", MINIO_BROWSER_REDIRECT_URL: "https://minio.lab.local" },
      consoleIngress: {
        enabled: true,
        ingressClassName: "traefik",
        annotations: {
          "traefik.ingress.kubernetes.io/router.entrypoints": "websecure",
          "traefik.ingress.kubernetes.io/router.tls": "true",
        },
        hosts: ["minio.lab.local"],
      },
    });
    expect(given["podAnnotations"]).toBeUndefined();
    expect(flowsOf(json).filter(([, pods]) => pods === "data/minio+minio")).toEqual([
      ["ingress", "data/minio+minio", "apps/client", "9001"],
    ]);
  });

  test("GIVEN single sign-on THEN the console goes by the provider while that is there", () => {
    const { json } = build(() => {}, {
      console: {
        host: "minio.lab.local",
        singleSignOn: {
          when: CHOSEN,
          configUrl: "http://keycloak/.well-known/openid-configuration",
          secretName: "minio-oidc",
          claim: "groups",
        },
      },
    });
    const [, overlay = ""] = (json.resource?.["helm_release"]?.["minio"] as { values: string[] }).values;
    expect(overlay).toMatch(/^\$\{true \? "/);
    for (const part of ["existingClientSecretName: minio-oidc\\n", "claimName: groups\\n", "/oauth_callback"]) {
      expect(overlay).toContain(part);
    }
  });
});
