import { monitorFeedback } from "../../../constructs/observability/feedback-monitoring";
import { watch } from "../../support/monitors";

test("GIVEN the feedback service THEN it is read, with rules and a dashboard", () => {
  const { names, flows } = watch((monitors, pods) => monitorFeedback(monitors, pods("feedback")));
  expect(names).toEqual(["PodMonitor/feedback", "PrometheusRule/feedback", "ConfigMap/dashboard-feedback"]);
  expect(flows).toEqual([["egress", "monitoring/prometheus", "apps/feedback", "8080"]]);
});
