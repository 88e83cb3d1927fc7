import { existsSync } from "node:fs";

import { ask } from "./program";
import { KUBECONFIG, type Secrets } from "./secrets";
import { textTable } from "./text-table";

/** Where something of the lab is, and how to log in. */
export interface Access {
  readonly what: string;
  readonly url: string;
  /** Who logs in, and what prints the password; nothing secret. */
  readonly logIn: string;
}

const DOMAIN = "lab.local";

/** What runs as containers of Docker. */
export function containerAccess({ folder }: Pick<Secrets, "folder">): readonly Access[] {
  return [
    {
      what: "PostgreSQL",
      url: `postgres.${DOMAIN}:5432`,
      logIn: `user postgres, password: cat ${folder}/postgres_password`,
    },
    { what: "Vault", url: `http://vault.${DOMAIN}:8200`, logIn: `token: cat ${folder}/vault_token` },
    { what: "registry", url: `http://registry.${DOMAIN}:5001/v2/_catalog`, logIn: "nobody is asked" },
    {
      what: "GitLab",
      url: `http://gitlab.${DOMAIN}:8081`,
      logIn: `user root, password: cat ${folder}/gitlab_root_password`,
    },
  ];
}

/** Asks the cluster with its administrator's kubeconfig. */
export function kubectl({ folder }: Pick<Secrets, "folder">, ...args: readonly string[]) {
  const kubeconfig = `${folder}/${KUBECONFIG}`;
  return ask("kubectl", ["--kubeconfig", kubeconfig, "--request-timeout=10s", ...args], { timeoutSeconds: 30 });
}

/**
 * What the cluster publishes, by its own word: hosts of its Ingresses and of Traefik's routes. How to log in is what the
 * layers' outputs say: `<name>_url` and `<name>_password_command`. Nothing while the cluster does not answer.
 *
 * @param outputs of all layers
 */
export async function clusterAccess(
  secrets: Secrets,
  outputs: Readonly<Record<string, string>>,
): Promise<readonly Access[]> {
  if (!existsSync(secrets.path(KUBECONFIG))) {
    return [];
  }
  const answers = await Promise.all(
    // Each by itself: Traefik's kind is there only with Traefik.
    ["ingresses.networking.k8s.io", "ingressroutes.traefik.io"].map((kind) =>
      kubectl(secrets, "get", kind, "--all-namespaces", "--output=json"),
    ),
  );
  const text = answers.map(({ status, stdout }) => (status === 0 ? stdout : "")).join("\n");
  // Of Ingresses `"host": "x"`, of routes "Host(`x`)".
  const names = [...text.matchAll(/(?:"host": ?"|Host\(`)([a-z0-9-]+)\.lab\.local/g)].map(([, name = ""]) => name);
  return [...new Set(names)].sort().map((name) => {
    const url = `https://${name}.${DOMAIN}`;
    const [output] = Object.entries(outputs).find(([id, value]) => id.endsWith("_url") && value === url) ?? [name];
    const command = outputs[`${output.replace(/_url$/, "").replaceAll("-", "_")}_password_command`];
    return { what: name, url, logIn: command === undefined ? "see the README of its layer" : `password: ${command}` };
  });
}

export function accessTable(access: readonly Access[], { folder }: Pick<Secrets, "folder">): string {
  const table = textTable([
    ["what", "where", "how to log in"],
    ...access.map(({ what, url, logIn: how }) => [what, url, how]),
  ]);
  return `${table}\n\nFor commands of kubectl: export KUBECONFIG=${folder}/${KUBECONFIG}`;
}
