import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Manifests } from "../cluster/manifests";
import { type INamespace } from "../cluster/namespace";

/** Version of Argo CD's own kinds. @see https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/ */
export const ARGO_CD_API_VERSION = "argoproj.io/v1alpha1";

/** Address of the API server for what runs in its cluster, as Argo CD names the cluster that it runs in. */
export const IN_CLUSTER = "https://kubernetes.default.svc";

export interface GitOpsProjectProps {
  /** Of Argo CD. */
  readonly namespace: INamespace;
  /** Address that every git repository is below, such as `http://gitlab.lab.local:8081/socle`. */
  readonly address: string;
  /** What has to be there before: Argo CD with its kinds. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * The AppProject of Argo CD that all of an environment's Applications belong to: they may use its git repositories and the
 * charts that components name, and deliver to the components' namespaces. What else is pushed to a repository is refused.
 *
 * @see https://argo-cd.readthedocs.io/en/stable/user-guide/projects/
 */
export class GitOpsProject extends Construct {
  readonly name: string;
  /** Such as `http://gitlab.lab.local:8081/socle`. */
  readonly address: string;
  readonly namespace: INamespace;
  readonly delivered: ITerraformDependable;
  private readonly sourceRepos: string[];
  private readonly destinations: { readonly server: string; readonly namespace: string }[] = [];

  constructor(scope: Construct, id: string, props: GitOpsProjectProps) {
    super(scope, id);
    this.name = id.replaceAll("_", "-");
    this.address = props.address;
    this.namespace = props.namespace;
    this.sourceRepos = [`${this.address}/*`];
    // The Applications themselves are objects there.
    this.allowNamespace(props.namespace.name);
    this.delivered = new Manifests(this, "Default", {
      namespace: props.namespace,
      name: `${this.name}-project`,
      manifests: [
        {
          apiVersion: ARGO_CD_API_VERSION,
          kind: "AppProject",
          metadata: { name: this.name },
          spec: {
            description: "Everything that is delivered through git.",
            // Later layers add to them, until synth.
            sourceRepos: this.sourceRepos,
            destinations: this.destinations,
            // Charts bring roles, webhooks and kinds for the whole cluster.
            clusterResourceWhitelist: [{ group: "*", kind: "*" }],
          },
        },
      ],
      dependsOn: props.dependsOn,
    }).delivered;
  }

  /** Lets Applications use the charts of a repository. */
  allowCharts(repository: string): void {
    if (!this.sourceRepos.includes(repository)) {
      this.sourceRepos.push(repository);
    }
  }

  /** Lets Applications deliver to a namespace. */
  allowNamespace(namespace: string): void {
    if (!this.destinations.some((each) => each.namespace === namespace)) {
      this.destinations.push({ server: IN_CLUSTER, namespace });
    }
  }
}
