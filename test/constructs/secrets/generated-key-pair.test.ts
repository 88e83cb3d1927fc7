import * as fs from "node:fs";
import * as path from "node:path";
import { createPublicKey, createPrivateKey, createSign, createVerify, generateKeyPairSync } from "node:crypto";
import { spawnSync } from "node:child_process";
import { GeneratedKeyPair } from "../../../constructs/secrets/generated-key-pair";
import { testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { temporaryFolder } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";

const { json, layer } = synthesizeLayer((scope) => {
  const namespace = testNamespace(testCluster(scope));
  new GeneratedKeyPair(scope, "my_keys", { namespace, whenLost: "Everybody logs in again." });
  new GeneratedKeyPair(scope, "other", { namespace, name: "others", whenLost: "Nothing." });
});
const secrets = json.resource?.["kubernetes_secret_v1"] ?? {};

describe("GeneratedKeyPair", () => {
  test("THEN the keys are ephemeral and written write-only, once, and the Secret cannot be destroyed", () => {
    expect(secrets["my_keys"]).toMatchObject({
      metadata: { name: "my-keys", namespace: "apps" },
      type: "Opaque",
      binary_data_wo_revision: 1,
      lifecycle: { prevent_destroy: true },
    });
    expect(Object.keys(secrets["my_keys"]?.["binary_data_wo"] as object)).toEqual([
      "private_key.der",
      "public_key.der",
    ]);
    expect(json.ephemeral).toEqual({
      tls_private_key: {
        my_keys: { algorithm: "RSA", rsa_bits: 2048 },
        other: { algorithm: "RSA", rsa_bits: 2048 },
      },
    });
    expect(layer.stateSecrets).toEqual([]);
    expect(only({ tls: json.terraform?.required_providers?.["tls"] as never })).toMatchObject({
      source: "hashicorp/tls",
    });
    expect(json.provider?.["tls"]).toEqual([{}]);
  });

  test("GIVEN a name THEN the Secret has it", () => {
    expect(secrets["other"]?.["metadata"]).toMatchObject({ name: "others" });
  });
});

describeWithTerraform("its files", () => {
  test("THEN they are a pair in DER: what one signs, the other verifies", () => {
    const folder = temporaryFolder();
    const { privateKey, publicKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    fs.writeFileSync(path.join(folder, "private"), privateKey);
    fs.writeFileSync(path.join(folder, "public"), publicKey);
    const der = (file: string, expression: string) => {
      const text = expression.slice(2, -1).replace(/ephemeral\.[\w.]+/, `file("${file}")`);
      const { stdout, stderr } = spawnSync("terraform", ["console"], { cwd: folder, input: text, encoding: "utf8" });
      expect(stderr).not.toContain("Error");
      return Buffer.from(JSON.parse(stdout) as string, "base64");
    };
    const files = secrets["my_keys"]?.["binary_data_wo"] as Record<string, string>;
    const key = createPrivateKey({
      key: der("private", files["private_key.der"] ?? ""),
      format: "der",
      type: "pkcs8",
    });
    const signature = createSign("RSA-SHA256").update("token").sign(key);
    const other = createPublicKey({ key: der("public", files["public_key.der"] ?? ""), format: "der", type: "spki" });
    expect(createVerify("RSA-SHA256").update("token").verify(other, signature)).toBe(true);
  });
});
