import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

/** Where Debian keeps the programs of a server, which it does not put on the path; the newest version is the last. */
const SERVERS = "/usr/lib/postgresql";

/** PostgreSQL refuses to run as root: Debian's package makes this user. */
const UNPRIVILEGED = "postgres";

/** No settings of the user (`PGHOST`, `~/.psqlrc`), and messages in English. */
const ENVIRONMENT: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PG"))),
  LC_ALL: "C",
};

/**
 * A program of PostgreSQL's server, or of PgBouncer, for `describeWithProgram`.
 *
 * @param name such as `postgres`
 * @returns its path where Debian installs it, otherwise the name itself, to be looked for on the path
 */
export function postgresProgram(name: string): string {
  const versions = fs.existsSync(SERVERS) ? fs.readdirSync(SERVERS).sort((a, b) => Number(b) - Number(a)) : [];
  const candidates = [...versions.map((version) => path.join(SERVERS, version, "bin", name)), `/usr/sbin/${name}`];
  return candidates.find((each) => fs.existsSync(each)) ?? name;
}

/** How `psql` ended. */
export interface SqlResult {
  /** One line for each row, its columns separated by `|`. */
  readonly rows: readonly string[];
  /** The first error of the server, without its position in the script; "" where there was none. */
  readonly error: string;
}

/** Who asks where. */
export interface Connection {
  /** Folder of the socket. */
  readonly host: string;
  /** Port, which is part of the socket's name. */
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

const CLIENT = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--no-password"];

function clientArguments(connection: Connection): string[] {
  const { host, port, user, database } = connection;
  return [...CLIENT, `--host=${host}`, `--port=${port}`, `--username=${user}`, `--dbname=${database}`];
}

function errorIn(stderr: string): string {
  const line = stderr.split("\n").find((each) => /(ERROR|FATAL): /.test(each));
  return line?.replace(/^.*?(?:ERROR|FATAL): +/, "") ?? stderr.trim();
}

/**
 * Runs SQL, statement by statement, until the first that fails.
 *
 * @param more further arguments of `psql`, before the SQL
 */
export function runSql(connection: Connection, sql: string, ...more: readonly string[]): SqlResult {
  const { status, stdout, stderr, error } = spawnSync(
    postgresProgram("psql"),
    [...clientArguments(connection), ...more],
    {
      encoding: "utf8",
      env: ENVIRONMENT,
      input: sql,
    },
  );
  // With a status it ran: a client that is refused ends before it has read the SQL (EPIPE).
  if (error && status === null) {
    throw error;
  }
  const rows = stdout.split("\n").filter((line) => line !== "");
  return { rows, error: status === 0 ? "" : errorIn(stderr) };
}

/** A client that stays connected, to interleave transactions with other clients. */
export class SqlSession {
  private readonly client: ChildProcess;
  private received = "";
  private errors = "";
  private count = 0;

  constructor(connection: Connection) {
    const client = spawn(postgresProgram("psql"), [...clientArguments(connection), "--set=ON_ERROR_STOP=0"], {
      env: ENVIRONMENT,
      stdio: ["pipe", "pipe", "pipe"],
    });
    client.stdout.setEncoding("utf8").on("data", (text: string) => (this.received += text));
    client.stderr.setEncoding("utf8").on("data", (text: string) => (this.errors += text));
    this.client = client;
  }

  /**
   * Sends statements; the session goes on after one that fails.
   *
   * @returns the rows of all of them, once the server has answered
   * @throws Error with the server's message where one failed
   */
  async query(sql: string): Promise<readonly string[]> {
    this.count += 1;
    const end = `-- end ${this.count} --\n`;
    this.client.stdin?.write(`${sql};\n\\echo '${end.trimEnd()}'\n`);
    await until(() => this.received.includes(end) || this.client.exitCode !== null, `an answer to ${sql}`);
    const rows = this.received.split(end)[0]?.split("\n") ?? [];
    const errors = this.errors;
    this.received = "";
    this.errors = "";
    if (errors !== "") {
      throw new Error(errorIn(errors));
    }
    return rows.filter((line) => line !== "");
  }

  async close(): Promise<void> {
    await stopped(this.client, () => this.client.stdin?.end("\\q\n"));
  }
}

/** A real server in a temporary folder, on a socket only: nothing listens on the network, nobody else may enter. */
export class PostgresServer {
  private readonly children: ChildProcess[] = [];

