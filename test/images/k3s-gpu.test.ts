import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { SocleApp } from "../../constructs/core/app";
import { labCluster } from "../../environments/lab/cluster";
import { labServices } from "../../environments/lab/services";
import { SETTINGS } from "../../environments/lab/settings";
import { temporaryFolder, testEnvironment } from "../support/layers";
import { describeWithProgram } from "../support/programs";

const DOCKERFILE = fs.readFileSync("images/k3s-gpu/Dockerfile", "utf8");

/** Its instructions, each with its continued lines, without comments. */
const instructions = DOCKERFILE.replace(/^\s*#.*\n/gm, "").split(/(?<!\\)\n/);

const of = (name: string) =>
  instructions.filter((text) => text.startsWith(`${name} `)).map((text) => text.slice(name.length + 1));
const defaults = Object.fromEntries(of("ARG").map((text) => text.split("=", 2) as [string, string]));

describe("the image of the node with the card", () => {
  test("THEN every stage begins from an image of the arguments, and these have tags that stay", () => {
    expect(of("FROM")).toEqual(["${K3S} AS k3s", "${BASE} AS toolkit", "${BASE}"]);
    expect(defaults["BASE"]).toMatch(/^ubuntu:noble-\d{8}$/);
    expect(defaults["K3S"]).toMatch(/^rancher\/k3s:v\d+\.\d+\.\d+-k3s\d+$/);
  });

  test("THEN it has the release of K3s that the other nodes have", () => {
    expect(defaults["K3S"]).toBe(SETTINGS.images.k3s);
  });

  test("WHEN the README's commands run THEN it is built and pushed under the name that lab-cluster takes it by", () => {
    const root = temporaryFolder();
    const app = new SocleApp(path.join(root, "cdktf.out"));
    const environment = testEnvironment("lab", "local", app);
    labCluster(environment, SETTINGS, labServices(environment, SETTINGS));
    app.synth();
    const { variable } = JSON.parse(
      fs.readFileSync(path.join(root, "cdktf.out/stacks/lab-cluster/cdk.tf.json"), "utf8"),
    ) as { variable: Record<string, { default: string }> };
    fs.writeFileSync(path.join(root, "docker"), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
    const readme = fs.readFileSync("images/k3s-gpu/README.md", "utf8");

    const { status, stdout, stderr } = spawnSync("sh", ["-euc", /```sh\n([^]*?)```/.exec(readme)?.[1] ?? ""], {
      cwd: root,
      encoding: "utf8",
      env: { PATH: `${root}:${process.env["PATH"]}` },
    });

    const image = variable["gpu_image"]?.default;
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toBe(`build --tag ${image} images/k3s-gpu\npush ${image}\n`);
  });

  test("THEN NVIDIA's packages have an exact version, from a repository whose key is known", () => {
    expect(defaults["TOOLKIT_VERSION"]).toMatch(/^\d+\.\d+\.\d+-\d+$/);
    expect(defaults["KEY_FINGERPRINT"]).toMatch(/^[0-9A-F]{40}$/);
    expect(DOCKERFILE).toContain('apt-get download "${package}=${TOOLKIT_VERSION}"');
    expect(DOCKERFILE).not.toMatch(/http:\/\/|trusted=yes|apt-key|:latest/);
  });

  test("THEN it starts as K3s's own image does, with what the cluster's nodes keep in volumes", () => {
    expect(of("ENTRYPOINT")).toEqual(['["/bin/k3s"]']);
    expect(of("CMD")).toEqual(['["agent"]']);
    expect(of("VOLUME")).toEqual(['["/var/lib/kubelet", "/var/lib/rancher/k3s", "/var/lib/cni", "/var/log"]']);
    expect(of("ENV").join()).toMatch(/\bPATH=\S*:\/bin:\/bin\/aux\b/);
  });

  describeWithProgram("shellcheck", "its commands", () => {
    const scripts = of("RUN").map((text) => text.replace(/^(--\S+\s+)+(\\\n)?/, ""));

    test.each(scripts.map((script, index) => [index + 1, script]))(
      "THEN shellcheck has nothing to say of number %i",
      (...[, script]) => {
        const file = path.join(temporaryFolder(), "run.sh");
        const names = Object.keys(defaults);
        fs.writeFileSync(file, `#!/bin/bash\n${names.map((name) => `export ${name}=x\n`).join("")}${script}\n`);
        expect(spawnSync("shellcheck", [file], { encoding: "utf8" })).toMatchObject({ status: 0, stdout: "" });
      },
    );
  });

  describeWithProgram("gpg", "what looks at the key", () => {
    /** The part of the command between the download and the keyring, on a key of its own. */
    const check = (fingerprint: (own: string) => string) => {
      const home = fs.mkdtempSync(path.join(os.tmpdir(), "gpg-"));
      try {
        const env = { ...process.env, GNUPGHOME: home };
        const run = (command: string, more: NodeJS.ProcessEnv = {}) =>
          spawnSync("bash", ["-eu", "-o", "pipefail", "-c", command], { encoding: "utf8", env: { ...env, ...more } });
        run("gpg --batch --passphrase '' --quick-generate-key lab@example.com ed25519 sign never");
        const own = /^fpr:+([0-9A-F]{40}):/m.exec(run("gpg --list-keys --with-colons").stdout)?.[1] ?? "";
        fs.writeFileSync(path.join(home, "key.asc"), run("gpg --armor --export").stdout);
        const [pipe = ""] = /gpg --batch --show-keys[^]*?"\$\{KEY_FINGERPRINT\}"/.exec(of("RUN")[0] ?? "") ?? [];
        return run(pipe.replace("/tmp/key.asc", `${home}/key.asc`), { KEY_FINGERPRINT: fingerprint(own) }).status;
      } finally {
        spawnSync("gpgconf", ["--kill", "all"], { env: { ...process.env, GNUPGHOME: home } });
        fs.rmSync(home, { recursive: true, force: true });
      }
    };

    test("GIVEN the key with the fingerprint THEN it goes on", () => {
      expect(check((own) => own)).toBe(0);
    });

    test("fails for another key", () => {
      expect(check(() => "0".repeat(40))).not.toBe(0);
    });
  });
});
