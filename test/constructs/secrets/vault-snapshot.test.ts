import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { Pods } from "../../../constructs/cluster/network-policy";
import { Monitors } from "../../../constructs/observability/monitors";
import { VAULT_SNAPSHOT, VaultSnapshot, type VaultSnapshotProps } from "../../../constructs/secrets/vault-snapshot";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";

const FOLDER = "constructs/secrets/vault-snapshot";

const build = (props: Partial<VaultSnapshotProps> = {}) =>
  synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const namespace = testNamespace(cluster, "vault");
    const monitoring = testNamespace(cluster, "monitoring");
    const prometheus = new Pods(layer, "prometheus", { namespace: monitoring, labels: { app: "prometheus" } });
    new VaultSnapshot(layer, "snapshot", {
      namespace,
      image: "hashicorp/vault:2.0.4",
      address: "https://vault-active.vault:8200",
      vault: new Pods(layer, "server", { namespace, labels: { component: "server" } }),
      caCertificate: { secretName: "vault-ca", key: "ca.crt" },
      target: { endpoint: "https://s3.example.com", bucket: "backups", region: "eu" },
      copy: { endpoint: "", bucket: "", region: "eu" },
      accessKey: { secretName: "keys", key: "access-key" },
      secretKey: { secretName: "keys", key: "secret-key" },
      schedule: "45 1 * * *",
      retentionDays: 30,
      monitors: new Monitors(layer, "monitors", { prometheus, namespace }),
      ...props,
    });
  });

/** A stand-in for a program, which answers by its arguments and keeps them. */
const standIn = (folder: string, name: string, script: string) => {
  fs.writeFileSync(path.join(folder, name), `#!/bin/sh\necho "${name} $*" >>"${folder}/calls"\n${script}\n`, {
    mode: 0o755,
  });
};

const take = (folder: string, environment: Readonly<Record<string, string>>) => {
  const { status, stderr } = spawnSync("sh", [`${FOLDER}/take.sh`], {
    encoding: "utf8",
    env: {
      PATH: `${folder}:${process.env["PATH"] ?? ""}`,
      FILE: path.join(folder, "vault.snap"),
      ...environment,
    },
  });
  const calls = path.join(folder, "calls");
  return { status, stderr, calls: fs.existsSync(calls) ? fs.readFileSync(calls, "utf8").trim().split("\n") : [] };
};

