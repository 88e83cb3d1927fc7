import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { POLICIES } from "../../../constructs/policy/policies";
import { labServices, PORTS } from "../../../environments/lab/services";
import { containerAddress } from "../../../environments/lab/network";
import { SETTINGS } from "../../../environments/lab/settings";
import { jsonOf, temporaryFolder, testEnvironment } from "../../support/layers";

interface ContainerJson {
  readonly user?: string;
  readonly env: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly ports: readonly Record<string, unknown>[];
  readonly networks_advanced: readonly Record<string, unknown>[];
  readonly mounts: readonly Record<string, unknown>[];
  readonly memory: string;
}

function build(keepData = true) {
  const layer = labServices(testEnvironment("lab"), { ...SETTINGS, keepData });
  const json = jsonOf(layer);
  const containers = json.resource?.["docker_container"] as unknown as Record<string, ContainerJson>;
  const readme = (title: string) => layer.readmeSections.find((section) => section.title === title)?.body ?? "";
  return { layer, json, containers, readme };
}

const { layer, json, containers, readme } = build();

/** The commands of a README's only block of them. */
const commandsOf = (body: string) => /```sh\n([^]*?)```/.exec(body)?.[1] ?? "";

describe("the layer lab-services", () => {
  test("THEN each service has one name and one port, in one network and on 127.0.0.1", () => {
    expect(
      Object.entries(containers).map(([id, { ports, networks_advanced: networks }]) => [id, ports, networks]),
    ).toEqual(
      (["postgres", "vault", "registry"] as const).map((id) => [
        id,
        [{ internal: PORTS[id], external: PORTS[id], ip: "127.0.0.1", protocol: "tcp" }],
        [
          {
            name: "${docker_network.network.name}",
            aliases: [`${id}.lab.local`],
            ipv4_address: containerAddress(SETTINGS, id),
          },
        ],
      ]),
    );
    expect(Object.values(json.resource?.["docker_network"] ?? {})[0]).toMatchObject({
      ipam_config: [{ subnet: "172.30.0.0/24", gateway: '${cidrhost("172.30.0.0/24", 1)}' }],
    });
    expect(PORTS).toEqual({ postgres: 5432, vault: 8200, registry: 5001 });
    expect(layer.openPorts).toEqual([]);
  });

  test("THEN images have a full version, with the digest that is asked for, and stay when they are not used", () => {
    const digest = (service: string) => `lookup(var.image_digests, "${service}", "")`;
    expect(Object.values(json.resource?.["docker_image"] ?? {})).toEqual([
      { name: `\${join("@", compact(["postgres:17.7-bookworm", ${digest("postgres")}]))}`, keep_locally: true },
      { name: `\${join("@", compact(["hashicorp/vault:2.0.4", ${digest("vault")}]))}`, keep_locally: true },
      { name: `\${join("@", compact(["registry:3.0.0", ${digest("registry")}]))}`, keep_locally: true },
    ]);
  });

  test("THEN memory is what the inputs say, and who reads a secret is its owner", () => {
    expect(Object.values(containers).map(({ memory, user }) => [memory, user])).toEqual([
      ["${var.postgres_memory_mib}", "${var.secrets_owner}"],
      ["${var.vault_memory_mib}", "${var.secrets_owner}"],
      ["${var.registry_memory_mib}", undefined],
    ]);
  });

  test("THEN PostgreSQL and the registry have volumes, and secrets are files that are mounted read-only", () => {
    const secret = (file: string) => ({
      type: "bind",
      source: `\${join("/", [var.secrets_dir, "${file}"])}`,
      target: `/run/secrets/${file}`,
      read_only: true,
    });
    const volume = (id: string, target: string) => ({
      type: "volume",
      source: `\${docker_volume.${id}_data.name}`,
      target,
    });
    expect(Object.values(containers).map(({ mounts }) => mounts)).toEqual([
      [volume("postgres", "/var/lib/postgresql/data"), secret("postgres_password")],
      [secret("vault_token")],
      [volume("registry", "/var/lib/registry")],
    ]);
    expect(containers["postgres"]?.env).toEqual([
      "PGDATA=/var/lib/postgresql/data/pgdata",
      "POSTGRES_INITDB_ARGS=--data-checksums --set=max_connections=200 --set=max_locks_per_transaction=256",
      "POSTGRES_PASSWORD_FILE=/run/secrets/postgres_password",
    ]);
  });

  test("THEN nothing else of the registry listens on its port, as metrics do in the image's configuration", () => {
    expect(containers["registry"]?.env).toEqual([
      "REGISTRY_HTTP_ADDR=0.0.0.0:5001",
      "REGISTRY_HTTP_DEBUG_ADDR=",
      "REGISTRY_LOG_LEVEL=info",
      "REGISTRY_STORAGE_DELETE_ENABLED=true",
      "OTEL_TRACES_EXPORTER=none",
    ]);
  });

  test("THEN it keeps every policy, and tells later layers where everything is", () => {
    expect(POLICIES.flatMap((policy) => policy(layer, json))).toEqual([]);
    expect(
      Object.entries(json.output ?? {}).map(([name, output]) => [name, (output as { value?: unknown }).value]),
    ).toEqual([
      ["network_name", "${docker_network.network.name}"],
      ["postgres_host", "postgres.lab.local"],
      ["postgres_port", 5432],
      ["vault_address", "http://vault.lab.local:8200"],
      ["registry_address", "registry.lab.local:5001"],
      ["secrets_path", "${var.secrets_dir}"],
    ]);
  });

  test("GIVEN data that may be given up THEN no volume refuses a destroy, and the README says that it takes the data", () => {
    const disposable = build(false);
    const volumes = Object.values(disposable.json.resource?.["docker_volume"] ?? {});

    expect(volumes.map(({ name, lifecycle }) => [name, lifecycle])).toEqual([
      ["lab-postgres", { prevent_destroy: false }],
      ["lab-registry", { prevent_destroy: false }],
    ]);
    expect(POLICIES.flatMap((policy) => policy(disposable.layer, disposable.json))).toEqual([]);
    expect(disposable.readme("Taking it down")).toContain("the volumes with their data too");
    expect(disposable.readme("Taking it down")).not.toContain("state rm");
  });

  test("GIVEN data that is kept THEN the README forgets exactly the volumes before it destroys", () => {
    const addresses = Object.keys(json.resource?.["docker_volume"] ?? {}).map((name) => `docker_volume.${name}`);
    expect(commandsOf(readme("Taking it down"))).toBe(`terraform state rm ${addresses.join(" ")}\nterraform destroy\n`);
  });
});

