import { type ITerraformDependable } from "cdktf";
import { type Construct } from "constructs";
import { DataHttp } from "@cdktf/provider-http/lib/data-http";
import { addressOf } from "../core/address";
import { Layer } from "../core/layer";
import { type CertificatePair } from "./cluster-certificates";

export interface ApiServerReadyProps {
  /** Such as `https://192.0.2.1:6443`. */
  readonly host: string;
  readonly certificates: {
    readonly serverAuthority: { readonly certificate: string };
    readonly admin: CertificatePair;
  };
  /** What to do to see why it does not answer, such as `log in by SSH and read "journalctl -u k3s"`. */
  readonly diagnosis: string;
  /** What has to be there for the host to lead to the server. @default - nothing */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/**
 * A data source that waits until an API server says that it is ready, ten minutes and more: a first boot downloads the
 * cluster's programs and images. Every later plan asks again. The admin's key, which it keeps, is declared to the layer.
 */
export function apiServerReady(scope: Construct, id: string, props: ApiServerReadyProps): DataHttp {
  const { serverAuthority, admin } = props.certificates;
  const ready = new DataHttp(scope, id, {
    url: `${props.host}/readyz`,
    caCertPem: serverAuthority.certificate,
    clientCertPem: admin.certificate,
    clientKeyPem: admin.privateKey,
    requestTimeoutMs: 10_000,
    retry: { attempts: 60, minDelayMs: 10_000, maxDelayMs: 10_000 },
    ...(props.dependsOn ? { dependsOn: [...props.dependsOn] } : {}),
    lifecycle: {
      postcondition: [
        {
          condition: "${self.status_code == 200}",
          errorMessage: `The API server at ${props.host} answers \${self.status_code} instead of 200: ${props.diagnosis}.`,
        },
      ],
    },
  });
  Layer.of(scope).addStateSecret({
    what: `\`${addressOf(ready)}.client_key_pem\``,
    why: "The admin's key again: a data source keeps what it was asked with.",
  });
  return ready;
}
