import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { temporaryFolder } from "./layers";
import { describeWithProgram } from "./programs";

/** `describe` for tests that run the real MinIO and its client: see {@link describeWithProgram}. */
export function describeWithMinio(name: string, tests: () => void): void {
  describeWithProgram("minio", name, () => describeWithProgram("mc", "with its client", tests));
}

/** The name and password of every server's root. */
export const ROOT = { username: "root", password: "password-of-root" };

/** A real object store in a temporary folder, on a free port of this machine only. */
export class MinioServer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    readonly endpoint: string,
  ) {}

  /** Makes an empty one, and waits until it answers. */
  static async start(): Promise<MinioServer> {
    const folder = temporaryFolder();
    const [api, console] = [await freePort(), await freePort()];
    const args = ["server", path.join(folder, "data"), "--address", api, "--console-address", console, "--quiet"];
    const child = spawn("minio", args, {
      cwd: folder,
      stdio: "ignore",
      env: {
        PATH: process.env["PATH"],
        HOME: folder,
        MINIO_ROOT_USER: ROOT.username,
        MINIO_ROOT_PASSWORD: ROOT.password,
        MINIO_BROWSER: "off",
        MINIO_UPDATE: "off",
      },
    });
    const server = new MinioServer(child, folder, `http://${api}`);
    const deadline = Date.now() + 30_000;
    while (!(await server.answers())) {
      if (Date.now() > deadline || child.exitCode !== null) {
        throw new Error(`MinIO did not answer within 30 s, or ended with ${child.exitCode}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return server;
  }

  /**
   * Runs the client, which knows this server as `store`.
   *
   * @param key whose key it uses. @default - root's
   */
  mc(args: readonly string[], key = ROOT, input = ""): { ok: boolean; text: string } {
    const { status, stdout, stderr } = spawnSync("mc", [...args], {
      encoding: "utf8",
      input,
      env: {
        PATH: process.env["PATH"],
        HOME: this.folder,
        MC_CONFIG_DIR: path.join(this.folder, "mc"),
        MC_HOST_store: this.endpoint.replace("://", `://${key.username}:${key.password}@`),
      },
    });
    return { ok: status === 0, text: `${stdout}${stderr}`.trim() };
  }

  /** Runs a shell script as a Job would. */
  run(script: string, environment: Readonly<Record<string, string>>): { ok: boolean; text: string } {
    const { status, stdout, stderr } = spawnSync("sh", [script], {
      encoding: "utf8",
      env: {
        PATH: process.env["PATH"],
        HOME: this.folder,
        MC_CONFIG_DIR: path.join(this.folder, "job"),
        ...environment,
      },
    });
    return { ok: status === 0, text: `${stdout}${stderr}` };
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      const ended = new Promise((resolve) => this.child.once("exit", resolve));
      this.child.kill("SIGTERM");
      await ended;
    }
    fs.rmSync(path.join(this.folder, "data"), { recursive: true, force: true });
  }

  private async answers(): Promise<boolean> {
    return fetch(`${this.endpoint}/minio/health/ready`).then(
      ({ status }) => status === 200,
      () => false,
    );
  }
}

/** An address that nobody listens at. */
function freePort(): Promise<string> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(`127.0.0.1:${port}`));
    });
  });
}
