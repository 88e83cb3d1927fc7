import { z } from "zod";

import { LabError } from "./lab-error";
import { messageOf } from "../offline/errors";

const group = z.object({ id: z.number(), visibility: z.string() });
const project = z.object({ id: z.number(), visibility: z.string(), default_branch: z.string().nullish() });
const deployToken = z.object({ id: z.number(), name: z.string(), revoked: z.boolean().optional() });

export type GitLabGroup = z.infer<typeof group>;
export type GitLabProject = z.infer<typeof project>;

/** A request that waits for so long has no GitLab behind it. */
const TIMEOUT_SECONDS = 60;

/**
 * The part of GitLab's REST API that the lab needs.
 *
 * @see https://docs.gitlab.com/api/rest/
 */
export class GitLab {
  private readonly base: string;

  /**
   * @param url such as `http://gitlab.lab.local:8081`
   * @param token with the scope `api`
   */
  constructor(
    url: string,
    private readonly token: string,
  ) {
    this.base = url.replace(/\/+$/, "");
  }

  /** Where Git finds a project. */
  repository(path: string): string {
    return `${this.base}/${path}.git`;
  }

  /** How Git logs in with this token. */
  get authorization(): string {
    return basic("oauth2", this.token);
  }

  /** Whether GitLab takes the token. */
  async accepts(): Promise<boolean> {
    const { status } = await this.request("GET", "/user");
    return status === 200;
  }

  /** Makes a private group, or makes the one that is there private. */
  async ensureGroup(path: string, description: string): Promise<GitLabGroup> {
    const wanted = { visibility: "private" };
    const found = await this.find(`/groups/${encodeURIComponent(path)}`, group);
    if (found === undefined) {
      return this.send("POST", "/groups", group, { name: path, path, description, ...wanted });
    }
    return found.visibility === wanted.visibility ? found : this.send("PUT", `/groups/${found.id}`, group, wanted);
  }

  /** Makes a private, empty project, or makes the one that is there private. */
  async ensureProject(namespace: { readonly id: number; readonly path: string }, name: string): Promise<GitLabProject> {
    const wanted = { visibility: "private" };
    const found = await this.find(`/projects/${encodeURIComponent(`${namespace.path}/${name}`)}`, project);
    if (found === undefined) {
      return this.send("POST", "/projects", project, { name, path: name, namespace_id: namespace.id, ...wanted });
    }
    return found.visibility === wanted.visibility ? found : this.send("PUT", `/projects/${found.id}`, project, wanted);
  }

  /** GitLab refuses a default branch that is not there yet: this comes after the first push. */
  async ensureDefaultBranch({ id, default_branch: found }: GitLabProject): Promise<void> {
    if (found !== DEFAULT_BRANCH) {
      await this.send("PUT", `/projects/${id}`, project, { default_branch: DEFAULT_BRANCH });
    }
  }

  /**
   * Makes a login that may read every repository of a group and nothing else, in place of those of the same name.
   *
   * @returns its password, which GitLab tells only now
   */
  async replaceDeployToken(groupId: number, name: string): Promise<string> {
    const path = `/groups/${groupId}/deploy_tokens`;
    for (const { id } of (await this.send("GET", path, z.array(deployToken))).filter((each) => each.name === name)) {
      await this.send("DELETE", `${path}/${id}`, z.undefined());
    }
    const made = await this.send("POST", path, z.object({ token: z.string().min(1) }), {
      name,
      username: name,
      scopes: ["read_repository"],
    });
    return made.token;
  }

  private async find<T>(path: string, shape: z.ZodType<T>): Promise<T | undefined> {
    const { status, body } = await this.request("GET", path);
    return status === 404 ? undefined : this.checked("GET", path, status, body, shape);
  }

  private async send<T>(method: string, path: string, shape: z.ZodType<T>, content?: object): Promise<T> {
    const { status, body } = await this.request(method, path, content);
    return this.checked(method, path, status, body, shape);
  }

  private checked<T>(method: string, path: string, status: number, body: unknown, shape: z.ZodType<T>): T {
    const asked = `${method} ${this.base}/api/v4${path}`;
    if (status === 401 || status === 403) {
      throw new LabError(
        `GitLab does not accept the token (${asked}: ${status} ${said(body)}): it takes one with the scope api, of a user who may make groups.`,
      );
    }
    if (status >= 300) {
      throw new LabError(`GitLab refused: ${asked}: ${status} ${said(body)}`);
    }
    const parsed = shape.safeParse(body);
    if (!parsed.success) {
      throw new LabError(`GitLab answered something else than expected: ${asked}: ${parsed.error.issues[0]?.message}`);
    }
    return parsed.data;
  }

  private async request(method: string, path: string, content?: object): Promise<{ status: number; body: unknown }> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${this.base}/api/v4${path}`, {
        method,
        headers: {
          "PRIVATE-TOKEN": this.token,
          ...(content === undefined ? {} : { "Content-Type": "application/json" }),
        },
        body: content === undefined ? undefined : JSON.stringify(content),
        signal: AbortSignal.timeout(TIMEOUT_SECONDS * 1000),
      });
      text = await response.text();
    } catch (error) {
      throw unreachable(this.base, error);
    }
    return { status: response.status, body: jsonOf(text) };
  }
}

/** The branch that Argo CD and git-sync follow. */
export const DEFAULT_BRANCH = "main";

/** Whether a login may read a repository, asked as Git does it. */
export async function canRead(repository: string, username: string, password: string): Promise<boolean> {
  try {
    const { status } = await fetch(`${repository}/info/refs?service=git-upload-pack`, {
      headers: { Authorization: basic(username, password) },
      signal: AbortSignal.timeout(TIMEOUT_SECONDS * 1000),
    });
    return status === 200;
  } catch (error) {
    throw unreachable(repository, error);
  }
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function unreachable(url: string, error: unknown): LabError {
  // What fetch throws names its reason below: ECONNREFUSED, ENOTFOUND.
  const cause = (error as { cause?: { message?: string } }).cause?.message ?? messageOf(error);
  return new LabError(`GitLab does not answer at ${url} (${cause}): \`make lab-status\` says whether it runs.`);
}

/** GitLab's reasons are `{"message": …}` or `{"error": …}`, text or an object. */
function said(body: unknown): string {
  const { message, error } = (body ?? {}) as { message?: unknown; error?: unknown };
  const reason = message ?? error ?? "";
  return typeof reason === "string" ? reason : JSON.stringify(reason);
}

function jsonOf(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return { message: text.slice(0, 200) };
  }
}
