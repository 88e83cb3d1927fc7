import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { filesOf, shortDigest } from "../cluster/pod-parts";
import { SingleService } from "../cluster/single-service";
import { SocleError } from "../core/error";
import { readProjectFile } from "../core/files";
import { HTTPS_ROUTE } from "../gateway/https-route";
import { type GeneratedSecret } from "../secrets/generated-secret";
import { type VaultSecret } from "../secrets/vault-store";

export interface ClickHouseProps {
  readonly namespace: INamespace;
  /** Name under which people reach it, over HTTPS: its page for queries is `/play`. */
  readonly host: string;
  /** Secret with the key `password`, of the user `lab`, the only one. */
  readonly user: GeneratedSecret;
  /** What the named collection `lake` reads. */
  readonly lake: {
    /** Address of the folder in the object store, with a slash at its end, such as `http://minio.minio:9000/data/`. */
    readonly url: string;
    /** Secret with the keys `access-key` and `secret-key`. */
    readonly keys: VaultSecret;
  };
  /** What has to be there before. @default - only the Secrets */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/** Of the line that is supported for long. */
const IMAGE = "docker.io/clickhouse/clickhouse-server:25.8.33.6";
/** The user that the image's files are of. */
const USER = 101;
const PORT = 8123;
const FOLDER = "constructs/data-platform/clickhouse";
const FILES = ["server.xml", "users.xml"];
const RESOURCES = { cpuMillis: 100, memoryMib: 1024, memoryLimitMib: 2048 };

/**
 * ClickHouse of one server, with a volume and one user. It reads Parquet in the object store by the named collection
 * `lake`. No chart is needed for one pod; the known ones are Bitnami's, or operators for many clusters.
 *
 * @see https://clickhouse.com/docs/operations/named-collections
 */
export class ClickHouse extends Construct implements Connectable {
  readonly pods: Pods;
  readonly delivered: ITerraformDependable;
  private readonly service: SingleService;

  /** @throws SocleError when the address of the folder has no slash at its end */
  constructor(scope: Construct, id: string, { namespace, host, user, lake, dependsOn = [] }: ClickHouseProps) {
    super(scope, id);
    SocleError.throwIfAny(
      this.node.path,
      /^https?:\/\/.+\/$/.test(lake.url)
        ? []
        : [`lake.url is "${lake.url}": use the address of a folder, with a slash at its end`],
    );
    const name = "clickhouse";
    const files = Object.fromEntries(FILES.map((file) => [file, readProjectFile(`${FOLDER}/${file}`)]));
    const configuration = new ConfigMapV1(this, "configuration", {
      metadata: { name: `${name}-configuration`, namespace: namespace.name },
      data: filesOf(files),
      dependsOn: [...namespace.present],
    });
    const file = (key: string, mountPath: string) => ({
      name: key.replace(".xml", ""),
      mountPath,
      source: { configMap: { name: configuration.metadata.name, items: [{ key, path: "lab.xml" }] } },
    });
    this.service = new SingleService(this, "Default", {
      namespace,
      name,
      image: IMAGE,
      // The image's own start script would write to the configuration.
      command: ["clickhouse-server", "--config-file=/etc/clickhouse-server/config.xml"],
      user: USER,
      port: PORT,
      healthPath: "/ping",
      environment: { LAKE_URL: lake.url },
      secretEnvironment: {
        USER_PASSWORD: user.key("password"),
        LAKE_ACCESS_KEY: lake.keys.key("access-key"),
        LAKE_SECRET_KEY: lake.keys.key("secret-key"),
      },
      resources: RESOURCES,
      volumes: [
        file("server.xml", "/etc/clickhouse-server/config.d"),
        file("users.xml", "/etc/clickhouse-server/users.d"),
      ],
      kept: { mountPath: "/var/lib/clickhouse", sizeGib: 10 },
      restartWhenChanged: {
        configuration: shortDigest(JSON.stringify(files)),
        user: user.version,
        "lake-keys": lake.keys.version,
      },
      route: { host, annotations: HTTPS_ROUTE },
      dependsOn: [configuration, user.resource, lake.keys.delivered, ...dependsOn],
    });
    this.pods = this.service.pods;
    this.delivered = this.service.delivered;
  }

  /** Lets others ask it, with the user's password, or lead people to it. */
  allowFrom(source: Connectable): void {
    this.service.allowFrom(source);
  }
}
