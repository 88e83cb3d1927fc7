import { ociInfrastructure } from "../../../environments/oci-v2/infrastructure";
import { SETTINGS } from "../../../environments/oci-v2/settings";
import { refusal } from "../../support/inputs";
import { jsonOf, testEnvironment } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";

const VALID = {
  tenancy_ocid: "ocid1.tenancy.oc1..aaaa1111",
  compartment_ocid: "ocid1.compartment.oc1..aaaa2222",
  region: "eu-frankfurt-1",
  ssh_public_key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA ops@example.com",
  admin_cidr_blocks: ["203.0.113.0/24"],
  autonomous_database_admin_password: "Correct-Horse-1",
};

const json = jsonOf(ociInfrastructure(testEnvironment("oci-v2"), SETTINGS));

test("GIVEN the layer THEN its inputs have these types and defaults, and only the password is sensitive", () => {
  const variables = Object.entries(json.variable ?? {});

  expect(Object.fromEntries(variables.map(([name, { type, default: value }]) => [name, [type, value]]))).toEqual({
    admin_cidr_blocks: ["list(string)", undefined],
    always_free: ["bool", true],
    autonomous_database_admin_password: ["string", undefined],
    availability_domain: ["number", 1],
    compartment_ocid: ["string", undefined],
    compartment_path: ["string", ""],
    domain_name: ["string", ""],
    node_boot_volume_gib: ["number", 100],
    node_count: ["number", 1],
    node_memory_gib: ["number", 12],
    node_ocpus: ["number", 2],
    region: ["string", undefined],
    ssh_public_key: ["string", undefined],
    tenancy_ocid: ["string", undefined],
  });
  expect(variables.filter(([, { sensitive }]) => sensitive).map(([name]) => name)).toEqual([
    "autonomous_database_admin_password",
  ]);
  expect(variables.filter(([, { nullable }]) => nullable !== false)).toEqual([]);
});

