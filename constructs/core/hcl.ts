/**
 * A JSON value as a Terraform expression, for `.tfvars` files: keys unquoted where Terraform allows it, one line for
 * scalars and empty collections, `${` and `%{` escaped.
 */
export function toHcl(value: unknown, indent = ""): string {
  if (typeof value === "string") {
    return quote(value);
  }
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    return value.length === 0 ? "[]" : `[${value.map((item) => toHcl(item, indent)).join(", ")}]`;
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([key, item]): [string, unknown] => [toKey(key), item]);
    const width = Math.max(...entries.map(([key]) => key.length));
    const lines = entries.map(([key, item]) => `${deeper}${key.padEnd(width)} = ${toHcl(item, deeper)}\n`);
    return entries.length === 0 ? "{}" : `{\n${lines.join("")}${indent}}`;
  }
  return JSON.stringify(value);
}

/** The same on one line, for a table. */
export function toHclLine(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(toHclLine).join(", ")}]`;
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => `${toKey(key)} = ${toHclLine(item)}`);
    return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
  }
  return toHcl(value);
}

/** Terraform reads `{ for` as the beginning of a `for` expression. */
function toKey(key: string): string {
  return /^[A-Za-z_][\w-]*$/.test(key) && key !== "for" ? key : quote(key);
}

/** Terraform knows JSON's escapes but `\b` and `\f`. */
function quote(text: string): string {
  const escaped: Readonly<Record<string, string>> = { "\\b": "\\u0008", "\\f": "\\u000c" };
  return JSON.stringify(text)
    .replace(/\\./g, (sequence) => escaped[sequence] ?? sequence)
    .replace(/([$%])\{/g, "$1$1{");
}
