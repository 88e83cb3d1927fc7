import { Jenkins, JENKINS_ADMIN, JENKINS_POD_SECURITY } from "../../../constructs/delivery/jenkins";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { KnownSecret } from "../../../constructs/secrets/known-secret";
import { type LaterLayer } from "../later-layer";
import { GIT_GROUP, NAMESPACES } from "../names";
import { allowToContainer, CONTAINERS } from "../network";
import { type GitLogin } from "./airflow";

/** Repository of GitLab's group that this one is pushed to, for Jenkins to build it. */
const REPOSITORY = "socle";

/** What the containers of ci/jenkins/pod.yaml, and the one that Jenkins adds, request. */
export const AGENT = { cpuMillis: 800, memoryMib: 3072 };

/** Jenkins, which builds this repository by its Jenkinsfile once somebody has pushed it to GitLab. */
export function addJenkins(lab: LaterLayer, { gitLogin }: { gitLogin: GitLogin }): void {
  const { layer, settings } = lab;
  const { always, chosen } = lab.namespace("jenkins", NAMESPACES.jenkins, {
    quota: { cpuMillis: 1500, memoryMib: 5120, pods: 6 },
    podSecurity: JENKINS_POD_SECURITY,
  });
  const admin = new GeneratedSecret(layer, "jenkins_admin", {
    namespace: always,
    generate: { [JENKINS_ADMIN.password]: { length: 32 } },
    values: { [JENKINS_ADMIN.user]: "admin" },
    revision: lab.passwordRevision,
    afterRotation: `The user \`admin\` of Jenkins has it after \`kubectl --namespace ${NAMESPACES.jenkins} delete pod jenkins-0\`.`,
  });
  const credentials = new KnownSecret(layer, "jenkins_git", {
    namespace: always,
    values: { username: gitLogin.user.stringValue, password: gitLogin.password.stringValue },
  });
  const jenkins = new Jenkins(layer, "jenkins", {
    namespace: chosen,
    delivery: lab.deliver(),
    host: lab.host("jenkins"),
    admin,
    pipeline: {
      name: REPOSITORY,
      repository: `http://${lab.host("gitlab")}:${CONTAINERS.gitlab.port}/${GIT_GROUP}/${REPOSITORY}.git`,
      // As the Jenkinsfile has it, which reads the other repositories of the group with it.
      credentialsId: "lab-gitops-reader",
      credentials,
    },
    agent: AGENT,
  });
  jenkins.allowFrom(lab.neighbour("traefik"));
  for (const pods of [jenkins.pods, jenkins.agents]) {
    allowToContainer(pods, settings, "gitlab");
  }
  allowToContainer(jenkins.agents, settings, "registry");
}
