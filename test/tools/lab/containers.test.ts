import { containersWell, describeContainer, isWell, labContainers } from "../../../tools/lab/containers";
import { Interruption } from "../../../tools/lab/interruption";
import { messageOf, temporaryFolder } from "../../support/layers";
import { fakePrograms } from "./support";

const path = process.env["PATH"] ?? "";

/** A Docker that prints one line of `docker ps --format '{{json .}}'` for each container. */
const docker = (...containers: readonly (readonly [name: string, state: string, status: string])[]) => {
  const lines = containers.map(([Names, State, Status]) => JSON.stringify({ Names, State, Status }));
  process.env["PATH"] =
    `${fakePrograms({ docker: lines.map((line) => `echo '${line}'`).join("\n") || "true" })}:${path}`;
};

describe("the lab's containers", () => {
  afterEach(() => (process.env["PATH"] = path));

  test.each([
    ["running", "Up 3 minutes (healthy)", true, "lab-x (running, healthy)"],
    ["running", "Up 3 seconds (health: starting)", false, "lab-x (running, starting)"],
    ["running", "Up 3 hours (unhealthy)", false, "lab-x (running, unhealthy)"],
    ["running", "Up 3 hours", true, "lab-x (running)"],
    ["exited", "Exited (137) 2 minutes ago", false, "lab-x (exited)"],
    ["restarting", "Restarting (1) 5 seconds ago", false, "lab-x (restarting)"],
  ])("%s, %s: well is %s", async (state, status, well, text) => {
    docker(["lab-x", state, status]);
    const [container] = await labContainers();
    expect(container && [isWell(container), describeContainer(container)]).toEqual([well, text]);
  });

  const wait = (withinSeconds: number) => {
    const lines: string[] = [];
    const done = containersWell(new Interruption(() => undefined), (line) => lines.push(line), {
      withinSeconds,
      everySeconds: 0.01,
    });
    return { done, lines };
  };

  test("fails for one that is not healthy in time, with how to see why, and says once what is waited for", async () => {
    docker(["lab-vault", "running", "Up (healthy)"], ["lab-gitlab", "running", "Up (health: starting)"]);
    const { done, lines } = wait(0.2);
    expect(await messageOf(() => done)).toBe(
      "Not healthy after 0 minutes:\n  - lab-gitlab (running, starting): docker logs --tail 50 lab-gitlab",
    );
    expect(lines).toEqual(["waiting for lab-gitlab (running, starting)"]);
  });

  test("fails where Docker does not answer, or is not there", async () => {
    process.env["PATH"] =
      `${fakePrograms({ docker: "echo 'Cannot connect to the Docker daemon.' >&2; exit 1" })}:${path}`;
    expect(await messageOf(() => wait(1).done)).toBe("Docker does not answer: Cannot connect to the Docker daemon.");
    process.env["PATH"] = temporaryFolder();
    expect(await messageOf(() => wait(1).done)).toBe("Docker is not installed: make lab-deps.");
  });
});
