import { HETZNER_SERVER_TYPES, type HetznerServerType } from "../../constructs/compute/hetzner-server";
import { type ReadmeSection } from "../../constructs/core/layer";
import { controlPlaneType, WORKER_TYPE } from "./capacity";
import { type ViridialSettings } from "./settings";

/**
 * Prices of Hetzner beside its servers, in EUR a month, net, after 15 June 2026: a public IPv4 address, the load balancer
 * `lb11`, a GB of a volume; backups are a part of a server's price.
 */
const PRICES = { ipv4: 0.5, loadBalancer: 7.49, volumeGib: 0.0572, backups: 0.2 };

/** What a month costs with the default types, in EUR, net, without volumes: each item, and the sum. */
export function monthlyCost(settings: ViridialSettings) {
  const { controlPlanes, workerCount } = settings;
  const priceOf = (type: string) => (HETZNER_SERVER_TYPES[type] as HetznerServerType).eurPerMonth;
  const servers = controlPlanes * priceOf(controlPlaneType(settings)) + workerCount * priceOf(WORKER_TYPE);
  const items = {
    servers,
    backups: settings.serverBackups ? servers * PRICES.backups : 0,
    addresses: (controlPlanes + workerCount) * PRICES.ipv4,
    loadBalancers: (controlPlanes === 1 ? 1 : 2) * PRICES.loadBalancer,
  };
  return { ...items, sum: Object.values(items).reduce((sum, each) => sum + each, 0) };
}

const section = (title: string, ...lines: string[]): ReadmeSection => ({ title, body: lines.join("\n") });

/**
 * What the README of the layer viridial-staging-cluster says besides its generated parts.
 *
 * @param controlPlaneIps private addresses of the control planes
 */
export function clusterReadme(
  settings: ViridialSettings,
  controlPlaneIps: readonly string[],
): readonly ReadmeSection[] {
  return [
    costs(settings),
    ...FIRST_DAYS,
    ...(settings.controlPlanes === 1 ? [REPLACING_THE_CONTROL_PLANE] : REPLACING_ONE_OF_THREE),
    restoring(settings, controlPlaneIps),
    ...LATER,
  ];
}

function costs(settings: ViridialSettings): ReadmeSection {
  const { controlPlanes, workerCount } = settings;
  const { servers, backups, addresses, loadBalancers, sum } = monthlyCost(settings);
  const eur = (value: number) => value.toFixed(2);
  return section(
    "What it costs",
    `EUR a month, net, prices after 15 June 2026: ${controlPlanes} × \`${controlPlaneType(settings)}\` and ${workerCount} × \`${WORKER_TYPE}\` ${eur(servers)},`,
    `${settings.serverBackups ? `backups of their disks (a fifth) ${eur(backups)}, ` : ""}IPv4 addresses ${eur(addresses)}, load balancing ${eur(loadBalancers)}: **about ${Math.round(sum)}**, against the 15 that were planned for a`,
    "type (`cpx21`) which cannot be ordered in Europe any more. Volumes come on top, 0.0572 per GB: those of the data layer, and of",
    "`volume_size_gib`. A server that is switched off is billed too; backups of the servers' disks add a fifth of their price.",
    "",
    "In 2026 Hetzner restricted new servers for new customers, and `cx` types were sold out: have the project's limits raised first.",
  );
}

