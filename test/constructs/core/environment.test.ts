import { SocleError } from "../../../constructs/core/error";
import { testApp, testEnvironment, testLayer } from "../../support/layers";

describe("Environment", () => {
  test.each(["lab", "kauri-aws", "oci-v2", "a1-b2-3"])(
    "GIVEN the name %s WHEN it is made THEN it is accepted",
    (name) => {
      expect(testEnvironment(name, "s3")).toMatchObject({
        name,
        backend: "s3",
        description: `The environment ${name}.`,
        layers: [],
      });
    },
  );

  test.each(["", "Kauri", "kauri_aws", "kauri--aws", "-kauri", "kauri-", "1kauri", "kauri aws", "kauri/aws", "é"])(
    'fails for the name "%s"',
    (name) => {
      expect(() => testEnvironment(name)).toThrow(
        new SocleError(name, [
          `the environment name "${name}" is not made of lower-case words joined by "-", such as "kauri-aws"`,
        ]),
      );
    },
  );

  test("GIVEN layers WHEN they are made THEN they stand in the order of their construction", () => {
    const environment = testEnvironment("lab");

    const layers = ["lab-services", "lab-bootstrap", "lab"].map((name) => testLayer(environment, name));

    expect(environment.layers).toEqual(layers);
  });

  test.each(["kauri", "lab2", "labs-data", "kauri-lab"])("fails for the foreign layer %s", (name) => {
    const environment = testEnvironment("lab");

    expect(() => testLayer(environment, name)).toThrow(
      new SocleError("lab", [`the layer "${name}" belongs to this environment: name it "lab" or "lab-<layer>"`]),
    );
    expect(environment.layers).toEqual([]);
  });

  test("fails for two layers of the same name", () => {
    const app = testApp();
    testLayer(testEnvironment("lab", "local", app), "lab-data");

    expect(() => testLayer(testEnvironment("lab", "local", app), "lab-data")).toThrow(
      "There is already a Construct with name 'lab-data' in SocleApp",
    );
  });
});
