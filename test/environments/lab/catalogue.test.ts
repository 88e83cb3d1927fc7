import { COMPONENT_NAMES, COMPONENTS, SCENARIOS } from "../../../environments/lab/catalogue";

describe("the catalogue", () => {
  test.each(Object.entries(SCENARIOS))(
    "GIVEN the scenario %s THEN it has whatever its components need",
    (_name, names) => {
      const chosen: readonly string[] = names;
      expect(names.flatMap((name) => COMPONENTS[name].filter((needed) => !chosen.includes(needed)))).toEqual([]);
      expect(new Set(chosen).size).toBe(chosen.length);
    },
  );

  test("THEN what components need is in the catalogue too, and no component needs itself", () => {
    const needed = Object.entries(COMPONENTS).flatMap(([name, needs]: [string, readonly string[]]) => {
      expect(needs).not.toContain(name);
      return needs;
    });
    expect(needed.filter((name) => !(COMPONENT_NAMES as readonly string[]).includes(name))).toEqual([]);
  });

  test("THEN every scenario has what etl-minimal has", () => {
    for (const names of Object.values(SCENARIOS)) {
      expect(names.slice(0, 3)).toEqual(["minio", "airflow", "mlflow"]);
    }
  });
});
