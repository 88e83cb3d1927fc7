import { type IResolvable } from "cdktf";
import fc from "fast-check";
import { ClusterCapacity, type ClusterCapacityProps, cpuMillis, memoryMib } from "../../../constructs/cluster/capacity";
import { type Condition } from "../../../constructs/cluster/namespace";

const capacity = (props: Partial<ClusterCapacityProps> = {}) =>
  new ClusterCapacity({
    nodeType: "small",
    nodeCount: 2,
    node: { cpuMillis: 1000, memoryMib: 2048 },
    systemReserve: { cpuMillis: 100, memoryMib: 512 },
    ...props,
  });

describe("ClusterCapacity", () => {
  test("GIVEN replicas, a DaemonSet and what the distribution brings THEN the reserve of each node and all pods are added up", () => {
    const cluster = capacity({
      builtIn: [{ name: "coredns", namespace: "kube-system", cpuMillis: 100, memoryMib: 70, replicas: 1 }],
    });
    cluster.add({ name: "web", namespace: "apps", cpuMillis: 200, memoryMib: 256, replicas: 3 });
    cluster.add({ name: "agent", namespace: "apps", cpuMillis: 10, memoryMib: 32, replicas: "perNode" });

    expect(cluster.entry).toEqual({
      nodeType: "small",
      nodeCount: 2,
      available: { cpuMillis: 2000, memoryMib: 4096 },
      requested: { cpuMillis: 920, memoryMib: 1926 },
      rows: [
        { name: "system reserve", namespace: "(nodes)", replicas: 2, cpuMillis: 200, memoryMib: 1024 },
        { name: "coredns", namespace: "kube-system", replicas: 1, cpuMillis: 100, memoryMib: 70 },
        { name: "web", namespace: "apps", replicas: 3, cpuMillis: 600, memoryMib: 768 },
        { name: "agent", namespace: "apps", replicas: 2, cpuMillis: 20, memoryMib: 64 },
      ],
    });
    expect(cluster.problems()).toEqual([]);
    expect(cluster.requestedIn("apps")).toEqual({ cpuMillis: 620, memoryMib: 832, pods: 5 });
  });

  test("GIVEN exactly what the nodes have THEN it fits", () => {
    const cluster = capacity();
    cluster.add({ name: "web", namespace: "apps", cpuMillis: 900, memoryMib: 1536, replicas: 2 });
    expect(cluster.problems()).toEqual([]);
  });

  test("fails by one MiB, naming the three largest, what is requested and what there is", () => {
    const cluster = capacity();
    cluster.add({ name: "web", namespace: "apps", cpuMillis: 10, memoryMib: 1536, replicas: 1 });
    cluster.add({ name: "database", namespace: "apps", cpuMillis: 10, memoryMib: 1500, replicas: 1 });
    cluster.add({ name: "cache", namespace: "apps", cpuMillis: 10, memoryMib: 37, replicas: 1 });

    expect(cluster.problems()).toEqual([
      "4097 MiB are requested, 2 × small have 4096 MiB; the largest are web (1536 MiB), database (1500 MiB), system reserve (1024 MiB)",
    ]);
  });

  test("fails for a pod that is larger than a node beside its system, though all nodes together have room", () => {
    const cluster = capacity();
    cluster.add({ name: "big", namespace: "apps", cpuMillis: 901, memoryMib: 64, replicas: 1 });
    expect(cluster.problems()).toEqual([
      "a pod of big requests 901 m CPU and 64 MiB; a node has 900 m and 1536 MiB beside its system",
    ]);
  });

  test("fails for no node and for a reserve that leaves nothing, all at once", () => {
    expect(() => capacity({ nodeCount: 0, systemReserve: { cpuMillis: 1000, memoryMib: 4096 } })).toThrow(
      [
        "capacity of small: 3 problems",
        "  - nodeCount of small is 0: use a whole number from 1 on",
        "  - the system reserve of 1000 m CPU leaves nothing of the 1000 m of a small",
        "  - the system reserve of 4096 MiB leaves nothing of the 2048 MiB of a small",
      ].join("\n"),
    );
  });
});

describe("cases that exclude each other", () => {
  const when = (component: string) => ({ component, booleanValue: component as unknown as IResolvable });
  const chosen =
    (...components: string[]) =>
    (condition: Condition) =>
      components.includes((condition as ReturnType<typeof when>).component);
  const build = (largeMib: number) => {
    const cluster = capacity({ cases: { small: chosen("cache"), large: chosen("cache", "database") } });
    cluster.add({ name: "web", namespace: "apps", cpuMillis: 100, memoryMib: 100, replicas: 1 });
    cluster.add({
      name: "cache",
      namespace: "apps",
      cpuMillis: 20,
      memoryMib: 200,
      replicas: "perNode",
      when: when("cache"),
    });
    cluster.add({
      name: "database",
      namespace: "apps",
      cpuMillis: 30,
      memoryMib: largeMib,
      replicas: 2,
      when: when("database"),
    });
    return cluster;
  };

  test("GIVEN pods under conditions THEN the entry has what always runs, and each case all that runs then", () => {
    const { entry } = build(300);
    const names = (rows: { name: string }[] = []) => rows.map(({ name }) => name);
    expect(names([...entry.rows])).toEqual(["system reserve", "web"]);
    expect(entry.requested).toEqual({ cpuMillis: 300, memoryMib: 1124 });
    expect(Object.keys(entry.cases ?? {})).toEqual(["small", "large"]);
    expect(names([...(entry.cases?.["small"]?.rows ?? [])])).toEqual(["system reserve", "web", "cache"]);
    expect(entry.cases?.["small"]?.requested).toEqual({ cpuMillis: 340, memoryMib: 1524 });
    expect(entry.cases?.["large"]?.requested).toEqual({ cpuMillis: 400, memoryMib: 2124 });
  });

  test("GIVEN a choice THEN what it asks for beside the rest is known, all replicas together", () => {
    const cluster = build(300);
    expect(cluster.requestedWhile(chosen("database"))).toEqual({ cpuMillis: 60, memoryMib: 600 });
    expect(cluster.requestedWhile(chosen())).toEqual({ cpuMillis: 0, memoryMib: 0 });
    expect(cluster.requestedAlways).toEqual({ cpuMillis: 300, memoryMib: 1124 });
  });

  test("GIVEN cases that fit each, though not both together, THEN there is no problem", () => {
    expect(build(1286).problems()).toEqual([]);
  });

  test("fails for a case that does not fit, naming it and its largest consumers", () => {
    expect(build(1287).problems()).toEqual([
      "in large, 4098 MiB are requested, 2 × small have 4096 MiB; the largest are database (2574 MiB), system reserve (1024 MiB), cache (400 MiB)",
    ]);
  });
});

