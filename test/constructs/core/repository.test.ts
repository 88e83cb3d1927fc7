import { Repository } from "../../../constructs/core/repository";
import { messageOf } from "../../support/layers";

describe("Repository", () => {
  test("GIVEN files whose texts change until synth THEN they are what they are when they are read", () => {
    const repository = new Repository("airflow-helm");
    let text = "first";
    repository.addFile("templates/values.yaml", () => text);
    repository.tag(() => `of ${text}`);

    text = "last";

    expect([...repository.files]).toEqual([["templates/values.yaml", "last"]]);
    expect(repository.revision).toBe("of last");
  });

  test("GIVEN a repository that nothing refers to by a tag THEN it has no revision", () => {
    expect(new Repository("airflow-dags").revision).toBeUndefined();
  });

  test.each(["Airflow", "airflow_helm", "-airflow", "../airflow", ""])("fails for the name %j", async (name) => {
    expect(await messageOf(() => new Repository(name))).toBe(
      `repository ${name}: the name "${name}" is not made of lower-case words joined by "-", such as "airflow-helm"`,
    );
  });

  test.each(["/etc/passwd", "../values.yaml", "a/../b", ".git/config", "a b", ""])(
    "fails for the path %j",
    async (path) => {
      expect(await messageOf(() => new Repository("web").addFile(path, () => ""))).toBe(
        `repository web: the file "${path}" is not in the repository: use a path such as templates/airflow.yaml`,
      );
    },
  );

  test("fails for a file that is there already", async () => {
    const repository = new Repository("web");
    repository.addFile("values.yaml", () => "a");
    expect(await messageOf(() => repository.addFile("values.yaml", () => "b"))).toBe(
      'repository web: the file "values.yaml" is there already: give each once',
    );
  });
});
