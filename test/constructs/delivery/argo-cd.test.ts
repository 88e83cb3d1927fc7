import { Fn, TerraformVariable } from "cdktf";
import { parse } from "yaml";
import { type Values } from "../../../constructs/cluster/component";
import { Pods } from "../../../constructs/cluster/network-policy";
import { TerraformData } from "../../../constructs/core/terraform-data";
import { ARGO_CD_CERTIFICATE, ArgoCd, type ArgoCdProps } from "../../../constructs/delivery/argo-cd";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

const build = (
  more: (when: TerraformVariable) => Partial<ArgoCdProps> = () => ({}),
  use: (argoCd: ArgoCd, password: TerraformVariable) => void = () => {},
) =>
  synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const variable = (name: string, type: string) => new TerraformVariable(layer, name, { type, description: name });
    const argoCd = new ArgoCd(layer, "argocd", {
      namespace: testNamespace(cluster, "argocd_namespace", { name: "argocd" }),
      domainName: "argocd.lab.local",
      gateway: new Pods(layer, "traefik", { namespace: testNamespace(cluster, "gateway"), labels: { app: "traefik" } }),
      dependsOn: [new TerraformData(layer, "certificate")],
      ...more(variable("login", "bool")),
    });
    use(argoCd, variable("password", "string"));
  });

const releaseOf = ({ json }: ReturnType<typeof build>) =>
  only(json.resource?.["helm_release"]) as Record<string, unknown> & { values: string[] };
const knownOf = (built: ReturnType<typeof build>) =>
  parse(releaseOf(built).values[0] ?? "", { version: "1.1" }) as Values;

const singleSignOn = (when: TerraformVariable): Partial<ArgoCdProps> => ({
  singleSignOn: {
    when,
    issuer: "https://keycloak.lab.local/realms/lab",
    certificateAuthority: Fn.file("ca.crt"),
    clientId: "argocd",
    clientSecret: { secretName: "argocd-oidc", key: "client-secret" },
    adminGroup: "admins",
  },
});

describe("ArgoCd", () => {
  test("THEN it is the looked-up chart, after the certificate, and the apply waits for it", () => {
    expect(releaseOf(build())).toMatchObject({
      name: "argo-cd",
      namespace: "argocd",
      chart: "argo-cd",
      version: "10.1.1",
      repository: "https://argoproj.github.io/argo-helm",
      wait: true,
      depends_on: expect.arrayContaining(["terraform_data.certificate"]) as unknown,
    });
  });

  test("THEN its pages are a plain Ingress, valid before any gateway's own kinds, and the gateway ends TLS", () => {
    expect(knownOf(build())).toMatchObject({
      global: { domain: "argocd.lab.local", networkPolicy: { create: false } },
      configs: { params: { "server.insecure": true } },
      server: { ingress: { enabled: true, ingressClassName: "traefik", tls: true } },
    });
    // By the chart's template of the Ingress.
    expect(ARGO_CD_CERTIFICATE).toBe("argocd-server-tls");
  });

  test("THEN an Application of Applications is as healthy as its status says: waves wait for that", () => {
    const { cm } = knownOf(build())["configs"] as { cm: Record<string, string> };
    expect(cm["resource.customizations.health.argoproj.io_Application"]).toContain(
      "hs.status = obj.status.health.status",
    );
  });

  test("THEN it compares with what the API server makes of an object: its defaults would be a difference for ever", () => {
    expect(knownOf(build())).toMatchObject({ configs: { params: { "controller.diff.server.side": true } } });
  });

  test("THEN what nobody uses is not there", () => {
    expect(knownOf(build())).toMatchObject({
      dex: { enabled: false },
      notifications: { enabled: false },
      applicationSet: { replicas: 0 },
    });
  });

  test("THEN git is read by one part alone, and pages are reached through the gateway alone", () => {
    const of = (name: string) => `argocd/argocd-${name}`;
    expect(flowsOf(build().json).filter(([, pods, peer]) => /argocd\/argocd-/.test(pods + peer))).toEqual([
      ["egress", of("application-controller"), "10.0.0.0/16", "6443"],
      ["egress", of("application-controller"), of("redis"), "6379"],
      ["egress", of("application-controller"), of("repo-server"), "8081"],
      ["egress", of("redis-secret-init"), "10.0.0.0/16", "6443"],
      ["egress", of("repo-server"), expect.stringMatching(/^0\.0\.0\.0\/0 -/), "443"],
      ["egress", of("repo-server"), of("redis"), "6379"],
      ["egress", of("server"), "10.0.0.0/16", "6443"],
      ["egress", of("server"), of("redis"), "6379"],
      ["egress", of("server"), of("repo-server"), "8081"],
      ["egress", "gateway/traefik", of("server"), "8080"],
      ["ingress", of("redis"), of("application-controller"), "6379"],
      ["ingress", of("redis"), of("repo-server"), "6379"],
      ["ingress", of("redis"), of("server"), "6379"],
      ["ingress", of("repo-server"), of("application-controller"), "8081"],
      ["ingress", of("repo-server"), of("server"), "8081"],
      ["ingress", of("server"), "gateway/traefik", "8080"],
    ]);
  });

  test("GIVEN somebody who signs people in THEN the values say so only while that is there, and name the Secret", () => {
    const { values } = releaseOf(build(singleSignOn));
    expect(values).toHaveLength(3);
    const [, known, interpolated] = values;
    expect(known).toMatch(/^\$\{var\.login \? ".*" : ""\}$/s);
    expect(interpolated).toMatch(/^\$\{var\.login \? yamlencode\(\{.*\}\) : ""\}$/s);
    expect(interpolated).toContain('"clientSecret" = "$argocd-oidc:client-secret"');
    expect(interpolated).toContain('"issuer" = "https://keycloak.lab.local/realms/lab"');
    expect(interpolated).toContain('"rootCA" = file("ca.crt")');
    expect(known).toContain("policy.csv: |\\n      g, admins, role:admin\\n");
    expect(known).toContain("policy.default: role:readonly\\n");
  });

  test("GIVEN credentials THEN they are a Secret that Argo CD finds by its label, written write-only", () => {
    const { json } = build(undefined, (argoCd, password) => {
      argoCd.addCredentials("repositories", {
        address: "http://gitlab.lab.local:8081/lab",
        username: "argocd",
        password: password.stringValue,
      });
    });
    expect(only(json.resource?.["kubernetes_secret_v1"])).toMatchObject({
      metadata: {
        name: "repositories",
        namespace: "argocd",
        labels: { "argocd.argoproj.io/secret-type": "repo-creds" },
      },
      data_wo: {
        type: "git",
        url: "http://gitlab.lab.local:8081/lab",
        username: "argocd",
        password: "${var.password}",
      },
    });
  });
});
