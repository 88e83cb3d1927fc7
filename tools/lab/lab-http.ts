import { spawn } from "node:child_process";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { createInterface } from "node:readline";

import { kubectl } from "./access";
import { ask } from "./program";
import { KUBECONFIG, type Secrets } from "./secrets";

/** A request that waits for so long is given up. */
const TIMEOUT_SECONDS = 30;

/** A command that takes longer is given up: one of Airflow loads for seconds before it does anything. */
const COMMAND_SECONDS = 120;

/** A forwarding, with all that is asked through it, ends after so long. */
const FORWARDING_SECONDS = 300;

export interface LabRequest {
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; a text as it is. */
  readonly body?: unknown;
}

/** How the lab is reached from this machine. */
export interface LabHttpOptions {
  readonly secrets: Pick<Secrets, "folder">;
  /** Certificate (PEM) of the lab's authority. */
  readonly authority: string;
  /** Port of 127.0.0.1 that leads to Traefik. @default 443 */
  readonly port?: number;
}

/** Asks what runs in the lab: by its public name, or inside the cluster. */
export class LabHttp {
  constructor(private readonly options: LabHttpOptions) {}

  /**
   * Asks `https://<name>.lab.local`, whatever the hosts file says: the lab is on 127.0.0.1. Its certificate has to be of the
   * lab's authority.
   *
   * @throws Error for every answer but a success
   */
  named(name: string, path: string, request: LabRequest = {}): Promise<unknown> {
    const { authority, port = 443 } = this.options;
    const host = `${name}.lab.local`;
    return answer(`https://${host}${path}`, request, (headers, method) =>
      httpsRequest({
        ...{ host: "127.0.0.1", port, servername: host, ca: authority, path, method },
        headers: { Host: host, ...headers },
      }),
    );
  }

  /**
   * Asks a Service of the cluster, by a forwarding of its port that ends with the answer.
   *
   * @throws Error for every answer but a success, and where the port cannot be forwarded
   */
  async inside(
    service: { readonly namespace: string; readonly name: string; readonly port: number },
    paths: (get: (path: string, request?: LabRequest) => Promise<unknown>) => Promise<unknown>,
  ): Promise<unknown> {
    const { namespace, name, port } = service;
    const child = spawn(
      "kubectl",
      [
        ...["--kubeconfig", `${this.options.secrets.folder}/${KUBECONFIG}`, "--namespace", namespace],
        ...["port-forward", "--address", "127.0.0.1", `service/${name}`, `:${port}`],
      ],
      // Its words are looked at.
      { env: { ...process.env, LC_ALL: "C" }, timeout: FORWARDING_SECONDS * 1000, stdio: ["ignore", "pipe", "pipe"] },
    );
    let complaint = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
    try {
      const local = await new Promise<number>((resolve, reject) => {
        child.once("error", reject);
        child.once("exit", () => reject(new Error(complaint.trim().split("\n")[0] || "kubectl port-forward ended")));
        createInterface({ input: child.stdout }).on("line", (line) => {
          const [, found] = /^Forwarding from 127\.0\.0\.1:(\d+) /.exec(line) ?? [];
          if (found !== undefined) {
            resolve(Number(found));
          }
        });
      });
      return await paths((path, request = {}) =>
        answer(`http://${name}.${namespace}:${port}${path}`, request, (headers, method) =>
          httpRequest({ host: "127.0.0.1", port: local, path, method, headers }),
        ),
      );
    } finally {
      child.kill();
    }
  }

  /** A key of a Secret. @throws Error where there is none */
  async secret(namespace: string, name: string, key: string): Promise<string> {
    const output = `jsonpath={.data.${key.replaceAll(".", "\\.")}}`;
    const { status, stdout, stderr } = await kubectl(
      this.options.secrets,
      ...["--namespace", namespace, "get", "secret", name, `--output=${output}`],
    );
    if (status !== 0 || stdout === "") {
      throw new Error(`the Secret ${namespace}/${name} has no ${key}: ${stderr.trim()}`);
    }
    return Buffer.from(stdout, "base64").toString("utf8");
  }

  /** What a command prints in a container of the cluster. @throws Error with its words where it fails */
  async command(
    namespace: string,
    workload: string,
    container: string,
    ...command: readonly string[]
  ): Promise<string> {
    const { status, stdout, stderr } = await ask(
      "kubectl",
      [
        ...["--kubeconfig", `${this.options.secrets.folder}/${KUBECONFIG}`, "--namespace", namespace],
        ...["exec", workload, "--container", container, "--", ...command],
      ],
      { timeoutSeconds: COMMAND_SECONDS },
    );
    if (status !== 0) {
      throw new Error(`${command.join(" ")}: ${(stderr || stdout).trim().split("\n").at(-1)}`);
    }
    return stdout;
  }

  /** Makes a Job of a CronJob, now. @throws Error with kubectl's words where it cannot */
  async startJob(namespace: string, cronJob: string, name: string): Promise<void> {
    const { status, stderr } = await kubectl(
      this.options.secrets,
      ...["--namespace", namespace, "create", "job", name, `--from=cronjob/${cronJob}`],
    );
    if (status !== 0) {
      throw new Error(`the Job ${namespace}/${name}: ${stderr.trim()}`);
    }
  }

  /** How a Job ended: `Complete`, `Failed`, or undefined while it has not. @throws Error where there is none */
  async endOfJob(namespace: string, name: string): Promise<"Complete" | "Failed" | undefined> {
    const { status, stdout, stderr } = await kubectl(
      this.options.secrets,
      ...["--namespace", namespace, "get", "job", name],
      '--output=jsonpath={.status.conditions[?(@.status=="True")].type}',
    );
    if (status !== 0) {
      throw new Error(`the Job ${namespace}/${name}: ${stderr.trim()}`);
    }
    const types = stdout.split(" ");
    return (["Complete", "Failed"] as const).find((type) => types.includes(type));
  }
}

function answer(
  url: string,
  { method = "GET", headers = {}, body }: LabRequest,
  open: (headers: Readonly<Record<string, string>>, method: string) => ReturnType<typeof httpRequest>,
): Promise<unknown> {
  const content = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  const type: Record<string, string> = typeof body === "object" ? { "Content-Type": "application/json" } : {};
  const length: Record<string, string> =
    body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(content)) };
  return new Promise((resolve, reject) => {
    const request = open({ ...type, ...length, ...headers }, method);
    request.setTimeout(TIMEOUT_SECONDS * 1000, () => request.destroy(new Error(`${url} does not answer`)));
    request.once("error", (error) => reject(new Error(`${url}: ${error.message}`)));
    request.once("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.once("end", () => {
        const status = response.statusCode ?? 0;
        if (status < 200 || status > 299) {
          reject(new Error(`${url} answers ${status}: ${text.slice(0, 200).trim()}`));
        } else {
          resolve(parsed(text));
        }
      });
    });
    request.end(content);
  });
}

/** JSON, or the text where it is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
