import { TerraformVariable, type TerraformVariableConfig } from "cdktf";
import { LEAST_MEMORY_MIB } from "../../constructs/cluster/k3s-docker-cluster";
import { SocleError } from "../../constructs/core/error";
import { matches, wholeNumber } from "../../constructs/core/input-validation";
import { type Layer } from "../../constructs/core/layer";
import { CONTAINER_MEMORY_MIB } from "./container-memory";
import { imageTag } from "./images";
import { CONTAINERS } from "./network";
import { type LabSettings } from "./settings";

/**
 * What a k3s node may take by default: its share of what the workstation gives and the other containers leave.
 *
 * @throws SocleError when that is less than a node needs
 */
export function nodeMemoryMib({ workstation, agents }: Pick<LabSettings, "workstation" | "agents">): number {
  const containers = Object.values(CONTAINER_MEMORY_MIB).reduce((sum, memoryMib) => sum + memoryMib, 0);
  const share = Math.floor((workstation.memoryMib - containers) / (1 + agents));
  SocleError.throwIfAny(
    "settings of lab",
    share >= LEAST_MEMORY_MIB
      ? []
      : [
          `workstation.memoryMib is ${workstation.memoryMib} and agents is ${agents}: beside ${containers} MiB of other containers that leaves ${share} MiB for each node, and K3s and a few pods need ${LEAST_MEMORY_MIB}; give more memory or take fewer agents`,
        ],
  );
  return share;
}

/** The node's image with NVIDIA's runtime, where `make lab-up` pushes it to: Docker takes HTTP from 127.0.0.1 alone. */
const GPU_IMAGE = `127.0.0.1:${CONTAINERS.registry.port}/lab/k3s-gpu:${imageTag("k3s-gpu")}`;

/** The choices of the lab's user for the layer lab-cluster, each a Terraform variable of it. */
export type ClusterInputs = ReturnType<typeof clusterInputs>;

export function clusterInputs(layer: Layer, settings: LabSettings) {
  const input = (name: string, config: TerraformVariableConfig) =>
    new TerraformVariable(layer, name, { nullable: false, ...config });
  const memory = (name: string, description: string) =>
    input(name, {
      type: "number",
      description,
      default: nodeMemoryMib(settings),
      validation: [wholeNumber(name, LEAST_MEMORY_MIB)],
    });
  return {
    imageDigest: input("k3s_digest", {
      type: "string",
      description: `Digest that ${settings.images.k3s} must have, such as sha256:…; empty for whatever the tag has when it is first pulled.`,
      default: "",
      validation: [
        matches(
          "k3s_digest",
          "^(sha256:[0-9a-f]{64})?$",
          'k3s_digest takes a digest such as "sha256:" and 64 hexadecimal digits in lower case, or nothing.',
        ),
      ],
    }),
    serverMemoryMib: memory("server_memory_mib", "Most memory that the server and its pods may take, in MiB."),
    ...(settings.agents === 0
      ? {}
      : { agentMemoryMib: memory("agent_memory_mib", "Most memory that each agent and its pods may take, in MiB.") }),
    dnsServers: input("dns_servers", {
      type: "list(string)",
      description:
        "IPv4 addresses of the resolvers that pods' queries for other names than the lab's go to. Docker's own cannot be reached from a pod; behind a VPN take that network's.",
      default: ["1.1.1.1", "9.9.9.9"],
      validation: [
        {
          condition:
            '${length(var.dns_servers) > 0 && alltrue([for server in var.dns_servers : can(regex("^[0-9]+([.][0-9]+){3}$", server)) && can(cidrhost(format("%s/32", server), 0))])}',
          errorMessage: 'dns_servers takes IPv4 addresses such as "1.1.1.1", at least one.',
        },
        {
          condition: '${!anytrue([for server in var.dns_servers : startswith(server, "127.")])}',
          errorMessage: "dns_servers has an address of loopback, which in a pod is the pod itself.",
        },
        {
          // The C library reads no more, and the kubelet complains of them.
          condition: "${length(var.dns_servers) <= 3}",
          errorMessage: "dns_servers has more than three addresses, which is what a resolver reads.",
        },
      ],
    }),
    gpu: input("gpu", {
      type: "bool",
      description:
        "Whether pods may use the NVIDIA card: Docker needs the NVIDIA Container Toolkit, and the image gpu_image has to be built.",
      default: false,
    }),
    gpuImage: input("gpu_image", {
      type: "string",
      description: "Image of the node with the card, built from images/k3s-gpu; used only with gpu = true.",
      default: GPU_IMAGE,
      validation: [
        matches(
          "gpu_image",
          "^[a-z0-9][a-z0-9./:_-]*:[A-Za-z0-9_][A-Za-z0-9_.-]*$",
          `gpu_image takes an image with its tag, such as "${GPU_IMAGE}".`,
        ),
      ],
    }),
    driverFolder: input("wsl_driver_folder", {
      type: "string",
      description:
        "Folder in which WSL has the driver's libraries, for the node with the card; empty on a Linux that is not in WSL. Used only with gpu = true.",
      default: "/usr/lib/wsl",
      validation: [
        matches(
          "wsl_driver_folder",
          "^((/[A-Za-z0-9._-]+)+)?$",
          'wsl_driver_folder takes an absolute path such as "/usr/lib/wsl", or nothing.',
        ),
      ],
    }),
  };
}
