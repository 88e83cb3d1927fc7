import { existsSync } from "node:fs";
import { join } from "node:path";

import { messageOf } from "../offline/errors";
import { type PushResult, pushContent } from "./git";
import { GitLab } from "./gitlab";
import type { LabRepository } from "./lab";
import { LabError } from "./lab-error";

/** Group of GitLab that all repositories are in. */
export const GROUP = "lab";

export interface PublishOptions {
  /** Folder that synth wrote. */
  readonly out: string;
  readonly repositories: readonly LabRepository[];
  /** Address of GitLab. */
  readonly url: string;
  /** A token with the scope api. */
  readonly token: string;
  /** Called for each repository as soon as it is done. */
  readonly report: (name: string, result: PushResult) => void;
}

/**
 * Makes the repositories in GitLab, private, and gives each the content of its folder, with its history kept.
 * Run again it changes nothing.
 *
 * @throws LabError with every repository that could not be published; the others are
 */
export async function publish({ out, repositories, url, token, report }: PublishOptions): Promise<void> {
  const folderOf = ({ directory }: LabRepository) => join(out, directory);
  const missing = repositories.filter((repository) => !existsSync(folderOf(repository)));
  if (missing.length > 0) {
    throw new LabError("Nothing was published:", [
      ...missing.map((repository) => `${folderOf(repository)} is missing, which socle.json names: run \`make synth\`.`),
    ]);
  }
  const gitlab = new GitLab(url, token);
  const { id } = await gitlab.ensureGroup(
    GROUP,
    "What the lab's Argo CD and workloads read; written by make lab-publish.",
  );
  const problems: string[] = [];
  for (const repository of repositories) {
    try {
      const project = await gitlab.ensureProject({ id, path: GROUP }, repository.name);
      const result = await pushContent({
        remote: gitlab.repository(`${GROUP}/${repository.name}`),
        authorization: gitlab.authorization,
        folder: folderOf(repository),
        tag: repository.revision === undefined ? undefined : `socle-${repository.revision}`,
      });
      await gitlab.ensureDefaultBranch(project);
      report(repository.name, result);
    } catch (error) {
      problems.push(`${repository.name}: ${messageOf(error)}`);
    }
  }
  if (problems.length > 0) {
    throw new LabError("Not everything was published:", problems);
  }
}
