#!/bin/bash
# Installs the pinned containerd and Kubernetes packages and holds them, and prepares the kernel. Safe to run again: it
# changes nothing that is there already.
set -euo pipefail

# shellcheck source=/dev/null
. "${KUBEADM_NODE_ENVIRONMENT:-/etc/kubeadm-node/environment}"

# name URL fingerprint: a signing key that is not the pinned one is refused. Publishers prolong a key before it expires, so
# one that has expired here is fetched again.
install_key() {
  local file="$KEYRINGS/$1.asc" found
  if [ -s "$file" ] && [[ "$(gpg --batch --with-colons --show-keys "$file")" != *pub:e:* ]]; then
    return
  fi
  curl --fail --silent --show-error --location --proto '=https' --tlsv1.2 \
    --retry 5 --retry-all-errors --max-time 60 --output "$file.partial" "$2"
  found="$(gpg --batch --with-colons --show-keys "$file.partial" | sed -nE 's/^fpr:+([0-9A-F]+):$/\1/p' | head -n 1)"
  if [ "$found" != "$3" ]; then
    echo "the key of $1 is $found, but $3 is pinned: not installed" >&2
    rm -f "$file.partial"
    return 1
  fi
  chmod 0644 "$file.partial"
  mv "$file.partial" "$file"
}

modprobe -a overlay br_netfilter
sysctl --quiet --system

# SSH takes keys only, from the next connection on.
systemctl try-reload-or-restart ssh

mkdir -p "$KEYRINGS"
install_key kubernetes "$KUBERNETES_REPOSITORY/Release.key" "$KUBERNETES_KEY"
install_key docker "$CONTAINERD_REPOSITORY/gpg" "$CONTAINERD_KEY"

packages=(containerd.io cri-tools kubeadm kubectl kubelet)
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet=2
# /etc/apt/preferences.d/kubeadm-node says which versions; containerd's configuration is there before its package.
apt-get install --quiet=2 --yes --allow-change-held-packages --no-install-recommends \
  --option Dpkg::Options::=--force-confold "${packages[@]}" nftables unattended-upgrades
apt-mark hold "${packages[@]}" >/dev/null
systemctl enable --quiet containerd kubelet
systemctl restart containerd
