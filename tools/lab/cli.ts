import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline/promises";

import { Command, InvalidArgumentError } from "commander";

import { OfflineError } from "../offline/errors";
import { budgetTable, withBudget } from "./budget";
import { depsSteps, readOsRelease, ubuntuRelease } from "./deps";
import { diagnose, healthy, report } from "./doctor";
import { readChoice } from "./choice";
import { collectFacts } from "./doctor-facts";
import { down, purge, purgeOf } from "./down";
import { REGISTRY, pushImages, SCENARIO_IMAGES, COMPONENT_IMAGES } from "./images";
import { Interrupted, Interruption } from "./interruption";
import { readLab } from "./lab";
import { LabError } from "./lab-error";
import { LabHttp } from "./lab-http";
import { publish } from "./publish";
import { Secrets, secretsFolder, TOKENS } from "./secrets";
import { defaultScenario, imagesFolder, outputsOf, type Session } from "./session";
import { runSmoke, smokeTable } from "./smoke";
import { smokeSteps } from "./smoke-steps";
import { describeStatus, status } from "./status";
import { extraComponents, up } from "./up";

const GITLAB = "http://gitlab.lab.local:8081";

/** What the containers and the cluster may take together, in GiB. */
const BUDGET = 24;

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) {
    throw new InvalidArgumentError("use a whole number of GiB, from 1 on.");
  }
  return number;
}

function session(out: string, registry = REGISTRY): Session {
  const print = (line: string) => console.log(line);
  return {
    out,
    root: process.cwd(),
    registry,
    lab: readLab(out),
    secrets: new Secrets(secretsFolder()),
    interruption: new Interruption(print),
    report: print,
  };
}

const program = new Command("lab").description("The lab on a workstation, as a whole");

/** A command that reads what synth wrote. */
function command(name: string, description: string): Command {
  return program.command(name).description(description).option("--out <folder>", "what synth wrote", "cdktf.out");
}

command("doctor", "look at this machine, and say what is in the lab's way and how to mend it; changes nothing")
  .option("--budget <GiB>", "what the lab's containers and cluster may take together", positive, BUDGET)
  .option("--gpu", "look for an NVIDIA GPU that containers can use", false)
  .option("--json", "the findings as JSON", false)
  .action(async ({ budget, gpu, json, out }: { budget: number; gpu: boolean; json: boolean; out: string }) => {
    const findings = diagnose(await collectFacts({ out, gpu }), budget);
    console.log(json ? JSON.stringify(findings, null, 2) : report(findings));
    process.exitCode = healthy(findings) ? 0 : 1;
  });

command("deps", "install on Ubuntu what the lab's doctor misses, each checked before; safe to repeat")
  .option("--gpu", "NVIDIA's toolkit for containers too", false)
  .option("--bin <folder>", "where programs are installed", "/usr/local/bin")
  .option("--dry-run", "say what would be done, and change nothing", false)
  .action(async ({ out, gpu, bin, dryRun }: { out: string; gpu: boolean; bin: string; dryRun: boolean }) => {
    const release = ubuntuRelease(readOsRelease(), process.arch);
    const facts = await collectFacts({ out, gpu });
    const steps = depsSteps({ findings: diagnose(facts, BUDGET), facts, release, bin: resolve(bin) });
    for (const { describe, run } of steps) {
      console.log(describe.join("\n"));
      if (!dryRun) {
        await run();
      }
    }
    console.log(
      steps.length === 0
        ? "Nothing is missing that this installs. The rest: make lab-doctor."
        : dryRun
          ? "Nothing was changed."
          : "Done. A new group counts from the next log-in on. Now: make lab-doctor.",
    );
  });

interface UpArguments {
  readonly out: string;
  readonly scenario?: string;
  readonly extra?: string;
  readonly gpu?: boolean;
  readonly doctor: boolean;
  readonly gitlab: string;
  readonly registry: string;
}

command("up", "apply the lab's layers in order; what is not said is as it was the last time")
  .option("--scenario <name>", "what runs")
  .option("--extra <components>", "components beside it, with commas between them; none: no others")
  .option("--gpu", "with an NVIDIA GPU")
  .option("--no-gpu", "without")
  .option("--no-doctor", "do not look at the machine first")
  .option("--gitlab <url>", "address of GitLab", GITLAB)
  .option("--registry <host:port>", "where images are pushed to", REGISTRY)
  .action(async ({ out, scenario, extra, gpu, doctor, gitlab, registry }: UpArguments) => {
    const current = session(out, registry);
    const change = { scenario, gpu, extraComponents: extra === undefined ? undefined : extraComponents(extra) };
    if (doctor) {
      const findings = diagnose(await collectFacts({ out, gpu: gpu ?? readChoice(current.secrets).gpu }), BUDGET);
      const problems = findings.filter(({ verdict }) => verdict === "problem");
      if (problems.length > 0) {
        throw new LabError(`${report(problems)}\n\nNothing was started. All that was looked at: make lab-doctor.`);
      }
    }
    current.interruption.listen();
    await up(current, { change, gitlabUrl: gitlab });
  });

