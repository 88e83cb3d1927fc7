import { apiServerReady } from "../../../constructs/cluster/api-server-ready";
import { synthesizeLayer } from "../../support/construct";

describe("apiServerReady", () => {
  test("GIVEN a host and the admin's certificate THEN it asks /readyz for ten minutes and says where to look", () => {
    const { json, layer } = synthesizeLayer((scope) =>
      apiServerReady(scope, "ready", {
        host: "https://192.0.2.1:6443",
        certificates: {
          serverAuthority: { certificate: "authority" },
          admin: { certificate: "certificate", privateKey: "${var.key}" },
        },
        diagnosis: 'log in by SSH and read "journalctl -u k3s"',
      }),
    );

    expect(json.data?.["http"]).toEqual({
      ready: {
        url: "https://192.0.2.1:6443/readyz",
        ca_cert_pem: "authority",
        client_cert_pem: "certificate",
        client_key_pem: "${var.key}",
        request_timeout_ms: 10_000,
        retry: { attempts: 60, min_delay_ms: 10_000, max_delay_ms: 10_000 },
        lifecycle: {
          postcondition: [
            {
              condition: "${self.status_code == 200}",
              error_message:
                'The API server at https://192.0.2.1:6443 answers ${self.status_code} instead of 200: log in by SSH and read "journalctl -u k3s".',
            },
          ],
        },
      },
    });
    expect(layer.stateSecrets.map(({ what }) => what)).toEqual(["`data.http.ready.client_key_pem`"]);
  });
});
