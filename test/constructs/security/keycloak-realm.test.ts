import * as fs from "node:fs";
import * as path from "node:path";
import { spawnSync } from "node:child_process";
import { helmRelease } from "../../../constructs/cluster/component";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { Keycloak, KEYCLOAK_IMAGE } from "../../../constructs/security/keycloak";
import { KeycloakRealm, type KeycloakRealmProps } from "../../../constructs/security/keycloak-realm";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { messageOf, temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";
import { testStore } from "../../support/vault-store";

const SCRIPT = "constructs/security/keycloak-realm/setup.sh";

function build(props: Partial<Pick<KeycloakRealmProps, "realm" | "groups">> & { paths?: readonly string[] } = {}) {
  const { paths = ["/callback"], ...others } = props;
  return synthesizeLayer((layer) => {
    const namespace = testNamespace(testCluster(layer), "login");
    const store = testStore(layer, namespace);
    const admin = new GeneratedSecret(layer, "admin", {
      namespace,
      generate: { password: { length: 32 } },
      afterRotation: "Kept.",
    });
    const keycloak = new Keycloak(layer, "keycloak", {
      namespace,
      delivery: helmRelease,
      host: "keycloak.test",
      database: {
        host: "postgres.test",
        port: 5432,
        name: "people",
        user: "login",
        credentials: store.secret("database", { entry: "database", keys: { password: "password" } }),
      },
      admin,
    });
    new KeycloakRealm(layer, "realm", {
      namespace,
      keycloak,
      realm: "lab",
      displayName: "Lab",
      adminPassword: admin.key("password"),
      groups: ["admins", "analysts"],
      clients: {
        shop: {
          host: "shop.test",
          redirectPaths: paths,
          credentials: store.secret("shop-oidc", {
            entry: "shop",
            keys: { "client-id": "client-id", "client-secret": "client-secret" },
          }),
        },
      },
      ...others,
    });
  });
}

const { json } = build();
const plan = only(json.resource?.["kubernetes_config_map_v1"])["data"] as Record<string, string>;
const job = only(json.resource?.["kubernetes_job_v1"]) as {
  metadata: { name: string };
  spec: { template: { spec: { container: { image: string; env: Record<string, unknown>[] }[] } } };
};

describe("KeycloakRealm", () => {
  test("THEN a client is led back to its own host only, with the groups in its tokens", () => {
    expect(JSON.parse(plan["client.shop.json"] ?? "")).toMatchObject({
      publicClient: false,
      implicitFlowEnabled: false,
      directAccessGrantsEnabled: false,
      redirectUris: ["https://shop.test/callback"],
      webOrigins: ["https://shop.test"],
      protocolMappers: [{ name: "groups", config: { "claim.name": "groups", "full.path": "false" } }],
    });
    expect(JSON.parse(plan["realm.json"] ?? "")).toMatchObject({ registrationAllowed: false, sslRequired: "external" });
  });

  test("THEN another plan or another secret is another Job, by the server's own image", () => {
    expect(job.metadata.name).toMatch(/^realm-[0-9a-f]{8}-\$\{substr\(sha256\(join\(" ", \["3"\]\)\), 0, 8\)\}$/);
    expect(job.spec.template.spec.container[0]?.image).toBe(KEYCLOAK_IMAGE);
  });

  test("THEN no secret is in the plan, and the admin's password comes by a Secret", () => {
    expect(JSON.stringify(plan)).not.toContain('client-secret":');
    expect(job.spec.template.spec.container[0]?.env).toContainEqual({
      name: "KC_CLI_PASSWORD",
      value_from: { secret_key_ref: { name: "admin", key: "password" } },
    });
    expect(flowsOf(json).filter(([, pods]) => pods === "login/realm")).toEqual([
      ["egress", "login/realm", "login/keycloakx", "8080"],
    ]);
  });

  test("fails with every name and path that is not accepted", async () => {
    expect(await messageOf(() => build({ realm: "The Lab", groups: ["a b"], paths: ["callback", "/*"] }))).toBe(
      [
        "test/realm: 4 problems",
        '  - the realm "The Lab" is not made of lower-case letters, digits and "-"',
        '  - the group "a b" is not made of lower-case letters, digits and "-"',
        '  - the client "shop" has the redirect path "callback": begin with "/", and use no "*"',
        '  - the client "shop" has the redirect path "/*": begin with "/", and use no "*"',
      ].join("\n"),
    );
  });

  test("fails with a client that nobody could log in to", async () => {
    expect(await messageOf(() => build({ paths: [] }))).toBe(
      'test/realm: the client "shop" has no redirectPaths: nobody could log in to it',
    );
  });
});

/** Stands in for kcadm: keeps what is there as files in $STATE, and what it was told in $STATE/log. */
const KCADM = `#!/bin/bash
set -eu
echo "$*" >>"$STATE/log"
case "$1 $2" in
  "config credentials") [ "$KC_CLI_PASSWORD" = right ] ;;
  "get realms/lab") [ -e "$STATE/realm" ] ;;
  "create realms") touch "$STATE/realm" ;;
  "get groups") [ ! -e "$STATE/groups" ] || cat "$STATE/groups" ;;
  "create groups") echo "\${6#name=}" >>"$STATE/groups" ;;
  "get clients") [ ! -e "$STATE/clients" ] || echo 4711 ;;
  "create clients") touch "$STATE/clients" ;;
esac
`;

describeWithProgram("bash", "the script", () => {
  function setUp(state: string, password = "right") {
    const folder = temporaryFolder();
    const write = (file: string, text: string, mode = 0o644) => {
      fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      fs.writeFileSync(path.join(folder, file), text, { mode });
    };
    for (const [file, text] of Object.entries(plan)) {
      write(`plan/${file}`, text);
    }
    write("clients/shop/client-id", "shop");
    write("clients/shop/client-secret", "s3cret");
    write("kcadm", KCADM, 0o755);
    fs.rmSync(path.join(state, "log"), { force: true });
    const { status, stdout } = spawnSync("bash", [SCRIPT], {
      encoding: "utf8",
      env: {
        PATH: process.env["PATH"],
        KCADM: path.join(folder, "kcadm"),
        STATE: state,
        PLAN: path.join(folder, "plan"),
        CLIENTS: path.join(folder, "clients"),
        SERVER: "http://keycloak",
        ADMIN: "admin",
        REALM: "lab",
        GROUPS_WANTED: "admins analysts",
        KC_CLI_PASSWORD: password,
      },
    });
    const log = fs.readFileSync(path.join(state, "log"), "utf8").trim().replaceAll(folder, "");
    return { status, stdout, log: log.split("\n").filter((line) => !line.startsWith("get ")) };
  }

  const LOGIN = "config credentials --server http://keycloak --realm master --user admin";
  const UPDATE = "update realms/lab -f /plan/realm.json";

  test("GIVEN an empty server THEN it gets the realm, the groups and the client; a second time nothing is made", () => {
    const state = temporaryFolder();
    const first = setUp(state);
    expect([first.status, first.stdout]).toEqual([0, "the realm lab is set up\n"]);
    expect(first.log).toEqual([
      LOGIN,
      "create realms -s realm=lab -s enabled=true",
      UPDATE,
      "create groups -r lab -s name=admins",
      "create groups -r lab -s name=analysts",
      "create clients -r lab -f /plan/client.shop.json -s clientId=shop -s secret=s3cret",
    ]);
    expect(setUp(state).log).toEqual([
      LOGIN,
      UPDATE,
      "update clients/4711 -r lab -f /plan/client.shop.json -s clientId=shop -s secret=s3cret",
    ]);
  });

  test("fails when the admin's password is another one, and changes nothing", () => {
    const { status, log } = setUp(temporaryFolder(), "wrong");
    expect([status, log]).toEqual([1, [LOGIN]]);
  });
});

describeWithProgram("shellcheck", "the script", () => {
  test("THEN shellcheck has nothing to say", () => {
    const { stdout, status } = spawnSync("shellcheck", [SCRIPT], { encoding: "utf8" });
    expect([stdout, status]).toEqual(["", 0]);
  });
});
