import { TerraformCount } from "cdktf";
import {
  HETZNER_SERVER_TYPES,
  HetznerServer,
  type HetznerServerProps,
} from "../../../constructs/compute/hetzner-server";
import { HetznerFirewall } from "../../../constructs/network/hetzner-firewall";
import { HetznerNetwork } from "../../../constructs/network/hetzner-network";
import { synthesizeLayer } from "../../support/construct";

describe("HetznerServer", () => {
  const build = (props: Partial<HetznerServerProps>) =>
    synthesizeLayer((scope) => {
      const network = new HetznerNetwork(scope, "network", {
        name: "app",
        cidrBlock: "10.40.0.0/16",
        deleteProtection: false,
      });
      new HetznerServer(scope, "node", {
        name: "app-node",
        serverType: "cpx22",
        location: "nbg1",
        network,
        firewall: new HetznerFirewall(scope, "firewall", { name: "app" }),
        placementGroupId: 5,
        sshKeyId: "6",
        backups: true,
        protection: true,
        userData: "#cloud-config\n",
        ...props,
      });
    }).json.resource?.["hcloud_server"]?.["node"];

  test("GIVEN one THEN it is as asked for, behind the firewall, protected, and never replaced by accident", () => {
    expect(build({ privateIp: "10.40.0.250", primaryIpId: 7 })).toEqual({
      name: "app-node",
      server_type: "cpx22",
      image: "ubuntu-24.04",
      location: "nbg1",
      ssh_keys: ["6"],
      firewall_ids: ["${hcloud_firewall.firewall.id}"],
      placement_group_id: 5,
      public_net: [{ ipv4_enabled: true, ipv4: 7, ipv6_enabled: false }],
      network: [{ network_id: "${hcloud_network.network.id}", ip: "10.40.0.250" }],
      backups: true,
      delete_protection: true,
      rebuild_protection: true,
      keep_disk: true,
      shutdown_before_deletion: true,
      user_data: "${local.node_user_data}",
      depends_on: ["hcloud_network_subnet.network_servers"],
      lifecycle: {
        ignore_changes: ["image", "location", "ssh_keys", "user_data"],
        precondition: [
          {
            condition: '${(floor(((length(trim(base64encode(local.node_user_data), "=")) * 3) / 4)) <= 32768)}',
            error_message: "The user data has more than 32768 bytes with these inputs: shorten the names among them.",
          },
        ],
      },
    });
  });

  test("GIVEN a count THEN names are numbered from 1 on, and addresses are Hetzner's choice", () => {
    expect(build({ count: TerraformCount.of(2), backups: false, protection: false })).toMatchObject({
      count: 2,
      name: "app-node-${(count.index + 1)}",
      public_net: [{ ipv4_enabled: true, ipv6_enabled: false }],
      network: [{ network_id: "${hcloud_network.network.id}" }],
      backups: false,
      delete_protection: false,
      rebuild_protection: false,
    });
  });
});

test("THEN what cannot be ordered any more is not among the known types, and the others have what they cost", () => {
  expect(HETZNER_SERVER_TYPES).not.toHaveProperty("cpx21");
  expect(HETZNER_SERVER_TYPES["cpx22"]).toEqual({ vcpus: 2, memoryGib: 4, eurPerMonth: 19.49 });
  expect(HETZNER_SERVER_TYPES["cpx32"]).toEqual({ vcpus: 4, memoryGib: 8, eurPerMonth: 35.49 });
});
