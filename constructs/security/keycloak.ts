import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { stringify } from "yaml";
import { Component, type Delivery } from "../cluster/component";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { HTTPS_ROUTE } from "../gateway/https-route";
import { type GeneratedSecret } from "../secrets/generated-secret";
import { type VaultSecret } from "../secrets/vault-store";

/** Version of the server, as the values have it: what else needs its image goes by it. */
export const KEYCLOAK_IMAGE = "quay.io/keycloak/keycloak:26.8.2";

export interface KeycloakProps {
  readonly namespace: INamespace;
  readonly delivery: Delivery;
  /** Name under which people reach it, over HTTPS: tokens name it. */
  readonly host: string;
  /** Where its database is; `credentials` is a Secret with the key `password`. */
  readonly database: {
    readonly host: string;
    readonly port: number;
    readonly name: string;
    readonly user: string;
    readonly credentials: VaultSecret;
  };
  /** Secret with the key `password`: the user `admin` gets it at the very first start, and never again. */
  readonly admin: GeneratedSecret;
  /** What has to be there before. @default - only the Secrets */
  readonly dependsOn?: readonly ITerraformDependable[];
}

const PORT = 8080;

/**
 * Keycloak: who people are, for everything that they log in to. One server, whose database is outside.
 *
 * People's browsers and tokens know it by its host; pods may ask it by the name of its Service, over HTTP, for tokens and
 * keys, so they need not trust the certificate of that host.
 *
 * @see https://www.keycloak.org/server/hostname
 */
export class Keycloak extends Construct implements Connectable {
  readonly pods: Pods;
  /** Port of the pods. */
  readonly port = PORT;
  /** Such as `http://keycloak-http.keycloak`. */
  readonly backchannel: string;
  /** Where Prometheus reads: name and number of the port of its management. */
  readonly metrics = { portName: "http-internal", port: 9000 };
  readonly delivered: ITerraformDependable;

  constructor(scope: Construct, id: string, props: KeycloakProps) {
    super(scope, id);
    const { namespace, host, database, admin } = props;
    const component = new Component(this, "Default", {
      name: "keycloak",
      namespace,
      chart: "keycloakx",
      repository: "https://codecentric.github.io/helm-charts",
      version: "7.1.11",
      delivery: props.delivery,
      values: {
        database: {
          hostname: database.host,
          port: database.port,
          database: database.name,
          username: database.user,
          existingSecret: database.credentials.secretName,
          existingSecretKey: "password",
        },
        // A text that the chart reads as a template.
        extraEnv: stringify([
          ...Object.entries({
            KC_HOSTNAME: `https://${host}`,
            KC_HOSTNAME_BACKCHANNEL_DYNAMIC: "true",
            KC_CACHE: "local",
            JAVA_OPTS_KC_HEAP: "-Xms256m -Xmx700m",
            KC_BOOTSTRAP_ADMIN_USERNAME: "admin",
          }).map(([name, value]) => ({ name, value })),
          {
            name: "KC_BOOTSTRAP_ADMIN_PASSWORD",
            valueFrom: { secretKeyRef: { name: admin.secretName, key: admin.key("password").key } },
          },
        ]),
        ingress: {
          enabled: true,
          ingressClassName: "traefik",
          annotations: HTTPS_ROUTE,
          rules: [{ host, paths: [{ path: "/", pathType: "Prefix" }] }],
        },
      },
      pods: { server: { labels: { "app.kubernetes.io/name": "keycloakx" }, resources: ["resources"] } },
      dependsOn: [database.credentials.delivered, admin.resource, ...(props.dependsOn ?? [])],
    });
    this.pods = component.pods("server");
    this.backchannel = `http://keycloak-http.${namespace.name}`;
    this.delivered = component.delivered;
  }

  /** Lets others ask it, or lead people to it. */
  allowFrom(source: Connectable): void {
    this.pods.allowFrom(source, { port: PORT });
  }
}
