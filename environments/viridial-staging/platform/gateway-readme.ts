import { type ReadmeSection } from "../../../constructs/core/layer";
import { type ViridialSettings } from "../settings";

const section = (title: string, ...lines: string[]): ReadmeSection => ({ title, body: lines.join("\n") });

const WAF: Readonly<Record<ViridialSettings["waf"], readonly string[]>> = {
  none: [
    "No web application firewall looks into requests (setting `waf`; `docs/decisions/0002-web-application-firewall.md` says why). What there is:",
    "limits of rate and size for every address, no names that there is no certificate for, and Kong's checks of tokens.",
  ],
  coraza: [
    "Coraza looks at every request by the OWASP Core Rule Set (setting `waf`), as a plugin that Traefik downloads from plugins.traefik.io at each",
    "start: without it Traefik does not start. Its authors call it early. What it refuses is answered with 403 and is in Traefik's log.",
  ],
  cloudflare: [
    "Cloudflare's rules are the web application firewall (setting `waf`): they are in the layer -dns, whose records have to be proxied. Nobody but",
    "`trusted_proxy_cidr_blocks` is answered over HTTPS, so that they cannot be gone around. Give those blocks, of IPv4 and IPv6, from",
    "<https://www.cloudflare.com/ips/>, and look there again when Cloudflare announces new ones.",
  ],
};

/** What the README of the platform's layer says of the gateway. */
export function gatewayReadme(waf: ViridialSettings["waf"]): readonly ReadmeSection[] {
  return [
    section(
      "Names and certificates",
      "Point `domain_name` and `api.` before it to `load_balancer_ip` of the layer -cluster. Until then Let's Encrypt cannot prove them, and HTTPS",
      "is refused altogether: there is no certificate that nobody trusts in its place. Then look, and take the authority that browsers trust:",
      "",
      "```sh",
      "kubectl --namespace traefik get certificate,order,challenge",
      "terraform apply -var certificate_issuer=letsencrypt-production   # and keep it in terraform.tfvars",
      "```",
      "",
      "Names are proven over HTTP, or with `dns01_enabled` by records in Cloudflare's DNS, which wildcards need. The token (`cloudflare_api_token`)",
      "is asked for at every apply and kept in the Secret `cloudflare-api-token` in the namespace cert-manager; raise",
      "`cloudflare_api_token_revision` when it is another one.",
      "",
      "Where Cloudflare proxies a record, its free certificate is for the zone and one level under it: `acme.viridial.com`, not",
      "`acme.staging.viridial.com`, nor `api.staging.viridial.com`. So tenants' names are one level under the zone",
      '(`certificate_names = ["*.viridial.com"]`), and the API is not proxied unless its `domain_name` is the zone.',
    ),
    section(
      "The way of a request",
      "Load balancer (TCP, PROXY protocol) → Traefik (TLS; limits; namespace traefik) → Kong (`api.`; namespace kong) → a service. The load",
      "balancer takes a node out on which no Traefik runs: replicas are on different nodes, and it needs half a minute to see that one is gone.",
      "",
      "- Traefik takes 50 requests a second of one address, 100 at once, and bodies up to 10 MiB. Each replica counts by itself. It buffers bodies,",
      "  of requests and answers.",
      "- Kong drops a client's `X-Tenant-ID` (also written with `_`) on every route, and sets it from the claim `tenant_id` of the token that it has",
      "  verified, or from the consumer of an API key: its tag `tenant:<uuid>`, or its `custom_id`. It is a plugin of our own, `tenant`.",
      "- Kong's admin API is on its pod's loopback address: `kubectl --namespace kong port-forward deployment/kong 8444` and `https://localhost:8444`.",
      "- An upgrade of Kong's chart leaves its kinds as they are: apply those of the new version first (`kubectl apply --server-side`, the folder `crds` of the chart).",
    ),
    section("Web application firewall", ...WAF[waf]),
    section(
      "Linkerd",
      "`linkerd_enabled = true` installs Linkerd, which encrypts and proves who is who between pods of its mesh. Before that:",
      "",
      "- **Releases.** Only edge releases are free since 2024, weekly ones without patches; stable ones are sold by Buoyant.",
      "- **Room.** About 300 MiB and 120 m CPU for the control plane and two nodes, 24 MiB and 10 m for each pod in the mesh: none of it is in",
      "  `make capacity`. On two workers take something out first, or add a worker.",
      "- **Namespaces stay `restricted`.** The usual container with NET_ADMIN in each pod would be refused there; instead an agent on each node",
      "  (namespace linkerd-cni, `privileged`) leads the traffic, after Calico. A pod that starts before it is there is restarted.",
      "- **Nothing is in the mesh by itself.** Pods are, whose template has the annotation `linkerd.io/inject: enabled`; the proxy is a sidecar that",
      "  Kubernetes knows as one, so Jobs finish. Their NetworkPolicies also have to allow the control plane (8080, 8086, 8090) and, between",
      "  each other, 4143 for what is not HTTP.",
      "- **Keys.** The trust anchor is made by Terraform, for ten years, and its key is in this state. The issuer below it is made by cert-manager in",
      "  the cluster, every two days.",
      "",
      "```sh",
      "kubectl --namespace linkerd get pods,certificate",
      "```",
    ),
  ];
}
