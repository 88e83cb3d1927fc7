import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { RoleBindingV1 } from "@cdktf/provider-kubernetes/lib/role-binding-v1";
import { RoleV1 } from "@cdktf/provider-kubernetes/lib/role-v1";
import { ServiceAccountV1 } from "@cdktf/provider-kubernetes/lib/service-account-v1";
import { Manifests } from "../cluster/manifests";
import { countOf, type INamespace } from "../cluster/namespace";
import { type SecretKey } from "./generated-secret";

export interface CopiedSecretProps {
  /** Where it is wanted. */
  readonly namespace: INamespace;
  /** Where it is. */
  readonly from: INamespace;
  /** Name of the Secret there. */
  readonly secretName: string;
  /** Its keys that are read, under the name that the template knows them by. */
  readonly keys: Readonly<Record<string, string>>;
  /** Key of the copy → its text, a template of external-secrets. */
  readonly data: Readonly<Record<string, string>>;
  /** What makes the Secret there. @default - it is there */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/**
 * Keeps a Secret equal to one of another namespace that a program of the cluster made, such as a user's password: by
 * external-secrets, through the Kubernetes API, with an account that may read that one Secret. No value passes through
 * Terraform.
 *
 * @see https://external-secrets.io/latest/provider/kubernetes/
 */
export class CopiedSecret extends Construct {
  readonly secretName: string;
  /** What depends on external-secrets having been told; the Secret follows within a minute. */
  readonly delivered: ITerraformDependable;

  constructor(scope: Construct, id: string, props: CopiedSecretProps) {
    super(scope, id);
    const { namespace, from } = props;
    const name = id.replaceAll("_", "-");
    this.secretName = name;
    const account = new ServiceAccountV1(this, "account", {
      metadata: { name, namespace: namespace.name },
      automountServiceAccountToken: false,
      dependsOn: [...namespace.present],
    });
    const metadata = { name: `${name}-copy`, namespace: from.name };
    const role = new RoleV1(this, "role", {
      ...countOf(namespace.when),
      metadata,
      rule: [{ apiGroups: [""], resources: ["secrets"], resourceNames: [props.secretName], verbs: ["get"] }],
      dependsOn: [...from.present],
    });
    const binding = new RoleBindingV1(this, "binding", {
      ...countOf(namespace.when),
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: metadata.name },
      subject: [{ kind: "ServiceAccount", name: account.metadata.name, namespace: namespace.name }],
      dependsOn: [role],
    });
    this.delivered = new Manifests(this, "Default", {
      namespace,
      name,
      manifests: [
        {
          apiVersion: "external-secrets.io/v1",
          kind: "SecretStore",
          metadata: { name },
          spec: {
            provider: {
              kubernetes: {
                remoteNamespace: from.name,
                server: { caProvider: { type: "ConfigMap", name: "kube-root-ca.crt", key: "ca.crt" } },
                auth: { serviceAccount: { name } },
              },
            },
          },
        },
        {
          apiVersion: "external-secrets.io/v1",
          kind: "ExternalSecret",
          metadata: { name },
          spec: {
            // It is made a moment after this, and may be made anew.
            refreshInterval: "1m0s",
            secretStoreRef: { kind: "SecretStore", name },
            data: Object.entries(props.keys).map(([secretKey, property]) => ({
              secretKey,
              remoteRef: { key: props.secretName, property },
            })),
            target: {
              name,
              creationPolicy: "Owner",
              deletionPolicy: "Retain",
              template: { engineVersion: "v2", type: "Opaque", data: { ...props.data } },
            },
          },
        },
      ],
      dependsOn: [account, binding, ...(props.dependsOn ?? [])],
    }).delivered;
  }

  /** One value, for an environment variable. */
  key(key: string): SecretKey {
    return { secretName: this.secretName, key };
  }
}
