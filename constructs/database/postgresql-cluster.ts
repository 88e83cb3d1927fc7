import { Fn, type ITerraformDependable, Op, Token } from "cdktf";
import { Construct, type IDependable } from "constructs";
import { Manifests } from "../cluster/manifests";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, Pods } from "../cluster/network-policy";
import { type ContainerResources } from "../cluster/workload";
import { SocleError } from "../core/error";
import { wholeNumberProblems } from "../core/problems";
import { type SecretKey } from "../secrets/generated-secret";

/** A role that the operator keeps as it is written here. What is left out is off. */
export interface PostgresqlRole {
  readonly name: string;
  readonly comment: string;
  readonly login: boolean;
  /** Whether it has the rights of `inRoles` without `SET ROLE`. @default true */
  readonly inherit?: boolean;
  readonly createRole?: boolean;
  /** Whether row-level security does not hold it back. */
  readonly bypassRowSecurity?: boolean;
  /** @default - none */
  readonly inRoles?: readonly string[];
  /**
   * Name of a Secret of the type `kubernetes.io/basic-auth` with `username` and `password`, labelled
   * `cnpg.io/reload: "true"`: a changed password is then set at once. @default - no password
   */
  readonly passwordSecret?: string;
}

/** Where WAL and base backups go: an S3 bucket outside the cluster. */
export interface PostgresqlArchive {
  /** An address that begins with https:// and answers on 443. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  /** Folder in the bucket, without "/" around it. */
  readonly path: string;
  readonly accessKey: SecretKey;
  readonly secretKey: SecretKey;
  /** So many days back a restore can go. */
  readonly retentionDays: number;
  /** When a base backup is taken: six fields, the first are seconds (UTC). */
  readonly schedule: string;
  /** What the process that uploads gets, beside each instance. */
  readonly resources: ContainerResources;
}

/** PgBouncer in transaction mode, in front of the primary. */
export interface PostgresqlPooler {
  readonly instances: number;
  readonly resources: ContainerResources;
  /** The most server connections that each of them opens. */
  readonly maximumConnections: number;
  /** Of them, at most so many for one user. */
  readonly connectionsPerUser: number;
  /** Runs on a server connection after every transaction, such as `RESET app.tenant`. @default - nothing */
  readonly resetQuery?: string;
}

export interface PostgresqlClusterProps {
  readonly namespace: INamespace;
  /** Names the objects; its Services are `<name>-rw`, `<name>-ro` and `<name>-pooler`. @default - the id */
  readonly name?: string;
  /** Image with an exact tag: major and minor release, build and kind. */
  readonly image: string;
  /** The primary and its replicas. */
  readonly instances: number;
  /**
   * What a commit does while no replica answers. `preferred`: it goes on, and what is not replicated yet is lost if the
   * primary's volume is lost too before the WAL is archived. `required`: it waits.
   * @see https://cloudnative-pg.io/documentation/current/replication/#data-durability-and-synchronous-replication
   */
  readonly durability: "preferred" | "required";
  readonly resources: ContainerResources;
  readonly storage: {
    readonly dataGib: number;
    /** A volume of its own: a WAL that piles up does not stop the database's files from growing. */
    readonly walGib: number;
    readonly storageClass: string;
  };
  /** Server settings; `max_connections` has to hold what the poolers open. */
  readonly parameters: Readonly<Record<string, string>> & { readonly max_connections: string };
  readonly database: string;
  /** Owner of the database. */
  readonly owner: string;
  readonly roles: readonly PostgresqlRole[];
  /** Statements that a superuser runs once, when the server is made, before the database is. @default - none */
  readonly initSql?: readonly string[];
  readonly archive: PostgresqlArchive;
  readonly pooler: PostgresqlPooler;
  /** Number, from 1 on: the server writes its WAL to a folder of its own, since a restored one must not write to the old. */
  readonly generation: number;
  /**
   * Where a new server begins. "": empty. A time such as `2026-11-21T08:00:00Z`: with what the generation before held
   * then; `latest`: with all that was archived. A server that is there already does not look at it.
   */
  readonly restoreTo: string;
  /** Pods of the operator, which has to reach every instance. */
  readonly operator: Connectable;
  /** @default - only the namespace with its guardrails */
  readonly dependsOn?: readonly ITerraformDependable[];
}

const API_VERSION = "postgresql.cnpg.io/v1";
const PLUGIN = "barman-cloud.cloudnative-pg.io";

