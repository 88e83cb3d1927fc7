import { type DrillResult } from "../../../tools/dr-drill/drill";
import { report } from "../../../tools/dr-drill/report";

const RESULT: DrillResult = {
  version: "15.14",
  target: "2026-11-21 08:00:00+00",
  checks: [{ what: "a row is there again", problem: "" }],
  recoverySeconds: 2.44,
  lossSeconds: 0.96,
  walFiles: 7,
};

describe("report", () => {
  test("GIVEN checks that hold THEN it is passed, and says both times beside what is accepted", () => {
    expect(report(RESULT, 1)).toEqual({
      passed: true,
      text: [
        "PostgreSQL 15.14, restored to 2026-11-21 08:00:00+00 from a base backup and 7 archived WAL files:",
        "  ok      a row is there again",
        "  ok      RTO  2.4 s from the loss of the server until the restored one had answered all of this (accepted: 4 h)",
        "  ok      RPO  1.0 s of writes lost, with an archive_timeout of 1 s (the cluster has 300 s; accepted: 1 h)",
      ].join("\n"),
    });
  });

  test("fails when a check does not hold, with what was found", () => {
    const { passed, text } = report({ ...RESULT, checks: [{ what: "a row is there again", problem: "it is not" }] }, 1);
    expect(passed).toBe(false);
    expect(text).toContain("\n  FAILED  a row is there again: it is not\n");
  });

  test.each([
    ["RTO", { recoverySeconds: 4 * 3600 + 1 }],
    ["RPO", { lossSeconds: 3601 }],
  ])("fails when the %s is longer than accepted", (name, more) => {
    const { passed, text } = report({ ...RESULT, ...more }, 1);
    expect(passed).toBe(false);
    expect(text).toContain(`  FAILED  ${name}  `);
  });
});
