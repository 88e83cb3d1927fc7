import { EbsVolume } from "@cdktf/provider-aws/lib/ebs-volume";
import { DataAwsSecretsmanagerRandomPassword } from "@cdktf/provider-aws/lib/data-aws-secretsmanager-random-password";
import { DbInstance } from "@cdktf/provider-aws/lib/db-instance";
import { S3Bucket } from "@cdktf/provider-aws/lib/s3-bucket";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import { CloudflareProvider } from "@cdktf/provider-cloudflare/lib/provider";
import {
  CoreDefaultSecurityList,
  type CoreDefaultSecurityListIngressSecurityRules,
} from "@cdktf/provider-oci/lib/core-default-security-list";
import { Container } from "@cdktf/provider-docker/lib/container";
import { Volume as DockerVolume } from "@cdktf/provider-docker/lib/volume";
import { Database as PostgresqlDatabase } from "@cdktf/provider-postgresql/lib/database";
import { CoreNetworkSecurityGroupSecurityRule } from "@cdktf/provider-oci/lib/core-network-security-group-security-rule";
import { DatabaseAutonomousDatabase } from "@cdktf/provider-oci/lib/database-autonomous-database";
import { KmsKey } from "@cdktf/provider-oci/lib/kms-key";
import { KmsVault } from "@cdktf/provider-oci/lib/kms-vault";
import { Firewall } from "@cdktf/provider-hcloud/lib/firewall";
import { LoadBalancer } from "@cdktf/provider-hcloud/lib/load-balancer";
import { LoadBalancerNetwork } from "@cdktf/provider-hcloud/lib/load-balancer-network";
import { LoadBalancerService } from "@cdktf/provider-hcloud/lib/load-balancer-service";
import { Volume } from "@cdktf/provider-hcloud/lib/volume";
import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { Release } from "@cdktf/provider-helm/lib/release";
import { TerraformResource, TerraformVariable, Token } from "cdktf";
import { type Layer } from "../../../constructs/core/layer";
import {
  clusterObjectsAreDistinct,
  containersStayOnLoopback,
  ENVIRONMENT_POLICIES,
  POLICIES,
  type Policy,
  secretsAreReferences,
  statefulResourcesAreKept,
  worldPortsAreDeclared,
} from "../../../constructs/policy/policies";
import { jsonOf, testLayer } from "../../support/layers";

function violations(policy: Policy, build: (layer: Layer) => void): string[] {
  const layer = testLayer();
  build(layer);
  return policy(layer, jsonOf(layer));
}

test("GIVEN the policies WHEN they are listed THEN every one is checked", () => {
  expect(POLICIES).toEqual([
    statefulResourcesAreKept,
    worldPortsAreDeclared,
    containersStayOnLoopback,
    secretsAreReferences,
  ]);
});

test("GIVEN the policies of environments WHEN they are listed THEN every one is checked", () => {
  expect(ENVIRONMENT_POLICIES).toEqual([clusterObjectsAreDistinct]);
});

test.each(POLICIES.map((policy) => [policy]))(
  "GIVEN an empty layer WHEN it is checked THEN %p says nothing",
  (policy) => {
    expect(violations(policy, () => {})).toEqual([]);
  },
);

describe("statefulResourcesAreKept", () => {
  const volume = { availabilityZone: "eu-west-1a", size: 20 };

  test("GIVEN prevent_destroy WHEN a volume and a bucket are checked THEN nothing is said", () => {
    const lifecycle = { preventDestroy: true };

    expect(
      violations(statefulResourcesAreKept, (layer) => {
        new EbsVolume(layer, "data", { ...volume, lifecycle });
        new S3Bucket(layer, "dumps", { lifecycle });
      }),
    ).toEqual([]);
  });

  test("fails for a database and an unsealing key of OCI without it", () => {
    expect(
      violations(statefulResourcesAreKept, (layer) => {
        new DatabaseAutonomousDatabase(layer, "database", { compartmentId: "c", dbName: "app" });
        new KmsVault(layer, "vault", { compartmentId: "c", displayName: "app", vaultType: "DEFAULT" });
        new KmsKey(layer, "key", {
          compartmentId: "c",
          displayName: "app",
          managementEndpoint: "https://kms.invalid",
          keyShape: { algorithm: "AES", length: 32 },
        });
      }),
    ).toEqual([
      "oci_database_autonomous_database.database holds data and lacks lifecycle.prevent_destroy",
      "oci_kms_vault.vault holds data and lacks lifecycle.prevent_destroy",
      "oci_kms_key.key holds data and lacks lifecycle.prevent_destroy",
    ]);
  });

  test("fails for each without it", () => {
    expect(
      violations(statefulResourcesAreKept, (layer) => {
        new EbsVolume(layer, "data", volume);
        new Volume(layer, "files", { name: "files", size: 10 });
        new S3Bucket(layer, "dumps", { lifecycle: { preventDestroy: false } });
        new S3Bucket(layer, "logs", { lifecycle: { createBeforeDestroy: true } });
      }),
    ).toEqual([
      "aws_s3_bucket.dumps holds data and lacks lifecycle.prevent_destroy",
      "aws_s3_bucket.logs holds data and lacks lifecycle.prevent_destroy",
      "aws_ebs_volume.data holds data and lacks lifecycle.prevent_destroy",
      "hcloud_volume.files holds data and lacks lifecycle.prevent_destroy",
    ]);
  });
});

