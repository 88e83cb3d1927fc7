import { type GatewayRoute, gatewayRouteProblems } from "../../../constructs/gateway/gateway-route";

const route = (given: Partial<GatewayRoute> = {}): GatewayRoute => ({
  name: "search",
  path: "/search",
  host: "search.apps.svc.cluster.local",
  port: 8080,
  ...given,
});

describe("gatewayRouteProblems", () => {
  test("GIVEN routes with names and prefixes of their own THEN there is none", () => {
    expect(gatewayRouteProblems([route(), route({ name: "orders", path: "/api/orders" })])).toEqual([]);
  });

  test("fails for no route", () => {
    expect(gatewayRouteProblems([])).toEqual(["routes is empty: the gateway would answer nothing"]);
  });

  test.each(["/", "search", "/search/", "/search/*"])("fails for the path %s", (path) => {
    expect(gatewayRouteProblems([route({ path })])).toEqual([
      `the path of "search" is "${path}": use a prefix such as /search`,
    ]);
  });

  test("fails for a name and a path that are there twice", () => {
    expect(gatewayRouteProblems([route(), route()])).toEqual([
      'the name "search" is there twice: give each route its own',
      'the path "/search" is there twice: give each route its own',
    ]);
  });
});
