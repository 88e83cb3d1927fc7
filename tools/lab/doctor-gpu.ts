import { complaint, ok, problem, type Finding, type Outcome } from "./doctor-finding";

export interface GpuFacts {
  /** `nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader` */
  readonly smi: Outcome;
  /** `nvidia-ctk --version` */
  readonly toolkit: Outcome;
  /** Names of Docker's runtimes; undefined where it does not answer. */
  readonly runtimes: readonly string[] | undefined;
  readonly wsl: boolean;
}

/** NVIDIA's documentation, "Installing the NVIDIA Container Toolkit". */
const INSTALL_TOOLKIT = [
  "curl -fsSL https://nvidia.github.io/libnvidia-container/gpgkey | sudo gpg --dearmor -o /usr/share/keyrings/nvidia-container-toolkit-keyring.gpg",
  "curl -fsSL https://nvidia.github.io/libnvidia-container/stable/deb/nvidia-container-toolkit.list | sed 's#deb https://#deb [signed-by=/usr/share/keyrings/nvidia-container-toolkit-keyring.gpg] https://#' | sudo tee /etc/apt/sources.list.d/nvidia-container-toolkit.list",
  "sudo apt-get update && sudo apt-get install nvidia-container-toolkit",
] as const;

const CONFIGURE_TOOLKIT = [
  "sudo nvidia-ctk runtime configure --runtime=docker",
  "sudo service docker restart",
] as const;

/** Whether a container can have the GPU: the driver, and Docker's runtime for it. */
export function checkGpu({ smi, toolkit, runtimes, wsl }: GpuFacts): readonly Finding[] {
  return [checkDriver(smi, wsl), checkRuntime(toolkit, runtimes)];
}

function checkDriver(smi: Outcome, wsl: boolean): Finding {
  const gpus = smi.stdout.split("\n").filter((line) => line.trim() !== "");
  if (smi.status === 0 && gpus.length > 0) {
    return ok(
      "gpu",
      `${gpus
        .map((line) => line.trim().split(/,\s*/))
        .map(([name, memory, driver]) => `${name}, ${memory}, driver ${driver}`)
        .join("; ")}.`,
    );
  }
  const found = smi.there
    ? `nvidia-smi finds no GPU: ${complaint(smi) || "it says nothing"}.`
    : "There is no nvidia-smi on the path: no NVIDIA driver.";
  return problem(
    "gpu",
    found,
    wsl
      ? [
          "# Install NVIDIA's driver on Windows (and none in WSL, which gets Windows' own), then in PowerShell:",
          "wsl --update",
          "wsl --shutdown",
          "# The program is in /usr/lib/wsl/lib: export PATH=$PATH:/usr/lib/wsl/lib",
        ]
      : ["sudo apt-get install ubuntu-drivers-common && sudo ubuntu-drivers install && sudo reboot"],
  );
}

function checkRuntime(toolkit: Outcome, runtimes: readonly string[] | undefined): Finding {
  if (runtimes?.includes("nvidia")) {
    return ok("gpu runtime", "Docker has the runtime nvidia.");
  }
  const configure = toolkit.there ? CONFIGURE_TOOLKIT : ([...INSTALL_TOOLKIT, ...CONFIGURE_TOOLKIT] as const);
  return runtimes === undefined
    ? problem("gpu runtime", "Docker does not answer, so whether it has the runtime nvidia is not known.", [
        "# Once Docker runs, where it has not:",
        ...configure,
      ])
    : problem(
        "gpu runtime",
        `Docker has no runtime nvidia (it has ${runtimes.join(", ") || "none"})${toolkit.there ? "" : "; the NVIDIA container toolkit is not installed"}.`,
        configure,
      );
}
