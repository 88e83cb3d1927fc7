import { type IResolvable, type ITerraformDependable, Lazy } from "cdktf";
import { Construct, type IDependable } from "constructs";
import { JobV1 } from "@cdktf/provider-kubernetes/lib/job-v1";
import { RoleBindingV1 } from "@cdktf/provider-kubernetes/lib/role-binding-v1";
import { RoleV1 } from "@cdktf/provider-kubernetes/lib/role-v1";
import { ServiceAccountV1 } from "@cdktf/provider-kubernetes/lib/service-account-v1";
import { stringify } from "yaml";
import { type ComponentRelease, type Delivery, type Values } from "../cluster/component";
import { type Manifest, Manifests } from "../cluster/manifests";
import { type Condition, ConditionalNamespace, countOf, countPods, type INamespace } from "../cluster/namespace";
import { Pods } from "../cluster/network-policy";
import { restrictedContainer, shortDigest, temporaryVolume, volumesOf } from "../cluster/pod-parts";
import { RESTRICTED_POD } from "../cluster/workload";
import { SocleError } from "../core/error";
import { Layer } from "../core/layer";
import { type Repository } from "../core/repository";
import { isComponentCondition } from "./component-selection";
import { ARGO_CD_API_VERSION, type GitOpsProject, IN_CLUSTER } from "./gitops-project";

/** Repository with the Applications of every layer. */
export const APPLICATIONS_REPOSITORY = "platform-gitops";