/** The first apply, and workers that come and go. */
const FIRST_DAYS: readonly ReadmeSection[] = [
  section(
    "First contact",
    "The provider takes its API token from `HCLOUD_TOKEN` (Hetzner Console, the project, Security, API tokens: read and write); none is in",
    "these files. The machine that runs Terraform must be in `admin_cidr_blocks`: the apply ends when the Kubernetes API answers it, about",
    "ten minutes after it began, and every later plan asks again.",
    "",
    "```sh",
    "(umask 077 && terraform output -raw kubeconfig > kubeconfig)",
    "KUBECONFIG=$PWD/kubeconfig kubectl get nodes   # NotReady until there is a pod network and Hetzner's cloud controller",
    "```",
    "",
    "Where it does not answer: `terraform output -raw ssh_command`, then `cloud-init status --long` and",
    "`journalctl -u kubeadm-node-install -u kubeadm-node-bootstrap`. Both are tried again every 30 seconds.",
    "Kubelets ask for serving certificates: until something approves the requests, `kubectl logs` fails (`kubectl certificate approve <name>`).",
  ),
  section(
    "Adding a node",
    "One number, `worker_count`. In the cluster's first 24 hours nothing else is needed: kubeadm itself knows the first token. Later that",
    "has expired, and the cluster must know a new one before the new node boots. Three applies, the numbers in `terraform.tfvars`:",
    "",
    "1. In `viridial-staging-cluster`, `join_token_generation` one higher than before: `terraform apply` makes a new token. Nodes that run",
    "   ignore it.",
    "2. In `viridial-staging-platform`, with `join_token_enabled` true: `terraform apply` makes the token known to the cluster (the Secret",
    "   `bootstrap-token-<id>`).",
    "3. In `viridial-staging-cluster`, `worker_count` one higher, within 24 hours: `terraform apply` makes the node, which joins with it.",
    "",
    "A node that boots too early tries again every 30 seconds. To remove a node, drain and delete it first (`kubectl drain`, `kubectl delete",
    "node`): the one with the highest number goes. Hetzner refuses to delete a protected server: switch its protection off first",
    "(`hcloud server disable-protection <name> delete rebuild`, or in the console). Its volume, where it has one: Volumes of the workers.",
  ),
  section(
    "Replacing a worker",
    "A newer image, release, SSH key or user data leaves running nodes as they are. To rebuild one, first a valid token (Adding a node, 1 and",
    "2), its protection off, then:",
    "",
    "```sh",
    "kubectl drain viridial-staging-worker-1 --ignore-daemonsets --delete-emptydir-data && kubectl delete node viridial-staging-worker-1",
    "terraform apply -replace='hcloud_server.cluster_worker[0]'",
    "```",
  ),
];

const REPLACING_THE_CONTROL_PLANE = section(
  "Replacing the control plane",
  "It holds the cluster's database; its keys and its address are made by Terraform and outlive it, so workers and kubeconfig stay valid.",
  "",
  "1. Copy the newest snapshot away: `scp root@<control plane>:/var/backups/etcd/<newest>.db .`",
  "2. Switch its protection off, then `terraform apply -replace=hcloud_server.cluster_control_plane`: an **empty** cluster with the same",
  "   keys answers.",
  "3. Restore the snapshot, as below.",
);

/** etcdctl in the container of a control plane's etcd. */
const ETCDCTL =
  "crictl exec $(crictl ps --quiet --name '^etcd$') etcdctl --endpoints=https://127.0.0.1:2379 --cacert=$pki/ca.crt --cert=$pki/server.crt --key=$pki/server.key";

const REPLACING_ONE_OF_THREE: readonly ReadmeSection[] = [
  section(
    "Replacing one of the three control planes",
    "One at a time, and only while the other two are healthy. First a valid token (Adding a node, 1 and 2). etcd must forget the old member",
    "before the new one comes, or it counts a dead vote; on **another** control plane (`terraform output control_plane_addresses`):",
    "",
    "```sh",
    "pki=/etc/kubernetes/pki/etcd",
    `${ETCDCTL} member list`,
    `${ETCDCTL} member remove <id of the old one>`,
    "```",
    "",
    "Then, with its protection off:",
    "",
    "```sh",
    "kubectl delete node viridial-staging-control-plane-2",
    "terraform apply -replace=hcloud_server.cluster_control_plane_2",
    "```",
    "",
    "The first one (`hcloud_server.cluster_control_plane`, the node `viridial-staging-control-plane`) has the API's public address. Made again,",
    "it asks the load balancer for a cluster, for about a minute, finds one and joins it; only where nobody answers does it make a new one.",
    "So never replace it while the other two are down: restore etcd instead.",
  ),
  section(
    "When the first control plane is down",
    "Pods, kubelets and controllers go on: they reach the others through the internal load balancer. The public address of the API is gone",
    "with its server; use another one's (`terraform output control_plane_addresses`), whose certificate is for the same name:",
    "",
    "```sh",
    "kubectl --server https://<another control plane>:6443 --tls-server-name <the API's address> get nodes",
    "```",
    "",
    "Neither a plan of this layer nor the platform layer reaches the API then. So the token for its successor is made by itself, with",
    "`join_token_generation` one higher in `terraform.tfvars`, and made known on another control plane:",
    "",
    "```sh",
    "terraform apply -target=random_password.cluster_bootstrap_token_id -target=random_password.cluster_bootstrap_token_secret",
    "terraform output -raw bootstrap_token | ssh root@<another control plane> 'read -r token; kubeadm token create --config /dev/stdin <<CONFIG",
    "apiVersion: kubeadm.k8s.io/v1beta4",
    "kind: InitConfiguration",
    'bootstrapTokens: [{token: "$token", ttl: 24h0m0s}]',
    "CONFIG'",
    "```",
    "",
    "Then remove the old member and replace the server, as above. With the platform layer's next apply its Secret of that name is there",
    "already: `kubectl --namespace kube-system delete secret bootstrap-token-<id>` first.",
  ),
];

