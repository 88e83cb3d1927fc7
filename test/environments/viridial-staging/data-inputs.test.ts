import { dataInputs } from "../../../environments/viridial-staging/data-inputs";
import { synthesizeLayer } from "../../support/construct";
import { refusal } from "../../support/inputs";
import { describeWithTerraform } from "../../support/terraform";

const { json } = synthesizeLayer((layer) => {
  dataInputs(layer);
});

const GIVEN = { backup_endpoint: "https://fsn1.your-objectstorage.com", backup_bucket: "viridial-backups" };
const refused = (more: Record<string, unknown>) => refusal(json, { ...GIVEN, ...more });

describeWithTerraform("The inputs of viridial-staging-data", () => {
  test("GIVEN an S3 service outside the cluster THEN it is taken, a second region beside it too", () => {
    expect(refused({})).toBe("");
    expect(refused({ backup_copy_endpoint: "https://s3.eu-west-3.amazonaws.com", backup_copy_bucket: "copies" })).toBe(
      "",
    );
  });

  test("fails without an endpoint and a bucket for backups", () => {
    expect(refusal(json, {})).toMatch(/backup_endpoint[\s\S]*backup_bucket|backup_bucket[\s\S]*backup_endpoint/);
  });

  test.each([
    "https://minio",
    "http://s3.example.com",
    "s3.example.com",
    "https://s3.example.com/bucket",
    "https://s3.example.com:9000",
    "https://localhost",
    "https://127.0.0.1",
    "https://10.96.0.10",
    "https://192.168.1.10",
    "https://[::1]",
    "https://user@s3.example.com",
    "",
  ])("fails for the endpoint %p, which is no public host name with TLS", (backup_endpoint) => {
    expect(refused({ backup_endpoint })).toMatch(/backup_endpoint takes https:\/\/ and a public host name/);
  });

  test.each([
    "https://minio.viridial-data.svc",
    "https://minio.viridial-data.svc.cluster.local",
    "https://nas.local",
    "https://s3.corp.internal",
    "https://s3.localhost",
    "https://nas.home.arpa",
    "https://router.lan",
  ])("fails for the endpoint %p, which is inside", (backup_endpoint) => {
    expect(refused({ backup_endpoint })).toMatch(/backup_endpoint is a name of the cluster or of a private network/);
    expect(refused({ backup_copy_endpoint: backup_endpoint })).toMatch(/backup_copy_endpoint is a name of the cluster/);
  });

  test.each(["Backups", "ab", "-backups", "a/b"])("fails for the bucket %p", (backup_bucket) => {
    expect(refused({ backup_bucket })).toMatch(/backup_bucket takes the name of a bucket/);
  });

  test("fails for a region with other characters", () => {
    expect(refused({ backup_region: "EU Central" })).toMatch(/backup_region takes a region/);
  });

  test("GIVEN a restore THEN a time in UTC and latest are taken, with the next generation", () => {
    expect(refused({ postgresql_generation: 2, postgresql_restore_to: "2026-11-21T08:00:00Z" })).toBe("");
    expect(refused({ postgresql_generation: 3, postgresql_restore_to: "latest" })).toBe("");
  });

  test("fails for a restore without the next generation, another form of time, and half a generation", () => {
    expect(refused({ postgresql_restore_to: "latest" })).toMatch(
      /postgresql_restore_to needs a postgresql_generation of 2 or more/,
    );
    expect(refused({ postgresql_generation: 2, postgresql_restore_to: "yesterday" })).toMatch(
      /postgresql_restore_to takes a time in UTC/,
    );
    expect(refused({ postgresql_generation: 2, postgresql_restore_to: "2026-11-21T08:00:00+01:00" })).toMatch(
      /postgresql_restore_to takes a time in UTC/,
    );
    expect(refused({ postgresql_generation: 1.5 })).toMatch(/postgresql_generation takes a whole number/);
    expect(refused({ postgresql_generation: 0 })).toMatch(/postgresql_generation takes a whole number/);
  });
});
