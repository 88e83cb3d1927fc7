import { existsSync } from "node:fs";
import { join } from "node:path";

import { startOfflineServer, type OfflineServer } from "../../tools/offline/start";
import { terraformProblem } from "../../tools/offline/terraform";

/** What the teardown, which runs in the same process, has to end or to say again. */
export interface OfflineGlobals {
  socleOffline?: { server?: OfflineServer; notice?: string };
}

/**
 * Makes Terraform work offline in all tests, cdktf's matchers included.
 *
 * @throws {Error} when no usable Terraform is there and `CI` is `true`; elsewhere tests that need it are skipped
 */
export default async function setup(jest: { rootDir: string }): Promise<void> {
  const globals = globalThis as OfflineGlobals;
  const problem = terraformProblem();
  if (problem !== undefined) {
    if (process.env["CI"] === "true") {
      throw new Error(`Tests need Terraform: ${problem}`);
    }
    const notice = `Tests that need Terraform are skipped: ${problem}`;
    console.warn(`\n${notice}`);
    process.env["SOCLE_NO_TERRAFORM"] = "1";
    globals.socleOffline = { notice };
    return;
  }
  delete process.env["SOCLE_NO_TERRAFORM"];
  const schemas = join(jest.rootDir, "schemas");
  const server = await startOfflineServer(existsSync(schemas) ? { schemas } : {});
  Object.assign(process.env, server.env);
  globals.socleOffline = { server };
}
