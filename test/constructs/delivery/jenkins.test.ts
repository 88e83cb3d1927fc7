import { parse } from "yaml";
import { helmRelease } from "../../../constructs/cluster/component";
import { Pods } from "../../../constructs/cluster/network-policy";
import { Jenkins, JENKINS_ADMIN, JENKINS_POD_SECURITY, type JenkinsProps } from "../../../constructs/delivery/jenkins";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { KnownSecret } from "../../../constructs/secrets/known-secret";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";
import { releaseOf } from "../../support/helm";
import { messageOf } from "../../support/layers";
import { testRevision } from "../../support/single-sign-on";

const build = ({ name = "website", agent }: { name?: string; agent?: JenkinsProps["agent"] } = {}) =>
  synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const namespace = testNamespace(cluster, "builds", { podSecurity: JENKINS_POD_SECURITY });
    const jenkins = new Jenkins(layer, "jenkins", {
      namespace,
      delivery: helmRelease,
      host: "jenkins.test",
      admin: new GeneratedSecret(layer, "admin", {
        namespace,
        generate: { [JENKINS_ADMIN.password]: { length: 32 } },
        values: { [JENKINS_ADMIN.user]: "admin" },
        revision: testRevision(layer),
        afterRotation: "Restart it.",
      }),
      pipeline: {
        name,
        repository: "http://git.test/website.git",
        credentialsId: "reader",
        credentials: new KnownSecret(layer, "git", { namespace, values: { username: "a", password: "b" } }),
      },
      agent: agent ?? { cpuMillis: 500, memoryMib: 1024 },
    });
    jenkins.allowFrom(new Pods(layer, "client", { namespace: testNamespace(cluster), labels: { app: "client" } }));
  });

const { json } = build();
const { known, version } = releaseOf(json, "jenkins");
const controller = known["controller"] as {
  installPlugins: string[];
  additionalPlugins: string[];
  JCasC: { configScripts: Record<string, string> };
};
const script = (name: string): unknown => parse(controller.JCasC.configScripts[name] ?? "");

describe("Jenkins", () => {
  test("THEN its administrator is in a Secret, its plugins are pinned, and nothing is built beside its secrets", () => {
    expect(version).toBe("5.9.53");
    expect(controller).toMatchObject({
      admin: { existingSecret: "admin", userKey: "jenkins-admin-user", passwordKey: "jenkins-admin-password" },
      numExecutors: 0,
      installLatestPlugins: false,
    });
    const plugins = [...controller.installPlugins, ...controller.additionalPlugins];
    expect(plugins.map((plugin) => plugin.split(":")[0])).toEqual([
      "kubernetes",
      "workflow-aggregator",
      "git",
      "configuration-as-code",
      "job-dsl",
    ]);
    expect(plugins.filter((plugin) => !/^[a-z-]+:\d[\w.]+$/.test(plugin))).toEqual([]);
  });

  test("THEN who reads the repository is in a Secret that configuration as code reads", () => {
    expect(controller).toMatchObject({
      additionalExistingSecrets: [
        { name: "git", keyName: "username" },
        { name: "git", keyName: "password" },
      ],
    });
    expect(script("credentials")).toMatchObject({
      credentials: {
        system: {
          domainCredentials: [
            {
              credentials: [
                { usernamePassword: { id: "reader", username: "${git-username}", password: "${git-password}" } },
              ],
            },
          ],
        },
      },
    });
  });

  test("THEN its one job builds the branches of the repository", () => {
    const { jobs } = script("jobs") as { jobs: [{ script: string }] };
    expect(jobs).toHaveLength(1);
    expect(jobs[0].script).toMatch(/^multibranchPipelineJob\('website'\) \{\n/);
    expect(jobs[0].script).toContain("remote('http://git.test/website.git')");
    expect(jobs[0].script).toContain("credentialsId('reader')");
  });

  test("THEN agents come by the port of the pages, and both reach the internet for plugins and packages", () => {
    expect(known["agent"]).toMatchObject({ containerCap: 1, websocket: true });
    const flows = flowsOf(json);
    expect(flows.filter(([direction, pods]) => direction === "ingress" && pods.startsWith("builds/"))).toEqual([
      ["ingress", "builds/jenkins-controller", "apps/client", "8080"],
      ["ingress", "builds/jenkins-controller", "builds/true", "8080"],
    ]);
    expect(flows.filter(([, , peer, ports]) => peer.startsWith("0.0.0.0/0") && ports === "443")).toHaveLength(2);
  });

  test("fails for a job whose name is none, and an agent that requests nothing", async () => {
    expect(
      (await messageOf(() => build({ name: "My site", agent: { cpuMillis: 0, memoryMib: 0.5 } }))).split("\n"),
    ).toEqual([
      expect.stringMatching(/jenkins: 3 problems$/),
      '  - pipeline.name is "My site": use lower-case letters, digits and "-"',
      expect.stringContaining("agent.cpuMillis is 0"),
      expect.stringContaining("agent.memoryMib is 0.5"),
    ]);
  });
});
