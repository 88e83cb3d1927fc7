import * as fs from "node:fs";
import * as path from "node:path";
import { type Attribute, type Block, type CtyType, type Schema } from "./schemas";

/**
 * Schemas of resources that a dump of provider schemas lacks, read back from the prebuilt bindings.
 *
 * cdktf's generator writes before each attribute what the provider's schema said of it
 * (`// domain - computed: true, optional: true, required: false`) and its type is the getter's. The published packages
 * keep that source in their source maps. Descriptions, deprecations and `sensitive` are not in it.
 */
export function schemaFromBinding(nodeModules: string, kind: "resource" | "data", type: string): Schema {
  const [provider = "", ...rest] = type.split("_");
  const folder = [...(kind === "data" ? ["data", provider] : []), ...rest].join("-");
  const file = path.join(nodeModules, "@cdktf", `provider-${provider}`, "lib", folder, "index.js");
  if (!fs.existsSync(file)) {
    throw new Error(`${type} is neither in the dump nor in the bindings (no ${path.relative(nodeModules, file)})`);
  }
  const classes = classesOf(sourceOf(file));
  const base = kind === "data" ? "TerraformDataSource" : "TerraformResource";
  const main = [...classes.values()].find((each) => each.base === base);
  if (!main) {
    throw new Error(`${path.relative(nodeModules, file)} has no class that extends ${base}`);
  }
  return { version: 0, block: blockOf(main.body, classes, type) };
}

interface ClassText {
  readonly base: string;
  readonly body: string;
}

function sourceOf(file: string): string {
  const map = /sourceMappingURL=data:application\/json;base64,(\S+)/.exec(fs.readFileSync(file, "utf8"))?.[1];
  const { sourcesContent } = JSON.parse(Buffer.from(map ?? "e30=", "base64").toString("utf8")) as {
    sourcesContent?: string[];
  };
  if (!sourcesContent?.[0]) {
    throw new Error(`${file} has no source map with its TypeScript source`);
  }
  return sourcesContent[0];
}

function classesOf(source: string): Map<string, ClassText> {
  const starts = [...source.matchAll(/^export class (\w+) extends cdktf\.(\w+) \{/gm)];
  return new Map(
    starts.map((match, index) => [
      match[1] as string,
      { base: match[2] as string, body: source.slice(match.index, starts[index + 1]?.index) },
    ]),
  );
}

const FLAGS = /^ {2}\/\/ (\w+) - computed: (true|false), optional: (true|false), required: (true|false)\s*$/gm;

function blockOf(body: string, classes: Map<string, ClassText>, where: string): Block {
  const attributes: Record<string, Attribute> = {};
  const blocks: NonNullable<Block["block_types"]> = {};
  const matches = [...body.matchAll(FLAGS)];
  matches.forEach((match, index) => {
    const name = match[1] as string;
    const [computed, optional, required] = match.slice(2, 5).map((flag) => flag === "true");
    const code = body.slice(match.index + match[0].length, matches[index + 1]?.index);
    const flags = {
      ...(required ? { required } : {}),
      ...(optional ? { optional } : {}),
      ...(computed ? { computed } : {}),
    };
    const complex = /= new (\w+?)(List|OutputReference)\(this, "\w+"(?:, (true|false))?\)/.exec(code);
    if (!complex) {
      attributes[name] = {
        type: primitiveType(code, `${where}.${name}`),
        ...flags,
        ...(optional && name.endsWith("_wo") ? { write_only: true } : {}),
      };
      return;
    }
    const inner = classes.get(`${complex[1]}OutputReference`);
    if (!inner) {
      throw new Error(`the bindings of ${where} lack ${complex[1]}OutputReference`);
    }
    const block = blockOf(inner.body, classes, `${where}.${name}`);
    // The generator says of a nested attribute that it is one object; a block of which one may be is a list to it.
    if (name !== "timeouts" && isSingleObject(body, name)) {
      if (block.block_types) {
        throw new Error(`the type of ${where}.${name} cannot be read from its binding: add the resource to the dump`);
      }
      attributes[name] = { nested_type: { nesting_mode: "single", attributes: block.attributes ?? {} }, ...flags };
      return;
    }
    const nesting = complex[2] === "List" ? (complex[3] === "true" ? "set" : "list") : "single";
    if (computed) {
      // Blocks cannot be computed: this is an attribute that holds objects.
      attributes[name] = { type: [nesting === "single" ? "list" : nesting, objectType(block)], ...flags };
    } else if (name === "timeouts") {
      blocks[name] = { nesting_mode: "single", block };
    } else {
      blocks[name] = {
        nesting_mode: nesting === "single" ? "list" : nesting,
        block,
        ...(required ? { min_items: 1 } : {}),
        ...(nesting === "single" ? { max_items: 1 } : {}),
      };
    }
  });
  return {
    ...(Object.keys(attributes).length > 0 ? { attributes } : {}),
    ...(Object.keys(blocks).length > 0 ? { block_types: blocks } : {}),
  };
}

function isSingleObject(body: string, name: string): boolean {
  return new RegExp(`\\n {6}${name}: \\{[^}]*\\n {8}type: "struct",`).test(body);
}

/** The cty type of an attribute, from its getter. */
function primitiveType(code: string, where: string): CtyType {
  const map = /= new cdktf\.(String|Number|Boolean)Map\(this/.exec(code)?.[1];
  if (map) {
    return ["map", map === "Boolean" ? "bool" : map.toLowerCase()];
  }
  const getter = /return ([^;]*?get(\w+)Attribute\('\w+'\)[^;]*);/.exec(code);
  const inSet = getter?.[1]?.includes("tolist(") === true;
  switch (getter?.[2]) {
    case "String":
      return "string";
    case "Number":
      return "number";
    case "Boolean":
      return "bool";
    case "List":
      return [inSet ? "set" : "list", getter[1]?.includes("asNumberList") ? "number" : "string"];
    case "NumberList":
      return [inSet ? "set" : "list", "number"];
    case "StringMap":
      return ["map", "string"];
    case "NumberMap":
      return ["map", "number"];
    case "BooleanMap":
      return ["map", "bool"];
    case "AnyMap":
      // What cdktf makes of a type that only the value tells.
      return "dynamic";
    default:
      throw new Error(`the type of ${where} cannot be read from its binding: add the resource to the dump`);
  }
}

function objectType(block: Block): CtyType {
  const attributes = Object.entries(block.attributes ?? {}).map(([name, { type }]) => [name, type]);
  return ["object", Object.fromEntries(attributes)];
}
