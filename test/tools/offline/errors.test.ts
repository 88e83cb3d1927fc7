import { messageOf, OfflineError } from "../../../tools/offline/errors";

describe("OfflineError", () => {
  test("GIVEN a title alone THEN the message is the title", () => {
    const error = new OfflineError("schemas/ is empty");

    expect(error.message).toBe("schemas/ is empty");
    expect(error.name).toBe("OfflineError");
    expect(error).toBeInstanceOf(Error);
  });

  test("GIVEN problems THEN each has a line of its own below the title", () => {
    expect(new OfflineError("offline.yaml:", ["a is missing", "b is unknown"]).message).toBe(
      "offline.yaml:\n  - a is missing\n  - b is unknown",
    );
  });
});

describe("messageOf", () => {
  test.each([
    ["an error", new OfflineError("found nothing"), "found nothing"],
    ["a text", "found nothing", "found nothing"],
    ["nothing", undefined, "undefined"],
  ])("GIVEN %s WHEN it was thrown THEN its message is %s", (_what, thrown, message) => {
    expect(messageOf(thrown)).toBe(message);
  });
});
