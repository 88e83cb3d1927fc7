import { DataAwsCallerIdentity } from "@cdktf/provider-aws/lib/data-aws-caller-identity";
import { Vpc } from "@cdktf/provider-aws/lib/vpc";
import { Construct } from "constructs";
import { addressOf } from "../../../constructs/core/address";
import { synthesizeLayer } from "../../support/construct";

describe("addressOf", () => {
  test("GIVEN a resource and a data source THEN the addresses are those that they have in the JSON", () => {
    const addresses: string[] = [];
    const { json } = synthesizeLayer((layer) => {
      const parent = new Construct(layer, "network");
      addresses.push(addressOf(new Vpc(parent, "Resource", { cidrBlock: "10.0.0.0/24" })));
      addresses.push(addressOf(new DataAwsCallerIdentity(parent, "who-am-i")));
    });

    expect(addresses).toEqual(["aws_vpc.network", "data.aws_caller_identity.network_who_am_i"]);
    expect(Object.keys(json.resource?.["aws_vpc"] ?? {})).toEqual(["network"]);
    expect(Object.keys(json.data?.["aws_caller_identity"] ?? {})).toEqual(["network_who_am_i"]);
  });

  test("WHEN it is part of an expression THEN it stands there as it is, no reference within a reference", () => {
    const { json } = synthesizeLayer((layer) => {
      const vpc = new Vpc(layer, "vpc", { cidrBlock: "10.0.0.0/24" });
      layer.addOverride("locals.blocks", `\${[${addressOf(vpc)}.cidr_block]}`);
    });

    expect(json.locals).toEqual({ blocks: "${[aws_vpc.vpc.cidr_block]}" });
  });
});
