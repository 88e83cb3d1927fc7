import { randomBytes } from "node:crypto";

import { complaint } from "./doctor-finding";
import { canRead, GitLab } from "./gitlab";
import { LabError } from "./lab-error";
import { ask } from "./program";
import { GROUP } from "./publish";
import { type Secrets, TOKENS } from "./secrets";

/** GitLab's container. */
const CONTAINER = "lab-gitlab";

/** Name of root's token and of the readers' login, in GitLab. */
const ROOT_TOKEN = "socle-lab";
export const READER = "argocd";

/** GitLab takes none that is valid for more than a year. */
const VALID_DAYS = 365;

/**
 * A token of GitLab's root with the scope `api`: the one of the file while GitLab takes it, else a new one.
 * It is made here and reaches GitLab on the standard input of its own console, so that no list of processes shows it.
 *
 * @see https://docs.gitlab.com/user/profile/personal_access_tokens/#create-a-personal-access-token-programmatically
 * @throws LabError when GitLab's console does not make it
 */
export async function ensureRootToken(url: string, secrets: Secrets): Promise<{ token: string; made: boolean }> {
  const known = secrets.read(TOKENS.root);
  if (known !== undefined && (await new GitLab(url, known).accepts())) {
    return { token: known, made: false };
  }
  const token = `glpat-${randomBytes(20).toString("hex")}`;
  const script = [
    'user = User.find_by_username!("root")',
    `user.personal_access_tokens.active.where(name: "${ROOT_TOKEN}").find_each(&:revoke!)`,
    `token = user.personal_access_tokens.create!(name: "${ROOT_TOKEN}", scopes: ["api"], expires_at: ${VALID_DAYS}.days.from_now)`,
    `token.set_token("${token}")`,
    "token.save!",
  ].join("\n");
  const outcome = await ask("docker", ["exec", "--interactive", CONTAINER, "gitlab-rails", "runner", "-"], {
    input: `${script}\n`,
  });
  if (outcome.status !== 0) {
    // Its last line has the reason; Ruby's message may repeat the script's line.
    throw new LabError(`GitLab's console made no token: ${complaint(outcome).replaceAll(token, "…")}`);
  }
  if (!(await new GitLab(url, token).accepts())) {
    throw new LabError("GitLab does not accept the token that its own console has just made.");
  }
  secrets.write(TOKENS.root, token);
  return { token, made: true };
}

/**
 * The password of the login `argocd`, which may read the repositories and nothing else: the one of the file while it
 * opens a repository, else a new one.
 *
 * @param repository name of any repository that was published
 */
export async function ensureReadToken(
  url: string,
  rootToken: string,
  secrets: Secrets,
  repository: string,
): Promise<{ token: string; made: boolean }> {
  const gitlab = new GitLab(url, rootToken);
  const known = secrets.read(TOKENS.read);
  if (known !== undefined && (await canRead(gitlab.repository(`${GROUP}/${repository}`), READER, known))) {
    return { token: known, made: false };
  }
  const { id } = await gitlab.ensureGroup(GROUP, "");
  const token = await gitlab.replaceDeployToken(id, READER);
  secrets.write(TOKENS.read, token);
  return { token, made: true };
}
