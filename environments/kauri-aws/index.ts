import { type App, TerraformOutput } from "cdktf";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { composeHostUserData } from "../../constructs/compute/compose-host";
import { Server } from "../../constructs/compute/server";
import { Environment } from "../../constructs/core/environment";
import { Layer } from "../../constructs/core/layer";
import { ProjectBudget, ProjectCostAllocation } from "../../constructs/cost/project-budget";
import { ServerSchedule } from "../../constructs/cost/server-schedule";
import { ImageRegistry } from "../../constructs/delivery/image-registry";
import { Firewall } from "../../constructs/network/firewall";
import { PublicNetwork } from "../../constructs/network/public-network";
import { NotificationTopic } from "../../constructs/observability/notification-topic";
import { ServerAlarms } from "../../constructs/observability/server-alarms";
import { ServerTelemetry } from "../../constructs/observability/server-telemetry";
import { SecretParameters } from "../../constructs/secrets/secret-parameters";
import { AwsAccount } from "../../constructs/security/aws-account";
import { ServerRole } from "../../constructs/security/service-role";
import { PrivateBucket } from "../../constructs/storage/private-bucket";
import { addCloudflareRecord } from "./cloudflare";
import { kauriInputs } from "./inputs";
import { README } from "./readme";
import { checkKauriSettings, type KauriSettings, SETTINGS } from "./settings";

/** kauri-aws: one scheduled ARM server that runs a Docker Compose application, with its budget. */
export default function kauriAws(app: App, settings: KauriSettings = SETTINGS): Environment {
  const checked = checkKauriSettings(settings);
  const environment = new Environment(app, "kauri-aws", {
    description: "One ARM server on AWS that works weekdays from 7 to 21, with its data, secrets, alarms and budgets.",
    backend: checked.backend,
  });
  const layer = new Layer(environment, "kauri-aws", {
    description:
      "One Ubuntu server (ARM) in a VPC of its own, started and stopped by the clock, with a data volume, a bucket, secret parameters, alarms and two budgets.",
    readme: README,
  });

  const inputs = kauriInputs(layer);
  const project = inputs.projectName.stringValue;
  const region = inputs.awsRegion.stringValue;
  const tags = { Project: project, Environment: environment.name, ManagedBy: "Terraform" };
  new AwsProvider(layer, "aws", { region, defaultTags: [{ tags }] });
  const account = new AwsAccount(layer, "account", region);

  const topic = new NotificationTopic(layer, "notifications", {
    name: `${project}-notifications`,
    account,
    emails: inputs.budgetNotificationEmails,
  });
  new ProjectBudget(layer, "budget_global", {
    name: "global",
    monthlyLimitUsd: inputs.globalBudgetUsd.numberValue,
    notify: topic,
  });
  new ProjectBudget(layer, "budget_project", {
    name: project,
    monthlyLimitUsd: inputs.projectBudgetUsd.numberValue,
    project,
    notify: topic,
  });
  new ProjectCostAllocation(layer, "cost_allocation", { activate: checked.activateCostAllocationTag });

  const network = new PublicNetwork(layer, "network", { name: project, cidrBlock: checked.vpcCidrBlock });
  const firewall = new Firewall(layer, "firewall", {
    name: `${project}-server`,
    description: "Traffic of the server",
    vpcId: network.vpcId,
  });
  firewall.allowFromWorld("http", { port: 80, purpose: "HTTP" });
  firewall.allowFromWorld("https", { port: 443, purpose: "HTTPS" });
  firewall.allowFrom(inputs.adminCidrBlocks, "ssh", { port: 22, purpose: "SSH" });
  firewall.allowFrom(inputs.adminCidrBlocks, "grafana", { port: 3000, purpose: "Grafana" });

  const bucket = new PrivateBucket(layer, "bucket", {
    bucketName: `${project}-${account.id}-${region}`,
    folders: {
      "base_connaissances/": "keep",
      "dumps/": { glacierAfterDays: 7, deepArchiveAfterDays: 97, expireAfterDays: 365 },
    },
  });
  const parameters = new SecretParameters(layer, "parameters", {
    prefix: `/${project}/`,
    values: inputs.ssmParameters,
    version: inputs.ssmParametersVersion,
    account,
  });
  const telemetry = new ServerTelemetry(layer, "telemetry", {
    logGroupName: `/${project}/server`,
    namespace: project,
  });
  const images = new ImageRegistry(layer, "images", { namespace: project, account, ...checked.images });

  const role = new ServerRole(layer, "server_role", { name: `${project}-server` });
  parameters.grantRead(role);
  bucket.grantReadWrite(role);
  telemetry.grantWrite(role);
  images.grantPull(role);

  const server = new Server(layer, "server", {
    name: `${project}-server`,
    network,
    securityGroupId: firewall.securityGroupId,
    role,
    instanceType: inputs.instanceType.stringValue,
    keyName: inputs.sshKeyName.stringValue,
    useSpot: inputs.useSpotInstance.booleanValue,
    dataVolumeGib: inputs.dataVolumeGib.numberValue,
    tags,
    userData: (dataVolumeId) =>
      composeHostUserData({
        name: "kauri",
        region,
        dataVolumeId,
        bindMounts: [
          { directory: "postgres", target: "/data/postgres" },
          { directory: "redis", target: "/data/redis" },
          { directory: "chroma", target: "/data/chroma" },
          { directory: "models", target: "/opt/models" },
        ],
        bucket: bucket.bucketName,
        dumpsPrefix: "dumps/",
        parameterPrefix: parameters.prefix,
        timezone: inputs.schedulerTimezone.stringValue,
        dumpTime: checked.dumpTime,
        metricsNamespace: telemetry.namespace,
        logGroup: telemetry.logGroupName,
      }),
  });
  new ServerSchedule(layer, "schedule", {
    name: project,
    account,
    instanceId: server.instanceId,
    enabled: inputs.scheduleEnabled.booleanValue,
    startExpression: inputs.schedulerStartExpression.stringValue,
    stopExpression: inputs.schedulerStopExpression.stringValue,
    timezone: inputs.schedulerTimezone.stringValue,
  });
  new ServerAlarms(layer, "alarms", {
    name: `${project}-server`,
    region,
    instanceId: server.instanceId,
    notify: topic,
    usesSpot: inputs.useSpotInstance.booleanValue,
  });
  if (checked.cloudflareRecord) {
    addCloudflareRecord(layer, { ...checked.cloudflareRecord, address: server.publicIp });
  }

  const output = (name: string, description: string, value: string) =>
    new TerraformOutput(layer, name, { description, value });
  output(
    "public_ip",
    "Public IPv4 address of the server; it stays when the server is stopped or replaced.",
    server.publicIp,
  );
  output(
    "ssh_command",
    "Opens a shell on the server, with the private key of ssh_key_name.",
    `ssh ubuntu@${server.publicIp}`,
  );
  output("grafana_url", "Grafana, for admin_cidr_blocks only.", `http://${server.publicIp}:3000`);
  output("instance_id", "Id of the EC2 instance.", server.instanceId);
  output("bucket_name", "Bucket with base_connaissances/ and dumps/.", bucket.bucketName);
  output("parameter_prefix", "Path below which the secret parameters are.", parameters.prefix);
  output("notification_topic_arn", "SNS topic of budget warnings and alarms.", topic.arn);
  return environment;
}
