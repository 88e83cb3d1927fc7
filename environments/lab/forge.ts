import { Fn, TerraformOutput } from "cdktf";
import { DockerProvider } from "@cdktf/provider-docker/lib/provider";
import { DockerContainer } from "../../constructs/compute/docker-container";
import { DockerVolume } from "../../constructs/compute/docker-volume";
import { type Environment } from "../../constructs/core/environment";
import { Layer } from "../../constructs/core/layer";
import { forgeInputs } from "./forge-inputs";
import { forgeReadme } from "./forge-readme";
import { publicName } from "./names";
import { containerAddress, CONTAINERS } from "./network";
import { type LabSettings } from "./settings";

/** The layers that GitLab needs. */
export interface ForgeSources {
  readonly servicesLayer: Layer;
  readonly bootstrapLayer: Layer;
}

/** File below `secrets_dir` with the password that GitLab's root has at first. */
export const GITLAB_ROOT_PASSWORD_FILE = "gitlab_root_password";

/** Where the container finds its secrets. */
const MOUNTED = { database: "/run/secrets/gitlab_db_password", root: `/run/secrets/${GITLAB_ROOT_PASSWORD_FILE}` };

/** What GitLab keeps: volume → its folder in the image. */
const DATA = { config: "/etc/gitlab", logs: "/var/log/gitlab", data: "/var/opt/gitlab" };

/**
 * Omnibus starts as root, makes folders for the users of its services, starts each service as one of them, and stops it.
 * Without these it cannot; those of Docker's default that only SSH needs, which does not run, are left out.
 *
 * @see https://gitlab.com/gitlab-org/omnibus-gitlab/-/issues/1800
 */
const CAPABILITIES = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FOWNER",
  // Folders of repositories have the setgid bit of a group that root is not in.
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_SETGID",
  "CAP_SETUID",
];

/** The third layer of the lab: GitLab CE, where the repositories are that Argo CD and Airflow read. */
export function labForge(
  environment: Environment,
  settings: LabSettings,
  { servicesLayer, bootstrapLayer }: ForgeSources,
): Layer {
  const { name } = environment;
  const { port } = CONTAINERS.gitlab;
  const hostName = publicName(settings, "gitlab");
  const address = `http://${hostName}:${port}`;
  const container = `${name}-gitlab`;
  const volumeName = (volume: string) => `${container}-${volume}`;
  const layer = new Layer(environment, `${name}-forge`, {
    description: "GitLab CE, as a container of the local Docker, on a database of the lab's PostgreSQL.",
    readme: forgeReadme({
      address,
      hostName,
      container,
      rootPasswordFile: GITLAB_ROOT_PASSWORD_FILE,
      volumes: Object.keys(DATA).map(volumeName),
      keepData: settings.keepData,
    }),
  });
  const inputs = forgeInputs(layer);
  const services = layer.read(servicesLayer);
  const bootstrap = layer.read(bootstrapLayer);
  new DockerProvider(layer, "docker");

  const volumes = Object.entries(DATA).map(
    ([id, folder]) =>
      [folder, new DockerVolume(layer, `gitlab_${id}`, { name: volumeName(id), keep: settings.keepData })] as const,
  );
  new DockerContainer(layer, "gitlab", {
    name: container,
    image: settings.images.gitlab,
    digest: inputs.imageDigest.stringValue,
    network: { name: services.getString("network_name") },
    ipv4Address: containerAddress(settings, "gitlab"),
    hostName,
    ports: [port],
    memoryMib: inputs.memoryMib.numberValue,
    // What GitLab's documentation asks for.
    sharedMemoryMib: 256,
    // It writes its configuration to /opt/gitlab at each start.
    writableRoot: true,
    capabilities: CAPABILITIES,
    environment: {
      GITLAB_OMNIBUS_CONFIG: omnibusConfig(address, publicName(settings, "postgres")),
      GITLAB_DISABLE_OPENSSH: "true",
      // gitlab.rb has no word for it. The lab goes on without: nobody but this machine reaches the page.
      GITLAB_POST_RECONFIGURE_SCRIPT:
        "gitlab-rails runner '::Gitlab::CurrentSettings.update!(signup_enabled: false)' || echo 'Sign-up could not be turned off: see Sign-up in the README of the layer lab-forge.'",
      // Another container takes the place of this one when it changes: GitLab reads the password when it starts.
      DATABASE_LOGIN_VERSION: bootstrap.getString("gitlab_password_version"),
    },
    volumes: Object.fromEntries(volumes),
    files: {
      [MOUNTED.database]: bootstrap.getString("gitlab_password_path"),
      [MOUNTED.root]: Fn.join("/", [services.getString("secrets_path"), GITLAB_ROOT_PASSWORD_FILE]),
    },
    // With what it depends on: database, Redis, Gitaly. Not the image's own check, which calls it healthy before it is configured.
    healthCheck: [
      "/opt/gitlab/embedded/bin/curl",
      "--fail",
      "--silent",
      "--show-error",
      "--output",
      "/dev/null",
      `http://127.0.0.1:${port}/-/readiness?all=1`,
    ],
    healthCheckSeconds: 30,
    // The first one loads the schema.
    startSeconds: 900,
    stopSeconds: 120,
  });

  const output = (id: string, value: string, description: string) =>
    new TerraformOutput(layer, id, { value, description });
  output("gitlab_address", address, "Address of GitLab, in the network and on this machine.");
  output("gitlab_container", container, "Name of GitLab's container.");
  return layer;
}

/** What Omnibus is configured with, in Ruby: secrets are read from files when GitLab starts. */
function omnibusConfig(address: string, databaseHost: string): string {
  // https://docs.gitlab.com/omnibus/settings/memory_constrained_envs/
  const malloc = "{ 'MALLOC_CONF' => 'dirty_decay_ms:1000,muzzy_decay_ms:1000' }";
  const off = [
    "postgresql",
    "alertmanager",
    "gitlab_exporter",
    "gitlab_kas",
    "node_exporter",
    "postgres_exporter",
    "prometheus",
    "prometheus_monitoring",
    "redis_exporter",
    "registry",
    "letsencrypt",
  ];
  return [
    `external_url '${address}'`,
    ...off.map((service) => `${service}['enable'] = false`),
    "gitlab_rails['db_adapter'] = 'postgresql'",
    "gitlab_rails['db_encoding'] = 'unicode'",
    `gitlab_rails['db_host'] = '${databaseHost}'`,
    `gitlab_rails['db_port'] = ${CONTAINERS.postgres.port}`,
    "gitlab_rails['db_database'] = 'gitlab'",
    "gitlab_rails['db_username'] = 'gitlab'",
    `gitlab_rails['db_password'] = File.read('${MOUNTED.database}').strip`,
    `gitlab_rails['initial_root_password'] = File.read('${MOUNTED.root}').strip`,
    "gitlab_rails['display_initial_root_password'] = false",
    "gitlab_rails['store_initial_root_password'] = false",
    "gitlab_rails['registry_enabled'] = false",
    "gitlab_rails['usage_ping_enabled'] = false",
    `gitlab_rails['env'] = ${malloc}`,
    `gitaly['env'] = ${malloc}`,
    // A single process with four threads.
    "puma['worker_processes'] = 0",
    "puma['exporter_enabled'] = false",
    "sidekiq['concurrency'] = 5",
    "sidekiq['metrics_enabled'] = false",
    // A workstation's disk is not a server's.
    "logging['svlogd_size'] = 20 * 1024 * 1024",
    "logging['svlogd_num'] = 3",
  ].join("\n");
}
