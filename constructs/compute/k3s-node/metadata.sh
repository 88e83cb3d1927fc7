#!/bin/bash
# Lets the pods of named namespaces on this node reach the instance's metadata, which the host firewall closes to all
# others: whoever reaches it acts with the rights of the node. Runs until it is stopped.
set -euo pipefail

# shellcheck source=/dev/null
. "${K3S_NODE_ENVIRONMENT:-/etc/k3s-node/environment}"

# The node's own container runtime knows its pods, on a server as on an agent; no credential of the cluster is needed.
# A pod's address is the first that shows up; a host-network pod has none, and the node's own traffic is not forwarded.
addresses() {
  local namespace pod
  for namespace in $METADATA_NAMESPACES; do
    for pod in $("$K3S_BINARY" crictl pods --quiet --state ready --namespace "^$namespace\$"); do
      "$K3S_BINARY" crictl inspectp --output go-template --template '{{.status.network.ip}}' "$pod"
    done
  done | grep -E '^[0-9]+(\.[0-9]+){3}$' | sort -u || true
}

replace() {
  {
    printf '*mangle\n:K3S-NODE-NAMED - [0:0]\n'
    for address in $1; do
      printf -- '-A K3S-NODE-NAMED -s %s/32 -d 169.254.169.254/32 -p tcp --dport 80 -j ACCEPT\n' "$address"
    done
    printf 'COMMIT\n'
  } | iptables-restore --wait --noflush
}

current="none yet"
while true; do
  wanted="$(addresses)"
  if [ "$wanted" != "$current" ]; then
    replace "$wanted"
    current="$wanted"
    echo "pods with access to the metadata: ${wanted:-none}" | tr '\n' ' '
    echo
  fi
  [ "$METADATA_INTERVAL_SECONDS" -gt 0 ] || break
  sleep "$METADATA_INTERVAL_SECONDS"
done
