import { OciProvider } from "@cdktf/provider-oci/lib/provider";
import { TerraformVariable } from "cdktf";
import { FreeTierQuota } from "../../../constructs/cost/free-tier-quota";
import { only, synthesizeLayer } from "../../support/construct";

describe("FreeTierQuota", () => {
  const { json } = synthesizeLayer((layer) => {
    const input = (id: string, type = "string") => new TerraformVariable(layer, id, { type, description: id });
    new FreeTierQuota(layer, "free", {
      name: "app-free",
      tenancyId: input("tenancy").stringValue,
      compartmentId: input("compartment").stringValue,
      compartmentPath: input("path").stringValue,
      enabled: input("enabled", "bool").booleanValue,
      homeProvider: new OciProvider(layer, "home", { alias: "home", region: "r-1" }),
    });
  });

  test("WHILE it is enabled THEN every shape is refused, then what is free is allowed again, and storage is limited", () => {
    expect(only(json.resource?.["oci_limits_quota"])).toEqual({
      count: "${var.enabled ? 1 : 0}",
      provider: "oci.home",
      compartment_id: "${var.tenancy}",
      name: "app-free",
      description: "Refuses what the Always Free tier does not give",
      statements: [
        "zero compute-core quotas in ${local.free_where}",
        "set compute-core quota standard-a1-core-count to 2 in ${local.free_where}",
        "set compute-core quota standard-a1-core-regional-count to 2 in ${local.free_where}",
        "zero compute-memory quotas in ${local.free_where}",
        "set compute-memory quota standard-a1-memory-count to 12 in ${local.free_where}",
        "set compute-memory quota standard-a1-memory-regional-count to 12 in ${local.free_where}",
        "set block-storage quota total-storage-gb to 200 in ${local.free_where}",
        "set block-storage quota backup-count to 5 in ${local.free_where}",
      ],
    });
  });

  test("THEN it names the tenancy, or the compartment by the given path or its name", () => {
    expect(json.locals).toEqual({
      free_where:
        '${(var.compartment == var.tenancy) ? "tenancy" : format("compartment %s", (length(var.path) >= 1) ? var.path : data.oci_identity_compartment.free_compartment.name)}',
    });
  });

  test("GIVEN a nested compartment without a path THEN the plan fails and asks for it", () => {
    expect(only(json.data?.["oci_identity_compartment"])).toEqual({
      id: "${var.compartment}",
      lifecycle: {
        postcondition: [
          {
            condition:
              "${(!var.enabled || ((length(var.path) >= 1) || !((var.compartment != var.tenancy) && (self.compartment_id != var.tenancy))))}",
            error_message:
              'This compartment is not directly below the tenancy, and a quota names it by its path: set compartment_path, such as "team:app".',
          },
        ],
      },
    });
  });
});
