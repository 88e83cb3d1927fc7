import { type ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import {
  type Connection,
  errorIn,
  initialize,
  ownFolder,
  runProgram,
  runSql,
  startProgram,
  stopped,
  until,
} from "./postgres";

export interface DrillOptions {
  /** Folder of the migrations, in Flyway's naming. */
  readonly migrations: string;
  /** So many rows each tenant gets before the base backup. */
  readonly rows: number;
  /** A WAL file that is not full is archived after so many seconds. */
  readonly archiveTimeoutSeconds: number;
  /** Called when the server is lost, with the folder of the archived WAL, to try what a broken archive does. @default - nothing */
  readonly whenLost?: (archive: string) => void;
}

/** One thing that has to hold after the restore. */
export interface Check {
  readonly what: string;
  /** What was found instead; "" when it holds. */
  readonly problem: string;
}

export interface DrillResult {
  /** Version of the server, such as `15.14`. */
  readonly version: string;
  readonly target: string;
  readonly checks: readonly Check[];
  /** From the loss of the server until the restored one, as it was at the target time, has answered every check. */
  readonly recoverySeconds: number;
  /** From the last row that a restore of everything brings back until the loss of the server. */
  readonly lossSeconds: number;
  /** How many WAL files the archive had when the server was lost. */
  readonly walFiles: number;
}

/** A drill that could not be carried through: a sentence that says where it stopped. */
export class DrillError extends Error {}

const DATABASE = "viridial";
const TENANTS = ["aaaaaaaa-0000-4000-8000-000000000000", "bbbbbbbb-0000-4000-8000-000000000000"] as const;
/** What is deleted by mistake, after the target time. */
const DELETED = "R-deleted";
/** What is written after the target time. */
const LATER = "R-later";

/**
 * Loses a PostgreSQL and restores it to a point in time, for real: a server with WAL archiving, the migrations, rows of two
 * tenants, a base backup, more rows; a time is noted, a row deleted, the server destroyed; another server is made of the
 * base backup and the archived WAL up to that time. It is then made once more with all that was archived, to see how much
 * is lost.
 *
 * @throws DrillError where it cannot be carried through, such as a restore that does not reach its target
 */
export async function drill(options: DrillOptions): Promise<DrillResult> {
  // Short: the path of a socket has at most 107 bytes.
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "dr-"));
  const running: ChildProcess[] = [];
  try {
    ownFolder(folder);
    return await run(new Site(folder, running), options);
  } finally {
    for (const child of running) {
      await stopped(child, () => child.kill("SIGQUIT"));
    }
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function run(site: Site, options: DrillOptions): Promise<DrillResult> {
  const primary = await site.makePrimary(options.archiveTimeoutSeconds);
  const [version = ""] = site.query("SHOW server_version", "postgres");
  site.query(`CREATE DATABASE ${DATABASE}`, "postgres");
  migrate(site, options.migrations);
  TENANTS.forEach((tenant, index) => site.query(tenantRows(tenant, index, options.rows)));
  runProgram(
    "pg_basebackup",
    [`--host=${site.folder}`, "--username=postgres", `--pgdata=${site.base}`, "--checkpoint=fast", "--wal-method=none"],
    site.folder,
  );

  // More than one WAL file between the base backup and the target.
  site.query(property(TENANTS[0], DELETED));
  site.query("SELECT pg_switch_wal()");
  site.query(property(TENANTS[1], "R-more"));
  const [target = ""] = site.query("SELECT clock_timestamp()");
  site.query(`DELETE FROM viridial.properties WHERE reference = '${DELETED}'`);
  site.query(property(TENANTS[0], LATER));
  await writeUntilLost(site, options.archiveTimeoutSeconds);
  const lost = Date.now();
  await stopped(primary, () => primary.kill("SIGQUIT"));
  fs.rmSync(site.data, { recursive: true });
  const walFiles = fs.readdirSync(site.archive).filter((file) => /^[0-9A-F]{24}$/.test(file)).length;
  options.whenLost?.(site.archive);

  const restored = await site.restore("restored", target);
  const checks = checkRestored(site, options.rows);
  const recoverySeconds = (Date.now() - lost) / 1000;
  await stopped(restored, () => restored.kill("SIGQUIT"));

  await site.restore("latest");
  const [last = "0"] = site.query("SELECT extract(epoch FROM max(at)) FROM drill.heartbeats");
  return { version, target, checks, recoverySeconds, lossSeconds: lost / 1000 - Number(last), walFiles };
}

/** The throw-away place of a drill: one server at a time, its archive, its base backup. */
class Site {
  readonly data: string;
  readonly archive: string;
  readonly base: string;

  constructor(
    readonly folder: string,
    private readonly running: ChildProcess[],
  ) {
    this.data = path.join(folder, "data");
    this.base = path.join(folder, "base");
    this.archive = ownFolder(path.join(folder, "archive"));
  }

  /** A server that archives its WAL. */
  async makePrimary(archiveTimeoutSeconds: number): Promise<ChildProcess> {
    initialize(this.data, this.folder);
    return this.start(this.data, {
      archive_mode: "on",
      // Under another name until it is whole: a half file is worse than none.
      archive_command: `cp %p "${this.archive}/%f.part" && mv "${this.archive}/%f.part" "${this.archive}/%f"`,
      archive_timeout: `${archiveTimeoutSeconds}s`,
    });
  }

  /**
   * A server of the base backup and the archived WAL.
   *
   * @param target a time; without it, all that was archived
   * @throws DrillError when it does not get there
   */
  async restore(name: string, target?: string): Promise<ChildProcess> {
    const data = path.join(this.folder, name);
    runProgram("cp", ["-a", this.base, data], this.folder);
    fs.writeFileSync(path.join(data, "recovery.signal"), "");
    try {
      return await this.start(data, {
        archive_mode: "off",
        restore_command: `cp "${this.archive}/%f" %p`,
        ...(target === undefined ? {} : { recovery_target_time: target, recovery_target_action: "promote" }),
      });
    } catch (error) {
      throw new DrillError(
        `the restored server did not start: ${reasonIn((error as Error).message)}. ` +
          "A WAL file or the base backup is missing or damaged in the archive.",
      );
    }
  }

  /** @throws DrillError with the server's message */
  query(sql: string, database = DATABASE, user = "postgres"): readonly string[] {
    const { rows, error } = runSql(this.connection(database, user), sql);
    if (error !== "") {
      throw new DrillError(`the server refused "${sql.slice(0, 80)}": ${error}`);
    }
    return rows;
  }

  connection(database: string, user: string): Connection {
    return { host: this.folder, port: 5432, database, user };
  }

  /** Waits until it takes writes, which a server in recovery does not. */
  private async start(data: string, settings: Readonly<Record<string, string>>): Promise<ChildProcess> {
    const all = { listen_addresses: "", unix_socket_directories: this.folder, fsync: "off", ...settings };
    const child = await startProgram(
      "postgres",
      ["-D", data, ...Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
      this.folder,
      () => runSql(this.connection("postgres", "postgres"), "SELECT pg_is_in_recovery()").rows[0] === "f",
      300,
    );
    this.running.push(child);
    return child;
  }
}

/** Why a server ended, from its log: not that it refused those who asked whether it is ready. */
function reasonIn(log: string): string {
  return errorIn(log.replaceAll(/^.*FATAL: +the database system is .*$/gm, ""));
}

/** Applies the migrations as an administrator, who may make the roles too. */
function migrate(site: Site, folder: string): void {
  const version = (file: string) => Number(/^V(\d+)__/.exec(file)?.[1] ?? NaN);
  const files = fs
    .readdirSync(folder)
    .filter((file) => !Number.isNaN(version(file)))
    .sort((a, b) => version(a) - version(b));
  if (files.length === 0) {
    throw new DrillError(`there is no migration in ${folder}: name the folder of V1__….sql and its like`);
  }
  for (const file of files) {
    const sql = fs.readFileSync(path.join(folder, file), "utf8");
    const { error } = runSql(site.connection(DATABASE, "postgres"), sql, "--single-transaction");
    if (error !== "") {
      throw new DrillError(`the migration ${file} failed: ${error}`);
    }
  }
  site.query("CREATE SCHEMA drill; CREATE TABLE drill.heartbeats (at timestamptz NOT NULL DEFAULT clock_timestamp())");
}

function tenantRows(tenant: string, index: number, rows: number): string {
  return [
    `INSERT INTO viridial.organizations (id, slug, name, plan) VALUES ('${tenant}', 'agency-${index}', 'Agency', 'basic')`,
    `INSERT INTO viridial.properties (organization_id, reference, title)
       SELECT '${tenant}', 'R-' || n, repeat('house ', 20) FROM generate_series(1, ${rows}) AS n`,
  ].join(";\n");
}

function property(tenant: string, reference: string): string {
  return `INSERT INTO viridial.properties (organization_id, reference, title) VALUES ('${tenant}', '${reference}', 'House')`;
}

/**
 * Writes a row again and again, as in a server that is in use: until some of these rows are in the archive, and then a
 * while longer, so that the loss falls between two WAL files.
 */
async function writeUntilLost(site: Site, archiveTimeoutSeconds: number): Promise<void> {
  const archived = () => Number(site.query("SELECT archived_count FROM pg_stat_archiver")[0]);
  const write = () => site.query("INSERT INTO drill.heartbeats DEFAULT VALUES");
  const enough = archived() + 2;
  const whole = () => {
    write();
    return archived() >= enough;
  };
  await until(whole, "two more WAL files in the archive", undefined, 60 + 3 * archiveTimeoutSeconds);
  const end = Date.now() + 500 * archiveTimeoutSeconds;
  const partly = () => {
    write();
    return Date.now() >= end;
  };
  await until(partly, "the loss", undefined, 60 + archiveTimeoutSeconds);
}

function checkRestored(site: Site, rows: number): Check[] {
  const references = site.query(
    `SELECT reference FROM viridial.properties WHERE reference IN ('${DELETED}', '${LATER}') ORDER BY 1`,
  );
  const asTenant = (tenant: string) =>
    site
      .query(
        `BEGIN; SELECT set_config('app.organization_id', '${tenant}', true);
         SELECT organization_id || ' ' || count(*) FROM viridial.properties GROUP BY organization_id ORDER BY 1; COMMIT;`,
        DATABASE,
        "viridial_app",
      )
      .slice(1)
      .join(", ");
  const seen = TENANTS.map(asTenant);
  const expected = TENANTS.map((tenant) => `${tenant} ${rows + 1}`);
  const without = site.query("SELECT count(*) FROM viridial.properties", DATABASE, "viridial_app")[0];
  const guard = site.query("SELECT object || ' ' || problem FROM viridial.isolation_problems()");
  return [
    {
      what: "the row that was deleted after the target time is there again",
      problem: references.includes(DELETED) ? "" : "it is not",
    },
    {
      what: "what was written after the target time is not there",
      problem: references.includes(LATER) ? "it is" : "",
    },
    {
      what: "each tenant sees all of its rows, and no other's",
      problem: seen.join() === expected.join() ? "" : `found ${seen.join("; ")} instead of ${expected.join("; ")}`,
    },
    {
      what: "a query without a tenant sees no rows",
      problem: without === "0" ? "" : `it sees ${without}`,
    },
    {
      what: "viridial.isolation_problems() finds nothing",
      problem: guard.join("; "),
    },
  ];
}
