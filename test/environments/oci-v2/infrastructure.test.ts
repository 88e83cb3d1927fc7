import { type OpenPort } from "../../../constructs/core/layer";
import { ociInfrastructure } from "../../../environments/oci-v2/infrastructure";
import { SETTINGS } from "../../../environments/oci-v2/settings";
import { jsonOf, testEnvironment } from "../../support/layers";

interface Rule {
  readonly direction: string;
  readonly protocol: string;
  readonly network_security_group_id: string;
  readonly source?: string;
  readonly destination?: string;
  readonly for_each?: string;
  readonly tcp_options?: { destination_port_range: { min: number; max: number } };
  readonly icmp_options?: { type: number; code: number };
}

describe("the layer oci-v2", () => {
  const layer = ociInfrastructure(testEnvironment("oci-v2", "http"), SETTINGS);
  const json = jsonOf(layer);
  const blocks = (type: string) => Object.values(json.resource?.[type] ?? {});
  const rules = blocks("oci_core_network_security_group_security_rule") as unknown as Rule[];
  const group = (id: string) => `\${oci_core_network_security_group.${id}.id}`;
  /** Who may reach what: group, protocol or port, and peer. */
  const matrix = (direction: string) =>
    rules
      .filter((rule) => rule.direction === direction)
      .map((rule) => {
        const { min, max } = rule.tcp_options?.destination_port_range ?? {};
        const icmp = rule.icmp_options ? `icmp ${rule.icmp_options.type}/${rule.icmp_options.code}` : undefined;
        const what = icmp ?? (min === undefined ? rule.protocol : min === max ? `tcp ${min}` : `tcp ${min}-${max}`);
        const peer = rule.for_each ?? rule.source ?? rule.destination ?? "";
        return `${rule.network_security_group_id} ${what} ${peer}`.replace(
          /\$\{oci_core_network_security_group\.(\w+)\.id\}/g,
          "$1",
        );
      })
      .sort();

  test("THEN 80 and 443 are open to the world, 22 and 6443 to admin_cidr_blocks, and nothing else is", () => {
    const outside = rules.filter(({ direction, source }) => direction === "INGRESS" && !source?.includes("_group."));

    expect(
      outside
        .filter(({ protocol }) => protocol !== "1")
        .map((rule) => [
          rule.network_security_group_id,
          rule.protocol,
          rule.tcp_options?.destination_port_range,
          rule.for_each ?? rule.source,
        ]),
    ).toEqual([
      [group("gateway"), "6", { min: 80, max: 80 }, "0.0.0.0/0"],
      [group("gateway"), "6", { min: 443, max: 443 }, "0.0.0.0/0"],
      [group("gateway"), "6", { min: 6443, max: 6443 }, "${toset(var.admin_cidr_blocks)}"],
      [group("gateway"), "6", { min: 22, max: 22 }, "${toset(var.admin_cidr_blocks)}"],
    ]);
    // No port: the answer "fragmentation needed".
    expect(outside.filter(({ protocol }) => protocol === "1").map((rule) => rule.icmp_options)).toEqual([
      { type: 3, code: 4 },
      { type: 3, code: 4 },
    ]);
    expect(layer.openPorts.map(({ port, from }: OpenPort) => [port, from])).toEqual([
      [80, "world"],
      [443, "world"],
      [6443, "admin_cidr_blocks"],
      [22, "admin_cidr_blocks"],
    ]);
  });

  test("THEN no security list opens anything beside the groups", () => {
    expect(blocks("oci_core_default_security_list")).toEqual([
      {
        manage_default_resource_id: "${oci_core_vcn.network.default_security_list_id}",
        display_name: "oci-v2-closed",
      },
    ]);
    expect(Object.keys(json.resource ?? {}).filter((type) => /security_list/.test(type))).toEqual([
      "oci_core_default_security_list",
    ]);
    for (const subnet of blocks("oci_core_subnet")) {
      expect(subnet).not.toHaveProperty("security_list_ids");
    }
  });

  test("THEN exactly these connections are let in", () => {
    expect(matrix("INGRESS")).toEqual(
      [
        "database_access tcp 1521 nodes",
        "gateway icmp 3/4 0.0.0.0/0",
        "gateway tcp 22 ${toset(var.admin_cidr_blocks)}",
        "gateway tcp 443 0.0.0.0/0",
        "gateway tcp 6443 ${toset(var.admin_cidr_blocks)}",
        "gateway tcp 80 0.0.0.0/0",
        "nodes all nodes",
        "nodes icmp 3/4 0.0.0.0/0",
        "nodes tcp 22 gateway",
        "nodes tcp 30080 gateway",
        "nodes tcp 30443 gateway",
        "nodes tcp 6443 gateway",
      ].sort(),
    );
  });

  test("THEN the load balancer reaches the nodes only, the nodes anything, the database nothing", () => {
    expect(matrix("EGRESS")).toEqual(
      [
        "gateway tcp 22 nodes",
        "gateway tcp 30080 nodes",
        "gateway tcp 30443 nodes",
        "gateway tcp 6443 nodes",
        "nodes all 0.0.0.0/0",
        "nodes tcp 1521 database_access",
      ].sort(),
    );
  });

  test("THEN the load balancer listens on what is open, and tells Traefik the client's address", () => {
    const sets = json.resource?.["oci_network_load_balancer_backend_set"];
    expect(
      blocks("oci_network_load_balancer_listener").map((listener) => {
        const set = /backend_set\.(\w+)\.name/.exec(String(listener["default_backend_set_name"]))?.[1] ?? "";
        const check = sets?.[set]?.["health_checker"] as { port: number };
        return [listener["port"], check.port, listener["is_ppv2enabled"]];
      }),
    ).toEqual([
      [6443, 6443, false],
      [22, 22, false],
      [80, 30080, true],
      [443, 30443, true],
    ]);
    expect(Object.keys(json.resource?.["oci_network_load_balancer_backend"] ?? {}).sort()).toEqual([
      "load_balancer_http_agent",
      "load_balancer_http_server",
      "load_balancer_https_agent",
      "load_balancer_https_server",
      "load_balancer_kubernetes_server",
      "load_balancer_ssh_server",
    ]);
  });

  test("WHILE it is free THEN nodes have public addresses in the public subnet, and there is no gateway to pay for", () => {
    for (const instance of blocks("oci_core_instance")) {
      expect(instance["create_vnic_details"]).toMatchObject({
        subnet_id: "${var.always_free ? oci_core_subnet.network_public.id : oci_core_subnet.network_private.id}",
        assign_public_ip: "${tostring(var.always_free)}",
        nsg_ids: [group("nodes")],
      });
    }
    for (const type of ["oci_core_nat_gateway", "oci_core_service_gateway"]) {
      expect(blocks(type).map(({ count }) => count)).toEqual(["${!var.always_free ? 1 : 0}"]);
    }
    expect(blocks("oci_limits_quota").map(({ count }) => count)).toEqual(["${var.always_free ? 1 : 0}"]);
  });

  test("WHILE it is free THEN the backups of all nodes together are never more than five", () => {
    expect(json.locals?.["kept_backup_weeks"]).toBe("${var.always_free ? (floor((5 / var.node_count)) - 1) : 4}");
    expect(blocks("oci_core_volume_backup_policy")[0]?.["schedules"]).toMatchObject([
      { period: "ONE_WEEK", retention_seconds: "${(local.kept_backup_weeks * 604800)}" },
    ]);
    // What always_free allows: for a moment there is one more than the weeks that are kept.
    for (const nodes of [1, 2]) {
      expect(nodes * (Math.floor(5 / nodes) - 1 + 1)).toBeLessThanOrEqual(5);
      expect(Math.floor(5 / nodes) - 1).toBeGreaterThanOrEqual(1);
    }
  });

  test("WHILE it is free THEN the database lets in the nodes' addresses only; else it is in its private subnet", () => {
    expect(blocks("oci_database_autonomous_database")[0]).toMatchObject({
      is_free_tier: "${var.always_free}",
      is_mtls_connection_required: false,
      whitelisted_ips:
        "${var.always_free ? concat([oci_core_instance.cluster_server.public_ip], oci_core_instance.cluster_agent[*].public_ip) : null}",
      subnet_id: "${var.always_free ? null : oci_core_subnet.network_database.id}",
      nsg_ids: "${var.always_free ? null : [oci_core_network_security_group.database_access.id]}",
      lifecycle: { prevent_destroy: true },
    });
  });

  test("THEN no provider has a credential, and identity and quotas are changed in the home region", () => {
    expect(json.provider).toEqual({
      oci: [
        { region: "${var.region}" },
        {
          alias: "home",
          region: "${data.oci_identity_region_subscriptions.home_region.region_subscriptions[0].region_name}",
        },
      ],
      http: [{}],
      random: [{}],
      tls: [{}],
    });
    for (const type of ["oci_identity_dynamic_group", "oci_identity_policy", "oci_limits_quota"]) {
      expect(blocks(type).map(({ provider }) => provider)).toEqual(["oci.home"]);
    }
  });

  test("GIVEN another region than the home one WHILE it is free THEN the plan fails and names the home region", () => {
    expect(json.data?.["oci_identity_region_subscriptions"]?.["home_region"]?.["lifecycle"]).toEqual({
      postcondition: [
        {
          condition: "${!var.always_free || self.region_subscriptions[0].region_name == var.region}",
          error_message:
            "Always Free compute and databases exist in the tenancy's home region only, which is ${self.region_subscriptions[0].region_name}: set region to it, or always_free to false.",
        },
      ],
    });
  });

  test("THEN the database's password goes to the database and nowhere else", () => {
    const uses = JSON.stringify({ ...json, variable: undefined }).match(/var\.autonomous_database_admin_password/g);
    expect(uses).toHaveLength(1);
  });

  test("THEN every secret of the state is said", () => {
    expect(layer.stateSecrets.map(({ what }) => what)).toEqual([
      "`tls_private_key.cluster_certificates_server_key.private_key_pem`",
      "`tls_private_key.cluster_certificates_client_key.private_key_pem`",
      "`tls_private_key.cluster_certificates_request_header_key.private_key_pem`",
      "`tls_private_key.cluster_certificates_admin_key.private_key_pem`",
      "`random_password.cluster_server_password.result`",
      "`random_password.cluster_agent_password.result`",
      "`oci_core_instance.cluster_server`: `metadata`",
      "`oci_core_instance.cluster_agent`: `metadata`",
      "`data.http.cluster_ready.client_key_pem`",
      "`oci_database_autonomous_database.database.admin_password`",
      "outputs `kubeconfig`, `kubernetes_client_key`",
    ]);
  });

  test("THEN ops and the next layer get these outputs; what needs the cluster waits for it", () => {
    const outputs = Object.entries(json.output ?? {}) as [string, { sensitive?: boolean; depends_on?: string[] }][];
    const names = (which: (output: { sensitive?: boolean; depends_on?: string[] }) => unknown) =>
      outputs.filter(([, output]) => which(output)).map(([name]) => name);

    expect(names(() => true).sort()).toEqual([
      "api_url",
      "app_url",
      "compartment_ocid",
      "database_admin_username",
      "database_connection_names",
      "database_connection_string",
      "database_id",
      "domain_name",
      "grafana_command",
      "grafana_url",
      "kms_crypto_endpoint",
      "kms_key_id",
      "kms_management_endpoint",
      "kubeconfig",
      "kubernetes_ca_certificate",
      "kubernetes_client_certificate",
      "kubernetes_client_key",
      "kubernetes_host",
      "load_balancer_ip",
      "node_public_ips",
      "region",
      "ssh_command",
      "vcn_cidr_block",
    ]);
    expect(names(({ sensitive }) => sensitive)).toEqual(["kubeconfig", "kubernetes_client_key"]);
    expect(names(({ depends_on: waits }) => waits?.includes("data.http.cluster_ready")).sort()).toEqual([
      "kubeconfig",
      "kubernetes_ca_certificate",
      "kubernetes_client_certificate",
      "kubernetes_client_key",
      "kubernetes_host",
    ]);
  });

  test("GIVEN a domain name or none THEN the URLs have it or the load balancer's address", () => {
    const address =
      "[for each in oci_network_load_balancer_network_load_balancer.load_balancer.ip_addresses : each.ip_address if each.is_public][0]";
    const host = `\${(length(var.domain_name) >= 1) ? var.domain_name : ${address}}`;
    expect(json.output).toMatchObject({
      app_url: { value: `http://${host}/` },
      api_url: { value: `http://${host}/api` },
    });
  });

  test("THEN the README has a section for each thing that ops do by hand", () => {
    expect(layer.readmeSections.map(({ title }) => title)).toEqual([
      "What it costs",
      "Rights",
      "First contact",
      "Out of host capacity",
      "Idle instances are reclaimed",
      "Beyond the free tier",
      "Replacing a node",
      "K3s upgrade",
      "Certificates",
      "Metadata of the nodes",
      "Taking it down",
    ]);
  });

  test("THEN what the README calls by its address is there", () => {
    const text = layer.readmeSections.map(({ body }) => body).join("\n");
    const addresses = [...text.matchAll(/\b(oci_[a-z_]+|tls_[a-z_]+)\.(\w+)/g)];
    for (const [, type, name] of addresses) {
      expect(json.resource?.[type ?? ""]).toHaveProperty(name ?? "");
    }
    expect(new Set(addresses.map(([address]) => address))).toEqual(
      new Set([
        "oci_core_instance.cluster_agent",
        "oci_core_instance.cluster_server",
        "oci_database_autonomous_database.database",
        "oci_kms_key.unseal",
        "oci_kms_vault.unseal_vault",
      ]),
    );
  });
});
