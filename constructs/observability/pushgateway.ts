import { Construct } from "constructs";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { Workload } from "../cluster/workload";
import { type Monitors } from "./monitors";

const IMAGE = "quay.io/prometheus/pushgateway:v1.11.3";
const PORT = 9091;

export interface PushgatewayProps {
  readonly namespace: INamespace;
  /** @default "quay.io/prometheus/pushgateway:v1.11.3" */
  readonly image?: string;
}

/**
 * Where Jobs leave their metrics before they end: Prometheus would come too late to read them itself. It keeps the last
 * value of each, in memory: after a restart they are gone until the next run.
 *
 * Whoever reaches it can write any metric, so only those are let in who have to be.
 *
 * @see https://prometheus.io/docs/practices/pushing/
 */
export class Pushgateway extends Construct implements Connectable {
  readonly pods: Pods;
  readonly port = PORT;
  /** Address inside the cluster. */
  readonly url: string;

  constructor(scope: Construct, id: string, { namespace, image }: PushgatewayProps) {
    super(scope, id);
    const workload = new Workload(this, "Default", {
      name: "pushgateway",
      namespace,
      image: image ?? IMAGE,
      port: PORT,
      resources: { cpuMillis: 10, memoryMib: 32, memoryLimitMib: 64 },
      minimumReplicas: 1,
      maximumReplicas: 1,
      healthPath: "/-/healthy",
      readyPath: "/-/ready",
    });
    this.pods = workload.pods;
    this.url = `http://pushgateway.${namespace.name}`;
  }

  /** Lets Prometheus read what was left. Its labels stay those of the Job that pushed. */
  monitor(monitors: Monitors): void {
    monitors.scrape({ pods: this.pods, portName: "http", port: PORT, honorLabels: true });
  }
}
