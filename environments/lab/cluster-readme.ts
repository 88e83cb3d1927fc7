import { type ReadmeSection } from "../../constructs/core/layer";

export interface ClusterReadmeProps {
  /** Name of the environment, which every name in Docker begins with. */
  readonly name: string;
  readonly domain: string;
  /** How many nodes there are beside the server. */
  readonly agents: number;
  readonly keepData: boolean;
  /** Names of the files below `secrets_dir`. */
  readonly files: { readonly token: string; readonly kubeconfig: string };
  /** Addresses of the nodes' containers in this state, and of what goes with them, the server's first. */
  readonly containers: readonly string[];
}

const section = (title: string, ...lines: string[]): ReadmeSection => ({ title, body: lines.join("\n") });

/** What the README of the layer lab-cluster says besides its generated parts. */
export function clusterReadme({
  name,
  domain,
  agents,
  keepData,
  files,
  containers,
}: ClusterReadmeProps): readonly ReadmeSection[] {
  const nodes = ["server", ...Array.from({ length: agents }, (_, index) => `agent-${index + 1}`)];
  const volumes = nodes.map((node) => `${name}-k3s-${node}`);
  return [
    section(
      "Before the first apply",
      "The word that nodes join with is a file beside the other secrets; the command leaves one alone that is there already:",
      "",
      "```sh",
      `secrets="$HOME/.config/socle-lab"`,
      `test -s "$secrets/${files.token}" || (umask 0177 && openssl rand -hex 24 >"$secrets/${files.token}")`,
      "```",
      "",
      "It stays as it is: K3s locks a part of its datastore with it, and does not start with another one.",
      "",
      "The machine needs control groups of version 2: no current kubelet starts on version 1 (`make lab-doctor` says whether it has them).",
      "Ports 80, 443 and 6443 of 127.0.0.1 are free.",
    ),
    section(
      "Using the cluster",
      "```sh",
      'export KUBECONFIG="$(terraform output -raw kubeconfig_path)"',
      "kubectl get nodes",
      "```",
      "",
      "Nodes are `NotReady`, and pods wait, until the next layer has brought the pod network. `https://127.0.0.1:6443` is the API for this",
      `machine, \`https://k3s.${domain}:6443\` for containers of the network. Ports 80 and 443 of 127.0.0.1 lead to Traefik, which the next layer`,
      "brings too.",
    ),
    section(
      "What the nodes are",
      `- Containers: ${volumes.map((volume) => `\`${volume}\``).join(", ")}. \`docker logs --tail 50 ${name}-k3s-server\` says why one does not start.`,
      "- They are privileged, as a kubelet has to be: who may make privileged pods in the cluster is root on this machine (under WSL, in its",
      "  Linux). Nothing of them is published on another address than 127.0.0.1.",
      "- Each believes to have as much memory as its input says, and keeps some for itself; pods get the rest. CPUs are shared by all.",
      "- Pods' queries for other names than the lab's go to the resolvers of the input `dns_servers`. Docker's own resolver, 127.0.0.11 in a node,",
      "  would be the pod itself in a pod; K3s alone would take 8.8.8.8 instead.",
      "- K3s brings CoreDNS, metrics-server and, with the setting `storage` at `local-path`, volumes in folders of the nodes. Its Traefik, load",
      "  balancer, pod network and Helm controller are off; its kube-proxy is on.",
      "- Secrets are encrypted in the datastore, by a key in the server's volume: that guards a copy of the datastore, not this machine.",
    ),
    section(
      "When the machine has restarted",
      "Docker starts the nodes by itself, at their addresses; an agent tries until the server is there. What runs in the cluster comes back, with",
      "the Secrets that it had. Vault is empty until lab-bootstrap is applied again, and the layers after it: `make lab-refresh` does that.",
    ),
    section(
      "When it does not start",
      `- \`docker logs --tail 50 ${name}-k3s-server\` says why. An apply that stopped half-way is repeated: it makes the container that did not`,
      "  get healthy anew, and the authorities and what the volumes hold stay.",
      `- \`bootstrap data already found and encrypted with different token\`: \`${files.token}\` is not the file that the cluster began with. Put that`,
      "  one back, or give up the cluster, see Taking it down.",
      "- `too many open files`: a limit of the machine (`fs.inotify.max_user_instances`); `make lab-doctor` says how to raise it.",
      "- Pods stay `Pending` for lack of memory: the scenarios are made for the default of the memory inputs. `kubectl describe node` shows what is",
      "  asked for; raise the inputs, or choose fewer components. Another number is another container: its node is away for a minute.",
    ),
    section(
      "The GPU",
      `With \`gpu = true\` one node, ${agents === 0 ? "the server" : "the first agent"}, has the NVIDIA card, an image with NVIDIA's runtime and the label`,
      "`nvidia.com/gpu.present=true`; K3s then knows the runtime class `nvidia`. Build the image first: `images/k3s-gpu/README.md` says how, and",
      "`docs/runbooks/gpu-on-wsl2.md` what to look at. The node is replaced and keeps its volume.",
    ),
    section(
      "Another release of K3s",
      "Its release is a setting. An apply replaces the containers, the server first, and the volumes stay; K3s brings its datastore up to date,",
      "and never back. One minor release at a time.",
    ),
    section(
      "Taking it down",
      ...(keepData
        ? [
            "The volumes refuse a destroy. To remove the nodes and keep what is in the cluster, name them; the next apply makes them again:",
            "",
            "```sh",
            `terraform destroy ${containers.map((address) => `-target=${address}`).join(" ")}`,
            "```",
            "",
            "Do not let Terraform forget the volumes and destroy the rest, as in other layers: that would take the authorities too, which the cluster",
            "in the volumes goes by; new ones do not open it. Only to give up the cluster with all that pods have written:",
            "",
            "```sh",
            `terraform state rm ${containers.map((address) => `${address.replace("docker_container", "docker_volume")}_data`).join(" ")}`,
            "terraform destroy",
            `docker volume rm ${volumes.join(" ")}`,
            "```",
          ]
        : ["`terraform destroy` removes everything, the volumes with all that pods have written too."]),
      "",
      "The state of every later layer describes what was in the cluster: when that is gone, remove those states too.",
    ),
  ];
}
