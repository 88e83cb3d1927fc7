import { type Manifest } from "../cluster/manifests";
import { tenantName } from "./tenant";
import { type TenantEntry } from "./tenant-list";

export interface TenantRouteProps {
  /** Host names are `<subdomain>.<domain>`. May be a token. */
  readonly domain: string;
  /** Service in front of the API, in the namespace that the objects are put into. */
  readonly service: { readonly name: string; readonly port: number };
  /** Middleware that gives requests the API's own host name, from {@link apiHostMiddleware}. */
  readonly hostMiddleware: string;
  readonly namespace: string;
}

const TRAEFIK = "traefik.io/v1alpha1";

/** A Middleware of Traefik that sends requests on under another host name, which the API gateway's routes are for. */
export function apiHostMiddleware(name: string, host: string): Manifest {
  return {
    apiVersion: TRAEFIK,
    kind: "Middleware",
    metadata: { name },
    spec: { headers: { customRequestHeaders: { Host: host } } },
  };
}

/**
 * A tenant's host name as another way to the API, with its own limit of requests (of each replica of Traefik). Its
 * certificate is the gateway's own, which has to be good for every name below the domain.
 *
 * The name says nothing of who is asking: the API gateway takes the tenant from the verified token here as everywhere, so
 * nobody becomes another tenant by asking at its name.
 */
export function tenantRoute(
  { id, subdomain, quotas: { requestsPerMinute } }: TenantEntry,
  { domain, service, hostMiddleware, namespace }: TenantRouteProps,
): readonly Manifest[] {
  const name = tenantName(id);
  const host = `${subdomain}.${domain}`;
  const middleware = (each: string) => `${namespace}-${each}@kubernetescrd`;
  return [
    {
      apiVersion: TRAEFIK,
      kind: "Middleware",
      metadata: { name },
      spec: {
        rateLimit: {
          average: requestsPerMinute,
          period: "1m",
          burst: requestsPerMinute,
          sourceCriterion: { requestHost: true },
        },
      },
    },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: {
        name,
        annotations: {
          "traefik.ingress.kubernetes.io/router.entrypoints": "websecure",
          "traefik.ingress.kubernetes.io/router.tls": "true",
          // The limit counts by the name that was asked for, so it comes first.
          "traefik.ingress.kubernetes.io/router.middlewares": [name, hostMiddleware].map(middleware).join(","),
        },
      },
      spec: {
        ingressClassName: "traefik",
        rules: [
          {
            host,
            http: {
              paths: [
                {
                  path: "/",
                  pathType: "Prefix",
                  backend: { service: { name: service.name, port: { number: service.port } } },
                },
              ],
            },
          },
        ],
      },
    },
  ];
}
