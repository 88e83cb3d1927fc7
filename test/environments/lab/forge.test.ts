import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { POLICIES } from "../../../constructs/policy/policies";
import { labBootstrap } from "../../../environments/lab/bootstrap";
import { labForge } from "../../../environments/lab/forge";
import { labServices } from "../../../environments/lab/services";
import { SETTINGS } from "../../../environments/lab/settings";
import { only } from "../../support/construct";
import { jsonOf, temporaryFolder, testEnvironment } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";

function build(keepData = true) {
  const environment = testEnvironment("lab");
  const settings = { ...SETTINGS, keepData };
  const servicesLayer = labServices(environment, settings);
  const bootstrapLayer = labBootstrap(environment, settings, servicesLayer);
  const layer = labForge(environment, settings, { servicesLayer, bootstrapLayer });
  const json = jsonOf(layer);
  const readme = (title: string) => layer.readmeSections.find((section) => section.title === title)?.body ?? "";
  return { layer, json, readme };
}

const { layer, json, readme } = build();

const container = only(json.resource?.["docker_container"]);

const environment = Object.fromEntries(
  (container["env"] as string[]).map((text) => [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)]),
);

/** The commands of a README's first block of them. */
const commandsOf = (body: string) => /```sh\n([^]*?)```/.exec(body)?.[1] ?? "";

describe("the layer lab-forge", () => {
  test("THEN GitLab has its name and address in the network, and is published on 127.0.0.1 only", () => {
    expect(container).toMatchObject({
      name: "lab-gitlab",
      networks_advanced: [
        {
          name: "${data.terraform_remote_state.lab_services.outputs.network_name}",
          aliases: ["gitlab.lab.local"],
          ipv4_address: "172.30.0.13",
        },
      ],
      ports: [{ internal: 8081, external: 8081, ip: "127.0.0.1", protocol: "tcp" }],
      memory: "${var.gitlab_memory_mib}",
      memory_swap: "${var.gitlab_memory_mib}",
      shm_size: 256,
    });
    expect(only(json.resource?.["docker_image"])["name"]).toBe(
      '${join("@", compact(["gitlab/gitlab-ce:19.2.6-ce.0", var.gitlab_image_digest]))}',
    );
    expect(layer.openPorts).toEqual([]);
    expect(POLICIES.flatMap((policy) => policy(layer, json))).toEqual([]);
  });

  test("THEN it has what Omnibus cannot do without, and no more", () => {
    expect(container).toMatchObject({
      read_only: false,
      capabilities: {
        drop: ["ALL"],
        add: ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID"],
      },
      security_opts: ["no-new-privileges:true"],
    });
    expect(container["user"]).toBeUndefined();
    expect(container["privileged"]).toBeUndefined();
    expect(environment["GITLAB_DISABLE_OPENSSH"]).toBe("true");
  });

  test("THEN its secrets are files that are mounted read-only, and its data is in volumes", () => {
    const volume = (id: string, target: string) => ({
      type: "volume",
      source: `\${docker_volume.gitlab_${id}.name}`,
      target,
    });
    expect(container["mounts"]).toEqual([
      volume("config", "/etc/gitlab"),
      volume("logs", "/var/log/gitlab"),
      volume("data", "/var/opt/gitlab"),
      {
        type: "bind",
        source: "${data.terraform_remote_state.lab_bootstrap.outputs.gitlab_password_path}",
        target: "/run/secrets/gitlab_db_password",
        read_only: true,
      },
      {
        type: "bind",
        source: '${join("/", [data.terraform_remote_state.lab_services.outputs.secrets_path, "gitlab_root_password"])}',
        target: "/run/secrets/gitlab_root_password",
        read_only: true,
      },
    ]);
    expect(Object.keys(environment).sort()).toEqual([
      "DATABASE_LOGIN_VERSION",
      "GITLAB_DISABLE_OPENSSH",
      "GITLAB_OMNIBUS_CONFIG",
      "GITLAB_POST_RECONFIGURE_SCRIPT",
    ]);
  });

  test("GIVEN another password of the database THEN another container takes the place of this one", () => {
    expect(environment["DATABASE_LOGIN_VERSION"]).toBe(
      "${data.terraform_remote_state.lab_bootstrap.outputs.gitlab_password_version}",
    );
  });

  test("THEN an apply waits for the first start, until GitLab and what it depends on are ready", () => {
    expect(container).toMatchObject({ wait: true, wait_timeout: 1050 });
    expect(container["healthcheck"]).toMatchObject({
      interval: "30s",
      start_period: "15m0s",
      test: expect.arrayContaining(["CMD", "http://127.0.0.1:8081/-/readiness?all=1"]) as unknown,
    });
  });

  test("GIVEN data that is kept THEN the README forgets exactly the volumes before it destroys", () => {
    const addresses = Object.keys(json.resource?.["docker_volume"] ?? {}).map((name) => `docker_volume.${name}`);
    expect(addresses).toHaveLength(3);
    expect(commandsOf(readme("Taking it down"))).toBe(`terraform state rm ${addresses.join(" ")}\nterraform destroy\n`);
  });

  test("GIVEN data that may be given up THEN no volume refuses a destroy, and the README says that it takes them", () => {
    const disposable = build(false);
    const volumes = Object.values(disposable.json.resource?.["docker_volume"] ?? {});

    expect(volumes.map(({ name, lifecycle }) => [name, lifecycle])).toEqual([
      ["lab-gitlab-config", { prevent_destroy: false }],
      ["lab-gitlab-logs", { prevent_destroy: false }],
      ["lab-gitlab-data", { prevent_destroy: false }],
    ]);
    expect(disposable.readme("Taking it down")).not.toContain("state rm");
    expect(POLICIES.flatMap((policy) => policy(disposable.layer, disposable.json))).toEqual([]);
  });
});

