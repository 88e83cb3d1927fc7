import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { SocleError } from "../core/error";

export interface CoreDnsNamesProps {
  /** Domain whose names mean something else to pods than to the world, such as `lab.local`. */
  readonly domain: string;
  /** Name without the domain → IPv4 address, such as `postgres` → `172.30.0.10`. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Full name of the Service that every other name of the domain leads to, such as an ingress controller's. */
  readonly service: string;
  /** What has to be there before. @default - nothing: the ConfigMap lies in `kube-system` */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/**
 * Names that pods find by K3s's CoreDNS, in a domain that no other server knows: fixed addresses for some, and one Service
 * for all others, under whatever address it has.
 *
 * K3s's CoreDNS reads it without a restart, some minutes later at most: the kubelet brings the ConfigMap to the pod, and
 * CoreDNS looks for changes twice a minute.
 *
 * @see https://docs.k3s.io/advanced#coredns-custom-configuration-imports
 */
export class CoreDnsNames extends Construct {
  /** @throws SocleError when the domain, a name, an address or the Service is malformed */
  constructor(scope: Construct, id: string, props: CoreDnsNamesProps) {
    super(scope, id);
    SocleError.throwIfAny(this.node.path, problemsOf(props));
    new ConfigMapV1(this, "Resource", {
      // The one that K3s's Corefile imports from, files whose names end with .server.
      metadata: { name: "coredns-custom", namespace: "kube-system" },
      data: { [`${props.domain}.server`]: serverBlocks(props) },
      ...(props.dependsOn ? { dependsOn: [...props.dependsOn] } : {}),
    });
  }
}

/**
 * One block for the names with an address and one for the domain: CoreDNS takes the most specific. In one they would not
 * get along, since it rewrites a question before it looks for an address.
 */
function serverBlocks({ domain, addresses, service }: CoreDnsNamesProps): string {
  const names = Object.entries(addresses).map(([name, address]) => ({ address, name: `${name}.${domain}` }));
  const block = (zones: readonly string[], lines: readonly string[]) => [
    `${zones.map((zone) => `${zone}:53`).join(" ")} {`,
    ...["errors", ...lines].map((line) => `    ${line}`),
    "}",
  ];
  return [
    ...(names.length === 0
      ? []
      : block(
          names.map(({ name }) => name),
          ["hosts {", ...names.map(({ name, address }) => `    ${address} ${name}`), "    no_reverse", "}"],
        )),
    ...block(
      [domain],
      [
        // Every name there is, the domain's own too: what was not rewritten would come back here for ever.
        `rewrite name regex .* ${service} answer auto`,
        // To the block of the cluster's own names.
        "forward . 127.0.0.1:53",
      ],
    ),
    "",
  ].join("\n");
}

const LABEL = "[a-z0-9]([a-z0-9-]*[a-z0-9])?";

function problemsOf({ domain, addresses, service }: CoreDnsNamesProps): string[] {
  const label = new RegExp(`^${LABEL}$`);
  const byte = /^(25[0-5]|2[0-4]\d|1?\d?\d)$/;
  return [
    ...(new RegExp(`^${LABEL}(\\.${LABEL})+$`).test(domain)
      ? []
      : [`domain is "${domain}": use lower-case words joined by ".", such as lab.local`]),
    ...(new RegExp(`^${LABEL}\\.${LABEL}\\.svc\\.cluster\\.local$`).test(service)
      ? []
      : [`service is "${service}": use its full name, such as traefik.traefik.svc.cluster.local`]),
    ...Object.entries(addresses).flatMap(([name, address]) => [
      ...(label.test(name)
        ? []
        : [`the name "${name}" is malformed: use one word of lower-case letters, digits and "-"`]),
      ...(address.split(".").length === 4 && address.split(".").every((part) => byte.test(part))
        ? []
        : [`the address of "${name}" is "${address}": use one of IPv4`]),
    ]),
  ];
}
