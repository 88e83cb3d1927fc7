import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { z } from "zod";

const ROOT = path.resolve("workloads/prompts");
const PROMPTS = (fs.readdirSync(path.join(ROOT, "prompts"), { recursive: true }) as string[])
  .filter((file) => file.endsWith(".md"))
  .sort();
const textOf = (file: string) => fs.readFileSync(path.join(ROOT, "prompts", file), "utf8");

/** Of the MCP servers (images/mcp-server); what is not named is not offered to the model. */
const TOOLS = ["list_tables", "query", "list_objects", "read_text", "list_collections", "search"] as const;

/** What the front matter of a prompt has; schema.json says the same to editors. */
const schema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
    .describe("As the folder's"),
  version: z.number().int().min(1).max(9999).describe("As the file's: v1.md, v2.md"),
  description: z.string().min(10),
  inputs: z
    .array(z.string().regex(/^[a-z_]+$/))
    .min(1)
    .describe("Names in double braces of the text: each is used, and there is no other"),
  tools: z.array(z.enum(TOOLS)).describe("Of the MCP servers; what is not named is not offered to the model"),
  temperature: z.number().min(0).max(1),
  tests: z
    .array(z.strictObject({ inputs: z.record(z.string(), z.string()), contains: z.array(z.string()).min(1) }))
    .min(1)
    .describe("What the filled-in text has to have"),
});

/** What is wrong with a prompt at this path. */
function problemsOf(file: string, text: string): readonly string[] {
  const [, matter, body = ""] = /^---\n([\s\S]*?\n)---\n([\s\S]*)$/.exec(text) ?? [];
  if (matter === undefined) {
    return ["it has no front matter"];
  }
  const parsed = schema.safeParse(parse(matter));
  if (!parsed.success) {
    return parsed.error.issues.map(({ path: where, message }) => `${where.join(".")}: ${message}`);
  }
  const prompt = parsed.data;
  const used = new Set([...body.matchAll(/\{\{(.*?)\}\}/g)].map(([, input]) => input ?? ""));
  return [
    ...(file === `${prompt.name}/v${prompt.version}.md` ? [] : [`it is ${prompt.name}/v${prompt.version}, in ${file}`]),
    ...prompt.inputs.filter((input) => !used.has(input)).map((input) => `its input ${input} is not used`),
    ...[...used].filter((input) => !prompt.inputs.includes(input)).map((input) => `{{${input}}} is no input`),
    ...prompt.tests.flatMap(({ inputs, contains }) => {
      const filled = body.replaceAll(/\{\{(.*?)\}\}/g, (_, input: string) => inputs[input] ?? "");
      return contains.filter((part) => !filled.includes(part)).map((part) => `its text has no "${part}"`);
    }),
  ];
}

describe("GIVEN the prompts", () => {
  test("THEN schema.json says what is asked of them", () => {
    expect(JSON.parse(fs.readFileSync(path.join(ROOT, "schema.json"), "utf8"))).toEqual(z.toJSONSchema(schema));
  });

  test("THEN there is one at least", () => {
    expect(PROMPTS).toContain("sales-assistant/v1.md");
  });

  test.each(PROMPTS)("THEN %s keeps to the schema, and its tests pass", (file) => {
    expect(problemsOf(file, textOf(file))).toEqual([]);
  });

  test.each([
    ["no front matter", /^---\n/, "", ["it has no front matter"]],
    ["another version", "version: 1", "version: 2", ["it is sales-assistant/v2, in sales-assistant/v1.md"]],
    ["an input that is not used", "inputs: [question]", "inputs: [question, user]", ["its input user is not used"]],
    ["what is no input", "Question: {{question}}", "Question: {{question}} {{user}}", ["{{user}} is no input"]],
    ["a text without what it has to have", "say that you do not know", "guess", ['its text has no "do not know"']],
  ])("fails for %s", (_, found, put, problems) => {
    expect(problemsOf("sales-assistant/v1.md", textOf("sales-assistant/v1.md").replace(found, put))).toEqual(problems);
  });

  test("fails for a tool that no server has, and a key that is not known", () => {
    const text = textOf("sales-assistant/v1.md").replace("tools: [list_tables, query]", "tools: [shell]\nowner: me");

    expect(problemsOf("sales-assistant/v1.md", text).map((problem) => problem.split(":")[0])).toEqual(["tools.0", ""]);
  });
});
