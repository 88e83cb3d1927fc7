import { parse } from "yaml";
import { type Pods } from "../cluster/network-policy";
import { readProjectFile } from "../core/files";
import { type AlertRule, type Monitors } from "./monitors";

const FOLDER = "constructs/observability/rules";

/** Rules that are evaluated in their order. */
export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly AlertRule[];
}

/** What `$namespace` stands for in rules and dashboards that have to name it. */
export interface MonitoredPlace {
  /** Namespace of what is watched. */
  readonly namespace: string;
}

/**
 * The groups of one of our files of rules, such as `airflow`. Each can be given to `promtool` as it is.
 *
 * @param place @default - the file names no namespace
 */
export function readRules(name: string, place?: MonitoredPlace): readonly RuleGroup[] {
  const text = atPlace(readProjectFile(`${FOLDER}/${name}.yaml`), place);
  return (parse(text) as { groups: RuleGroup[] }).groups;
}

/** Writes the namespace where `$namespace` stands. */
export function atPlace(text: string, place: MonitoredPlace | undefined): string {
  return place ? text.replaceAll("$namespace", place.namespace) : text;
}

/** Adds every group of one of our files of rules. */
export function addRules(monitors: Monitors, file: string, place?: MonitoredPlace): void {
  for (const { name, rules } of readRules(file, place)) {
    monitors.alert(name, rules);
  }
}

/** Where pods are, for rules that have to name it. */
export function placeOf(pods: Pods): MonitoredPlace {
  return { namespace: pods.namespace.name };
}
