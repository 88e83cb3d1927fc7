import { type Manifest } from "../cluster/manifests";
import { SocleError } from "../core/error";
import { readProjectFile } from "../core/files";
import { atPlace, type MonitoredPlace } from "./rules";

const FOLDER = "constructs/observability/dashboards";

/** What Grafana's sidecar looks for. */
export const DASHBOARD_LABEL = { name: "grafana_dashboard", value: "1" } as const;

/** Data sources that dashboards ask, by the variable that a dashboard chooses them with. */
export const DATASOURCE_VARIABLE = "datasource";

/** A ConfigMap holds 1 MiB, its keys and metadata included. @see https://kubernetes.io/docs/concepts/configuration/configmap/ */
const LIMIT_BYTES = 1024 * 1024;

/** The parts of a dashboard that are checked here; Grafana knows many more. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
  readonly panels: readonly DashboardPanel[];
}

/** A panel of a dashboard. */
export interface DashboardPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly fieldConfig?: { readonly defaults?: { readonly unit?: string } };
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
}

/**
 * The text of one of our dashboards, such as `airflow`.
 *
 * @param place @default - the dashboard names no namespace
 */
export function readDashboard(name: string, place?: MonitoredPlace): string {
  return atPlace(readProjectFile(`${FOLDER}/${name}.json`), place);
}

/**
 * The ConfigMap of a dashboard, named after its uid: two with the same uid, of which Grafana would show one, are refused as
 * the same object.
 *
 * @param where whose dashboard it is, for the message
 * @throws SocleError when it is no JSON, has no proper uid or title, is larger than a ConfigMap, or a panel lacks what people
 * need to read it: a title, a description, a unit, a data source by its variable, an expression
 */
export function dashboardConfigMap(where: string, json: string): Manifest {
  let dashboard: Dashboard;
  try {
    dashboard = JSON.parse(json) as Dashboard;
  } catch (error) {
    throw new SocleError(where, [`a dashboard is not JSON: ${(error as Error).message}`]);
  }
  SocleError.throwIfAny(where, [...dashboardProblems(dashboard), ...sizeProblems(dashboard, json)]);
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: `dashboard-${dashboard.uid}`,
      labels: { [DASHBOARD_LABEL.name]: DASHBOARD_LABEL.value },
    },
    data: { [`${dashboard.uid}.json`]: json },
  };
}

function sizeProblems({ uid }: Dashboard, json: string): string[] {
  const bytes = Buffer.byteLength(json);
  return bytes < LIMIT_BYTES - 4096
    ? []
    : [`the dashboard "${uid}" has ${bytes} bytes: a ConfigMap holds ${LIMIT_BYTES} in all`];
}

function dashboardProblems(dashboard: Dashboard): string[] {
  const { uid, title, templating, panels } = dashboard;
  if (typeof uid !== "string" || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(uid)) {
    return [`a dashboard has the uid "${String(uid)}": use lower-case words joined by "-"`];
  }
  const name = `the dashboard "${uid}"`;
  const ids = (panels ?? []).map(({ id }) => id);
  return [
    ...(title?.trim() ? [] : [`${name} has no title`]),
    ...(ids.length > 0 ? [] : [`${name} has no panel`]),
    ...(new Set(ids).size === ids.length ? [] : [`${name} has two panels with the same id`]),
    ...(templating?.list?.some((variable) => variable.name === DATASOURCE_VARIABLE && variable.type === "datasource")
      ? []
      : [`${name} has no variable "${DATASOURCE_VARIABLE}" of the type datasource`]),
    ...(panels ?? []).flatMap((panel) => panelProblems(name, panel)),
  ];
}

function panelProblems(name: string, panel: DashboardPanel): string[] {
  const what = `${name}, panel ${panel.id} "${panel.title}"`;
  if (panel.type === "row") {
    return [];
  }
  const targets = panel.targets ?? [];
  const uid = `\${${DATASOURCE_VARIABLE}}`;
  return [
    ...(panel.title?.trim() ? [] : [`${what}: it has no title`]),
    ...(panel.description?.trim() ? [] : [`${what}: it has no description`]),
    ...(panel.fieldConfig?.defaults?.unit ? [] : [`${what}: it has no unit`]),
    ...(panel.datasource?.uid === uid
      ? []
      : [`${what}: its data source is "${String(panel.datasource?.uid)}": use the variable, "${uid}"`]),
    ...(targets.length > 0 ? [] : [`${what}: it asks nothing`]),
    ...targets.filter(({ expr }) => !expr?.trim()).map(({ refId }) => `${what}: its query ${refId} has no expression`),
  ];
}
