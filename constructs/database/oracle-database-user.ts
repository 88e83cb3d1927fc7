import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { ApplyJob } from "../cluster/apply-job";
import { countPods, type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { filesOf, shortDigest, temporaryVolume } from "../cluster/pod-parts";
import { SocleError } from "../core/error";
import { readProjectFile } from "../core/files";
import { type GeneratedSecret, type SecretKey } from "../secrets/generated-secret";

export interface OracleDatabaseUserProps {
  readonly namespace: INamespace;
  /**
   * Image with Python and python-oracledb, whose thin mode needs no Oracle client. Oracle's own
   * `ghcr.io/oracle/oraclelinux9-python:3.12-oracledb` has both.
   * @see https://github.com/oracle/docker-images/tree/main/OracleLinuxDevelopers
   */
  readonly image: string;
  /** Connect descriptor or Easy Connect string; one-way TLS, so that there is no wallet. */
  readonly connectString: string;
  /** The user that may make others, `ADMIN` in an Autonomous Database. */
  readonly adminUsername: string;
  readonly adminPassword: SecretKey;
  /** The user to make, such as `FASTAPI`: a letter, then letters, digits and `_`. Not `ADMIN`. */
  readonly username: string;
  /** Holds the password of that user: generated with 12 to 30 letters, digits, `_` and `-`. */
  readonly secret: GeneratedSecret;
  /** Its key in `secret`. */
  readonly passwordKey: string;
  /** The most that it may store, such as `5G`. */
  readonly quota: string;
}

/** An image may have several Pythons (Oracle Linux needs its own): the one that knows the driver runs the script. */
const LAUNCH = `
for python in python3 python3.13 python3.12 python3.11; do
  if "$python" -c "import oracledb" 2>/dev/null; then
    exec "$python" /scripts/create_user.py
  fi
done
echo "no Python of this image has python-oracledb" >&2
exit 1
`.trim();

const REQUESTS = { cpuMillis: 10, memoryMib: 64 };

/**
 * A user of an Oracle database with no rights beyond its own schema, made by a Job in the cluster: the password never
 * leaves the Secret that Terraform writes it to. Another Job runs, with the same result, whenever that Secret has another
 * password or the script is another one.
 */
export class OracleDatabaseUser extends Construct implements Connectable {
  readonly pods: Pods;
  /** What uses the user depends on it. */
  readonly ready: ITerraformDependable;

  /** @throws SocleError when the user's name or its quota is not accepted */
  constructor(scope: Construct, id: string, props: OracleDatabaseUserProps) {
    super(scope, id);
    SocleError.throwIfAny(this.node.path, [
      ...(/^[A-Z][A-Z0-9_]{0,127}$/.test(props.username) && !["ADMIN", "SYS", "SYSTEM"].includes(props.username)
        ? []
        : [
            `username is "${props.username}": use a capital letter, then capital letters, digits and "_"; not ADMIN, SYS or SYSTEM`,
          ]),
      ...(/^[1-9][0-9]*[MG]$/.test(props.quota) ? [] : [`quota is "${props.quota}": use a size such as "5G"`]),
    ]);
    const name = id.replaceAll("_", "-");
    const { namespace } = props;
    const script = readProjectFile("constructs/database/oracle-database-user/create_user.py");
    const file = new ConfigMapV1(this, "script", {
      metadata: { name, namespace: namespace.name, labels: { "app.kubernetes.io/name": name } },
      data: filesOf({ "create_user.py": script }),
      dependsOn: [...namespace.present],
    });
    const job = new ApplyJob(this, "Default", {
      namespace,
      name,
      // Another script, or another password, is another Job.
      version: `${shortDigest(script)}-${props.secret.version}`,
      image: props.image,
      command: ["/bin/sh", "-c", LAUNCH],
      environment: {
        DATABASE_DSN: props.connectString,
        ADMIN_USER: props.adminUsername,
        APP_USER: props.username,
        APP_QUOTA: props.quota,
        HOME: "/tmp",
      },
      secretEnvironment: { ADMIN_PASSWORD: props.adminPassword, APP_PASSWORD: props.secret.key(props.passwordKey) },
      resources: { ...REQUESTS, memoryLimitMib: 128 },
      volumes: [
        { name: "scripts", mountPath: "/scripts", source: { configMap: { name: file.metadata.name } } },
        temporaryVolume("16Mi"),
      ],
      dependsOn: [props.secret.resource],
    });
    this.ready = job.done;
    this.pods = job.pods;
    countPods(namespace, { name, ...REQUESTS, replicas: 1 });
  }
}
