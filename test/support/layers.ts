import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { type App } from "cdktf";
import { SocleApp } from "../../constructs/core/app";
import { type BackendType } from "../../constructs/core/backend";
import { Environment } from "../../constructs/core/environment";
import { Layer, type LayerProps, type TerraformJson } from "../../constructs/core/layer";

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders.splice(0)) {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});

/** An empty folder that is gone when the tests of the file are over. */
export function temporaryFolder(): string {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "socle-")));
  folders.push(folder);
  return folder;
}

/** A Socle App that writes to a temporary folder. */
export function testApp(): SocleApp {
  return new SocleApp(temporaryFolder());
}

export function testEnvironment(name = "test", backend: BackendType = "local", app: App = testApp()): Environment {
  return new Environment(app, name, { description: `The environment ${name}.`, backend });
}

export function testLayer(
  environment = testEnvironment(),
  name = environment.name,
  props: Partial<LayerProps> = {},
): Layer {
  return new Layer(environment, name, { description: `What ${name} makes.`, ...props });
}

/** The JSON that Terraform gets, without cdktf's own comments. */
export function jsonOf(layer: Layer): TerraformJson {
  return JSON.parse(
    JSON.stringify(layer.toTerraform(), (key, value: unknown) => (key === "//" ? undefined : value)),
  ) as TerraformJson;
}

/** What was thrown, or rejected, as text; fails when nothing was. */
export async function messageOf(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("nothing was thrown");
}

/** Every file below a folder: its path, with `/`, and its bytes. */
export function filesBelow(folder: string): Record<string, string> {
  const entries = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .map((file): [string, string] => [path.relative(folder, file), fs.readFileSync(file, "latin1")])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