function restoring({ controlPlanes }: ViridialSettings, controlPlaneIps: readonly string[]): ReadmeSection {
  const peer = `https://${controlPlaneIps[0]}:2380`;
  return section(
    "Restoring etcd",
    "Snapshots are made every six hours (`systemctl list-timers kubeadm-node-snapshot`), by hand with `systemctl start kubeadm-node-snapshot`.",
    "They are on the control plane's disk only: copy them elsewhere.",
    ...(controlPlanes === 1
      ? []
      : [
          "",
          "All three go back to the snapshot together: the first one restores it, the others join again as new members. Have a valid token",
          "(Adding a node, 1 and 2) while the API still answers. On the **other two**, first of all:",
          "",
          "```sh",
          "kubeadm reset --force && rm -f /var/lib/kubeadm-node.done",
          "```",
        ]),
    "",
    `On the ${controlPlanes === 1 ? "" : "**first** "}control plane, with \`snapshot.db\` in \`/root\`:`,
    "",
    "```sh",
    "etcd_image=$(sed -n 's/^ *image: //p' /etc/kubernetes/manifests/etcd.yaml)",
    "mkdir /root/manifests && mv /etc/kubernetes/manifests/*.yaml /root/manifests/   # the static pods end",
    "mv /var/lib/etcd /var/lib/etcd.before",
    "ctr --namespace k8s.io run --rm --mount type=bind,src=/root,dst=/root,options=rbind:ro \\",
    '  --mount type=bind,src=/var/lib,dst=/var/lib,options=rbind:rw "$etcd_image" restore \\',
    '  etcdutl snapshot restore /root/snapshot.db --data-dir /var/lib/etcd --name "$(hostname)" \\',
    `  --initial-cluster "$(hostname)=${peer}" --initial-advertise-peer-urls ${peer} \\`,
    "  --bump-revision 1000000000 --mark-compacted",
    "mv /root/manifests/*.yaml /etc/kubernetes/manifests/ && systemctl restart kubelet",
    "```",
    ...(controlPlanes === 1
      ? []
      : [
          "",
          "Then `kubectl delete node` of the other two, a token that the restored cluster knows (`terraform apply` in the platform layer), and on",
          "each of them, one after the other: `systemctl restart kubeadm-node-bootstrap`.",
        ]),
  );
}

