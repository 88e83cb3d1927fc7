import {
  caVolume,
  filesOf,
  restrictedContainer,
  type RestrictedContainerProps,
  shortDigest,
  temporaryVolume,
  volumesOf,
} from "../../../constructs/cluster/pod-parts";

const PROPS: RestrictedContainerProps = {
  name: "one",
  image: "one:1.0.0",
  environment: { HOME: "/tmp" },
  secretEnvironment: { PASSWORD: { secretName: "login", key: "password" } },
  resources: { cpuMillis: 10, memoryMib: 64, memoryLimitMib: 128 },
  volumes: [temporaryVolume("16Mi"), caVolume({ secretName: "server", key: "tls.crt" })],
};

describe("restrictedContainer", () => {
  test("GIVEN values, Secrets and volumes THEN only its emptyDir can be written to", () => {
    expect(restrictedContainer(PROPS)).toEqual({
      name: "one",
      image: "one:1.0.0",
      env: [
        { name: "HOME", value: "/tmp" },
        { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "login", key: "password" } } },
      ],
      resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "128Mi" } },
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      },
      volumeMount: [
        { name: "tmp", mountPath: "/tmp" },
        { name: "ca", mountPath: "/ca", readOnly: true },
      ],
    });
  });

  test("GIVEN a command and arguments THEN they take the place of the image's own", () => {
    expect(restrictedContainer({ ...PROPS, command: ["/bin/sh"], args: ["-c", "true"] })).toMatchObject({
      command: ["/bin/sh"],
      args: ["-c", "true"],
    });
  });

  test("GIVEN no limit of memory THEN it is what is requested", () => {
    const { resources } = restrictedContainer({ ...PROPS, resources: { cpuMillis: 10, memoryMib: 64 } });
    expect(resources.limits).toEqual({ memory: "64Mi" });
  });
});

test("volumesOf: GIVEN mounted volumes THEN the pod has them, without their paths", () => {
  expect(volumesOf(PROPS.volumes)).toEqual([
    { name: "tmp", emptyDir: { sizeLimit: "16Mi" } },
    { name: "ca", secret: { secretName: "server", items: [{ key: "tls.crt", path: "ca.crt" }] } },
  ]);
});

test("filesOf: GIVEN texts with ${…} and %{…} THEN Terraform leaves them as they are", () => {
  expect(filesOf({ "a.sh": "echo ${HOME}", "b.txt": "%{x}" })).toEqual({ "a.sh": "echo $${HOME}", "b.txt": "%%{x}" });
});

test("shortDigest: GIVEN a text THEN its SHA-256 begins like that", () => {
  expect(shortDigest("abc")).toBe("ba7816bf");
});
