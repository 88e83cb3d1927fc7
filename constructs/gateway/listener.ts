/** The ports of a listener, whatever the cloud's load balancer: where it listens, and where its targets do. */
export interface ListenerPorts {
  readonly port: number;
  readonly targetPort: number;
}

/**
 * What is wrong with a listener: ports that are none, or one that is listened on already.
 *
 * @param taken id of the listener that has the port
 */
export function listenerProblems(id: string, ports: ListenerPorts, taken: string | undefined): string[] {
  return [
    ...(["port", "targetPort"] as const).flatMap((key) =>
      Number.isInteger(ports[key]) && ports[key] >= 1 && ports[key] <= 65535
        ? []
        : [`${key} of "${id}" is ${ports[key]}, which is not between 1 and 65535`],
    ),
    ...(taken === undefined ? [] : [`port ${ports.port} of "${id}" is listened on by "${taken}" already`]),
  ];
}