export interface GitOpsProps {
  readonly project: GitOpsProject;
  /** Of Argo CD, in a layer after the one that made the project. @default - the project's own */
  readonly namespace?: INamespace;
  /** Scenario → components that run in it. */
  readonly scenarios: Readonly<Record<string, readonly string[]>>;
  /** The scenario that ops chose, a token. */
  readonly scenario: string;
  /** Components that ops chose beside it, a token of a list. */
  readonly extraComponents: IResolvable;
  /** Release of Kubernetes, such as `1.36.3`: that of kubectl, which waits. */
  readonly kubernetesRelease: string;
  /** What has to be there before the first Application: credentials of the repositories. @default - only the project */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/** How one component is delivered through git. */
export interface GitOpsOptions {
  /** Applications of a layer are synchronized in this order, each when the one before is healthy. @default 0 */
  readonly wave?: number;
  /**
   * Fields that the cluster writes itself, as Argo CD's `ignoreDifferences` takes them.
   * @default - none
   * @see https://argo-cd.readthedocs.io/en/stable/user-guide/diffing/
   */
  readonly ignoreDifferences?: readonly Values[];
}

/** What a pod that waits requests. */
const REQUESTS = { cpuMillis: 10, memoryMib: 32 };

/**
 * Delivers the components of one layer through git and Argo CD: synth writes a repository `<component>-helm` with the
 * chart's values for each, and `platform-gitops` with a chart for each layer, whose templates are the Applications. What
 * Terraform applies is one root Application with the scenario and the extra components as values: they select the
 * Applications; a component that is no longer chosen is pruned, with all that it made.
 *
 * Git cannot see what Terraform knows, so values are known at synth: secrets reach a chart by Kubernetes Secrets that it
 * names.
 *
 * @see https://argo-cd.readthedocs.io/en/stable/operator-manual/cluster-bootstrapping/ (app of apps)
 */
export class GitOps extends Construct {
  private readonly applications: Repository;
  private readonly layer: Layer;
  private readonly namespace: INamespace;
  private readonly root: Manifests;
  private readonly account: ServiceAccountV1;
  private readonly mayRead: RoleBindingV1;
  private readonly pods: Pods;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: GitOpsProps,
  ) {
    super(scope, id);
    const { project } = props;
    const namespace = props.namespace ?? project.namespace;
    this.namespace = namespace;
    this.layer = Layer.of(this);
    const name = this.layer.node.id;
    this.applications = this.layer.environment.repository(APPLICATIONS_REPOSITORY);
    this.addChart(name);

    this.root = new Manifests(this, "root", {
      namespace,
      name: `${name}-applications`,
      manifests: [rootApplication(name, props)],
      // An earlier layer's has been delivered.
      dependsOn: [...(props.namespace ? [] : [project.delivered]), ...(props.dependsOn ?? [])],
    });

    const waits = `${name}-applications-wait`;
    const labels = { "app.kubernetes.io/name": waits };
    const metadata = { name: waits, namespace: namespace.name, labels };
    this.account = new ServiceAccountV1(this, "account", { metadata, dependsOn: [...namespace.present] });
    const role = new RoleV1(this, "role", {
      metadata,
      rule: [{ apiGroups: ["argoproj.io"], resources: ["applications"], verbs: ["get", "list", "watch"] }],
      dependsOn: [...namespace.present],
    });
    this.mayRead = new RoleBindingV1(this, "binding", {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role.metadata.name },
      subject: [{ kind: "ServiceAccount", name: this.account.metadata.name, namespace: namespace.name }],
    });
    this.pods = new Pods(this, "waits", { namespace, labels, name: waits });
    this.pods.allowToApiServer();
  }

  /** A way of delivery for a component of this layer: an Application, and a Job that waits until it is healthy. */
  deliver(options: GitOpsOptions = {}): Delivery {
    return (scope, release) => {
      SocleError.throwIfAny(scope.node.path, problemsOf(release));
      const { name, namespace } = release;
      const { project } = this.props;
      const repository = this.layer.environment.repository(`${name}-helm`);
      const values = () => valuesText(release.parts().known);
      repository.addFile("values.yaml", values);
      for (const { when, values: over } of release.overlays) {
        repository.addFile(overlayFile(when), () => valuesText(over));
      }
      repository.addFile("README.md", () => readme(release));
      // Whatever decides on what is delivered, so that a wait knows which state it waits for.
      const revision = () =>
        shortDigest(
          JSON.stringify([release.repository, release.chart, release.version, ...repositoryTexts(repository)]),
        );
      repository.tag(revision);
      project.allowCharts(release.repository);
      project.allowNamespace(namespace.name);
      this.applications.addFile(`${this.layer.node.id}/templates/${name}.yaml`, () =>
        gated(namespace.when, applicationTemplate(release, project, revision(), options)),
      );
      this.root.after(...namespace.guardrails);
      // Where values depend on Terraform, git would have them without.
      scope.node.addValidation({
        validate: () =>
          leaves(release.parts().interpolated).map(
            (path) =>
              `the value ${path} depends on Terraform, which git cannot see: make it known at synth, take it from a Secret, or deliver "${name}" by Helm`,
          ),
      });
      return release.wait ? this.waitFor(scope, release, revision) : this.root.delivered;
    };
  }

  /**
   * Delivers objects through git beside the charts, such as a route to a dashboard.
   *
   * @param name of the file
   * @param when they are there only while this holds. @default - always
   * @throws SocleError when the name is taken, or the condition is none of a component
   */
  addManifests(name: string, manifests: readonly Manifest[], when?: Condition): void {
    SocleError.throwIfAny(this.node.path, conditionProblems(name, when));
    for (const { metadata } of manifests) {
      this.props.project.allowNamespace(metadata.namespace ?? this.props.project.namespace.name);
    }
    this.applications.addFile(`${this.layer.node.id}/templates/${name}.yaml`, () =>
      gated(when, manifests.map((each) => literal(yamlText(each))).join("---\n")),
    );
  }

  /** The chart of this layer in the repository of Applications. */
  private addChart(name: string): void {
    const { scenarios } = this.props;
    const add = (path: string, text: string) => this.applications.addFile(path, () => text);
    if (!this.applications.files.has("README.md")) {
      add("README.md", applicationsReadme(this.props));
    }
    add(
      `${name}/Chart.yaml`,
      yamlText({
        apiVersion: "v2",
        name: `${name}-applications`,
        description: `Applications of the layer ${name}.`,
        version: "1.0.0",
      }),
    );
    add(
      `${name}/values.yaml`,
      [
        "# The two that Terraform's root Application sets.",
        'scenario: ""',
        "extraComponents: []",
        "# Scenario: components that run in it.",
        yamlText({ scenarios }),
      ].join("\n"),
    );
    add(
      `${name}/templates/_selection.tpl`,
      [
        "{{/* The components that were chosen, as a list in JSON. */}}",
        '{{- define "selection" -}}',
        '{{- $scenario := required (printf "there is no scenario %q" .Values.scenario) (get .Values.scenarios .Values.scenario) -}}',
        "{{- concat $scenario .Values.extraComponents | toJson -}}",
        "{{- end -}}",
        "",
      ].join("\n"),
    );
  }

  /** A Job that ends when the Application is healthy with what was synthesized. */
  private waitFor(
    scope: Construct,
    release: ComponentRelease,
    revision: () => string,
  ): ITerraformDependable & IDependable {
    const { kubernetesRelease } = this.props;
    const { namespace } = this;
    const volumes = [temporaryVolume("16Mi")];
    const labels = { ...this.pods.labels, "app.kubernetes.io/instance": release.name };
    const conditions = [
      { name: "made", is: () => "create" },
      {
        name: "compared",
        is: () => `jsonpath={.status.sync.comparedTo.sources[1].targetRevision}=socle-${revision()}`,
      },
      { name: "synchronized", is: () => "jsonpath={.status.sync.status}=Synced" },
      { name: "healthy", is: () => "jsonpath={.status.health.status}=Healthy" },
    ];
    const containers = conditions.map(({ name, is }) =>
      restrictedContainer({
        name,
        // No shell is in it.
        image: `registry.k8s.io/kubectl:v${kubernetesRelease}`,
        args: [
          "wait",
          `application.argoproj.io/${release.name}`,
          `--namespace=${namespace.name}`,
          Lazy.stringValue({ produce: () => `--for=${is()}` }),
          `--timeout=${release.timeoutSeconds}s`,
        ],
        environment: { HOME: "/tmp" },
        resources: { ...REQUESTS, memoryLimitMib: 128 },
        volumes,
      }),
    );
    const deadlineSeconds = release.timeoutSeconds * conditions.length + 300;
    const timeout = `${Math.ceil(deadlineSeconds / 60) + 1}m`;
    const { when } = release.namespace;
    countPods(when ? new ConditionalNamespace(namespace, when) : namespace, {
      name: `wait for ${release.name}`,
      ...REQUESTS,
      replicas: 1,
    });
    return new JobV1(scope, "Resource", {
      ...countOf(when),
      metadata: {
        // A Job cannot be changed: another state is waited for by another Job.
        name: Lazy.stringValue({ produce: () => `wait-${release.name}-${revision()}` }),
        namespace: namespace.name,
        labels,
      },
      waitForCompletion: true,
      spec: {
        backoffLimit: 6,
        activeDeadlineSeconds: deadlineSeconds,
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: this.account.metadata.name,
            restartPolicy: "OnFailure",
            enableServiceLinks: false,
            securityContext: RESTRICTED_POD,
            initContainer: containers.slice(0, -1),
            container: containers.slice(-1),
            volume: volumesOf(volumes),
          },
        },
      },
      timeouts: { create: timeout, update: timeout },
      dependsOn: [this.root.delivered, this.mayRead, ...release.dependsOn],
    });
  }
}

