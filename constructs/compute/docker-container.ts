import { Fn, type ITerraformDependable, type TerraformVariable, Token } from "cdktf";
import { Construct } from "constructs";
import { Container } from "@cdktf/provider-docker/lib/container";
import { Image } from "@cdktf/provider-docker/lib/image";
import { addressOf } from "../core/address";
import { SocleError } from "../core/error";
import { wholeNumberProblems } from "../core/problems";
import { type DockerNetwork } from "./docker-network";
import { type DockerVolume } from "./docker-volume";

/** The only address that ports are published on: nobody but this machine reaches them. */
export const LOOPBACK = "127.0.0.1";

/** How folders in memory are mounted: for a process, and for a machine, which keeps what it knows of its pods there. */
const TMPFS = "rw,noexec,nosuid,nodev,size=64m";
const MACHINE_TMPFS = "rw,nosuid,nodev,mode=0755,size=512m";

export interface DockerContainerProps {
  /** Name that Docker has it under. */
  readonly name: string;
  /** Image with its tag, such as `registry:3.0.0`; never `latest`. */
  readonly image: string;
  /** Digest that the image must have, such as `sha256:…`; empty for whatever the tag has. @default - empty */
  readonly digest?: string;
  /** One of this layer, or of an earlier one. */
  readonly network: Pick<DockerNetwork, "name">;
  /** Address in the network, one of its block. @default - Docker takes a free one, another at each start */
  readonly ipv4Address?: string;
  /** Full name that containers of the network reach it by. */
  readonly hostName: string;
  /** What it listens on, published under the same number on {@link LOOPBACK}: name and port are right everywhere. */
  readonly ports: readonly number[];
  /** Port on {@link LOOPBACK} → another one that it listens on there. @default - none */
  readonly forwardedPorts?: Readonly<Record<number, number>>;
  /** Most memory that it may take, in MiB; it gets no swap beside it. */
  readonly memoryMib: number;
  /** Size of `/dev/shm`, in MiB. @default - Docker's, 64 */
  readonly sharedMemoryMib?: number;
  /** Who its process is, as `uid:gid`. @default - the image's user */
  readonly user?: string;
  /** What the process is, instead of the image's entrypoint. @default - the image's */
  readonly entrypoint?: readonly string[];
  /** In state: a secret is not for here, but for {@link files}. @default - none */
  readonly environment?: Readonly<Record<string, string>>;
  /** Path in the container → volume. @default - none */
  readonly volumes?: Readonly<Record<string, DockerVolume>>;
  /** Path in the container → file of the host, mounted read-only; it has to be there before. @default - none */
  readonly files?: Readonly<Record<string, string>>;
  /** Path in the container → text that is put there before it starts, for root to read. In state. @default - none */
  readonly uploads?: Readonly<Record<string, string>>;
  /** Folders in memory, for what the process writes besides its volumes. @default - none */
  readonly temporary?: readonly string[];
  /** Whether its own root can be written to, for an image that configures itself there. @default false */
  readonly writableRoot?: boolean;
  /** What its processes may do of what root may, such as `CAP_CHOWN`. @default - nothing */
  readonly capabilities?: readonly string[];
  /**
   * Whether it is a machine rather than a process, such as a node of a cluster: root with every device and capability, on
   * a root that can be written to, with control groups of its own. Who is root in it is root on the machine.
   * @default false
   */
  readonly privileged?: boolean;
  /** What it has of NVIDIA cards. @default - nothing */
  readonly gpu?: DockerGpu;
  /** Command that ends with 0 once it serves. */
  readonly healthCheck: readonly string[];
  /** How often that is asked, and how long an answer may take, in seconds. @default 5 */
  readonly healthCheckSeconds?: number;
  /** How long its first start may take, in seconds; an apply waits a little longer. @default 30 */
  readonly startSeconds?: number;
  /** How long a stop waits before it kills, whoever stops it, in seconds. @default 10 */
  readonly stopSeconds?: number;
  /** What has to be there before, such as a server that it asks at its start. @default - only what it refers to */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/** NVIDIA cards of the machine, all of them, for a container. Docker needs the NVIDIA Container Toolkit for it. */
export interface DockerGpu {
  /** An input of type `bool`: without it the container has none. */
  readonly when: TerraformVariable;
  /** An input of type `string`: a folder with the driver, mounted read-only at the same path; empty for none. */
  readonly driverFolder: TerraformVariable;
}

/**
 * A container of the local Docker: on loopback only, with bounded memory and logs; without capabilities and on a
 * read-only root, unless it is said otherwise. An apply waits until it is healthy.
 *
 * The provider has no write-only attribute: whatever stands in `environment` or `entrypoint` is in state, so secrets come
 * as files.
 */
export class DockerContainer extends Construct {
  /** What depends on the container being healthy. */
  readonly ready: ITerraformDependable;
  /** Such as `docker_container.server`. */
  readonly address: string;

