import { type Condition } from "../cluster/namespace";
import { type Pods } from "../cluster/network-policy";
import { type VaultSecret } from "../secrets/vault-store";

/** A realm of an identity provider that speaks OpenID Connect, as what logs people in through it needs it. */
export interface SingleSignOn {
  /** Whether the provider is there: otherwise people log in as they do without it. */
  readonly when: Condition;
  /** Address of the realm in people's browsers and in tokens, such as `https://keycloak.lab.local/realms/lab`. */
  readonly issuer: string;
  /** Address of the same realm for pods, which need not trust the certificate of the other one. */
  readonly backchannel: string;
  /** What answers at {@link backchannel}. */
  readonly pods: Pods;
  /** Port of these pods. */
  readonly port: number;
  /** Secret with the keys `client-id` and `client-secret`. */
  readonly client: VaultSecret;
}
