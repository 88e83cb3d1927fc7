/** Where pods and services of a kubeadm cluster get their addresses from; neither may overlap the nodes' network. */
export const KUBEADM_POD_CIDR = "10.244.0.0/16";
export const KUBEADM_SERVICE_CIDR = "10.96.0.0/12";
