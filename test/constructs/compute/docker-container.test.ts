import { TerraformVariable } from "cdktf";
import { DockerContainer, type DockerContainerProps } from "../../../constructs/compute/docker-container";
import { DockerNetwork } from "../../../constructs/compute/docker-network";
import { DockerVolume } from "../../../constructs/compute/docker-volume";
import { type Layer } from "../../../constructs/core/layer";
import { POLICIES } from "../../../constructs/policy/policies";
import { synthesizeLayer } from "../../support/construct";

const DIGEST = `sha256:${"0".repeat(64)}`;

const FIRST = {
  name: "lab-first",
  image: "nginx:1.29.3",
  hostName: "first.lab.local",
  ports: [],
  memoryMib: 64,
  healthCheck: ["true"],
};

function build(more: (layer: Layer) => Partial<DockerContainerProps> = () => ({})) {
  const { json, layer } = synthesizeLayer((it) => {
    new DockerContainer(it, "web", {
      name: "lab-web",
      image: "nginx:1.29.3",
      network: new DockerNetwork(it, "network", { name: "lab" }),
      hostName: "web.lab.local",
      ports: [8080],
      memoryMib: 64,
      healthCheck: ["curl", "localhost:8080"],
      ...more(it),
    });
  });
  return {
    container: json.resource?.["docker_container"]?.["web"] ?? {},
    image: json.resource?.["docker_image"]?.["web_image"] ?? {},
    violations: POLICIES.flatMap((policy) => policy(layer, json)),
  };
}

