/** One misspelt name in a configuration. */
export interface Mutation {
  /** Where: `resource.aws_vpc.network.cidr_block`. */
  readonly path: string;
  /** The whole configuration with that one key renamed. */
  readonly json: unknown;
}

type Json = Record<string, unknown>;

/** Keys of these attributes are free: Terraform cannot know that one is misspelt. */
const FREE_MAPS = new Set(["tags", "dimensions"]);

/**
 * Every configuration that comes from renaming one key of a block: each argument and nested block of each resource, data
 * source and provider, each key of an input or output, and the names of the resources themselves.
 *
 * Left out is what Terraform cannot see: comments (`//`), keys of maps that are free, and names that nothing refers to.
 */
export function* mutations(json: Json): Generator<Mutation> {
  for (const path of keyPaths(json)) {
    yield { path: path.join("."), json: renamed(json, path) };
  }
}

function* keyPaths(json: Json): Generator<string[]> {
  for (const [section, depth] of [
    ["resource", 2],
    ["data", 2],
    ["provider", 1],
    ["variable", 1],
    ["output", 1],
  ] as const) {
    for (const path of blockPaths(json[section], [section], depth)) {
      yield* below(at(json, path), path);
    }
  }
}

/** Paths of the blocks in a section: `depth` labels below it. */
function blockPaths(value: unknown, path: string[], depth: number): string[][] {
  return depth === 0 || value === undefined
    ? [path]
    : Object.entries(value as Json).flatMap(([key, item]) => blockPaths(item, [...path, key], depth - 1));
}

function* below(value: unknown, path: string[]): Generator<string[]> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      yield* below(item, [...path, String(index)]);
    }
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      if (key === "//") {
        continue;
      }
      // The label after `dynamic` is a block's name; what is below it are that block's own keys.
      yield [...path, key];
      if (!FREE_MAPS.has(key) && !(path[0] === "variable" && key === "default")) {
        yield* below(item, [...path, key]);
      }
    }
  }
}

function at(json: unknown, path: readonly string[]): unknown {
  return path.reduce((value, key) => (value as Json | undefined)?.[key], json);
}

function renamed(json: Json, path: readonly string[]): unknown {
  const copy = structuredClone(json);
  const parent = at(copy, path.slice(0, -1)) as Json;
  const key = path.at(-1) as string;
  const entries = Object.entries(parent).map(([name, value]) => [name === key ? `${name}_x` : name, value]);
  for (const name of Object.keys(parent)) {
    delete parent[name];
  }
  Object.assign(parent, Object.fromEntries(entries));
  return copy;
}
