import type { Attribute, Block, NestedBlock, NestingMode } from "./schemas";
import { asBlock, isObject, isUnknown } from "./values";
import type { ObjectValue, Value } from "./values";
import type { Diagnostic, PathStep } from "./wire";

/** What of a provider's configuration is checked: `id` is only implicit in resources. */
export type CheckedKind = "provider" | "resource" | "data source" | "ephemeral resource";

/**
 * The checks that Terraform leaves to the provider and that can be made from a schema alone: required arguments set to
 * null, arguments that only the provider may set, the implicit `id`, numbers of blocks, write-only arguments and
 * their versions, deprecations (as warnings).
 */
export function checkConfig(kind: CheckedKind, type: string, block: Block, config: Value): Diagnostic[] {
  if (!isObject(config)) {
    return [];
  }
  const check = new Check();
  if (block.deprecated === true) {
    check.warn([], `Deprecated ${kind}`, `The ${kind} "${type}" is deprecated by its provider.`);
  }
  const id = block.attributes?.["id"];
  if (kind === "resource" && id?.optional === true && id.computed === true && (config["id"] ?? null) !== null) {
    check.fail([{ attribute_name: "id" }], "Invalid or unknown key", `"id": this field cannot be set.`);
  }
  check.block(block, config, []);
  return check.diagnostics;
}

class Check {
  readonly diagnostics: Diagnostic[] = [];

  block(block: Block, value: ObjectValue, path: PathStep[]): void {
    for (const [name, attribute] of Object.entries(block.attributes ?? {})) {
      this.attribute(name, attribute, value[name] ?? null, [...path, { attribute_name: name }]);
      if (attribute.write_only === true) {
        this.writeOnlyVersion(name, block, value, path);
      }
    }
    for (const [name, nested] of Object.entries(block.block_types ?? {})) {
      this.nestedBlock(name, nested, value[name] ?? null, [...path, { attribute_name: name }]);
    }
  }

  private attribute(name: string, attribute: Attribute, value: Value, path: PathStep[]): void {
    if (value === null) {
      if (attribute.required === true) {
        this.fail(
          path,
          "Missing required argument",
          `The argument "${name}" is required, but it is set to null. Give it a value.`,
        );
      }
      return;
    }
    if (attribute.computed === true && attribute.optional !== true) {
      this.fail(
        path,
        "Value for unconfigurable attribute",
        `Can't configure a value for "${name}": its value will be decided automatically based on the result of applying this configuration.`,
      );
      return;
    }
    if (attribute.deprecated === true) {
      this.warn(path, "Argument is deprecated", `The argument "${name}" is deprecated by its provider.`);
    }
    const nested = attribute.nested_type;
    if (nested !== undefined) {
      this.elements(nested.nesting_mode, asBlock(nested), value, path);
    }
  }

  private nestedBlock(name: string, nested: NestedBlock, value: Value, path: PathStep[]): void {
    if (isUnknown(value)) {
      return;
    }
    const count = Array.isArray(value) ? value.length : value === null ? 0 : 1;
    const { min_items: min = 0, max_items: max = 0 } = nested;
    if (count < min) {
      this.fail(path, `Insufficient ${name} blocks`, `At least ${min} "${name}" blocks are required, found ${count}.`);
    }
    if (max > 0 && count > max) {
      this.fail(path, `Too many ${name} blocks`, `No more than ${max} "${name}" blocks are allowed, found ${count}.`);
    }
    if (count > 0 && nested.block.deprecated === true) {
      this.warn(path, "Block is deprecated", `The block "${name}" is deprecated by its provider.`);
    }
    this.elements(nested.nesting_mode, nested.block, value, path);
  }

  private elements(nesting: NestingMode, block: Block, value: Value, path: PathStep[]): void {
    if (Array.isArray(value)) {
      value.forEach((element: Value, index) => {
        // An element of a set has no address of its own: the diagnostic points to the set.
        const steps = nesting === "list" ? [...path, { element_key_int: index }] : path;
        this.element(block, element, steps);
      });
    } else if (nesting === "map" && isObject(value)) {
      for (const [key, element] of Object.entries(value)) {
        this.element(block, element, [...path, { element_key_string: key }]);
      }
    } else {
      this.element(block, value, path);
    }
  }

  private element(block: Block, value: Value, path: PathStep[]): void {
    if (isObject(value)) {
      this.block(block, value, path);
    }
  }

  /** Providers write a write-only argument again only when its version changes: each needs the other. */
  private writeOnlyVersion(name: string, block: Block, value: ObjectValue, path: PathStep[]): void {
    const version = [`${name}_version`, `${name}_revision`].find((sibling) => block.attributes?.[sibling]);
    if (version === undefined) {
      return;
    }
    const isSet = (attribute: string): boolean => (value[attribute] ?? null) !== null;
    const missing = (set: string, other: string): void =>
      this.fail(
        [...path, { attribute_name: set }],
        "Missing required argument",
        `"${set}": all of \`${[name, version].sort().join(",")}\` must be specified, "${other}" is missing.`,
      );
    if (isSet(name) && !isSet(version)) {
      missing(name, version);
    } else if (isSet(version) && !isSet(name)) {
      missing(version, name);
    }
  }

  fail(steps: PathStep[], summary: string, detail: string): void {
    this.diagnostics.push({ severity: "ERROR", summary, detail, attribute: { steps } });
  }

  warn(steps: PathStep[], summary: string, detail: string): void {
    this.diagnostics.push({ severity: "WARNING", summary, detail, attribute: { steps } });
  }
}
