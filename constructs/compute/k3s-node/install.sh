#!/bin/bash
# Puts the pinned K3s in place: downloads it unless it is there already, refuses any other file, and writes what only
# this machine knows. Safe to run again; after a change of K3S_VERSION and K3S_SHA256 it upgrades.
set -euo pipefail

# shellcheck source=/dev/null
. "${K3S_NODE_ENVIRONMENT:-/etc/k3s-node/environment}"

is_pinned() {
  printf '%s  %s\n' "$K3S_SHA256" "$1" | sha256sum --check --status
}

install_k3s() {
  local partial="$K3S_BINARY.partial"
  # A "+" in the path of a release is written %2B.
  curl --fail --silent --show-error --location --proto '=https' --tlsv1.2 \
    --retry 5 --retry-all-errors --max-time 600 \
    --output "$partial" "$K3S_RELEASES/${K3S_VERSION/+/%2B}/k3s-arm64"
  if ! is_pinned "$partial"; then
    echo "k3s-arm64 of $K3S_VERSION is $(sha256sum "$partial" | cut -d ' ' -f 1), but $K3S_SHA256 is pinned: not installed" >&2
    rm -f "$partial"
    return 1
  fi
  chmod 0755 "$partial"
  mv "$partial" "$K3S_BINARY"
}

# The address of the interface towards the Internet is the private one: OCI translates the public one.
private_ip() {
  ip -4 -oneline route get 192.0.2.1 | sed -nE 's/.* src ([0-9.]+).*/\1/p'
}

if ! { [ -f "$K3S_BINARY" ] && is_pinned "$K3S_BINARY"; }; then
  install_k3s
fi
for tool in kubectl crictl; do
  ln -sfn "$(basename "$K3S_BINARY")" "$(dirname "$K3S_BINARY")/$tool"
done

address="$(private_ip)"
[ -n "$address" ] || { echo "this machine has no route to the Internet yet" >&2; exit 1; }
mkdir -p "$K3S_CONFIG_DIR/config.yaml.d"
printf 'node-ip: %s\n' "$address" >"$K3S_CONFIG_DIR/config.yaml.d/node-ip.yaml"
