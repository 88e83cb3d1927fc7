import { listProjectFiles } from "../../../constructs/core/files";
import { IMAGES, imageTag, labImage } from "../../../environments/lab/images";
import { imageTag as pushedTag } from "../../../tools/lab/images";

describe("images of the lab", () => {
  test.each(IMAGES)("THEN the tag of %s is the one that make lab-up pushes", (name) => {
    expect(imageTag(name)).toBe(pushedTag(`images/${name}`));
  });

  test("THEN each is a folder, and an image is named with registry and tag", () => {
    expect(listProjectFiles("images")).toEqual(expect.arrayContaining([...IMAGES]));
    expect(labImage({ domain: "lab.local" }, "airflow")).toBe(
      `registry.lab.local:5001/lab/airflow:${imageTag("airflow")}`,
    );
  });
});
