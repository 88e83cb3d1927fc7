import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo } from "node:net";
import { join } from "node:path";

import { run } from "../offline/support";
import { temporaryFolder } from "../../support/layers";

interface FakeProject {
  id: number;
  name: string;
  path: string;
  visibility: string;
  default_branch: string | null;
}

interface FakeDeployToken {
  id: number;
  name: string;
  username: string;
  scopes: string[];
  token: string;
}

/**
 * The part of GitLab that the lab talks to: its API, kept in memory, and bare repositories behind Git's own
 * `http-backend`, which both ask for a token.
 */
export class FakeGitLab {
  /** What was asked, such as `POST /groups`. */
  readonly requests: string[] = [];
  readonly groups: { id: number; path: string; visibility: string }[] = [];
  readonly projects: FakeProject[] = [];
  deployTokens: FakeDeployToken[] = [];
  /** Tokens with the scope api. */
  readonly tokens = new Set<string>();
  /** A file with more of them, one a line: what another process made. */
  readonly tokenFile: string;
  private readonly folder = temporaryFolder();
  private readonly server: Server;
  private port = 0;
  private ids = 0;

  private constructor() {
    this.tokenFile = join(this.folder, "tokens");
    this.server = createServer((request, response) => {
      void this.answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
    });
  }

