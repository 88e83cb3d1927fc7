import { AUDIT_POLICY } from "../../../constructs/cluster/audit-policy";

type Rule = (typeof AUDIT_POLICY.rules)[number];

/** The first rule that fits is the one that counts, as in the API server. */
const levelOf = (verb: string, group: string, resource: string) =>
  AUDIT_POLICY.rules.find((rule: Rule) => {
    const { verbs, resources } = rule as {
      verbs?: readonly string[];
      resources?: readonly { group: string; resources: readonly string[] }[];
    };
    return (
      (verbs?.includes(verb) ?? true) &&
      (resources?.some((each) => each.group === group && each.resources.includes(resource)) ?? true)
    );
  })?.level;

test.each([
  ["create", "", "secrets", "Metadata"],
  ["delete", "apps", "deployments", "Metadata"],
  ["get", "", "pods/exec", "Metadata"],
  ["create", "", "pods/portforward", "Metadata"],
  ["get", "", "secrets", "None"],
  ["list", "", "pods", "None"],
  ["update", "coordination.k8s.io", "leases", "None"],
])("GIVEN %s of %j/%s WHEN it is audited THEN the level is %s", (verb, group, resource, level) => {
  expect(levelOf(verb, group, resource)).toBe(level);
});

test("GIVEN all rules THEN none tells the content of a request or an answer", () => {
  expect(AUDIT_POLICY.rules.filter(({ level }) => !["None", "Metadata"].includes(level))).toEqual([]);
});
