import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { Component, valueAt, type Values } from "../constructs/cluster/component";
import { type Environment } from "../constructs/core/environment";
import { type EnvironmentLoader, main } from "../constructs/core/synthesize";
import lab from "../environments/lab";
import { SETTINGS } from "../environments/lab/settings";
import { testApp } from "./support/layers";

jest.mock("../constructs/core/synthesize", () => ({ main: jest.fn() }));

const FOLDER = path.join(__dirname, "../helm-values");

/** Every values file, by its path in `helm-values/`. */
const files = Object.fromEntries(
  fs
    .readdirSync(FOLDER, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file): [string, unknown] => [path.relative(FOLDER, file), parse(fs.readFileSync(file, "utf8"))]),
);

/**
 * Keys that examples on the web still have and the charts, at the versions used here, do not: they are refused by a strict
 * schema or, worse, do nothing.
 */
const REMOVED: Readonly<Record<string, readonly string[]>> = {
  // 41.0: logs.general became log, logs.access accessLog; the type is at service.spec.type, the rest below ports.*.http.
  traefik: ["logs", "service.type", "ports.web.redirectTo", "ports.web.redirections", "ports.websecure.tls"],
  // crds.enabled, and servicemonitor in lower case.
  "cert-manager": ["installCRDs", "prometheus.serviceMonitor"],
  // The password would be in the state: admin.existingSecret.
  "kube-prometheus-stack": ["grafana.adminPassword"],
};

describe("helm-values/", () => {
  test("GIVEN the files THEN there are some, and each is a map of values", () => {
    expect(Object.keys(files).length).toBeGreaterThan(0);
    const others = Object.entries(files).filter(
      ([name, values]) =>
        !name.endsWith(".yaml") || typeof values !== "object" || values === null || Array.isArray(values),
    );
    expect(others.map(([name]) => name)).toEqual([]);
  });

  test("GIVEN all environments THEN each file is used by some component", async () => {
    await import("../main");
    const loaders = jest.mocked(main).mock.calls[0]?.[0] as Record<string, EnvironmentLoader>;
    const used = new Set<string>();
    const use = ({ name: environment, layers }: Environment) => {
      const components = layers.flatMap((layer) => layer.node.findAll()).filter((each) => each instanceof Component);
      components.forEach(({ name }) => used.add(`${name}.yaml`).add(`${environment}/${name}.yaml`));
    };
    for (const load of Object.values(loaders)) {
      use((await load()).default(testApp()));
    }
    // What the lab has by other settings than those that are synthesized.
    use(lab(testApp(), { ...SETTINGS, cni: "calico", storage: "nfs" }));
    expect(Object.keys(files).filter((name) => !used.has(name))).toEqual([]);
  });

  test("GIVEN any file THEN it has no key that its chart has dropped, or that would put a secret into the state", () => {
    const found = Object.entries(files).flatMap(([name, values]) =>
      (REMOVED[path.basename(name, ".yaml")] ?? [])
        .filter((key) => valueAt(values as Values, key) !== undefined)
        .map((key) => `${name}: ${key}`),
    );
    expect(found).toEqual([]);
  });

  test("GIVEN any file THEN no key in it names a secret with a value", () => {
    const secrets: string[] = [];
    const walk = (value: unknown, at: string) => {
      if (typeof value === "object" && value !== null) {
        Object.entries(value).forEach(([key, item]) => walk(item, `${at}.${key}`));
      } else if (/(password|token|secret)$/i.test(at) && typeof value !== "boolean" && value !== "" && value !== null) {
        secrets.push(at);
      }
    };
    Object.entries(files).forEach(([name, values]) => walk(values, name));
    expect(secrets).toEqual([]);
  });
});
