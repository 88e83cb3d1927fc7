import { Fn, type ITerraformDependable, Token } from "cdktf";
import { Construct, type IDependable } from "constructs";
import { ServiceAccountV1 } from "@cdktf/provider-kubernetes/lib/service-account-v1";
import { Manifests } from "../cluster/manifests";
import { type INamespace } from "../cluster/namespace";
import { SocleError } from "../core/error";
import { wholeNumberProblems } from "../core/problems";
import { type SecretKey } from "./generated-secret";

/** Audience of the tokens that log in to Vault: a token that was made for Vault opens nothing else. */
export const VAULT_AUDIENCE = "vault";

/**
 * How a ServiceAccount's token is checked: `kubernetes` asks the cluster, `jwt` knows the public key that the cluster signs
 * with. A Vault outside the cluster asks it only with a token of its own, which would be kept in its configuration.
 *
 * @see https://developer.hashicorp.com/vault/docs/auth/jwt/oidc-providers/kubernetes
 */
export type VaultLogin = "kubernetes" | "jwt";

/** Version of external-secrets' own kinds, and of its generators. @see https://external-secrets.io/latest/api/spec/ */
const API_VERSION = "external-secrets.io/v1";
const GENERATOR_API_VERSION = "generators.external-secrets.io/v1alpha1";

export interface VaultStoreProps {
  readonly namespace: INamespace;
  /** Names the SecretStore and its ServiceAccount. @default - the id, `_` written as `-` */
  readonly name?: string;
  /** Where Vault answers inside the cluster, such as `https://vault.vault:8200`. */
  readonly address: string;
  /** PEM of the authority that signed Vault's certificate; not secret. @default - those that everybody trusts */
  readonly caCertificate?: string;
  /** Mount of the KV engine, version 2. */
  readonly mount: string;
  /** Path in the mount that every entry is below, such as `viridial/`. @default - none */
  readonly prefix?: string;
  /** Mount of the database engine. @default "database" */
  readonly databaseMount?: string;
  /** Role of the auth method that its ServiceAccount logs in as. */
  readonly role: string;
  /** @default "kubernetes" */
  readonly login?: VaultLogin;
  /** Mount of the auth method. @default "kubernetes" */
  readonly authMount?: string;
  /**
   * A text for an entry that is another one whenever the entry was written anew: its Secrets are then refreshed by the
   * apply instead of within the hour.
   * @default - the same for every entry, always
   */
  readonly revisionOf?: (entry: string) => string;
  /** What has to be there before, such as the operator. @default - an earlier layer brought it */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/** How the Secret is made of what was read. */
export interface VaultSecretTemplate {
  /** @default "Opaque" */
  readonly type?: string;
  /** Labels of the Secret. @default - none */
  readonly labels?: Readonly<Record<string, string>>;
  /**
   * Key of the Secret → template such as `postgresql://{{ .username }}:{{ .password }}@host/db`, with the keys that were
   * read. The Secret then has these keys instead.
   * @default - the keys as they were read
   * @see https://external-secrets.io/latest/guides/templating/
   */
  readonly data?: Readonly<Record<string, string>>;
}

export interface VaultSecretProps {
  /** The entry, below the store's prefix. */
  readonly entry: string;
  /** Key of the Secret → property of the entry. */
  readonly keys: Readonly<Record<string, string>>;
  /** @default - an Opaque Secret with the keys as they were read */
  readonly template?: VaultSecretTemplate;
}

export interface VaultDatabaseUserProps {
  /** Role of Vault's database engine: what the user may do, and how long it lives. */
  readonly role: string;
  /**
   * After how many hours the Secret gets another user: well before the lease of the role ends, so that what read the
   * old one has time to be restarted.
   * @default 24
   */
  readonly refreshHours?: number;
  /** @default - an Opaque Secret with the keys `username` and `password` */
  readonly template?: VaultSecretTemplate;
}

/** A Kubernetes Secret that external-secrets keeps equal to what is in Vault. */
export interface VaultSecret {
  readonly secretName: string;
  /** Another text whenever its entry was written anew by an apply: in a pod template's annotations it restarts pods. */
  readonly version: string;
  /** What depends on external-secrets having been told; the Secret follows within seconds. */
  readonly delivered: ITerraformDependable & IDependable;
  /**
   * One value, for an environment variable.
   *
   * @throws SocleError when the Secret has no such key
   */
  key(key: string): SecretKey;
}

/**
 * Brings secrets of Vault into one namespace: a SecretStore of external-secrets, which logs in by a ServiceAccount of
 * that namespace. What it may read is up to the policies of its role; no value passes through Terraform.
 *
 * Pods that use the ServiceAccount's name could read the same: nothing else should.
 */
export class VaultStore extends Construct {
  readonly namespace: INamespace;
  readonly name: string;
  private readonly manifests: Manifests;

