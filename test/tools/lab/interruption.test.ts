import { spawn } from "node:child_process";
import { once } from "node:events";

import { Interrupted, Interruption } from "../../../tools/lab/interruption";

describe("stopping half-way", () => {
  const lines: string[] = [];
  const interruption = new Interruption((line) => lines.push(line));
  const before = process.rawListeners("SIGINT");
  beforeAll(() => interruption.listen());
  afterAll(() => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.removeAllListeners(signal);
    }
    before.forEach((listener) => process.on("SIGINT", listener as () => void));
  });

  test("GIVEN no signal THEN work goes on", () => {
    expect(interruption.error()).toBeUndefined();
    expect(() => interruption.check()).not.toThrow();
  });

  test("WHEN a signal comes THEN what runs gets one SIGINT, and nothing is started after it", async () => {
    // GIVEN a program that counts the signals it gets
    const script =
      "let got = 0; process.on('SIGINT', () => (got += 1)); setTimeout(() => process.exit(got), 600); console.log('ready')";
    const child = spawn(process.execPath, ["-e", script], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
    const ended = once(child, "exit");
    await once(child.stdout, "data");
    const release = interruption.forwardTo(child);

    // WHEN
    process.emit("SIGTERM");

    // THEN
    const [code] = (await ended) as [number];
    release();
    expect(code).toBe(1);
    expect(lines).toHaveLength(1);
    expect(() => interruption.check()).toThrow(Interrupted);
    expect(interruption.error()?.exitCode).toBe(143);
  });
});
