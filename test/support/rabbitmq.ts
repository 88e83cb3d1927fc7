import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { type Values } from "../../constructs/cluster/component";

/** Where Debian keeps the broker's own programs; those on the path change the user and know one broker only. */
const BROKERS = "/usr/lib/rabbitmq/lib";

/** Debian's package makes this user; the broker should not run as root. */
const UNPRIVILEGED = "rabbitmq";

/**
 * A program of RabbitMQ, for `describeWithProgram`.
 *
 * @param name such as `rabbitmq-server`
 * @returns its path where Debian installs it, otherwise the name itself, to be looked for on the path
 */
export function rabbitMqProgram(name: string): string {
  const brokers = fs.existsSync(BROKERS) ? fs.readdirSync(BROKERS) : [];
  return brokers.map((broker) => path.join(BROKERS, broker, "sbin", name)).find((each) => fs.existsSync(each)) ?? name;
}

/** What a broker is told in one piece, as `GET /api/definitions` gives it. */
export type Definitions = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;

/**
 * What the messaging topology operator tells the broker of its objects, as definitions.
 *
 * @param manifests objects of the kinds of `rabbitmq.com`
 * @param passwords user's name, as its Secret has it, by the name of the Secret
 * @see https://github.com/rabbitmq/messaging-topology-operator (`internal/*.go`)
 */
export function definitionsOf(
  manifests: readonly Values[],
  credentials: Readonly<Record<string, { readonly username: string; readonly password: string }>>,
): Definitions {
  const objects = manifests as readonly {
    kind: string;
    metadata: { name: string };
    spec: Record<string, unknown> & {
      importCredentialsSecret?: { name: string };
      userReference?: { name: string };
      permissions?: Record<string, string>;
    };
  }[];
  const of = (kind: string) => objects.filter((object) => object.kind === kind);
  const usernames = new Map(
    of("User").map(({ metadata, spec }) => [
      metadata.name,
      credentials[spec.importCredentialsSecret?.name ?? ""]?.username ?? "",
    ]),
  );
  return {
    vhosts: of("Vhost").map(({ spec }) => ({
      name: spec["name"],
      metadata: { default_queue_type: spec["defaultQueueType"] },
    })),
    // The tag lets them use the API of HTTP at all; what they may do there is what they may do by AMQP.
    users: of("User").map(({ spec }) => {
      const { username, password } = credentials[spec.importCredentialsSecret?.name ?? ""] ?? {};
      return { name: username, password, tags: ["management"] };
    }),
    permissions: of("Permission").map(({ spec: { vhost, userReference, permissions } }) => ({
      user: usernames.get(userReference?.name ?? ""),
      vhost,
      ...permissions,
    })),
    exchanges: of("Exchange").map(({ spec: { name, vhost, type, durable } }) => ({
      name,
      vhost,
      type,
      durable,
      auto_delete: false,
      arguments: {},
    })),
    queues: of("Queue").map(({ spec: { name, vhost, type, durable } }) => ({
      name,
      vhost,
      durable,
      auto_delete: false,
      arguments: { "x-queue-type": type },
    })),
    bindings: of("Binding").map(({ spec: { vhost, source, destination, destinationType, routingKey } }) => ({
      vhost,
      source,
      destination,
      destination_type: destinationType,
      routing_key: routingKey,
      arguments: {},
    })),
    policies: of("Policy").map(({ spec: { name, vhost, pattern, applyTo, definition } }) => ({
      name,
      vhost,
      pattern,
      "apply-to": applyTo,
      definition,
      priority: 0,
    })),
  };
}

/** What the broker answered. */
export interface BrokerAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Whoever asks: a user and its password. */
export type Login = readonly [username: string, password: string];

const ADMIN: Login = ["guest", "guest"];

/** A real broker in a temporary folder, on free ports of this machine only. */
export class RabbitMqServer {
  private constructor(
    private readonly folder: string,
    private readonly children: readonly ChildProcess[],
    private readonly port: number,
  ) {}

