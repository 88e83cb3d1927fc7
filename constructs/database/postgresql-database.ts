import { Construct } from "constructs";
import { Database } from "@cdktf/provider-postgresql/lib/database";
import { Extension } from "@cdktf/provider-postgresql/lib/extension";
import { Grant } from "@cdktf/provider-postgresql/lib/grant";
import { Role } from "@cdktf/provider-postgresql/lib/role";
import { SocleError } from "../core/error";
import { wholeNumberProblems } from "../core/problems";

export interface PostgresqlDatabaseProps {
  /** Name of the database, and of the role that owns it. @default - the id */
  readonly name?: string;
  /** What the role logs in with: ephemeral, or read from a file. It is written only, and in no state. */
  readonly password: string;
  /** A text that is another one whenever the password is: Terraform keeps none to compare with. */
  readonly passwordVersion: string;
  /** Most connections of the role at a time, so that one program cannot take those of all. */
  readonly connectionLimit: number;
  /** Extensions of PostgreSQL in the database: most can be made by a superuser only. @default - none */
  readonly extensions?: readonly string[];
  /** Whether Terraform refuses to delete the database. @default true */
  readonly keep?: boolean;
}

/**
 * A database of a PostgreSQL server with the one role that may use it: its owner, which logs in with a password and can
 * make neither roles nor databases. Nobody else may connect, superusers apart.
 *
 * Since its release 15, the owner is also the only one who may make objects in the schema `public`.
 * @see https://www.postgresql.org/docs/17/ddl-schemas.html#DDL-SCHEMAS-PATTERNS
 */
export class PostgresqlDatabase extends Construct {
  /** Known only once the database is there, so that what refers to it comes after it. */
  readonly name: string;

  /** @throws SocleError when a name is none that SQL takes without quotes, or is taken, or the limit is not a whole number */
  constructor(scope: Construct, id: string, props: PostgresqlDatabaseProps) {
    super(scope, id);
    const { name = id, extensions = [], connectionLimit } = props;
    SocleError.throwIfAny(this.node.path, problemsOf(name, extensions, connectionLimit));

    const role = new Role(this, "role", {
      name,
      login: true,
      connectionLimit,
      passwordWo: props.password,
      passwordWoVersion: props.passwordVersion,
    });
    const database = new Database(this, "Resource", {
      name,
      owner: role.name,
      lifecycle: { preventDestroy: props.keep ?? true },
    });
    this.name = database.name;
    // By default everybody who can log in may connect, and make temporary tables.
    new Grant(this, "public", {
      database: database.name,
      objectType: "database",
      role: "public",
      privileges: [],
    });
    for (const extension of extensions) {
      new Extension(this, extension, { database: database.name, name: extension });
    }
  }
}

function problemsOf(name: string, extensions: readonly string[], connectionLimit: number): string[] {
  return [
    ...(/^[a-z_][a-z0-9_]{0,62}$/.test(name)
      ? []
      : [`name is "${name}": use lower-case letters, digits and "_", at most 63 and no digit first`]),
    ...(["postgres", "public"].includes(name) || name.startsWith("template")
      ? [`name is "${name}", which PostgreSQL itself has: use another one`]
      : []),
    ...wholeNumberProblems({ connectionLimit }),
    ...extensions
      .filter((extension, index) => extensions.indexOf(extension) !== index)
      .map((extension) => `the extension "${extension}" is there twice: name it once`),
  ];
}
