import { parse } from "yaml";
import { cpuMillis, memoryMib } from "../../../../constructs/cluster/capacity";
import { readProjectFile } from "../../../../constructs/core/files";
import { labData } from "../../../../environments/lab/data";
import { AGENT } from "../../../../environments/lab/data/jenkins";
import { flowsOf } from "../../../support/cluster";
import { laterLab } from "../../../support/lab";

const { environment, json } = laterLab(labData);
const values = parse(
  environment.repositories.find(({ name }) => name === "jenkins-helm")?.files.get("values.yaml") ?? "",
) as {
  agent: { resources: { requests: { cpu: string; memory: string } } };
  controller: { JCasC: { configScripts: object } };
};

describe("Jenkins in the lab", () => {
  test("THEN it builds this repository, once it is in GitLab, with the id that the Jenkinsfile reads", () => {
    const configuration = JSON.stringify(values.controller.JCasC.configScripts);
    expect(configuration).toContain("http://gitlab.lab.local:8081/lab/socle.git");
    expect(configuration).toContain("id: lab-gitops-reader");
    expect(readProjectFile("Jenkinsfile")).toContain("credentialsId: 'lab-gitops-reader'");
  });

  test("THEN what an agent takes is counted: the containers of its pod, and the one that Jenkins adds", () => {
    const { spec } = parse(readProjectFile("ci/jenkins/pod.yaml")) as {
      spec: { containers: { resources: { requests: { cpu: string; memory: string } } }[] };
    };
    const all = [...spec.containers, values.agent].map(({ resources: { requests } }) => requests);
    const sum = (numbers: readonly (number | undefined)[]) =>
      numbers.reduce<number>((all, each) => all + (each ?? 0), 0);
    expect({
      cpuMillis: sum(all.map(({ cpu }) => cpuMillis(cpu))),
      memoryMib: sum(all.map(({ memory }) => memoryMib(memory))),
    }).toEqual(AGENT);
  });

  test("THEN its namespace says why pods may do more there", () => {
    expect(json.resource?.["kubernetes_namespace_v1"]?.["jenkins_namespace"]).toMatchObject({
      metadata: {
        labels: { "pod-security.kubernetes.io/enforce": "privileged" },
        annotations: { "socle/pod-security-reason": expect.stringContaining("BuildKit") as string },
      },
    });
  });

  test("THEN it reads GitLab and starts agents, which push to the registry, and neither reaches a database or Vault", () => {
    const containers = flowsOf(json)
      .filter(([direction, pods, to]) => direction === "egress" && pods.startsWith("jenkins/") && to.endsWith("/32"))
      .map(([, pods, to, ports]) => `${pods} ${to} ${ports}`);
    expect(containers).toEqual([
      "jenkins/jenkins-controller 172.30.0.13/32 8081",
      "jenkins/jenkins-controller 172.30.0.20/32 6443",
      "jenkins/jenkins-controller 172.30.0.21/32 6443",
      "jenkins/true 172.30.0.12/32 5001",
      "jenkins/true 172.30.0.13/32 8081",
    ]);
  });
});