/** What Terraform applies for a layer: the chart of its Applications, with what ops chose. */
function rootApplication(name: string, { project, scenario, extraComponents }: GitOpsProps): Manifest {
  return {
    apiVersion: ARGO_CD_API_VERSION,
    kind: "Application",
    // Its Applications go with it, and what they made with them.
    metadata: { name, finalizers: [FINALIZER] },
    spec: {
      project: project.name,
      source: {
        repoURL: repositoryAddress(project, APPLICATIONS_REPOSITORY),
        targetRevision: "main",
        path: name,
        helm: { valuesObject: { scenario, extraComponents } },
      },
      destination: { server: IN_CLUSTER, namespace: project.namespace.name },
      // A layer may have nothing that is chosen: Argo CD would keep all it has rather than prune the last.
      syncPolicy: { ...SYNC_POLICY, automated: { ...SYNC_POLICY.automated, allowEmpty: true } },
    },
  };
}

const FINALIZER = "resources-finalizer.argocd.argoproj.io";

/**
 * Synchronized by itself, again and again until it succeeds: what it needs may come a moment later.
 *
 * @see https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/
 */
const SYNC_POLICY = {
  automated: { prune: true, selfHeal: true },
  syncOptions: ["ServerSideApply=true", "CreateNamespace=false"],
  // With what is in git by then: what is wrong may have been mended there.
  retry: { limit: -1, refresh: true, backoff: { duration: "10s", factor: 2, maxDuration: "3m" } },
};

function repositoryAddress({ address }: GitOpsProject, name: string): string {
  return `${address}/${name}.git`;
}

/** The Application of a component, as a template: the chart from its own repository, its values from git. */
function applicationTemplate(
  release: ComponentRelease,
  project: GitOpsProject,
  revision: string,
  { wave = 0, ignoreDifferences = [] }: GitOpsOptions,
): string {
  const { name, namespace, chart, repository, version, overlays } = release;
  const application = yamlText({
    apiVersion: ARGO_CD_API_VERSION,
    kind: "Application",
    metadata: {
      name,
      namespace: project.namespace.name,
      annotations: { "argocd.argoproj.io/sync-wave": String(wave) },
      finalizers: [FINALIZER],
    },
    spec: {
      project: project.name,
      sources: [
        {
          repoURL: repository,
          chart,
          targetRevision: version,
          helm: {
            releaseName: name,
            valueFiles: ["$values/values.yaml", ...overlays.map(({ when }) => `$values/${overlayFile(when)}`)],
          },
        },
        { repoURL: repositoryAddress(project, `${name}-helm`), targetRevision: `socle-${revision}`, ref: "values" },
      ],
      destination: { server: IN_CLUSTER, namespace: namespace.name },
      syncPolicy: SYNC_POLICY,
      ...(ignoreDifferences.length > 0 ? { ignoreDifferences } : {}),
    },
  });
  // An overlay is among the value files only while its component is chosen.
  return overlays.reduce(
    (text, { when }) =>
      text.replace(new RegExp(`^.*\\$values/${overlayFile(when).replace(".", "\\.")}$`, "m"), (line) =>
        [`            {{- if ${chosen(when)} }}`, line, "            {{- end }}"].join("\n"),
      ),
    literal(application),
  );
}

