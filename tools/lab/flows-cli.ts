import { readFileSync, writeFileSync } from "node:fs";
import { flowsDocument, type PolicyLayer, QUARANTINED, reachability, withFlows } from "./flows";

/** The document that shows who reaches whom in the lab. */
const DOCUMENT = "docs/lab/network-flows.md";

interface Manifest {
  readonly environments: readonly { readonly name: string; readonly layers: readonly { readonly name: string }[] }[];
}

// After `make synth`: npx tsx tools/lab/flows-cli.ts
const { environments } = JSON.parse(readFileSync("cdktf.out/socle.json", "utf8")) as Manifest;
const layers = (environments.find(({ name }) => name === "lab")?.layers ?? []).map(
  ({ name }) => JSON.parse(readFileSync(`cdktf.out/stacks/${name}/cdk.tf.json`, "utf8")) as PolicyLayer,
);
writeFileSync(DOCUMENT, withFlows(readFileSync(DOCUMENT, "utf8"), flowsDocument(reachability(layers), QUARANTINED)));