describeWithProgram("ruby", "GitLab's configuration in Ruby", () => {
  /** Evaluates it as the image does, with objects that keep what they are given. */
  const evaluate = (files: Readonly<Record<string, string>>) => {
    const folder = temporaryFolder();
    for (const [name, text] of Object.entries(files)) {
      fs.writeFileSync(path.join(folder, name), text);
    }
    const config = (environment["GITLAB_OMNIBUS_CONFIG"] ?? "").replaceAll("/run/secrets", folder);
    const program = `
      require "json"
      class Configuration
        def initialize = @kept = Hash.new { |all, name| all[name] = {} }
        def external_url(url) = @kept["external_url"]["url"] = url
        def method_missing(name, *) = @kept[name.to_s]
        def read(text)
          eval text
          @kept
        end
      end
      puts JSON.generate(Configuration.new.read(ENV["GITLAB_OMNIBUS_CONFIG"]))`;
    const { status, stdout, stderr } = spawnSync("ruby", ["-e", program], {
      encoding: "utf8",
      env: { PATH: process.env["PATH"], GITLAB_OMNIBUS_CONFIG: config },
    });
    return { status, stderr, kept: status === 0 ? (JSON.parse(stdout) as Record<string, unknown>) : {} };
  };

  test("GIVEN the files THEN the database is the lab's, passwords come without the line's end, and what is not needed is off", () => {
    const { kept, stderr } = evaluate({ gitlab_db_password: "db-pass\n", gitlab_root_password: "root-pass\n" });

    expect(stderr).toBe("");
    expect(kept).toMatchObject({
      external_url: { url: "http://gitlab.lab.local:8081" },
      gitlab_rails: {
        db_adapter: "postgresql",
        db_host: "postgres.lab.local",
        db_port: 5432,
        db_database: "gitlab",
        db_username: "gitlab",
        db_password: "db-pass",
        initial_root_password: "root-pass",
        display_initial_root_password: false,
        store_initial_root_password: false,
        registry_enabled: false,
      },
      puma: { worker_processes: 0 },
      sidekiq: { concurrency: 5 },
    });
    for (const service of ["postgresql", "prometheus", "prometheus_monitoring", "gitlab_kas", "registry"]) {
      expect([service, kept[service]]).toEqual([service, { enable: false }]);
    }
  });

  test("fails without the password of the database, instead of starting with none", () => {
    const { status, stderr } = evaluate({ gitlab_root_password: "root-pass" });
    expect(status).not.toBe(0);
    expect(stderr).toContain("gitlab_db_password");
  });
});

