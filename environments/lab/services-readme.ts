import { type ReadmeSection } from "../../constructs/core/layer";
import { hostsCommands } from "./hosts-commands";
import { type Service } from "./services-inputs";

export interface ServicesReadmeProps {
  /** Name of the environment, which every name in Docker begins with. */
  readonly name: string;
  readonly domain: string;
  readonly keepData: boolean;
  readonly ports: Readonly<Record<Service, number>>;
  /** Names of the files below `secrets_dir`. */
  readonly files: { readonly postgres: string; readonly vault: string };
}

const section = (title: string, ...lines: string[]): ReadmeSection => ({ title, body: lines.join("\n") });

/** What the README of the layer lab-services says besides its generated parts. */
export function servicesReadme({
  name,
  domain,
  keepData,
  ports,
  files,
}: ServicesReadmeProps): readonly ReadmeSection[] {
  const services = Object.keys(ports) as Service[];
  return [
    section(
      "Before the first apply",
      "Docker runs, and you may use it (`docker version` shows a server). Make the two secrets once; the commands leave files alone that",
      "are there already. The first one closes the folder of all states to others, since the one of lab-cluster has keys:",
      "",
      "```sh",
      "install -d -m 0700 ../../../.terraform-state",
      `secrets="$HOME/.config/socle-lab"`,
      `install -d -m 0700 "$secrets"`,
      `for name in ${files.postgres} ${files.vault}; do`,
      `  test -s "$secrets/$name" || (umask 0177 && openssl rand -hex 24 >"$secrets/$name")`,
      "done",
      `printf 'secrets_dir = "%s"\\nsecrets_owner = "%s"\\n' "$secrets" "$(id -u):$(id -g)" >terraform.tfvars`,
      "```",
      "",
      "The last one writes the two inputs instead of copying the example. The files are mounted read-only, and Terraform knows their paths",
      "alone: nothing of them is in the state, a plan, `docker inspect` or the logs. A file that is missing makes Docker refuse the container,",
      "and names the path.",
      "",
      "A Docker that is not on this machine does not see these files: `DOCKER_HOST` has to lead to the local one. An image that is there",
      "under its tag is not pulled. Whoever is root here needs another user for it: PostgreSQL does not run as root.",
    ),
    section(
      "Names",
      `Every service has one name and one port, in the network \`${name}\` and on this machine. Docker knows the names in its network;`,
      "for this machine add them to `/etc/hosts`; the command leaves out those that are there:",
      "",
      "```sh",
      ...hostsCommands(services.map((service) => `${service}.${domain}`)),
      "```",
      "",
      "WSL writes `/etc/hosts` anew at each start, from Windows' hosts file: put them there too.",
      "",
      "| Service | Address | Log in |",
      "| --- | --- | --- |",
      `| PostgreSQL | \`postgres.${domain}:${ports.postgres}\` | user \`postgres\`, password: \`cat ~/.config/socle-lab/${files.postgres}\` |`,
      `| Vault | <http://vault.${domain}:${ports.vault}> | token: \`cat ~/.config/socle-lab/${files.vault}\` |`,
      `| registry | \`registry.${domain}:${ports.registry}\` | nobody is asked: whoever uses this machine may push and pull |`,
      "",
      "All are published on 127.0.0.1 only. The registry speaks HTTP, which Docker accepts for 127.0.0.1 alone: push to",
      `\`127.0.0.1:${ports.registry}/<image>\`; it is the same registry.`,
    ),
    section(
      "What forgets, and what does not",
      `- **Vault** is in dev mode: unsealed, without TLS, everything in memory. Whenever its container restarts, all that was written is gone.`,
      `- **PostgreSQL** and the **registry** keep their data in the volumes \`${name}-postgres\` and \`${name}-registry\`.`,
      `- PostgreSQL reads \`${files.postgres}\` only when its volume is empty. To change the password: \`ALTER ROLE postgres PASSWORD …\`, then the`,
      "  file. Vault takes another token at its next start.",
      "- PostgreSQL 17 does not read data of another major version: dump, empty the volume, restore.",
    ),
    section(
      "When the machine has restarted",
      "Docker starts the containers by itself, at their addresses; those that need another one try until it is there. Only Vault has forgotten:",
      "`make lab-refresh`, or an apply of lab-bootstrap and the layers after it. A container that does not run when Terraform looks is made anew",
      "by the next apply, and its volume stays.",
    ),
    section(
      "When an apply stops",
      "- `Pool overlaps with other one on this address space`: another network of Docker has addresses of this one. This prints whose they are;",
      "  `docker network rm` one that nobody needs, or have the setting `networkCidrBlock` changed:",
      "",
      "  ```sh",
      "  docker network ls --quiet | xargs docker network inspect --format '{{.Name}} {{range .IPAM.Config}}{{.Subnet}} {{end}}'",
      "  ```",
      "- `address already in use`, `port is already allocated`: another program has the port on 127.0.0.1, often a PostgreSQL of this machine.",
      "- `container name … is already in use`: an apply was killed before it noted the container. `docker rm --force` it; its data is in a volume.",
      `- \`container failed to be in healthy state\`: \`docker logs --tail 50 ${name}-postgres\`, or another's, says why. Vault and PostgreSQL that may not`,
      "  read their files have another `secrets_owner` than `ls -ln` shows.",
      "",
      "Then apply again: it goes on where it stopped.",
    ),
    section(
      "Taking it down",
      "The containers of the later layers go first: Docker does not remove a network that one is in.",
      "",
      ...(keepData
        ? [
            "The volumes refuse a destroy. To remove everything else and keep the data, let Terraform forget them first; the next apply takes them",
            "over again by their names:",
            "",
            "```sh",
            "terraform state rm docker_volume.postgres_data docker_volume.registry_data",
            "terraform destroy",
            "```",
            "",
            "To give up the data too, run this after it:",
            "",
            "```sh",
            `docker volume rm ${name}-postgres ${name}-registry`,
            "```",
          ]
        : ["`terraform destroy` removes everything, the volumes with their data too."]),
      "",
      "Images stay: `docker image rm` removes them.",
    ),
  ];
}
