import { TerraformVariable } from "cdktf";
import { ClusterCapacity } from "../../../constructs/cluster/capacity";
import { Pods } from "../../../constructs/cluster/network-policy";
import { PostgresqlCluster, type PostgresqlClusterProps } from "../../../constructs/database/postgresql-cluster";
import { type Layer } from "../../../constructs/core/layer";
import { parse } from "yaml";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

type Props = Omit<PostgresqlClusterProps, "namespace" | "operator">;

const KEY = { secretName: "keys", key: "key" };
const PROPS: Props = {
  image: "ghcr.io/cloudnative-pg/postgresql:18.6-202608170814-standard-trixie",
  instances: 2,
  durability: "preferred",
  resources: { cpuMillis: 200, memoryMib: 768, memoryLimitMib: 1024 },
  storage: { dataGib: 10, walGib: 5, storageClass: "fast" },
  parameters: { max_connections: "100", archive_timeout: "5min" },
  database: "app",
  owner: "app_owner",
  roles: [
    { name: "app_owner", comment: "Owner", login: false },
    {
      name: "app_admin",
      comment: "Admin",
      login: true,
      inherit: false,
      createRole: true,
      bypassRowSecurity: true,
      inRoles: ["app_owner"],
      passwordSecret: "admin",
    },
  ],
  initSql: ["ALTER ROLE app_owner NOLOGIN"],
  archive: {
    endpoint: "https://s3.example.com",
    bucket: "backups",
    region: "eu",
    path: "postgresql",
    accessKey: { ...KEY, key: "access" },
    secretKey: { ...KEY, key: "secret" },
    retentionDays: 30,
    schedule: "0 15 1 * * *",
    resources: { cpuMillis: 25, memoryMib: 96 },
  },
  pooler: {
    instances: 2,
    resources: { cpuMillis: 50, memoryMib: 64 },
    maximumConnections: 35,
    connectionsPerUser: 10,
    resetQuery: "RESET app.tenant",
  },
  generation: 1,
  restoreTo: "",
};

function build(
  more: Partial<Props> | ((layer: Layer) => Partial<Props>) = {},
  use: (postgresql: PostgresqlCluster) => void = () => {},
) {
  return synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const namespace = testNamespace(cluster, "data");
    const operator = new Pods(layer, "operator", {
      namespace: testNamespace(cluster, "system"),
      labels: { app: "operator" },
    });
    const props = typeof more === "function" ? more(layer) : more;
    use(new PostgresqlCluster(layer, "postgresql", { namespace, operator, ...PROPS, ...props }));
  });
}

type Spec = Record<string, unknown>;

/** The objects of the release, by kind, as far as synth knows them. */
function objects(built: ReturnType<typeof build>) {
  const [known = ""] = only(built.json.resource?.["helm_release"])["values"] as string[];
  // As Helm reads it, for which on and off are no texts.
  const { manifests } = parse(known, { version: "1.1" }) as {
    manifests: Record<string, { kind: string; metadata: unknown; spec: Spec }>;
  };
  return Object.fromEntries(Object.values(manifests).map((object) => [object.kind, object]));
}

const interpolated = (built: ReturnType<typeof build>) =>
  (only(built.json.resource?.["helm_release"])["values"] as string[])[1] ?? "";

