import { type Archive, PrivateBucket } from "../../../constructs/storage/private-bucket";
import { ServerRole } from "../../../constructs/security/service-role";
import { only, synthesizeLayer } from "../../support/construct";

const DUMPS: Archive = { glacierAfterDays: 7, deepArchiveAfterDays: 97, expireAfterDays: 365 };

describe("PrivateBucket", () => {
  const build = (folders: Record<string, Archive | "keep">) =>
    synthesizeLayer((layer) => {
      const bucket = new PrivateBucket(layer, "bucket", { bucketName: "app-1", folders });
      bucket.grantReadWrite(new ServerRole(layer, "role", { name: "app" }));
    });

  test("GIVEN any bucket THEN it is private, versioned, encrypted and kept", () => {
    const { resource } = build({ "data/": "keep" }).json;

    expect(only(resource?.["aws_s3_bucket"])).toEqual({
      bucket: "app-1",
      force_destroy: false,
      lifecycle: { prevent_destroy: true },
    });
    expect(only(resource?.["aws_s3_bucket_public_access_block"])).toEqual({
      bucket: "${aws_s3_bucket.bucket.id}",
      block_public_acls: true,
      block_public_policy: true,
      ignore_public_acls: true,
      restrict_public_buckets: true,
    });
    expect(only(resource?.["aws_s3_bucket_ownership_controls"])["rule"]).toEqual({
      object_ownership: "BucketOwnerEnforced",
    });
    expect(only(resource?.["aws_s3_bucket_versioning"])["versioning_configuration"]).toEqual({ status: "Enabled" });
    expect(only(resource?.["aws_s3_bucket_server_side_encryption_configuration"])["rule"]).toEqual([
      { apply_server_side_encryption_by_default: { sse_algorithm: "AES256" } },
    ]);
  });

  test("GIVEN any bucket THEN plain HTTP is refused to everybody, for the bucket and its objects", () => {
    const { json } = build({ "data/": "keep" });

    expect(json.data?.["aws_iam_policy_document"]?.["bucket_tls_only"]).toEqual({
      statement: [
        {
          sid: "RefusePlainHttp",
          effect: "Deny",
          actions: ["s3:*"],
          resources: ["${aws_s3_bucket.bucket.arn}", "${aws_s3_bucket.bucket.arn}/*"],
          principals: [{ type: "*", identifiers: ["*"] }],
          condition: [{ test: "Bool", variable: "aws:SecureTransport", values: ["false"] }],
        },
      ],
    });
    expect(only(json.resource?.["aws_s3_bucket_policy"])).toEqual({
      bucket: "${aws_s3_bucket.bucket.id}",
      policy: "${data.aws_iam_policy_document.bucket_tls_only.json}",
      depends_on: ["aws_s3_bucket_public_access_block.bucket_private"],
    });
  });

  test("GIVEN an archived folder THEN its objects go to Glacier tiers and expire; the folder's own object stays", () => {
    const { resource } = build({ "base/": "keep", "dumps/": DUMPS }).json;

    expect(only(resource?.["aws_s3_bucket_lifecycle_configuration"])).toEqual({
      bucket: "${aws_s3_bucket.bucket.id}",
      depends_on: ["aws_s3_bucket_versioning.bucket_versions"],
      rule: [
        {
          id: "clean-up",
          status: "Enabled",
          filter: [{}],
          abort_incomplete_multipart_upload: [{ days_after_initiation: 7 }],
          noncurrent_version_expiration: [{ noncurrent_days: 30 }],
          expiration: [{ expired_object_delete_marker: true }],
        },
        {
          id: "archive-dumps",
          status: "Enabled",
          filter: [{ and: [{ prefix: "dumps/", object_size_greater_than: 0 }] }],
          transition: [
            { days: 7, storage_class: "GLACIER" },
            { days: 97, storage_class: "DEEP_ARCHIVE" },
          ],
          expiration: [{ days: 365 }],
        },
      ],
    });
    expect(Object.values(resource?.["aws_s3_object"] ?? {}).map((object) => object["key"])).toEqual([
      "base/",
      "dumps/",
    ]);
  });

  test("WHEN a role is granted the bucket THEN it lists, reads and writes there, and deletes nothing", () => {
    expect(build({ "data/": "keep" }).json.data?.["aws_iam_policy_document"]?.["role_use_bucket"]).toEqual({
      statement: [
        { sid: "ListBucket", actions: ["s3:ListBucket"], resources: ["${aws_s3_bucket.bucket.arn}"] },
        {
          sid: "ReadAndWriteObjects",
          actions: ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
          resources: ["${aws_s3_bucket.bucket.arn}/*"],
        },
      ],
    });
  });

  test("fails with all problems of all folders: a missing slash, stays that S3 bills anyway", () => {
    expect(() =>
      build({
        dumps: { glacierAfterDays: 7, deepArchiveAfterDays: 60, expireAfterDays: 100 },
        "/x/": "keep",
      }),
    ).toThrow(
      [
        "test/bucket: 4 problems",
        '  - the folder "dumps" must end, and not begin, with "/"',
        '  - "dumps": deepArchiveAfterDays is 60, but Glacier bills 90 days from day 7 on: use 97 or more',
        '  - "dumps": expireAfterDays is 100, but Deep Archive bills 180 days from day 60 on: use 240 or more',
        '  - the folder "/x/" must end, and not begin, with "/"',
      ].join("\n"),
    );
  });
});
