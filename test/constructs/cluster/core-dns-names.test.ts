import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Resolver } from "node:dns/promises";
import * as fs from "node:fs";
import { createServer } from "node:net";
import * as path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { CoreDnsNames, type CoreDnsNamesProps } from "../../../constructs/cluster/core-dns-names";
import { only, synthesizeLayer } from "../../support/construct";
import { temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";

const build = (props: Partial<CoreDnsNamesProps> = {}) => {
  const { json } = synthesizeLayer((layer) => {
    new CoreDnsNames(layer, "names", {
      domain: "lab.local",
      addresses: { postgres: "172.30.0.10", vault: "172.30.0.11" },
      service: "traefik.traefik.svc.cluster.local",
      ...props,
    });
  });
  return only(json.resource?.["kubernetes_config_map_v1"]) as {
    readonly metadata: unknown;
    readonly data: Readonly<Record<string, string>>;
  };
};

describe("CoreDnsNames", () => {
  test("GIVEN names with addresses and a Service THEN each kind has a block in what K3s's CoreDNS imports", () => {
    const { metadata, data } = build();

    expect(metadata).toEqual({ name: "coredns-custom", namespace: "kube-system" });
    expect(data).toEqual({
      "lab.local.server": [
        "postgres.lab.local:53 vault.lab.local:53 {",
        "    errors",
        "    hosts {",
        "        172.30.0.10 postgres.lab.local",
        "        172.30.0.11 vault.lab.local",
        "        no_reverse",
        "    }",
        "}",
        "lab.local:53 {",
        "    errors",
        "    rewrite name regex .* traefik.traefik.svc.cluster.local answer auto",
        "    forward . 127.0.0.1:53",
        "}",
        "",
      ].join("\n"),
    });
  });

  test("GIVEN no name with an address THEN the Service has them all", () => {
    expect(build({ addresses: {} }).data["lab.local.server"]).toMatch(/^lab\.local:53 \{\n/);
  });

  test("fails with all problems at once", () => {
    expect(() =>
      build({
        domain: "Lab",
        service: "traefik",
        addresses: { "a.b": "172.30.0.10", "": "172.30.0.11", postgres: "172.30.0.256", vault: "10.0.0" },
      }),
    ).toThrow(
      [
        "test/names: 6 problems",
        '  - domain is "Lab": use lower-case words joined by ".", such as lab.local',
        '  - service is "traefik": use its full name, such as traefik.traefik.svc.cluster.local',
        '  - the name "a.b" is malformed: use one word of lower-case letters, digits and "-"',
        '  - the name "" is malformed: use one word of lower-case letters, digits and "-"',
        '  - the address of "postgres" is "172.30.0.256": use one of IPv4',
        '  - the address of "vault" is "10.0.0": use one of IPv4',
      ].join("\n"),
    );
  });
});

describeWithProgram("coredns", "CoreDnsNames in CoreDNS", () => {
  const folder = temporaryFolder();
  let server: ChildProcess;
  let resolver: Resolver;

  /** A port that nobody listens on. */
  const freePort = async () => {
    const probe = createServer().listen(0, "127.0.0.1");
    await once(probe, "listening");
    const { port } = probe.address() as { readonly port: number };
    probe.close();
    await once(probe, "close");
    return port;
  };
  const answer = (name: string) => resolver.resolve4(name).catch((error: { readonly code: string }) => error.code);
  const answerSoon = async (name: string, expected: unknown) => {
    for (let left = 60; left > 0 && JSON.stringify(await answer(name)) !== JSON.stringify(expected); left -= 1) {
      await wait(250);
    }
    return answer(name);
  };

  beforeAll(async () => {
    const port = await freePort();
    // As K3s's own: a block for everything, which answers for the cluster, and what is imported beside it.
    fs.writeFileSync(
      path.join(folder, "Corefile"),
      [
        `.:${port} {`,
        "    hosts {",
        "        10.43.0.77 traefik.traefik.svc.cluster.local",
        "        192.0.2.1 example.com",
        "    }",
        "    reload 2s 1s",
        "}",
        `import ${folder}/custom/*.server`,
        "",
      ].join("\n"),
    );
    fs.mkdirSync(path.join(folder, "custom"));
    server = spawn("coredns", ["-conf", path.join(folder, "Corefile")], { stdio: "ignore" });
    resolver = new Resolver({ timeout: 1000, tries: 1 });
    resolver.setServers([`127.0.0.1:${port}`]);
    expect(await answerSoon("example.com", ["192.0.2.1"])).toEqual(["192.0.2.1"]);

    for (const [file, text] of Object.entries(build().data)) {
      fs.writeFileSync(path.join(folder, "custom", file), text.replace(/:53\b/g, `:${port}`));
    }
  }, 30_000);

  afterAll(async () => {
    server.kill();
    await once(server, "exit");
  });

  test("GIVEN the file appears while it runs THEN names with an address get it", async () => {
    expect(await answerSoon("postgres.lab.local", ["172.30.0.10"])).toEqual(["172.30.0.10"]);
    expect(await answer("vault.lab.local")).toEqual(["172.30.0.11"]);
  }, 30_000);

  test.each(["argocd.lab.local", "a.b.lab.local", "lab.local", "Grafana.lab.local"])(
    "THEN %s has the Service's address, under its own name",
    async (name) => {
      expect(await answerSoon(name, ["10.43.0.77"])).toEqual(["10.43.0.77"]);
    },
    30_000,
  );

  test("THEN other names are answered as before", async () => {
    expect(await answer("example.com")).toEqual(["192.0.2.1"]);
  });
});
