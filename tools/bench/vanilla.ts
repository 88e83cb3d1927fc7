import * as fs from "node:fs";
import * as path from "node:path";

/** An import of one resource of a provider package, over one line or several. */
const DEEP_IMPORT = /import \{([^}]*)\} from "(@cdktf\/provider-[\w-]+)\/lib\/([\w-]+)";/g;

/**
 * Rewrites imports of single resources into the barrel import that `cdktf init` gives a user:
 * `import { Vpc } from "@cdktf/provider-aws/lib/vpc"` becomes `import { vpc as aws_vpc } from "@cdktf/provider-aws"` with
 * `Vpc` taken from that namespace, as a value and as a type.
 */
export function withBarrelImports(source: string): string {
  return source.replace(DEEP_IMPORT, (_match, names: string, provider: string, folder: string) => {
    const exported = camelCase(folder);
    // With the package's name, since each has a namespace "provider", and "_", so that no name of the source is the same.
    const namespace = `${provider.replace("@cdktf/provider-", "")}_${exported}`;
    const lines = names
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "")
      .flatMap((name) => {
        const bare = name.replace(/^type /, "");
        const type = `type ${bare} = ${namespace}.${bare};`;
        return name === bare ? [`const ${bare} = ${namespace}.${bare};`, type] : [type];
      });
    return `import { ${exported} as ${namespace} } from "${provider}";\n${lines.join("\n")}`;
  });
}

/** What the app does not read. */
const LEFT_OUT = [".git", "cdktf.out", "coverage", "node_modules", "providers", "schemas", "test", "tools"];

const camelCase = (name: string) => name.replace(/-(\w)/g, (_dash, letter: string) => letter.toUpperCase());

/** Copies the app into a folder: its sources, and a link to the installed packages. */
export function copyApp(root: string, folder: string): void {
  for (const entry of fs.readdirSync(root).filter((name) => !LEFT_OUT.includes(name))) {
    fs.cpSync(path.join(root, entry), path.join(folder, entry), { recursive: true });
  }
  fs.symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
}

/** Copies the app into a folder, as the vanilla way has it: barrel imports, run by ts-node, which checks types. */
export function writeVanillaApp(root: string, folder: string): void {
  copyApp(root, folder);
  for (const file of fs.readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (file.endsWith(".ts") && !file.startsWith("node_modules")) {
      const full = path.join(folder, file);
      fs.writeFileSync(full, withBarrelImports(fs.readFileSync(full, "utf8")));
    }
  }
}
