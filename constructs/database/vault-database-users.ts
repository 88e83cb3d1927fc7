import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { DatabaseSecretBackendConnection } from "@cdktf/provider-vault/lib/database-secret-backend-connection";
import { DatabaseSecretBackendRole } from "@cdktf/provider-vault/lib/database-secret-backend-role";
import { SocleError } from "../core/error";
import { Layer } from "../core/layer";

/** A role of Vault's database engine: each user that it makes is a member of one group of the database. */
export interface VaultDatabaseRole {
  /** Group that the user is a member of; it has the rights, the user has none of its own. */
  readonly memberOf: string;
  /** So long the user lives unless it is renewed, in hours. */
  readonly leaseHours: number;
  /** So long it lives at most, in hours. */
  readonly maximumHours: number;
}

export interface VaultDatabaseUsersProps {
  /** Mount of the database engine. */
  readonly mount: string;
  /** Names the connection. */
  readonly name: string;
  /** The primary itself: PgBouncer in transaction mode is not for administration. */
  readonly host: string;
  /** A database that the administrator may connect to; users are the whole server's. */
  readonly database: string;
  /** Entry of Vault's KV engine (version 2) with `username` and `password` of the administrator. */
  readonly administrator: {
    readonly username: string;
    readonly kvMount: string;
    readonly entry: string;
    /** A number that is another one whenever the entry was written anew: Terraform keeps no password to compare with. */
    readonly revision: number;
  };
  /** Name of the role → what its users are. */
  readonly roles: Readonly<Record<string, VaultDatabaseRole>>;
  /** What has to be there before. @default - nothing in this layer */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/**
 * What makes, renews and removes a user: of PostgreSQL 15, and of 16 and later, where the administrator needs the ADMIN
 * OPTION on the group. It also needs CREATEROLE, and `pg_signal_backend` to end sessions.
 *
 * Vault splits a statement at each ";" and runs all parts in one transaction.
 *
 * @param memberOf a group of the database
 */
export function databaseUserStatements(memberOf: string) {
  return {
    creation: [
      `CREATE ROLE "{{name}}" LOGIN NOCREATEDB NOCREATEROLE PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE "${memberOf}"`,
    ],
    renewal: [`ALTER ROLE "{{name}}" VALID UNTIL '{{expiration}}'`],
    // VALID UNTIL is looked at when somebody logs in only: who is in is put out.
    revocation: [
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}'`,
      `DROP ROLE IF EXISTS "{{name}}"`,
    ],
  };
}

/**
 * Short-lived users of a PostgreSQL, made by Vault's database engine on request: nobody has to change a password, and one
 * that leaked is void within days. The administrator's password reaches Vault by a write-only attribute.
 */
export class VaultDatabaseUsers extends Construct {
  /** @throws SocleError when a name is none that SQL takes without quotes, or a lease is longer than its maximum */
  constructor(scope: Construct, id: string, props: VaultDatabaseUsersProps) {
    super(scope, id);
    SocleError.throwIfAny(this.node.path, problemsOf(props));
    const { mount, administrator } = props;
    const entry = `ephemeral.vault_kv_secret_v2.${id}_administrator`;
    // cdktf has no ephemeral blocks.
    Layer.of(this).addOverride(entry, { mount: administrator.kvMount, name: administrator.entry });
    const connection = new DatabaseSecretBackendConnection(this, "Resource", {
      backend: mount,
      name: props.name,
      pluginName: "postgresql-database-plugin",
      allowedRoles: Object.keys(props.roles),
      // After a rotation the server has the new password some seconds later than Vault: an apply must not fail on that.
      verifyConnection: false,
      postgresql: {
        // Encrypted. Who answers there is up to the NetworkPolicies: Vault has no file with the server's authority.
        connectionUrl: `postgresql://{{username}}:{{password}}@${props.host}:5432/${props.database}?sslmode=require`,
        username: administrator.username,
        passwordWoVersion: administrator.revision,
        // The server gets a hash, so its log cannot have the password.
        passwordAuthentication: "scram-sha-256",
        maxOpenConnections: 4,
        maxIdleConnections: 0,
        maxConnectionLifetime: 60,
      },
      dependsOn: [...(props.dependsOn ?? [])],
    });
    connection.addOverride("postgresql.password_wo", `\${${entry}.data["password"]}`);
    for (const [name, { memberOf, leaseHours, maximumHours }] of Object.entries(props.roles)) {
      const statements = databaseUserStatements(memberOf);
      new DatabaseSecretBackendRole(this, name, {
        backend: mount,
        name,
        dbName: connection.name,
        creationStatements: statements.creation,
        renewStatements: statements.renewal,
        revocationStatements: statements.revocation,
        defaultTtl: leaseHours * 3600,
        maxTtl: maximumHours * 3600,
      });
    }
  }
}

function problemsOf({ roles, administrator }: VaultDatabaseUsersProps): string[] {
  const plain = (key: string, name: string) =>
    /^[a-z_][a-z0-9_]{0,62}$/.test(name) ? [] : [`${key} is "${name}": use lower-case letters, digits and "_"`];
  return [
    ...plain("administrator.username", administrator.username),
    ...(Object.keys(roles).length > 0 ? [] : ["roles is empty: name at least one"]),
    ...Object.entries(roles).flatMap(([name, { memberOf, leaseHours, maximumHours }]) => [
      ...plain(`roles.${name}.memberOf`, memberOf),
      ...(leaseHours >= 1 && leaseHours <= maximumHours
        ? []
        : [`roles.${name}.leaseHours is ${leaseHours}: use 1 to maximumHours, which is ${maximumHours}`]),
    ]),
  ];
}