describe("DockerContainer", () => {
  test("GIVEN what is required THEN it is on loopback, bounded, without capabilities, and waited for", () => {
    const { container, image, violations } = build();

    expect(container).toEqual({
      name: "lab-web",
      image: "${docker_image.web_image.image_id}",
      env: [],
      network_mode: "bridge",
      networks_advanced: [{ name: "${docker_network.network.name}", aliases: ["web.lab.local"] }],
      ports: [{ internal: 8080, external: 8080, ip: "127.0.0.1", protocol: "tcp" }],
      mounts: [],
      read_only: true,
      memory: 64,
      memory_swap: 64,
      capabilities: { drop: ["ALL"] },
      security_opts: ["no-new-privileges:true"],
      restart: "unless-stopped",
      log_driver: "json-file",
      log_opts: { "max-size": "10m", "max-file": "3" },
      healthcheck: {
        test: ["CMD", "curl", "localhost:8080"],
        interval: "5s",
        timeout: "5s",
        retries: 12,
        start_period: "30s",
      },
      wait: true,
      wait_timeout: 180,
      destroy_grace_seconds: 10,
    });
    expect(image).toEqual({ name: "nginx:1.29.3", keep_locally: true });
    expect(violations).toEqual([]);
  });

  test("GIVEN all that is optional THEN files are read-only, volumes are not, and the rest is as it is said", () => {
    const { container } = build((layer) => ({
      user: "1000:1000",
      entrypoint: ["/bin/sh", "-c", "web"],
      environment: { MODE: "fast", WEB_PASSWORD_FILE: "/run/secrets/web" },
      volumes: { "/data": new DockerVolume(layer, "data", { name: "lab-data" }) },
      files: { "/run/secrets/web": "/home/me/web" },
      temporary: ["/tmp"],
      sharedMemoryMib: 128,
      stopSeconds: 60,
    }));

    expect(container).toMatchObject({
      user: "1000:1000",
      entrypoint: ["/bin/sh", "-c", "web"],
      env: ["MODE=fast", "WEB_PASSWORD_FILE=/run/secrets/web"],
      mounts: [
        { type: "volume", source: "${docker_volume.data.name}", target: "/data" },
        { type: "bind", source: "/home/me/web", target: "/run/secrets/web", read_only: true },
      ],
      tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=64m" },
      shm_size: 128,
      destroy_grace_seconds: 60,
      stop_timeout: 60,
    });
  });

  test("GIVEN an image that configures itself as root THEN it may do what is named, and has its time to start", () => {
    const { container, violations } = build(() => ({
      network: { name: "of-an-earlier-layer" },
      ipv4Address: "172.30.0.13",
      writableRoot: true,
      capabilities: ["CAP_CHOWN", "CAP_SETUID"],
      healthCheckSeconds: 30,
      startSeconds: 900,
    }));

    expect(container).toMatchObject({
      networks_advanced: [{ name: "of-an-earlier-layer", aliases: ["web.lab.local"], ipv4_address: "172.30.0.13" }],
      read_only: false,
      capabilities: { drop: ["ALL"], add: ["CAP_CHOWN", "CAP_SETUID"] },
      security_opts: ["no-new-privileges:true"],
      healthcheck: { interval: "30s", timeout: "30s", retries: 12, start_period: "15m0s" },
      wait_timeout: 1050,
    });
    expect(violations).toEqual([]);
  });

  test("GIVEN a machine rather than a process THEN it has every device on a root of its own, and what is put there", () => {
    const { container, violations } = build((layer) => ({
      privileged: true,
      forwardedPorts: { 80: 30080 },
      uploads: { "/etc/web.yaml": "mode: fast" },
      temporary: ["/run"],
      dependsOn: [new DockerContainer(layer, "first", { ...FIRST, network: { name: "lab" } }).ready],
    }));

    expect(container).toMatchObject({
      privileged: true,
      cgroupns_mode: "private",
      read_only: false,
      upload: [{ file: "/etc/web.yaml", content: "mode: fast", permissions: "0600" }],
      ports: [
        { internal: 8080, external: 8080, ip: "127.0.0.1", protocol: "tcp" },
        { internal: 30080, external: 80, ip: "127.0.0.1", protocol: "tcp" },
      ],
      tmpfs: { "/run": "rw,nosuid,nodev,mode=0755,size=512m" },
      depends_on: ["docker_container.first"],
    });
    expect(container).not.toHaveProperty("capabilities");
    expect(container).not.toHaveProperty("security_opts");
    expect(violations).toEqual([]);
  });

  test("GIVEN the machine's cards by an input THEN it has them, and the driver's folder where there is one", () => {
    const { container } = build((layer) => {
      const input = (name: string, type: string) => new TerraformVariable(layer, name, { type, description: name });
      return { gpu: { when: input("gpu", "bool"), driverFolder: input("driver_folder", "string") } };
    });

    expect(container["gpus"]).toBe('${var.gpu ? "all" : null}');
    expect(container["dynamic"]).toEqual({
      mounts: {
        for_each: '${var.gpu && var.driver_folder != "" ? [var.driver_folder] : []}',
        content: { type: "bind", source: "${mounts.value}", target: "${mounts.value}", read_only: true },
      },
    });
  });

  test.each([
    [45, "45s"],
    [60, "1m0s"],
    [180, "3m0s"],
    [3725, "1h2m5s"],
  ])(
    "GIVEN %i seconds THEN they are written as the provider reads them back, so that a plan is empty",
    (seconds, text) => {
      const { container } = build(() => ({ startSeconds: seconds, healthCheckSeconds: seconds }));

      expect(container["healthcheck"]).toMatchObject({ start_period: text, interval: text, timeout: text });
    },
  );

  test("GIVEN memory that is an input THEN the swap limit is the same", () => {
    const { container } = build((layer) => ({
      memoryMib: new TerraformVariable(layer, "memory_mib", { type: "number", description: "m" }).numberValue,
    }));

    expect([container["memory"], container["memory_swap"]]).toEqual(["${var.memory_mib}", "${var.memory_mib}"]);
  });

  test("GIVEN a digest THEN the image must have it; empty, its tag is enough", () => {
    expect(build(() => ({ digest: "" })).image["name"]).toBe("nginx:1.29.3");
    expect(
      build((layer) => ({
        digest: new TerraformVariable(layer, "digest", { type: "string", description: "d" }).stringValue,
      })).image["name"],
    ).toBe('${join("@", compact(["nginx:1.29.3", var.digest]))}');
    expect(build(() => ({ digest: DIGEST })).image["name"]).toContain(DIGEST);
  });

  test.each([
    ["no tag", "nginx"],
    ["a registry's port only", "127.0.0.1:5001/nginx"],
    ["the tag latest", "nginx:latest"],
  ])("fails for an image with %s", (_case, image) => {
    expect(() => build(() => ({ image }))).toThrow(
      `test/web: image is "${image}": give it a tag that stays, such as registry:3.0.0`,
    );
  });

  test.each(["WEB_PASSWORD", "client_secret", "API_TOKEN", "TOKEN_FILES"])(
    "fails for the variable %s, which would be in state",
    (name) => {
      expect(() => build(() => ({ environment: { [name]: "x" } }))).toThrow(
        `test/web: environment has ${name}, which would be in state: mount a file with it, see files`,
      );
    },
  );

  test("fails for a machine that is to have a user or capabilities, since it is root with all of them", () => {
    const message = "test/web: it is privileged, and so is root with every capability: leave out user and capabilities";
    expect(() => build(() => ({ privileged: true, user: "1000:1000" }))).toThrow(message);
    expect(() => build(() => ({ privileged: true, capabilities: ["CAP_CHOWN"] }))).toThrow(message);
  });

  test("fails for a text that is put onto a root that cannot be written to, and for a malformed port", () => {
    expect(() => build(() => ({ uploads: { "etc/web": "x" }, forwardedPorts: { 80: 0 } }))).toThrow(
      [
        "test/web: 3 problems",
        "  - forwardedPorts[80] is 0: use a whole number from 1 on",
        '  - the path "etc/web" is not absolute: a container has no other',
        "  - uploads are for a root that can be written to, which Docker asks for: set writableRoot, or use files",
      ].join("\n"),
    );
  });

  test("fails with all problems at once", () => {
    expect(() =>
      build((layer) => ({
        ports: [80, 8080.5],
        memoryMib: 0,
        sharedMemoryMib: 1.5,
        stopSeconds: -1,
        healthCheckSeconds: 0,
        startSeconds: 2.5,
        capabilities: ["CHOWN", "CAP_CHOWN", "ALL"],
        volumes: { data: new DockerVolume(layer, "data", { name: "lab-data" }) },
        files: { "run/web": "/home/me/web" },
        temporary: ["tmp"],
      })),
    ).toThrow(
      [
        "test/web: 11 problems",
        "  - memoryMib is 0: use a whole number from 1 on",
        "  - sharedMemoryMib is 1.5: use a whole number from 1 on",
        "  - stopSeconds is -1: use a whole number from 1 on",
        "  - healthCheckSeconds is 0: use a whole number from 1 on",
        "  - startSeconds is 2.5: use a whole number from 1 on",
        "  - ports[1] is 8080.5: use a whole number from 1 on",
        '  - the path "data" is not absolute: a container has no other',
        '  - the path "run/web" is not absolute: a container has no other',
        '  - the path "tmp" is not absolute: a container has no other',
        '  - the capability "CHOWN" is malformed: use its whole name, such as CAP_CHOWN',
        '  - the capability "ALL" is malformed: use its whole name, such as CAP_CHOWN',
      ].join("\n"),
    );
  });
});
