import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { complaint } from "./doctor-finding";
import { DEFAULT_BRANCH } from "./gitlab";
import { LabError } from "./lab-error";
import { ask } from "./program";

export interface PushOptions {
  /** Address of the repository. */
  readonly remote: string;
  /** The header that logs in; it is in no argument and no file. */
  readonly authorization: string;
  /** What the repository is to have, and nothing else. */
  readonly folder: string;
  /** Tag that the content has to have too. @default - none */
  readonly tag?: string | undefined;
}

export type PushResult = "pushed" | "unchanged";

/** Of the program, not of a person: who runs it is in nobody's history. */
const AUTHOR = { NAME: "Socle", EMAIL: "socle@lab.local" };

/**
 * Makes a folder the content of a repository's main branch, as one commit on what is there; nothing where it has that
 * content already. No checkout is made: the folder is read where it is.
 *
 * @throws LabError when Git refuses, or the tag is there with another content
 */
export async function pushContent(options: PushOptions): Promise<PushResult> {
  const folder = mkdtempSync(join(tmpdir(), "socle-publish-"));
  try {
    return await new Push(options, folder).run();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class Push {
  private readonly env: Readonly<Record<string, string>>;

  constructor(
    private readonly options: PushOptions,
    gitFolder: string,
  ) {
    const configuration: Readonly<Record<string, string>> = {
      [`http.${options.remote}.extraHeader`]: `Authorization: ${options.authorization}`,
      // The lab is on this machine.
      "http.proxy": "",
      // What a user ignores everywhere may be a part of the content.
      "core.excludesFile": "/dev/null",
      "core.autocrlf": "false",
      "init.defaultBranch": DEFAULT_BRANCH,
    };
    const entries = Object.entries(configuration);
    this.env = {
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_TERMINAL_PROMPT: "0",
      GIT_DIR: gitFolder,
      GIT_WORK_TREE: resolve(options.folder),
      ...Object.fromEntries(
        Object.entries(AUTHOR).flatMap(([what, value]) => [
          [`GIT_AUTHOR_${what}`, value],
          [`GIT_COMMITTER_${what}`, value],
        ]),
      ),
      GIT_CONFIG_COUNT: String(entries.length),
      ...Object.fromEntries(
        entries.flatMap(([key, value], index) => [
          [`GIT_CONFIG_KEY_${index}`, key],
          [`GIT_CONFIG_VALUE_${index}`, value],
        ]),
      ),
    };
  }

  async run(): Promise<PushResult> {
    const { remote, folder, tag } = this.options;
    if (!existsSync(folder)) {
      throw new LabError(`${folder} is missing: run \`make synth\`.`);
    }
    await this.git("init", "--quiet");
    const refs = await this.remoteRefs();
    const branchRef = `refs/heads/${DEFAULT_BRANCH}`;
    const tagRef = tag === undefined ? undefined : `refs/tags/${tag}`;
    const known = [branchRef, tagRef].filter((ref) => ref !== undefined && refs.has(ref)) as string[];
    if (known.length > 0) {
      await this.git(
        "fetch",
        "--quiet",
        "--depth=1",
        "--no-tags",
        remote,
        ...known.map((ref) => `+${ref}:${fetched(ref)}`),
      );
    }
    await this.git("add", "--all", "--force", ".");
    const tree = await this.git("write-tree");

    if (tagRef !== undefined && known.includes(tagRef) && (await this.treeOf(fetched(tagRef))) !== tree) {
      throw new LabError(
        `The tag ${tag} is there with another content: a revision stands for one content. Delete the tag in GitLab if nothing uses it.`,
      );
    }
    const unchanged = known.includes(branchRef) && (await this.treeOf(fetched(branchRef))) === tree;
    const commit = unchanged
      ? await this.git("rev-parse", fetched(branchRef))
      : await this.commit(tree, known.includes(branchRef) ? [fetched(branchRef)] : []);
    const wanted = [
      ...(unchanged ? [] : [`${commit}:${branchRef}`]),
      ...(tagRef === undefined || known.includes(tagRef) ? [] : [`${commit}:${tagRef}`]),
    ];
    if (wanted.length === 0) {
      return "unchanged";
    }
    await this.git("push", "--quiet", "--atomic", remote, ...wanted);
    return "pushed";
  }

  private async commit(tree: string, parents: readonly string[]): Promise<string> {
    const what = this.options.tag === undefined ? `tree ${tree}` : this.options.tag;
    return this.git(
      "commit-tree",
      tree,
      ...parents.flatMap((parent) => ["-p", parent]),
      "-m",
      `Publish what was synthesized (${what})`,
    );
  }

  private treeOf(ref: string): Promise<string> {
    return this.git("rev-parse", `${ref}^{tree}`);
  }

  private async remoteRefs(): Promise<ReadonlySet<string>> {
    const lines = (await this.git("ls-remote", this.options.remote)).split("\n");
    return new Set(lines.map((line) => line.split("\t")[1] ?? ""));
  }

  private async git(...args: readonly string[]): Promise<string> {
    const outcome = await ask("git", args, { env: this.env, folder: this.options.folder });
    if (outcome.status !== 0) {
      const reason = outcome.stderr
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => /^(remote|fatal|error|!)/.test(line));
      throw new LabError(`git ${args[0]}: ${reason.join(" ") || complaint(outcome) || "it ended without a word"}`);
    }
    return outcome.stdout.trim();
  }
}

/** Where a branch or tag of theirs is kept: Git does not fetch into the branch that is checked out. */
function fetched(ref: string): string {
  return ref.replace(/^refs/, "refs/theirs");
}
