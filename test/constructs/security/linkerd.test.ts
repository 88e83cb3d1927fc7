import { TerraformVariable } from "cdktf";
import { parse } from "yaml";
import { type Layer } from "../../../constructs/core/layer";
import { CertManager } from "../../../constructs/gateway/cert-manager";
import { Linkerd } from "../../../constructs/security/linkerd";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";

const variable = (layer: Layer, name: string) =>
  new TerraformVariable(layer, name, { type: "bool", description: name });

type Whens = readonly [control: TerraformVariable | undefined, cni: TerraformVariable | undefined];

const build = (
  whens: (layer: Layer) => Whens = (layer) => {
    const when = variable(layer, "mesh_enabled");
    return [when, when];
  },
) =>
  synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const [control, cni] = whens(layer);
    const at = (when: TerraformVariable | undefined) => (when ? { when } : {});
    new Linkerd(layer, "mesh", {
      namespace: testNamespace(cluster, "linkerd", at(control)),
      cniNamespace: testNamespace(cluster, "linkerd_cni", at(cni)),
      certManager: new CertManager(layer, "certificates", { namespace: testNamespace(cluster, "cert_manager") }),
    });
  });

const { layer, json } = build();
type Release = { values: string[]; depends_on: string[]; namespace: string; version: string };
const release = (name: string) => json.resource?.["helm_release"]?.[name] as unknown as Release;
const certificate = "one(tls_self_signed_cert.mesh_trust_anchor_certificate[*].cert_pem)";

describe("Linkerd", () => {
  test("THEN kinds, agent and issuer come before the control plane, all charts of one release", () => {
    expect(release("mesh_control_plane").depends_on).toEqual(
      expect.arrayContaining(["helm_release.mesh_crds", "helm_release.mesh_cni", "helm_release.mesh_issuer"]),
    );
    const versions = ["mesh_crds", "mesh_cni", "mesh_control_plane"].map((name) => release(name).version);
    expect(versions).toEqual(["2026.8.3", "2026.8.3", "2026.8.3"]);
    expect(release("mesh_cni").namespace).toBe("linkerd-cni");
  });

  test("THEN no pod needs NET_ADMIN, Jobs finish, and nothing is told to its makers", () => {
    expect(parse(release("mesh_control_plane").values[0] ?? "")).toMatchObject({
      cniEnabled: true,
      proxy: { nativeSidecar: true },
      disableHeartBeat: true,
    });
  });

  test("THEN what signs is made and renewed in the cluster: no key is in any value", () => {
    expect(parse(release("mesh_control_plane").values[0] ?? "")).toMatchObject({
      identity: { issuer: { scheme: "kubernetes.io/tls" } },
    });
    expect(release("mesh_control_plane").values[1]).toBe(
      `\${yamlencode({"identityTrustAnchorsPEM" = ${certificate}})}`,
    );
    expect(parse(release("mesh_issuer").values[0] ?? "")).toMatchObject({
      manifests: {
        "Issuer/linkerd-trust-anchor": { spec: { ca: { secretName: "linkerd-trust-anchor" } } },
        "Certificate/linkerd-identity-issuer": {
          spec: {
            secretName: "linkerd-identity-issuer",
            issuerRef: { kind: "Issuer", name: "linkerd-trust-anchor" },
            commonName: "identity.linkerd.cluster.local",
            isCA: true,
            duration: "48h0m0s",
            renewBefore: "25h0m0s",
            privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
          },
        },
      },
    });
    expect(JSON.stringify(json.resource?.["helm_release"])).not.toContain("private_key_pem");
  });

  test("THEN the trust anchor is an authority of ten years, which cert-manager gets as a Secret, and is named as a secret of the state", () => {
    expect(json.resource?.["tls_private_key"]?.["mesh_trust_anchor"]).toEqual({
      count: "${var.mesh_enabled ? 1 : 0}",
      algorithm: "ECDSA",
      ecdsa_curve: "P256",
    });
    expect(json.resource?.["tls_self_signed_cert"]?.["mesh_trust_anchor_certificate"]).toMatchObject({
      count: "${var.mesh_enabled ? 1 : 0}",
      is_ca_certificate: true,
      allowed_uses: ["cert_signing", "crl_signing"],
      validity_period_hours: 87600,
      early_renewal_hours: 8760,
    });
    expect(json.resource?.["kubernetes_secret_v1"]?.["mesh_trust_anchor_secret"]).toMatchObject({
      count: "${var.mesh_enabled ? 1 : 0}",
      metadata: { name: "linkerd-trust-anchor", namespace: "linkerd" },
      type: "kubernetes.io/tls",
      data_wo: {
        "tls.crt": `\${${certificate}}`,
        "tls.key": "${one(tls_private_key.mesh_trust_anchor[*].private_key_pem)}",
      },
      data_wo_revision: `\${(parseint(substr(sha256(${certificate}), 0, 8), 16) + 1)}`,
    });
    expect(layer.stateSecrets).toEqual([
      {
        what: "`tls_private_key.mesh_trust_anchor.private_key_pem`",
        why: expect.stringContaining("Linkerd's trust anchor") as string,
      },
    ]);
  });

  test("THEN the mesh's pods reach the control plane, its webhooks are called, and all of it uses the API", () => {
    const own = flowsOf(json).filter(([, pods, peer]) => pods.startsWith("linkerd") && !peer.startsWith("kube-system"));
    const [pods, api] = ["10.42.0.0/16", "10.0.0.0/16"];
    const webhook = (component: string, ports: string) =>
      [api, "10.42.0.0/32", "10.42.1.0/32"].map((from) => ["ingress", `linkerd/${component}`, from, ports]);
    const control = (component: string) => [
      ["egress", `linkerd/${component}`, api, "6443"],
      ["egress", `linkerd/${component}`, pods, "8080,8086,8090"],
    ];
    expect(own).toEqual(
      expect.arrayContaining([
        ...["identity", "destination", "proxy-injector"].flatMap(control),
        ["egress", "linkerd-cni/linkerd-cni", api, "6443"],
        ["ingress", "linkerd/identity", pods, "8080"],
        ["ingress", "linkerd/destination", pods, "8086,8090"],
        ...webhook("destination", "8443,9443"),
        ...webhook("proxy-injector", "8443"),
      ]),
    );
    expect(own).toHaveLength(15);
  });

  test("THEN nothing of it is counted: it is there only where ops ask for it", () => {
    expect(layer.capacity?.().rows.filter(({ namespace }) => namespace.startsWith("linkerd"))).toEqual([]);
  });

  test("fails when it would always be there", () => {
    expect(() => build(() => [undefined, undefined])).toThrow(
      'test/mesh: the namespace "linkerd" is always there: give it an input of type bool as its when',
    );
  });

  test("fails when the agent goes by another input than the control plane", () => {
    expect(() => build((each) => [variable(each, "mesh_enabled"), variable(each, "agent_enabled")])).toThrow(
      'test/mesh: the namespaces "linkerd" and "linkerd-cni" go by different inputs: give both the same when',
    );
  });
});
