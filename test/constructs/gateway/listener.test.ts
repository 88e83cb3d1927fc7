import { listenerProblems } from "../../../constructs/gateway/listener";

describe("listenerProblems", () => {
  test("GIVEN ports in range and free THEN there are none", () => {
    expect(listenerProblems("http", { port: 1, targetPort: 65535 }, undefined)).toEqual([]);
  });

  test("fails for ports out of range and a port that is taken, all at once", () => {
    expect(listenerProblems("http", { port: 0, targetPort: 65536 }, "web")).toEqual([
      'port of "http" is 0, which is not between 1 and 65535',
      'targetPort of "http" is 65536, which is not between 1 and 65535',
      'port 0 of "http" is listened on by "web" already',
    ]);
  });
});
