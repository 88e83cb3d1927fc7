import { servicesAlerts } from "../../../environments/viridial-staging/services-alerts";
import { describeWithProgram } from "../../support/programs";
import { alertsVerdict } from "../../support/promtool";

const RULES = servicesAlerts("apps");
const AUTOSCALER = 'namespace="apps", horizontalpodautoscaler="property-blue"';

describeWithProgram("promtool", "the services' alerts", () => {
  const verdict = (series: Readonly<Record<string, string>>, at: string, firing: readonly string[]) =>
    alertsVerdict(
      RULES,
      Object.entries(series).map(([name, values]) => ({ series: name, values })),
      at,
      firing,
    );

  test.each<[string, Record<string, string>, string, string[]]>([
    [
      "all replicas that it may have, for half an hour",
      {
        [`kube_horizontalpodautoscaler_status_current_replicas{${AUTOSCALER}}`]: "2x60",
        [`kube_horizontalpodautoscaler_spec_max_replicas{${AUTOSCALER}}`]: "2x60",
      },
      "31m",
      ["ServiceAtMaximum"],
    ],
    [
      "fewer replicas than it may have, and as many in another namespace",
      {
        [`kube_horizontalpodautoscaler_status_current_replicas{${AUTOSCALER}}`]: "1x60",
        [`kube_horizontalpodautoscaler_spec_max_replicas{${AUTOSCALER}}`]: "2x60",
        'kube_horizontalpodautoscaler_status_current_replicas{namespace="b", horizontalpodautoscaler="x"}': "2x60",
        'kube_horizontalpodautoscaler_spec_max_replicas{namespace="b", horizontalpodautoscaler="x"}': "2x60",
      },
      "40m",
      [],
    ],
    [
      "threads that wait for a connection",
      { 'hikaricp_connections_pending{namespace="apps", pod="a", pool="main"}': "3x20" },
      "6m",
      ["ServiceWaitsForDatabase"],
    ],
    [
      "a wait that ends within 5 minutes",
      { 'hikaricp_connections_pending{namespace="apps", pod="a", pool="main"}': "3x3 0x20" },
      "6m",
      [],
    ],
    [
      "95 % of the heap in use",
      {
        'jvm_memory_used_bytes{namespace="apps", pod="a", area="heap", id="old"}': "95x30",
        'jvm_memory_max_bytes{namespace="apps", pod="a", area="heap", id="old"}': "100x30",
        // A space without a limit of its own says -1.
        'jvm_memory_max_bytes{namespace="apps", pod="a", area="heap", id="eden"}': "-1x30",
      },
      "16m",
      ["ServiceHeapFull"],
    ],
    [
      "half of the heap in use",
      {
        'jvm_memory_used_bytes{namespace="apps", pod="a", area="heap", id="old"}': "50x30",
        'jvm_memory_max_bytes{namespace="apps", pod="a", area="heap", id="old"}': "100x30",
      },
      "20m",
      [],
    ],
  ])("GIVEN %s THEN exactly the alerts for it fire", (_, series, at, firing) => {
    expect(verdict(series, at, firing)).toBe("");
  });
});
