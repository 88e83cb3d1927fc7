import { renderUnit } from "../../../constructs/compute/systemd-unit";

describe("renderUnit", () => {
  test("GIVEN sections THEN each has its directives below it, in their order, and an empty line between them", () => {
    expect(
      renderUnit({
        Unit: { Description: "A thing", After: "network-online.target" },
        Service: { ExecStart: "/bin/true" },
      }),
    ).toBe("[Unit]\nDescription=A thing\nAfter=network-online.target\n\n[Service]\nExecStart=/bin/true\n");
  });
});
