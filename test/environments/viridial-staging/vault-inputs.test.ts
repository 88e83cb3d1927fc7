import { type ClusterSources } from "../../../environments/viridial-staging/cluster-access";
import { SETTINGS } from "../../../environments/viridial-staging/settings";
import { viridialVault } from "../../../environments/viridial-staging/vault";
import { refusal } from "../../support/inputs";
import { jsonOf, testEnvironment } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";

const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

const VALID = { vault_ca_certificate: CERTIFICATE, backup_access_key: "access", backup_secret_key: "secret" };

const json = jsonOf(viridialVault(testEnvironment("viridial-staging"), { settings: SETTINGS } as ClusterSources));

test("GIVEN the layer THEN its inputs have these types and defaults, and the keys are in no plan file", () => {
  const variables = Object.entries(json.variable ?? {});
  expect(Object.fromEntries(variables.map(([name, { type, default: value }]) => [name, [type, value]]))).toEqual({
    vault_address: ["string", "https://127.0.0.1:8200"],
    vault_ca_certificate: ["string", undefined],
    secret_revisions: ["map(number)", {}],
    backup_access_key: ["string", undefined],
    backup_secret_key: ["string", undefined],
  });
  const secret = variables.filter(([, { sensitive, ephemeral }]) => sensitive && ephemeral).map(([name]) => name);
  expect(secret).toEqual(["backup_access_key", "backup_secret_key"]);
});

describeWithTerraform("inputs of viridial-staging-vault, as Terraform sees them", () => {
  test.each([
    [{}],
    [{ vault_address: "https://vault.example.com" }],
    [{ secret_revisions: { valkey: 2, backups: 1 } }],
  ])("GIVEN %j THEN they are accepted", (values) => {
    expect(refusal(json, { ...VALID, ...values })).toBe("");
  });

  test.each([
    [{ vault_address: "http://127.0.0.1:8200" }, "Vault is never asked without TLS"],
    [{ vault_address: "https://127.0.0.1:8200/" }, "takes an address without a path"],
    [{ vault_ca_certificate: "vault-ca.crt" }, "takes a certificate in PEM"],
    [{ vault_ca_certificate: `${CERTIFICATE}-----BEGIN PRIVATE KEY-----\n` }, "never its private key"],
    [{ secret_revisions: { redis: 2 } }, "secret_revisions has an entry that is none of postgresql/vault"],
    [{ secret_revisions: { valkey: 0 } }, "secret_revisions takes whole numbers from 1 on"],
    [{ secret_revisions: { valkey: 1.5 } }, "secret_revisions takes whole numbers from 1 on"],
    [{ backup_access_key: "" }, "backup_access_key is empty"],
    [{ backup_secret_key: "" }, "backup_secret_key is empty"],
  ])("fails for %j", (values, message) => {
    expect(refusal(json, { ...VALID, ...values }).replace(/\s+/g, " ")).toContain(message);
  });
});