/** The port that instances and poolers listen on. */
const POSTGRESQL_PORT = { port: 5432 };

/** Metrics of an instance (`metrics`, 9187) and of a pooler (`metrics`, 9127). */
export const POSTGRESQL_METRICS = { instance: 9187, pooler: 9127 };

/** Beside the poolers: replication, migrations, dumps, Vault, metrics and whoever looks after it. */
const OTHER_CONNECTIONS = 25;

/**
 * A PostgreSQL with a synchronous replica, PgBouncer in front of it, and its WAL and base backups outside the cluster, all
 * made by the operator CloudNativePG with its plugin Barman Cloud.
 *
 * Connections are encrypted or refused. The superuser has no password. Helm leaves the server alone when its release is
 * removed: nothing that Terraform does deletes data.
 */
export class PostgresqlCluster extends Construct implements Connectable {
  readonly name: string;
  /** The instances, and the Jobs that make them. */
  readonly pods: Pods;
  /** PgBouncer. */
  readonly pooler: Pods;
  /** The certificate of the authority that signed the servers': `ca.crt`. The Secret has the authority's key too. */
  readonly caCertificate: SecretKey;
  /** What depends on the objects being there; the server itself answers some minutes later. */
  readonly delivered: ITerraformDependable & IDependable;

  /** @throws SocleError with every prop that is not accepted */
  constructor(scope: Construct, id: string, props: PostgresqlClusterProps) {
    super(scope, id);
    SocleError.throwIfAny(this.node.path, problemsOf(props));
    const { namespace, archive, pooler } = props;
    this.name = props.name ?? id.replaceAll("_", "-");
    this.caCertificate = { secretName: `${this.name}-ca`, key: "ca.crt" };
    this.delivered = new Manifests(this, "Default", {
      namespace,
      name: this.name,
      manifests: [this.objectStore(archive), this.cluster(props), this.poolerObject(pooler), this.backups(archive)],
      dependsOn: props.dependsOn ?? [],
    }).delivered;

    this.pods = new Pods(this, "instances", {
      namespace,
      name: this.name,
      labels: { "cnpg.io/cluster": this.name, "app.kubernetes.io/component": "database" },
    });
    this.pooler = new Pods(this, "pooler", {
      namespace,
      name: `${this.name}-pooler`,
      labels: { "cnpg.io/poolerName": `${this.name}-pooler` },
    });
    // 8000 is where an instance tells its state.
    this.pods.allowFrom(this, POSTGRESQL_PORT, { port: 8000 });
    this.pods.allowFrom(props.operator, POSTGRESQL_PORT, { port: 8000 });
    this.pods.allowToApiServer();
    this.pods.allowToInternet("archive", { port: 443 });
    this.pods.allowFrom(this.pooler, POSTGRESQL_PORT);
    this.pooler.allowToApiServer();

    const { capacity } = namespace.cluster;
    capacity.add({
      name: this.name,
      namespace: namespace.name,
      cpuMillis: props.resources.cpuMillis + archive.resources.cpuMillis,
      memoryMib: props.resources.memoryMib + archive.resources.memoryMib,
      replicas: props.instances,
    });
    capacity.add({
      name: `${this.name}-pooler`,
      namespace: namespace.name,
      cpuMillis: pooler.resources.cpuMillis,
      memoryMib: pooler.resources.memoryMib,
      replicas: pooler.instances,
    });
  }

  /** Lets others reach the primary and the replicas themselves, not through PgBouncer. */
  allowFrom(source: Connectable): void {
    this.pods.allowFrom(source, POSTGRESQL_PORT);
  }

  private cluster(props: PostgresqlClusterProps) {
    const { storage, durability } = props;
    const volume = (gib: number) => ({ size: `${gib}Gi`, storageClass: storage.storageClass });
    return {
      apiVersion: API_VERSION,
      kind: "Cluster",
      // Uninstalling the chart would delete the server, and with it its volumes' claims.
      metadata: { name: this.name, annotations: { "helm.sh/resource-policy": "keep" } },
      spec: {
        imageName: props.image,
        instances: props.instances,
        primaryUpdateStrategy: "unsupervised",
        primaryUpdateMethod: "switchover",
        enableSuperuserAccess: false,
        enablePDB: true,
        ...this.origin(props),
        plugins: [
          {
            name: PLUGIN,
            isWALArchiver: true,
            parameters: { barmanObjectName: this.name, serverName: this.folder(props.generation) },
          },
        ],
        postgresql: {
          parameters: { ...props.parameters },
          // The operator's last rule takes unencrypted connections too.
          pg_hba: ["hostnossl all all all reject"],
          synchronous: {
            method: "any",
            number: 1,
            dataDurability: durability,
            // A replica that may lack a commit is not promoted by itself.
            ...(durability === "required" ? { failoverQuorum: true } : {}),
          },
        },
        managed: { roles: props.roles.map(managedRole) },
        storage: volume(storage.dataGib),
        walStorage: volume(storage.walGib),
        resources: resourcesOf(props.resources),
        affinity: {
          enablePodAntiAffinity: true,
          podAntiAffinityType: "required",
          topologyKey: "kubernetes.io/hostname",
        },
      },
    };
  }

