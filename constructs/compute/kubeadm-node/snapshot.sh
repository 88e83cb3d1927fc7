#!/bin/bash
# Keeps the last snapshots of etcd on this machine. Secrets in them are encrypted, by a key that is not in them.
set -euo pipefail

# shellcheck source=/dev/null
. "${KUBEADM_NODE_ENVIRONMENT:-/etc/kubeadm-node/environment}"

container="$(crictl ps --quiet --state running --name '^etcd$')"
[ -n "$container" ] || { echo "etcd does not run on this machine" >&2; exit 1; }

# etcd's data folder is what its container shares with the machine.
pki="$KUBERNETES_DIR/pki/etcd"
crictl exec "$container" etcdctl --endpoints=https://127.0.0.1:2379 --cacert="$pki/ca.crt" \
  --cert="$pki/healthcheck-client.crt" --key="$pki/healthcheck-client.key" snapshot save "$ETCD_DIR/snapshot.db" >/dev/null

umask 077
mkdir -p "$SNAPSHOTS"
# A name that sorts by time; the file appears under it whole.
mv "$ETCD_DIR/snapshot.db" "$SNAPSHOTS/$(date --utc +%Y%m%dT%H%M%SZ).db"
find "$SNAPSHOTS" -maxdepth 1 -name '*.db' | sort --reverse | tail -n "+$((KEPT_SNAPSHOTS + 1))" | xargs --no-run-if-empty rm
