/**
 * Annotations of an Ingress that Traefik answers over HTTPS only, with its default certificate.
 *
 * @see https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/
 */
export const HTTPS_ROUTE: Readonly<Record<string, string>> = {
  "traefik.ingress.kubernetes.io/router.entrypoints": "websecure",
  "traefik.ingress.kubernetes.io/router.tls": "true",
};
