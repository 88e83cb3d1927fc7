import { spawn } from "node:child_process";

import type { Outcome } from "./doctor-finding";

export interface AskOptions {
  /** Variables on top of this process's own: the way for secrets, which other users would see among the arguments. */
  readonly env?: Readonly<Record<string, string>>;
  /** What the program reads from its standard input. @default - nothing */
  readonly input?: string;
  /** @default - this process's folder */
  readonly folder?: string;
  /** After so long the program is ended. @default - it is waited for */
  readonly timeoutSeconds?: number;
}

/** Runs a program and waits for its end; one that is not there, or fails, is an answer too. */
export function ask(program: string, args: readonly string[], options: AskOptions = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.folder,
      // Sentences are looked at, so they have to be in one language.
      env: { ...process.env, LC_ALL: "C", ...options.env },
      timeout: options.timeoutSeconds === undefined ? undefined : options.timeoutSeconds * 1000,
      stdio: ["pipe", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.once("error", (error: NodeJS.ErrnoException) =>
      resolve({ status: undefined, stdout: "", stderr: error.message, there: error.code !== "ENOENT" }),
    );
    child.once("close", (code, signal) => {
      const late = signal === null ? "" : `no answer within ${options.timeoutSeconds ?? 0} seconds`;
      resolve({ status: code ?? undefined, stdout, stderr: stderr || late, there: true });
    });
    // A program that ends without reading is no problem of its own: its exit code says what is.
    child.stdin.on("error", () => undefined).end(options.input ?? "");
  });
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
