import { TerraformVariable } from "cdktf";
import { DockerContainer, type DockerContainerProps } from "../../../constructs/compute/docker-container";
import { DockerNetwork } from "../../../constructs/compute/docker-network";
import { DockerVolume } from "../../../constructs/compute/docker-volume";
import { type Layer } from "../../../constructs/core/layer";
import { POLICIES } from "../../../constructs/policy/policies";
import { only, synthesizeLayer } from "../../support/construct";

const DIGEST = `sha256:${"0".repeat(64)}`;

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
    container: only(json.resource?.["docker_container"]),
    image: only(json.resource?.["docker_image"]),
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
    });
  });

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

  test("fails with all problems at once", () => {
    expect(() =>
      build((layer) => ({
        ports: [80, 8080.5],
        memoryMib: 0,
        sharedMemoryMib: 1.5,
        stopSeconds: -1,
        volumes: { data: new DockerVolume(layer, "data", { name: "lab-data" }) },
        files: { "run/web": "/home/me/web" },
        temporary: ["tmp"],
      })),
    ).toThrow(
      [
        "test/web: 7 problems",
        "  - memoryMib is 0: use a whole number from 1 on",
        "  - sharedMemoryMib is 1.5: use a whole number from 1 on",
        "  - stopSeconds is -1: use a whole number from 1 on",
        "  - ports[1] is 8080.5: use a whole number from 1 on",
        '  - the path "data" is not absolute: a container has no other',
        '  - the path "run/web" is not absolute: a container has no other',
        '  - the path "tmp" is not absolute: a container has no other',
      ].join("\n"),
    );
  });
});
