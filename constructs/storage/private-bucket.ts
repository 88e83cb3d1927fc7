import { Construct } from "constructs";
import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { S3Bucket } from "@cdktf/provider-aws/lib/s3-bucket";
import {
  S3BucketLifecycleConfiguration,
  type S3BucketLifecycleConfigurationRule,
} from "@cdktf/provider-aws/lib/s3-bucket-lifecycle-configuration";
import { S3BucketOwnershipControls } from "@cdktf/provider-aws/lib/s3-bucket-ownership-controls";
import { S3BucketPolicy } from "@cdktf/provider-aws/lib/s3-bucket-policy";
import { S3BucketPublicAccessBlock } from "@cdktf/provider-aws/lib/s3-bucket-public-access-block";
import { S3BucketServerSideEncryptionConfigurationA } from "@cdktf/provider-aws/lib/s3-bucket-server-side-encryption-configuration";
import { S3BucketVersioningA } from "@cdktf/provider-aws/lib/s3-bucket-versioning";
import { S3Object } from "@cdktf/provider-aws/lib/s3-object";
import { SocleError } from "../core/error";
import { type ServiceRole } from "../security/service-role";

/** A folder (key prefix) whose objects move to Glacier tiers and expire. All numbers are days since creation. */
export interface Archive {
  /** To Glacier Flexible Retrieval: hours to restore. */
  readonly glacierAfterDays: number;
  /** To Glacier Deep Archive: up to two days to restore. */
  readonly deepArchiveAfterDays: number;
  /** Deleted. */
  readonly expireAfterDays: number;
}

export interface PrivateBucketProps {
  /** Globally unique name of the bucket. */
  readonly bucketName: string;
  /** Folder, with its `/` → what becomes of its objects, or `"keep"`. */
  readonly folders: Readonly<Record<string, Archive | "keep">>;
  /** How long a replaced or deleted object can be brought back. @default 30 */
  readonly noncurrentVersionDays?: number;
}

/** Shortest stays that S3 bills anyway. @see https://aws.amazon.com/s3/pricing/ */
const MINIMUM_DAYS = { glacier: 90, deepArchive: 180 };

/**
 * An S3 bucket that is private, versioned, encrypted (SSE-S3) and refuses plain HTTP.
 *
 * Old versions expire, unfinished uploads are cleaned after a week, and folders can be archived and expired.
 */
export class PrivateBucket extends Construct {
  readonly bucketName: string;
  readonly arn: string;

  /** @throws SocleError when a folder lacks its `/` or is archived in an order or for a time that S3 bills in full anyway */
  constructor(scope: Construct, id: string, props: PrivateBucketProps) {
    super(scope, id);
    SocleError.throwIfAny(this.node.path, Object.entries(props.folders).flatMap(folderProblems));

    const bucket = new S3Bucket(this, "Resource", {
      bucket: props.bucketName,
      forceDestroy: false,
      lifecycle: { preventDestroy: true },
    });
    this.bucketName = bucket.id;
    this.arn = bucket.arn;

    new S3BucketOwnershipControls(this, "owner", {
      bucket: bucket.id,
      rule: { objectOwnership: "BucketOwnerEnforced" },
    });
    const closed = new S3BucketPublicAccessBlock(this, "private", {
      bucket: bucket.id,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    new S3BucketServerSideEncryptionConfigurationA(this, "encryption", {
      bucket: bucket.id,
      rule: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }],
    });
    const versioning = new S3BucketVersioningA(this, "versions", {
      bucket: bucket.id,
      versioningConfiguration: { status: "Enabled" },
    });
    const tlsOnly = new DataAwsIamPolicyDocument(this, "tls_only", {
      statement: [
        {
          sid: "RefusePlainHttp",
          effect: "Deny",
          actions: ["s3:*"],
          resources: [bucket.arn, `${bucket.arn}/*`],
          principals: [{ type: "*", identifiers: ["*"] }],
          condition: [{ test: "Bool", variable: "aws:SecureTransport", values: ["false"] }],
        },
      ],
    });
    new S3BucketPolicy(this, "policy", {
      bucket: bucket.id,
      policy: tlsOnly.json,
      // Two writes to the same bucket's access settings at once give "OperationAborted".
      dependsOn: [closed],
    });
    new S3BucketLifecycleConfiguration(this, "lifecycle", {
      bucket: bucket.id,
      rule: [
        cleanUp(props.noncurrentVersionDays ?? 30),
        ...Object.entries(props.folders).flatMap(([folder, fate]) => (fate === "keep" ? [] : [archive(folder, fate)])),
      ],
      // Rules about old versions are refused while versioning is off.
      dependsOn: [versioning],
    });
    for (const folder of Object.keys(props.folders)) {
      // An empty object makes the folder visible in the console before its first file.
      new S3Object(this, folder.replace(/\/$/, ""), {
        bucket: bucket.id,
        key: folder,
        content: "",
        dependsOn: [versioning],
      });
    }
  }

  /**
   * Lets a role list the bucket, read everything in it and write to it. Not delete: a stolen role cannot remove a dump,
   * and what it overwrites stays as an old version.
   */
  grantReadWrite(role: ServiceRole): void {
    role.allow("use_bucket", [
      { sid: "ListBucket", actions: ["s3:ListBucket"], resources: [this.arn] },
      {
        sid: "ReadAndWriteObjects",
        actions: ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
        resources: [`${this.arn}/*`],
      },
    ]);
  }
}

function cleanUp(noncurrentDays: number): S3BucketLifecycleConfigurationRule {
  return {
    id: "clean-up",
    status: "Enabled",
    filter: [{}],
    abortIncompleteMultipartUpload: [{ daysAfterInitiation: 7 }],
    noncurrentVersionExpiration: [{ noncurrentDays }],
    expiration: [{ expiredObjectDeleteMarker: true }],
  };
}

function archive(folder: string, fate: Archive): S3BucketLifecycleConfigurationRule {
  return {
    id: `archive-${folder.replace(/\/$/, "")}`,
    status: "Enabled",
    // Larger than zero bytes: the folder's own empty object stays.
    filter: [{ and: [{ prefix: folder, objectSizeGreaterThan: 0 }] }],
    transition: [
      { days: fate.glacierAfterDays, storageClass: "GLACIER" },
      { days: fate.deepArchiveAfterDays, storageClass: "DEEP_ARCHIVE" },
    ],
    expiration: [{ days: fate.expireAfterDays }],
  };
}

function folderProblems([folder, fate]: [string, Archive | "keep"]): string[] {
  const problems = /^[^/].*\/$/.test(folder) ? [] : [`the folder "${folder}" must end, and not begin, with "/"`];
  if (fate !== "keep") {
    const { glacierAfterDays: glacier, deepArchiveAfterDays: deep, expireAfterDays: expire } = fate;
    if (deep < glacier + MINIMUM_DAYS.glacier) {
      problems.push(
        `"${folder}": deepArchiveAfterDays is ${deep}, but Glacier bills ${MINIMUM_DAYS.glacier} days from day ${glacier} on: use ${glacier + MINIMUM_DAYS.glacier} or more`,
      );
    }
    if (expire < deep + MINIMUM_DAYS.deepArchive) {
      problems.push(
        `"${folder}": expireAfterDays is ${expire}, but Deep Archive bills ${MINIMUM_DAYS.deepArchive} days from day ${deep} on: use ${deep + MINIMUM_DAYS.deepArchive} or more`,
      );
    }
  }
  return problems;
}
