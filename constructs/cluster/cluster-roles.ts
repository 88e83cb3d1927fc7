import { Construct } from "constructs";
import { ClusterRoleBindingV1 } from "@cdktf/provider-kubernetes/lib/cluster-role-binding-v1";
import { ClusterRoleV1 } from "@cdktf/provider-kubernetes/lib/cluster-role-v1";
import { RoleBindingV1 } from "@cdktf/provider-kubernetes/lib/role-binding-v1";
import { SocleError } from "../core/error";
import { type INamespace } from "./namespace";

export interface ClusterRolesProps {
  /** Group whose members may do everything. */
  readonly adminGroup: string;
  /** Group whose members may change what is in {@link developerNamespaces}, and look at all but Secrets elsewhere. */
  readonly developerGroup: string;
  readonly developerNamespaces: readonly INamespace[];
  /** Group whose members may look at everything but Secrets. */
  readonly readOnlyGroup: string;
}

const RBAC = "rbac.authorization.k8s.io";

/**
 * What people may do in a cluster, by the group that their certificate or token says: admin, developer or read-only.
 *
 * The roles are Kubernetes' own `cluster-admin`, `edit` and `view`, which most operators add their kinds to. `edit` reads the
 * Secrets of its namespace: whoever may start pods there can mount them anyway, so leaving that out would protect nothing.
 * `view` has no Secrets, and nothing that belongs to no namespace; that is in a role of its own, as are the kinds of the
 * operators that add none to `view`.
 *
 * @see https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles
 */
export class ClusterRoles extends Construct {
  /** @throws SocleError when developers have no namespace */
  constructor(scope: Construct, id: string, props: ClusterRolesProps) {
    super(scope, id);
    SocleError.throwIfAny(
      this.node.path,
      props.developerNamespaces.length > 0 ? [] : ["developerNamespaces is empty: name one"],
    );
    const clusterObjects = new ClusterRoleV1(this, "view_cluster", {
      metadata: { name: "socle-view-cluster" },
      rule: [
        { apiGroups: [""], resources: ["nodes", "persistentvolumes"], verbs: READ },
        { apiGroups: ["storage.k8s.io"], resources: ["storageclasses", "volumeattachments"], verbs: READ },
        { apiGroups: ["apiextensions.k8s.io"], resources: ["customresourcedefinitions"], verbs: READ },
        { apiGroups: ["metrics.k8s.io"], resources: ["nodes", "pods"], verbs: ["get", "list"] },
        { apiGroups: OPERATORS_WITHOUT_VIEW, resources: ["*"], verbs: READ },
        { apiGroups: ["velero.io"], resources: VELERO_KINDS, verbs: READ },
      ],
    });
    this.bind("admin", "cluster-admin", props.adminGroup);
    this.bind("read_only", "view", props.readOnlyGroup, props.developerGroup);
    this.bind("read_only_cluster", clusterObjects.metadata.name, props.readOnlyGroup, props.developerGroup);
    for (const namespace of props.developerNamespaces) {
      new RoleBindingV1(this, `developer_${namespace.name.replaceAll("-", "_")}`, {
        metadata: { name: "socle-developer", namespace: namespace.name },
        roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "edit" },
        subject: [groupSubject(props.developerGroup)],
        dependsOn: [...namespace.present],
      });
    }
  }

  private bind(id: string, role: string, ...groups: readonly string[]): void {
    new ClusterRoleBindingV1(this, id, {
      metadata: { name: `socle-${id.replaceAll("_", "-")}` },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: role },
      subject: groups.map(groupSubject),
    });
  }
}

const READ = ["get", "list", "watch"];

/** API groups whose charts add nothing to `view`. Naming one that a cluster lacks changes nothing. */
const OPERATORS_WITHOUT_VIEW = [
  "barmancloud.cnpg.io",
  "configuration.konghq.com",
  "monitoring.coreos.com",
  "operator.tigera.io",
  "policy.linkerd.io",
  "postgresql.cnpg.io",
  "traefik.io",
];

/** Not its DownloadRequests: their status holds an address that hands out a backup to whoever has it. */
const VELERO_KINDS = [
  "backups",
  "backupstoragelocations",
  "podvolumebackups",
  "podvolumerestores",
  "restores",
  "schedules",
];

const groupSubject = (name: string) => ({ kind: "Group", name, apiGroup: RBAC });