describe("statefulResourcesAreKept of a workstation", () => {
  test.each([true, false])("GIVEN prevent_destroy = %s in so many words THEN nothing is said", (preventDestroy) => {
    expect(
      violations(statefulResourcesAreKept, (layer) => {
        new DockerVolume(layer, "data", { name: "data", lifecycle: { preventDestroy } });
        new PostgresqlDatabase(layer, "database", { name: "data", lifecycle: { preventDestroy } });
      }),
    ).toEqual([]);
  });

  test("fails for a volume of Docker and a database that say nothing", () => {
    expect(
      violations(statefulResourcesAreKept, (layer) => {
        new DockerVolume(layer, "data", { name: "data" });
        new DockerVolume(layer, "more", { name: "more", lifecycle: { createBeforeDestroy: true } });
        new PostgresqlDatabase(layer, "database", { name: "data" });
      }),
    ).toEqual([
      "docker_volume.data holds data and lacks lifecycle.prevent_destroy",
      "docker_volume.more holds data and lacks lifecycle.prevent_destroy",
      "postgresql_database.database holds data and lacks lifecycle.prevent_destroy",
    ]);
  });
});

describe("containersStayOnLoopback", () => {
  const container = (layer: Layer, id: string, config: object) =>
    new Container(layer, id, { name: id, image: "image", ...config });

  test("GIVEN containers without ports, and with some on 127.0.0.1 WHEN they are checked THEN nothing is said", () => {
    expect(
      violations(containersStayOnLoopback, (layer) => {
        container(layer, "none", {});
        container(layer, "some", { ports: [{ internal: 80, external: 8080, ip: "127.0.0.1" }] });
        container(layer, "own", { networkMode: "bridge", publishAllPorts: false });
      }),
    ).toEqual([]);
  });

  test("fails for a port on another address, on none, and on one that is an input", () => {
    expect(
      violations(containersStayOnLoopback, (layer) => {
        const ip = new TerraformVariable(layer, "address", { type: "string" }).stringValue;
        container(layer, "web", {
          ports: [
            { internal: 80, ip: "127.0.0.1" },
            { internal: 81, ip: "0.0.0.0" },
            { internal: 82 },
            { internal: 83, ip: "192.168.1.10" },
            { internal: 84, ip },
          ],
        });
      }),
    ).toEqual([
      "docker_container.web publishes port 81 on 0.0.0.0, not 127.0.0.1",
      "docker_container.web publishes port 82 on every address, not 127.0.0.1",
      "docker_container.web publishes port 83 on 192.168.1.10, not 127.0.0.1",
      "docker_container.web publishes port 84 on ${var.address}, not 127.0.0.1",
    ]);
  });

  test("fails for all ports at once, and for the host's network", () => {
    expect(
      violations(containersStayOnLoopback, (layer) => {
        container(layer, "all", { publishAllPorts: true });
        container(layer, "host", { networkMode: "host" });
      }),
    ).toEqual([
      "docker_container.all publishes all ports, on every address",
      "docker_container.host has the host's network, and listens on every address",
    ]);
  });
});