  /** `bootstrap` and `externalClusters`: an empty server, or one from the archive of the generation before. */
  private origin({ database, owner, initSql, generation, restoreTo }: PostgresqlClusterProps) {
    const initdb = { database, owner, encoding: "UTF8", localeCollate: "C", localeCType: "C" };
    const recovery = (more: object) => ({ recovery: { source: "archive", database, owner, ...more } });
    const before = Token.isUnresolved(generation) ? Token.asNumber(Op.sub(generation, 1)) : generation - 1;
    // As JSON texts: the three have other attributes, and a condition of Terraform takes values of one type only.
    const either = (condition: unknown, yes: unknown, no: unknown) => Fn.conditional(condition, yes, no);
    const bootstrap = either(
      Op.gte(Fn.lengthOf(restoreTo), 1),
      either(
        Op.eq(restoreTo, "latest"),
        Fn.jsonencode(recovery({})),
        Fn.jsonencode(recovery({ recoveryTarget: { targetTime: restoreTo } })),
      ),
      Fn.jsonencode({ initdb: { ...initdb, ...(initSql ? { postInitSQL: initSql } : {}) } }),
    );
    return {
      bootstrap: Fn.jsondecode(bootstrap),
      externalClusters: [
        {
          name: "archive",
          plugin: { name: PLUGIN, parameters: { barmanObjectName: this.name, serverName: this.folder(before) } },
        },
      ],
    };
  }

  private folder(generation: number): string {
    return `${this.name}-${Token.asString(generation)}`;
  }

  private objectStore(archive: PostgresqlArchive) {
    const secret = ({ secretName, key }: SecretKey) => ({ name: secretName, key });
    return {
      apiVersion: "barmancloud.cnpg.io/v1",
      kind: "ObjectStore",
      metadata: { name: this.name },
      spec: {
        retentionPolicy: `${archive.retentionDays}d`,
        configuration: {
          destinationPath: `s3://${archive.bucket}/${archive.path}`,
          endpointURL: archive.endpoint,
          s3Credentials: { accessKeyId: secret(archive.accessKey), secretAccessKey: secret(archive.secretKey) },
          // No encryption here: not every S3 service knows SSE, and those that do apply the bucket's.
          wal: { compression: "gzip", maxParallel: 2 },
          data: { compression: "gzip", jobs: 2 },
        },
        instanceSidecarConfiguration: {
          resources: resourcesOf(archive.resources),
          env: [
            { name: "AWS_DEFAULT_REGION", value: archive.region },
            // Newer checksums, which S3 services other than AWS's may refuse.
            { name: "AWS_REQUEST_CHECKSUM_CALCULATION", value: "when_required" },
            { name: "AWS_RESPONSE_CHECKSUM_VALIDATION", value: "when_required" },
          ],
        },
      },
    };
  }

  private backups({ schedule }: PostgresqlArchive) {
    return {
      apiVersion: API_VERSION,
      kind: "ScheduledBackup",
      metadata: { name: this.name },
      spec: {
        schedule,
        // WAL without a base backup restores nothing: the first is taken at once.
        immediate: true,
        cluster: { name: this.name },
        method: "plugin",
        pluginConfiguration: { name: PLUGIN },
        backupOwnerReference: "cluster",
      },
    };
  }

