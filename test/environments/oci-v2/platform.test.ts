import { parse } from "yaml";
import ociV2 from "../../../environments/oci-v2";
import { TRAEFIK_NODE_PORTS } from "../../../environments/oci-v2/infrastructure";
import { SETTINGS } from "../../../environments/oci-v2/settings";
import { type TerraformJson } from "../../../constructs/core/layer";
import { flowsOf } from "../../support/cluster";
import { withApp } from "../../support/construct";
import { jsonOf } from "../../support/layers";

const { layer, json } = withApp((app) => {
  const found = ociV2(app).layers.find(({ node }) => node.id === "oci-v2-platform");
  if (!found) {
    throw new Error("oci-v2 has no platform layer");
  }
  return { layer: found, json: jsonOf(found) };
});

const blocks = (type: string) => Object.values(json.resource?.[type] ?? {});
const named = (type: string) => Object.entries(json.resource?.[type] ?? {});

/** A Helm release's values that are known at synth. */
const valuesOf = (name: string) => {
  const release = blocks("helm_release").find((each) => each["name"] === name) as { values: string[] };
  return parse(release.values[0] ?? "") as Record<string, Record<string, unknown>>;
};

describe("oci-v2-platform", () => {
  test("GIVEN the settings THEN the charts have the versions that were looked up, each in its namespace", () => {
    expect(
      blocks("helm_release")
        .map(({ chart, version, namespace }) => [chart, version, namespace])
        .sort(),
    ).toEqual([
      ["cert-manager", "v1.21.1", "cert-manager"],
      ["kube-prometheus-stack", "88.5.3", "monitoring"],
      ["traefik", "41.3.0", "traefik"],
      ["vault", "0.34.1", "vault"],
    ]);
  });

  test("THEN only cert-manager depends on an input; Vault is not waited for", () => {
    const inputs = named("helm_release").map(([name, { count, wait }]) => [name, count, wait]);
    expect(inputs.sort()).toEqual([
      ["cert_manager", "${var.tls_enabled ? 1 : 0}", true],
      ["prometheus_stack", undefined, true],
      ["traefik", undefined, true],
      ["vault", undefined, false],
    ]);
  });

  test("THEN the flows are exactly those that the architecture draws, on both sides", () => {
    const vcn = SETTINGS.vcnCidrBlock;
    const flannel = Array.from({ length: 8 }, (_, index) => `10.42.${index}.0/32`);
    const outside = "0.0.0.0/0 -10.42.0.0/16 -10.43.0.0/16 -169.254.0.0/16";
    const internet = "0.0.0.0/0 -10.0.0.0/8 -100.64.0.0/10 -127.0.0.0/8 -169.254.0.0/16 -172.16.0.0/12 -192.168.0.0/16";
    const traefik = "traefik/traefik";
    const solver = "traefik/true";
    const [fastapi, streamlit, prometheus] = ["app/fastapi", "app/streamlit", "monitoring/prometheus"] as const;
    const certManager = (part: string) => `cert-manager/cert-manager+${part}`;
    const vault = "vault/vault+server";
    /** Between pods: an egress here, an ingress there. */
    const inside = [
      [traefik, streamlit, "8501"],
      [traefik, fastapi, "8000"],
      [traefik, solver, "8089"],
      [fastapi, vault, "8200"],
      [prometheus, fastapi, "8000"],
      [prometheus, traefik, "9100"],
      [prometheus, "monitoring/kube-state-metrics", "8080"],
      [prometheus, "node-exporter/prometheus-node-exporter", "9100"],
      ["monitoring/grafana", prometheus, "9090"],
    ] as const;
    const expected = [
      ...inside.flatMap(([from, to, port]) => [
        ["egress", from, to, port],
        ["ingress", to, from, port],
      ]),
      // In, from the load balancer.
      ["ingress", traefik, vcn, "8000,8443"],
      // Out, to the database, the internet and the nodes.
      ["egress", fastapi, outside, "1521,1522"],
      ["egress", "app/database-user", outside, "1521,1522"],
      ["egress", vault, internet, "443"],
      ["egress", vault, "169.254.169.254/32", "80"],
      ["egress", certManager("controller"), internet, "443,80"],
      ["egress", prometheus, vcn, "10250"],
      // The Kubernetes API, and what it calls.
      ...[
        traefik,
        prometheus,
        "monitoring/kube-prometheus-stack-operator",
        "monitoring/kube-state-metrics",
        ...["controller", "webhook", "cainjector", "startupapicheck"].map(certManager),
      ].map((pods) => ["egress", pods, vcn, "6443"]),
      ...[vcn, ...flannel].map((block) => ["ingress", certManager("webhook"), block, "10250"]),
      // DNS, of every namespace.
      ...["app", "cert-manager", "monitoring", "node-exporter", "traefik", "vault"].map((namespace) => [
        "egress",
        `${namespace}/*`,
        "kube-system/kube-dns",
        "53/UDP,53",
      ]),
    ];
    expect(flowsOf(json)).toEqual(expected.sort((a, b) => (a.join() < b.join() ? -1 : 1)));
  });

  test("THEN every namespace denies all else, restricts its pods and caps them; the one exception says why", () => {
    const namespaces = blocks("kubernetes_namespace_v1").map((block) => {
      const { name, labels, annotations } = block["metadata"] as {
        name: string;
        labels: Record<string, string>;
        annotations?: Record<string, string>;
      };
      return [name, labels["pod-security.kubernetes.io/enforce"], annotations?.["socle/pod-security-reason"]];
    });
    expect(namespaces.sort()).toEqual([
      ["app", "restricted", undefined],
      ["cert-manager", "restricted", undefined],
      ["monitoring", "restricted", undefined],
      ["node-exporter", "privileged", expect.stringContaining("mounts the file systems of its node")],
      ["traefik", "restricted", undefined],
      ["vault", "restricted", undefined],
    ]);
    const names = namespaces.map(([name]) => name);
    for (const type of ["kubernetes_resource_quota_v1", "kubernetes_limit_range_v1"]) {
      expect(
        blocks(type)
          .map(({ metadata }) => (metadata as { namespace: string }).namespace)
          .sort(),
      ).toEqual(names);
    }
    const denied = blocks("kubernetes_network_policy_v1")
      .map((block) => block["metadata"] as { name: string; namespace: string })
      .filter(({ name }) => name === "default-deny");
    expect(denied.map(({ namespace }) => namespace).sort()).toEqual(names);
  });

  test("THEN only Traefik is reached from outside, by two fixed ports of the nodes; Grafana, Vault and Prometheus are not", () => {
    interface Spec {
      type: string;
      port: { port: number; node_port?: number }[];
    }
    const services = named("kubernetes_service_v1").map(([name, block]) => {
      const { type, port } = block["spec"] as Spec;
      return [name, type, port.map(({ node_port }) => node_port)];
    });
    expect(services.sort()).toEqual([
      ["fastapi_service", "ClusterIP", [undefined]],
      ["streamlit_service", "ClusterIP", [undefined]],
      ["traefik_nodes", "NodePort", [TRAEFIK_NODE_PORTS.http, TRAEFIK_NODE_PORTS.https]],
    ]);
    const quotas = blocks("kubernetes_resource_quota_v1").map((block) => {
      const { hard } = block["spec"] as { hard: Record<string, string> };
      const { namespace } = block["metadata"] as { namespace: string };
      return [namespace, hard["services.nodeports"], hard["services.loadbalancers"]];
    });
    expect(quotas.filter(([, nodePorts, loadBalancers]) => nodePorts !== "0" || loadBalancers !== "0")).toEqual([
      ["traefik", "2", "0"],
    ]);
  });

  test("THEN no chart opens anything: no Ingress, node port, load balancer or host port in any of the values", () => {
    const open: string[] = [];
    const walk = (value: unknown, path: string) => {
      if (typeof value === "object" && value !== null) {
        Object.entries(value).forEach(([key, item]) => walk(item, `${path}.${key}`));
      }
      const refused =
        (/\.(ingress|route|httpRoute|gateway|ingressRoute\.\w+)\.enabled$/i.test(path) && value !== false) ||
        (/\.(nodePort|serviceNodePort|hostPort)$/.test(path) && value !== null) ||
        (/\.hostNetwork$/.test(path) && value !== false) ||
        value === "NodePort" ||
        value === "LoadBalancer";
      if (refused) {
        open.push(`${path}: ${JSON.stringify(value)}`);
      }
    };
    const releases = blocks("helm_release") as unknown as { name: string; values: string[] }[];
    for (const { name, values } of releases) {
      walk(parse(values[0] ?? ""), name);
      expect(values.slice(1).join()).not.toMatch(/NodePort|LoadBalancer|nodePort|hostPort|"ingress" = \{"enabled"/);
    }
    expect(open).toEqual([]);
    expect(valuesOf("traefik")["service"]).toEqual({ enabled: false });
    expect(valuesOf("traefik")["ingressRoute"]).toEqual({ dashboard: { enabled: false } });
  });

  test("THEN the world's requests go to Streamlit, and those below /api to FastAPI; nothing else has a route", () => {
    interface Spec {
      ingress_class_name: string;
      rule: { host: string; http: { path: { path: string; backend: { service: { name: string } } }[] } }[];
    }
    const routes = blocks("kubernetes_ingress_v1").flatMap((block) => {
      const { ingress_class_name, rule } = block["spec"] as Spec;
      return rule.flatMap(({ host, http }) =>
        http.path.map(({ path, backend }) => [ingress_class_name, host, path, backend.service.name]),
      );
    });
    const domain = "data.terraform_remote_state.oci_v2.outputs.domain_name";
    const host = `\${(length(${domain}) >= 1) ? ${domain} : null}`;
    expect(routes).toEqual([
      ["traefik", host, "/api", "${kubernetes_service_v1.fastapi_service.metadata[0].name}"],
      ["traefik", host, "/", "${kubernetes_service_v1.streamlit_service.metadata[0].name}"],
    ]);
  });

  test("THEN Traefik believes the load balancer's network alone, and its metrics are read", () => {
    const ports = valuesOf("traefik")["ports"] as Record<string, unknown>;
    const proxyProtocol = { trustedIPs: [SETTINGS.vcnCidrBlock] };
    expect(ports).toEqual({ web: { proxyProtocol }, websecure: { proxyProtocol } });
    expect(valuesOf("kube-prometheus-stack")["prometheus"]).toMatchObject({
      additionalServiceMonitors: [{ name: "fastapi", endpoints: [{ port: "http", path: "/metrics" }] }],
      additionalPodMonitors: [{ name: "traefik", podMetricsEndpoints: [{ port: "metrics" }] }],
    });
  });

  test("THEN Vault is unsealed by OCI's key with the rights of its node, in the namespace that has them, and is kept", () => {
    const release = json.resource?.["helm_release"]?.["vault"] as { values: string[]; namespace: string };
    expect(release.namespace).toBe(SETTINGS.vaultNamespace);
    expect(release.values[1]).toBe(
      '${yamlencode({"server" = {"extraEnvironmentVars" = {' +
        '"VAULT_OCIKMS_SEAL_KEY_ID" = data.terraform_remote_state.oci_v2.outputs.kms_key_id, ' +
        '"VAULT_OCIKMS_CRYPTO_ENDPOINT" = data.terraform_remote_state.oci_v2.outputs.kms_crypto_endpoint, ' +
        '"VAULT_OCIKMS_MANAGEMENT_ENDPOINT" = data.terraform_remote_state.oci_v2.outputs.kms_management_endpoint}}})}',
    );
    const { config } = valuesOf("vault")["server"]?.["standalone"] as { config: string };
    expect(config).toContain('seal "ocikms" {\n  auth_type_api_key = "false"\n}');
    expect(json.resource?.["kubernetes_namespace_v1"]?.["secrets"]?.["lifecycle"]).toEqual({ prevent_destroy: true });
  });

  test("THEN FastAPI has its own database user, made before it; the administrator's password is the Job's alone", () => {
    const users = [...blocks("kubernetes_deployment_v1"), ...blocks("kubernetes_job_v1")]
      .filter((block) => JSON.stringify(block).includes('"database-admin"'))
      .map((block) => (block["metadata"] as { name: string }).name);
    expect(users).toEqual([expect.stringMatching(/^database-user-/)]);
    const fastapi = json.resource?.["kubernetes_deployment_v1"]?.["fastapi"];
    expect(fastapi?.["depends_on"]).toContain("kubernetes_job_v1.database_user");
    const environment = JSON.stringify(fastapi?.["spec"]);
    expect(environment).toContain('{"name":"DATABASE_USER","value":"FASTAPI"}');
    expect(environment).toContain(
      '"DATABASE_PASSWORD","value_from":{"secret_key_ref":{"key":"password","name":"fastapi-database"}}',
    );
    expect(environment).toContain(
      '"DATABASE_DSN","value_from":{"secret_key_ref":{"key":"dsn","name":"fastapi-database-connection"}}',
    );
  });

  const DSN = "data.terraform_remote_state.oci_v2.outputs.database_connection_string";
  const digest = `substr(sha256(join("\\n", [${DSN}])), 0, 8)`;

  test("THEN other values restart what reads the Secret; Streamlit reads none", () => {
    const template = (name: string) =>
      (
        json.resource?.["kubernetes_deployment_v1"]?.[name]?.["spec"] as {
          template: { metadata: { annotations?: unknown } };
        }
      ).template;
    const version = (input: string, secret: string) =>
      `\${var.${input}}-\${substr(kubernetes_secret_v1.${secret}.metadata[0].uid, 0, 8)}`;
    expect(template("fastapi").metadata.annotations).toEqual({
      "socle/database-connection": `\${${digest}}`,
      "socle/database-secret": version("database_password_revision", "fastapi_database"),
      "socle/api-token-secret": version("api_token_revision", "api_token"),
    });
    expect(JSON.stringify(template("streamlit"))).not.toContain("secret");
  });

  test("THEN every Secret is written write-only with a revision, and the administrator's password is never kept", () => {
    const secrets = named("kubernetes_secret_v1").map(([name, { data, data_wo, data_wo_revision }]) => [
      name,
      data,
      Object.values(data_wo as Record<string, string>),
      data_wo_revision,
    ]);
    const generated = (name: string) => `\${ephemeral.random_password.${name}.result}`;
    expect(secrets.sort()).toEqual([
      ["api_token", undefined, [generated("api_token_token")], "${var.api_token_revision}"],
      [
        "database_admin",
        undefined,
        ["${var.autonomous_database_admin_password}"],
        "${var.autonomous_database_admin_password_revision}",
      ],
      ["fastapi_database", undefined, [generated("fastapi_database_password")], "${var.database_password_revision}"],
      ["fastapi_database_connection", undefined, [`\${${DSN}}`], `\${(parseint(${digest}, 16) + 1)}`],
      [
        "grafana_admin",
        undefined,
        [generated("grafana_admin_admin_password"), "admin"],
        "${var.grafana_password_revision}",
      ],
    ]);
    const uses = JSON.stringify(json).split("var.autonomous_database_admin_password}").length - 1;
    expect(uses).toBe(1);
    expect((json as TerraformJson & { variable: Record<string, unknown> }).variable).toMatchObject({
      autonomous_database_admin_password: { sensitive: true, ephemeral: true },
    });
    expect(layer.stateSecrets.map(({ what }) => what)).toEqual([
      "`data.terraform_remote_state.oci_v2`: `kubernetes_client_key`, `kubeconfig`",
    ]);
  });

  test("THEN the database's password is one that OCI takes: 12 to 30 characters of every class", () => {
    expect(json.ephemeral?.["random_password"]?.["fastapi_database_password"]).toEqual({
      length: 30,
      special: true,
      override_special: "_-",
      min_special: 1,
      min_lower: 1,
      min_upper: 1,
      min_numeric: 1,
    });
  });

  test("THEN it fits the node that is Always Free, with two thirds of its memory left", () => {
    const entry = layer.capacity?.();
    expect(entry).toMatchObject({ nodeCount: 1, available: { cpuMillis: 2000, memoryMib: 12288 } });
    expect(entry?.requested).toEqual({ cpuMillis: 1400, memoryMib: 4476 });
    expect(layer.node.findAll().flatMap(({ node }) => node.validate())).toEqual([]);
  });

  test("THEN ops get these outputs", () => {
    const outputs = Object.entries(json.output ?? {}) as unknown as [string, { value: string }][];
    const domain = "data.terraform_remote_state.oci_v2.outputs.domain_name";
    expect(Object.fromEntries(outputs.map(([name, { value }]) => [name, value]))).toEqual({
      app_address: `\${(length(${domain}) >= 1) ? ${domain} : data.terraform_remote_state.oci_v2.outputs.load_balancer_ip}`,
      grafana_command: "kubectl --namespace monitoring port-forward service/kube-prometheus-stack-grafana 3000:80",
      grafana_password_command:
        "kubectl --namespace monitoring get secret grafana-admin --output jsonpath='{.data.admin-password}' | base64 --decode",
      prometheus_command:
        "kubectl --namespace monitoring port-forward service/kube-prometheus-stack-prometheus 9090:9090",
      vault_command: "kubectl --namespace vault port-forward service/vault 8200:8200",
      vault_init_command:
        "kubectl --namespace vault exec vault-0 -- sh -c 'vault operator init -status || vault operator init'",
    });
  });

  test("THEN nothing of it is open by itself: the ports of the world are the earlier layer's", () => {
    expect(layer.openPorts).toEqual([]);
  });

  test("THEN the README has a section for each thing that ops do by hand", () => {
    expect(layer.readmeSections.map(({ title }) => title)).toEqual([
      "Before the apply",
      "What the images must do",
      "Vault",
      "Certificates",
      "Rotating the Secret grafana-admin",
      "Rotating the Secret database-admin",
      "Rotating the Secret fastapi-database",
      "Rotating the Secret api-token",
    ]);
  });
});
