import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

import { LabError } from "./lab-error";

/** Files that the layers need before anything runs, each with a password that is made once. */
export const GENERATED = [
  "postgres_password",
  "vault_token",
  "gitlab_db_password",
  "gitlab_root_password",
  "k3s_token",
] as const;

/** Tokens of GitLab: made when it runs, and again when they no longer work. */
export const TOKENS = { root: "gitlab_token", read: "gitlab_read_token" } as const;

/** Written by the layer lab-cluster. */
export const KUBECONFIG = "kubeconfig";

/**
 * The folder with the lab's secrets, outside the repository: `SOCLE_LAB_SECRETS`, or `socle-lab` where a user's
 * configuration is.
 *
 * @throws LabError when it is not one that Docker can mount from
 */
export function secretsFolder(env: NodeJS.ProcessEnv = process.env): string {
  const folder = env["SOCLE_LAB_SECRETS"] || join(env["XDG_CONFIG_HOME"] || join(homedir(), ".config"), "socle-lab");
  const absolute = resolve(folder);
  if (!/^(\/[A-Za-z0-9._-]+)+$/.test(absolute) || /^\/mnt\/[a-z](\/|$)/.test(absolute)) {
    throw new LabError(
      `The lab's secrets cannot be in ${absolute}: name a folder of the Linux home in SOCLE_LAB_SECRETS, of letters, digits, ".", "_" and "-".`,
    );
  }
  return absolute;
}

/** The lab's secrets: files of mode 0600 in a folder of mode 0700. */
export class Secrets {
  constructor(readonly folder: string) {}

  /**
   * Makes the folder and every file of {@link GENERATED} that is missing. What is there stays as it is: PostgreSQL and
   * k3s take their secret only once.
   *
   * @returns the names of the files that were made
   * @throws LabError when another user can read what is there, or owns it
   */
  ensure(): readonly string[] {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    this.check();
    return GENERATED.filter((name) => this.make(name, randomBytes(24).toString("hex")));
  }

  /** @returns nothing where the file is missing or empty */
  read(name: string): string | undefined {
    try {
      return readFileSync(this.path(name), "utf8").trim() || undefined;
    } catch {
      return undefined;
    }
  }

  /** Puts a new text in place of what there was; a reader sees the one or the other, whole. */
  write(name: string, text: string): void {
    const partial = this.partial(name, text);
    renameSync(partial, this.path(name));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Removes files of the lab; the folder too when nothing else is in it. */
  remove(names: readonly string[]): void {
    for (const name of names) {
      rmSync(this.path(name), { force: true });
    }
    try {
      rmdirSync(this.folder);
    } catch {
      // It is not there, or has files that are not the lab's.
    }
  }

  /** @returns whether there was none */
  private make(name: string, text: string): boolean {
    if (existsSync(this.path(name)) && statSync(this.path(name)).size > 0) {
      return false;
    }
    rmSync(this.path(name), { force: true });
    // Without a line end: Terraform's file() and Ruby's File.read would take it for a part of the password.
    const partial = this.partial(name, text);
    try {
      // Unlike a renaming, it never takes the place of a file that another run has made meanwhile.
      linkSync(partial, this.path(name));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") {
        return false;
      }
      throw error;
    } finally {
      rmSync(partial, { force: true });
    }
  }

  private partial(name: string, text: string): string {
    const file = `${this.path(name)}.${process.pid}.partial`;
    writeFileSync(file, text, { mode: 0o600 });
    // The file may be there from a run that was killed, with another mode.
    chmodSync(file, 0o600);
    return file;
  }

  private check(): void {
    const closed = (path: string, mode: number, kind: string): readonly string[] => {
      const { mode: found, uid } = statSync(path);
      return [
        ...((found & 0o077) === 0
          ? []
          : [
              `${kind} ${path} can be read by others (mode ${(found & 0o777).toString(8)}): chmod ${mode.toString(8)} ${path}`,
            ]),
        ...(process.getuid === undefined || uid === process.getuid()
          ? []
          : [`${kind} ${path} belongs to another user (uid ${uid}): sudo chown "$(id -u)" ${path}`]),
      ];
    };
    const files = [...GENERATED, ...Object.values(TOKENS), KUBECONFIG].map((name) => this.path(name));
    const problems = [
      ...closed(this.folder, 0o700, "The folder"),
      ...files.filter((file) => existsSync(file)).flatMap((file) => closed(file, 0o600, "The file")),
    ];
    if (problems.length > 0) {
      throw new LabError("The lab's secrets are not safe:", problems);
    }
  }
}