describeWithTerraform("the inputs of oci-v2", () => {
  const paid = { always_free: false };

  test.each([
    ["only what is required", {}],
    ["two nodes that share what is free", { node_count: 2, node_ocpus: 1, node_memory_gib: 6 }],
    ["one node with all the free storage", { node_boot_volume_gib: 200 }],
    [
      "more of all, paid for",
      { ...paid, node_count: 5, node_ocpus: 8, node_memory_gib: 64, node_boot_volume_gib: 500 },
    ],
    ["the most memory that OCPUs take", { ...paid, node_ocpus: 1, node_memory_gib: 64 }],
    ["the tenancy itself for a compartment", { compartment_ocid: "ocid1.tenancy.oc1..aaaa1111" }],
    ["a nested compartment", { compartment_path: "team:my_app-1" }],
    ["a compartment of another realm and region", { compartment_ocid: "ocid1.compartment.oc19.eu-madrid-2.aaaa" }],
    ["other regions", { region: "ap-chuncheon-1" }],
    ["a region of four words", { region: "us-gov-ashburn-1" }],
    ["an RSA key without comment", { ssh_public_key: `ssh-rsa ${"A".repeat(724)}==` }],
    ["an ECDSA key", { ssh_public_key: "ecdsa-sha2-nistp256 AAAA= me" }],
    ["a name", { domain_name: "app.my-site.example.com" }],
    ["the third availability domain", { availability_domain: 3 }],
    ["a password of 12 characters", { autonomous_database_admin_password: "Abcdefghij12" }],
    ["a password of 30 characters", { autonomous_database_admin_password: `A1${"b".repeat(28)}` }],
  ])("GIVEN %s THEN Terraform accepts them", (_case, values) => {
    expect(refusal(json, { ...VALID, ...values })).toBe("");
  });

  test.each([
    ["the world", { admin_cidr_blocks: ["0.0.0.0/0"] }, "wider than /16"],
    ["two halves of the world", { admin_cidr_blocks: ["0.0.0.0/1", "128.0.0.0/1"] }, "wider than /16"],
    ["nobody", { admin_cidr_blocks: [] }, "admin_cidr_blocks is empty"],
    ["a user for the tenancy", { tenancy_ocid: "ocid1.user.oc1..aaaa" }, "tenancy_ocid takes the OCID of a tenancy"],
    ["a name for the compartment", { compartment_ocid: "oci-v2" }, "compartment_ocid takes the OCID of a compartment"],
    ["a path with slashes", { compartment_path: "team/app" }, 'names of compartments joined by ":"'],
    ["a region's key", { region: "FRA" }, "region takes a region's name"],
    ["an availability domain for a region", { region: "Uocm:EU-FRANKFURT-1-AD-1" }, "region takes a region's name"],
    ["a private key", { ssh_public_key: "-----BEGIN OPENSSH PRIVATE KEY-----" }, "never the private key"],
    ["two keys", { ssh_public_key: "ssh-ed25519 AAAA a\nssh-ed25519 BBBB b" }, "takes the line of a public key"],
    ["a key that is too long", { ssh_public_key: `ssh-rsa ${"A".repeat(1800)}` }, "more than 1800 characters"],
    ["no node", { node_count: 0 }, "node_count takes a whole number from 1 to 8"],
    ["nine nodes", { ...paid, node_count: 9 }, "node_count takes a whole number from 1 to 8"],
    ["half a node", { node_count: 1.5 }, "node_count takes a whole number from 1 to 8"],
    ["three OCPUs for free", { node_ocpus: 3 }, "node_count times node_ocpus is more than 2"],
    ["two nodes with the default size for free", { node_count: 2 }, "node_count times node_ocpus is more than 2"],
    ["13 GiB for free", { node_memory_gib: 13 }, "node_count times node_memory_gib is more than 12"],
    [
      "two nodes with too much memory for free",
      { node_count: 2, node_ocpus: 1, node_memory_gib: 7 },
      "node_count times node_memory_gib is more than 12",
    ],
    ["201 GB for free", { node_boot_volume_gib: 201 }, "node_count times node_boot_volume_gib is more than 200"],
    [
      "two nodes with too large disks for free",
      { node_count: 2, node_ocpus: 1, node_memory_gib: 6, node_boot_volume_gib: 101 },
      "node_count times node_boot_volume_gib is more than 200",
    ],
    ["a disk below OCI's least", { node_boot_volume_gib: 49 }, "node_boot_volume_gib takes a whole number from 50"],
    ["too little memory", { node_memory_gib: 3 }, "node_memory_gib takes a whole number from 4 to 472"],
    ["too much memory for its OCPUs", { ...paid, node_ocpus: 1, node_memory_gib: 65 }, "more than 64 times node_ocpus"],
    ["half an OCPU", { node_ocpus: 0.5 }, "node_ocpus takes a whole number from 1 to 76"],
    [
      "a fourth availability domain",
      { availability_domain: 4 },
      "availability_domain takes a whole number from 1 to 3",
    ],
    ["a short password", { autonomous_database_admin_password: "Abcdefghi12" }, "takes 12 to 30 characters"],
    ["a long password", { autonomous_database_admin_password: `A1${"b".repeat(29)}` }, "takes 12 to 30 characters"],
    ["no upper-case letter", { autonomous_database_admin_password: "abcdefghij12" }, "needs an upper-case letter"],
    ["no lower-case letter", { autonomous_database_admin_password: "ABCDEFGHIJ12" }, "needs an upper-case letter"],
    ["no digit", { autonomous_database_admin_password: "Abcdefghijkl" }, "needs an upper-case letter"],
    ["a double quote", { autonomous_database_admin_password: 'Abcdefgh"j12' }, "neither a double quote nor"],
    ["the word admin", { autonomous_database_admin_password: "MyAdMiN-pass1" }, "neither a double quote nor"],
    ["a URL for a name", { domain_name: "https://app.example.com" }, "without https:// and path"],
    ["a bare host name", { domain_name: "app" }, "takes a full name"],
    ["null", { admin_cidr_blocks: null }, "required variable may not be set to null"],
  ])("fails for %s", (_case, values, message) => {
    expect(refusal(json, { ...VALID, ...values })).toContain(message);
  });

  test.each(Object.keys(VALID))("fails without %s", (name) => {
    const rest = Object.fromEntries(Object.entries(VALID).filter(([key]) => key !== name));
    expect(refusal(json, rest)).toContain(`The root module input variable "${name}" is not set`);
  });
});
