import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { Secrets, secretsFolder } from "../../../tools/lab/secrets";
import { messageOf, temporaryFolder } from "../../support/layers";

const NAMES = ["gitlab_db_password", "gitlab_root_password", "k3s_token", "postgres_password", "vault_token"];

const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);

describe("the lab's secrets", () => {
  let folder: string;
  let secrets: Secrets;
  beforeEach(() => {
    folder = join(temporaryFolder(), "socle-lab");
    secrets = new Secrets(folder);
  });

  test("GIVEN none THEN each is made, in files that nobody else can read, whatever the umask", () => {
    // WHEN
    const before = process.umask(0);
    let made: readonly string[];
    try {
      made = secrets.ensure();
    } finally {
      process.umask(before);
    }

    // THEN
    expect([...made].sort()).toEqual(NAMES);
    expect(readdirSync(folder).sort()).toEqual(NAMES);
    expect(mode(folder)).toBe("700");
    for (const name of NAMES) {
      expect([name, mode(secrets.path(name))]).toEqual([name, "600"]);
      expect(readFileSync(secrets.path(name), "utf8")).toMatch(/^[0-9a-f]{48}$/);
    }
    expect(new Set(NAMES.map((name) => secrets.read(name))).size).toBe(5);
  });

  test("GIVEN some THEN they stay as they are, and only what is missing or empty is made", () => {
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(join(folder, "postgres_password"), "mine\n", { mode: 0o600 });
    writeFileSync(join(folder, "vault_token"), "", { mode: 0o600 });
    expect([...secrets.ensure()].sort()).toEqual([
      "gitlab_db_password",
      "gitlab_root_password",
      "k3s_token",
      "vault_token",
    ]);
    expect(secrets.read("postgres_password")).toBe("mine");
    const all = NAMES.map((name) => secrets.read(name));
    expect(secrets.ensure()).toEqual([]);
    expect(NAMES.map((name) => secrets.read(name))).toEqual(all);
  });

  test("fails for what others can read, or own, all at once", async () => {
    secrets.ensure();
    chmodSync(folder, 0o755);
    chmodSync(secrets.path("vault_token"), 0o640);
    const message = await messageOf(() => secrets.ensure());
    expect(message).toBe(
      `The lab's secrets are not safe:\n` +
        `  - The folder ${folder} can be read by others (mode 755): chmod 700 ${folder}\n` +
        `  - The file ${folder}/vault_token can be read by others (mode 640): chmod 600 ${folder}/vault_token`,
    );
    if (process.getuid?.() === 0) {
      chmodSync(folder, 0o700);
      chmodSync(secrets.path("vault_token"), 0o600);
      chownSync(secrets.path("k3s_token"), 4711, 4711);
      expect(await messageOf(() => secrets.ensure())).toContain("k3s_token belongs to another user (uid 4711)");
    }
  });

  test("WHEN they are removed THEN files of somebody else stay, with the folder", () => {
    secrets.ensure();
    writeFileSync(join(folder, "notes"), "mine");
    secrets.remove(NAMES);
    expect(readdirSync(folder)).toEqual(["notes"]);
    const other = new Secrets(join(folder, "below"));
    other.ensure();
    other.remove(NAMES);
    expect(existsSync(other.folder)).toBe(false);
  });
});

describe("where the secrets are", () => {
  test.each([
    [{ HOME: "/home/me" }, /^\/.+\/\.config\/socle-lab$/],
    [{ XDG_CONFIG_HOME: "/home/me/etc" }, /^\/home\/me\/etc\/socle-lab$/],
    [{ XDG_CONFIG_HOME: "/home/me/etc", SOCLE_LAB_SECRETS: "/srv/lab" }, /^\/srv\/lab$/],
  ])("%j", (env, folder) => {
    expect(secretsFolder(env)).toMatch(folder);
  });

  test.each(["/mnt/c/Users/me", "/home/me/my secrets", "/"])(
    "fails for %s, where modes are not kept or Docker does not mount",
    (folder) => {
      expect(() => secretsFolder({ SOCLE_LAB_SECRETS: folder })).toThrow("The lab's secrets cannot be in");
    },
  );
});
