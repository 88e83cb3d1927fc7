import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { IngressV1 } from "@cdktf/provider-kubernetes/lib/ingress-v1";
import { type Manifest } from "../cluster/manifests";
import { type Workload } from "../cluster/workload";
import { SocleError } from "../core/error";
import { wholeNumberProblems } from "../core/problems";
import {
  API_KEY_HEADER,
  API_PLUGINS,
  DROPPED_REQUEST_HEADERS,
  KONG_CLASS,
  type KongAccess,
  kongPlugin,
} from "./kong-access";

/** How long Kong waits for a service, in milliseconds, and how often it asks another replica when one does not answer. */
export interface ApiPatience {
  readonly connectMilliseconds: number;
  /** Between two reads, and two writes. */
  readonly answerMilliseconds: number;
  readonly retries: number;
}

export interface ApiRouteProps {
  readonly access: KongAccess;
  /** Its Service has the annotations of {@link apiServiceAnnotations}. */
  readonly workload: Workload;
  /** What the paths of the service begin with, such as `/property`: the service itself does not see it. */
  readonly prefix: string;
  /** Path of the service that answers 200 while it lives; everybody may ask it, below the prefix. */
  readonly healthPath: string;
  /** Path of the service that answers 200 when it can take requests. */
  readonly readyPath: string;
  /**
   * Paths of the service that everybody may call, such as those to log in: `path` and all below it, by plain names only
   * (lower-case letters, digits, "-" and "_"), so often a minute from one address at each replica of Kong.
   * @default - none but the health
   */
  readonly open?: { readonly path: string; readonly requestsPerMinute: number };
  /** A larger request body is refused. @default - the gateway's own limit */
  readonly maximumBodyMegabytes?: number;
  /** What has to be there before. @default - plugins and consumers */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/** Annotations by which Kong knows how long to wait for a Service, and when to leave one of its replicas out. */
export function apiServiceAnnotations(
  name: string,
  { connectMilliseconds, answerMilliseconds, retries }: ApiPatience,
): Record<string, string> {
  return {
    "konghq.com/upstream-policy": name,
    "konghq.com/connect-timeout": String(connectMilliseconds),
    "konghq.com/read-timeout": String(answerMilliseconds),
    "konghq.com/write-timeout": String(answerMilliseconds),
    "konghq.com/retries": String(retries),
  };
}

/**
 * The way from the API's host name to a service, through Kong: one route for tokens, one for requests with an API key, and
 * public ones to its health and to what it opens. A request that has a key is never let in by a token, nor the other way
 * round.
 *
 * Replicas that fail are left out (circuit breaker): by what callers get of them, until Kong's own question says that they
 * are ready again. While all are out, callers get 503 at once.
 */
export class ApiRoute extends Construct {
  /** Path of its health at the API's host name. */
  readonly healthPath: string;
  /** What depends on the routes being there. */
  readonly ingresses: readonly IngressV1[];

  /** @throws SocleError when a path is malformed, or the limit not positive */
  constructor(scope: Construct, id: string, props: ApiRouteProps) {
    super(scope, id);
    const { access, workload, prefix, maximumBodyMegabytes, open } = props;
    SocleError.throwIfAny(this.node.path, problemsOf(props));
    const { name } = workload;
    this.healthPath = `${prefix}${props.healthPath}`;
    const body = `${name}-body`;
    const health = `${name}-health`;
    access.add(
      circuitBreaker(name, props.readyPath),
      kongPlugin(health, "request-transformer", { replace: { uri: props.healthPath } }),
      ...(maximumBodyMegabytes === undefined
        ? []
        : [
            kongPlugin(body, "request-size-limiting", {
              allowed_payload_size: maximumBodyMegabytes,
              size_unit: "megabytes",
            }),
          ]),
    );
    access.allowEverybody(health);
    const { cors, jwt, keyAuth, tenant, request, response, log } = API_PLUGINS;
    const common = [tenant, request, response, log, cors, ...(maximumBodyMegabytes === undefined ? [] : [body])];
    const below = { path: prefix, pathType: "Prefix" };
    this.ingresses = [
      this.ingress(props, "tokens", name, below, {
        "konghq.com/strip-path": "true",
        "konghq.com/plugins": [jwt, ...common].join(","),
      }),
      this.ingress(props, "keys", `${name}-api-key`, below, {
        "konghq.com/strip-path": "true",
        // A route that also asks for a header comes first, where it has it: `~*` is a regular expression.
        [`konghq.com/headers.${API_KEY_HEADER.toLowerCase()}`]: "~*.+",
        "konghq.com/plugins": [keyAuth, ...common].join(","),
      }),
      this.ingress(
        props,
        "health",
        health,
        { path: this.healthPath, pathType: "Exact" },
        { "konghq.com/methods": "GET", "konghq.com/plugins": [health, response].join(",") },
      ),
      ...(open ? [this.open(props, open, [request, response, log, cors])] : []),
    ];
    workload.allowFrom(access.kong);
  }

