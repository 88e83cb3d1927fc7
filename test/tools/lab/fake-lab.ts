import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer as createHttp, type IncomingMessage, type Server } from "node:http";
import { createServer as createHttps } from "node:https";
import { type AddressInfo } from "node:net";
import { join } from "node:path";

import { LabHttp } from "../../../tools/lab/lab-http";
import { temporaryFolder } from "../../support/layers";
import { fakePrograms } from "./support";

/** What a service answers: JSON, a text, or a status. */
type Answer = (path: string, body: string, headers: IncomingMessage["headers"]) => unknown;

/**
 * A lab on this machine: every `<name>.lab.local` behind one HTTPS port with a certificate of an authority, every Service
 * behind one HTTP port that a `kubectl` of ours forwards to, Secrets and commands by that `kubectl` too.
 */
export class FakeLab {
  /** By the first part of a name, or of a Service's. */
  readonly services: Record<string, Answer> = {};
  readonly authority: string;
  private readonly folder = temporaryFolder();
  private readonly servers: readonly Server[];
  private readonly path = process.env["PATH"] ?? "";

  private constructor() {
    const openssl = (...args: readonly string[]) =>
      expect(spawnSync("openssl", args, { cwd: this.folder, encoding: "utf8" }).status).toBe(0);
    const request = ["req", "-newkey", "rsa:2048", "-nodes", "-x509", "-days", "1"];
    openssl(...request, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=lab");
    openssl(
      ...[...request, "-CA", "ca.crt", "-CAkey", "ca.key", "-keyout", "tls.key", "-out", "tls.crt"],
      ...["-subj", "/CN=lab.local", "-addext", "subjectAltName=DNS:*.lab.local"],
    );
    this.authority = readFileSync(join(this.folder, "ca.crt"), "utf8");
    const tls = { key: readFileSync(join(this.folder, "tls.key")), cert: readFileSync(join(this.folder, "tls.crt")) };
    const handle: Parameters<typeof createHttp>[1] = (incoming, response) => {
      let body = "";
      incoming.setEncoding("utf8").on("data", (part: string) => (body += part));
      incoming.on("end", () => {
        const name = /^([a-z0-9-]+)\.lab\.local/.exec(incoming.headers.host ?? "")?.[1] ?? this.forwarded();
        const found = this.services[name]?.(incoming.url ?? "", body, incoming.headers);
        response.writeHead(found === undefined ? 404 : typeof found === "number" ? found : 200);
        response.end(typeof found === "string" ? found : JSON.stringify(found));
      });
    };
    this.servers = [createHttps(tls, handle), createHttp(handle)];
  }

  static async start(): Promise<FakeLab> {
    const lab = new FakeLab();
    for (const server of lab.servers) {
      await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    }
    return lab;
  }

  get http(): LabHttp {
    return new LabHttp({ secrets: { folder: this.folder }, authority: this.authority, port: this.port(0) });
  }

  /**
   * A `kubectl` on the path.
   *
   * @param exec what `kubectl exec … -- <command>` does, as a shell's `case` on the whole line
   */
  kubectl(exec = "", forward = true): void {
    const ready = `echo "Forwarding from 127.0.0.1:${this.port(1)} -> 1"`;
    const script = `echo "$*" >> ${this.folder}/calls
case "$*" in
  *port-forward*) ${forward ? `echo "$*" | sed 's/.*service.//; s/ .*//' > ${this.folder}/forwarded; ${ready}; exec sleep 60` : "echo 'error: services not found' >&2; exit 1"};;
  *get\\ secret*) printf %s ${Buffer.from("a password").toString("base64")};;
  ${exec}
esac`;
    process.env["PATH"] = `${fakePrograms({ kubectl: script })}:${this.path}`;
    writeFileSync(join(this.folder, "calls"), "");
  }

  calls(): readonly string[] {
    return readFileSync(join(this.folder, "calls"), "utf8").trim().split("\n");
  }

  async stop(): Promise<void> {
    process.env["PATH"] = this.path;
    for (const server of this.servers) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  }

  private port(server: number): number {
    return (this.servers[server]?.address() as AddressInfo).port;
  }

  private forwarded(): string {
    return readFileSync(join(this.folder, "forwarded"), "utf8").trim();
  }
}
