#!/bin/bash
# The host firewall of a K3s node. OCI's images reject everything but SSH, and everything that is forwarded. This adds
# what a node needs, below chains of its own, and leaves OCI's rules for the boot volume alone. Safe to run again.
set -euo pipefail

# shellcheck source=/dev/null
. "${K3S_NODE_ENVIRONMENT:-/etc/k3s-node/environment}"

# Declared chains are emptied, others are not touched. Who of the network reaches which port is said by its security
# groups; what comes from elsewhere stays rejected.
iptables-restore --wait --noflush <<RULES
*filter
:K3S-NODE - [0:0]
-A K3S-NODE -s $NETWORK_CIDR -j ACCEPT
-A K3S-NODE -s $POD_CIDR -j ACCEPT
COMMIT
*mangle
:K3S-NODE-LINK-LOCAL - [0:0]
:K3S-NODE-NAMED - [0:0]
-A K3S-NODE-LINK-LOCAL -d 169.254.169.254/32 -p udp --dport 53 -j RETURN
-A K3S-NODE-LINK-LOCAL -d 169.254.169.254/32 -p tcp --dport 53 -j RETURN
-A K3S-NODE-LINK-LOCAL -j K3S-NODE-NAMED
-A K3S-NODE-LINK-LOCAL -j DROP
COMMIT
RULES

iptables --wait -C INPUT -j K3S-NODE 2>/dev/null || iptables --wait -I INPUT -j K3S-NODE

# Pods reach the network's DNS, but neither the metadata of their node nor its volumes. In mangle, since the rules for
# network policies accept packets before the end of the filter table.
iptables --wait -t mangle -C FORWARD -d 169.254.0.0/16 -j K3S-NODE-LINK-LOCAL 2>/dev/null ||
  iptables --wait -t mangle -I FORWARD -d 169.254.0.0/16 -j K3S-NODE-LINK-LOCAL

# Traffic between pods is forwarded: Kubernetes' own rules judge it.
while iptables --wait -C FORWARD -j REJECT --reject-with icmp-host-prohibited 2>/dev/null; do
  iptables --wait -D FORWARD -j REJECT --reject-with icmp-host-prohibited
done
