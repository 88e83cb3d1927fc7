import { Interruption } from "../../../tools/lab/interruption";
import { FinalFailure, runSmoke, smokeTable, type SmokeStep } from "../../../tools/lab/smoke";

const run = (steps: readonly SmokeStep[]) =>
  runSmoke(steps, { interruption: new Interruption(() => undefined), report: () => undefined, everySeconds: 0.01 });

const step = (name: string, look: SmokeStep["look"], more: Partial<SmokeStep> = {}): SmokeStep => ({
  name,
  withinSeconds: 5,
  look,
  ...more,
});

describe("the frame of the smoke test", () => {
  test("GIVEN a step that holds after a while THEN it is looked at until then", async () => {
    let looks = 0;
    const [result] = await run([
      step("slow", () => {
        looks += 1;
        return looks < 3 ? Promise.reject(new Error("not yet")) : Promise.resolve("there");
      }),
    ]);
    expect([result?.verdict, result?.found, looks]).toEqual(["ok", "there", 3]);
  });

  test("fails for a step that never holds, with what it said last, and goes on with those that do not need it", async () => {
    const results = await run([
      step("never", () => Promise.reject(new Error("no answer")), { withinSeconds: 0.05 }),
      step("after it", () => Promise.resolve("x"), { needs: ["never"] }),
      step("after that", () => Promise.resolve("x"), { needs: ["after it"] }),
      step("beside it", () => Promise.resolve("fine")),
    ]);
    expect(results.map(({ name, verdict, found }) => [name, verdict, found])).toEqual([
      ["never", "failed", "not within 0.05 s: no answer"],
      ["after it", "skipped", "needs: never"],
      ["after that", "skipped", "needs: after it"],
      ["beside it", "ok", "fine"],
    ]);
  });

  test("fails at once where waiting does not help", async () => {
    let looks = 0;
    const [result] = await run([
      step("final", () => {
        looks += 1;
        return Promise.reject(new FinalFailure("the task failed"));
      }),
    ]);
    expect([result?.verdict, result?.found, looks]).toEqual(["failed", "the task failed", 1]);
  });

  test("THEN the table has a line for each", () => {
    expect(
      smokeTable([
        { name: "first", verdict: "ok", seconds: 1.25, found: "3 rows" },
        { name: "second one", verdict: "skipped", seconds: 0, found: "needs: first" },
      ]),
    ).toBe(
      [
        "step        verdict  seconds  found",
        "first       ok           1.3  3 rows",
        "second one  skipped      0.0  needs: first",
      ].join("\n"),
    );
  });
});
