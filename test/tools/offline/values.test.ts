import { ExtData } from "@msgpack/msgpack";

import {
  canonical,
  decodeValue,
  emptyBlock,
  encodeValue,
  isUnknown,
  mapAttributes,
  UNKNOWN,
} from "../../../tools/offline/values";
import { fixtureBlock } from "./support";

describe("encodeValue and decodeValue", () => {
  test.each<[string, unknown]>([
    ["null", null],
    ["a 64-bit integer", 9_007_199_254_740_993n],
    ["a larger number, which is a string", "123456789012345678901234567890"],
    ["a fraction", 0.5],
    ["an unknown value", { a: UNKNOWN }],
    ["a refined unknown value", [new ExtData(12, new Uint8Array([0x81, 1, 0xc2]))]],
    ["a dynamic value", [new Uint8Array(Buffer.from('"string"')), "x"]],
    ["nested collections", { list: [{ map: { a: true } }], empty: [] }],
  ])("carry %s there and back", (_what, value) => {
    expect(decodeValue(encodeValue(value))).toEqual(value);
  });

  test("write an unknown value as Terraform does: extension 0 with one zero byte", () => {
    expect([...encodeValue(UNKNOWN).msgpack]).toEqual([0xd4, 0, 0]);
  });

  test("read a missing value as null", () => {
    expect([decodeValue(null), decodeValue({ msgpack: new Uint8Array() })]).toEqual([null, null]);
  });

  test("know both kinds of unknown values", () => {
    expect([UNKNOWN, new ExtData(12, new Uint8Array([0x80])), null, "x"].map(isUnknown)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe("canonical", () => {
  test("is the same for equal values, whatever the order of their keys", () => {
    expect(canonical({ b: 1n, a: [UNKNOWN] })).toBe(canonical({ a: [UNKNOWN], b: 1n }));
    expect(canonical({ b: 1n, a: [UNKNOWN] })).toBe('{"a":["(unknown)"],"b":"1"}');
  });
});

describe("emptyBlock", () => {
  test("has every attribute and every block, as Terraform wants an absent one", () => {
    const block = {
      attributes: { name: { type: "string", optional: true } },
      block_types: {
        single: { nesting_mode: "single" as const, block: {} },
        list: { nesting_mode: "list" as const, block: {} },
        set: { nesting_mode: "set" as const, block: {} },
        map: { nesting_mode: "map" as const, block: {} },
        group: { nesting_mode: "group" as const, block: { attributes: { a: { type: "bool", optional: true } } } },
      },
    };
    expect(emptyBlock(block)).toEqual({ name: null, single: null, list: [], set: [], map: {}, group: { a: null } });
  });
});

describe("mapAttributes", () => {
  test("visits blocks and nested attributes at every depth", () => {
    // GIVEN
    const seen: string[] = [];

    // WHEN
    mapAttributes(
      fixtureBlock("helm_release"),
      { ...emptyBlock(fixtureBlock("helm_release")), set: [{ name: "a", type: null, value: "b" }] },
      (_attribute, value, name) => {
        if (value !== null) {
          seen.push(`${name}=${JSON.stringify(value)}`);
        }
        return value;
      },
    );

    // THEN
    expect(seen).toEqual(['set=[{"name":"a","type":null,"value":"b"}]', 'name="a"', 'value="b"']);
  });
});
