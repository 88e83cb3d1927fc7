import { checkDisk } from "../../../tools/lab/doctor-disk";
import { GIB } from "../../../tools/lab/doctor-finding";

const disk = (freeGib: number | undefined, windowsGib?: number) =>
  checkDisk({
    dockerRoot: "/var/lib/docker",
    freeBytes: freeGib === undefined ? undefined : freeGib * GIB,
    windowsFreeBytes: windowsGib === undefined ? undefined : windowsGib * GIB,
  });

describe("the doctor's look at the disk", () => {
  test("GIVEN room THEN it says how much", () => {
    expect(disk(120)).toEqual({
      check: "disk",
      verdict: "ok",
      found: "120 GiB free in /var/lib/docker.",
      mend: [],
    });
  });

  test("GIVEN room for the smallest scenario only THEN it warns", () => {
    expect(disk(99)).toMatchObject({
      verdict: "warning",
      found: "99 GiB free in /var/lib/docker: enough for the smallest scenario; all of them need about 100 GiB.",
    });
  });

  test("fails without room for the smallest scenario, and shows what takes it", () => {
    expect(disk(39)).toEqual({
      check: "disk",
      verdict: "problem",
      found: "39 GiB free in /var/lib/docker: the smallest scenario needs about 40 GiB.",
      mend: ["docker system df", "docker image prune --all   # images that no container uses"],
    });
  });

  test("fails where WSL's disk promises what Windows' drive has not", () => {
    expect(disk(950, 12)).toMatchObject({
      verdict: "problem",
      found: "12 GiB free in Windows' drive C:, on which WSL's disk grows: the smallest scenario needs about 40 GiB.",
    });
    expect(disk(950, 300).verdict).toBe("ok");
  });

  test("GIVEN a Docker on another machine THEN it warns; with Docker Desktop, Windows' drive counts", () => {
    expect(disk(undefined).verdict).toBe("warning");
    expect(disk(undefined, 39).verdict).toBe("problem");
  });
});