describe("control planes that are nodes of their own", () => {
  const controlPlanes = {
    nodeType: "tiny",
    nodeCount: 1,
    node: { cpuMillis: 500, memoryMib: 1024 },
    systemReserve: { cpuMillis: 50, memoryMib: 256 },
  };
  const web = { name: "web", namespace: "apps", cpuMillis: 200, memoryMib: 256, replicas: 2 };
  const agent = { name: "agent", namespace: "agents", cpuMillis: 10, memoryMib: 32, replicas: "perNode" } as const;
  const operator = {
    name: "operator",
    namespace: "apps",
    cpuMillis: 20,
    memoryMib: 64,
    replicas: 1,
    onControlPlanes: true,
  };

  test("THEN they have a table of their own: pods of every node, and those that say so", () => {
    const cluster = capacity({ controlPlanes, builtIn: [web, agent, operator] });
    const names = (rows: readonly { name: string; replicas: number }[] = []) =>
      rows.map(({ name, replicas }) => [name, replicas]);
    expect(names(cluster.entry.rows)).toEqual([
      ["system reserve", 2],
      ["web", 2],
      ["agent", 2],
    ]);
    expect(cluster.entry.controlPlanes).toEqual({
      nodeType: "tiny",
      nodeCount: 1,
      available: { cpuMillis: 500, memoryMib: 1024 },
      requested: { cpuMillis: 80, memoryMib: 352 },
      rows: [
        { name: "system reserve", namespace: "(nodes)", replicas: 1, cpuMillis: 50, memoryMib: 256 },
        { name: "agent", namespace: "agents", replicas: 1, cpuMillis: 10, memoryMib: 32 },
        { name: "operator", namespace: "apps", replicas: 1, cpuMillis: 20, memoryMib: 64 },
      ],
    });
    expect(cluster.problems()).toEqual([]);
  });

  test("THEN a namespace's quota counts pods on both", () => {
    const cluster = capacity({ controlPlanes, builtIn: [web, agent, operator] });
    expect(cluster.requestedIn("agents")).toEqual({ cpuMillis: 30, memoryMib: 96, pods: 3 });
    expect(cluster.requestedIn("apps")).toEqual({ cpuMillis: 420, memoryMib: 576, pods: 3 });
  });

  test("GIVEN no such nodes THEN what belongs on control planes is counted with all else", () => {
    const cluster = capacity({ builtIn: [operator] });
    expect(cluster.entry.rows.map(({ name }) => name)).toEqual(["system reserve", "operator"]);
    expect(cluster.entry).not.toHaveProperty("controlPlanes");
  });

  test("fails for pods of every node that fit the workers, but no control plane", () => {
    const cluster = capacity({ controlPlanes });
    cluster.add({ ...agent, memoryMib: 800 });
    expect(cluster.problems()).toEqual([
      "1056 MiB are requested, 1 × tiny have 1024 MiB; the largest are agent (800 MiB), system reserve (256 MiB)",
      "a pod of agent requests 10 m CPU and 800 MiB; a node has 450 m and 768 MiB beside its system",
    ]);
  });

  test("fails for control planes that are none, beside workers that are none", () => {
    expect(() => capacity({ nodeCount: 0, controlPlanes: { ...controlPlanes, nodeCount: 1.5 } })).toThrow(
      [
        "capacity of small: 2 problems",
        "  - nodeCount of small is 0: use a whole number from 1 on",
        "  - nodeCount of tiny is 1.5: use a whole number from 1 on",
      ].join("\n"),
    );
  });
});

describe("quantities", () => {
  test.each([
    ["100m", 100],
    ["0.5", 500],
    [2, 2000],
    [0.0001, 1],
    ["1.5m", 2],
  ])("GIVEN the CPU quantity %p THEN it is %p m", (quantity, expected) => {
    expect(cpuMillis(quantity)).toBe(expected);
  });

  test.each([
    ["128Mi", 128],
    ["1Gi", 1024],
    ["1.5Gi", 1536],
    ["512Ki", 1],
    ["1G", 954],
    [1048576, 1],
  ])("GIVEN the memory quantity %p THEN it is %p MiB", (quantity, expected) => {
    expect(memoryMib(quantity)).toBe(expected);
  });

  test.each([undefined, null, "", "lots", "100x", "-1", "128MB", {}])(
    "fails to read %p, which is no quantity",
    (quantity) => {
      expect(cpuMillis(quantity)).toBeUndefined();
      expect(memoryMib(quantity)).toBeUndefined();
    },
  );

  test("GIVEN any whole number of MiB THEN it is read as written", () => {
    fc.assert(fc.property(fc.nat(1_000_000), (number) => memoryMib(`${number}Mi`) === number));
  });
});