describe("what starts Vault", () => {
  /** Runs it with a stand-in that says what it was given: on its log, and on the output that has to be lost. */
  const start = (token?: string) => {
    const folder = temporaryFolder();
    fs.writeFileSync(
      path.join(folder, "vault"),
      '#!/bin/sh\necho "Root Token: $VAULT_DEV_ROOT_TOKEN_ID"\necho "log $VAULT_DEV_ROOT_TOKEN_ID $*" >&2\n',
      { mode: 0o755 },
    );
    if (token !== undefined) {
      fs.writeFileSync(path.join(folder, "vault_token"), token);
    }
    const [shell = "", ...args] = containers["vault"]?.entrypoint ?? [];
    return spawnSync(
      shell,
      args.map((text) => text.replaceAll("/run/secrets", folder)),
      { encoding: "utf8", env: { PATH: `${folder}:${process.env["PATH"]}` } },
    );
  };

  test("GIVEN the token's file THEN Vault gets it without the line's end, and what it prints of it is in no log", () => {
    expect(start("s3cret\n")).toMatchObject({
      status: 0,
      stdout: "",
      stderr: "log s3cret server -dev -dev-no-store-token -dev-listen-address=0.0.0.0:8200\n",
    });
  });

  test.each([
    ["without the file", undefined],
    ["with an empty file", ""],
  ])("fails %s, instead of starting with a token that nobody knows", (_case, token) => {
    const { status, stderr } = start(token);
    expect(status).not.toBe(0);
    expect(stderr).not.toContain("log");
  });
});

describe("the commands that make the secrets", () => {
  const moduleOf = (home: string) => path.join(home, "lab/cdktf.out/stacks/lab-services");
  const run = (home: string) => {
    const module = moduleOf(home);
    fs.mkdirSync(module, { recursive: true });
    return spawnSync("sh", ["-euc", commandsOf(readme("Before the first apply"))], {
      cwd: module,
      encoding: "utf8",
      env: { PATH: process.env["PATH"], HOME: home },
    });
  };

  test("GIVEN a home WHEN they run twice THEN secrets are its owner's alone, the same ones, and the inputs lead to them", () => {
    const home = temporaryFolder();
    const folder = path.join(home, ".config/socle-lab");
    const files = ["postgres_password", "vault_token"].map((file) => path.join(folder, file));
    const contents = () => files.map((file) => fs.readFileSync(file, "utf8"));

    expect(run(home)).toMatchObject({ status: 0, stderr: "" });
    const first = contents();
    expect(run(home)).toMatchObject({ status: 0, stderr: "" });

    expect(contents()).toEqual(first);
    expect(first).toEqual([expect.stringMatching(/^[0-9a-f]{48}\n$/), expect.stringMatching(/^[0-9a-f]{48}\n$/)]);
    expect(first[0]).not.toBe(first[1]);
    expect([folder, ...files].map((file) => (fs.statSync(file).mode & 0o777).toString(8))).toEqual([
      "700",
      "600",
      "600",
    ]);
    expect(fs.readFileSync(path.join(moduleOf(home), "terraform.tfvars"), "utf8")).toBe(
      `secrets_dir = "${folder}"\nsecrets_owner = "${process.getuid?.()}:${process.getgid?.()}"\n`,
    );
  });

  test("GIVEN a folder of states that others can read WHEN they run THEN it is closed to them, and it is the one of the backend", () => {
    const home = temporaryFolder();
    const { backend } = json.terraform as { backend: { local: { path: string } } };
    const states = path.dirname(path.resolve(moduleOf(home), backend.local.path));
    fs.mkdirSync(states, { recursive: true, mode: 0o755 });

    expect(run(home)).toMatchObject({ status: 0, stderr: "" });

    expect((fs.statSync(states).mode & 0o777).toString(8)).toBe("700");
  });
});
