import { Fn, type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { ApplyJob } from "../cluster/apply-job";
import { countPods, type INamespace } from "../cluster/namespace";
import { filesOf, shortDigest, temporaryVolume } from "../cluster/pod-parts";
import { SocleError } from "../core/error";
import { readProjectFile } from "../core/files";
import { type SecretKey } from "../secrets/generated-secret";
import { type VaultSecret } from "../secrets/vault-store";
import { type Keycloak, KEYCLOAK_IMAGE } from "./keycloak";

/** Something that people log in to. */
export interface KeycloakClient {
  /** Name under which people reach it, over HTTPS. */
  readonly host: string;
  /** Paths that Keycloak leads people back to, such as `/oauth2/callback`. */
  readonly redirectPaths: readonly string[];
  /** Other addresses of the same kind, such as that of a command line on the same machine. @default - none */
  readonly redirectUris?: readonly string[];
  /** Secret with the keys `client-id` and `client-secret`. */
  readonly credentials: VaultSecret;
}

export interface KeycloakRealmProps {
  readonly namespace: INamespace;
  readonly keycloak: Keycloak;
  /** Name of the realm. */
  readonly realm: string;
  /** What people see it as. */
  readonly displayName: string;
  /** Password of the user `admin`. */
  readonly adminPassword: SecretKey;
  /** Groups of people: tokens say which somebody is in, in the claim `groups`. */
  readonly groups: readonly string[];
  /** By name, which is that of a file only. */
  readonly clients: Readonly<Record<string, KeycloakClient>>;
}

/** A JVM for each call of the command line, one after the other. */
const REQUESTS = { cpuMillis: 50, memoryMib: 256 };

/**
 * A realm of Keycloak with groups and clients, made by a Job. Another Job runs, with the same result, whenever one of them,
 * the script or a client's secret is another. It removes nothing; people are made, and put into groups, by hand.
 *
 * Not by Keycloak's own import, which leaves a realm alone that is there: a client's secret would stay what it was.
 */
export class KeycloakRealm extends Construct {
  /** What logs people in depends on it. */
  readonly ready: ITerraformDependable;

  /** @throws SocleError when a group or a client has a name that is none, or a client leads nowhere */
  constructor(scope: Construct, id: string, props: KeycloakRealmProps) {
    super(scope, id);
    const { namespace, keycloak, realm, groups, clients } = props;
    SocleError.throwIfAny(this.node.path, problemsOf(props));
    const name = id.replaceAll("_", "-");
    const labels = { "app.kubernetes.io/name": name };
    const files = Object.fromEntries([
      ["setup.sh", readProjectFile("constructs/security/keycloak-realm/setup.sh")],
      ["realm.json", JSON.stringify(realmOf(props))],
      ...Object.entries(clients).map(([key, client]) => [`client.${key}.json`, JSON.stringify(clientOf(client))]),
    ]) as Record<string, string>;
    const plan = new ConfigMapV1(this, "plan", {
      metadata: { name, namespace: namespace.name, labels },
      data: filesOf(files),
      dependsOn: [...namespace.present],
    });
    const secrets = Object.values(clients).map(({ credentials }) => credentials);
    const versions = Fn.sha256(
      Fn.join(
        " ",
        secrets.map(({ version }) => version),
      ),
    );
    const job = new ApplyJob(this, "Default", {
      namespace,
      name,
      version: `${shortDigest(JSON.stringify([KEYCLOAK_IMAGE, files]))}-${Fn.substr(versions, 0, 8)}`,
      image: KEYCLOAK_IMAGE,
      command: ["/bin/bash", "/plan/setup.sh"],
      environment: {
        HOME: "/tmp",
        PLAN: "/plan",
        CLIENTS: "/clients",
        SERVER: keycloak.backchannel,
        ADMIN: "admin",
        REALM: realm,
        GROUPS_WANTED: groups.join(" "),
        JAVA_OPTS: "-Xmx128m",
      },
      secretEnvironment: { KC_CLI_PASSWORD: props.adminPassword },
      resources: { ...REQUESTS, memoryLimitMib: 384 },
      volumes: [
        { name: "plan", mountPath: "/plan", source: { configMap: { name: plan.metadata.name } } },
        temporaryVolume("64Mi"),
        ...Object.entries(clients).map(([client, { credentials }]) => ({
          name: `client-${client}`,
          mountPath: `/clients/${client}`,
          source: { secret: { secretName: credentials.secretName } },
        })),
      ],
      dependsOn: [keycloak.delivered, ...new Set(secrets.map(({ delivered }) => delivered))],
    });
    keycloak.allowFrom(job);
    countPods(namespace, { name, ...REQUESTS, replicas: 1 });
    this.ready = job.done;
  }
}

/** @see https://www.keycloak.org/docs-api/latest/rest-api/index.html#RealmRepresentation */
function realmOf({ displayName }: KeycloakRealmProps): unknown {
  return {
    enabled: true,
    displayName,
    registrationAllowed: false,
    bruteForceProtected: true,
    passwordPolicy: "length(12)",
    // What is asked inside the cluster comes without TLS.
    sslRequired: "external",
  };
}

/** @see https://www.keycloak.org/docs-api/latest/rest-api/index.html#ClientRepresentation */
function clientOf({ host, redirectPaths, redirectUris = [] }: KeycloakClient): unknown {
  const url = `https://${host}`;
  return {
    enabled: true,
    protocol: "openid-connect",
    publicClient: false,
    // The way that browsers are led, and no other.
    standardFlowEnabled: true,
    implicitFlowEnabled: false,
    directAccessGrantsEnabled: false,
    serviceAccountsEnabled: false,
    rootUrl: url,
    baseUrl: url,
    redirectUris: [...redirectPaths.map((path) => `${url}${path}`), ...redirectUris],
    webOrigins: [url],
    attributes: { "post.logout.redirect.uris": `${url}/*` },
    protocolMappers: [
      {
        name: "groups",
        protocol: "openid-connect",
        protocolMapper: "oidc-group-membership-mapper",
        config: {
          "claim.name": "groups",
          "full.path": "false",
          "id.token.claim": "true",
          "access.token.claim": "true",
          "userinfo.token.claim": "true",
        },
      },
    ],
  };
}

function problemsOf({ realm, groups, clients }: KeycloakRealmProps): string[] {
  const word = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
  const named = (what: string, names: readonly string[]) =>
    names
      .filter((name) => !word.test(name))
      .map((name) => `the ${what} "${name}" is not made of lower-case letters, digits and "-"`);
  return [
    ...named("realm", [realm]),
    ...named("group", groups),
    ...named("client", Object.keys(clients)),
    ...Object.entries(clients).flatMap(([name, { redirectPaths }]) => [
      ...(redirectPaths.length > 0 ? [] : [`the client "${name}" has no redirectPaths: nobody could log in to it`]),
      ...redirectPaths
        .filter((path) => !/^\/[^*]*$/.test(path))
        .map((path) => `the client "${name}" has the redirect path "${path}": begin with "/", and use no "*"`),
    ]),
  ];
}