  /** @throws SocleError when the address is none, or a mount, prefix or role is malformed */
  constructor(
    scope: Construct,
    id: string,
    private readonly props: VaultStoreProps,
  ) {
    super(scope, id);
    SocleError.throwIfAny(this.node.path, problemsOf(props));
    this.namespace = props.namespace;
    this.name = props.name ?? id.replaceAll("_", "-");
    const account = new ServiceAccountV1(this, "account", {
      metadata: { name: this.name, namespace: props.namespace.name },
      automountServiceAccountToken: false,
      dependsOn: [...props.namespace.present],
    });
    this.manifests = new Manifests(this, "Default", {
      namespace: props.namespace,
      name: this.name,
      manifests: [
        {
          apiVersion: API_VERSION,
          kind: "SecretStore",
          metadata: { name: this.name },
          spec: { provider: { vault: this.provider() } },
        },
      ],
      dependsOn: [account, ...(props.dependsOn ?? [])],
    });
  }

  /**
   * Keeps a Secret equal to an entry of the KV engine.
   *
   * @param name of the Secret
   * @throws SocleError when there is no key, the entry is malformed, or the Secret is there already
   */
  secret(name: string, { entry, keys, template }: VaultSecretProps): VaultSecret {
    SocleError.throwIfAny(this.node.path, [
      ...(Object.keys(keys).length > 0 ? [] : [`the Secret "${name}" has no key: name at least one`]),
      ...pathProblems(`the entry of "${name}"`, entry),
    ]);
    const revision = this.props.revisionOf?.(entry);
    return this.add(name, {
      // A changed annotation has it read again at once.
      annotations: revision === undefined ? undefined : { "socle/revision": revision },
      refreshInterval: "1h0m0s",
      source: {
        secretStoreRef: { kind: "SecretStore", name: this.name },
        data: Object.entries(keys).map(([secretKey, property]) => ({
          secretKey,
          remoteRef: { key: `${this.props.prefix ?? ""}${entry}`, property },
        })),
      },
      keys: Object.keys(keys),
      template,
      version: revision ?? "1",
    });
  }

  /**
   * Keeps a Secret with a user of a database that Vault makes and removes by itself: `username` and `password`, another
   * one every `refreshHours`.
   *
   * What reads it takes it from a mounted file, or is restarted before the lease ends. The user is removed, too, when the
   * Vault token that asked for it expires: the auth role's tokens have to live as long as the lease.
   *
   * @param name of the Secret
   * @throws SocleError when the role is malformed, the hours are not positive, or the Secret is there already
   */
  databaseUser(name: string, { role, refreshHours = 24, template }: VaultDatabaseUserProps): VaultSecret {
    SocleError.throwIfAny(this.node.path, [
      ...pathProblems(`the role of "${name}"`, role),
      ...wholeNumberProblems({ [`refreshHours of "${name}"`]: refreshHours }),
    ]);
    this.manifests.add({
      apiVersion: GENERATOR_API_VERSION,
      kind: "VaultDynamicSecret",
      metadata: { name },
      spec: {
        path: `${this.props.databaseMount ?? "database"}/creds/${role}`,
        method: "GET",
        provider: this.provider(),
      },
    });
    return this.add(name, {
      annotations: undefined,
      refreshInterval: `${refreshHours}h0m0s`,
      source: {
        dataFrom: [
          { sourceRef: { generatorRef: { apiVersion: GENERATOR_API_VERSION, kind: "VaultDynamicSecret", name } } },
        ],
      },
      keys: ["username", "password"],
      template,
      version: "1",
    });
  }

