import { isDeepStrictEqual } from "node:util";

import { decode, encode, ExtData } from "@msgpack/msgpack";

import type { Attribute, Block, NestedType, NestingMode } from "./schemas";

/** A decoded Terraform value. */
export type Value = unknown;

export type ObjectValue = Record<string, Value>;

/** A value that is only known after apply: MessagePack extension 0. Extension 12 is one about which something is known. */
export const UNKNOWN = new ExtData(0, new Uint8Array([0]));

export function isUnknown(value: Value): boolean {
  return value instanceof ExtData;
}

/**
 * Decodes a value sent by Terraform. 64-bit integers become BigInt; still larger numbers are strings on the wire and
 * stay strings. Refined unknowns are kept as they came, so that they can be sent back.
 */
export function decodeValue(message: { msgpack?: Uint8Array } | null | undefined): Value {
  return message?.msgpack === undefined || message.msgpack.length === 0
    ? null
    : decode(message.msgpack, { useBigInt64: true });
}

/** Encodes a value for Terraform. */
export function encodeValue(value: Value): { msgpack: Uint8Array } {
  return { msgpack: encode(value, { useBigInt64: true }) };
}

/** Whether a value is a Terraform object or map: neither bytes nor an unknown. */
export function isObject(value: Value): value is ObjectValue {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof ExtData)
  );
}

export function mapValues<T, R>(object: Record<string, T>, transform: (value: T, key: string) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, transform(value, key)]));
}

/** A text that is the same for equal values, whatever the order of their keys. */
export function canonical(value: Value): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === "bigint") {
      return part.toString();
    }
    if (part instanceof Uint8Array) {
      return Buffer.from(part).toString("hex");
    }
    if (isUnknown(part)) {
      return "(unknown)";
    }
    return isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part;
  });
}

/** The value of a block of which nothing is set: Terraform wants every attribute and every block to be there. */
export function emptyBlock(block: Block): ObjectValue {
  return {
    ...mapValues(block.attributes ?? {}, () => null),
    ...mapValues(block.block_types ?? {}, (nested) => emptyNested(nested.nesting_mode, nested.block)),
  };
}

function emptyNested(nesting: NestingMode, block: Block): Value {
  switch (nesting) {
    case "list":
    case "set":
      return [];
    case "map":
      return {};
    case "group":
      return emptyBlock(block);
    case "single":
      return null;
  }
}

/**
 * Goes through all attributes of a block, at every depth, and answers with the block of which each attribute is what
 * `visit` made of it. What `visit` answers for an attribute with a `nested_type` is gone through in turn, unless only
 * the provider can set it: that is either wholly unknown or wholly what the provider said.
 */
export function mapAttributes(
  block: Block,
  value: ObjectValue,
  visit: (attribute: Attribute, value: Value, name: string) => Value,
): ObjectValue {
  const attributes = mapValues(block.attributes ?? {}, (attribute, name) => {
    const visited = visit(attribute, value[name] ?? null, name);
    const nested = attribute.nested_type;
    const fromProvider = attribute.computed === true && attribute.optional !== true;
    return nested === undefined || fromProvider
      ? visited
      : mapNested(nested.nesting_mode, visited, (element) => mapAttributes(asBlock(nested), element, visit));
  });
  const blocks = mapValues(block.block_types ?? {}, (nested, name) =>
    mapNested(nested.nesting_mode, value[name] ?? emptyNested(nested.nesting_mode, nested.block), (element) =>
      mapAttributes(nested.block, element, visit),
    ),
  );
  return { ...attributes, ...blocks };
}

/** Transforms each object of a nested block or attribute; null, unknown and unknown elements stay as they are. */
function mapNested(nesting: NestingMode, value: Value, transform: (element: ObjectValue) => Value): Value {
  const each = (element: Value): Value => (isObject(element) ? transform(element) : element);
  if (nesting === "map") {
    return isObject(value) ? mapValues(value, each) : value;
  }
  return Array.isArray(value) ? value.map(each) : each(value);
}

/** A nested attribute type is a block without blocks. */
export function asBlock(nested: NestedType): Block {
  return { attributes: nested.attributes ?? {} };
}

export { isDeepStrictEqual as isEqual };
