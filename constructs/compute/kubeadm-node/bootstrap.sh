#!/bin/bash
# Makes this machine a node: kubeadm init or join, once. Safe to run again: a machine that is a node stays as it is, and
# an attempt that failed half-way is undone before the next one.
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

umask 077
sed "s/@NODE_IP@/$address/g" "$CONFIG_DIR/kubeadm.yaml" >"$CONFIG_DIR/node.yaml"
if [ "$ROLE" = control-plane ]; then
  mkdir -p "$KUBERNETES_DIR/pki"
  cp -r "$CONFIG_DIR/pki/." "$KUBERNETES_DIR/pki"
  mkdir -p "$AUDIT_LOGS"
  kubeadm init --config "$CONFIG_DIR/node.yaml" --skip-token-print
else
  kubeadm join --config "$CONFIG_DIR/node.yaml"
fi
touch "$DONE"