  private add(name: string, secret: ExternalSecret): VaultSecret {
    const { template } = secret;
    this.manifests.add({
      apiVersion: API_VERSION,
      kind: "ExternalSecret",
      metadata: { name, ...(secret.annotations ? { annotations: secret.annotations } : {}) },
      spec: {
        refreshInterval: secret.refreshInterval,
        ...secret.source,
        target: {
          name,
          creationPolicy: "Owner",
          // While Vault is sealed, or an entry is gone, pods keep what they have.
          deletionPolicy: "Retain",
          ...(template
            ? {
                template: {
                  engineVersion: "v2",
                  type: template.type ?? "Opaque",
                  ...(template.labels ? { metadata: { labels: template.labels } } : {}),
                  ...(template.data ? { data: template.data } : {}),
                },
              }
            : {}),
        },
      },
    });
    const keys = template?.data ? Object.keys(template.data) : secret.keys;
    const { path } = this.node;
    return {
      secretName: name,
      version: secret.version,
      delivered: this.manifests.delivered,
      key(key) {
        SocleError.throwIfAny(
          path,
          keys.includes(key) ? [] : [`the Secret "${name}" has no key "${key}": use one of ${keys.join(", ")}`],
        );
        return { secretName: name, key };
      },
    };
  }

  /** How Vault is reached and logged in to: the same in a store and in a generator. */
  private provider() {
    const { address, caCertificate, mount, authMount = "kubernetes", role, login = "kubernetes" } = this.props;
    const serviceAccountRef = { name: this.name, audiences: [VAULT_AUDIENCE] };
    return {
      server: address,
      ...(caCertificate === undefined ? {} : { caBundle: Fn.base64encode(caCertificate) }),
      path: mount,
      version: "v2",
      auth:
        login === "jwt"
          ? { jwt: { path: authMount, role, kubernetesServiceAccountToken: { serviceAccountRef } } }
          : { kubernetes: { mountPath: authMount, role, serviceAccountRef } },
    };
  }
}

interface ExternalSecret {
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly refreshInterval: string;
  readonly source: Readonly<Record<string, unknown>>;
  readonly keys: readonly string[];
  readonly template: VaultSecretTemplate | undefined;
  readonly version: string;
}

function problemsOf(props: VaultStoreProps): string[] {
  const { address, mount, prefix, role, authMount, databaseMount } = props;
  return [
    ...(Token.isUnresolved(address) || /^https?:\/\/[\w.-]+:\d+$/.test(address)
      ? []
      : [`address is "${address}": use one such as https://vault.vault:8200`]),
    ...pathProblems("mount", mount),
    ...(prefix === undefined || /^([\w.-]+\/)+$/.test(prefix)
      ? []
      : [`prefix is "${prefix}": it ends with "/", such as viridial/`]),
    ...pathProblems("role", role),
    ...pathProblems("authMount", authMount ?? "kubernetes"),
    ...pathProblems("databaseMount", databaseMount ?? "database"),
  ];
}

function pathProblems(what: string, path: string): string[] {
  return /^[\w.-]+(\/[\w.-]+)*$/.test(path)
    ? []
    : [`${what} is "${path}": use letters, digits, "-", "_", "." and "/" between them`];
}
