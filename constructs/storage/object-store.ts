import { type ITerraformDependable } from "cdktf";
import { type Connectable } from "../cluster/network-policy";
import { SocleError } from "../core/error";

/** An S3 bucket at a service outside the cluster. */
export interface OutsideBucket {
  /** Such as `https://fsn1.your-objectstorage.com`. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
}

/**
 * A store of objects inside the cluster that speaks S3. What uses it goes by nothing else, so that another product can take
 * the place of the one behind it.
 */
export interface ObjectStore extends Connectable {
  /** Such as `http://minio.viridial-data:9000`. */
  readonly endpoint: string;
  /** Port of the pods that speaks S3. */
  readonly port: number;
  readonly delivered: ITerraformDependable;
}

/** A bucket: private, and versioned. Current objects never expire. */
export interface Bucket {
  /** After how many days objects move to the cold tier, where they are read as before. @default - never */
  readonly coldAfterDays?: number;
  /** How long a replaced or deleted object can be brought back, in days. @default 30 */
  readonly noncurrentDays?: number;
  /** Folders that are there from the beginning, each by an empty object `.keep`. @default - none */
  readonly folders?: readonly string[];
}

/** Name of the storage class that objects move to. */
export const COLD_TIER = "COLD";

/**
 * The life of a bucket's objects, as S3 has it: they move, and only old versions expire.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleConfiguration.html
 */
export function lifecycleOf({ coldAfterDays, noncurrentDays = 30 }: Bucket): unknown {
  const rule = (id: string, more: Record<string, unknown>) => ({
    ID: id,
    Status: "Enabled",
    Filter: { Prefix: "" },
    ...more,
  });
  return {
    Rules: [
      rule("old-versions", {
        NoncurrentVersionExpiration: { NoncurrentDays: noncurrentDays },
        // What says "deleted" goes once nothing is left to bring back.
        Expiration: { ExpiredObjectDeleteMarker: true },
      }),
      ...(coldAfterDays === undefined
        ? []
        : [rule("cold", { Transition: { Days: coldAfterDays, StorageClass: COLD_TIER } })]),
    ],
  };
}

/** A policy as S3 has it. */
export interface PolicyDocument {
  readonly Version: "2012-10-17";
  readonly Statement: readonly {
    readonly Effect: "Allow";
    readonly Action: readonly string[];
    readonly Resource: readonly string[];
    readonly Condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  }[];
}

const READ_AND_WRITE = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"];

/** Lets a service read, write and delete objects of whole buckets; old versions are kept from it. */
export function bucketsPolicy(buckets: readonly string[]): PolicyDocument {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: ["s3:GetBucketLocation", "s3:ListBucket"],
        Resource: buckets.map((bucket) => `arn:aws:s3:::${bucket}`),
      },
      { Effect: "Allow", Action: READ_AND_WRITE, Resource: buckets.map((bucket) => `arn:aws:s3:::${bucket}/*`) },
    ],
  };
}

/**
 * Lets a service use what is below some folders of a bucket, and list nothing else.
 *
 * @param access whether it writes and deletes, too
 * @throws SocleError when a folder is not made of lower-case letters, digits and `-`, with `/` between
 */
export function foldersPolicy(
  bucket: string,
  folders: readonly string[],
  access: "read" | "write" = "write",
): PolicyDocument {
  SocleError.throwIfAny(
    `policy of the bucket "${bucket}"`,
    folders
      .filter((folder) => !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\/[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(folder))
      .map((folder) => `the folder "${folder}" is not made of lower-case letters, digits and "-", with "/" between`),
  );
  return {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: ["s3:GetBucketLocation"], Resource: [`arn:aws:s3:::${bucket}`] },
      {
        Effect: "Allow",
        Action: ["s3:ListBucket"],
        Resource: [`arn:aws:s3:::${bucket}`],
        Condition: { StringLike: { "s3:prefix": folders.flatMap((folder) => [folder, `${folder}/*`]) } },
      },
      {
        Effect: "Allow",
        Action: access === "write" ? READ_AND_WRITE : ["s3:GetObject"],
        Resource: folders.map((folder) => `arn:aws:s3:::${bucket}/${folder}/*`),
      },
    ],
  };
}

/**
 * Lets a tenant's key read, write and delete what is below the tenant's prefix of some buckets, and list nothing else.
 *
 * @param tenant the prefix, without its `/`
 * @throws SocleError when it is not made of lower-case letters, digits and `-`: with `*` it would be every tenant's
 */
export function tenantPolicy(tenant: string, buckets: readonly string[]): PolicyDocument {
  SocleError.throwIfAny(
    `policy of tenant "${tenant}"`,
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(tenant)
      ? []
      : [`the prefix "${tenant}" is not made of lower-case letters, digits and "-", with "/" between`],
  );
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: ["s3:ListBucket"],
        Resource: buckets.map((bucket) => `arn:aws:s3:::${bucket}`),
        Condition: { StringLike: { "s3:prefix": [`${tenant}/*`] } },
      },
      {
        Effect: "Allow",
        Action: READ_AND_WRITE,
        Resource: buckets.map((bucket) => `arn:aws:s3:::${bucket}/${tenant}/*`),
      },
    ],
  };
}
