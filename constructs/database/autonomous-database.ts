import { Fn, type IResolvable, Token } from "cdktf";
import { Construct } from "constructs";
import { DatabaseAutonomousDatabase } from "@cdktf/provider-oci/lib/database-autonomous-database";
import { addressOf, expression } from "../core/address";
import { SocleError } from "../core/error";
import { Layer } from "../core/layer";

export interface AutonomousDatabaseProps {
  readonly compartmentId: string;
  /** Name of the database: 1 to 30 letters and digits, the first a letter; unique in the tenancy and region. */
  readonly databaseName: string;
  readonly displayName: string;
  /** Password of the user `ADMIN`, from a sensitive input. */
  readonly adminPassword: string;
  /** Whether it is an Always Free one: 20 GB that do not grow, on a public endpoint. */
  readonly alwaysFree: IResolvable;
  /** Addresses that an Always Free one lets in; nobody else reaches it. */
  readonly allowedAddresses: string[];
  /** Where one that is paid for has its private endpoint. */
  readonly privateEndpoint: { readonly subnetId: string; readonly securityGroupId: string };
}

/** Port of connections by TLS without a wallet. @see https://docs.oracle.com/en/cloud/paas/autonomous-database/serverless/adbsb/connect-introduction.html */
export const DATABASE_TLS_PORT = 1521;

const FREE_STORAGE_GB = 20;

/**
 * An Oracle Autonomous Database for transactions (OLTP), reached by TLS without a wallet: who may connect is said by an
 * access list (Always Free) or a private endpoint, and no client key has to be kept anywhere.
 */
export class AutonomousDatabase extends Construct {
  readonly databaseId: string;
  /** Name of the one user that is there from the start. Applications use their own. */
  readonly adminUsername = "ADMIN";
  /** Names under which clients know its services, such as `app_low`. */
  readonly connectionNames: string[];
  /** Connect descriptor of the service `low` for TLS without a wallet: many sessions, no parallel queries. */
  readonly connectionString: string;

  /** @throws SocleError when the name is malformed */
  constructor(scope: Construct, id: string, props: AutonomousDatabaseProps) {
    super(scope, id);
    SocleError.throwIfAny(
      this.node.path,
      Token.isUnresolved(props.databaseName) || /^[A-Za-z][A-Za-z0-9]{0,29}$/.test(props.databaseName)
        ? []
        : [`databaseName is "${props.databaseName}": use 1 to 30 letters and digits, the first a letter`],
    );
    const whenFree = (free: unknown, paid: unknown) => Fn.conditional(props.alwaysFree, free, paid);
    const none = expression(this, "null");
    const database = new DatabaseAutonomousDatabase(this, "Resource", {
      compartmentId: props.compartmentId,
      dbName: props.databaseName,
      displayName: props.displayName,
      dbWorkload: "OLTP",
      adminPassword: props.adminPassword,
      licenseModel: "LICENSE_INCLUDED",
      isFreeTier: props.alwaysFree,
      // The least there is, free or not.
      computeModel: "ECPU",
      computeCount: 2,
      dataStorageSizeInGb: FREE_STORAGE_GB,
      isAutoScalingEnabled: false,
      isMtlsConnectionRequired: false,
      whitelistedIps: Token.asList(whenFree(props.allowedAddresses, none)),
      subnetId: Token.asString(whenFree(none, props.privateEndpoint.subnetId)),
      nsgIds: Token.asList(whenFree(none, [props.privateEndpoint.securityGroupId])),
      lifecycle: { preventDestroy: true },
    });
    this.databaseId = database.id;
    const profiles = `${addressOf(database)}.connection_strings[0].profiles`;
    this.connectionNames = Fn.distinct(
      expression(this, `[for each in ${profiles} : each.display_name]`) as unknown as string[],
    );
    this.connectionString = Token.asString(
      expression(
        this,
        `[for each in ${profiles} : each.value if each.consumer_group == "LOW" && each.tls_authentication == "SERVER" && each.syntax_format == "LONG"][0]`,
      ),
    );
    Layer.of(this).addStateSecret({
      what: `\`${addressOf(database)}.admin_password\``,
      why: "The provider has no write-only attribute for it. Applications do not use it: each has a user of its own.",
    });
  }
}
