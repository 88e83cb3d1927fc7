#!/bin/bash
# Makes this machine a node: kubeadm init or join, once. Safe to run again: a machine that is a node stays as it is, and
# an attempt that failed half-way is undone before the next one.
#
# Only with an init.yaml it makes a cluster; where it has a join.yaml too, only while the others have none.
set -euo pipefail

# shellcheck source=/dev/null
. "${KUBEADM_NODE_ENVIRONMENT:-/etc/kubeadm-node/environment}"

if [ -e "$DONE" ]; then
  exit 0
fi

# The private interface can come up later than the public one; systemd tries again.
address="$(ip -4 -oneline address show to "$NETWORK_CIDR" | sed -nE 's/.* inet ([0-9.]+).*/\1/p' | head -n 1)"
[ -n "$address" ] || { echo "this machine has no address in $NETWORK_CIDR yet" >&2; exit 1; }

# An attempt that came so far has left files which the next one would refuse. The shared keys are kept elsewhere.
if [ -e "$KUBERNETES_DIR/kubelet.conf" ] || [ -e "$KUBERNETES_DIR/bootstrap-kubelet.conf" ] || [ -d "$KUBERNETES_DIR/manifests" ]; then
  kubeadm reset --force
fi

# Whether control planes beside this one have a cluster already: then a new one would be a second, empty cluster.
cluster_is_there() {
  [ -e "$CONFIG_DIR/join.yaml" ] && curl --fail --silent --output /dev/null --max-time 5 --retry 6 --retry-delay 5 \
    --retry-all-errors --cacert "$CONFIG_DIR/pki/ca.crt" "https://$API_PRIVATE_IP:6443/livez"
}

umask 077
action="join"
options=()
if [ -e "$CONFIG_DIR/init.yaml" ]; then
  if cluster_is_there; then
    # The API's public address is this machine's own, where nothing answers yet: from now on it leads to all of them.
    touch "$CONFIG_DIR/redirect"
    kubeadm-node-firewall
  else
    action="init"
    options=(--skip-token-print)
  fi
fi
sed "s/@NODE_IP@/$address/g" "$CONFIG_DIR/$action.yaml" >"$CONFIG_DIR/node.yaml"
if [ "$ROLE" = control-plane ]; then
  mkdir -p "$KUBERNETES_DIR/pki"
  cp -r "$CONFIG_DIR/pki/." "$KUBERNETES_DIR/pki"
  mkdir -p "$AUDIT_LOGS"
fi
kubeadm "$action" --config "$CONFIG_DIR/node.yaml" "${options[@]}"
touch "$DONE"
