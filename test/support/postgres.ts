import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import {
  clientArguments,
  type Connection,
  errorIn,
  initialize,
  POSTGRES_ENVIRONMENT,
  postgresProgram,
  runSql,
  startProgram,
  stopped,
  unprivileged,
  until,
} from "../../tools/dr-drill/postgres";

export { type Connection, postgresProgram, runSql };

/** A client that stays connected, to interleave transactions with other clients. */
export class SqlSession {
  private readonly client: ChildProcess;
  private received = "";
  private errors = "";
  private count = 0;

  constructor(connection: Connection) {
    const client = spawn(postgresProgram("psql"), [...clientArguments(connection), "--set=ON_ERROR_STOP=0"], {
      env: POSTGRES_ENVIRONMENT,
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
    initialize(data, folder);
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
   * @param settings further lines of its configuration, over those of here
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

  /** A client that stays connected to the server. */
  session(database: string, user: string): SqlSession {
    return new SqlSession(this.connection(database, user));
  }

  /** Stops what was started, the last first, and removes the folder. */
  async stop(): Promise<void> {
    for (const child of this.children.reverse()) {
      await stopped(child, () => child.kill("SIGINT"));
    }
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  private async run(program: string, args: readonly string[], probe: Connection): Promise<void> {
    // One that wants a password answers too.
    const answers = () => !/No such file|Connection refused|starting up/.test(runSql(probe, "SELECT 1").error);
    this.children.push(await startProgram(program, args, this.folder, answers));
  }
}
