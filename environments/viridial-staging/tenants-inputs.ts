import { TerraformVariable, type TerraformVariableConfig } from "cdktf";
import { matches, wholeNumber } from "../../constructs/core/input-validation";
import { type Layer } from "../../constructs/core/layer";

/** The choices of ops for a layer of tenants, each a Terraform variable of it. */
export type TenantsInputs = ReturnType<typeof tenantsInputs>;

export function tenantsInputs(layer: Layer) {
  const input = (name: string, config: TerraformVariableConfig) =>
    new TerraformVariable(layer, name, { nullable: false, ...config });
  return {
    tenantDomain: input("tenant_domain", {
      type: "string",
      description:
        "Domain that tenants' host names are in: <subdomain>.<tenant_domain>. The same for all layers of tenants and the layer -dns; the gateway's certificate has to be good for *.<tenant_domain>.",
      default: "viridial.com",
      validation: [
        matches(
          "tenant_domain",
          "^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$",
          'tenant_domain takes a domain in lower case, such as "viridial.com".',
        ),
      ],
    }),
    credentialsRevision: input("tenant_credentials_revision", {
      type: "number",
      description:
        "Raise it by one to have the credentials of this layer's tenants, for the broker and the object store, written anew; see Rotating credentials in the README.",
      default: 1,
      validation: [wholeNumber("tenant_credentials_revision")],
    }),
  };
}