describe("worldPortsAreDeclared", () => {
  const rule = (layer: Layer, id: string, source: object, ports: object) =>
    new VpcSecurityGroupIngressRule(layer, id, { securityGroupId: "sg-1", ipProtocol: "tcp", ...source, ...ports });
  const ANYONE = { cidrIpv4: "0.0.0.0/0" };
  const HTTP = { fromPort: 80, toPort: 80 };

  test("GIVEN a declared port WHEN it is open to the world over IPv4 and IPv6 THEN nothing is said", () => {
    expect(
      violations(worldPortsAreDeclared, (layer) => {
        layer.addOpenPort({ port: 80, protocol: "tcp", from: "world", purpose: "HTTP" });
        rule(layer, "ipv4", ANYONE, HTTP);
        rule(layer, "ipv6", { cidrIpv6: "::/0" }, HTTP);
      }),
    ).toEqual([]);
  });

  test("GIVEN Hetzner's firewall WHEN it opens to some, to all what is declared, or outwards THEN nothing is said", () => {
    const rule = { protocol: "tcp", port: "80" };
    expect(
      violations(worldPortsAreDeclared, (layer) => {
        layer.addOpenPort({ port: 80, protocol: "tcp", from: "world", purpose: "HTTP" });
        new Firewall(layer, "nodes", {
          name: "nodes",
          rule: [
            { ...rule, direction: "in", sourceIps: ["0.0.0.0/0", "::/0"] },
            { ...rule, direction: "in", port: "22", sourceIps: ["203.0.113.0/24"] },
            { ...rule, direction: "out", port: "any", destinationIps: ["0.0.0.0/0"] },
          ],
        });
        new LoadBalancerService(layer, "http", { loadBalancerId: "1", protocol: "tcp", listenPort: 80 });
      }),
    ).toEqual([]);
  });

  test("fails for what Hetzner's firewall and load balancer open to the world undeclared", () => {
    const rule = { direction: "in", protocol: "tcp", sourceIps: ["0.0.0.0/0"] };
    expect(
      violations(worldPortsAreDeclared, (layer) => {
        new Firewall(layer, "nodes", {
          name: "nodes",
          rule: [
            { ...rule, port: "22" },
            { ...rule, port: "80-85" },
            { ...rule, port: "any" },
            { direction: "in", protocol: "icmp", sourceIps: ["::/0"] },
          ],
        });
        new LoadBalancerService(layer, "https", { loadBalancerId: "1", protocol: "tcp", listenPort: 443 });
      }),
    ).toEqual([
      "hcloud_firewall.nodes opens port 22 to the world without declaring it",
      "hcloud_firewall.nodes opens ports 80 to 85 to the world without declaring it",
      "hcloud_firewall.nodes opens all ports to the world without declaring it",
      "hcloud_firewall.nodes opens all ports to the world without declaring it",
      "hcloud_load_balancer_service.https opens port 443 to the world without declaring it",
    ]);
  });

  test.each([
    ["no public interface", false, []],
    ["one", true, ["hcloud_load_balancer_service.api opens port 6443 to the world without declaring it"]],
  ])(
    "GIVEN a load balancer with %s WHEN it listens undeclared THEN it is a violation if the world reaches it",
    (_case, enablePublicInterface, expected) => {
      expect(
        violations(worldPortsAreDeclared, (layer) => {
          const loadBalancer = new LoadBalancer(layer, "balancer", { name: "api", loadBalancerType: "lb11" });
          const loadBalancerId = Token.asNumber(loadBalancer.id);
          new LoadBalancerNetwork(layer, "network", { loadBalancerId, networkId: 1, enablePublicInterface });
          new LoadBalancerService(layer, "api", { loadBalancerId: loadBalancer.id, protocol: "tcp", listenPort: 6443 });
        }),
      ).toEqual(expected);
    },
  );

  test("GIVEN an undeclared port WHEN it is open to some THEN nothing is said", () => {
    expect(
      violations(worldPortsAreDeclared, (layer) => rule(layer, "office", { cidrIpv4: "203.0.113.0/24" }, HTTP)),
    ).toEqual([]);
  });

  test.each([
    ["over IPv4", ANYONE],
    ["over IPv6", { cidrIpv6: "::/0" }],
  ])("fails for an undeclared port that is open to the world %s", (_how, source) => {
    expect(violations(worldPortsAreDeclared, (layer) => rule(layer, "http", source, HTTP))).toEqual([
      "aws_vpc_security_group_ingress_rule.http opens port 80 to the world without declaring it",
    ]);
  });

  test("fails for another port than the declared one, and for one that is declared for some only", () => {
    expect(
      violations(worldPortsAreDeclared, (layer) => {
        layer.addOpenPort({ port: 443, protocol: "tcp", from: "world", purpose: "HTTPS" });
        layer.addOpenPort({ port: 22, protocol: "tcp", from: "admin_cidr_blocks", purpose: "SSH" });
        rule(layer, "http", ANYONE, HTTP);
        rule(layer, "ssh", ANYONE, { fromPort: 22, toPort: 22 });
      }),
    ).toEqual([
      "aws_vpc_security_group_ingress_rule.http opens port 80 to the world without declaring it",
      "aws_vpc_security_group_ingress_rule.ssh opens port 22 to the world without declaring it",
    ]);
  });

  test("fails for a range of ports even if its first one is declared, and for all ports", () => {
    expect(
      violations(worldPortsAreDeclared, (layer) => {
        layer.addOpenPort({ port: 80, protocol: "tcp", from: "world", purpose: "HTTP" });
        rule(layer, "range", ANYONE, { fromPort: 80, toPort: 90 });
        rule(layer, "all", ANYONE, { ipProtocol: "-1" });
      }),
    ).toEqual([
      "aws_vpc_security_group_ingress_rule.range opens ports 80 to 90 to the world without declaring it",
      "aws_vpc_security_group_ingress_rule.all opens all ports to the world without declaring it",
    ]);
  });
});

