import { type ReadmeSection } from "../../constructs/core/layer";
import { hostsCommands } from "./hosts-commands";

export interface ForgeReadmeProps {
  readonly address: string;
  readonly hostName: string;
  /** Name of the container. */
  readonly container: string;
  /** Name of the file below `secrets_dir`. */
  readonly rootPasswordFile: string;
  /** Names of the volumes, as Docker has them. */
  readonly volumes: readonly string[];
  readonly keepData: boolean;
}

const section = (title: string, ...lines: string[]): ReadmeSection => ({ title, body: lines.join("\n") });

/** What the README of the layer lab-forge says besides its generated parts. */
export function forgeReadme(props: ForgeReadmeProps): readonly ReadmeSection[] {
  const { address, hostName, container, rootPasswordFile, volumes, keepData } = props;
  return [
    section(
      "Before the first apply",
      "The layers lab-services and lab-bootstrap are applied. Make the first password of GitLab's root once; the command leaves one alone",
      "that is there already:",
      "",
      "```sh",
      'secrets="$HOME/.config/socle-lab"',
      `test -s "$secrets/${rootPasswordFile}" || (umask 0177 && openssl rand -hex 24 >"$secrets/${rootPasswordFile}")`,
      ...hostsCommands([hostName]),
      "```",
      "",
      "The first start loads the database's schema: the apply takes some ten minutes, and waits until GitLab is healthy. Meanwhile,",
      `\`docker logs --follow ${container}\` tells what it does. Should it give up before, apply again: another container goes on with the same`,
      "database and volumes.",
    ),
    section(
      "Logging in",
      `<${address}>, as \`root\`, with \`cat ~/.config/socle-lab/${rootPasswordFile}\`. GitLab takes that password when its database is empty, and`,
      "never again: who changes it in GitLab changes it there only.",
      "",
      "SSH does not run: repositories are cloned over HTTP, with a token as the password.",
    ),
    section(
      "A token for root",
      "`make lab-up` makes one once, and so do these commands. Nothing of it is in a list of processes: GitLab's console reads from its",
      "standard input.",
      "",
      "```sh",
      `(umask 0177 && docker exec --interactive ${container} gitlab-rails runner - >"$secrets/gitlab_token") <<'RUBY'`,
      'user = User.find_by_username!("root")',
      'user.personal_access_tokens.active.where(name: "socle-lab").find_each(&:revoke!)',
      'puts user.personal_access_tokens.create!(name: "socle-lab", scopes: ["api"], expires_at: 365.days.from_now).token',
      "RUBY",
      "```",
      "",
      "It is good for a year, GitLab's longest; the same commands make the next one.",
    ),
    section(
      "Sign-up",
      "At each start, once it is configured, GitLab turns sign-up off. Should its log say that it could not, turn it off by hand:",
      "",
      "```sh",
      `docker exec ${container} gitlab-rails runner '::Gitlab::CurrentSettings.update!(signup_enabled: false)'`,
      "```",
    ),
    section(
      "What is where",
      `- The database is in the lab's PostgreSQL; repositories, uploads and GitLab's own configuration are in the volumes`,
      `  ${volumes.map((volume) => `\`${volume}\``).join(", ")}.`,
      "- The passwords of the database and of root come from files, read when GitLab starts. Terraform knows their paths alone. GitLab",
      "  writes what it was configured with, the database's password too, into its container and these volumes.",
      "- GitLab encrypts columns of its database with keys of `/etc/gitlab/gitlab-secrets.json`: without that file they cannot be read.",
      "- Webhooks to this network are refused, which is GitLab's default; Argo CD asks by itself for what is new.",
      "- It has seven of the capabilities that root has, and no others. Docker's default set has fourteen.",
    ),
    section(
      "Backup",
      "Repositories and database, then the keys, which GitLab's own backup leaves out; not here, where it would be committed:",
      "",
      "```sh",
      'backup="$HOME/socle-lab-backup"',
      'install -d -m 0700 "$backup"',
      `docker exec ${container} gitlab-backup create STRATEGY=copy`,
      `docker cp ${container}:/var/opt/gitlab/backups/. "$backup"`,
      `(umask 0177 && docker exec ${container} cat /etc/gitlab/gitlab-secrets.json >"$backup/gitlab-secrets.json")`,
      "```",
    ),
    section(
      "Taking it down",
      ...(keepData
        ? [
            "The volumes refuse a destroy. To remove the container and keep them, let Terraform forget them first; the next apply takes them over",
            "again by their names:",
            "",
            "```sh",
            `terraform state rm ${["config", "logs", "data"].map((id) => `docker_volume.gitlab_${id}`).join(" ")}`,
            "terraform destroy",
            "```",
            "",
            "To give up the data too, run this after it. The database is another thing, in PostgreSQL's volume: with one of the two, the other is",
            "of no use.",
            "",
            "```sh",
            `docker volume rm ${volumes.join(" ")}`,
            "```",
          ]
        : [
            "`terraform destroy` removes the container and the volumes with their data; the database stays in PostgreSQL.",
          ]),
    ),
  ];
}