  private constructor(private readonly folder: string) {}

  /** Makes an empty server, with the superuser `postgres` and no password, and waits until it answers. */
  static async start(): Promise<PostgresServer> {
    // Short: the path of a socket has at most 107 bytes.
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "pg-"));
    const { uid, gid } = unprivileged();
    fs.chownSync(folder, uid, gid);
    const server = new PostgresServer(folder);
    const data = path.join(folder, "data");
    const made = spawnSync(
      postgresProgram("initdb"),
      [`--pgdata=${data}`, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"],
      { cwd: folder, env: ENVIRONMENT, encoding: "utf8", uid, gid },
    );
    if (made.status !== 0) {
      throw new Error(`initdb failed: ${made.error?.message ?? made.stderr}`);
    }
    const settings = ["listen_addresses=", `unix_socket_directories=${folder}`, "fsync=off"];
    const options = settings.flatMap((setting) => ["-c", setting]);
    await server.run("postgres", ["-D", data, ...options], server.connection("postgres", "postgres"));
    return server;
  }

  connection(database: string, user: string): Connection {
    return { host: this.folder, port: 5432, database, user };
  }

  /**
   * Starts PgBouncer in transaction mode in front of the server, with one server connection for each user and database.
   *
   * @param port part of the socket's name: one for each PgBouncer
   * @param users who may connect
   * @param settings further lines of its configuration
   * @returns how to connect through it
   */
  async startPooler(
    port: number,
    users: readonly string[],
    settings: readonly string[] = [],
  ): Promise<(database: string, user: string) => Connection> {
    const list = path.join(this.folder, `users-${port}.txt`);
    fs.writeFileSync(list, users.map((user) => `"${user}" ""\n`).join(""));
    const file = path.join(this.folder, `pgbouncer-${port}.ini`);
    const lines = [
      "[databases]",
      `* = host=${this.folder} port=5432`,
      "[pgbouncer]",
      "listen_addr =",
      `listen_port = ${port}`,
      `unix_socket_dir = ${this.folder}`,
      "auth_type = trust",
      `auth_file = ${list}`,
      "pool_mode = transaction",
      "default_pool_size = 1",
      ...settings,
    ];
    fs.writeFileSync(file, `${lines.join("\n")}\n`);
    const connection = (database: string, user: string) => ({ host: this.folder, port, database, user });
    // Its own console answers whoever runs it; the users are asked for instead, as the services do.
    await this.run("pgbouncer", [file], connection("postgres", users[0] ?? ""));
    return connection;
  }

  /** Stops what was started, the last first, and removes the folder. */
  async stop(): Promise<void> {
    for (const child of this.children.reverse()) {
      await stopped(child, () => child.kill("SIGINT"));
    }
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  private async run(program: string, args: readonly string[], probe: Connection): Promise<void> {
    const { uid, gid } = unprivileged();
    const child = spawn(postgresProgram(program), [...args], {
      cwd: this.folder,
      env: ENVIRONMENT,
      stdio: ["ignore", "ignore", "pipe"],
      uid,
      gid,
    });
    this.children.push(child);
    let log = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
    let last = "";
    const answers = () => {
      last = runSql(probe, "SELECT 1").error;
      return last === "" || child.exitCode !== null;
    };
    await until(answers, `${program} to answer`, () => `${last}\n${log}`);
    if (child.exitCode !== null) {
      throw new Error(`${program} ended with ${child.exitCode}: ${log}`);
    }
  }
}

/** The user that the servers run as: this one, or Debian's where this one is root. */
function unprivileged(): { uid: number; gid: number } {
  const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  if (own.uid !== 0) {
    return own;
  }
  const id = (option: string) => Number(spawnSync("id", [option, UNPRIVILEGED], { encoding: "utf8" }).stdout.trim());
  return { uid: id("-u"), gid: id("-g") };
}

/** Ends a process, and waits for its end. */
async function stopped(child: ChildProcess, end: () => void): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    end();
    await ended;
  }
}

async function until(condition: () => boolean, what: string, details = () => ""): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!condition()) {
    if (Date.now() > deadline) {
      throw new Error(`waited 30 s for ${what} ${details()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
