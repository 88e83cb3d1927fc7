import {
  controlPlanesRunWorkloads,
  controlPlaneType,
  viridialCapacity,
} from "../../../environments/viridial-staging/capacity";
import { PRODUCTION, SETTINGS } from "../../../environments/viridial-staging/settings";

describe("the nodes of viridial-staging", () => {
  test("GIVEN staging THEN they are two workers, and a control plane with what Kubernetes itself runs there", () => {
    const { entry } = viridialCapacity(SETTINGS);
    expect(entry).toMatchObject({
      nodeType: "cpx32 with 4 vCPU and 8 GB",
      nodeCount: 2,
      available: { cpuMillis: 8000, memoryMib: 16384 },
      controlPlanes: {
        nodeType: "cpx22 with 2 vCPU and 4 GB",
        nodeCount: 1,
        available: { cpuMillis: 2000, memoryMib: 4096 },
        requested: { cpuMillis: 850, memoryMib: 1728 },
      },
    });
    expect(entry.rows.map(({ name }) => name)).toEqual(["system reserve", "coredns"]);
  });

  test("GIVEN three control planes THEN they take pods like the workers, beside Kubernetes on each of them", () => {
    const settings = { ...PRODUCTION, controlPlanes: 3 as const, workerCount: 2 };
    const { entry } = viridialCapacity(settings);
    expect([controlPlanesRunWorkloads(settings), controlPlaneType(settings)]).toEqual([true, "cpx32"]);
    expect([controlPlanesRunWorkloads(PRODUCTION), controlPlaneType(PRODUCTION)]).toEqual([false, "cpx22"]);
    expect(entry).toMatchObject({ nodeType: "cpx32 with 4 vCPU and 8 GB", nodeCount: 5 });
    expect(entry).not.toHaveProperty("controlPlanes");
    expect(entry.rows.map(({ name, replicas }) => [name, replicas])).toEqual([
      ["system reserve", 5],
      ["coredns", 2],
      ["kube-apiserver", 3],
      ["etcd", 3],
      ["kube-controller-manager", 3],
      ["kube-scheduler", 3],
    ]);
  });
});