describe("PostgresqlCluster", () => {
  test("GIVEN two instances THEN there is a synchronous replica on another node, and Helm never deletes the server", () => {
    const { metadata, spec } = objects(build())["Cluster"] as { metadata: unknown; spec: Spec };
    expect(metadata).toEqual({ name: "postgresql", annotations: { "helm.sh/resource-policy": "keep" } });
    expect(spec).toMatchObject({
      imageName: PROPS.image,
      instances: 2,
      enableSuperuserAccess: false,
      enablePDB: true,
      postgresql: {
        parameters: PROPS.parameters,
        pg_hba: ["hostnossl all all all reject"],
        synchronous: { method: "any", number: 1, dataDurability: "preferred" },
      },
      storage: { size: "10Gi", storageClass: "fast" },
      walStorage: { size: "5Gi", storageClass: "fast" },
      resources: { requests: { cpu: "200m", memory: "768Mi" }, limits: { memory: "1024Mi" } },
      affinity: { podAntiAffinityType: "required", topologyKey: "kubernetes.io/hostname" },
    });
    expect((spec["postgresql"] as Spec)["synchronous"]).not.toHaveProperty("failoverQuorum");
  });

  test("GIVEN three instances and required durability THEN a replica that may lack a commit is not promoted", () => {
    const { spec } = objects(build({ instances: 3, durability: "required" }))["Cluster"] as { spec: Spec };
    expect((spec["postgresql"] as Spec)["synchronous"]).toEqual({
      method: "any",
      number: 1,
      dataDurability: "required",
      failoverQuorum: true,
    });
  });

  test("GIVEN roles THEN each is written in full: what is not asked for is off", () => {
    const { spec } = objects(build())["Cluster"] as { spec: Spec };
    const off = { ensure: "present", superuser: false, createdb: false, replication: false };
    expect((spec["managed"] as Spec)["roles"]).toEqual([
      { ...off, name: "app_owner", comment: "Owner", login: false, inherit: true, createrole: false, bypassrls: false },
      {
        ...off,
        name: "app_admin",
        comment: "Admin",
        login: true,
        inherit: false,
        createrole: true,
        bypassrls: true,
        inRoles: ["app_owner"],
        passwordSecret: { name: "admin" },
      },
    ]);
  });

  test("THEN WAL and base backups go to the bucket, the first base backup at once, for so many days", () => {
    const { ObjectStore, ScheduledBackup } = objects(build());
    expect(ObjectStore?.spec).toEqual({
      retentionPolicy: "30d",
      configuration: {
        destinationPath: "s3://backups/postgresql",
        endpointURL: "https://s3.example.com",
        s3Credentials: {
          accessKeyId: { name: "keys", key: "access" },
          secretAccessKey: { name: "keys", key: "secret" },
        },
        wal: { compression: "gzip", maxParallel: 2 },
        data: { compression: "gzip", jobs: 2 },
      },
      instanceSidecarConfiguration: {
        resources: { requests: { cpu: "25m", memory: "96Mi" }, limits: { memory: "96Mi" } },
        env: [
          { name: "AWS_DEFAULT_REGION", value: "eu" },
          { name: "AWS_REQUEST_CHECKSUM_CALCULATION", value: "when_required" },
          { name: "AWS_RESPONSE_CHECKSUM_VALIDATION", value: "when_required" },
        ],
      },
    });
    expect(ScheduledBackup?.spec).toEqual({
      schedule: "0 15 1 * * *",
      immediate: true,
      cluster: { name: "postgresql" },
      method: "plugin",
      pluginConfiguration: { name: "barman-cloud.cloudnative-pg.io" },
      backupOwnerReference: "cluster",
    });
  });

  test("THEN PgBouncer gives a connection back after each transaction, reset and encrypted", () => {
    expect(objects(build())["Pooler"]?.spec).toMatchObject({
      cluster: { name: "postgresql" },
      instances: 2,
      type: "rw",
      pgbouncer: {
        poolMode: "transaction",
        parameters: {
          client_tls_sslmode: "require",
          max_client_conn: "500",
          default_pool_size: "10",
          max_db_connections: "35",
          server_reset_query: "RESET app.tenant",
          server_reset_query_always: "1",
        },
      },
    });
    const { instances, resources, maximumConnections, connectionsPerUser } = PROPS.pooler;
    const pooler = { instances, resources, maximumConnections, connectionsPerUser };
    const plain = objects(build({ pooler }))["Pooler"]?.spec["pgbouncer"] as Spec;
    expect(plain["parameters"]).not.toHaveProperty("server_reset_query_always");
  });

  test("GIVEN a generation and a time from inputs THEN a new server begins with the folder of the one before", () => {
    const built = build((layer) => ({
      generation: new TerraformVariable(layer, "generation", { type: "number", description: "G" }).numberValue,
      restoreTo: new TerraformVariable(layer, "restore_to", { type: "string", description: "R" }).stringValue,
    }));
    const text = interpolated(built);
    expect(text).toContain(
      '"bootstrap" = jsondecode((length(var.restore_to) >= 1) ? (var.restore_to == "latest") ? ' +
        'jsonencode({"recovery" = {"source" = "archive", "database" = "app", "owner" = "app_owner"}}) : ' +
        'jsonencode({"recovery" = {"source" = "archive", "database" = "app", "owner" = "app_owner", "recoveryTarget" = {"targetTime" = var.restore_to}}}) : ' +
        'jsonencode({"initdb" = {"database" = "app", "owner" = "app_owner", "encoding" = "UTF8", "localeCollate" = "C", "localeCType" = "C", "postInitSQL" = ["ALTER ROLE app_owner NOLOGIN"]}}))',
    );
    expect(text).toContain('"serverName" = "postgresql-${(var.generation - 1)}"');
    expect(text).toContain('"isWALArchiver" = true');
    expect(text).toContain('"serverName" = "postgresql-${var.generation}"');
  });

  test("THEN instances, pooler and operator reach what they need, and the archive is the only way out", () => {
    const flows = flowsOf(build().json).filter(([, , peer]) => !peer.includes("kube-dns"));
    const instances = "data/postgresql+database";
    const pooler = "data/postgresql-pooler";
    const internet = "0.0.0.0/0 -10.0.0.0/8 -100.64.0.0/10 -127.0.0.0/8 -169.254.0.0/16 -172.16.0.0/12 -192.168.0.0/16";
    expect(flows).toEqual(
      [
        ["egress", instances, internet, "443"],
        ["egress", instances, "10.0.0.0/16", "6443"],
        ["egress", instances, instances, "5432,8000"],
        ["egress", pooler, "10.0.0.0/16", "6443"],
        ["egress", pooler, instances, "5432"],
        ["egress", "system/operator", instances, "5432,8000"],
        ["ingress", instances, instances, "5432,8000"],
        ["ingress", instances, pooler, "5432"],
        ["ingress", instances, "system/operator", "5432,8000"],
      ].sort((a, b) => (a.join() < b.join() ? -1 : 1)),
    );
  });

  test("WHEN somebody is let in THEN by the port of the instances, on both sides", () => {
    const built = build({}, (postgresql) => {
      const { namespace } = postgresql.pods;
      postgresql.allowFrom(new Pods(postgresql, "job", { namespace, labels: { app: "job" } }));
    });
    expect(flowsOf(built.json)).toEqual(
      expect.arrayContaining([
        ["ingress", "data/postgresql+database", "data/job", "5432"],
        ["egress", "data/job", "data/postgresql+database", "5432"],
      ]),
    );
  });

  test("THEN instances with what uploads beside them, and the poolers, are counted", () => {
    const add = jest.spyOn(ClusterCapacity.prototype, "add");
    build();
    const counted = add.mock.calls.map(([demand]) => demand);
    add.mockRestore();
    expect(counted).toEqual([
      { name: "postgresql", namespace: "data", cpuMillis: 225, memoryMib: 864, replicas: 2 },
      { name: "postgresql-pooler", namespace: "data", cpuMillis: 50, memoryMib: 64, replicas: 2 },
    ]);
  });

  test("fails with every prop that is not accepted", () => {
    const wrong = () =>
      build({
        image: "postgresql:18",
        instances: 1,
        durability: "required",
        parameters: { max_connections: "50", wal_compression: "on" },
        archive: { ...PROPS.archive, endpoint: "http://minio:9000", retentionDays: 0, schedule: "15 1 * * *" },
        pooler: { ...PROPS.pooler, connectionsPerUser: 36 },
        owner: "nobody",
        roles: [
          { name: "postgres", comment: "", login: true },
          { name: "twice", comment: "", login: false, passwordSecret: "x" },
          { name: "twice", comment: "", login: true },
        ],
      });
    expect(wrong).toThrow(
      [
        "test/postgresql: 13 problems",
        '  - image is "postgresql:18": name a tag with major and minor release, so that nothing is upgraded by itself',
        "  - instances is 1: use 2 or more, a primary and a synchronous replica",
        '  - durability is "required" with 1 instances: every restart of the only replica would stop all writes; use 3 instances, or "preferred"',
        "  - archive.retentionDays is 0: use a whole number from 1 on",
        '  - archive.schedule is "15 1 * * *": it has six fields, the first are seconds',
        '  - archive.endpoint is "http://minio:9000": use https:// and a host name, which answers on 443',
        '  - parameters.wal_compression is "on", which Helm\'s YAML reads as no text: use "true" or "false"',
        "  - pooler.connectionsPerUser is 36, above the 35 of pooler.maximumConnections",
        "  - max_connections is 50, but 2 poolers with 35 each and 25 others make 95: raise it, or give the poolers less",
        '  - the role "twice" is there twice: give it once',
        '  - the owner "nobody" is not one of the roles: postgres, twice, twice',
        '  - the role "postgres" belongs to the operator: use another name',
        '  - the role "twice" has a password, but cannot log in',
      ].join("\n"),
    );
  });
});
