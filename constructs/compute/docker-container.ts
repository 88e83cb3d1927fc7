import { Fn, Token } from "cdktf";
import { Construct } from "constructs";
import { Container } from "@cdktf/provider-docker/lib/container";
import { Image } from "@cdktf/provider-docker/lib/image";
import { SocleError } from "../core/error";
import { wholeNumberProblems } from "../core/problems";
import { type DockerNetwork } from "./docker-network";
import { type DockerVolume } from "./docker-volume";

/** The only address that ports are published on: nobody but this machine reaches them. */
export const LOOPBACK = "127.0.0.1";

export interface DockerContainerProps {
  /** Name that Docker has it under. */
  readonly name: string;
  /** Image with its tag, such as `registry:3.0.0`; never `latest`. */
  readonly image: string;
  /** Digest that the image must have, such as `sha256:…`; empty for whatever the tag has. @default - empty */
  readonly digest?: string;
  readonly network: DockerNetwork;
  /** Full name that containers of the network reach it by. */
  readonly hostName: string;
  /** What it listens on, published under the same number on {@link LOOPBACK}: name and port are right everywhere. */
  readonly ports: readonly number[];
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
  /** Folders in memory, for what the process writes besides its volumes. @default - none */
  readonly temporary?: readonly string[];
  /** Command that ends with 0 once it serves. */
  readonly healthCheck: readonly string[];
  /** How long a stop waits before it kills, in seconds. @default 10 */
  readonly stopSeconds?: number;
}

/**
 * A container of the local Docker: on loopback only, without capabilities, on a read-only root, with bounded memory and
 * logs. An apply waits until it is healthy.
 *
 * The provider has no write-only attribute: whatever stands in `environment` or `entrypoint` is in state, so secrets come
 * as files.
 */
export class DockerContainer extends Construct {
  /** @throws SocleError when the tag moves, a path is not absolute, a number is not whole or the environment has a secret */
  constructor(scope: Construct, id: string, props: DockerContainerProps) {
    super(scope, id);
    SocleError.throwIfAny(this.node.path, problemsOf(props));
    const { digest = "", environment = {}, volumes = {}, files = {}, temporary = [] } = props;

    const image = new Image(this, "image", {
      name: digest === "" ? props.image : Fn.join("@", Fn.compact([props.image, digest])),
      // Another project may run it too; and the next apply needs no registry.
      keepLocally: true,
    });
    new Container(this, "Resource", {
      name: props.name,
      image: image.imageId,
      user: props.user,
      entrypoint: props.entrypoint === undefined ? undefined : [...props.entrypoint],
      env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      // What it begins with, before the provider moves it to the network. Docker's default is another word since its release
      // 26, which every plan would undo by a replacement (kreuzwerker/terraform-provider-docker#603).
      networkMode: "bridge",
      networksAdvanced: [{ name: props.network.name, aliases: [props.hostName] }],
      ports: props.ports.map((port) => ({ internal: port, external: port, ip: LOOPBACK, protocol: "tcp" })),
      mounts: [
        ...Object.entries(volumes).map(([target, volume]) => ({ type: "volume", source: volume.name, target })),
        // Not `volumes`, for which Docker would make a folder where the file is missing.
        ...Object.entries(files).map(([target, source]) => ({ type: "bind", source, target, readOnly: true })),
      ],
      readOnly: true,
      tmpfs:
        temporary.length === 0
          ? undefined
          : Object.fromEntries(temporary.map((folder) => [folder, "rw,noexec,nosuid,nodev,size=64m"])),
      memory: props.memoryMib,
      // Without it Docker gives as much swap again, and no plan is ever empty.
      memorySwap: props.memoryMib,
      shmSize: props.sharedMemoryMib,
      capabilities: { drop: ["ALL"] },
      securityOpts: ["no-new-privileges:true"],
      restart: "unless-stopped",
      logDriver: "json-file",
      logOpts: { "max-size": "10m", "max-file": "3" },
      healthcheck: {
        test: ["CMD", ...props.healthCheck],
        interval: "5s",
        timeout: "5s",
        retries: 12,
        startPeriod: "30s",
      },
      wait: true,
      waitTimeout: 180,
      destroyGraceSeconds: props.stopSeconds ?? 10,
    });
  }
}

function problemsOf(props: DockerContainerProps): string[] {
  const { memoryMib, sharedMemoryMib, stopSeconds, environment = {}, volumes = {}, files = {}, temporary = [] } = props;
  const ports = Object.fromEntries(props.ports.map((port, index) => [`ports[${index}]`, port]));
  const known = Object.entries({ memoryMib, sharedMemoryMib, stopSeconds, ...ports }).filter(
    (entry): entry is [string, number] => entry[1] !== undefined && !Token.isUnresolved(entry[1]),
  );
  const paths = [...Object.keys(volumes), ...Object.keys(files), ...temporary];
  const tag = /:([\w][\w.-]*)$/.exec(props.image)?.[1];
  return [
    ...(tag === undefined || tag === "latest"
      ? [`image is "${props.image}": give it a tag that stays, such as registry:3.0.0`]
      : []),
    ...wholeNumberProblems(Object.fromEntries(known)),
    ...paths
      .filter((path) => !path.startsWith("/"))
      .map((path) => `the path "${path}" is not absolute: a container has no other`),
    ...Object.keys(environment)
      .filter((name) => /PASSWORD|SECRET|TOKEN/i.test(name) && !/_FILE$/.test(name))
      .map((name) => `environment has ${name}, which would be in state: mount a file with it, see files`),
  ];
}
