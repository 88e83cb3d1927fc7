import * as path from "node:path";
import { schemaFromBinding } from "../../../tools/offline/binding-schema";

const NODE_MODULES = path.resolve("node_modules");

describe("schemaFromBinding", () => {
  test("GIVEN a resource with attributes of every kind THEN names, types and flags are the provider's", () => {
    const { block } = schemaFromBinding(NODE_MODULES, "resource", "aws_network_interface");

    expect(block.attributes).toMatchObject({
      arn: { type: "string", computed: true },
      description: { type: "string", optional: true },
      ipv6_address_count: { type: "number", optional: true, computed: true },
      private_ip_list: { type: ["list", "string"], optional: true, computed: true },
      private_ip_list_enabled: { type: "bool", optional: true },
      security_groups: { type: ["set", "string"], optional: true, computed: true },
      subnet_id: { type: "string", required: true },
      tags: { type: ["map", "string"], optional: true },
    });
    expect(block.attributes?.["subnet_id"]).toEqual({ type: "string", required: true });
    expect(Object.keys(block.attributes ?? {})).toHaveLength(28);
  });

  test("GIVEN a block in a set THEN it is a block with its own attributes", () => {
    const { block } = schemaFromBinding(NODE_MODULES, "resource", "aws_network_interface");

    expect(block.block_types).toEqual({
      attachment: {
        nesting_mode: "set",
        block: {
          attributes: {
            attachment_id: { type: "string", computed: true },
            device_index: { type: "number", required: true },
            instance: { type: "string", required: true },
            network_card_index: { type: "number", optional: true, computed: true },
          },
        },
      },
    });
  });

  test("GIVEN a computed list of objects THEN it is an attribute, since a block cannot be computed", () => {
    const { block } = schemaFromBinding(NODE_MODULES, "resource", "aws_default_security_group");

    expect(block.attributes?.["ingress"]).toEqual({
      type: [
        "set",
        [
          "object",
          {
            cidr_blocks: ["list", "string"],
            description: "string",
            from_port: "number",
            ipv6_cidr_blocks: ["list", "string"],
            prefix_list_ids: ["list", "string"],
            protocol: "string",
            security_groups: ["set", "string"],
            self: "bool",
            to_port: "number",
          },
        ],
      ],
      optional: true,
      computed: true,
    });
    expect(block.block_types).toBeUndefined();
  });

  test("GIVEN a required block of which one may be THEN it is a list of exactly one; timeouts are single", () => {
    const { block } = schemaFromBinding(NODE_MODULES, "resource", "aws_scheduler_schedule");
    const subnet = schemaFromBinding(NODE_MODULES, "resource", "aws_subnet");

    expect(block.block_types?.["flexible_time_window"]).toMatchObject({
      nesting_mode: "list",
      min_items: 1,
      max_items: 1,
    });
    expect(subnet.block.block_types?.["timeouts"]).toMatchObject({ nesting_mode: "single" });
  });

  test("GIVEN a write-only attribute THEN it is marked, and the flag beside it is not", () => {
    const { block } = schemaFromBinding(NODE_MODULES, "resource", "aws_ssm_parameter");

    expect(block.attributes?.["value_wo"]).toEqual({ type: "string", optional: true, write_only: true });
    expect(block.attributes?.["has_value_wo"]).toEqual({ type: "bool", computed: true });
  });

  test("GIVEN a data source THEN its own binding is read", () => {
    const { block } = schemaFromBinding(NODE_MODULES, "data", "aws_caller_identity");

    expect(block.attributes).toEqual({
      account_id: { type: "string", computed: true },
      arn: { type: "string", computed: true },
      id: { type: "string", optional: true, computed: true },
      user_id: { type: "string", computed: true },
    });
  });

  test("fails for a type that no binding has, naming it and where it was looked for", () => {
    expect(() => schemaFromBinding(NODE_MODULES, "resource", "aws_no_such_thing")).toThrow(
      "aws_no_such_thing is neither in the dump nor in the bindings (no @cdktf/provider-aws/lib/no-such-thing/index.js)",
    );
  });
});
