import { parse, parseAllDocuments } from "yaml";
import { type Values } from "../../../../constructs/cluster/component";
import { type Manifest } from "../../../../constructs/cluster/manifests";
import { builtPlatform, flowsOfPods } from "../../../support/lab-platform";
import { releaseOf } from "../../../support/helm";

const built = builtPlatform();
const byHelm = builtPlatform({ delivery: "helm" });

const inGit = (repository: string, file: string) =>
  built.environment.repositories.find(({ name }) => name === repository)?.files.get(file) ?? "";
const values = parse(inGit("traefik-helm", "values.yaml"), { version: "1.1" }) as Values;

const page = (name: string) =>
  parseAllDocuments(inGit("platform-gitops", `lab-platform/templates/${name}-page.yaml`)).map(
    (document) => document.toJS() as Manifest & { spec: Values },
  );

describe("The gateway of lab-platform", () => {
  test("THEN this machine's ports lead to one node, on which Traefik is, and nobody is believed about who asks", () => {
    expect(built.json.resource?.["kubernetes_service_v1"]?.["traefik_nodes"]?.["spec"]).toMatchObject({
      type: "NodePort",
      external_traffic_policy: "Local",
      port: [
        { port: 80, node_port: 30080 },
        { port: 443, node_port: 30443 },
      ],
    });
    expect(values).toMatchObject({
      nodeSelector: { "node-role.kubernetes.io/control-plane": "true" },
      ports: { web: { http: { redirections: { entryPoint: { to: "websecure" } } } }, websecure: { asDefault: true } },
      providers: { kubernetesIngress: { ingressEndpoint: { ip: "172.30.0.20" } } },
    });
    expect(JSON.stringify(values)).not.toContain("proxyProtocol");
    expect(flowsOfPods(built, "traefik/traefik").filter((flow) => flow.startsWith("ingress"))).toEqual([
      "ingress 172.30.0.0/24 8000,8443",
      "ingress argocd/argocd-server 8443",
      "ingress monitoring/prometheus 9100",
    ]);
  });

  test("THEN one certificate of the lab's authority is for every name, where the values look for it", () => {
    const { manifests } = releaseOf(built.json, "certificate-gateway").known as { manifests: Record<string, Values> };
    expect(manifests["Certificate/gateway"]?.["spec"]).toMatchObject({
      secretName: "gateway-tls",
      dnsNames: ["*.lab.local", "lab.local"],
      issuerRef: { kind: "ClusterIssuer", name: "lab-ca" },
    });
    expect(values).toMatchObject({ tlsStore: { default: { defaultCertificate: { secretName: "gateway-tls" } } } });
    expect(releaseOf(built.json, "certificate-gateway").dependsOn).toContain("helm_release.lab_ca_issuer");
    expect(built.json.output?.["certificate_authority"]).toMatchObject({
      value: "${tls_self_signed_cert.lab_ca.cert_pem}",
    });
  });

  test("THEN Traefik's own page comes by git, after Traefik, and asks for a password that is in the cluster alone", () => {
    const [middleware, route] = page("traefik");
    expect(middleware).toMatchObject({
      kind: "Middleware",
      metadata: { name: "traefik-page", namespace: "traefik" },
      spec: { basicAuth: { secret: "traefik-login", removeHeader: true } },
    });
    expect(route).toMatchObject({
      kind: "IngressRoute",
      metadata: {
        namespace: "traefik",
        annotations: {
          "argocd.argoproj.io/sync-wave": "1",
          "argocd.argoproj.io/sync-options": "SkipDryRunOnMissingResource=true",
        },
      },
      spec: {
        entryPoints: ["websecure"],
        routes: [
          {
            match: "Host(`traefik.lab.local`)",
            middlewares: [{ name: "traefik-page" }],
            services: [{ name: "api@internal", kind: "TraefikService" }],
          },
        ],
        tls: {},
      },
    });
    expect(built.json.resource?.["kubernetes_secret_v1"]?.["traefik_login"]).toMatchObject({
      metadata: { name: "traefik-login", namespace: "traefik" },
      type: "kubernetes.io/basic-auth",
      data_wo: { username: "admin", password: "${ephemeral.random_password.traefik_login_password.result}" },
      data_wo_revision: "${var.dashboard_password_revision}",
    });
  });

  test("THEN Hubble's page has the same, in its own namespace, and Traefik reaches it and nothing shuts it in", () => {
    const [middleware, route] = page("hubble");
    expect([middleware?.metadata.namespace, route?.metadata.namespace]).toEqual(["kube-system", "kube-system"]);
    expect(route?.spec["routes"]).toEqual([
      {
        kind: "Rule",
        match: "Host(`hubble.lab.local`)",
        middlewares: [{ name: "hubble-page" }],
        services: [{ name: "hubble-ui", port: 80 }],
      },
    ]);
    expect(flowsOfPods(built, "traefik/traefik")).toContain("egress kube-system/hubble-ui 8081");
    expect(flowsOfPods(built, "kube-system/hubble-ui")).toEqual([]);
  });

  test("GIVEN charts that Terraform applies THEN Traefik is a release of it, and the pages come after that", () => {
    expect(releaseOf(byHelm.json, "traefik").version).toBe("41.3.0");
    expect(releaseOf(byHelm.json, "traefik-page").dependsOn).toContain("helm_release.traefik");
    expect(Object.keys(releaseOf(byHelm.json, "hubble-page").known["manifests"] as object)).toEqual([
      "Middleware/kube-system/hubble-page",
      "IngressRoute/kube-system/hubble-page",
    ]);
    expect(byHelm.environment.repositories).toEqual([]);
  });
});
