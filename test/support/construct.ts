import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { SocleApp } from "../../constructs/core/app";
import { Environment } from "../../constructs/core/environment";
import { Layer, type TerraformJson } from "../../constructs/core/layer";

/** A layer with what `build` puts into it, and its Terraform JSON without cdktf's metadata. */
export interface Synthesized {
  readonly layer: Layer;
  readonly json: TerraformJson;
}

/** Gives `use` an App whose output folder is gone afterwards. */
export function withApp<T>(use: (app: SocleApp) => T): T {
  const outdir = fs.mkdtempSync(path.join(os.tmpdir(), "socle-test-"));
  try {
    return use(new SocleApp(outdir));
  } finally {
    fs.rmSync(outdir, { recursive: true });
  }
}

/** Synthesizes constructs in a layer `test` of an environment `test`. */
export function synthesizeLayer(build: (layer: Layer) => void): Synthesized {
  return withApp((app) => {
    const environment = new Environment(app, "test", { description: "A test", backend: "local" });
    const layer = new Layer(environment, "test", { description: "A test" });
    build(layer);
    return { layer, json: withoutMetadata(layer.toTerraform()) };
  });
}

/** The one block of a resource (or data source) type; fails when there is not exactly one. */
export function only(blocks: Record<string, Record<string, unknown>> | undefined): Record<string, unknown> {
  const all = Object.values(blocks ?? {});
  expect(all).toHaveLength(1);
  return all[0] as Record<string, unknown>;
}

function withoutMetadata<T>(value: T): T {
  if (Array.isArray(value)) {
    return value.map(withoutMetadata) as T;
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([key]) => key !== "//");
    return Object.fromEntries(entries.map(([key, item]) => [key, withoutMetadata(item)])) as T;
  }
  return value;
}