  /** Makes an empty broker with its management API, and waits until it answers. */
  static async start(): Promise<RabbitMqServer> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "rabbitmq-"));
    const { uid, gid } = unprivileged();
    const [mapper, amqp, distribution, management] = (await freePorts(4)) as [number, number, number, number];
    const file = (name: string, text: string) => {
      fs.writeFileSync(path.join(folder, name), text);
      return path.join(folder, name);
    };
    const config = [
      `listeners.tcp.1 = 127.0.0.1:${amqp}`,
      "management.tcp.ip = 127.0.0.1",
      `management.tcp.port = ${management}`,
      "log.console = true",
      "log.file = false",
      // Otherwise a small disk would stop all publishers.
      "disk_free_limit.absolute = 10MB",
    ];
    const environment: NodeJS.ProcessEnv = {
      PATH: process.env["PATH"],
      LC_ALL: "C.UTF-8",
      HOME: folder,
      ERL_EPMD_PORT: String(mapper),
      ERL_EPMD_ADDRESS: "127.0.0.1",
      RABBITMQ_NODENAME: `socle-${process.pid}@localhost`,
      RABBITMQ_NODE_PORT: String(amqp),
      RABBITMQ_DIST_PORT: String(distribution),
      RABBITMQ_MNESIA_BASE: folder,
      RABBITMQ_LOG_BASE: folder,
      RABBITMQ_PID_FILE: path.join(folder, "pid"),
      RABBITMQ_CONF_ENV_FILE: file("environment", ""),
      RABBITMQ_CONFIG_FILE: file("rabbitmq.conf", `${config.join("\n")}\n`),
      RABBITMQ_ENABLED_PLUGINS_FILE: file("plugins", "[rabbitmq_management].\n"),
      // Schedulers that wait busily take the machine from the other tests.
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "+sbwt none +sbwtdcpu none +sbwtdio none +S 1:1",
    };
    for (const name of ["", ...fs.readdirSync(folder)]) {
      fs.chownSync(path.join(folder, name), uid, gid);
    }
    let log = "";
    const run = (program: string, ...args: string[]) => {
      const child = spawn(program, args, {
        cwd: folder,
        env: environment,
        stdio: ["ignore", "pipe", "pipe"],
        uid,
        gid,
      });
      child.stdout.setEncoding("utf8").on("data", (text: string) => (log += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
      return child;
    };
    // Started here, so that the broker does not leave one behind.
    const children = [run("epmd", "-address", "127.0.0.1", "-port", String(mapper))];
    await listening(mapper, () => log);
    children.push(run(rabbitMqProgram("rabbitmq-server")));
    const server = new RabbitMqServer(folder, children, management);
    try {
      await server.answers(() => log);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** Asks the management API, which checks a user's permissions as the broker does for AMQP. */
  async request(method: string, route: string, body?: unknown, [user, password] = ADMIN): Promise<BrokerAnswer> {
    const response = await fetch(`http://127.0.0.1:${this.port}/api/${route}`, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
        "content-type": "application/json",
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text };
  }

  /** Tells the broker all of its definitions at once. */
  load(definitions: Definitions): Promise<BrokerAnswer> {
    return this.request("POST", "definitions", definitions);
  }

  /** Publishes a message, as a user. */
  publish(vhost: string, exchange: string, routingKey: string, text: string, login?: Login): Promise<BrokerAnswer> {
    const body = { properties: {}, routing_key: routingKey, payload: text, payload_encoding: "string" };
    return this.request("POST", `exchanges/${vhost}/${encodeURIComponent(exchange)}/publish`, body, login);
  }

  /**
   * Takes the first message of a queue, as a user.
   *
   * @param mode what becomes of it: it is done, goes back into the queue, or is rejected
   */
  take(
    vhost: string,
    queue: string,
    mode: "ack_requeue_false" | "reject_requeue_true" | "reject_requeue_false",
    login?: Login,
  ): Promise<BrokerAnswer> {
    const body = { count: 1, ackmode: mode, encoding: "auto" };
    return this.request("POST", `queues/${vhost}/${encodeURIComponent(queue)}/get`, body, login);
  }

  /**
   * Takes the first message of a queue for good, when there is one within ten seconds.
   *
   * @returns its text and routing key
   */
  async receive(vhost: string, queue: string): Promise<{ text: string; routingKey: string } | undefined> {
    for (let tries = 0; tries < 100; tries++) {
      const { body } = await this.take(vhost, queue, "ack_requeue_false");
      const [message] = body as { payload: string; routing_key: string }[];
      if (message) {
        return { text: message.payload, routingKey: message.routing_key };
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return undefined;
  }

  /** Stops it, and removes the folder. */
  async stop(): Promise<void> {
    for (const child of [...this.children].reverse()) {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGTERM");
        await ended;
      }
    }
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  private async answers(log: () => string): Promise<void> {
    const deadline = Date.now() + 90_000;
    while (Date.now() < deadline && this.children.every(({ exitCode }) => exitCode === null)) {
      const { status } = await this.request("GET", "health/checks/local-alarms").catch(() => ({ status: 0 }));
      if (status === 200) {
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`RabbitMQ did not answer: ${log()}`);
  }
}

/** The user that the broker runs as: this one, or Debian's where this one is root. */
function unprivileged(): { uid: number; gid: number } {
  const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  if (own.uid !== 0) {
    return own;
  }
  const id = (option: string) => Number(spawnSync("id", [option, UNPRIVILEGED], { encoding: "utf8" }).stdout.trim());
  return { uid: id("-u"), gid: id("-g") };
}

/** Ports that nobody listens on, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<net.Server>((resolve) => {
          const server = net.createServer().listen(0, "127.0.0.1", () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Waits until something listens on a port of this machine. */
async function listening(port: number, log: () => string): Promise<void> {
  const deadline = Date.now() + 10_000;
  const isOpen = () =>
    new Promise<boolean>((resolve) => {
      const socket = net.connect(port, "127.0.0.1");
      socket.once("connect", () => resolve(socket.destroy() !== undefined));
      socket.once("error", () => resolve(false));
    });
  while (!(await isOpen())) {
    if (Date.now() > deadline) {
      throw new Error(`nothing listens on ${port}: ${log()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
