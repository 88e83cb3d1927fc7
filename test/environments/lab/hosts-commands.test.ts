import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { hostsCommands } from "../../../environments/lab/hosts-commands";
import { temporaryFolder } from "../../support/layers";

/** Runs the commands on a file of its own, where nobody has to be an administrator. */
function run(hosts: string, names: readonly string[]) {
  const folder = temporaryFolder();
  const file = path.join(folder, "hosts");
  fs.writeFileSync(file, hosts);
  fs.writeFileSync(path.join(folder, "sudo"), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
  const commands = hostsCommands(names).join("\n").replaceAll("/etc/hosts", file);
  const once = () =>
    spawnSync("sh", ["-euc", commands], { encoding: "utf8", env: { PATH: `${folder}:${process.env["PATH"]}` } });
  return { once, text: () => fs.readFileSync(file, "utf8") };
}

describe("hostsCommands", () => {
  test("GIVEN a hosts file WHEN they run twice THEN each name is there once", () => {
    const { once, text } = run("127.0.0.1 localhost\n", ["postgres.lab.local", "vault.lab.local"]);

    expect(once()).toMatchObject({ status: 0, stderr: "" });
    expect(once()).toMatchObject({ status: 0, stderr: "", stdout: "" });

    expect(text()).toBe("127.0.0.1 localhost\n127.0.0.1 postgres.lab.local\n127.0.0.1 vault.lab.local\n");
  });

  test("GIVEN a name in a line of several THEN it is not added", () => {
    const { once, text } = run("127.0.0.1\tlocalhost vault.lab.local\n", ["vault.lab.local"]);

    expect(once()).toMatchObject({ status: 0, stderr: "" });

    expect(text()).toBe("127.0.0.1\tlocalhost vault.lab.local\n");
  });

  test.each([
    ["in a comment", "# 127.0.0.1 vault.lab.local\n"],
    ["as a part of another one", "127.0.0.1 my-vault.lab.local vault.lab.localhost\n"],
    ["for another address", "10.0.0.9 vault.lab.local\n"],
  ])("GIVEN a name %s THEN it is added", (_case, hosts) => {
    const { once, text } = run(hosts, ["vault.lab.local"]);

    expect(once()).toMatchObject({ status: 0, stderr: "" });

    expect(text()).toBe(`${hosts}127.0.0.1 vault.lab.local\n`);
  });
});
