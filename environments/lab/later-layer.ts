import { Op, TerraformVariable } from "cdktf";
import { type Delivery } from "../../constructs/cluster/component";
import { type KubernetesCluster } from "../../constructs/cluster/kubernetes-providers";
import {
  ConditionalNamespace,
  type INamespace,
  Namespace,
  type NamespaceProps,
} from "../../constructs/cluster/namespace";
import { type Pods } from "../../constructs/cluster/network-policy";
import { wholeNumber } from "../../constructs/core/input-validation";
import { type Environment } from "../../constructs/core/environment";
import { Layer, type ReadmeSection } from "../../constructs/core/layer";
import { TerraformData } from "../../constructs/core/terraform-data";
import { SecretRestart } from "../../constructs/data-platform/secret-restart";
import { type GitOps, type GitOpsOptions } from "../../constructs/delivery/gitops";
import { type Monitors } from "../../constructs/observability/monitors";
import { type VaultSecret, type VaultStore } from "../../constructs/secrets/vault-store";
import { type SingleSignOn } from "../../constructs/security/single-sign-on";
import { type ComponentName } from "./catalogue";
import { type ClusterSources, connectLabCluster } from "./cluster-access";
import { labDelivery } from "./delivery";
import { labMonitors } from "./monitors";
import { ADDRESSES, type PODS, publicName, REALM } from "./names";
import { neighbour } from "./neighbours";
import { type LabPlatform } from "./platform";
import { laterSelection } from "./selection";
import { kubernetesRelease, type LabSettings } from "./settings";
import { labVaultStore } from "./vault-access";
import { oidcEntry, type OidcClient } from "./vault-entries";

/** Keys of the Secret of a client of Keycloak. */
const CLIENT_KEYS = { "client-id": "client-id", "client-secret": "client-secret" };

export interface LaterLayerProps {
  /** Without the name of the environment, such as `data`. */
  readonly name: string;
  readonly description: string;
  readonly readme: readonly ReadmeSection[];
}

/** A namespace of a component, and the same for what comes and goes with the component. */
export interface ComponentNamespace {
  /** Always there, and so are the volumes in it. */
  readonly always: Namespace;
  /** For what is there only while the component is chosen. */
  readonly chosen: INamespace;
}

/** A layer that delivers components to the cluster, after lab-platform. */
export class LaterLayer {
  readonly layer: Layer;
  readonly cluster: KubernetesCluster;
  readonly settings: LabSettings;
  /** Undefined where Terraform applies charts itself. */
  readonly gitops: GitOps | undefined;
  private readonly selection;
  private readonly delivery;
  private revision: TerraformVariable | undefined;

  constructor(
    environment: Environment,
    { name, description, readme }: LaterLayerProps,
    private readonly sources: ClusterSources,
    private readonly platform: LabPlatform,
  ) {
    this.layer = new Layer(environment, `${environment.name}-${name}`, { description, readme });
    this.settings = sources.settings;
    this.cluster = connectLabCluster(this.layer, sources);
    this.selection = laterSelection(this.layer, platform.layer);
    this.delivery = labDelivery(this.layer, this.settings, this.selection, platform.project);
    this.gitops = this.delivery.gitops;
  }

  /** Raised by one, every password that people log in with is another one. */
  get passwordRevision(): TerraformVariable {
    this.revision ??= new TerraformVariable(this.layer, "password_revision", {
      type: "number",
      description: "Raise it by one to have every generated password that people log in with written anew.",
      default: 1,
      nullable: false,
      validation: [wholeNumber("password_revision")],
    });
    return this.revision;
  }

  /** Release of Kubernetes, such as `1.36.3`. */
  get kubernetesRelease(): string {
    return kubernetesRelease(this.settings);
  }

  /** That a component is chosen. */
  when(component: ComponentName) {
    return this.selection.components.of(component);
  }

  /** Refuses a component at plan, with the reason. */
  refuse(component: ComponentName, why: string): void {
    const refusal = new TerraformData(this.layer, `${component}_refusal`);
    refusal.lifecycle = {
      precondition: [{ condition: Op.not(this.when(component).booleanValue), errorMessage: why }],
    };
  }

  /** The `delivery` of a component. */
  deliver(options?: GitOpsOptions): Delivery {
    return this.delivery.of(options);
  }

  /** The namespace of a component. */
  namespace(
    component: ComponentName,
    name: string,
    props: Omit<NamespaceProps, "cluster" | "name">,
  ): ComponentNamespace {
    const always = new Namespace(this.layer, `${name.replaceAll("-", "_")}_namespace`, {
      cluster: this.cluster,
      name,
      ...props,
    });
    return { always, chosen: new ConditionalNamespace(always, this.when(component)) };
  }

  /** Brings entries of Vault into a namespace. */
  vaultStore(namespace: INamespace, entries: readonly string[]): VaultStore {
    return labVaultStore(this.layer, {
      namespace,
      sources: this.sources,
      platform: this.platform,
      entries: [...entries],
    });
  }

  /** Restarts what is in a namespace when one of its Secrets was written anew. */
  restartWith(namespace: INamespace, secrets: readonly VaultSecret[]): SecretRestart {
    return new SecretRestart(this.layer, `${namespace.name.replaceAll("-", "_")}_secret_restart`, {
      namespace,
      secrets,
      kubernetesRelease: this.kubernetesRelease,
    });
  }

  /** Monitors of a component, which are there with it. */
  monitors(component: ComponentName): Monitors {
    return labMonitors(this.layer, this.cluster, component, this.when(component));
  }

  /** Pods that an earlier layer delivered. */
  neighbour(name: keyof typeof PODS): Pods {
    return neighbour(this.layer, this.cluster, name);
  }

  /** Name under which people reach something. */
  host(service: string): string {
    return publicName(this.settings, service);
  }

  /** Logging in through Keycloak: the Secret of the client is `<client>-oidc`. */
  singleSignOn(store: VaultStore, client: OidcClient): SingleSignOn {
    const path = `/realms/${REALM}`;
    return {
      when: this.when("keycloak"),
      issuer: `https://${this.host("keycloak")}${path}`,
      backchannel: `http://${ADDRESSES.keycloak.host}${path}`,
      pods: this.neighbour("keycloak"),
      port: KEYCLOAK_PORT,
      client: store.secret(`${client}-oidc`, { entry: oidcEntry(client), keys: CLIENT_KEYS }),
    };
  }
}

/** Port of Keycloak's pods. */
const KEYCLOAK_PORT = 8080;
