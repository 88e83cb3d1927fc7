import { TerraformOutput, type TerraformVariable } from "cdktf";
import { type Manifest, Manifests } from "../../../constructs/cluster/manifests";
import { type INamespace } from "../../../constructs/cluster/namespace";
import { type Layer } from "../../../constructs/core/layer";
import { CertManager } from "../../../constructs/gateway/cert-manager";
import { LocalAuthority } from "../../../constructs/gateway/local-authority";
import { Traefik } from "../../../constructs/gateway/traefik";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { TRAEFIK_NODE_PORTS } from "../cluster";
import { type LabDelivery } from "../delivery";
import { publicName } from "../names";
import { nodeAddress } from "../network";
import { type LabSettings } from "../settings";
import { type HubbleUi } from "./network";

/** Output with the certificate (PEM) of the lab's authority. */
export const AUTHORITY_OUTPUT = "certificate_authority";

/** Where the certificate is that `helm-values/lab/traefik.yaml` names. */
const CERTIFICATE_SECRET = "gateway-tls";

/** Who may see the pages that ask nobody themselves. */
const DASHBOARD_USER = "admin";

/** cert-manager, and the lab's own authority: `.local` is nobody's, so no public one signs names of it. */
export function addCertificates(
  layer: Layer,
  { domain }: LabSettings,
  namespace: INamespace,
): { certManager: CertManager; authority: LocalAuthority } {
  const certManager = new CertManager(layer, "cert_manager", { namespace, acme: false });
  const authority = new LocalAuthority(layer, "lab_ca", { commonName: `${domain} (lab)`, domain, certManager });
  new TerraformOutput(layer, AUTHORITY_OUTPUT, {
    description:
      "Certificate (PEM) of the authority that signed every name of the lab; see Trusting the lab in the README.",
    value: authority.certificate,
  });
  return { certManager, authority };
}

export interface GatewayProps {
  readonly settings: LabSettings;
  readonly namespace: INamespace;
  readonly authority: LocalAuthority;
  readonly delivery: LabDelivery;
  readonly passwordRevision: TerraformVariable;
  /** Where there is one. */
  readonly hubble: HubbleUi | undefined;
}

/**
 * The way in: Traefik on the node that this machine's ports lead to, with one certificate for every name of the lab, and
 * its own page and Hubble's behind a login.
 */
export function addGateway(layer: Layer, props: GatewayProps): Traefik {
  const { settings, namespace, authority, delivery, hubble } = props;
  authority.request("gateway", {
    namespace,
    secretName: CERTIFICATE_SECRET,
    dnsNames: [`*.${settings.domain}`, settings.domain],
  });
  const traefik = new Traefik(layer, "traefik", {
    namespace,
    // Docker's own gateway, which forwards the ports of this machine.
    loadBalancerBlocks: [settings.networkCidrBlock],
    proxyProtocol: false,
    nodePorts: TRAEFIK_NODE_PORTS,
    publishedAddress: nodeAddress(settings, 0),
    delivery: delivery.of(),
  });

  const pages: Page[] = [
    {
      id: "traefik",
      host: publicName(settings, "traefik"),
      namespace,
      service: { name: "api@internal", kind: "TraefikService" },
      description: "Routes of the gateway.",
    },
  ];
  if (hubble) {
    traefik.pods.allowToUnguarded(hubble.pods, { port: hubble.port });
    pages.push({
      id: "hubble",
      host: publicName(settings, "hubble"),
      namespace: hubble.pods.namespace,
      service: { name: "hubble-ui", port: 80 },
      description: "Flows between pods, those that were dropped too.",
    });
  }
  pages.forEach((page) => addPage(layer, page, props, traefik));
  return traefik;
}

/** A page that asks nobody who is there. */
interface Page {
  readonly id: string;
  readonly host: string;
  readonly namespace: INamespace;
  /** What is behind it, as a route of Traefik names it. */
  readonly service: Readonly<Record<string, unknown>>;
  readonly description: string;
}

/** Leads a name to a page, behind a password. */
function addPage(layer: Layer, page: Page, { delivery, passwordRevision }: GatewayProps, traefik: Traefik): void {
  const { id, host, namespace, service, description } = page;
  const login = new GeneratedSecret(layer, `${id}_login`, {
    namespace: namespace,
    type: "kubernetes.io/basic-auth",
    generate: { password: { length: 32 } },
    values: { username: DASHBOARD_USER },
    revision: passwordRevision,
    afterRotation: "Traefik takes the new one within seconds.",
  });
  const route = { name: `${id}-page`, namespace: namespace.name };
  const manifests: Manifest[] = [
    {
      apiVersion: "traefik.io/v1alpha1",
      kind: "Middleware",
      metadata: { ...route },
      spec: { basicAuth: { secret: login.secretName, removeHeader: true } },
    },
    {
      apiVersion: "traefik.io/v1alpha1",
      kind: "IngressRoute",
      metadata: { ...route },
      spec: {
        entryPoints: ["websecure"],
        routes: [
          { kind: "Rule", match: `Host(\`${host}\`)`, middlewares: [{ name: route.name }], services: [service] },
        ],
        tls: {},
      },
    },
  ];
  if (delivery.gitops) {
    delivery.gitops.addManifests(`${id}-page`, manifests.map(afterTraefik));
  } else {
    new Manifests(layer, `${id}_page`, { namespace, manifests, dependsOn: [traefik.delivered, login.resource] });
  }
  new TerraformOutput(layer, `${id}_url`, {
    description: `${description} The user is ${DASHBOARD_USER}.`,
    value: `https://${host}`,
  });
  new TerraformOutput(layer, `${id}_password_command`, {
    description: `Prints the password of ${host}.`,
    value: `kubectl --namespace ${namespace.name} get secret ${login.secretName} --output jsonpath='{.data.password}' | base64 --decode`,
  });
}

/** In the wave after Traefik, which brings the kinds: Argo CD would refuse the whole otherwise. */
function afterTraefik(manifest: Manifest): Manifest {
  return {
    ...manifest,
    metadata: {
      ...manifest.metadata,
      annotations: {
        "argocd.argoproj.io/sync-wave": "1",
        "argocd.argoproj.io/sync-options": "SkipDryRunOnMissingResource=true",
      },
    },
  };
}
