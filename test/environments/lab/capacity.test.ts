import { type IResolvable } from "cdktf";
import { labCapacity } from "../../../environments/lab/capacity";
import { SCENARIO_NAMES } from "../../../environments/lab/catalogue";
import { SETTINGS } from "../../../environments/lab/settings";

describe("labCapacity", () => {
  const when = (component: string) => ({ component, booleanValue: component as unknown as IResolvable });

  test("THEN containers, nodes and pods share what the workstation gives, scenario by scenario", () => {
    const capacity = labCapacity(SETTINGS);
    capacity.add({
      name: "trino",
      namespace: "trino",
      cpuMillis: 100,
      memoryMib: 3072,
      replicas: 1,
      when: when("trino"),
    });
    const { entry } = capacity;

    expect(entry).toMatchObject({
      nodeCount: 2,
      available: { cpuMillis: 12000, memoryMib: 24 * 1024 },
    });
    expect(entry.rows.map(({ name, namespace, memoryMib }) => [name, namespace, memoryMib])).toEqual([
      ["system reserve", "(nodes)", 1024],
      ["postgres", "(containers)", 1024],
      ["vault", "(containers)", 256],
      ["registry", "(containers)", 256],
      ["gitlab", "(containers)", 4608],
      ["k3s server", "(containers)", 512],
      ["coredns", "kube-system", 70],
      ["metrics-server", "kube-system", 70],
    ]);
    expect(Object.keys(entry.cases ?? {})).toEqual([...SCENARIO_NAMES]);
    const withTrino = Object.entries(entry.cases ?? {}).filter(([, { rows }]) =>
      rows.some(({ name }) => name === "trino"),
    );
    expect(withTrino.map(([name]) => name)).toEqual(["data-serve"]);
  });

  test("GIVEN agents THEN the workstation is no larger, and each node is a smaller share of it", () => {
    const { entry } = labCapacity({ ...SETTINGS, agents: 3 });
    expect(entry.nodeCount).toBe(4);
    expect(entry.available).toEqual({ cpuMillis: 12000, memoryMib: 24 * 1024 });
  });

  test("fails for a scenario that asks for more than there is, by its name", () => {
    const capacity = labCapacity(SETTINGS);
    for (const name of ["flink", "kafka"]) {
      capacity.add({ name, namespace: name, cpuMillis: 100, memoryMib: 9000, replicas: 1, when: when(name) });
    }
    expect(capacity.problems()).toEqual([
      expect.stringMatching(
        /^in streaming, 25820 MiB are requested, 2 × k3s node on a workstation that gives 24 GiB and 12 CPU in all have 24576 MiB; the largest are flink \(9000 MiB\), kafka \(9000 MiB\), gitlab \(4608 MiB\)$/,
      ),
    ]);
  });
});