  static async start(...tokens: readonly string[]): Promise<FakeGitLab> {
    const gitlab = new FakeGitLab();
    tokens.forEach((token) => gitlab.tokens.add(token));
    await new Promise<void>((resolve) => gitlab.server.listen(0, "127.0.0.1", resolve));
    gitlab.port = (gitlab.server.address() as AddressInfo).port;
    return gitlab;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** What a `docker` does that has GitLab's console: the token of the script on its standard input is known here. */
  get console(): string {
    return `sed -n 's/^token.set_token("\\(.*\\)")$/\\1/p' >> ${this.tokenFile}`;
  }

  /** The bare repository of a project. */
  bare(path: string): string {
    return join(this.folder, `${path}.git`);
  }

  /** What Git prints in a project's repository. */
  async git(path: string, ...args: readonly string[]): Promise<string> {
    const { code, stdout, text } = await run("git", args, { cwd: this.bare(path) });
    if (code !== 0) {
      throw new Error(text);
    }
    return stdout.trim();
  }

  /** Every push to a project is refused with this word from now on. */
  refusePushes(path: string, word: string): void {
    const hook = join(this.bare(path), "hooks", "pre-receive");
    mkdirSync(join(this.bare(path), "hooks"), { recursive: true });
    writeFileSync(hook, `#!/bin/sh\necho '${word}' >&2\nexit 1\n`);
    chmodSync(hook, 0o755);
  }

  async addGroup(path: string, visibility: string): Promise<{ id: number; path: string; visibility: string }> {
    const group = { id: (this.ids += 1), path, visibility };
    this.groups.push(group);
    return Promise.resolve(group);
  }

  async addProject(path: string, visibility: string): Promise<FakeProject> {
    const name = path.split("/").at(-1) ?? "";
    mkdirSync(this.bare(path), { recursive: true });
    const { code, text } = await run("git", ["init", "--bare", "--quiet", "--initial-branch=main"], {
      cwd: this.bare(path),
    });
    if (code !== 0) {
      throw new Error(text);
    }
    await this.git(path, "config", "http.receivepack", "true");
    const project = { id: (this.ids += 1), name, path, visibility, default_branch: null };
    this.projects.push(project);
    return project;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.url);
    const body = await new Promise<Buffer>((resolve) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => resolve(Buffer.concat(chunks)));
    });
    if (!url.pathname.startsWith("/api/v4/")) {
      this.repository(request, response, url, body);
      return;
    }
    const path = url.pathname.replace("/api/v4", "");
    this.requests.push(`${request.method} ${path}`);
    const [status, answer] = this.knows(String(request.headers["private-token"]))
      ? await this.api(
          `${request.method} ${path}`,
          body.length === 0 ? {} : (JSON.parse(body.toString()) as Record<string, unknown>),
        )
      : [401, { message: "401 Unauthorized" }];
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(status === 204 ? undefined : JSON.stringify(answer));
  }

  private knows(token: string): boolean {
    const made = existsSync(this.tokenFile) ? readFileSync(this.tokenFile, "utf8").split("\n") : [];
    return token !== "" && (this.tokens.has(token) || made.includes(token));
  }

  private async api(asked: string, content: Record<string, unknown>): Promise<[number, unknown]> {
    const [, method = "", kind = "", key = "", below] = /^(\w+) \/(\w+)(?:\/([^/]+))?(\/.*)?$/.exec(asked) ?? [];
    const wanted = decodeURIComponent(key);
    if (kind === "user") {
      return [200, { username: "root" }];
    }
    if (below?.startsWith("/deploy_tokens")) {
      return this.deployTokenApi(method, below, content);
    }
    const all: { id: number; path: string }[] = kind === "groups" ? this.groups : this.projects;
    if (method === "POST") {
      const namespace = this.groups.find(({ id }) => id === content["namespace_id"]);
      const visibility = String(content["visibility"]);
      return kind === "groups"
        ? [201, await this.addGroup(String(content["path"]), visibility)]
        : [201, await this.addProject(`${namespace?.path}/${String(content["path"])}`, visibility)];
    }
    const found = all.find(({ id, path }) => path === wanted || String(id) === wanted);
    if (found === undefined) {
      return [404, { message: "404 Not Found" }];
    }
    if (
      typeof content["default_branch"] === "string" &&
      !(await this.hasBranch(found.path, content["default_branch"]))
    ) {
      return [400, { message: { base: ["Could not set the default branch"] } }];
    }
    return [200, Object.assign(found, content)];
  }

  private async hasBranch(path: string, branch: string): Promise<boolean> {
    return (await this.git(path, "branch", "--list", branch)) !== "";
  }

  private deployTokenApi(method: string, below: string, content: Record<string, unknown>): [number, unknown] {
    if (method === "GET") {
      return [200, this.deployTokens.map(({ id, name, username, scopes }) => ({ id, name, username, scopes }))];
    }
    if (method === "DELETE") {
      this.deployTokens = this.deployTokens.filter(({ id }) => `/deploy_tokens/${id}` !== below);
      return [204, undefined];
    }
    const id = (this.ids += 1);
    const made = { id, ...(content as Omit<FakeDeployToken, "id" | "token">), token: `gldt-${id}` };
    this.deployTokens.push(made);
    return [201, made];
  }

  /** Git's smart protocol, by the CGI program that comes with Git. */
  private repository(request: IncomingMessage, response: ServerResponse, url: URL, body: Buffer): void {
    const [username = "", password = ""] = Buffer.from(
      (request.headers.authorization ?? "").replace(/^Basic /, ""),
      "base64",
    )
      .toString()
      .split(":");
    const writes = username === "oauth2" && this.knows(password);
    const reads = this.deployTokens.some((each) => each.username === username && each.token === password);
    const path = url.pathname.replace(/^\/(.*?)\.git\/.*$/, "$1");
    if (!writes && !(reads && !`${url.pathname}${url.search}`.includes("git-receive-pack"))) {
      response.writeHead(401, { "WWW-Authenticate": 'Basic realm="GitLab"' }).end("HTTP Basic: Access denied.");
      return;
    }
    if (!existsSync(this.bare(path))) {
      response.writeHead(404).end();
      return;
    }
    const child = spawn("git", ["http-backend"], {
      env: {
        PATH: process.env["PATH"],
        GIT_PROJECT_ROOT: this.folder,
        GIT_HTTP_EXPORT_ALL: "1",
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers["content-type"] ?? "",
        CONTENT_LENGTH: String(body.length),
        HTTP_CONTENT_ENCODING: String(request.headers["content-encoding"] ?? ""),
        GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
        REMOTE_USER: username,
      },
    });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stdin.on("error", () => undefined).end(body);
    child.once("close", () => {
      const answer = Buffer.concat(chunks);
      const end = answer.indexOf("\r\n\r\n");
      const headers = answer.subarray(0, end).toString().split("\r\n");
      const pairs = headers.map((line) => line.split(": ") as [string, string]);
      const status = Number(pairs.find(([name]) => name === "Status")?.[1].slice(0, 3) ?? 200);
      response.writeHead(status, Object.fromEntries(pairs.filter(([name]) => name !== "Status")));
      response.end(answer.subarray(end + 4));
    });
  }
}
