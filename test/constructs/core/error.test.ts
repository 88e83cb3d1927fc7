import { SocleError } from "../../../constructs/core/error";

describe("SocleError", () => {
  test("GIVEN one problem WHEN it is made THEN the message is one line with the place", () => {
    const error = new SocleError("kauri-aws/cost", ["monthlyLimitUsd is 0: give more than 0"]);

    expect(error.message).toBe("kauri-aws/cost: monthlyLimitUsd is 0: give more than 0");
    expect(error.name).toBe("SocleError");
    expect(error).toBeInstanceOf(Error);
  });

  test("GIVEN several problems WHEN it is made THEN each has its line and the place stands once", () => {
    const error = new SocleError("kauri-aws", ["a is 1", "b is 2"]);

    expect(error.message).toBe("kauri-aws: 2 problems\n  - a is 1\n  - b is 2");
    expect(error.where).toBe("kauri-aws");
    expect(error.problems).toEqual(["a is 1", "b is 2"]);
  });

  test("GIVEN no problem WHEN throwIfAny is called THEN it does nothing", () => {
    expect(() => SocleError.throwIfAny("kauri-aws", [])).not.toThrow();
  });

  test("fails WHEN throwIfAny gets a problem, with the same error", () => {
    expect(() => SocleError.throwIfAny("kauri-aws", ["a is 1"])).toThrow(new SocleError("kauri-aws", ["a is 1"]));
    expect(() => SocleError.throwIfAny("kauri-aws", ["a is 1"])).toThrow(SocleError);
  });
});
