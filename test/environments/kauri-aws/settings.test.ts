import { SocleError } from "../../../constructs/core/error";
import { checkKauriSettings, type KauriSettings, SETTINGS } from "../../../environments/kauri-aws/settings";

const PUSHER = { issuer: "https://gitlab.com", audience: "aws", subjects: ["project_path:acme/kauri:ref:main"] };
const RECORD = { zoneId: "0123456789abcdef0123456789abcdef", hostname: "kauri.example.com" };

const problemsOf = (changes: object): readonly string[] => {
  try {
    checkKauriSettings({ ...SETTINGS, ...changes });
  } catch (error) {
    expect(error).toBeInstanceOf(SocleError);
    return (error as SocleError).problems;
  }
  return [];
};

test("GIVEN the settings of the one kauri-aws THEN they are accepted as they are", () => {
  expect(checkKauriSettings(SETTINGS)).toEqual({
    backend: "s3",
    vpcCidrBlock: "10.20.0.0/24",
    activateCostAllocationTag: false,
    dumpTime: "20:30",
  });
});

test.each<[string, Partial<KauriSettings>]>([
  ["each backend", { backend: "local" }],
  ["the first minute of the day", { dumpTime: "00:00" }],
  ["the last minute of the day", { dumpTime: "23:59" }],
  ["repositories without a pusher", { images: { repositories: ["api", "batch/ocr.v2", "a_b-c"] } }],
  ["a pusher", { images: { repositories: ["api"], pusher: PUSHER } }],
  ["a Cloudflare record", { cloudflareRecord: RECORD }],
])("GIVEN %s THEN it is accepted and comes back", (_what, changes) => {
  expect(checkKauriSettings({ ...SETTINGS, ...changes })).toEqual({ ...SETTINGS, ...changes });
});

const NAME = "use lower-case letters, digits, and single . _ - / between them";

test.each<[string, object, string]>([
  ["an hour too late", { dumpTime: "24:00" }, 'dumpTime is "24:00": use a time such as "20:30"'],
  ["a minute too late", { dumpTime: "23:60" }, 'dumpTime is "23:60": use a time such as "20:30"'],
  ["an hour of one digit", { dumpTime: "7:30" }, 'dumpTime is "7:30": use a time such as "20:30"'],
  [
    "a tag setting that is a text",
    { activateCostAllocationTag: "true" },
    'activateCostAllocationTag is "true": Invalid input: expected boolean, received string',
  ],
  [
    "a network that is missing",
    { vpcCidrBlock: undefined },
    "vpcCidrBlock is missing: Invalid input: expected string, received undefined",
  ],
  ["a repository with capitals", { images: { repositories: ["Api"] } }, `images.repositories.0 is "Api": ${NAME}`],
  [
    "a repository with a slash at its end",
    { images: { repositories: ["api", "web/"] } },
    `images.repositories.1 is "web/": ${NAME}`,
  ],
  ["a repository without a name", { images: { repositories: [""] } }, `images.repositories.0 is "": ${NAME}`],
  ...["gitlab.com", "http://gitlab.com", "https://gitlab.com/"].map((issuer): [string, object, string] => [
    `the issuer ${issuer}`,
    { images: { repositories: ["api"], pusher: { ...PUSHER, issuer } } },
    `images.pusher.issuer is "${issuer}": use a URL such as "https://gitlab.com", without a last "/"`,
  ]),
  [
    "an empty audience",
    { images: { repositories: ["api"], pusher: { ...PUSHER, audience: "" } } },
    'images.pusher.audience is "": use the audience of the tokens, such as "sts.amazonaws.com"',
  ],
  ...["localhost", "kauri.example.com."].map((hostname): [string, object, string] => [
    `the host ${hostname}`,
    { cloudflareRecord: { ...RECORD, hostname } },
    `cloudflareRecord.hostname is "${hostname}": use a full name such as kauri.example.com`,
  ]),
  [
    "a pusher without subjects",
    { images: { repositories: ["api"], pusher: { issuer: PUSHER.issuer, audience: "aws" } } },
    "images.pusher.subjects is missing: Invalid input: expected array, received undefined",
  ],
  [
    "a zone by its name",
    { cloudflareRecord: { ...RECORD, zoneId: "example.com" } },
    'cloudflareRecord.zoneId is "example.com": use the zone\'s id, 32 hexadecimal digits',
  ],
  [
    "a host by its URL",
    { cloudflareRecord: { ...RECORD, hostname: "https://kauri.example.com" } },
    'cloudflareRecord.hostname is "https://kauri.example.com": use a full name such as kauri.example.com',
  ],
  [
    "a key that nobody reads",
    { cloudflareRecord: { ...RECORD, proxied: false } },
    `cloudflareRecord is ${JSON.stringify({ ...RECORD, proxied: false })}: Unrecognized key: "proxied"`,
  ],
])("fails for %s", (_what, changes, problem) => {
  expect(problemsOf(changes)).toEqual([problem]);
});
