import { Fn, TerraformOutput, Token } from "cdktf";
import { DockerProvider } from "@cdktf/provider-docker/lib/provider";
import { DockerContainer, type DockerContainerProps } from "../../constructs/compute/docker-container";
import { DockerNetwork } from "../../constructs/compute/docker-network";
import { DockerVolume } from "../../constructs/compute/docker-volume";
import { expression } from "../../constructs/core/address";
import { type Environment } from "../../constructs/core/environment";
import { Layer } from "../../constructs/core/layer";
import { containerAddress, CONTAINERS } from "./network";
import { type Service, servicesInputs } from "./services-inputs";
import { servicesReadme } from "./services-readme";
import { type LabSettings } from "./settings";

/** What each listens on: in the network of Docker, on 127.0.0.1, and under its public name. */
export const PORTS: Readonly<Record<Service, number>> = {
  postgres: CONTAINERS.postgres.port,
  vault: CONTAINERS.vault.port,
  registry: CONTAINERS.registry.port,
};

/** Files below `secrets_dir`. */
export const SECRET_FILES = { postgres: "postgres_password", vault: "vault_token" };

/**
 * Objects that transactions may lock, on average for each connection. GitLab loads its schema in one transaction, for
 * which PostgreSQL's default of 64 is too little; this times {@link POSTGRES_CONNECTIONS} is what GitLab's own server has.
 *
 * @see https://github.com/sameersbn/docker-gitlab/pull/3297
 */
const POSTGRES_LOCKS = 256;

/** What PostgreSQL takes at most, three of them for superusers; a database that is there keeps what it was made with. */
export const POSTGRES_CONNECTIONS = 200;

/** Where a container finds its own one of {@link SECRET_FILES}. */
const MOUNTED = "/run/secrets";

/**
 * The first layer of the lab: what Terraform itself needs of the others (databases, secrets, images), as containers of
 * the local Docker in one network.
 */
export function labServices(environment: Environment, settings: LabSettings): Layer {
  const { name } = environment;
  const { domain, images, keepData } = settings;
  const layer = new Layer(environment, `${name}-services`, {
    description: "PostgreSQL, Vault in dev mode and an image registry, as containers of the local Docker.",
    readme: servicesReadme({ name, domain, keepData, ports: PORTS, files: SECRET_FILES }),
  });
  const inputs = servicesInputs(layer);
  // Its daemon is the one of DOCKER_HOST, or else the local one.
  new DockerProvider(layer, "docker");

  const network = new DockerNetwork(layer, "network", { name, cidrBlock: settings.networkCidrBlock });
  const volume = (id: Service) => new DockerVolume(layer, `${id}_data`, { name: `${name}-${id}`, keep: keepData });
  const secret = (file: string) => Fn.join("/", [inputs.secretsDir.stringValue, file]);
  const service = (
    id: Service,
    props: Omit<
      DockerContainerProps,
      "name" | "image" | "network" | "ipv4Address" | "hostName" | "ports" | "memoryMib"
    >,
  ) =>
    new DockerContainer(layer, id, {
      name: `${name}-${id}`,
      image: images[id],
      digest: Token.asString(expression(layer, `lookup(var.image_digests, "${id}", "")`)),
      network,
      ipv4Address: containerAddress(settings, id),
      hostName: `${id}.${domain}`,
      ports: [PORTS[id]],
      memoryMib: inputs.memoryMib[id].numberValue,
      ...props,
    });

  service("postgres", {
    user: inputs.secretsOwner.stringValue,
    environment: {
      // Below the mount, which belongs to the image's user: initdb wants a folder of its own user's.
      PGDATA: "/var/lib/postgresql/data/pgdata",
      POSTGRES_INITDB_ARGS: `--data-checksums --set=max_connections=${POSTGRES_CONNECTIONS} --set=max_locks_per_transaction=${POSTGRES_LOCKS}`,
      POSTGRES_PASSWORD_FILE: `${MOUNTED}/${SECRET_FILES.postgres}`,
    },
    files: { [`${MOUNTED}/${SECRET_FILES.postgres}`]: secret(SECRET_FILES.postgres) },
    volumes: { "/var/lib/postgresql/data": volume("postgres") },
    temporary: ["/tmp", "/var/run/postgresql"],
    sharedMemoryMib: 256,
    // Over TCP: while the image initialises a database, it runs a server that listens on its socket only.
    healthCheck: ["pg_isready", "--host=127.0.0.1", "--username=postgres"],
    // A fast shutdown writes a checkpoint; killed, it has to recover at its next start.
    stopSeconds: 60,
  });
  service("vault", {
    user: inputs.secretsOwner.stringValue,
    // The token comes by a file, since the environment is in state. Vault prints it, and the unsealing key, to its standard
    // output; its log goes to the other one.
    entrypoint: [
      "/bin/sh",
      "-ec",
      [
        // From an empty file Vault would make a token that nobody knows.
        `test -s ${MOUNTED}/${SECRET_FILES.vault}`,
        `VAULT_DEV_ROOT_TOKEN_ID="$(cat ${MOUNTED}/${SECRET_FILES.vault})"`,
        "export VAULT_DEV_ROOT_TOKEN_ID",
        `exec vault server -dev -dev-no-store-token -dev-listen-address=0.0.0.0:${PORTS.vault} >/dev/null`,
      ].join("\n"),
    ],
    environment: { VAULT_ADDR: `http://127.0.0.1:${PORTS.vault}` },
    files: { [`${MOUNTED}/${SECRET_FILES.vault}`]: secret(SECRET_FILES.vault) },
    temporary: ["/tmp"],
    // Ends with 2 while it is sealed.
    healthCheck: ["vault", "status"],
  });
  service("registry", {
    environment: {
      REGISTRY_HTTP_ADDR: `0.0.0.0:${PORTS.registry}`,
      // The image's configuration has metrics and profiles on this very port; the registry ends when it cannot have both.
      REGISTRY_HTTP_DEBUG_ADDR: "",
      // There it says "debug", three lines for each request.
      REGISTRY_LOG_LEVEL: "info",
      REGISTRY_STORAGE_DELETE_ENABLED: "true",
      // The release 3.0 sends traces to localhost:4318 otherwise, and logs an error each time.
      OTEL_TRACES_EXPORTER: "none",
    },
    volumes: { "/var/lib/registry": volume("registry") },
    healthCheck: ["wget", "--quiet", "--spider", `http://127.0.0.1:${PORTS.registry}/v2/`],
  });

  const output = (id: string, value: string | number, description: string) =>
    new TerraformOutput(layer, id, { value, description });
  output("network_name", network.name, "Docker network that everything of the lab is in.");
  output(
    "postgres_host",
    `postgres.${domain}`,
    "Name of PostgreSQL, in the network and, by its hosts file, on this machine.",
  );
  output("postgres_port", PORTS.postgres, "Port of PostgreSQL.");
  output(
    "vault_address",
    `http://vault.${domain}:${PORTS.vault}`,
    "Address of Vault, in the network and on this machine.",
  );
  output(
    "registry_address",
    `registry.${domain}:${PORTS.registry}`,
    "What the name of an image in the registry begins with.",
  );
  output(
    "secrets_path",
    inputs.secretsDir.stringValue,
    "Folder with the files of secrets, for the layers that log in.",
  );
  return layer;
}
