import { type ITerraformDependable, type TerraformCount } from "cdktf";
import { Construct } from "constructs";
import { type INamespace } from "../cluster/namespace";
import { type Pods } from "../cluster/network-policy";
import { WorkloadJob } from "../cluster/workload-job";
import { SocleError } from "../core/error";
import { readProjectFile } from "../core/files";

/** curl and a shell. */
const IMAGE = "docker.io/curlimages/curl:8.16.0";

export interface ApiSmokeProps {
  readonly namespace: INamespace;
  /** Host name of the API. A token is fine. */
  readonly host: string;
  /** What answers it, and at which address inside the cluster; over HTTPS, unless it is asked behind its TLS. */
  readonly gateway: {
    readonly pods: Pods;
    /** Port of its pods, which policies see. */
    readonly podPort: number;
    /** Service and port, such as `traefik.traefik:443`. */
    readonly address: string;
    readonly scheme: "https" | "http";
  };
  /** Service → path at the host that answers 200 while it is well. */
  readonly checks: Readonly<Record<string, string>>;
  /** Another text whenever it has to run again: lower-case letters and digits. A token is fine. */
  readonly version: string;
  /** 0 or 1, by an input. @default - one */
  readonly count?: TerraformCount;
  /** What it asks for: Deployments, Services, routes. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** How long all services together may take to be well, seen from the gateway. */
const SECONDS = 180;

/**
 * Asks each service for its health through the gateway, as a client does, after an apply that changed one. The apply fails
 * when one does not answer, and the log of the Job names it.
 */
export class ApiSmoke extends Construct {
  /** @throws SocleError when there is nothing to ask, or a name or path would end the list of them */
  constructor(scope: Construct, id: string, props: ApiSmokeProps) {
    super(scope, id);
    const { gateway } = props;
    const checks = Object.entries(props.checks);
    SocleError.throwIfAny(this.node.path, [
      ...(checks.length > 0 ? [] : ["checks is empty: name a service and its path"]),
      ...checks
        .filter(([service, path]) => !/^[a-z0-9-]+$/.test(service) || !/^(\/[\w.-]+)+$/.test(path))
        .map(
          ([service, path]) =>
            `the check "${service}" of "${path}" is malformed: use a name, and a path such as /property/health`,
        ),
    ]);
    const job = new WorkloadJob(this, "Default", {
      name: id.replaceAll("_", "-"),
      namespace: props.namespace,
      image: IMAGE,
      command: ["/bin/sh", "/scripts/smoke.sh"],
      scripts: { "smoke.sh": readProjectFile("constructs/gateway/api-smoke/smoke.sh") },
      environment: {
        HOST: props.host,
        SCHEME: gateway.scheme,
        GATEWAY: gateway.address,
        CHECKS: checks.map(([service, path]) => `${service}=${path}`).join(" "),
        SECONDS_IN_ALL: String(SECONDS),
      },
      resources: { cpuMillis: 10, memoryMib: 16, memoryLimitMib: 64 },
      version: props.version,
      timeoutMinutes: 5,
      // It asks again and again by itself.
      retries: 0,
      ...(props.count ? { count: props.count } : {}),
      dependsOn: props.dependsOn,
    });
    gateway.pods.allowFrom(job, { port: gateway.podPort });
  }
}
