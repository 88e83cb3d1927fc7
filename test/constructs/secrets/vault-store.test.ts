import { TerraformVariable } from "cdktf";
import { parse } from "yaml";
import { VaultStore, type VaultStoreProps } from "../../../constructs/secrets/vault-store";
import { testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

const build = (props: Partial<VaultStoreProps> = {}, use: (store: VaultStore) => void = () => {}) =>
  synthesizeLayer((layer) => {
    use(
      new VaultStore(layer, "vault_store", {
        namespace: testNamespace(testCluster(layer)),
        address: "https://vault.vault:8200",
        mount: "kv",
        role: "apps",
        ...props,
      }),
    );
  });

const releaseOf = (built: ReturnType<typeof build>) => only(built.json.resource?.["helm_release"]);
const documentsOf = (built: ReturnType<typeof build>) => releaseOf(built)["values"] as string[];
const objectsOf = (built: ReturnType<typeof build>) =>
  (parse(documentsOf(built)[0] ?? "") as { manifests: Record<string, Record<string, unknown>> }).manifests;

const PROVIDER = {
  server: "https://vault.vault:8200",
  path: "kv",
  version: "v2",
  auth: {
    kubernetes: {
      mountPath: "kubernetes",
      role: "apps",
      serviceAccountRef: { name: "vault-store", audiences: ["vault"] },
    },
  },
};

describe("VaultStore", () => {
  test("GIVEN a namespace THEN its own ServiceAccount, which gets into no pod, logs in to Vault as the role", () => {
    const built = build();
    expect(only(built.json.resource?.["kubernetes_service_account_v1"])).toMatchObject({
      metadata: { name: "vault-store", namespace: "apps" },
      automount_service_account_token: false,
    });
    expect(objectsOf(built)).toEqual({
      "SecretStore/vault-store": {
        apiVersion: "external-secrets.io/v1",
        kind: "SecretStore",
        metadata: { name: "vault-store" },
        spec: { provider: { vault: PROVIDER } },
      },
    });
    expect(releaseOf(built)).toMatchObject({ name: "vault-store", namespace: "apps" });
    expect(releaseOf(built)["depends_on"]).toContain("kubernetes_service_account_v1.vault_store_account");
  });

  test("GIVEN a login by the token's signature THEN the store logs in with a token for Vault alone", () => {
    const built = build({ login: "jwt", authMount: "cluster" });
    expect(objectsOf(built)["SecretStore/vault-store"]).toMatchObject({
      spec: {
        provider: {
          vault: {
            auth: {
              jwt: {
                path: "cluster",
                role: "apps",
                kubernetesServiceAccountToken: {
                  serviceAccountRef: { name: "vault-store", audiences: ["vault"] },
                },
              },
            },
          },
        },
      },
    });
  });

  test("GIVEN an authority, a name and other mounts THEN the store has them", () => {
    const built = synthesizeLayer((layer) => {
      const ca = new TerraformVariable(layer, "ca", { type: "string", description: "CA" });
      new VaultStore(layer, "vault_store", {
        namespace: testNamespace(testCluster(layer)),
        name: "vault",
        address: "https://vault.vault:8200",
        caCertificate: ca.stringValue,
        mount: "secrets/apps",
        role: "apps",
        authMount: "cluster",
      });
    });
    expect(objectsOf(built)["SecretStore/vault"]).toMatchObject({
      spec: {
        provider: {
          vault: {
            path: "secrets/apps",
            auth: { kubernetes: { mountPath: "cluster", serviceAccountRef: { name: "vault" } } },
          },
        },
      },
    });
    expect(documentsOf(built)[1]).toContain('"caBundle" = base64encode(var.ca)');
  });

  test("GIVEN an entry THEN an ExternalSecret keeps a Secret equal to it, which outlives the entry", () => {
    let version = "";
    const built = build({ prefix: "viridial/", revisionOf: (entry) => `${entry}-7` }, (store) => {
      const secret = store.secret("cache", { entry: "valkey", keys: { "valkey-password": "password" } });
      version = secret.version;
      expect(secret.secretName).toBe("cache");
      expect(secret.key("valkey-password")).toEqual({ secretName: "cache", key: "valkey-password" });
    });
    expect(version).toBe("valkey-7");
    expect(objectsOf(built)["ExternalSecret/cache"]).toEqual({
      apiVersion: "external-secrets.io/v1",
      kind: "ExternalSecret",
      metadata: { name: "cache", annotations: { "socle/revision": "valkey-7" } },
      spec: {
        refreshInterval: "1h0m0s",
        secretStoreRef: { kind: "SecretStore", name: "vault-store" },
        data: [{ secretKey: "valkey-password", remoteRef: { key: "viridial/valkey", property: "password" } }],
        target: { name: "cache", creationPolicy: "Owner", deletionPolicy: "Retain" },
      },
    });
  });

  test("GIVEN a template THEN the Secret has its type, labels and keys instead", () => {
    const built = build({}, (store) => {
      const secret = store.secret("login", {
        entry: "rabbitmq/search",
        keys: { username: "username" },
        template: {
          type: "kubernetes.io/basic-auth",
          labels: { "cnpg.io/reload": "true" },
          data: { url: "amqp://{{ .username }}" },
        },
      });
      expect(secret.key("url")).toEqual({ secretName: "login", key: "url" });
      expect(() => secret.key("username")).toThrow(
        'test/vault_store: the Secret "login" has no key "username": use one of url',
      );
    });
    expect(objectsOf(built)["ExternalSecret/login"]).toMatchObject({
      metadata: { name: "login" },
      spec: {
        target: {
          template: {
            engineVersion: "v2",
            type: "kubernetes.io/basic-auth",
            metadata: { labels: { "cnpg.io/reload": "true" } },
            data: { url: "amqp://{{ .username }}" },
          },
        },
      },
    });
  });

  test("GIVEN a role of the database engine THEN a generator asks for a user of its own, again before the lease ends", () => {
    const built = build({ databaseMount: "postgres" }, (store) => {
      const user = store.databaseUser("database", { role: "app", refreshHours: 8 });
      expect([user.key("username").key, user.key("password").key, user.version]).toEqual(["username", "password", "1"]);
    });
    expect(objectsOf(built)["VaultDynamicSecret/database"]).toEqual({
      apiVersion: "generators.external-secrets.io/v1alpha1",
      kind: "VaultDynamicSecret",
      metadata: { name: "database" },
      spec: { path: "postgres/creds/app", method: "GET", provider: PROVIDER },
    });
    expect(objectsOf(built)["ExternalSecret/database"]).toMatchObject({
      metadata: { name: "database" },
      spec: {
        refreshInterval: "8h0m0s",
        dataFrom: [
          {
            sourceRef: {
              generatorRef: {
                apiVersion: "generators.external-secrets.io/v1alpha1",
                kind: "VaultDynamicSecret",
                name: "database",
              },
            },
          },
        ],
        target: { name: "database" },
      },
    });
  });

  test("fails for a malformed address, mount, prefix and role, all at once", () => {
    expect(() =>
      build({ address: "vault:8200", mount: "/kv", prefix: "viridial", role: "a role", authMount: "" }),
    ).toThrow(
      [
        "test/vault_store: 5 problems",
        '  - address is "vault:8200": use one such as https://vault.vault:8200',
        '  - mount is "/kv": use letters, digits, "-", "_", "." and "/" between them',
        '  - prefix is "viridial": it ends with "/", such as viridial/',
        '  - role is "a role": use letters, digits, "-", "_", "." and "/" between them',
        '  - authMount is "": use letters, digits, "-", "_", "." and "/" between them',
      ].join("\n"),
    );
  });

  test.each([
    [
      (store: VaultStore) => store.secret("s", { entry: "a", keys: {} }),
      'the Secret "s" has no key: name at least one',
    ],
    [
      (store: VaultStore) => store.secret("s", { entry: "a//b", keys: { a: "a" } }),
      'the entry of "s" is "a//b": use letters',
    ],
    [(store: VaultStore) => store.databaseUser("s", { role: "" }), 'the role of "s" is "": use letters'],
    [
      (store: VaultStore) => store.databaseUser("s", { role: "app", refreshHours: 0.5 }),
      'refreshHours of "s" is 0.5: use a whole number from 1 on',
    ],
    [
      (store: VaultStore) => {
        store.secret("s", { entry: "a", keys: { a: "a" } });
        store.secret("s", { entry: "b", keys: { a: "a" } });
      },
      "ExternalSecret/s is there already: give each object once",
    ],
  ])("fails for a Secret that cannot be made (%#)", (use, message) => {
    expect(() => build({}, use)).toThrow(message);
  });
});
