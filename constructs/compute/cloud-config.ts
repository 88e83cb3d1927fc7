import { Fn, Op, type Precondition, Tokenization } from "cdktf";
import { stringify } from "yaml";
import { SocleError } from "../core/error";

/**
 * What AWS takes as user data, in bytes before base64.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html
 */
export const AWS_USER_DATA_LIMIT_BYTES = 16_384;

/**
 * What OCI takes as user data, in bytes before base64: all metadata of an instance together may have 32,000 bytes, user
 * data in base64, and 2,000 of them are left for the SSH key and the names of the keys.
 *
 * @see https://docs.oracle.com/en-us/iaas/api/#/en/iaas/latest/datatypes/LaunchInstanceDetails
 */
export const OCI_USER_DATA_LIMIT_BYTES = ((32_000 - 2_000) / 4) * 3;

/**
 * What Hetzner takes as user data, in bytes.
 *
 * @see https://docs.hetzner.cloud/reference/cloud#servers-create-a-server
 */
export const HETZNER_USER_DATA_LIMIT_BYTES = 32_768;

/** A file that cloud-init writes as root. */
export interface CloudConfigFile {
  readonly path: string;
  readonly content: string;
  /** How `content` is written here; cloud-init decodes it. A value of several lines must be in base64. @default - as it is */
  readonly encoding?: "b64";
  /** Mode in octal, such as `"0755"`. @default "0644" */
  readonly permissions?: string;
  /** Written after the packages are installed and not before. @default false */
  readonly defer?: boolean;
}

/**
 * The part of cloud-init's configuration that is used here.
 *
 * @see https://cloudinit.readthedocs.io/en/22.4.2/topics/modules.html
 */
export interface CloudConfig {
  /** A name of the tz database, such as `Europe/Paris`. */
  readonly timezone?: string;
  readonly package_update?: boolean;
  readonly packages?: readonly string[];
  readonly write_files?: readonly CloudConfigFile[];
  /** Commands with their arguments, run once as root when packages and files are there. */
  readonly runcmd?: readonly (readonly string[])[];
}

/** A file for root alone, of several lines that are known only to Terraform. */
export function secretFile(path: string, content: string): CloudConfigFile {
  return { path, content: Fn.base64encode(content), encoding: "b64", permissions: "0600" };
}

/**
 * User data for cloud-init, ready for Terraform: what a shell or systemd reads as `${…}` and Terraform must not is
 * escaped, tokens of cdktf stay.
 *
 * A token inside `content` must be of one line, as YAML's block literals go by indentation.
 */
export function renderCloudConfig(data: CloudConfig): string {
  const yaml = stringify(data, { lineWidth: 0, blockQuote: "literal", aliasDuplicateObjects: false });
  return `#cloud-config\n${yaml.replace(/([$%])\{(?!TfToken\[)/g, "$1$1{")}`;
}

/** Size in bytes of what is known of a text at synth: all but its tokens, and `${` where Terraform's escape is `$${`. */
export function knownBytes(text: string): number {
  // cdktf types literals as tokens; they are the strings between them.
  const literals = Tokenization.reverseString(text).literals as unknown as string[];
  return Buffer.byteLength(literals.join("").replace(/([$%])\1\{/g, "$1{"));
}

/**
 * Refuses user data whose known part alone is over the limit.
 *
 * @param where construct path or environment, for the message
 * @throws SocleError with the size and the limit
 */
export function assertUserDataFits(where: string, text: string, limitBytes = AWS_USER_DATA_LIMIT_BYTES): void {
  const size = knownBytes(text);
  SocleError.throwIfAny(
    where,
    size <= limitBytes ? [] : [`the user data has ${size} bytes before any input is added; at most ${limitBytes} fit`],
  );
}

/**
 * A precondition that measures the whole user data: at plan, or at apply where a value is known only then.
 *
 * Terraform's `length` counts characters, so bytes come from base64: 4 characters, less the padding, are 3 bytes.
 *
 * @param reference the text by reference, such as a local's, so that it is not in the JSON once more
 */
export function userDataFits(reference: string, limitBytes = AWS_USER_DATA_LIMIT_BYTES): Precondition {
  const characters = Fn.lengthOf(Fn.trim(Fn.base64encode(reference), "="));
  return {
    condition: Op.lte(Fn.floor(Op.div(Op.mul(characters, 3), 4)), limitBytes),
    errorMessage: `The user data has more than ${limitBytes} bytes with these inputs: shorten the names among them.`,
  };
}

/** What scripts know, as assignments that a shell and systemd's `EnvironmentFile=` read; no value has a single quote. */
export function shellAssignments(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}='${value}'\n`)
    .join("");
}
