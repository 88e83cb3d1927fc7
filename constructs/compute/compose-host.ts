import { Fn, Token } from "cdktf";
import { SocleError } from "../core/error";
import { readProjectFile } from "../core/files";
import { assertUserDataFits, type CloudConfigFile, renderCloudConfig, shellAssignments } from "./cloud-config";
import { renderUnit, type UnitSections } from "./systemd-unit";

/** A directory of the data volume and the path at which the application finds it. */
export interface BindMount {
  /** One name, such as `postgres`. */
  readonly directory: string;
  /** Absolute path, such as `/data/postgres`. */
  readonly target: string;
}

export interface ComposeHostProps {
  /** Names the units, scripts and folders: the application is `/opt/<name>/compose.yaml`. */
  readonly name: string;
  readonly region: string;
  /** Id of the EBS volume, which may be attached at any time after the first boot. */
  readonly dataVolumeId: string;
  readonly bindMounts: readonly BindMount[];
  /** Bucket for database dumps. */
  readonly bucket: string;
  /** Where in the bucket they go, such as `dumps/`. */
  readonly dumpsPrefix: string;
  /** Path below which the SSM parameters are, with a `/` at both ends. */
  readonly parameterPrefix: string;
  /** The server's time zone, such as `Europe/Paris`. */
  readonly timezone: string;
  /** When the databases are dumped, `HH:MM` in that zone. A missed dump is made up for at the next boot. */
  readonly dumpTime: string;
  /** CloudWatch namespace for the server's metrics and the size of dumps. */
  readonly metricsNamespace: string;
  /** CloudWatch log group for syslog and cloud-init's output. */
  readonly logGroup: string;
}

/** Key that signs the CloudWatch agent. @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/verify-CloudWatch-Agent-Package-Signature.html */
const CLOUDWATCH_AGENT_KEY = "937616F3450B7D806CBD9725D58167303B789C72";

/**
 * User data of an Ubuntu 22.04 server (arm64, AWS) that runs a Docker Compose application with its data on a volume of
 * its own. All of it is safe to run again, at every boot and on a server that replaces another one.
 *
 * - `<name>-data`: waits for the volume, formats it only when it is blank, mounts it at `/srv/<name>`, grows the
 *   filesystem to the volume's size and makes the bind mounts. Docker starts after it, and not without it: a container
 *   never writes below an empty mount point.
 * - `<name>`: `docker compose up` at every boot, with `/run/<name>/secrets.env` (for `env_file`) from SSM.
 * - `<name>-dump`: the nightly dump of the Compose service `postgres`.
 * - `<name>-monitoring`: the CloudWatch agent: memory, swap, and disk use of `/` and `/srv/<name>`.
 *
 * The server's role must allow `ssm:GetParametersByPath` below the prefix, `s3:PutObject` below `dumpsPrefix`,
 * `cloudwatch:PutMetricData`, and `logs:CreateLogStream`, `logs:DescribeLogStreams`, `logs:PutLogEvents`.
 *
 * @throws SocleError with every malformed prop, or when the result cannot fit AWS's 16 KiB
 */
export function composeHostUserData(props: ComposeHostProps): string {
  const { name } = props;
  const where = `user data of "${name}"`;
  SocleError.throwIfAny(where, problemsOf(props));

  const text = renderCloudConfig({
    timezone: props.timezone,
    package_update: true,
    packages: ["docker.io", "docker-compose-v2", "amazon-ecr-credential-helper", "awscli", "jq"],
    write_files: [
      { path: `/etc/${name}/environment`, content: environmentFile(props) },
      ...["data", "parameters", "dump", "monitoring"].map((script) => ({
        path: `/usr/local/sbin/${name}-${script}`,
        content: readProjectFile(`constructs/compute/compose-host/${script}.sh`),
        permissions: "0755",
      })),
      ...unitFiles(props),
      { path: `/etc/${name}/cloudwatch-agent.json`, content: json(agentConfiguration(props)) },
      // Docker's default driver never rotates; this one does.
      { path: "/etc/docker/daemon.json", content: json({ "log-driver": "local" }) },
      { path: "/root/.docker/config.json", content: json({ credsStore: "ecr-login" }) },
    ],
    // The volume is attached when the instance runs already: nothing here waits for it.
    runcmd: [
      ["systemctl", "daemon-reload"],
      ["systemctl", "enable", `${name}-data`, name, `${name}-monitoring`, `${name}-dump.timer`],
      ["systemctl", "start", "--no-block", `${name}-data`, `${name}-monitoring`, `${name}-dump.timer`],
    ],
  });
  assertUserDataFits(where, text);
  return text;
}

