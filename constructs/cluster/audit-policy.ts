/**
 * What the API server's audit log tells: who did what to which object, never the content, since a Secret must not end up
 * in a log. Reading is not told; a shell in a pod is, though its request is a GET where it comes by WebSocket.
 *
 * @see https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
 */
export const AUDIT_POLICY = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [
    {
      level: "Metadata",
      resources: [
        { group: "", resources: ["pods/attach", "pods/exec", "pods/portforward", "pods/ephemeralcontainers"] },
      ],
    },
    { level: "None", verbs: ["get", "list", "watch"] },
    { level: "None", resources: [{ group: "coordination.k8s.io", resources: ["leases"] }] },
    { level: "Metadata" },
  ],
};