command("down", "remove the lab's containers; volumes with data, states and secrets stay")
  .option("--purge", "remove these too", false)
  .option("--force", "do not ask", false)
  .action(async ({ out, purge: all, force }: { out: string; purge: boolean; force: boolean }) => {
    const current = session(out);
    if (all && !force && !(await confirmed(current))) {
      throw new LabError("Nothing was removed.");
    }
    current.interruption.listen();
    await down(current);
    if (all) {
      await purge(current);
    }
  });

command("status", "the lab as it is: layers, containers, Applications, addresses; 1 where not all is well")
  .option("--json", "as JSON", false)
  .action(async ({ out, json }: { out: string; json: boolean }) => {
    const current = session(out);
    const found = await status(current);
    console.log(json ? JSON.stringify(found, null, 2) : describeStatus(found, current.secrets));
    process.exitCode = found.well ? 0 : 1;
  });

command("publish", "make the git repositories in GitLab and push what synth wrote for them")
  .option("--gitlab <url>", "address of GitLab", GITLAB)
  .action(async ({ out, gitlab }: { out: string; gitlab: string }) => {
    const { lab, secrets } = session(out);
    const token = process.env["GITLAB_TOKEN"] || secrets.read(TOKENS.root);
    if (!token) {
      throw new LabError(
        `There is no token of GitLab: export GITLAB_TOKEN, or let make lab-up make one (${secrets.path(TOKENS.root)}).`,
      );
    }
    const print = (name: string, result: string) => console.log(`${name}: ${result}`);
    await publish({ out, repositories: lab.repositories, url: gitlab, token, report: print });
  });

program
  .command("images")
  .description("build the lab's own images and push those that its registry does not have")
  .argument("[names...]", "folders of images/; without: all that a scenario or component runs")
  .option("--registry <host:port>", "where they are pushed to", REGISTRY)
  .action(async (names: string[], { registry }: { registry: string }) => {
    const all = [...Object.values(SCENARIO_IMAGES), ...Object.values(COMPONENT_IMAGES)].flat();
    await pushImages({
      folder: imagesFolder({ root: process.cwd() }),
      names: names.length > 0 ? names : [...new Set(all)],
      registry,
      report: (line) => console.log(line),
    });
  });

command("budget", "what each scenario asks of the workstation, as synth counted it")
  .option("--write <page>", "put the table into this page in Markdown, between its markers, instead of printing it")
  .action(({ out, write }: { out: string; write?: string }) => {
    const lab = readLab(out);
    if (write === undefined) {
      console.log(budgetTable(lab));
    } else {
      writeFileSync(write, withBudget(readFileSync(write, "utf8"), lab));
    }
  });

command("smoke", "prove a scenario end to end on the running lab; 1 where something does not hold")
  .option("--scenario <name>", "what is proved: the one that runs, unless said")
  .option("--port <number>", "port of 127.0.0.1 that leads to Traefik", Number, 443)
  .action(async ({ out, scenario, port }: { out: string; scenario?: string; port: number }) => {
    const current = session(out);
    const authority = outputsOf(current)["certificate_authority"];
    const wanted = scenario ?? readChoice(current.secrets).scenario ?? defaultScenario(current.lab) ?? "";
    if (authority === undefined) {
      throw new LabError("The layer lab-platform is not applied: make lab-up.");
    }
    const http = new LabHttp({ secrets: current.secrets, authority, port });
    const steps = smokeSteps(wanted, http, `smoke-${randomBytes(6).toString("hex")}`);
    current.interruption.listen();
    const results = await runSmoke(steps, {
      interruption: current.interruption,
      report: ({ name, verdict, found }) => console.log(`${name}: ${verdict} (${found})`),
    });
    console.log(`\n${smokeTable(results)}`);
    process.exitCode = results.every(({ verdict }) => verdict === "ok") ? 0 : 1;
  });

/** Asks for a word that nobody types by mistake. */
async function confirmed(current: Session): Promise<boolean> {
  const { volumes, states } = purgeOf(current);
  console.log(
    [
      "This removes for good:",
      ...volumes.map((volume) => `  volume ${volume}`),
      ...states.map((file) => `  state ${resolve(file)}`),
      `  secrets in ${current.secrets.folder}`,
    ].join("\n"),
  );
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return (await lines.question('Type "purge" to go on: ')).trim() === "purge";
  } finally {
    lines.close();
  }
}

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof LabError || error instanceof OfflineError ? error.message : error);
  process.exitCode = error instanceof Interrupted ? error.exitCode : 1;
});
