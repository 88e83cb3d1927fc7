import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";

import { LabError } from "./lab-error";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Somebody stopped a command: it ended at a place where it can go on. */
export class Interrupted extends LabError {
  constructor(readonly signal: (typeof SIGNALS)[number]) {
    super(`Interrupted (${signal}).`);
  }

  /** As a shell counts it. */
  get exitCode(): number {
    return 128 + constants.signals[this.signal];
  }
}

/**
 * Lets a long command stop where it can go on: the program that runs is asked to end, once for each signal, and nothing
 * is started after it.
 */
export class Interruption {
  private signal: (typeof SIGNALS)[number] | undefined;
  private child: ChildProcess | undefined;

  constructor(private readonly report: (line: string) => void) {}

  /** Takes the signals that would end this process. */
  listen(): void {
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        this.report(
          this.signal === undefined
            ? "Stopping: what runs is ended in an orderly way. (Once more: at once, and Terraform may lose what it did.)"
            : "Stopping at once.",
        );
        const again = this.signal !== undefined;
        this.signal = signal;
        // Terraform takes SIGINT as "finish what you are at, write the state, end".
        if (this.child === undefined && again) {
          process.exit(new Interrupted(signal).exitCode);
        }
        this.child?.kill("SIGINT");
      });
    }
  }

  /** @returns what ends the forwarding, when the program has ended */
  forwardTo(child: ChildProcess): () => void {
    this.child = child;
    return () => (this.child = undefined);
  }

  /** Why nothing more may be started; nothing while nobody has interrupted. */
  error(): Interrupted | undefined {
    return this.signal === undefined ? undefined : new Interrupted(this.signal);
  }

  /** @throws Interrupted when somebody has */
  check(): void {
    const error = this.error();
    if (error !== undefined) {
      throw error;
    }
  }
}
