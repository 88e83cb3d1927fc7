import * as fs from "node:fs";
import * as path from "node:path";

/** Folders at the top whose files documents name by their path. */
const SOURCES = [
  "cdktf.out",
  "ci",
  "constructs",
  "docs",
  "environments",
  "helm-values",
  "images",
  "policies",
  "providers",
  "test",
  "tools",
  "workloads",
];

/** Every document that is written by hand: at the top, and below the folders that have some. */
const DOCUMENTS: readonly string[] = [
  ...fs.readdirSync(".").filter((name) => name.endsWith(".md")),
  ...["docs", "ci", "images", "providers", "workloads"].flatMap((folder) =>
    (fs.readdirSync(folder, { recursive: true }) as string[])
      .filter((file) => file.endsWith(".md") && !file.includes("node_modules"))
      .map((file) => path.join(folder, file)),
  ),
].sort();

/** A document without its fenced blocks, which have no links. */
const prose = (text: string) => text.replace(/^( *)(```|~~~)[^\n]*\n[\s\S]*?^\1\2$/gm, "");

/** The anchors that GitHub and GitLab give to the headings of a document. */
function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of prose(text).matchAll(/^#{1,6} (.*?)#*$/gm)) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").trim();
    const slug = plain
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, "")
      .replaceAll(" ", "-");
    let anchor = slug;
    for (let more = 1; anchors.has(anchor); more += 1) {
      anchor = `${slug}-${more}`;
    }
    anchors.add(anchor);
  }
  return anchors;
}

/** Links that lead nowhere, of a document at this path. */
function brokenLinks(file: string, text: string): readonly string[] {
  const targets = [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? "");
  return targets.filter((target) => {
    if (/^[a-z]+:/.test(target)) {
      return false;
    }
    const [to = "", anchor] = target.split("#");
    const found = path.join(path.dirname(file), to);
    if (to !== "" && !fs.existsSync(found)) {
      return true;
    }
    return anchor !== undefined && !anchorsOf(to === "" ? text : fs.readFileSync(found, "utf8")).has(anchor);
  });
}

/** What a document shows as code: words in backticks, and the commands of its blocks. */
const codeOf = (text: string): readonly string[] => [
  ...[...text.matchAll(/^( *)```sh\n([\s\S]*?)^\1```$/gm)].flatMap(([, , block = ""]) =>
    block.split("\n").map((line) => line.replace(/(^|\s)#.*$/, "")),
  ),
  ...[...prose(text).matchAll(/`([^`\n]+)`/g)].map(([, inline]) => inline ?? ""),
];

/** Files that a document names by their whole path, in code, and that are not there. */
const missingFiles = (text: string): readonly string[] =>
  [...new Set(codeOf(text).flatMap((code) => code.split(/\s+/)))]
    .filter((word) => SOURCES.some((folder) => word.startsWith(`${folder}/`)))
    .filter((word) => !/[<>*…{}$]|NN/.test(word))
    .filter((word) => !fs.existsSync(word.replace(/[:.,;]+$/, "").replace(/:\d+$/, "")));

const TARGETS: ReadonlySet<string> = new Set(
  [...fs.readFileSync("Makefile", "utf8").matchAll(/^([a-z-]+):/gm)].map(([, target]) => target ?? ""),
);

/** Targets of `make` that a document names, in code, and that the Makefile has not. */
const missingTargets = (text: string): readonly string[] =>
  codeOf(text)
    .flatMap((code) => /(?:^|&& |; )\s*make ([a-zA-Z=_ -]+)/.exec(code)?.[1]?.split(" ") ?? [])
    .filter((word) => /^[a-z][a-z-]*$/.test(word) && !TARGETS.has(word));

describe("documents", () => {
  test("THEN they are looked at, those of all folders", () => {
    expect(DOCUMENTS).toEqual(
      expect.arrayContaining(["README.md", "ci/github/README.md", "docs/architecture.md", "providers/README.md"]),
    );
  });

  test.each(DOCUMENTS)("%s: every link leads somewhere", (file) => {
    expect(brokenLinks(file, fs.readFileSync(file, "utf8"))).toEqual([]);
  });

  test.each(DOCUMENTS)("%s: every file and every target of make that it names is there", (file) => {
    const text = fs.readFileSync(file, "utf8");
    expect(missingFiles(text)).toEqual([]);
    expect(missingTargets(text)).toEqual([]);
  });

  test.each([
    ["a file that is not there", "[a](nowhere.md)", ["nowhere.md"]],
    ["a file from the wrong folder", "[a](docs/architecture.md)", ["docs/architecture.md"]],
    ["an anchor that no heading has", "[a](architecture.md#the-seams)", ["architecture.md#the-seams"]],
    ["an anchor of its own that no heading has", "# One\n[a](#two)", ["#two"]],
    ["a link in a table", "| a |\n| --- |\n| [a](b.md) |", ["b.md"]],
  ])("fails for a link to %s", (_, text, broken) => {
    expect(brokenLinks("docs/page.md", text)).toEqual(broken);
  });

  test("THEN a link to a file, a folder, a heading, or another site is right", () => {
    const text = [
      "# One: `two`, and three",
      "## Again",
      "## Again",
      "[a](architecture.md) [b](architecture.md#the-seam) [c](../README.md) [d](decisions) [e](https://example.com/x)",
      "[f](#one-two-and-three) [g](#again-1)",
      "```sh",
      "[h](nowhere.md)",
      "```",
    ].join("\n");
    expect(brokenLinks("docs/page.md", text)).toEqual([]);
  });

  test("fails for a path of a file that is not there", () => {
    const text =
      "`constructs/core/layer.ts`, `constructs/core/layers.ts`, `docs/<page>.md`, `run docs/no.md`, docs/no-code.md\n" +
      "```sh\nk6 run ci/load/load.js ci/load/loads.js   # ci/load/comment.js\n```\n";
    expect(missingFiles(text)).toEqual(["ci/load/loads.js", "constructs/core/layers.ts", "docs/no.md"]);
  });

  test("fails for a target that the Makefile has not", () => {
    const text =
      "`make synth tests`, `make plan-offline ENV=lab`, `make`\n\n```sh\nmake test   # make it so\ncd a && make built\n```\n";
    expect(missingTargets(text)).toEqual(["built", "tests"]);
  });
});
