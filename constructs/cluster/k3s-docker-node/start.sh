#!/bin/sh
# The first process of a container that is a node of a cluster: makes it one, and becomes k3s with the given arguments.
# Runs at every start, in the image of k3s, whose shell and tools are busybox's. As process 1, k3s itself then moves out of
# the root control group (cgroup v2), so that it can make groups for pods, and collects orphaned processes.
set -eu

# Only tests have another one.
root="${NODE_ROOT:-}"

# What pods mount with propagation (Cilium's file system for its programs, volumes of CSI drivers) has to reach the node.
mount --make-rshared "$root/"
if ! grep -q " $root/sys/fs/bpf bpf " /proc/mounts; then
  mount -t bpf bpf "$root/sys/fs/bpf"
fi

# A cluster knows its nodes by a password that they make at their first start: it belongs to the volume, since another
# container with the same name would be refused without it.
mkdir -p "$root/var/lib/rancher/k3s/node" "$root/etc/rancher"
ln -sfn /var/lib/rancher/k3s/node "$root/etc/rancher/node"

# Docker's resolver answers at 127.0.0.11 of this container, which in a pod is the pod itself.
: >"$root/etc/rancher/pods-resolv.conf"
for server in $POD_DNS_SERVERS; do
  echo "nameserver $server" >>"$root/etc/rancher/pods-resolv.conf"
done

# The kubelet takes /proc/meminfo for what the node has, and there the whole machine stands.
kib=$((NODE_MEMORY_MIB * 1024))
sed -E -e "s/^(MemTotal|MemFree|MemAvailable):.*/\1: $kib kB/" -e 's/^(SwapTotal|SwapFree):.*/\1: 0 kB/' \
  /proc/meminfo >"$root/etc/rancher/meminfo"
mount -o bind "$root/etc/rancher/meminfo" "$root/proc/meminfo"

# Only the image with NVIDIA's runtime has it. WSL keeps the driver's libraries in a folder of its own.
if command -v nvidia-container-runtime >/dev/null; then
  ldconfig
  set -- "$@" --node-label=nvidia.com/gpu.present=true
fi

exec k3s "$@"
