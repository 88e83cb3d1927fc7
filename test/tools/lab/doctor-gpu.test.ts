import { checkGpu, type GpuFacts } from "../../../tools/lab/doctor-gpu";
import { failed, NOT_THERE, printed, verdicts } from "./support";

const RIGHT: GpuFacts = {
  smi: printed("NVIDIA GeForce RTX 4070 Ti, 12282 MiB, 581.57\n"),
  toolkit: printed("NVIDIA Container Toolkit CLI version 1.18.0\n"),
  runtimes: ["io.containerd.runc.v2", "nvidia", "runc"],
  wsl: true,
};

const gpu = (changes: Partial<GpuFacts>) => checkGpu({ ...RIGHT, ...changes });

describe("the doctor's look at the GPU", () => {
  test("GIVEN a driver and Docker's runtime THEN both are right", () => {
    expect(checkGpu(RIGHT)).toEqual([
      { check: "gpu", verdict: "ok", found: "NVIDIA GeForce RTX 4070 Ti, 12282 MiB, driver 581.57.", mend: [] },
      { check: "gpu runtime", verdict: "ok", found: "Docker has the runtime nvidia.", mend: [] },
    ]);
  });

  test("fails without a driver: in WSL it is Windows' own, elsewhere Ubuntu's", () => {
    const [inWsl] = gpu({ smi: NOT_THERE });
    expect(inWsl).toMatchObject({
      verdict: "problem",
      found: "There is no nvidia-smi on the path: no NVIDIA driver.",
    });
    expect(inWsl?.mend[0]).toContain("on Windows (and none in WSL");
    expect(gpu({ smi: NOT_THERE, wsl: false })[0]?.mend).toEqual([
      "sudo apt-get install ubuntu-drivers-common && sudo ubuntu-drivers install && sudo reboot",
    ]);
  });

  test("fails for a driver that finds no GPU, whether it says so as an error or as output", () => {
    const text = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver";
    expect(gpu({ smi: failed("", `${text}.\n`) })[0]?.found).toBe(`nvidia-smi finds no GPU: ${text}.`);
    expect(gpu({ smi: printed("\n") })[0]?.found).toBe("nvidia-smi finds no GPU: it says nothing.");
  });

  test("fails for a toolkit that Docker does not know yet: it is configured, not installed again", () => {
    const [, finding] = gpu({ runtimes: ["runc"] });
    expect(finding).toEqual({
      check: "gpu runtime",
      verdict: "problem",
      found: "Docker has no runtime nvidia (it has runc).",
      mend: ["sudo nvidia-ctk runtime configure --runtime=docker", "sudo service docker restart"],
    });
  });

  test("fails without the toolkit: it is installed first", () => {
    const [, finding] = gpu({ runtimes: [], toolkit: NOT_THERE });
    expect(finding?.found).toBe(
      "Docker has no runtime nvidia (it has none); the NVIDIA container toolkit is not installed.",
    );
    expect(finding?.mend.slice(2, 4)).toEqual([
      "sudo apt-get update && sudo apt-get install nvidia-container-toolkit",
      "sudo nvidia-ctk runtime configure --runtime=docker",
    ]);
  });

  test("fails without Docker, and does not claim that the runtime is missing", () => {
    const findings = gpu({ runtimes: undefined });
    expect(verdicts(findings)).toEqual({ gpu: "ok", "gpu runtime": "problem" });
    expect(findings[1]?.found).toBe("Docker does not answer, so whether it has the runtime nvidia is not known.");
  });
});
