import * as path from "node:path";
import { runBeside, withGateway } from "../gateway";

const SCRIPT = path.resolve("ci/github/health.sh");
const QUICK = { HEALTH_TIMEOUT_SECONDS: "1", HEALTH_PAUSE_SECONDS: "0.1" };

/** Asks a gateway that answers with these one after the other, the last of them for ever. */
const healthOf = (statuses: readonly number[], timeoutSeconds = 1) => {
  let asked = 0;
  return withGateway(
    () => ({ status: statuses[Math.min(asked++, statuses.length - 1)] ?? 500 }),
    async (address) => ({
      ...(await runBeside(SCRIPT, [`${address}/property/health`], {
        ...QUICK,
        HEALTH_TIMEOUT_SECONDS: `${timeoutSeconds}`,
      })),
      asked,
      address,
    }),
  );
};

describe("health.sh", () => {
  test("GIVEN a service that starts THEN it waits for three good answers in a row", async () => {
    const { status, stdout, asked, address } = await healthOf([503, 200, 200, 503, 200], 30);
    expect(stdout).toBe(`${address}/property/health is healthy\n`);
    expect(status).toBe(0);
    expect(asked).toBe(7);
  });

  test("fails for a service that does not become healthy in time", async () => {
    const { status, stderr, address } = await healthOf([503]);
    expect(stderr).toBe(`${address}/property/health is not healthy: the last answer was 503\n`);
    expect(status).toBe(1);
  });

  test("fails for a redirection, which is not the service's answer", async () => {
    expect((await healthOf([302])).stderr).toMatch(/ is not healthy: the last answer was 302\n$/);
  });

  test("fails where nobody answers", async () => {
    const address = await withGateway(
      () => ({ status: 200 }),
      (closed) => Promise.resolve(closed),
    );
    const { status, stderr } = await runBeside(SCRIPT, [address], QUICK);
    expect(stderr).toBe(`${address} is not healthy: the last answer was 000\n`);
    expect(status).toBe(1);
  });

  test.each([[[]], [["/property/health"]], [["ftp://example.com"]]])("fails for %j", async (args) => {
    const { status, stderr } = await runBeside(SCRIPT, args);
    expect(stderr).toBe("use health.sh <URL>, such as https://api.example.com/property/health\n");
    expect(status).toBe(2);
  });
});