describe("worldPortsAreDeclared on OCI", () => {
  const rule = (layer: Layer, id: string, config: object) =>
    new CoreNetworkSecurityGroupSecurityRule(layer, id, {
      networkSecurityGroupId: "nsg-1",
      direction: "INGRESS",
      protocol: "6",
      source: "0.0.0.0/0",
      sourceType: "CIDR_BLOCK",
      ...config,
    });
  const ports = (min: number, max = min) => ({ tcpOptions: { destinationPortRange: { min, max } } });
  const list = (layer: Layer, rules: object[]) =>
    new CoreDefaultSecurityList(layer, "default", {
      manageDefaultResourceId: "list-1",
      ingressSecurityRules: rules as CoreDefaultSecurityListIngressSecurityRules[],
    });

  test("GIVEN a declared port, one for some, an answer of ICMP and a way out WHEN they are checked THEN nothing is said", () => {
    expect(
      violations(worldPortsAreDeclared, (layer) => {
        layer.addOpenPort({ port: 443, protocol: "tcp", from: "world", purpose: "HTTPS" });
        rule(layer, "https", ports(443));
        rule(layer, "office", { ...ports(22), source: "203.0.113.0/24" });
        rule(layer, "group", { ...ports(22), source: "nsg-2", sourceType: "NETWORK_SECURITY_GROUP" });
        rule(layer, "path_mtu", { protocol: "1", icmpOptions: { type: 3, code: 4 } });
        rule(layer, "out", { direction: "EGRESS", protocol: "all", destination: "0.0.0.0/0", source: undefined });
        list(layer, []);
      }),
    ).toEqual([]);
  });

  test("fails for an undeclared port, a range with a declared one, UDP, all of TCP, everything, and a ping", () => {
    expect(
      violations(worldPortsAreDeclared, (layer) => {
        layer.addOpenPort({ port: 443, protocol: "tcp", from: "world", purpose: "HTTPS" });
        rule(layer, "ssh", ports(22));
        rule(layer, "range", ports(443, 444));
        rule(layer, "ipv6", { ...ports(80), source: "::/0" });
        rule(layer, "dns", { protocol: "17", udpOptions: { destinationPortRange: { min: 53, max: 53 } } });
        rule(layer, "tcp", {});
        rule(layer, "everything", { protocol: "all" });
        rule(layer, "ping", { protocol: "1", icmpOptions: { type: 8 } });
      }).map((violation) => violation.replace("oci_core_network_security_group_security_rule.", "")),
    ).toEqual([
      "ssh opens port 22 to the world without declaring it",
      "range opens ports 443 to 444 to the world without declaring it",
      "ipv6 opens port 80 to the world without declaring it",
      "dns opens port 53 to the world without declaring it",
      "tcp opens all ports to the world without declaring it",
      "everything opens all ports to the world without declaring it",
      "ping opens all ports to the world without declaring it",
    ]);
  });

  test("fails for rules of the default security list", () => {
    expect(
      violations(worldPortsAreDeclared, (layer) =>
        list(layer, [
          { protocol: "6", source: "0.0.0.0/0", tcpOptions: { min: 22, max: 22 } },
          { protocol: "6", source: "10.0.0.0/16" },
          { protocol: "all", source: "0.0.0.0/0" },
        ]),
      ),
    ).toEqual([
      "oci_core_default_security_list.default opens port 22 to the world without declaring it",
      "oci_core_default_security_list.default opens all ports to the world without declaring it",
    ]);
  });
});

