import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { TerraformVariable } from "cdktf";
import { OracleDatabaseUser, type OracleDatabaseUserProps } from "../../../constructs/database/oracle-database-user";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";

const SCRIPT = path.resolve(__dirname, "../../../constructs/database/oracle-database-user/create_user.py");

const build = (props: Partial<OracleDatabaseUserProps> = {}) =>
  synthesizeLayer((layer) => {
    const namespace = testNamespace(testCluster(layer));
    const revision = new TerraformVariable(layer, "revision", { type: "number", description: "Revision" });
    new OracleDatabaseUser(layer, "app_user", {
      namespace,
      image: "registry.example.com/python-oracledb:1",
      connectString: "database.example.com:1521/low",
      adminUsername: "ADMIN",
      adminPassword: { secretName: "admin", key: "password" },
      username: "APP",
      secret: new GeneratedSecret(layer, "database", {
        namespace,
        revision,
        generate: { password: { length: 30, special: "_-" } },
        afterRotation: "Done.",
      }),
      passwordKey: "password",
      quota: "5G",
      ...props,
    });
  });

describe("OracleDatabaseUser", () => {
  const { resource } = build().json;
  const job = only(resource?.["kubernetes_job_v1"]) as {
    metadata: { name: string };
    spec: { template: { spec: { container: { env: unknown; command: unknown; image: unknown }[] } } };
  };

  test("GIVEN a user THEN a Job makes it and the apply waits for it; passwords come from Secrets", () => {
    expect(job).toMatchObject({ wait_for_completion: true, spec: { backoff_limit: 4, active_deadline_seconds: 840 } });
    const [container] = job.spec.template.spec.container;
    expect(container).toMatchObject({
      image: "registry.example.com/python-oracledb:1",
      command: ["/bin/sh", "-c", expect.stringContaining('exec "$python" /scripts/create_user.py')],
    });
    expect(container?.env).toEqual([
      { name: "DATABASE_DSN", value: "database.example.com:1521/low" },
      { name: "ADMIN_USER", value: "ADMIN" },
      { name: "APP_USER", value: "APP" },
      { name: "APP_QUOTA", value: "5G" },
      { name: "HOME", value: "/tmp" },
      { name: "ADMIN_PASSWORD", value_from: { secret_key_ref: { name: "admin", key: "password" } } },
      { name: "APP_PASSWORD", value_from: { secret_key_ref: { name: "database", key: "password" } } },
    ]);
  });

  test("THEN its pod is restricted, and its script is the repository's", () => {
    expect(job.spec.template.spec).toMatchObject({
      automount_service_account_token: false,
      security_context: { run_as_non_root: true, seccomp_profile: { type: "RuntimeDefault" } },
      container: [
        {
          security_context: {
            allow_privilege_escalation: false,
            read_only_root_filesystem: true,
            capabilities: { drop: ["ALL"] },
          },
        },
      ],
    });
    const data = only(resource?.["kubernetes_config_map_v1"])["data"] as Record<string, string>;
    expect(data["create_user.py"]?.replace(/([$%])\1\{/g, "$1{")).toBe(fs.readFileSync(SCRIPT, "utf8"));
  });

  test("THEN another script, or another password, is another Job", () => {
    expect(job.metadata.name).toMatch(
      /^app-user-[0-9a-f]{8}-\$\{var\.revision\}-\$\{substr\(kubernetes_secret_v1\.database\.metadata\[0\]\.uid, 0, 8\)\}$/,
    );
  });

  test.each(["ADMIN", "SYS", "app", "1APP", 'A"'])("fails for the user %p", (username) => {
    expect(() => build({ username })).toThrow(`test/app_user: username is "${username}": use a capital letter`);
  });

  test("fails for a quota that is none", () => {
    expect(() => build({ quota: "5GB" })).toThrow('test/app_user: quota is "5GB": use a size such as "5G"');
  });
});

/** A python-oracledb that only writes down what the administrator tells it; one user is there already. */
const FAKE = `
import json, os
class DatabaseError(Exception):
    pass
def connect(**given):
    if given["user"] != "ADMIN" and given["password"] != os.environ["CURRENT_PASSWORD"]:
        raise DatabaseError("ORA-01017")
    return Thing({"connect": given})
class Thing:
    def __init__(self, first):
        self.told = [first]
    def __enter__(self):
        return self
    def __exit__(self, *_):
        return False
    def cursor(self):
        return self
    def execute(self, statement, values=None):
        self.told.append(statement if values is None else [statement, values])
        with open(os.environ["TOLD"], "w") as file:
            json.dump(self.told, file)
        self.values = values
    def fetchone(self):
        return [1 if self.values == ["PRESENT"] else 0]
`;

const PASSWORD = "Secret_with-30-characters-0001";

describe("the command of the Job", () => {
  const [, , launch = ""] =
    (
      only(build().json.resource?.["kubernetes_job_v1"]) as {
        spec: { template: { spec: { container: { command: string[] }[] } } };
      }
    ).spec.template.spec.container[0]?.command ?? [];

  /** Runs it where each of some Pythons is there, with or without the driver. */
  const runWith = (pythons: Readonly<Record<string, boolean>>) => {
    const folder = temporaryFolder();
    for (const [name, hasDriver] of Object.entries(pythons)) {
      const script = `#!/bin/sh\n[ "$1" = -c ] && exit ${hasDriver ? 0 : 1}\necho "${name} $*"\n`;
      fs.writeFileSync(path.join(folder, name), script, { mode: 0o755 });
    }
    const { status, stdout, stderr } = spawnSync("/bin/sh", ["-c", launch], {
      encoding: "utf8",
      env: { PATH: folder },
    });
    return [status, stdout, stderr];
  };

  test("GIVEN the system's Python without the driver and another with it WHEN it runs THEN it takes the other", () => {
    expect(runWith({ python3: false, "python3.12": true })).toEqual([0, "python3.12 /scripts/create_user.py\n", ""]);
  });

  test("GIVEN one Python WHEN it has the driver THEN it takes it", () => {
    expect(runWith({ python3: true })).toEqual([0, "python3 /scripts/create_user.py\n", ""]);
  });

  test("fails with a word where none has the driver", () => {
    expect(runWith({ python3: false })).toEqual([1, "", "no Python of this image has python-oracledb\n"]);
  });
});

describeWithProgram("python3", "the script that makes the user", () => {
  const run = (environment: Record<string, string>) => {
    const folder = temporaryFolder();
    fs.writeFileSync(path.join(folder, "oracledb.py"), FAKE);
    const told = path.join(folder, "told.json");
    const { status, stdout, stderr } = spawnSync("python3", ["-B", SCRIPT], {
      encoding: "utf8",
      env: {
        PATH: process.env["PATH"],
        PYTHONPATH: folder,
        TOLD: told,
        DATABASE_DSN: "dsn",
        ADMIN_USER: "ADMIN",
        ADMIN_PASSWORD: "admin-secret",
        APP_USER: "app",
        APP_PASSWORD: PASSWORD,
        APP_QUOTA: "5G",
        CURRENT_PASSWORD: "another",
        ...environment,
      },
    });
    const statements = fs.existsSync(told) ? (JSON.parse(fs.readFileSync(told, "utf8")) as unknown[]) : [];
    return { status, stdout, stderr, statements };
  };

  test.each([
    ["app", "CREATE", "APP: created"],
    ["present", "ALTER", "PRESENT: password set"],
  ])(
    "GIVEN the user %p WHEN it runs THEN it says %s USER, and grants what a schema of its own takes",
    (user, verb, said) => {
      const { status, stdout, statements } = run({ APP_USER: user });
      const name = user.toUpperCase();

      expect({ status, stdout }).toEqual({ status: 0, stdout: `${said}, 6 privileges, quota 5G\n` });
      expect(statements).toEqual([
        {
          connect: {
            user: "ADMIN",
            password: "admin-secret",
            dsn: "dsn",
            tcp_connect_timeout: 20,
            retry_count: 10,
            retry_delay: 15,
          },
        },
        ["SELECT COUNT(*) FROM all_users WHERE username = :1", [name]],
        ...(verb ? [`${verb} USER ${name} IDENTIFIED BY "${PASSWORD}"`] : []),
        `ALTER USER ${name} QUOTA 5G ON DATA ACCOUNT UNLOCK`,
        `GRANT CREATE SESSION TO ${name}`,
        `GRANT CREATE TABLE TO ${name}`,
        `GRANT CREATE VIEW TO ${name}`,
        `GRANT CREATE SEQUENCE TO ${name}`,
        `GRANT CREATE PROCEDURE TO ${name}`,
        `GRANT CREATE TRIGGER TO ${name}`,
      ]);
    },
  );

  test.each([
    ["an administrator", { APP_USER: "admin" }, "ADMIN is not a name for the application's user\n"],
    ["a name with a blank", { APP_USER: "A B" }, "A B is not a name for the application's user\n"],
    [
      "a password with a quote",
      { APP_PASSWORD: 'secret"secret' },
      "the password has characters, or a length, that cannot be used here\n",
    ],
    [
      "a password too long",
      { APP_PASSWORD: "a".repeat(31) },
      "the password has characters, or a length, that cannot be used here\n",
    ],
    ["a quota with words", { APP_QUOTA: "1G ON SYSTEM" }, "1G ON SYSTEM is not a quota such as 5G\n"],
  ])("fails for %s before it connects, and does not print the password", (_case, environment, message) => {
    expect(run(environment)).toEqual({ status: 1, stdout: "", stderr: message, statements: [] });
  });
});
