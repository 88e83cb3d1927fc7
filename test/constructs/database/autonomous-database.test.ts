import { TerraformLocal, TerraformVariable } from "cdktf";
import { AutonomousDatabase } from "../../../constructs/database/autonomous-database";
import { only, synthesizeLayer } from "../../support/construct";

describe("AutonomousDatabase", () => {
  const build = (databaseName = "app") =>
    synthesizeLayer((layer) => {
      const free = new TerraformVariable(layer, "free", { type: "bool", description: "Free" });
      const password = new TerraformVariable(layer, "password", {
        type: "string",
        description: "Password",
        sensitive: true,
      });
      const database = new AutonomousDatabase(layer, "database", {
        compartmentId: "c-1",
        databaseName,
        displayName: "app",
        adminPassword: password.stringValue,
        alwaysFree: free.booleanValue,
        allowedAddresses: ["192.0.2.1"],
        privateEndpoint: { subnetId: "s-1", securityGroupId: "g-1" },
      });
      new TerraformLocal(layer, "names", database.connectionNames);
      new TerraformLocal(layer, "string", database.connectionString);
    });

  test("THEN it is a small OLTP database that is kept, reached by TLS without a wallet", () => {
    expect(only(build().json.resource?.["oci_database_autonomous_database"])).toEqual({
      compartment_id: "c-1",
      db_name: "app",
      display_name: "app",
      db_workload: "OLTP",
      admin_password: "${var.password}",
      license_model: "LICENSE_INCLUDED",
      is_free_tier: "${var.free}",
      compute_model: "ECPU",
      compute_count: 2,
      data_storage_size_in_gb: 20,
      is_auto_scaling_enabled: false,
      is_mtls_connection_required: false,
      whitelisted_ips: '${var.free ? ["192.0.2.1"] : null}',
      subnet_id: '${var.free ? null : "s-1"}',
      nsg_ids: '${var.free ? null : ["g-1"]}',
      lifecycle: { prevent_destroy: true },
    });
  });

  test("THEN clients get the names of its services, and the descriptor for many sessions without a client key", () => {
    const profiles = "oci_database_autonomous_database.database.connection_strings[0].profiles";
    expect(build().json.locals).toEqual({
      names: `\${distinct([for each in ${profiles} : each.display_name])}`,
      string: `\${[for each in ${profiles} : each.value if each.consumer_group == "LOW" && each.tls_authentication == "SERVER" && each.syntax_format == "LONG"][0]}`,
    });
  });

  test("THEN its password is said to be in the state", () => {
    expect(build().layer.stateSecrets.map(({ what }) => what)).toEqual([
      "`oci_database_autonomous_database.database.admin_password`",
    ]);
  });

  test.each(["", "1app", "my-app", "a".repeat(31)])('fails for the name "%s"', (name) => {
    expect(() => build(name)).toThrow(
      `test/database: databaseName is "${name}": use 1 to 30 letters and digits, the first a letter`,
    );
  });
});
