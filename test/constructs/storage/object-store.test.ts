import { bucketsPolicy, foldersPolicy, lifecycleOf, tenantPolicy } from "../../../constructs/storage/object-store";

const OLD_VERSIONS = (days: number) => ({
  ID: "old-versions",
  Status: "Enabled",
  Filter: { Prefix: "" },
  NoncurrentVersionExpiration: { NoncurrentDays: days },
  Expiration: { ExpiredObjectDeleteMarker: true },
});

describe("lifecycleOf", () => {
  test("GIVEN a bucket THEN only old versions expire, after 30 days", () => {
    expect(lifecycleOf({})).toEqual({ Rules: [OLD_VERSIONS(30)] });
  });

  test("GIVEN a cold tier THEN objects move there, and none expires", () => {
    expect(lifecycleOf({ coldAfterDays: 90, noncurrentDays: 7 })).toEqual({
      Rules: [
        OLD_VERSIONS(7),
        { ID: "cold", Status: "Enabled", Filter: { Prefix: "" }, Transition: { Days: 90, StorageClass: "COLD" } },
      ],
    });
  });
});

const OBJECTS = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"];

describe("bucketsPolicy", () => {
  test("GIVEN buckets THEN their objects can be read and written, their old versions not", () => {
    expect(bucketsPolicy(["images", "documents"])).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Action: ["s3:GetBucketLocation", "s3:ListBucket"],
          Resource: ["arn:aws:s3:::images", "arn:aws:s3:::documents"],
        },
        { Effect: "Allow", Action: OBJECTS, Resource: ["arn:aws:s3:::images/*", "arn:aws:s3:::documents/*"] },
      ],
    });
  });
});

describe("tenantPolicy", () => {
  test("GIVEN a tenant THEN it lists, reads and writes below its prefix only", () => {
    expect(tenantPolicy("acme", ["images"])).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Action: ["s3:ListBucket"],
          Resource: ["arn:aws:s3:::images"],
          Condition: { StringLike: { "s3:prefix": ["acme/*"] } },
        },
        { Effect: "Allow", Action: OBJECTS, Resource: ["arn:aws:s3:::images/acme/*"] },
      ],
    });
  });

  test.each(["*", "acme/..", "", "Acme", "-acme"])("fails with the prefix %j", (tenant) => {
    expect(() => tenantPolicy(tenant, ["images"])).toThrow(
      `policy of tenant "${tenant}": the prefix "${tenant}" is not made of lower-case letters, digits and "-"`,
    );
  });
});

describe("foldersPolicy", () => {
  test("GIVEN folders THEN only what is below them can be listed, read and written", () => {
    expect(foldersPolicy("data", ["raw", "processed"]).Statement).toEqual([
      { Effect: "Allow", Action: ["s3:GetBucketLocation"], Resource: ["arn:aws:s3:::data"] },
      {
        Effect: "Allow",
        Action: ["s3:ListBucket"],
        Resource: ["arn:aws:s3:::data"],
        Condition: { StringLike: { "s3:prefix": ["raw", "raw/*", "processed", "processed/*"] } },
      },
      { Effect: "Allow", Action: OBJECTS, Resource: ["arn:aws:s3:::data/raw/*", "arn:aws:s3:::data/processed/*"] },
    ]);
  });

  test("GIVEN reading THEN nothing can be written", () => {
    expect(foldersPolicy("data", ["raw/feedback"]).Statement.at(-1)).toMatchObject({
      Resource: ["arn:aws:s3:::data/raw/feedback/*"],
    });
    expect(foldersPolicy("data", ["raw"], "read").Statement.at(-1)).toEqual({
      Effect: "Allow",
      Action: ["s3:GetObject"],
      Resource: ["arn:aws:s3:::data/raw/*"],
    });
  });

  test("fails with folders that would be others", () => {
    expect(() => foldersPolicy("data", ["*", "raw/"])).toThrow(
      [
        'policy of the bucket "data": 2 problems',
        '  - the folder "*" is not made of lower-case letters, digits and "-", with "/" between',
        '  - the folder "raw/" is not made of lower-case letters, digits and "-", with "/" between',
      ].join("\n"),
    );
  });
});
