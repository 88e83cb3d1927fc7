import { execFile } from "node:child_process";
import * as http from "node:http";
import { type AddressInfo } from "node:net";

/** How a request is answered. */
export interface Answer {
  readonly status: number;
  readonly afterMilliseconds?: number;
}

/**
 * Lets something use a server of its own, which stands for the gateway.
 *
 * @param answer to each request
 * @param use what gets the server's address
 */
export async function withGateway<T>(
  answer: (request: http.IncomingMessage) => Answer,
  use: (address: string) => Promise<T>,
): Promise<T> {
  const server = http.createServer((request, response) => {
    const { status, afterMilliseconds = 0 } = answer(request);
    setTimeout(() => response.writeHead(status).end(), afterMilliseconds);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Runs a program while this process goes on, so that it can answer it. */
export function runBeside(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { env: { ...process.env, ...environment } }, (_, stdout, stderr) =>
      resolve({ status: child.exitCode, stdout, stderr }),
    );
    child.on("error", reject);
  });
}
