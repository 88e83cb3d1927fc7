import { type OfflineGlobals } from "./offline-global-setup";

/** Ends the offline providers; says again what was skipped, where it is seen: at the end. */
export default async function teardown(): Promise<void> {
  const { server, notice } = (globalThis as OfflineGlobals).socleOffline ?? {};
  await server?.stop();
  if (notice !== undefined) {
    console.warn(`\n${notice}`);
  }
}
