import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";

import { OfflineError } from "./errors";
import type { Fakes } from "./fakes";
import { repositoryFile } from "./files";

export interface OfflineServerOptions {
  /** Folder with `*.json` or `*.json.gz` provider schemas. @default - no provider at all is served */
  readonly schemas?: string;
  /** Values by `type.attribute` in place of the invented ones. @default - none */
  readonly fakes?: Fakes;
}

export interface OfflineServer {
  /** Environment variables that make Terraform use the server. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends the server and removes its files. It also ends when the process that started it does. */
  stop(): Promise<void>;
}

/** What the server process says once, when it is ready or cannot be. */
export type ServerAnswer = { env: Record<string, string> } | { error: string };

/**
 * Starts a process that serves all providers of a folder of schemas to any number of Terraform runs, without a
 * network and without credentials.
 *
 * @throws {OfflineError} when the schemas or the fake values cannot be used
 */
export async function startOfflineServer(options: OfflineServerOptions = {}): Promise<OfflineServer> {
  const { schemas, fakes } = options;
  const child = spawn(process.execPath, [repositoryFile("tools/start.mjs"), "tools/offline/server.ts"], {
    // A process group of its own: an interrupt on the terminal is for Terraform, which still needs its providers then.
    detached: true,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  child.stdin.write(`${JSON.stringify({ schemas: schemas === undefined ? undefined : resolve(schemas), fakes })}\n`);

  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([once(lines, "line"), ended.then(() => undefined)]);
  const answer = first === undefined ? undefined : (JSON.parse(String(first[0])) as ServerAnswer);
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await ended;
  };
  if (answer === undefined || "error" in answer) {
    await stop();
    throw new OfflineError(answer?.error ?? "The offline provider server ended before it was ready.");
  }
  return { env: answer.env, stop };
}