  private poolerObject({ instances, resources, maximumConnections, connectionsPerUser, resetQuery }: PostgresqlPooler) {
    const name = `${this.name}-pooler`;
    return {
      apiVersion: API_VERSION,
      kind: "Pooler",
      metadata: { name },
      spec: {
        cluster: { name: this.name },
        instances,
        type: "rw",
        pgbouncer: {
          poolMode: "transaction",
          parameters: {
            client_tls_sslmode: "require",
            max_client_conn: "500",
            default_pool_size: String(connectionsPerUser),
            max_db_connections: String(maximumConnections),
            // By default only a pool of sessions resets.
            ...(resetQuery === undefined ? {} : { server_reset_query: resetQuery, server_reset_query_always: "1" }),
          },
        },
        template: {
          spec: {
            containers: [{ name: "pgbouncer", resources: resourcesOf(resources) }],
            topologySpreadConstraints: [
              {
                maxSkew: 1,
                topologyKey: "kubernetes.io/hostname",
                whenUnsatisfiable: "ScheduleAnyway",
                labelSelector: { matchLabels: { "cnpg.io/poolerName": name } },
              },
            ],
          },
        },
      },
    };
  }
}

function resourcesOf({ cpuMillis, memoryMib, memoryLimitMib }: ContainerResources) {
  return {
    requests: { cpu: `${cpuMillis}m`, memory: `${memoryMib}Mi` },
    limits: { memory: `${memoryLimitMib ?? memoryMib}Mi` },
  };
}

function managedRole(role: PostgresqlRole) {
  return {
    name: role.name,
    ensure: "present",
    comment: role.comment,
    login: role.login,
    superuser: false,
    createdb: false,
    createrole: role.createRole ?? false,
    replication: false,
    bypassrls: role.bypassRowSecurity ?? false,
    inherit: role.inherit ?? true,
    ...(role.inRoles ? { inRoles: [...role.inRoles] } : {}),
    ...(role.passwordSecret === undefined ? {} : { passwordSecret: { name: role.passwordSecret } }),
  };
}

function problemsOf(props: PostgresqlClusterProps): string[] {
  const { instances, durability, image, archive, pooler, parameters, roles, owner } = props;
  const known = Number(parameters.max_connections);
  const wanted = pooler.instances * pooler.maximumConnections + OTHER_CONNECTIONS;
  const names = roles.map(({ name }) => name);
  return [
    ...(/:\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?$/.test(image)
      ? []
      : [`image is "${image}": name a tag with major and minor release, so that nothing is upgraded by itself`]),
    ...(Number.isInteger(instances) && instances >= 2
      ? []
      : [`instances is ${instances}: use 2 or more, a primary and a synchronous replica`]),
    ...(durability === "required" && instances < 3
      ? [
          `durability is "required" with ${instances} instances: every restart of the only replica would stop all writes; use 3 instances, or "preferred"`,
        ]
      : []),
    ...wholeNumberProblems({ "archive.retentionDays": archive.retentionDays }),
    ...(archive.schedule.split(" ").length === 6
      ? []
      : [`archive.schedule is "${archive.schedule}": it has six fields, the first are seconds`]),
    ...(Token.isUnresolved(archive.endpoint) || /^https:\/\/[^/:]+$/.test(archive.endpoint)
      ? []
      : [`archive.endpoint is "${archive.endpoint}": use https:// and a host name, which answers on 443`]),
    ...Object.entries(parameters)
      .filter(([, value]) => /^(on|off|yes|no|y|n)$/i.test(value))
      .map(
        ([key, value]) => `parameters.${key} is "${value}", which Helm's YAML reads as no text: use "true" or "false"`,
      ),
    ...(pooler.connectionsPerUser <= pooler.maximumConnections
      ? []
      : [
          `pooler.connectionsPerUser is ${pooler.connectionsPerUser}, above the ${pooler.maximumConnections} of pooler.maximumConnections`,
        ]),
    ...(known >= wanted
      ? []
      : [
          `max_connections is ${parameters.max_connections}, but ${pooler.instances} poolers with ${pooler.maximumConnections} each and ${OTHER_CONNECTIONS} others make ${wanted}: raise it, or give the poolers less`,
        ]),
    ...names
      .filter((name, index) => names.indexOf(name) !== index)
      .map((name) => `the role "${name}" is there twice: give it once`),
    ...(names.includes(owner) ? [] : [`the owner "${owner}" is not one of the roles: ${names.join(", ")}`]),
    ...roles
      .filter(({ name }) => ["postgres", "streaming_replica", "cnpg_pooler_pgbouncer"].includes(name))
      .map(({ name }) => `the role "${name}" belongs to the operator: use another name`),
    ...roles
      .filter(({ login, passwordSecret }) => !login && passwordSecret !== undefined)
      .map(({ name }) => `the role "${name}" has a password, but cannot log in`),
  ];
}
