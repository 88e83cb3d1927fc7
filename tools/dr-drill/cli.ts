import * as path from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { drill, DrillError } from "./drill";
import { report } from "./report";

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) {
    throw new InvalidArgumentError("use a whole number from 1 on.");
  }
  return number;
}

interface Options {
  readonly migrations: string;
  readonly rows: number;
  readonly archiveTimeout: number;
}

const program = new Command("dr-drill")
  .description(
    "Loses a local, throw-away PostgreSQL and restores it to a point in time; needs PostgreSQL's server programs",
  )
  .option("--migrations <folder>", "the schema", path.join(__dirname, "../../environments/viridial-staging/migrations"))
  .option("--rows <number>", "rows of each tenant", positive, 20_000)
  .option("--archive-timeout <seconds>", "after how long a WAL file that is not full is archived", positive, 1)
  .action(async ({ migrations, rows, archiveTimeout }: Options) => {
    const result = await drill({ migrations, rows, archiveTimeoutSeconds: archiveTimeout });
    const { text, passed } = report(result, archiveTimeout);
    console.log(text);
    process.exitCode = passed ? 0 : 1;
  });

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof DrillError ? `The drill failed: ${error.message}` : error);
  process.exitCode = 1;
});