/** A file of values that is read only beside a component, such as `with-keycloak.yaml`. */
function overlayFile(when: Condition): string {
  return `with-${isComponentCondition(when) ? when.component : "unknown"}.yaml`;
}

/** A template that is there only while a component is chosen. */
function gated(when: Condition | undefined, template: string): string {
  return when === undefined ? template : `{{- if ${chosen(when)} }}\n${template}{{- end }}\n`;
}

function chosen(when: Condition): string {
  return `has ${JSON.stringify(isComponentCondition(when) ? when.component : "")} (include "selection" . | fromJsonArray)`;
}

/** Text that a template of Helm leaves as it is. */
function literal(text: string): string {
  return text.replace(/\{\{/g, '{{ "{{" }}');
}

function yamlText(value: unknown): string {
  return stringify(value, { version: "1.1", lineWidth: 0, aliasDuplicateObjects: false });
}

function valuesText(values: Values): string {
  return Object.keys(values).length > 0 ? yamlText(values) : "{}\n";
}

/** Everything in a repository but what only people read. */
function repositoryTexts(repository: Repository): (readonly [string, string])[] {
  return [...repository.files].filter(([path]) => path !== "README.md");
}

function readme({ name, namespace, chart, repository, version, overlays }: ComponentRelease): string {
  return [
    `# ${name}-helm`,
    `Values of the chart \`${chart}\` ${version} from ${repository}, delivered to the namespace \`${namespace.name}\` by the Application \`${name}\` of ${APPLICATIONS_REPOSITORY}. Written by Socle: change the source, not these files.`,
    ...overlays.map(
      ({ when }) =>
        `\`${overlayFile(when)}\` goes over \`values.yaml\` while the component \`${isComponentCondition(when) ? when.component : ""}\` is chosen.`,
    ),
    "What it makes, without a cluster:",
    `\`\`\`sh\nhelm template ${name} ${chart} --repo ${repository} --version ${version} \\\n  --namespace ${namespace.name} --values values.yaml\n\`\`\``,
  ]
    .join("\n\n")
    .concat("\n");
}

function applicationsReadme({ scenarios }: GitOpsProps): string {
  return [
    `# ${APPLICATIONS_REPOSITORY}`,
    "Applications of Argo CD, one for each component, in a chart for each layer. Written by Socle: change the source, not these files.",
    "Terraform applies a root Application for each layer, which passes the scenario and the extra components that were chosen; a component that is in neither is pruned.",
    "| scenario | components |\n| --- | --- |\n" +
      Object.entries(scenarios)
        .map(([name, components]) => `| ${name} | ${components.join(", ")} |`)
        .join("\n"),
  ]
    .join("\n\n")
    .concat("\n");
}

function problemsOf({ name, namespace, repository, secrets, overlays, preconditions }: ComponentRelease): string[] {
  return [
    ...conditionProblems(name, namespace.when),
    ...overlays.flatMap(({ when }) => conditionProblems(`an overlay of ${name}`, when)),
    ...(secrets
      ? [
          `"${name}" has secret values (${Object.keys(secrets.values).join(", ")}), which git must not have: let the chart read a Kubernetes Secret, or deliver it by Helm`,
        ]
      : []),
    ...(repository.startsWith("oci://")
      ? [`"${name}" comes from ${repository}, which Argo CD reads only with a Secret of its own: deliver it by Helm`]
      : []),
    ...(preconditions.length > 0
      ? [`"${name}" has preconditions, which only a Helm release can check: deliver it by Helm`]
      : []),
  ];
}

function conditionProblems(what: string, when: Condition | undefined): string[] {
  return when === undefined || isComponentCondition(when)
    ? []
    : [`"${what}" is there under a condition that git cannot see: use that of a component, or deliver it by Helm`];
}

/** Paths of values, such as `server.ingress`. */
function leaves(values: Values, prefix = ""): string[] {
  return Object.entries(values).flatMap(([key, value]) =>
    typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
      ? leaves(value as Values, `${prefix}${key}.`)
      : [`${prefix}${key}`],
  );
}