  /**
   * @throws SocleError when the tag moves, a path is not absolute, a number is not whole, a capability is malformed or the
   *   environment has a secret
   */
  constructor(scope: Construct, id: string, props: DockerContainerProps) {
    super(scope, id);
    SocleError.throwIfAny(this.node.path, problemsOf(props));
    const { digest = "", environment = {}, volumes = {}, files = {}, temporary = [], capabilities = [] } = props;
    const { healthCheckSeconds = 5, startSeconds = 30, forwardedPorts = {}, privileged = false, gpu } = props;
    const publish = (external: number, internal: number) => ({ internal, external, ip: LOOPBACK, protocol: "tcp" });

    const image = new Image(this, "image", {
      name: digest === "" ? props.image : Fn.join("@", Fn.compact([props.image, digest])),
      // Another project may run it too; and the next apply needs no registry.
      keepLocally: true,
    });
    const container = new Container(this, "Resource", {
      name: props.name,
      image: image.imageId,
      user: props.user,
      entrypoint: props.entrypoint === undefined ? undefined : [...props.entrypoint],
      env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      // What it begins with, before the provider moves it to the network. Docker's default is another word since its release
      // 26, which every plan would undo by a replacement (kreuzwerker/terraform-provider-docker#603).
      networkMode: "bridge",
      networksAdvanced: [{ name: props.network.name, aliases: [props.hostName], ipv4Address: props.ipv4Address }],
      ports: [
        ...props.ports.map((port) => publish(port, port)),
        ...Object.entries(forwardedPorts).map(([external, internal]) => publish(Number(external), internal)),
      ],
      mounts: [
        ...Object.entries(volumes).map(([target, volume]) => ({ type: "volume", source: volume.name, target })),
        // Not `volumes`, for which Docker would make a folder where the file is missing.
        ...Object.entries(files).map(([target, source]) => ({ type: "bind", source, target, readOnly: true })),
      ],
      upload:
        props.uploads === undefined
          ? undefined
          : Object.entries(props.uploads).map(([file, content]) => ({ file, content, permissions: "0600" })),
      readOnly: !(privileged || (props.writableRoot ?? false)),
      tmpfs:
        temporary.length === 0
          ? undefined
          : Object.fromEntries(temporary.map((folder) => [folder, privileged ? MACHINE_TMPFS : TMPFS])),
      memory: props.memoryMib,
      // Without it Docker gives as much swap again, and no plan is ever empty.
      memorySwap: props.memoryMib,
      shmSize: props.sharedMemoryMib,
      ...(privileged
        ? { privileged, cgroupnsMode: "private" }
        : {
            capabilities: { drop: ["ALL"], ...(capabilities.length > 0 ? { add: [...capabilities] } : {}) },
            securityOpts: ["no-new-privileges:true"],
          }),
      gpus: gpu && Token.asString(Fn.conditional(gpu.when.value, "all", Token.nullValue())),
      restart: "unless-stopped",
      logDriver: "json-file",
      logOpts: { "max-size": "10m", "max-file": "3" },
      healthcheck: {
        test: ["CMD", ...props.healthCheck],
        interval: duration(healthCheckSeconds),
        timeout: duration(healthCheckSeconds),
        retries: 12,
        startPeriod: duration(startSeconds),
      },
      wait: true,
      waitTimeout: startSeconds + 150,
      destroyGraceSeconds: props.stopSeconds ?? 10,
      // Docker's own, for everybody else who stops it, and for Docker when the machine goes down.
      stopTimeout: props.stopSeconds,
      ...(props.dependsOn ? { dependsOn: [...props.dependsOn] } : {}),
    });
    this.ready = container;
    this.address = addressOf(container);
    if (gpu) {
      const [when, folder] = [gpu.when, gpu.driverFolder].map(({ friendlyUniqueId }) => `var.${friendlyUniqueId}`);
      container.addOverride("dynamic.mounts", {
        for_each: `\${${when} && ${folder} != "" ? [${folder}] : []}`,
        content: { type: "bind", source: "${mounts.value}", target: "${mounts.value}", read_only: true },
      });
    }
  }
}

/**
 * As Go writes a duration, such as `15m0s`: the provider reads it back in this form and compares texts, so that `900s` is
 * a change at each plan.
 */
function duration(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${hours > 0 ? `${hours}h` : ""}${seconds >= 60 ? `${minutes}m` : ""}${seconds % 60}s`;
}

function problemsOf(props: DockerContainerProps): string[] {
  const { memoryMib, sharedMemoryMib, stopSeconds, healthCheckSeconds, startSeconds } = props;
  const { environment = {}, volumes = {}, files = {}, temporary = [], capabilities = [] } = props;
  const { forwardedPorts = {}, uploads = {}, privileged = false, user } = props;
  const ports = Object.fromEntries([
    ...props.ports.map((port, index) => [`ports[${index}]`, port]),
    ...Object.entries(forwardedPorts).map(([external, internal]) => [`forwardedPorts[${external}]`, internal]),
  ]) as Record<string, number>;
  const numbers = { memoryMib, sharedMemoryMib, stopSeconds, healthCheckSeconds, startSeconds, ...ports };
  const known = Object.entries(numbers).filter(
    (entry): entry is [string, number] => entry[1] !== undefined && !Token.isUnresolved(entry[1]),
  );
  const paths = [...Object.keys(volumes), ...Object.keys(files), ...Object.keys(uploads), ...temporary];
  const tag = /:([\w][\w.-]*)$/.exec(props.image)?.[1];
  return [
    ...(!Token.isUnresolved(props.image) && (tag === undefined || tag === "latest")
      ? [`image is "${props.image}": give it a tag that stays, such as registry:3.0.0`]
      : []),
    ...wholeNumberProblems(Object.fromEntries(known)),
    ...paths
      .filter((path) => !path.startsWith("/"))
      .map((path) => `the path "${path}" is not absolute: a container has no other`),
    ...(privileged && (capabilities.length > 0 || user !== undefined)
      ? ["it is privileged, and so is root with every capability: leave out user and capabilities"]
      : []),
    ...(Object.keys(uploads).length > 0 && !(privileged || props.writableRoot)
      ? ["uploads are for a root that can be written to, which Docker asks for: set writableRoot, or use files"]
      : []),
    // Newer daemons answer with the whole name, which would then be a change at each plan.
    ...capabilities
      .filter((capability) => !/^CAP_[A-Z_]+$/.test(capability))
      .map((capability) => `the capability "${capability}" is malformed: use its whole name, such as CAP_CHOWN`),
    ...Object.keys(environment)
      .filter((name) => /PASSWORD|SECRET|TOKEN/i.test(name) && !/_FILE$/.test(name))
      .map((name) => `environment has ${name}, which would be in state: mount a file with it, see files`),
  ];
}
