import { type ITerraformDependable, Lazy } from "cdktf";
import { Construct } from "constructs";
import { JwtAuthBackendRole } from "@cdktf/provider-vault/lib/jwt-auth-backend-role";
import { KubernetesAuthBackendRole } from "@cdktf/provider-vault/lib/kubernetes-auth-backend-role";
import { Policy } from "@cdktf/provider-vault/lib/policy";
import { SocleError } from "../core/error";
import { VAULT_AUDIENCE, type VaultLogin } from "./vault-store";

/** What a policy of Vault can allow on a path. @see https://developer.hashicorp.com/vault/docs/concepts/policies#capabilities */
export type VaultCapability = "create" | "read" | "update" | "patch" | "delete" | "list" | "sudo";

export interface VaultRoleProps {
  /** Names the role and its policy. @default - the id, `_` written as `-` */
  readonly name?: string;
  /** Namespace of the ServiceAccount that may log in as it. */
  readonly namespace: string;
  /** Name of that ServiceAccount. */
  readonly serviceAccount: string;
  /** @default "kubernetes" */
  readonly login?: VaultLogin;
  /** Mount of the auth method. @default "kubernetes" */
  readonly authMount?: string;
  /** How long a login is good for, in seconds; what it asked the database engine for ends with it. */
  readonly tokenSeconds: number;
  /** What has to be there before, such as the auth method. @default - an earlier layer made it */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/**
 * Who may do what in Vault: a role of an auth method for one ServiceAccount, with a policy of its own. It may do nothing
 * until a verb says so; a path is given in full, without `*`, unless it ends in one.
 */
export class VaultRole extends Construct {
  readonly name: string;
  private readonly paths = new Map<string, readonly VaultCapability[]>();

  /** @throws SocleError when the name, namespace or ServiceAccount would match more than one, or the time is not positive */
  constructor(scope: Construct, id: string, props: VaultRoleProps) {
    super(scope, id);
    this.name = props.name ?? id.replaceAll("_", "-");
    SocleError.throwIfAny(this.node.path, [
      ...Object.entries({ name: this.name, namespace: props.namespace, serviceAccount: props.serviceAccount })
        .filter(([, value]) => !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(value))
        .map(([key, value]) => `${key} is "${value}": use lower-case letters, digits, "-" and ".", and no wildcard`),
      ...(Number.isInteger(props.tokenSeconds) && props.tokenSeconds >= 60
        ? []
        : [`tokenSeconds is ${props.tokenSeconds}: use a whole number from 60 on`]),
    ]);
    const policy = new Policy(this, "policy", {
      name: this.name,
      // At synth, since paths may be added until then.
      policy: Lazy.stringValue({ produce: () => policyText(this.paths) }),
      ...(props.dependsOn ? { dependsOn: [...props.dependsOn] } : {}),
    });
    const role = {
      backend: props.authMount ?? "kubernetes",
      roleName: this.name,
      tokenPolicies: [policy.name],
      tokenTtl: props.tokenSeconds,
      tokenMaxTtl: props.tokenSeconds,
      ...(props.dependsOn ? { dependsOn: [...props.dependsOn] } : {}),
    };
    if (props.login === "jwt") {
      new JwtAuthBackendRole(this, "Resource", {
        ...role,
        roleType: "jwt",
        boundAudiences: [VAULT_AUDIENCE],
        boundSubject: `system:serviceaccount:${props.namespace}:${props.serviceAccount}`,
        userClaim: "sub",
      });
    } else {
      new KubernetesAuthBackendRole(this, "Resource", {
        ...role,
        boundServiceAccountNames: [props.serviceAccount],
        boundServiceAccountNamespaces: [props.namespace],
        audience: VAULT_AUDIENCE,
        // By the account's unique id: one of the same name that is made later is somebody else.
        aliasNameSource: "serviceaccount_uid",
      });
    }
    this.node.addValidation({
      validate: () => (this.paths.size > 0 ? [] : ["may do nothing: grant it something, or leave it out"]),
    });
  }

  /**
   * Lets it read entries of a KV engine, version 2, and not what they were before.
   *
   * @param entries paths in the mount, such as `viridial/valkey`
   */
  grantRead(mount: string, ...entries: readonly string[]): void {
    for (const entry of entries) {
      this.grant(`${mount}/data/${entry}`, "read");
    }
  }

  /** Lets it ask the database engine for users of a role. */
  grantDatabaseUser(mount: string, role: string): void {
    this.grant(`${mount}/creds/${role}`, "read");
  }

  /**
   * Lets it do something on a path of Vault's API.
   *
   * @throws SocleError when the path is granted already, or has a quote or an inner wildcard
   */
  grant(path: string, ...capabilities: readonly VaultCapability[]): void {
    SocleError.throwIfAny(this.node.path, [
      ...(/^[\w./-]+\*?$/.test(path)
        ? []
        : [`the path "${path}" has other characters than letters, digits, "-", "_", "." and "/"`]),
      ...(this.paths.has(path) ? [`the path "${path}" is granted already: give all its capabilities in one call`] : []),
      ...(capabilities.length > 0 ? [] : [`the path "${path}" is granted without a capability: name at least one`]),
    ]);
    this.paths.set(path, capabilities);
  }
}

/** A policy in Vault's language, a block for each path. */
export function policyText(paths: ReadonlyMap<string, readonly VaultCapability[]>): string {
  return [...paths]
    .map(([path, capabilities]) => {
      const list = capabilities.map((capability) => `"${capability}"`).join(", ");
      return `path "${path}" {\n  capabilities = [${list}]\n}\n`;
    })
    .join("\n");
}
