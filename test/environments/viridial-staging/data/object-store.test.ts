import { BUCKETS, TENANT_BUCKETS } from "../../../../environments/viridial-staging/data/object-store";
import { PRODUCTION, SETTINGS } from "../../../../environments/viridial-staging/settings";
import { synthesizeData, valuesOf } from "../../../support/viridial-data";

describe("the object store of viridial-staging-data", () => {
  test("THEN images and documents move after 90 days; nothing else does", () => {
    expect(Object.keys(BUCKETS)).toEqual(["property-images", "documents", "backups"]);
    expect(TENANT_BUCKETS.map((bucket) => BUCKETS[bucket]?.coldAfterDays)).toEqual([90, 90]);
    expect(BUCKETS["backups"]?.coldAfterDays).toBeUndefined();
  });

  test("GIVEN a profile THEN its volume goes by it, and outlives its claim", () => {
    const volume = (settings: typeof SETTINGS) => valuesOf(synthesizeData(settings).json, "minio")["persistence"];
    expect(volume(SETTINGS)).toMatchObject({ size: "20Gi", storageClass: "hcloud-volumes-retain" });
    expect(volume(PRODUCTION)).toMatchObject({ size: "200Gi" });
  });

  test("THEN the service's key is the only one, with whole buckets", () => {
    const { json } = synthesizeData(SETTINGS);
    const plan = json.resource?.["kubernetes_config_map_v1"]?.["object_store_setup_plan"]?.["data"] as object;
    expect(Object.keys(plan).filter((file) => /^(user|policy)\./.test(file))).toEqual([
      "policy.property.json",
      "user.property",
    ]);
  });
});
