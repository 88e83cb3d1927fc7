import { chmodSync, existsSync } from "node:fs";
import { join, resolve } from "node:path";

import { OfflineError } from "../../../tools/offline/errors";
import { startOfflineServer } from "../../../tools/offline/start";
import { Folder } from "./support";

// What the server that it starts does is in server.test.ts.

const ADDRESS = "registry.terraform.io/acme/demo";

describe("startOfflineServer", () => {
  const before = process.cwd();
  let folder: Folder;
  beforeEach(() => {
    folder = new Folder();
  });
  afterEach(() => {
    process.chdir(before);
    jest.restoreAllMocks();
    folder.dispose();
  });

  test("GIVEN no schemas THEN Terraform is offline and has no provider at all", async () => {
    const server = await startOfflineServer();
    await server.stop();

    expect(server.env).toEqual({
      TF_REATTACH_PROVIDERS: "{}",
      TF_CLI_CONFIG_FILE: expect.stringMatching(/terraform\.rc$/) as string,
      CHECKPOINT_DISABLE: "1",
    });
  });

  test("GIVEN a folder by a relative path WHEN it is started elsewhere THEN it goes by the caller's folder", async () => {
    // GIVEN
    folder.write("mine/demo.json", { format_version: "1.0", provider_schemas: { [ADDRESS]: {} } });
    process.chdir(join(folder.path, "mine"));

    // WHEN
    const server = await startOfflineServer({ schemas: "../mine" });
    await server.stop();

    // THEN
    expect(Object.keys(JSON.parse(server.env["TF_REATTACH_PROVIDERS"] as string) as object)).toContain(ADDRESS);
  });

  test("GIVEN two servers WHEN one stops THEN the other keeps its files", async () => {
    const [one, other] = [await startOfflineServer(), await startOfflineServer()];
    const files = [one, other].map(({ env }) => env["TF_CLI_CONFIG_FILE"] as string);
    await one.stop();
    const left = files.map((file) => existsSync(file));
    await other.stop();

    expect(left).toEqual([false, true]);
  });

  test("fails with what the server says, as a problem that can be mended", async () => {
    process.chdir(folder.path);
    const start = startOfflineServer({ schemas: "nowhere" });

    await expect(start).rejects.toThrow(OfflineError);
    // In full, wherever it is read.
    await expect(start).rejects.toThrow(`No provider schemas in ${resolve("nowhere")}: `);
  });

  test("fails when the process ends before it says anything", async () => {
    const node = join(folder.path, "node");
    folder.write("node", "#!/bin/sh\nread -r options\n");
    chmodSync(node, 0o755);
    jest.replaceProperty(process, "execPath", node);

    await expect(startOfflineServer()).rejects.toThrow(
      new OfflineError("The offline provider server ended before it was ready."),
    );
  });
});