/** The systemd units, as cloud-init writes them. */
function unitFiles({ name, dumpTime }: ComposeHostProps): CloudConfigFile[] {
  const script = (suffix: string) => `/usr/local/sbin/${name}-${suffix}`;
  const data = `${name}-data.service`;
  const app = `${name}.service`;
  const online = "network-online.target";
  const file = (unit: string, sections: UnitSections) => ({
    path: `/etc/systemd/system/${unit}`,
    content: renderUnit(sections),
  });
  return [
    file(data, {
      Unit: {
        Description: `Data volume of ${name}`,
        // When a retry succeeds, what could not start without the volume starts too.
        Wants: `docker.service ${app}`,
        StartLimitIntervalSec: "0",
      },
      Service: {
        Type: "oneshot",
        RemainAfterExit: "yes",
        ExecStart: script("data"),
        Restart: "on-failure",
        RestartSec: "30",
      },
      Install: { WantedBy: "multi-user.target" },
    }),
    {
      ...file(`docker.service.d/${name}.conf`, {
        // A stop of Docker, such as for its upgrade, stops the application as well; its start starts it again.
        Unit: { Requires: data, After: data, Wants: app },
      }),
      // Not before Docker is installed: its package starts it, and would wait for the volume.
      defer: true,
    },
    file(app, {
      Unit: {
        Description: `Docker Compose application ${name}`,
        Requires: `docker.service ${data}`,
        Wants: online,
        After: `docker.service ${data} ${online}`,
        ConditionPathExists: `/opt/${name}/compose.yaml`,
      },
      Service: {
        Type: "oneshot",
        RemainAfterExit: "yes",
        WorkingDirectory: `/opt/${name}`,
        Environment: "HOME=/root",
        ExecStartPre: script("parameters"),
        ExecStart: "/usr/bin/docker compose up --detach --remove-orphans",
        ExecStop: "/usr/bin/docker compose down --timeout 60",
        // Images may have to be pulled.
        TimeoutStartSec: "15min",
        TimeoutStopSec: "3min",
        Restart: "on-failure",
        RestartSec: "30",
      },
      Install: { WantedBy: "multi-user.target" },
    }),
    file(`${name}-dump.service`, {
      Unit: {
        Description: `Database dump of ${name}`,
        Requires: data,
        Wants: online,
        After: `${data} ${app} ${online}`,
      },
      Service: { Type: "oneshot", ExecStart: script("dump"), TimeoutStartSec: "25min" },
    }),
    file(`${name}-dump.timer`, {
      Unit: { Description: `Nightly database dump of ${name}` },
      Timer: { OnCalendar: `*-*-* ${dumpTime}:00`, Persistent: "true" },
      Install: { WantedBy: "timers.target" },
    }),
    file(`${name}-monitoring.service`, {
      Unit: { Description: `CloudWatch agent for ${name}`, Wants: online, After: online },
      Service: {
        Type: "oneshot",
        RemainAfterExit: "yes",
        ExecStart: script("monitoring"),
        Restart: "on-failure",
        RestartSec: "60",
      },
      Install: { WantedBy: "multi-user.target" },
    }),
  ];
}

