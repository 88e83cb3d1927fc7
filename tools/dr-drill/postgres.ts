import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";

/** Where Debian keeps the programs of a server, which it does not put on the path; the newest version is the last. */
const SERVERS = "/usr/lib/postgresql";

/** PostgreSQL refuses to run as root: Debian's package makes this user. */
const UNPRIVILEGED = "postgres";

/** No settings of the user (`PGHOST`, `~/.psqlrc`), and messages in English. */
export const POSTGRES_ENVIRONMENT: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PG"))),
  LC_ALL: "C",
};

/**
 * A program of PostgreSQL's server, or of PgBouncer.
 *
 * @param name such as `postgres`
 * @returns its path where Debian installs it, otherwise the name itself, to be looked for on the path
 */
export function postgresProgram(name: string): string {
  const versions = fs.existsSync(SERVERS) ? fs.readdirSync(SERVERS).sort((a, b) => Number(b) - Number(a)) : [];
  const candidates = [...versions.map((version) => path.join(SERVERS, version, "bin", name)), `/usr/sbin/${name}`];
  return candidates.find((each) => fs.existsSync(each)) ?? name;
}

/** The user that servers run as: this one, or Debian's where this one is root. */
export function unprivileged(): { uid: number; gid: number } {
  const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  if (own.uid !== 0) {
    return own;
  }
  const id = (option: string) => Number(spawnSync("id", [option, UNPRIVILEGED], { encoding: "utf8" }).stdout.trim());
  return { uid: id("-u"), gid: id("-g") };
}

/** Makes a folder that belongs to the user that servers run as. */
export function ownFolder(folder: string): string {
  fs.mkdirSync(folder, { recursive: true });
  const { uid, gid } = unprivileged();
  fs.chownSync(folder, uid, gid);
  return folder;
}

/**
 * Runs a program of PostgreSQL to its end, as the user that servers run as.
 *
 * @throws Error with what it said, when it fails
 */
export function runProgram(name: string, args: readonly string[], folder: string): void {
  const { uid, gid } = unprivileged();
  const { status, error, stderr } = spawnSync(postgresProgram(name), [...args], {
    cwd: folder,
    env: POSTGRES_ENVIRONMENT,
    encoding: "utf8",
    uid,
    gid,
  });
  if (status !== 0) {
    throw new Error(`${name} failed: ${error?.message ?? stderr}`);
  }
}

/**
 * Makes the files of an empty server, with the superuser `postgres`; who reaches its socket needs no password.
 *
 * @throws Error when `initdb` fails
 */
export function initialize(data: string, folder: string): void {
  const args = [
    `--pgdata=${data}`,
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--no-sync",
  ];
  runProgram("initdb", args, folder);
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

export function clientArguments(connection: Connection): string[] {
  const { host, port, user, database } = connection;
  return [...CLIENT, `--host=${host}`, `--port=${port}`, `--username=${user}`, `--dbname=${database}`];
}

/** The first error in what `psql` or a server said. */
export function errorIn(stderr: string): string {
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
      env: POSTGRES_ENVIRONMENT,
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

/**
 * Starts a server, or PgBouncer, as the user that servers run as, and waits until `answers` is true.
 *
 * @param answers whether it does what it is for; called again and again
 * @param seconds how long that may take
 * @throws Error with its log, when it ends or does not answer in time; it does not run then
 */
export async function startProgram(
  name: string,
  args: readonly string[],
  folder: string,
  answers: () => boolean,
  seconds = 30,
): Promise<ChildProcess> {
  const { uid, gid } = unprivileged();
  const child = spawn(postgresProgram(name), [...args], {
    cwd: folder,
    env: POSTGRES_ENVIRONMENT,
    stdio: ["ignore", "ignore", "pipe"],
    uid,
    gid,
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
  try {
    await until(
      () => child.exitCode !== null || answers(),
      `${name} to answer`,
      () => log,
      seconds,
    );
  } catch (error) {
    await stopped(child, () => child.kill("SIGQUIT"));
    throw error;
  }
  if (child.exitCode !== null) {
    throw new Error(`${name} ended with ${child.exitCode}: ${log}`);
  }
  return child;
}

/** Ends a process, and waits for its end. */
export async function stopped(child: ChildProcess, end: () => void): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    end();
    await ended;
  }
}

/** Waits until a condition holds. */
export async function until(condition: () => boolean, what: string, details = () => "", seconds = 30): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!condition()) {
    if (Date.now() > deadline) {
      throw new Error(`waited ${seconds} s for ${what} ${details()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
