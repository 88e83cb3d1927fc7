import { Command } from "commander";

import { OfflineError } from "../offline/errors";
import { capacityTable, readCapacities } from "./table";

const program = new Command("capacity")
  .description("What the pods of each cluster request, and what its nodes have, as synth counted it")
  .argument("[environment]", "only this one")
  .option("--out <folder>", "what synth wrote", "cdktf.out")
  .action((environment: string | undefined, { out }: { out: string }) => {
    const capacities = readCapacities(out, environment);
    console.log(capacities.length === 0 ? "No environment has a cluster." : capacities.map(capacityTable).join("\n\n"));
  });

try {
  program.parse();
} catch (error) {
  console.error(error instanceof OfflineError ? error.message : error);
  process.exitCode = 1;
}
