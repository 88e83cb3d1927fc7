import { tenantVhost } from "../../../constructs/tenancy/tenant-messaging";

describe("tenantVhost", () => {
  const objects = tenantVhost({ id: "lake", rabbitMqCluster: "broker", credentials: "lake-login" });

  test("THEN the tenant's user may do everything in its virtual host, and has no other permission", () => {
    expect(objects.map(({ kind, metadata }) => [kind, metadata.name])).toEqual([
      ["Vhost", "tenant-lake"],
      ["User", "tenant-lake"],
      ["Permission", "tenant-lake"],
    ]);
    expect(objects[2]?.["spec"]).toMatchObject({ vhost: "tenant-lake", user: "tenant-lake" });
  });

  test("THEN the user's password comes from the Secret, and it has no tag that would make it an administrator", () => {
    expect(objects[1]?.["spec"]).toEqual({
      importCredentialsSecret: { name: "lake-login" },
      rabbitmqClusterReference: { name: "broker" },
    });
  });
});