/** What the scripts know, as shell assignments. */
function environmentFile(props: ComposeHostProps): string {
  const { name } = props;
  const values = {
    REGION: props.region,
    // On Nitro the device name of the attachment does not exist; the volume's serial number is its id without the dash.
    DATA_DISK: `/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${Fn.replace(props.dataVolumeId, "-", "")}`,
    DATA_MOUNT: `/srv/${name}`,
    DATA_WAIT: "60",
    BIND_MOUNTS: props.bindMounts.map(({ directory, target }) => `${directory}:${target}`).join(" "),
    APP_DIR: `/opt/${name}`,
    SECRETS_DIR: `/run/${name}`,
    PARAMETER_PREFIX: props.parameterPrefix,
    BUCKET: props.bucket,
    DUMPS_PREFIX: props.dumpsPrefix,
    DUMP_WAIT: "120",
    METRICS_NAMESPACE: props.metricsNamespace,
    AGENT_CTL: "/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl",
    AGENT_CONFIG: `/etc/${name}/cloudwatch-agent.json`,
    AGENT_KEY: CLOUDWATCH_AGENT_KEY,
  };
  return shellAssignments(values);
}

/** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Agent-Configuration-File-Details.html */
function agentConfiguration({ name, metricsNamespace, logGroup }: ComposeHostProps): unknown {
  const log = (file: string, stream: string) => ({
    file_path: file,
    log_group_name: logGroup,
    log_stream_name: `{instance_id}/${stream}`,
  });
  return {
    agent: { run_as_user: "root" },
    metrics: {
      namespace: metricsNamespace,
      append_dimensions: { InstanceId: "${aws:InstanceId}" },
      metrics_collected: {
        mem: { measurement: ["mem_used_percent"] },
        swap: { measurement: ["swap_used_percent"] },
        // Without the device, which may have another name at the next boot: an alarm names InstanceId, path and fstype.
        disk: { measurement: ["disk_used_percent"], resources: ["/", `/srv/${name}`], drop_device: true },
      },
    },
    logs: {
      logs_collected: {
        files: {
          collect_list: [log("/var/log/syslog", "syslog"), log("/var/log/cloud-init-output.log", "cloud-init-output")],
        },
      },
    },
  };
}

const json = (value: unknown) => `${JSON.stringify(value)}\n`;

function problemsOf(props: ComposeHostProps): string[] {
  const problems: string[] = [];
  const check = (key: string, value: string, pattern: RegExp, accepted: string) => {
    if (!Token.isUnresolved(value) && !pattern.test(value)) {
      problems.push(`${key} is "${value}"; ${accepted}`);
    }
  };
  check("name", props.name, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'lower-case words joined by "-" are accepted');
  check("dumpTime", props.dumpTime, /^([01]\d|2[0-3]):[0-5]\d$/, "HH:MM from 00:00 to 23:59 is accepted");
  check("dumpsPrefix", props.dumpsPrefix, /^[\w.-]+\/([\w.-]+\/)*$/, 'names that each end with "/" are accepted');
  check("parameterPrefix", props.parameterPrefix, /^\/([\w.-]+\/)+$/, 'a path with "/" at both ends is accepted');
  props.bindMounts.forEach(({ directory, target }, index) => {
    check(`bindMounts[${index}].directory`, directory, /^[\w-][\w.-]*$/, "one name without a path is accepted");
    check(`bindMounts[${index}].target`, target, /^(\/[\w-][\w.-]*)+$/, "an absolute path is accepted");
    for (const key of ["directory", "target"] as const) {
      const first = props.bindMounts.findIndex((other) => other[key] === props.bindMounts[index]?.[key]);
      if (first !== index) {
        problems.push(`bindMounts[${index}].${key} is "${props.bindMounts[index]?.[key]}", as in bindMounts[${first}]`);
      }
    }
  });
  return problems;
}