describe("the README's commands", () => {
  test("GIVEN a home WHEN root's first password is made twice THEN it is its owner's alone, and the same one", () => {
    const home = temporaryFolder();
    const folder = path.join(home, ".config/socle-lab");
    fs.mkdirSync(folder, { recursive: true });
    const file = path.join(folder, "gitlab_root_password");
    const hosts = path.join(home, "hosts");
    fs.writeFileSync(hosts, "127.0.0.1 gitlab.lab.local\n");
    const commands = commandsOf(readme("Before the first apply")).replaceAll("/etc/hosts", hosts);
    const run = () => spawnSync("sh", ["-euc", commands], { encoding: "utf8", env: { ...process.env, HOME: home } });

    expect(run()).toMatchObject({ status: 0, stderr: "" });
    const first = fs.readFileSync(file, "utf8");
    expect(run()).toMatchObject({ status: 0, stderr: "" });

    expect(fs.readFileSync(file, "utf8")).toBe(first);
    expect(first).toMatch(/^[0-9a-f]{48}\n$/);
    expect((fs.statSync(file).mode & 0o777).toString(8)).toBe("600");
  });

  test("WHEN GitLab is backed up THEN it is outside the repository, for its owner alone", () => {
    const home = temporaryFolder();
    const stack = path.join(home, "stack");
    fs.mkdirSync(stack);
    fs.writeFileSync(path.join(home, "docker"), `#!/bin/sh\necho "$@" | tee -a "${home}/calls"\n`, { mode: 0o755 });

    const { status, stderr } = spawnSync("sh", ["-euc", commandsOf(readme("Backup"))], {
      cwd: stack,
      encoding: "utf8",
      env: { PATH: `${home}:${process.env["PATH"]}`, HOME: home },
    });

    const folder = path.join(home, "socle-lab-backup");
    const keys = path.join(folder, "gitlab-secrets.json");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(fs.readFileSync(path.join(home, "calls"), "utf8").trim().split("\n")).toEqual([
      "exec lab-gitlab gitlab-backup create STRATEGY=copy",
      `cp lab-gitlab:/var/opt/gitlab/backups/. ${folder}`,
      "exec lab-gitlab cat /etc/gitlab/gitlab-secrets.json",
    ]);
    expect([folder, keys].map((file) => (fs.statSync(file).mode & 0o777).toString(8))).toEqual(["700", "600"]);
    expect(fs.readdirSync(stack)).toEqual([]);
  });

  test("GIVEN a container WHEN root's token is made THEN the console reads what to do, and the file is its owner's alone", () => {
    const folder = temporaryFolder();
    fs.writeFileSync(
      path.join(folder, "docker"),
      `#!/bin/sh\necho "$@" >"${folder}/arguments"\ncat >"${folder}/input"\necho glpat-token\n`,
      { mode: 0o755 },
    );

    const { status, stderr } = spawnSync("sh", ["-euc", commandsOf(readme("A token for root"))], {
      encoding: "utf8",
      env: { PATH: `${folder}:${process.env["PATH"]}`, secrets: folder },
    });

    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const read = (name: string) => fs.readFileSync(path.join(folder, name), "utf8");
    expect(read("arguments")).toBe("exec --interactive lab-gitlab gitlab-rails runner -\n");
    expect(read("input")).toContain('User.find_by_username!("root")');
    expect(read("gitlab_token")).toBe("glpat-token\n");
    expect((fs.statSync(path.join(folder, "gitlab_token")).mode & 0o777).toString(8)).toBe("600");
  });
});
