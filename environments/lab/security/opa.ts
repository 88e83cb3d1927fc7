import { listProjectFiles, readProjectFile } from "../../../constructs/core/files";
import { Opa, OPA_POD_SECURITY } from "../../../constructs/security/opa";
import { type LaterLayer } from "../later-layer";
import { NAMESPACES } from "../names";

/** Package of the policies: what Trino asks of. */
export const TRINO_PACKAGE = "trino";

const FOLDER = "policies/trino";

/** The Open Policy Agent, with the policies by which Trino decides who may read what. */
export function addOpa(lab: LaterLayer): void {
  const { chosen } = lab.namespace("opa", NAMESPACES.opa, {
    quota: { cpuMillis: 250, memoryMib: 512, pods: 5 },
    podSecurity: OPA_POD_SECURITY,
  });
  const opa = new Opa(lab.layer, "opa", {
    namespace: chosen,
    delivery: lab.deliver(),
    package: TRINO_PACKAGE,
    policies: Object.fromEntries(
      listProjectFiles(FOLDER)
        .filter((file) => file.endsWith(".rego") && !file.endsWith("_test.rego"))
        .map((file) => [file, readProjectFile(`${FOLDER}/${file}`)]),
    ),
  });
  lab.monitors("opa").scrape({ pods: opa.pods, ...opa.metrics });
}
