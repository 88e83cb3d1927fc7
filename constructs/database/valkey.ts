import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component } from "../cluster/component";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { SocleError } from "../core/error";
import { type VaultSecret } from "../secrets/vault-store";

export interface ValkeyProps {
  readonly namespace: INamespace;
  /** Secret with the key `password`, of the user `default`. */
  readonly password: VaultSecret;
  /** What its keys may take, in MiB. */
  readonly maximumMemoryMib: number;
  /** Kept for it, in thousandths of a CPU. */
  readonly cpuMillis: number;
  /** Size of its volume in GiB: at least 10, the smallest at Hetzner. */
  readonly storageGib: number;
}

const PORT = 6379;

/** What the process takes beside its keys, in MiB: buffers of its clients. */
const OVERHEAD_MIB = 48;

/**
 * Valkey, for what may be lost at worst: a cache, counters and sessions. One server with a volume; what was written more
 * than a second ago survives a restart.
 *
 * When its memory is full, keys that would expire soonest go first. So what is cached for minutes goes before sessions,
 * which live for hours, and a key without an expiry never does: writes are refused instead. Everything that can be made
 * again has to have an expiry.
 */
export class Valkey extends Construct implements Connectable {
  readonly port = PORT;
  /** Where Prometheus reads: name and number of the exporter's port. */
  readonly metrics = { portName: "metrics", port: 9121 };
  readonly pods: Pods;
  readonly delivered: ITerraformDependable;

  /** @throws SocleError when the memory or the volume is too small */
  constructor(scope: Construct, id: string, props: ValkeyProps) {
    super(scope, id);
    const { namespace, password, maximumMemoryMib, cpuMillis, storageGib } = props;
    SocleError.throwIfAny(this.node.path, [
      ...(Number.isInteger(maximumMemoryMib) && maximumMemoryMib >= 64
        ? []
        : [`maximumMemoryMib is ${maximumMemoryMib}: use a whole number from 64 on`]),
      ...(Number.isInteger(storageGib) && storageGib >= 10
        ? []
        : [`storageGib is ${storageGib}: use a whole number from 10 on, the smallest volume at Hetzner`]),
    ]);
    const component = new Component(this, "Default", {
      name: "valkey",
      namespace,
      repository: "https://valkey.io/valkey-helm/",
      version: "0.11.0",
      values: {
        auth: { usersExistingSecret: password.secretName },
        dataStorage: { requestedSize: `${storageGib}Gi` },
        valkeyConfig: [
          `maxmemory ${maximumMemoryMib}mb`,
          "maxmemory-policy volatile-ttl",
          // How many keys it looks at to find the one that expires soonest: more than its five, to be nearer the truth.
          "maxmemory-samples 10",
          "appendonly yes",
          "appendfsync everysec",
          // The log alone is the state: no further copies of all of it.
          'save ""',
          "",
        ].join("\n"),
        podAnnotations: { "socle/password": password.version },
        resources: {
          requests: { cpu: `${cpuMillis}m`, memory: `${maximumMemoryMib + OVERHEAD_MIB}Mi` },
          // While it rewrites its log, pages that change are there twice.
          limits: { memory: `${2 * maximumMemoryMib + OVERHEAD_MIB}Mi` },
        },
      },
      pods: {
        server: {
          labels: { "app.kubernetes.io/name": "valkey" },
          resources: ["resources", "metrics.exporter.resources"],
        },
      },
      dependsOn: [password.delivered],
    });
    this.pods = component.pods("server");
    this.delivered = component.delivered;
  }

  /** Lets others use it, with the password. */
  allowFrom(source: Connectable): void {
    this.pods.allowFrom(source, { port: PORT });
  }
}
