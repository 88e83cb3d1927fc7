import { Command, InvalidArgumentError } from "commander";

import { diagnose, healthy, report } from "./doctor";
import { collectFacts } from "./doctor-facts";

interface DoctorOptions {
  readonly budget: number;
  readonly gpu: boolean;
  readonly json: boolean;
  readonly out: string;
}

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) {
    throw new InvalidArgumentError("use a whole number of GiB, from 1 on.");
  }
  return number;
}

const program = new Command("lab").description("What the lab needs on a workstation");

program
  .command("doctor")
  .description("look at this machine, and say what is in the lab's way and how to mend it; changes nothing")
  .option("--budget <GiB>", "what the lab's containers and cluster may take together", positive, 24)
  .option("--gpu", "look for an NVIDIA GPU that containers can use", false)
  .option("--json", "the findings as JSON", false)
  .option("--out <folder>", "what synth wrote", "cdktf.out")
  .action(async ({ budget, gpu, json, out }: DoctorOptions) => {
    const findings = diagnose(await collectFacts({ out, gpu }), budget);
    console.log(json ? JSON.stringify(findings, null, 2) : report(findings));
    process.exitCode = healthy(findings) ? 0 : 1;
  });

program.parseAsync().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
