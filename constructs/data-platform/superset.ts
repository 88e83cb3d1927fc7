import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component, type Delivery } from "../cluster/component";
import { type Condition, type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { filesBelow, readProjectFile } from "../core/files";
import { HTTPS_ROUTE } from "../gateway/https-route";
import { type GeneratedSecret, type SecretKey } from "../secrets/generated-secret";
import { type VaultSecret } from "../secrets/vault-store";
import { type SingleSignOn } from "../security/single-sign-on";

export interface SupersetProps {
  readonly namespace: INamespace;
  readonly delivery: Delivery;
  /** Name under which people reach it, over HTTPS. */
  readonly host: string;
  readonly image: { readonly repository: string; readonly tag: string };
  /** Secret with the key `DATABASE_URI`: its own database, as SQLAlchemy has it. */
  readonly database: VaultSecret;
  /** Secret with the key `RUNS_URI`: the database of MLflow's runs, which it shows, and in which it changes nothing. */
  readonly runs: VaultSecret;
  /** Secret with the key `secret-key`, by which it encrypts what it keeps. */
  readonly keys: GeneratedSecret;
  /** Secret with the key `password`, of the user `admin`: who logs in while there is no single sign-on. */
  readonly admin: GeneratedSecret;
  readonly singleSignOn: SingleSignOn;
  /** A Trino that it shows while that is there, with the dashboards of `superset/assets`. */
  readonly trino: { readonly when: Condition; readonly uri: string };
  /** What has to be there before. @default - only the Secrets */
  readonly dependsOn?: readonly ITerraformDependable[];
}

const PORT = 8088;
const FOLDER = "constructs/data-platform/superset";

/** Where the Job that sets it up finds what it imports. */
const ASSETS_FOLDER = "/app/configs";

/**
 * Superset: charts and dashboards. One server without a broker: queries are answered while one waits.
 *
 * @see https://superset.apache.org/docs/configuration/configuring-superset
 */
export class Superset extends Construct implements Connectable {
  /** The server, and the Job that sets it up: the chart labels both alike. */
  readonly pods: Pods;
  readonly delivered: ITerraformDependable;

  constructor(scope: Construct, id: string, props: SupersetProps) {
    super(scope, id);
    const { namespace, host, image, database, runs, singleSignOn, trino } = props;
    const component = new Component(this, "Default", {
      name: "superset",
      namespace,
      repository: "https://apache.github.io/superset",
      version: "0.17.2",
      delivery: props.delivery,
      values: {
        image,
        envFromSecret: database.secretName,
        envFromSecrets: [runs.secretName],
        extraEnvRaw: secretVariables(props),
        configOverrides: { lab: readProjectFile(`${FOLDER}/config.py`) },
        extraConfigs: assets(),
        extraConfigMountPath: ASSETS_FOLDER,
        init: { initscript: readProjectFile(`${FOLDER}/init.sh`) },
        ingress: {
          enabled: true,
          ingressClassName: "traefik",
          annotations: HTTPS_ROUTE,
          path: "/",
          pathType: "Prefix",
          hosts: [host],
        },
      },
      overlays: [
        { when: trino.when, values: { extraEnv: { TRINO_URI: trino.uri, ASSETS_FOLDER } } },
        { when: singleSignOn.when, values: singleSignOnValues(props) },
      ],
      pods: {
        server: { labels: { app: "superset", release: "superset" }, resources: ["supersetNode.resources"] },
      },
      timeoutSeconds: 1200,
      dependsOn: [
        database.delivered,
        runs.delivered,
        singleSignOn.client.delivered,
        props.keys.resource,
        props.admin.resource,
        ...(props.dependsOn ?? []),
      ],
    });
    this.pods = component.pods("server");
    this.pods.allowTo(singleSignOn.pods, { port: singleSignOn.port });
    this.delivered = component.delivered;
  }

  /** Lets others ask its API, or lead people to its pages. */
  allowFrom(source: Connectable): void {
    this.pods.allowFrom(source, { port: PORT });
  }
}

/** Files of one folder: a ConfigMap has no others. What puts them back into theirs is among them. */
function assets(): Record<string, string> {
  const folder = `${FOLDER}/assets`;
  return {
    ...Object.fromEntries(
      filesBelow(folder).map((file) => [file.replaceAll("/", "__"), readProjectFile(`${folder}/${file}`)]),
    ),
    "bundle.py": readProjectFile(`${FOLDER}/bundle.py`),
  };
}

function secretVariables({ keys, admin }: SupersetProps) {
  return [
    fromSecret("SUPERSET_SECRET_KEY", keys.key("secret-key")),
    fromSecret("ADMIN_PASSWORD", admin.key("password")),
  ];
}

function singleSignOnValues(props: SupersetProps) {
  const { issuer, backchannel, client } = props.singleSignOn;
  return {
    // Appended after the other one, in the order of the names.
    configOverrides: { login: readProjectFile(`${FOLDER}/single_sign_on.py`) },
    extraEnv: { OIDC_ISSUER: issuer, OIDC_BACKCHANNEL: backchannel },
    extraEnvRaw: [
      ...secretVariables(props),
      fromSecret("OIDC_CLIENT_ID", client.key("client-id")),
      fromSecret("OIDC_CLIENT_SECRET", client.key("client-secret")),
    ],
  };
}

function fromSecret(name: string, { secretName, key }: SecretKey) {
  return { name, valueFrom: { secretKeyRef: { name: secretName, key } } };
}
