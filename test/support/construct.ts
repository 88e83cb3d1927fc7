import { type SocleApp } from "../../constructs/core/app";
import { type Layer, type TerraformJson } from "../../constructs/core/layer";
import { jsonOf, testApp, testLayer } from "./layers";

/** A layer with what `build` puts into it, and its Terraform JSON without cdktf's metadata. */
export interface Synthesized {
  readonly layer: Layer;
  readonly json: TerraformJson;
}

/** Gives `use` an App whose output folder is gone after the file's tests. */
export function withApp<T>(use: (app: SocleApp) => T): T {
  return use(testApp());
}

/** Synthesizes constructs in a layer `test` of an environment `test`. */
export function synthesizeLayer(build: (layer: Layer) => void): Synthesized {
  const layer = testLayer();
  build(layer);
  return { layer, json: jsonOf(layer) };
}

/** The one block of a resource (or data source) type; fails when there is not exactly one. */
export function only(blocks: Record<string, Record<string, unknown>> | undefined): Record<string, unknown> {
  const all = Object.values(blocks ?? {});
  expect(all).toHaveLength(1);
  return all[0] as Record<string, unknown>;
}
