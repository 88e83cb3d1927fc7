import { parse } from "yaml";
import { labData } from "../../../../environments/lab/data";
import { flowsOf } from "../../../support/cluster";
import { laterLab } from "../../../support/lab";

const { environment, json } = laterLab(labData);
const files = new Map(environment.repositories.map(({ name, files }) => [name, files]));
const valuesOf = (component: string) => parse(files.get(`${component}-helm`)?.get("values.yaml") ?? "") as object;
const chosen = (component: string) =>
  `contains(data.terraform_remote_state.lab_platform.outputs.component_names, "${component}")`;

describe("The gateways beside Traefik", () => {
  test("THEN each comes with its component, and the service behind them with either", () => {
    const chart = files.get("platform-gitops");
    for (const gateway of ["apisix", "kong"]) {
      expect(chart?.get(`lab-data/templates/${gateway}.yaml`)?.split("\n")[0]).toBe(
        `{{- if has "${gateway}" (include "selection" . | fromJsonArray) }}`,
      );
    }
    expect(json.resource?.["kubernetes_deployment_v1"]?.["bench"]?.["count"]).toBe(
      `\${(${chosen("apisix")} || ${chosen("kong")}) ? 1 : 0}`,
    );
  });

  test("THEN all three lead to it under the addresses that the comparison asks", () => {
    expect(json.resource?.["kubernetes_ingress_v1"]?.["bench_route"]).toMatchObject({
      spec: { rule: [{ host: "bench.lab.local" }] },
    });
    expect(valuesOf("apisix")).toMatchObject({ ingress: { hosts: [{ host: "bench-apisix.lab.local" }] } });
    expect(valuesOf("kong")).toMatchObject({ proxy: { ingress: { hostname: "bench-kong.lab.local" } } });
    const { apisix } = valuesOf("apisix") as { apisix: { deployment: { standalone: { config: string } } } };
    const { dblessConfig } = valuesOf("kong") as { dblessConfig: { config: string } };
    expect(parse(apisix.deployment.standalone.config)).toMatchObject({
      routes: [{ uris: ["/bench", "/bench/*"], upstream: { nodes: { "bench.bench.svc.cluster.local:8080": 1 } } }],
    });
    expect(parse(dblessConfig.config)).toMatchObject({
      services: [{ url: "http://bench.bench.svc.cluster.local:8080", routes: [{ paths: ["/bench"] }] }],
    });
  });

  test("THEN Traefik reaches the three, the gateways the service, and Prometheus the gateways", () => {
    const into = (pods: string) =>
      flowsOf(json)
        .filter(([direction, to]) => direction === "ingress" && to === pods)
        .map(([, , from, ports]) => `${from} ${ports}`);
    expect(into("bench/bench")).toEqual(["apisix/apisix 8080", "kong/kong 8080", "traefik/traefik 8080"]);
    expect(into("apisix/apisix")).toEqual(["monitoring/prometheus 9091", "traefik/traefik 9080"]);
    expect(into("kong/kong")).toEqual(["monitoring/prometheus 8100", "traefik/traefik 8000"]);
  });
});