describe("VaultSnapshot", () => {
  const built = build();

  test("GIVEN a schedule THEN a restricted pod takes a snapshot as its own role, and uploads it after", () => {
    const { metadata, spec } = only(built.json.resource?.["kubernetes_cron_job_v1"]) as {
      metadata: unknown;
      spec: { schedule: string; timezone: string; concurrency_policy: string; job_template: { spec: JobSpec } };
    };
    interface JobSpec {
      template: {
        spec: {
          service_account_name: string;
          automount_service_account_token: boolean;
          security_context: unknown;
          init_container: Container[];
          container: Container[];
          volume: unknown[];
        };
      };
    }
    interface Container {
      name: string;
      image: string;
      command: string[];
      env: { name: string; value?: string; value_from?: unknown }[];
      security_context: unknown;
      volume_mount: { name: string }[];
    }
    expect(metadata).toMatchObject({ name: "vault-snapshot", namespace: "vault" });
    expect(spec).toMatchObject({ schedule: "45 1 * * *", timezone: "Etc/UTC", concurrency_policy: "Forbid" });
    const pod = spec.job_template.spec.template.spec;
    expect(pod).toMatchObject({
      service_account_name: "${kubernetes_service_account_v1.snapshot_account.metadata[0].name}",
      automount_service_account_token: false,
      security_context: { run_as_non_root: true, seccomp_profile: { type: "RuntimeDefault" } },
    });
    expect([pod.init_container, pod.container].map((all) => all.map(({ name, image }) => [name, image]))).toEqual([
      [["take", "hashicorp/vault:2.0.4"]],
      [["upload", "docker.io/amazon/aws-cli:2.37.5"]],
    ]);
    for (const container of [...pod.init_container, ...pod.container]) {
      expect(container.security_context).toEqual({
        allow_privilege_escalation: false,
        read_only_root_filesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    }
    const environment = (container: Container | undefined) =>
      Object.fromEntries((container?.env ?? []).map(({ name, value, value_from: from }) => [name, value ?? from]));
    expect(environment(pod.init_container[0])).toEqual({
      VAULT_ADDR: "https://vault-active.vault:8200",
      VAULT_CACERT: "/var/run/secrets/vault/ca.crt",
      VAULT_ROLE: VAULT_SNAPSHOT.role,
      VAULT_AUTH_MOUNT: "kubernetes",
      TOKEN_FILE: "/var/run/secrets/vault/token",
      FILE: "/file/made.snap",
      HOME: "/tmp",
    });
    expect(environment(pod.container[0])).toMatchObject({
      PREFIX: "vault/vault",
      EXTENSION: "snap",
      ENDPOINT: "https://s3.example.com",
      AWS_ACCESS_KEY_ID: { secret_key_ref: { name: "keys", key: "access-key" } },
      AWS_SECRET_ACCESS_KEY: { secret_key_ref: { name: "keys", key: "secret-key" } },
    });
    expect(
      [pod.init_container[0], pod.container[0]].map((each) => each?.volume_mount.some(({ name }) => name === "vault")),
    ).toEqual([true, false]);
    expect(pod.volume).toContainEqual({
      name: "vault",
      projected: [
        {
          sources: [
            { service_account_token: { path: "token", audience: "vault", expiration_seconds: 600 } },
            { secret: [{ name: "vault-ca", items: [{ key: "ca.crt", path: "ca.crt" }] }] },
          ],
        },
      ],
    });
  });

  test("THEN it reaches Vault and the internet, and nothing else", () => {
    const flows = flowsOf(built.json).filter(
      ([direction, pods]) => direction === "egress" && pods === "vault/vault-snapshot",
    );
    expect(flows).toEqual([
      ["egress", "vault/vault-snapshot", expect.stringMatching(/^0\.0\.0\.0\/0 -10\.0\.0\.0\/8 /), "443"],
      ["egress", "vault/vault-snapshot", "vault/server", "8200"],
    ]);
  });

  test("THEN a snapshot that was missed wakes somebody", () => {
    const [values] = only(built.json.resource?.["helm_release"])["values"] as string[];
    expect(parse(values ?? "")).toMatchObject({
      manifests: {
        "PrometheusRule/vault-snapshot": {
          spec: {
            groups: [
              {
                rules: [
                  {
                    alert: "VaultSnapshotMissed",
                    expr: 'time() - (kube_cronjob_status_last_successful_time{namespace="vault", cronjob="vault-snapshot"} or kube_cronjob_created{namespace="vault", cronjob="vault-snapshot"}) > 26 * 3600',
                    labels: { severity: "critical" },
                  },
                ],
              },
            ],
          },
        },
      },
    });
  });

  test("fails for a schedule that is none, and days that are not whole", () => {
    expect(() => build({ schedule: "daily", retentionDays: 0 })).toThrow(
      [
        "test/snapshot: 2 problems",
        '  - schedule is "daily": it has five fields, such as "30 2 * * *"',
        "  - retentionDays is 0: use a whole number from 1 on",
      ].join("\n"),
    );
  });
});

describe("take.sh", () => {
  const LOGIN = { VAULT_AUTH_MOUNT: "kubernetes", VAULT_ROLE: "vault-snapshot", TOKEN_FILE: "/token" };

  test("GIVEN Vault THEN a snapshot is taken with a login that is revoked, once it was looked into", () => {
    const folder = temporaryFolder();
    standIn(
      folder,
      "vault",
      'case "$*" in "write "*) echo token-1;; *"snapshot save"*) [ "$VAULT_TOKEN" = token-1 ] && echo data >"$FILE";; esac',
    );
    const { status, calls } = take(folder, LOGIN);
    expect(status).toBe(0);
    expect(calls).toEqual([
      "vault write -field=token auth/kubernetes/login role=vault-snapshot jwt=@/token",
      `vault operator raft snapshot save ${folder}/vault.snap`,
      `vault operator raft snapshot inspect ${folder}/vault.snap`,
      "vault token revoke -self",
    ]);
  });

  test("fails when Vault is sealed, without a snapshot", () => {
    const folder = temporaryFolder();
    standIn(folder, "vault", 'echo "Vault is sealed" >&2; exit 2');
    const { status, stderr, calls } = take(folder, LOGIN);
    expect(status).not.toBe(0);
    expect(stderr).toContain("Vault is sealed");
    expect(calls).toHaveLength(1);
  });

  describeWithProgram("shellcheck", "shellcheck", () => {
    test("take.sh passes", () => {
      const { stdout, status } = spawnSync("shellcheck", [`${FOLDER}/take.sh`], { encoding: "utf8" });
      expect([status, stdout]).toEqual([0, ""]);
    });
  });
});
