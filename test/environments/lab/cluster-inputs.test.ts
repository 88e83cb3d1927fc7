import { labCluster } from "../../../environments/lab/cluster";
import { nodeMemoryMib } from "../../../environments/lab/cluster-inputs";
import { labServices } from "../../../environments/lab/services";
import { SETTINGS } from "../../../environments/lab/settings";
import { imageTag } from "../../../tools/lab/images";
import { refusal } from "../../support/inputs";
import { jsonOf, testEnvironment } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";

function inputsOf(agents: number) {
  const environment = testEnvironment("lab");
  const settings = { ...SETTINGS, agents };
  return jsonOf(labCluster(environment, settings, labServices(environment, settings)));
}

const json = inputsOf(1);
const DIGEST = `sha256:${"0a".repeat(32)}`;

test("GIVEN the layer THEN its inputs have these types and defaults, and none of them is a secret", () => {
  const variables = Object.entries(json.variable ?? {});

  expect(Object.fromEntries(variables.map(([name, { type, default: value }]) => [name, [type, value]]))).toEqual({
    agent_memory_mib: ["number", 9216],
    dns_servers: ["list(string)", ["1.1.1.1", "9.9.9.9"]],
    gpu: ["bool", false],
    gpu_image: ["string", `127.0.0.1:5001/lab/k3s-gpu:${imageTag("images/k3s-gpu")}`],
    k3s_digest: ["string", ""],
    server_memory_mib: ["number", 9216],
    wsl_driver_folder: ["string", "/usr/lib/wsl"],
  });
  expect(variables.filter(([, { sensitive }]) => sensitive)).toEqual([]);
  expect(variables.filter(([, { nullable }]) => nullable !== false)).toEqual([]);
});

test("GIVEN no agent THEN nobody is asked for its memory, and the server has all that the other containers leave", () => {
  const { variable } = inputsOf(0);

  expect(variable).not.toHaveProperty("agent_memory_mib");
  expect(variable?.["server_memory_mib"]?.default).toBe(24 * 1024 - (1024 + 256 + 256 + 4608));
});

test("GIVEN more agents THEN nodes share the same memory, and never take more", () => {
  expect(nodeMemoryMib({ ...SETTINGS, agents: 4 })).toBe(3686);
});

test("fails when the nodes would have too little memory, with what takes it", () => {
  const workstation = { ...SETTINGS.workstation, memoryMib: 8192 };

  expect(nodeMemoryMib({ workstation, agents: 0 })).toBe(2048);
  expect(() => nodeMemoryMib({ workstation, agents: 1 })).toThrow(
    "settings of lab: workstation.memoryMib is 8192 and agents is 1: beside 6144 MiB of other containers that leaves 1024 MiB for each node, and K3s and a few pods need 2048; give more memory or take fewer agents",
  );
});

describeWithTerraform("the inputs of lab-cluster", () => {
  test.each<[string, Record<string, unknown>]>([
    ["nothing", {}],
    ["another digest", { k3s_digest: DIGEST }],
    ["the least memory", { server_memory_mib: 2048, agent_memory_mib: 2048 }],
    ["three resolvers of a private network", { dns_servers: ["10.0.0.53", "172.16.0.1", "192.168.1.1"] }],
    ["a card on a Linux of its own", { gpu: true, wsl_driver_folder: "", gpu_image: "registry:5000/k3s_gpu:v1" }],
  ])("GIVEN %s THEN Terraform accepts them", (_case, values) => {
    expect(refusal(json, values)).toBe("");
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["a short digest", { k3s_digest: "sha256:0a" }, 'k3s_digest takes a digest such as "sha256:"'],
    ["little memory", { server_memory_mib: 2047 }, "server_memory_mib takes a whole number from 2048 on"],
    ["half a MiB", { agent_memory_mib: 4096.5 }, "agent_memory_mib takes a whole number from 2048 on"],
    ["no resolver", { dns_servers: [] }, 'dns_servers takes IPv4 addresses such as "1.1.1.1", at least one'],
    ["a resolver by its name", { dns_servers: ["dns.example"] }, "dns_servers takes IPv4 addresses"],
    ["an address that is none", { dns_servers: ["1.1.1.256"] }, "dns_servers takes IPv4 addresses"],
    ["Docker's resolver", { dns_servers: ["127.0.0.11"] }, "which in a pod is the pod itself"],
    ["four resolvers", { dns_servers: ["1.1.1.1", "1.0.0.1", "9.9.9.9", "8.8.8.8"] }, "more than three addresses"],
    ["an image without a tag", { gpu_image: "127.0.0.1:5001/lab/k3s-gpu" }, "gpu_image takes an image with its tag"],
    ["a relative folder", { wsl_driver_folder: "lib/wsl" }, "wsl_driver_folder takes an absolute path"],
    ["gpu in words", { gpu: "all" }, "a bool is required"],
  ])("fails for %s", (_case, values, message) => {
    expect(refusal(json, values)).toContain(message);
  });
});
