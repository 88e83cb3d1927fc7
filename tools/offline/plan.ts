import type { Attribute, Block, NestingMode } from "./schemas";
import { asBlock, isEqual, isObject, mapAttributes, mapValues, UNKNOWN } from "./values";
import type { ObjectValue, Value } from "./values";

/**
 * What a provider that knows nothing but its schema plans: what was proposed, write-only attributes as null, and, when
 * anything changes, everything that only the provider can work out as unknown.
 */
export function plannedState(block: Block, prior: Value, proposed: Value): Value {
  if (!isObject(proposed)) {
    return null;
  }
  const written = mapAttributes(block, proposed, (attribute, value) => (attribute.write_only === true ? null : value));
  const adopted = isObject(prior) ? adoptBlock(block, written, prior) : written;
  if (isEqual(adopted, prior)) {
    return prior;
  }
  return mapAttributes(block, adopted, (attribute, value) =>
    value === null && attribute.computed === true && attribute.write_only !== true ? UNKNOWN : value,
  );
}

/**
 * Terraform pairs what is proposed with what there was, except blocks in a set that hold sets themselves: those come
 * without the values that the provider computed before. Here they take them over, or every plan would show a change.
 */
function adoptBlock(block: Block, proposed: ObjectValue, prior: ObjectValue): ObjectValue {
  const attributes = mapValues(block.attributes ?? {}, ({ nested_type: nested }, name) =>
    nested === undefined
      ? proposed[name]
      : adoptNested(nested.nesting_mode, asBlock(nested), proposed[name], prior[name]),
  );
  const blocks = mapValues(block.block_types ?? {}, (nested, name) =>
    adoptNested(nested.nesting_mode, nested.block, proposed[name], prior[name]),
  );
  return { ...attributes, ...blocks };
}

function adoptNested(nesting: NestingMode, block: Block, proposed: Value, prior: Value): Value {
  if (Array.isArray(proposed) && Array.isArray(prior)) {
    return nesting === "set"
      ? adoptSet(block, proposed, prior)
      : proposed.map((element: Value, index) => adoptElement(block, element, prior[index]));
  }
  if (nesting === "map" && isObject(proposed) && isObject(prior)) {
    return mapValues(proposed, (element, key) => adoptElement(block, element, prior[key]));
  }
  return adoptElement(block, proposed, prior);
}

function adoptElement(block: Block, proposed: Value, prior: Value): Value {
  return isObject(proposed) && isObject(prior) ? adoptBlock(block, proposed, prior) : proposed;
}

function adoptSet(block: Block, proposed: Value[], prior: Value[]): Value[] {
  const adopted = pairElements(block, proposed, prior);
  // Terraform sends a set in its own order: the same elements in another order are the same set.
  return isEqual(new Set(adopted), new Set(prior)) ? prior : adopted;
}

/** Each proposed element, or the prior one that it describes; no prior element is used twice. */
function pairElements(block: Block, proposed: Value[], prior: Value[]): Value[] {
  const free = [...prior];
  const claim = (test: (candidate: Value) => boolean): Value => {
    const index = free.findIndex(test);
    return index < 0 ? undefined : free.splice(index, 1)[0];
  };
  const exact = proposed.map((element) => claim((candidate) => isEqual(candidate, element)));
  return proposed.map(
    (element, index) => exact[index] ?? claim((candidate) => describes(block, element, candidate)) ?? element,
  );
}

/** Whether a proposed element says nothing else than the prior one, apart from what the provider computes. */
function describes(block: Block, proposed: Value, prior: Value): boolean {
  if (!isObject(proposed) || !isObject(prior)) {
    return isEqual(proposed, prior);
  }
  const attributes = Object.entries(block.attributes ?? {}).every(([name, attribute]) =>
    attributeDescribes(attribute, proposed[name], prior[name]),
  );
  return (
    attributes &&
    Object.entries(block.block_types ?? {}).every(([name, nested]) =>
      nestedDescribes(nested.nesting_mode, nested.block, proposed[name], prior[name]),
    )
  );
}

function attributeDescribes(attribute: Attribute, proposed: Value, prior: Value): boolean {
  if (proposed === null && (attribute.computed === true || attribute.write_only === true)) {
    return true;
  }
  const nested = attribute.nested_type;
  return nested === undefined
    ? isEqual(proposed, prior)
    : nestedDescribes(nested.nesting_mode, asBlock(nested), proposed, prior);
}

function nestedDescribes(nesting: NestingMode, block: Block, proposed: Value, prior: Value): boolean {
  if (Array.isArray(proposed) && Array.isArray(prior)) {
    const pairs = nesting === "set" ? pairElements(block, proposed, prior) : proposed;
    return (
      proposed.length === prior.length &&
      pairs.every((element, index) =>
        nesting === "set" ? prior.includes(element) : describes(block, element, prior[index]),
      )
    );
  }
  if (nesting === "map" && isObject(proposed) && isObject(prior)) {
    return (
      isEqual(Object.keys(proposed).sort(), Object.keys(prior).sort()) &&
      Object.entries(proposed).every(([key, element]) => describes(block, element, prior[key]))
    );
  }
  return describes(block, proposed, prior);
}