const LATER: readonly ReadmeSection[] = [
  section(
    "Volumes of the workers",
    "`volume_size_gib` gives every worker a volume of its own, for data that is to stay on its node and to outlive the server: a local",
    "PersistentVolume, or files of a host's own service. Pods' ordinary volumes do not need it; Hetzner's CSI driver makes those. Hetzner",
    "formats the volume (ext4) and mounts it at `/mnt/HC_Volume_<id>`; no first boot waits for it. Look with `findmnt -t ext4`, and where it",
    "is missing: `mkdir -p /mnt/HC_Volume_<id> && mount /dev/disk/by-id/scsi-0HC_Volume_<id> /mnt/HC_Volume_<id>`, and a line in `/etc/fstab`.",
    "",
    "A larger number grows the volumes, then `resize2fs /dev/disk/by-id/scsi-0HC_Volume_<id>` their file systems; they never shrink. A worker",
    "that is replaced finds its volume again. Terraform refuses to delete one (`prevent_destroy`), so fewer workers or 0 need it first:",
    "`terraform state rm 'hcloud_volume_attachment.worker_volume_attachment[2]' 'hcloud_volume.worker_volume[2]'`; then the volume is yours to",
    "keep or to delete, and is billed until then.",
  ),
  section(
    "Certificates",
    "The admin's certificate is valid for one year, and an apply in its last 30 days makes a new one: then write the kubeconfig again and",
    "apply the later layers. The control plane's own are valid for one year too: `kubeadm certs renew all`, then restart its static pods; an",
    "upgrade of Kubernetes renews them. The authorities are valid for ten years.",
    "",
    "Who reads this state opens the cluster. After a leak, a new cluster with new keys is the way.",
  ),
  section(
    "Kubernetes upgrade",
    "Patch releases, the first control plane before the others. On each node, in `/etc/apt/preferences.d/kubeadm-node`, write the new",
    "version, then:",
    "",
    "```sh",
    "systemctl restart kubeadm-node-install      # the new packages, held again",
    "kubeadm upgrade apply v<version>            # on the first control plane; kubeadm upgrade node on every other node",
    "systemctl restart kubelet",
    "```",
    "",
    "Then raise the setting too (`environments/viridial-staging/settings.ts`), so that a new node installs the same. A repository's key that",
    "has expired on the node (that of Kubernetes was prolonged last until 29 December 2026) is fetched again by the first command; its",
    "fingerprint has to be the pinned one.",
  ),
  section(
    "Towards production",
    "The profile `PRODUCTION` in `environments/viridial-staging/settings.ts` is this environment with five nodes, backups of their disks and a",
    "week of snapshots. Its `controlPlanes` is 1 or 3. Three hold one etcd together and outlive the loss of one; a load balancer without a",
    "public interface (7.49 more a month) leads the nodes to them, while admins keep to the public address of the first, behind the",
    "firewall. Three take pods like workers, so that what has three replicas is on three of five nodes; their type is the workers' then.",
    "",
    "The apply ends when the first one answers; the other two join some minutes later (`kubectl get nodes`).",
    "",
    "A running cluster grows from one to three by that setting: the load balancer's address is in its certificates from the beginning. Have a",
    "valid token (Adding a node, 1 and 2), apply, and wait until three members are in etcd. Nodes that were there before still go to the first",
    "one: on each, write the load balancer's address as `API_PRIVATE_IP` in `/etc/kubeadm-node/environment` and",
    "`systemctl restart kubeadm-node-firewall`; and the first one keeps to itself until",
    "`kubectl taint nodes viridial-staging-control-plane node-role.kubernetes.io/control-plane:NoSchedule-`. The way back to one is a new",
    "cluster.",
  ),
  section(
    "Taking it down",
    "For good. The later layers go first, the last one first (`-tenants-NN`, `-services`, `-data`, `-vault`, `-platform`, and `-dns`), as their",
    "READMEs say. Volumes that the CSI driver made are in no state: with their PersistentVolumeClaims they go, without that they stay and are",
    "billed. Copy away what you keep: etcd's snapshots and the servers' backups go with the servers.",
    "",
    "Then what Hetzner protects, `terraform destroy` cannot delete. An author sets `protection: false` and you apply that; or at once, by hand:",
    "",
    "```sh",
    "for server in $(hcloud server list --output noheader --output columns=name | grep '^viridial-staging-'); do",
    '  hcloud server disable-protection "$server" delete rebuild',
    "done",
    "for balancer in $(hcloud load-balancer list --output noheader --output columns=name | grep '^viridial-staging'); do",
    '  hcloud load-balancer disable-protection "$balancer" delete',
    "done",
    "hcloud network disable-protection viridial-staging delete",
    "hcloud primary-ip disable-protection viridial-staging-api delete",
    "terraform destroy",
    "```",
    "",
    "Volumes of the workers, where there are any, have `prevent_destroy`: take them out of the state first, as above, and delete them yourself.",
  ),
];
