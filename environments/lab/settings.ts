import { z } from "zod";
import { nodeStorageProblems } from "../../constructs/cluster/k3s-docker-cluster";
import { SocleError } from "../../constructs/core/error";
import { checkSettings } from "../../constructs/core/settings";

const image = (pattern: RegExp, example: string) => z.string().regex(pattern, `use a full version such as ${example}`);

const schema = z.strictObject({
  /** Where the states are kept: beside `cdktf.out/`, since all of it is for one workstation. */
  backend: z.literal("local"),
  /** Domain of every public name. */
  domain: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/, "use a domain such as lab.local"),
  /** Whether Terraform refuses to delete the volumes with data. */
  keepData: z.boolean(),
  /** Block of the Docker network that everything is in, a /24 of private addresses. */
  networkCidrBlock: z
    .string()
    .regex(
      /^(10\.\d{1,3}\.\d{1,3}|172\.(1[6-9]|2\d|3[01])\.\d{1,3}|192\.168\.\d{1,3})\.0\/24$/,
      "use a /24 of private addresses such as 172.30.0.0/24",
    ),
  /** What the workstation gives to containers and cluster together. */
  workstation: z.strictObject({
    /** Under WSL2 half of the machine's memory, unless `.wslconfig` says more. */
    memoryMib: z.number().int().min(8192, "use 8192 MiB or more: less holds no scenario"),
    cpus: z.number().int().min(4, "use 4 or more: less holds no scenario"),
  }),
  /** k3s nodes beside the server. */
  agents: z.number().int().min(0).max(8),
  /** What connects pods and enforces their policies. */
  cni: z.enum(["cilium", "calico"]),
  /** What makes volumes. */
  storage: z.enum(["local-path", "nfs", "longhorn"]),
  /** How components reach the cluster: as Applications of Argo CD, or as Helm releases that Terraform applies itself. */
  delivery: z.enum(["argocd", "helm"]),
  images: z.strictObject({
    /** The variant names Debian's release: with another one the C library sorts text in another order, and indexes break. */
    postgres: image(/^postgres:17\.\d+-[a-z]+$/, "postgres:17.7-bookworm"),
    vault: image(/^hashicorp\/vault:\d+\.\d+\.\d+$/, "hashicorp/vault:2.0.4"),
    registry: image(/^registry:3\.\d+\.\d+$/, "registry:3.0.0"),
    gitlab: image(/^gitlab\/gitlab-ce:\d+\.\d+\.\d+-ce\.\d+$/, "gitlab/gitlab-ce:19.2.6-ce.0"),
    k3s: image(/^rancher\/k3s:v1\.36\.\d+-k3s\d+$/, "rancher/k3s:v1.36.3-k3s1"),
  }),
});

/** The choices that the authors of the lab make; those of its users are inputs. */
export type LabSettings = z.output<typeof schema>;

/** The settings of the one lab there is. */
export const SETTINGS: LabSettings = {
  backend: "local",
  domain: "lab.local",
  keepData: true,
  networkCidrBlock: "172.30.0.0/24",
  workstation: { memoryMib: 24 * 1024, cpus: 12 },
  agents: 1,
  cni: "cilium",
  storage: "local-path",
  delivery: "argocd",
  images: {
    postgres: "postgres:17.7-bookworm",
    vault: "hashicorp/vault:2.0.4",
    registry: "registry:3.0.0",
    gitlab: "gitlab/gitlab-ce:19.2.6-ce.0",
    k3s: "rancher/k3s:v1.36.3-k3s1",
  },
};

/** @throws SocleError with every setting that is not accepted */
export function checkLabSettings(settings: LabSettings): LabSettings {
  const checked = checkSettings("lab", schema, settings);
  SocleError.throwIfAny("settings of lab", nodeStorageProblems(checked.storage));
  return checked;
}

/** Release of Kubernetes that the nodes run, such as `1.36.3`. */
export function kubernetesRelease({ images }: LabSettings): string {
  return /v(\d+\.\d+\.\d+)/.exec(images.k3s)?.[1] as string;
}
