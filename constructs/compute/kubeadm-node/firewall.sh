#!/bin/bash
# The host firewall of a node, behind Hetzner's: a table of its own, so Kubernetes' rules stay as they are. It judges
# what comes to the node, never what is forwarded between pods, but for the metadata address. Safe to run again.
set -euo pipefail

# shellcheck source=/dev/null
. "${KUBEADM_NODE_ENVIRONMENT:-/etc/kubeadm-node/environment}"

# A node reaches the API by its public address, which Hetzner's firewall opens for admins only: the connection is led to
# the private one. Not on the machine that has that address, unless it has joined the others.
redirect=""
if [ -n "$API_REDIRECT" ] || [ -e "$CONFIG_DIR/redirect" ]; then
  redirect="
  chain api {
    type nat hook output priority -100; policy accept;
    ip daddr $API_ADDRESS tcp dport 6443 dnat ip to $API_PRIVATE_IP
  }
  chain api_source {
    type nat hook postrouting priority 90; policy accept;
    ip daddr $API_PRIVATE_IP tcp dport 6443 ct status dnat ct original ip daddr $API_ADDRESS masquerade
  }"
fi

nft --file - <<RULES
table inet kubeadm_node
delete table inet kubeadm_node
table inet kubeadm_node {
  chain input {
    type filter hook input priority -10; policy drop;
    ct state established,related accept
    ct state invalid drop
    iifname lo accept
    ip saddr { $NETWORK_CIDR, $POD_CIDR } accept
    meta l4proto { icmp, ipv6-icmp } accept
    udp dport 68 accept
    tcp dport { $OPEN_PORTS } accept
  }
  chain metadata {
    type filter hook forward priority -10; policy accept;
    ip daddr 169.254.169.254 drop
  }$redirect
}
RULES
