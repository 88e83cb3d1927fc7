/** A part of the web that a gateway leads to one service, with the path as it is. */
export interface GatewayRoute {
  /** Names it in the gateway, such as `search`. */
  readonly name: string;
  /** Prefix of the paths, such as `/search`. */
  readonly path: string;
  /** Full name of the service in the cluster, such as `search.apps.svc.cluster.local`. */
  readonly host: string;
  readonly port: number;
}

/** What is wrong with routes, a sentence each. */
export function gatewayRouteProblems(routes: readonly GatewayRoute[]): string[] {
  return [
    ...(routes.length > 0 ? [] : ["routes is empty: the gateway would answer nothing"]),
    ...routes
      .filter(({ path }) => !/^\/[\w-]+(\/[\w-]+)*$/.test(path))
      .map(({ name, path }) => `the path of "${name}" is "${path}": use a prefix such as /search`),
    ...(["name", "path"] as const).flatMap((key) =>
      routes
        .filter((route, index) => routes.findIndex((other) => other[key] === route[key]) < index)
        .map((route) => `the ${key} "${route[key]}" is there twice: give each route its own`),
    ),
  ];
}
