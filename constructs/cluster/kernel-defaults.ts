/** What the kubelet expects of the kernel where it may not change it. @see https://docs.k3s.io/security/hardening-guide */
export const KUBELET_KERNEL_DEFAULTS = [
  "vm.panic_on_oom=0",
  "vm.overcommit_memory=1",
  "kernel.panic=10",
  "kernel.panic_on_oops=1",
]
  .map((line) => `${line}\n`)
  .join("");
