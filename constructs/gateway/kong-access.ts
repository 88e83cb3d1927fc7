import { Fn, type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { IngressV1 } from "@cdktf/provider-kubernetes/lib/ingress-v1";
import { SecretV1 } from "@cdktf/provider-kubernetes/lib/secret-v1";
import { type Manifest, Manifests } from "../cluster/manifests";
import { type INamespace } from "../cluster/namespace";
import { type Connectable } from "../cluster/network-policy";
import { SocleError } from "../core/error";
import { Layer, type TerraformJson } from "../core/layer";
import { wholeNumberProblems } from "../core/problems";

/** Class of the Ingresses, plugins and consumers that Kong goes by. */
export const KONG_CLASS = "kong";

const API_VERSION = "configuration.konghq.com/v1";

/**
 * The plugins of routes, by the names that Ingresses give. Kong runs them in the order of their priorities, whatever the
 * order in an annotation: cors (2000), jwt (1450), key-auth (1250), tenant (930), rate-limiting (910), request-transformer
 * (801), response-transformer (800), file-log (9).
 *
 * @see https://developer.konghq.com/gateway/entities/plugin/#plugin-priority
 */
export const API_PLUGINS = {
  cors: "api-cors",
  jwt: "api-jwt",
  keyAuth: "api-key",
  tenant: "api-tenant",
  request: "api-request",
  response: "api-response",
  log: "api-log",
} as const;

/** Header of an API key. */
export const API_KEY_HEADER = "X-API-Key";

/**
 * What the configuration of request-transformer says of headers that no service gets: some frameworks believe the last two
 * rather than the path that was checked, and cookies are for no API.
 */
export const DROPPED_REQUEST_HEADERS = { headers: ["Cookie", "X-Original-URL", "X-Rewrite-URL"] };

/** A token that is good for longer is refused: who steals one has it for an hour at most. */
const TOKEN_SECONDS = 3600;

export interface KongAccessProps {
  /** Of the services: Ingresses find plugins and consumers in their own. */
  readonly namespace: INamespace;
  readonly kong: Connectable;
  /** Host name of the API. A token is fine. */
  readonly host: string;
  /** Who signs tokens (RS256). */
  readonly issuer: {
    /** The claim `iss` of its tokens. A token is fine. */
    readonly name: string;
    /** PEM of its public key. A token is fine. */
    readonly publicKey: string;
  };
  /** Header that services are told the tenant by, and the claim that has it. */
  readonly tenant: { readonly header: string; readonly claim: string };
  /** Origins of web pages whose scripts may call the API, such as `https://app.example.com`: at least one. */
  readonly corsOrigins: string[];
  /** How often a tenant may ask, on all routes together. */
  readonly requestsPerMinute: number;
  /** Where requests are counted, for all replicas of Kong. */
  readonly counters: {
    readonly pods: Connectable;
    readonly host: string;
    readonly port: number;
    /** A Secret with the password as JSON, so in quotes: Kong's controller writes it into JSON as it is. */
    readonly password: { readonly namespace: string; readonly secretName: string; readonly key: string };
  };
  /** What has to be there before, such as the Secrets. @default - only the namespace with its guardrails */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/** Somebody who calls with a key rather than with a token. */
export interface ApiConsumer {
  readonly name: string;
  /** UUID of the tenant that it acts for. */
  readonly tenantId: string;
  /** Secret with the key `key`, and the label of {@link KEY_LABELS}. */
  readonly secretName: string;
}

/** The label by which Kong takes a Secret for an API key. */
export const KEY_LABELS = { "konghq.com/credential": "key-auth" };

/**
 * Who may call an API behind Kong, and how often: tokens of one issuer, API keys, the tenant of a request, and a limit for
 * each tenant. Routes are made by `ApiRoute`; a synth fails when an Ingress of Kong's in the layer asks for neither a
 * token nor a key, or not for a tenant, and is not declared to be public.
 *
 * The limit is on every route of Kong, as one plugin: on a route it would count for that route alone. What has no tenant,
 * as a public route, is counted by its address.
 */
export class KongAccess extends Construct {
  readonly host: string;
  readonly kong: Connectable;
  readonly namespace: INamespace;
  /** What depends on plugins and consumers being there. */
  readonly delivered: ITerraformDependable;
  private readonly manifests: Manifests;
  private readonly publicRoutes = new Set<string>();

  /** @throws SocleError when the limit is not positive */
  constructor(scope: Construct, id: string, props: KongAccessProps) {
    super(scope, id);
    const { namespace, issuer, counters, requestsPerMinute } = props;
    SocleError.throwIfAny(this.node.path, wholeNumberProblems({ requestsPerMinute }));
    this.host = props.host;
    this.kong = props.kong;
    this.namespace = namespace;
    const issuerKey = new SecretV1(this, "issuer", {
      metadata: { name: "api-issuer", namespace: namespace.name, labels: { "konghq.com/credential": "jwt" } },
      // A public key is no secret: Kong's controller takes credentials from Secrets only.
      data: { algorithm: "RS256", key: issuer.name, rsa_public_key: issuer.publicKey },
      dependsOn: [...namespace.present],
    });
    this.manifests = new Manifests(this, "Default", {
      namespace,
      name: "api-access",
      manifests: [
        ...plugins(props),
        {
          apiVersion: API_VERSION,
          kind: "KongClusterPlugin",
          metadata: {
            name: "tenant-rate-limit",
            labels: { global: "true" },
            annotations: { "kubernetes.io/ingress.class": KONG_CLASS },
          },
          plugin: "rate-limiting",
          config: {
            minute: requestsPerMinute,
            limit_by: "header",
            header_name: props.tenant.header,
            policy: "redis",
            redis: { host: counters.host, port: counters.port, timeout: 500 },
            // Rather no limit for a while than no API.
            fault_tolerant: true,
            hide_client_headers: false,
          },
          configPatches: [
            {
              path: "/redis/password",
              valueFrom: {
                secretKeyRef: {
                  namespace: counters.password.namespace,
                  name: counters.password.secretName,
                  key: counters.password.key,
                },
              },
            },
          ],
        },
        consumer("api-issuer", "api-issuer"),
      ],
      dependsOn: [issuerKey, ...(props.dependsOn ?? [])],
    });
    this.delivered = this.manifests.delivered;
    props.kong.pods.allowTo(counters.pods.pods, { port: counters.port });
    this.node.addValidation({ validate: () => this.unprotected() });
  }

  /**
   * Lets somebody call with an API key, as a tenant.
   *
   * @throws SocleError when the tenant is no UUID, or the consumer is there already
   */
  allowKey({ name, tenantId, secretName }: ApiConsumer): void {
    SocleError.throwIfAny(
      this.node.path,
      /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(tenantId)
        ? []
        : [`the tenant of the API consumer "${name}" is "${tenantId}": use a UUID in lower case`],
    );
    this.manifests.add(consumer(name, secretName, tenantId));
  }

  /** Adds objects that routes need, such as plugins of their own. */
  add(...manifests: readonly Manifest[]): void {
    this.manifests.add(...manifests);
  }

  /** Declares that an Ingress asks nobody who they are. */
  allowEverybody(ingress: string): void {
    this.publicRoutes.add(ingress);
  }

  /** Every Ingress of Kong's in the layer that lets anybody in, a sentence each. */
  private unprotected(): string[] {
    const ingresses = Layer.of(this)
      .node.findAll()
      .filter((each) => each instanceof IngressV1)
      .flatMap((each) => Object.values((each.toTerraform() as TerraformJson).resource?.["kubernetes_ingress_v1"] ?? {}))
      .map((block) => block as unknown as IngressBlock)
      .filter(({ spec }) => spec.ingress_class_name === KONG_CLASS);
    return ingresses
      .filter(({ metadata }) => !this.publicRoutes.has(metadata.name))
      .flatMap(({ metadata: { name, annotations = {} } }) => {
        const has = (annotations["konghq.com/plugins"] ?? "").split(",");
        return [
          ...(has.includes(API_PLUGINS.jwt) || has.includes(API_PLUGINS.keyAuth)
            ? []
            : [
                `the Ingress "${name}" asks for neither a token nor a key: add ${API_PLUGINS.jwt} or ${API_PLUGINS.keyAuth}`,
              ]),
          ...(has.includes(API_PLUGINS.tenant)
            ? []
            : [`the Ingress "${name}" lets in who has no tenant, whom no limit is for: add ${API_PLUGINS.tenant}`]),
        ];
      });
  }
}

interface IngressBlock {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly ingress_class_name?: string };
}

/** A plugin that Ingresses of its namespace name. */
export function kongPlugin(name: string, plugin: string, config: unknown): Manifest {
  return {
    apiVersion: API_VERSION,
    kind: "KongPlugin",
    metadata: { name },
    plugin,
    config,
  };
}

function consumer(name: string, credentials: string, tenantId?: string): Manifest {
  return {
    apiVersion: API_VERSION,
    kind: "KongConsumer",
    metadata: {
      name,
      annotations: {
        "kubernetes.io/ingress.class": KONG_CLASS,
        // Two keys of one tenant are two consumers, and a custom id belongs to one.
        ...(tenantId === undefined ? {} : { "konghq.com/tags": `tenant:${tenantId}` }),
      },
    },
    username: name,
    credentials: [credentials],
  };
}

/** @see https://developer.konghq.com/plugins/ (the schemas of Kong 3.9) */
function plugins({ tenant, corsOrigins }: KongAccessProps): Manifest[] {
  return [
    kongPlugin(API_PLUGINS.cors, "cors", {
      // Never empty: Kong takes that for every origin.
      origins: Fn.distinct(corsOrigins),
      methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
      headers: ["Authorization", "Content-Type", API_KEY_HEADER, "X-Request-ID"],
      exposed_headers: ["X-Request-ID", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After"],
      max_age: 3600,
      // Tokens come in a header, not in cookies.
      credentials: false,
      preflight_continue: false,
    }),
    kongPlugin(API_PLUGINS.jwt, "jwt", {
      key_claim_name: "iss",
      claims_to_verify: ["exp"],
      maximum_expiration: TOKEN_SECONDS,
      header_names: ["authorization"],
      // A token in an address is in every log on its way.
      uri_param_names: [],
      cookie_names: [],
    }),
    kongPlugin(API_PLUGINS.keyAuth, "key-auth", {
      key_names: [API_KEY_HEADER],
      key_in_header: true,
      key_in_query: false,
      key_in_body: false,
      hide_credentials: true,
    }),
    kongPlugin(API_PLUGINS.tenant, "tenant", { header_name: tenant.header, claim: tenant.claim, required: true }),
    kongPlugin(API_PLUGINS.request, "request-transformer", {
      remove: DROPPED_REQUEST_HEADERS,
    }),
    kongPlugin(API_PLUGINS.response, "response-transformer", {
      remove: { headers: ["Server", "X-Powered-By", "X-Application-Context"] },
      // Where the service does not say: no cache on the way keeps what is one tenant's.
      add: { headers: ["Cache-Control:private, no-store"] },
    }),
    kongPlugin(API_PLUGINS.log, "file-log", {
      path: "/dev/stdout",
      // What a caller proves itself with is in no log; Kong redacts Authorization by itself.
      custom_fields_by_lua: {
        "request.headers.cookie": "return nil",
        [`request.headers.${API_KEY_HEADER.toLowerCase()}`]: "return nil",
      },
    }),
  ];
}
