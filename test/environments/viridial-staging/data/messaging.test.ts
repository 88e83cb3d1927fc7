import { CREDENTIALS_LABELS } from "../../../../constructs/messaging/rabbitmq-topology";
import { PRODUCTION, SETTINGS } from "../../../../environments/viridial-staging/settings";
import { describeWithProgram } from "../../../support/programs";
import { definitionsOf, type Login, rabbitMqProgram, RabbitMqServer } from "../../../support/rabbitmq";
import { manifestsOf, synthesizeData } from "../../../support/viridial-data";

const { json } = synthesizeData(SETTINGS);

describe("the messaging of viridial-staging-data", () => {
  test("GIVEN staging THEN RabbitMQ is one replica; GIVEN production THEN three", () => {
    const replicas = (of: typeof json) => manifestsOf(of, "rabbitmq")["RabbitmqCluster/rabbitmq"]?.spec["replicas"];
    expect([replicas(json), replicas(synthesizeData(PRODUCTION).json)]).toEqual([1, 3]);
  });

  test("THEN metrics are read by queue, so that alerts tell dead letters from the rest", () => {
    expect(manifestsOf(json, "data_monitors")["PodMonitor/rabbitmq"]?.spec["podMetricsEndpoints"]).toEqual([
      { port: "prometheus", path: "/metrics/per-object" },
    ]);
  });

  test("THEN the operator may read each service's credentials, which Vault has", () => {
    const secrets = Object.values(manifestsOf(json, "vault_store_viridial_data"));
    for (const service of ["property", "search", "identity"]) {
      const secret = secrets.find(({ metadata }) => metadata["name"] === `rabbitmq-${service}`);
      expect(secret?.spec).toMatchObject({
        target: { template: { metadata: { labels: CREDENTIALS_LABELS } } },
        data: ["username", "password"].map((key) => ({
          secretKey: key,
          remoteRef: { key: `viridial/rabbitmq/${service}`, property: key },
        })),
      });
    }
  });
});

describeWithProgram(rabbitMqProgram("rabbitmq-server"), "the messaging of viridial on a real RabbitMQ", () => {
  const SERVICES = ["property", "search", "identity"];
  const login = (service: string): Login => [service, `password-of-${service}`];
  let server: RabbitMqServer;

  beforeAll(async () => {
    server = await RabbitMqServer.start();
    const credentials = Object.fromEntries(
      SERVICES.map((name) => [`rabbitmq-${name}`, { username: name, password: `password-of-${name}` }]),
    );
    const definitions = definitionsOf(Object.values(manifestsOf(json, "messaging")), credentials);
    expect(await server.load(definitions)).toEqual({ status: 204, body: "" });
  }, 120_000);

  afterAll(() => server.stop());

  test.each([
    ["property", "property.events", "property.created", "search"],
    ["property", "lead.events", "lead.created", "property"],
    ["identity", "notification.events", "notification.mail", "identity"],
  ])("GIVEN a message of %s to %s WHEN %s is rejected by %s THEN it is in its dead letters", async (...flow) => {
    const [from, exchange, key, to] = flow;
    expect((await server.publish("viridial", exchange, key, "text", login(from))).body).toEqual({ routed: true });
    expect((await server.take("viridial", to, "reject_requeue_false", login(to))).body).toMatchObject([
      { payload: "text" },
    ]);
    expect(await server.receive("viridial", `${to}.dead-letter`)).toEqual({ text: "text", routingKey: key });
  });

  test("fails when search publishes, or reads what is property's", async () => {
    const published = await server.publish("viridial", "property.events", "property.x", "forged", login("search"));
    const read = await server.take("viridial", "property", "reject_requeue_true", login("search"));
    for (const { status, body } of [published, read]) {
      expect(status).not.toBe(200);
      expect(JSON.stringify(body)).toMatch(/access.refused|not_authori[sz]ed/i);
    }
  });
});
