import { GATEWAY_ALERTS } from "../../../../environments/viridial-staging/platform/gateway-alerts";
import { describeWithProgram } from "../../../support/programs";
import { alertsVerdict, type Series } from "../../../support/promtool";

const HOUR = 3600;

/** A certificate that is valid for so many seconds after time 0, as cert-manager tells it. */
const certificate = (name: string, namespace: string, seconds: number) => ({
  series: `certmanager_certificate_expiration_timestamp_seconds{name="${name}", exported_namespace="${namespace}"}`,
  values: `${seconds}x200`,
});

describeWithProgram("promtool", "The gateway's alerts", () => {
  const verdict = (series: readonly Series[], at: string, ...firing: readonly string[]) =>
    alertsVerdict(GATEWAY_ALERTS, series, at, firing);

  const requests = (code: string, perMinute: number) => ({
    series: `traefik_entrypoint_requests_total{entrypoint="websecure", code="${code}"}`,
    values: `0+${perMinute}x200`,
  });
  const healthy = [
    { series: "traefik_config_last_reload_success", values: "1x200" },
    { series: "kong_nginx_connections_total", values: "1x200" },
    { series: 'ingress_controller_configuration_push_count{success="false"}', values: "0x200" },
    requests("200", 100),
    requests("502", 1),
    certificate("gateway", "traefik", 60 * 24 * HOUR),
    // Linkerd's, which lives for two days.
    certificate("linkerd-identity-issuer", "linkerd", 40 * HOUR),
    { series: 'certmanager_certificate_ready_status{name="gateway", condition="True"}', values: "1x200" },
    { series: 'certmanager_certificate_ready_status{name="gateway", condition="False"}', values: "0x200" },
  ];
  const but = (...others: readonly { series: string; values: string }[]) => [
    ...healthy.filter(({ series }) => !others.some((other) => other.series === series)),
    ...others,
  ];

  test("GIVEN all is well THEN none fires", () => {
    expect(verdict(healthy, "2h")).toBe("");
  });

  test("GIVEN neither Traefik nor Kong THEN both are missed after five minutes", () => {
    expect(verdict([], "6m", "GatewayMissing", "ApiGatewayMissing")).toBe("");
  });

  test("GIVEN one of ten requests fails on our side THEN it is said after ten minutes", () => {
    expect(verdict(but(requests("502", 11)), "20m", "GatewayErrors")).toBe("");
  });

  test("GIVEN Kong refuses what it is told, again and again THEN it is said", () => {
    const refused = { series: 'ingress_controller_configuration_push_count{success="false"}', values: "0+1x200" };
    expect(verdict(but(refused), "30m", "ApiGatewayConfigurationRefused")).toBe("");
  });

  test("GIVEN a certificate with ten days left THEN it is said", () => {
    expect(verdict(but(certificate("gateway", "traefik", 10 * 24 * HOUR)), "2h", "CertificateExpires")).toBe("");
  });

  test("GIVEN a certificate that is not issued for more than an hour THEN it is said", () => {
    const ready = (condition: string, value: number) => ({
      series: `certmanager_certificate_ready_status{name="gateway", condition="${condition}"}`,
      values: `${value}x200`,
    });
    expect(verdict(but(ready("True", 0), ready("False", 1)), "2h", "CertificateNotReady")).toBe("");
  });
});