describe("secretsAreReferences", () => {
  const resource = (layer: Layer, attributes: Record<string, unknown>) => {
    const made = new TerraformResource(layer, "x", { terraformResourceType: "acme_thing" });
    Object.entries(attributes).forEach(([name, value]) => made.addOverride(name, value));
  };

  test("GIVEN secrets from an input WHEN they are checked THEN nothing is said", () => {
    expect(
      violations(secretsAreReferences, (layer) => {
        const token = new TerraformVariable(layer, "token", { type: "string", sensitive: true }).stringValue;
        new DbInstance(layer, "db", { instanceClass: "db.t4g.micro", password: token });
        new CloudflareProvider(layer, "cloudflare", { apiToken: token });
        resource(layer, { config: [{ token, value_wo: `a ${token}` }] });
      }),
    ).toEqual([]);
  });

  test.each([
    "password",
    "password_wo",
    "value_wo",
    "data_json_wo",
    "secret",
    "client_secret",
    "token",
    "api_token",
    "private_key",
  ])("fails for a literal %s", (name) => {
    expect(violations(secretsAreReferences, (layer) => resource(layer, { [name]: "hunter2" }))).toEqual([
      `acme_thing.x.${name} is a literal: take it from a sensitive input`,
    ]);
  });

  test.each([
    ["a version of a write-only attribute", { password_wo_version: "1" }],
    ["what only sounds like a secret", { password_policy: "strict", http_tokens: "required", tokens: "3" }],
    ["a number and a flag", { token: 3, password: true }],
    ["a null", { password: null }],
  ])("GIVEN %s WHEN it is checked THEN nothing is said", (_what, attributes) => {
    expect(violations(secretsAreReferences, (layer) => resource(layer, attributes))).toEqual([]);
  });

  test("fails for a literal in a block of a resource, giving its path", () => {
    expect(
      violations(secretsAreReferences, (layer) =>
        resource(layer, { login: [{ user: "a" }, { user: "b", token: "c" }] }),
      ),
    ).toEqual(["acme_thing.x.login.1.token is a literal: take it from a sensitive input"]);
  });

  test("fails for a literal in a provider", () => {
    expect(
      violations(secretsAreReferences, (layer) => new CloudflareProvider(layer, "cloudflare", { apiToken: "hunter2" })),
    ).toEqual(["provider.cloudflare.api_token is a literal: take it from a sensitive input"]);
  });

  test("fails for a literal in a data source and in an ephemeral resource", () => {
    expect(
      violations(secretsAreReferences, (layer) => {
        new DataAwsSecretsmanagerRandomPassword(layer, "generated").addOverride("token", "hunter2");
        layer.addOverride("ephemeral.acme_login.main", { password: "hunter2" });
      }),
    ).toEqual([
      "data.aws_secretsmanager_random_password.generated.token is a literal: take it from a sensitive input",
      "ephemeral.acme_login.main.password is a literal: take it from a sensitive input",
    ]);
  });
});

describe("clusterObjectsAreDistinct", () => {
  const jsons = (...builds: ((layer: Layer) => void)[]) =>
    new Map(
      builds.map((build) => {
        const layer = testLayer();
        build(layer);
        return [layer, jsonOf(layer)] as const;
      }),
    );
  const release = (name: string, namespace: string) => (layer: Layer) =>
    void new Release(layer, "release", { name, namespace, chart: "chart" });
  const configMap = (name: string, namespace: string) => (layer: Layer) =>
    void new ConfigMapV1(layer, "config", { metadata: { name, namespace } });

  test("GIVEN other names, namespaces and types WHEN layers are checked THEN nothing is said", () => {
    expect(
      clusterObjectsAreDistinct(
        jsons(
          release("vault", "vault"),
          release("vault", "data"),
          release("store", "vault"),
          configMap("vault", "vault"),
        ),
      ),
    ).toEqual([]);
  });

  test("fails for a Helm release and an object that two layers make", () => {
    expect(clusterObjectsAreDistinct(jsons(release("vault", "vault"), release("vault", "vault")))).toEqual([
      'helm_release.release of test is the same object as helm_release.release of test: both are "vault" in "vault"',
    ]);
    expect(clusterObjectsAreDistinct(jsons(configMap("a", "b"), configMap("a", "b")))).toEqual([
      'kubernetes_config_map_v1.config of test is the same object as kubernetes_config_map_v1.config of test: both are "a" in "b"',
    ]);
  });
});
