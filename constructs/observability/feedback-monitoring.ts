import { type Pods } from "../cluster/network-policy";
import { readDashboard } from "./dashboards";
import { type Monitors } from "./monitors";
import { addRules } from "./rules";

/** Watches the service that keeps what users say of a model's answers. */
export function monitorFeedback(monitors: Monitors, feedback: Pods): void {
  monitors.scrape({ pods: feedback, portName: "http", port: 8080, name: "feedback" });
  addRules(monitors, "feedback");
  monitors.dashboard(readDashboard("feedback"));
}