  /** The route to what everybody may call: a regular expression, since the service sees all of the path but the prefix. */
  private open(
    props: ApiRouteProps,
    { path, requestsPerMinute }: { readonly path: string; readonly requestsPerMinute: number },
    common: readonly string[],
  ): IngressV1 {
    const { access, workload, prefix } = props;
    const [name, uri, limit] = ["", "-path", "-limit"].map((end) => `${workload.name}-open${end}`) as [
      string,
      string,
      string,
    ];
    access.add(
      // A route has each plugin once: this takes the place of the common one.
      kongPlugin(uri, "request-transformer", {
        remove: DROPPED_REQUEST_HEADERS,
        replace: { uri: '$(uri_captures["rest"])' },
      }),
      kongPlugin(limit, "rate-limiting", { minute: requestsPerMinute, limit_by: "ip", policy: "local" }),
    );
    access.allowEverybody(name);
    return this.ingress(
      props,
      "open",
      name,
      // Kong takes a path that begins with /~ for a regular expression. No dot and no percent sign: nothing climbs out.
      { path: `/~${prefix}(?P<rest>${path}(/[a-z0-9_-]+)+)$`, pathType: "ImplementationSpecific" },
      {
        "konghq.com/plugins": [limit, ...common.map((plugin) => (plugin === API_PLUGINS.request ? uri : plugin))].join(
          ",",
        ),
      },
    );
  }

  private ingress(
    { access, workload, dependsOn = [] }: ApiRouteProps,
    id: string,
    name: string,
    path: { readonly path: string; readonly pathType: string },
    annotations: Record<string, string>,
  ): IngressV1 {
    return new IngressV1(this, id, {
      metadata: { name, namespace: access.namespace.name, annotations },
      spec: {
        ingressClassName: KONG_CLASS,
        rule: [
          {
            host: access.host,
            http: {
              path: [{ ...path, backend: { service: { name: workload.service.metadata.name, port: { number: 80 } } } }],
            },
          },
        ],
      },
      dependsOn: [access.delivered, ...dependsOn],
    });
  }
}

/** @see https://developer.konghq.com/kubernetes-ingress-controller/reference/custom-resources/ (KongUpstreamPolicy) */
function circuitBreaker(name: string, readyPath: string): Manifest {
  return {
    apiVersion: "configuration.konghq.com/v1beta1",
    kind: "KongUpstreamPolicy",
    metadata: { name },
    spec: {
      algorithm: "least-connections",
      healthchecks: {
        active: {
          type: "http",
          httpPath: readyPath,
          timeout: 2,
          concurrency: 2,
          healthy: { interval: 10, successes: 1, httpStatuses: [200] },
          unhealthy: { interval: 5, httpFailures: 2, tcpFailures: 2, timeouts: 2, httpStatuses: [500, 502, 503, 504] },
        },
        passive: {
          type: "http",
          healthy: { successes: 1, httpStatuses: [200, 201, 202, 204] },
          // Not 500: one request that is answered with it again and again would take the service from everybody.
          unhealthy: { httpFailures: 5, tcpFailures: 2, timeouts: 3, httpStatuses: [502, 503, 504] },
        },
      },
    },
  };
}

function problemsOf({ prefix, healthPath, readyPath, maximumBodyMegabytes, open }: ApiRouteProps): string[] {
  const path = (key: string, value: string) =>
    /^(\/[a-z0-9-]+)+$/.test(value)
      ? []
      : [`${key} is "${value}": use a path such as /property, without "/" at its end`];
  return [
    ...path("prefix", prefix),
    ...path("healthPath", healthPath),
    ...path("readyPath", readyPath),
    ...(open ? path("open.path", open.path) : []),
    ...wholeNumberProblems({
      ...(open ? { "open.requestsPerMinute": open.requestsPerMinute } : {}),
      ...(maximumBodyMegabytes === undefined ? {} : { maximumBodyMegabytes }),
    }),
  ];
}
