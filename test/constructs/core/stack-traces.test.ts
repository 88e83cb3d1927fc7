import { Lazy } from "cdktf";
import stackTrace = require("cdktf/lib/tokens/private/stack-trace");
import { disableTokenStackTraces } from "../../../constructs/core/stack-traces";

/** Where a new token says that it was made. */
const creationStack = () => Lazy.anyValue({ produce: () => 1 }).creationStack;

describe("disableTokenStackTraces", () => {
  const { captureStackTrace } = stackTrace;
  afterEach(() => {
    stackTrace.captureStackTrace = captureStackTrace;
  });

  test("GIVEN cdktf as it is WHEN a token is made THEN it knows where", () => {
    expect(creationStack().join("\n")).toContain("stack-traces.test");
  });

  test("GIVEN disabled traces WHEN a token is made THEN it carries none", () => {
    disableTokenStackTraces();

    expect(creationStack()).toEqual([]);
  });
});
