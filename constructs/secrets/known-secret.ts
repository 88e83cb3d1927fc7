import { Fn, Op, Token } from "cdktf";
import { SecretV1 } from "@cdktf/provider-kubernetes/lib/secret-v1";
import { Construct } from "constructs";
import { type INamespace } from "../cluster/namespace";
import { SocleError } from "../core/error";
import { type SecretKey } from "./generated-secret";

export interface KnownSecretProps {
  readonly namespace: INamespace;
  /** Name of the Kubernetes Secret. @default - the id, `_` written as `-` */
  readonly name?: string;
  /** What Kubernetes takes it for, such as `kubernetes.io/tls`. @default "Opaque" */
  readonly type?: string;
  /** By which programs find it. @default - none */
  readonly labels?: Readonly<Record<string, string>>;
  /** Key of the Secret → value, at least one. */
  readonly values: Readonly<Record<string, string>>;
}

/**
 * A Kubernetes Secret of values that Terraform knows already, such as a connection string of an earlier layer. They are
 * written through the write-only `data_wo`, so this state does not hold them once more, and again whenever one of them
 * changes: the revision is derived from them, so ops have nothing to raise.
 *
 * For what nobody has seen yet, such as a password, use `GeneratedSecret`.
 */
export class KnownSecret extends Construct {
  readonly secretName: string;
  /** Another text whenever a value is another one: in a pod template's annotations it restarts pods. */
  readonly version: string;
  readonly resource: SecretV1;
  private readonly keys: readonly string[];

  /** @throws SocleError when there is no value, or a key is malformed */
  constructor(scope: Construct, id: string, props: KnownSecretProps) {
    super(scope, id);
    this.keys = Object.keys(props.values);
    SocleError.throwIfAny(this.node.path, [
      ...(this.keys.length > 0 ? [] : ["values is empty: a Secret has at least one key"]),
      ...this.keys
        .filter((key) => !/^[-._a-zA-Z0-9]+$/.test(key))
        .map((key) => `the key "${key}" has other characters than letters, digits, "-", "_" and "."`),
    ]);
    this.secretName = props.name ?? id.replaceAll("_", "-");
    const digest = Fn.substr(Fn.sha256(Fn.join("\n", Object.values(props.values))), 0, 8);
    this.version = digest;
    this.resource = new SecretV1(this, "Resource", {
      metadata: {
        name: this.secretName,
        namespace: props.namespace.name,
        ...(props.labels ? { labels: { ...props.labels } } : {}),
      },
      type: props.type ?? "Opaque",
      // From 1 on: with 0, or none, the provider creates the Secret empty.
      dataWoRevision: Token.asNumber(Op.add(Fn.parseint(digest, 16), 1)),
      dependsOn: [...props.namespace.present],
    });
    this.resource.addOverride("data_wo", { ...props.values });
  }

  /**
   * One value, for an environment variable.
   *
   * @throws SocleError when the Secret has no such key
   */
  key(key: string): SecretKey {
    SocleError.throwIfAny(
      this.node.path,
      this.keys.includes(key) ? [] : [`has no key "${key}": use one of ${this.keys.join(", ")}`],
    );
    return { secretName: this.secretName, key };
  }
}
