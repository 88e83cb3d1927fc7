import { existsSync, rmSync } from "node:fs";

import { CHOICE_FILE, readChoice } from "./choice";
import { labContainers } from "./containers";
import { complaint } from "./doctor-finding";
import { LabError } from "./lab-error";
import { ask } from "./program";
import { GENERATED } from "./secrets";
import { describePlan, inputsOf, OTHER_FILES, type Session, terraformOf } from "./session";

/** What a container needs is found again; what holds data, and keys that belong to it, stays. */
const REMOVED = /^(module\..+\.)?docker_(container|network)\./;

/**
 * Removes the lab's containers and their network, the last layer's first. Volumes stay, and with them the databases,
 * repositories, images, and the cluster with all that was delivered to it; so do keys and the states that know of them.
 *
 * Not `terraform destroy` of everything: it refuses as a whole while one resource has `prevent_destroy`, and what is in the
 * cluster goes to sleep with its containers.
 *
 * @throws LabError when Terraform refuses, or a container is left
 */
export async function down(session: Session): Promise<void> {
  const { lab, secrets, interruption, report } = session;
  const inputs = inputsOf(session, readChoice(secrets));
  for (const layer of [...lab.layers].reverse()) {
    interruption.check();
    const terraform = terraformOf(session, layer);
    if (terraform.resources("docker_container").length + terraform.resources("docker_network").length === 0) {
      continue;
    }
    await terraform.init();
    const targets = (await terraform.addresses()).filter((address) => REMOVED.test(address));
    await terraform.destroy(inputs, targets, (summary) => report(`${layer.name}: ${describePlan(summary)}`));
  }
  const left = await labContainers();
  if (left.length > 0) {
    throw new LabError(
      "Containers that no state knows are left:",
      left.map(({ name }) => `${name}: docker rm --force ${name}`),
    );
  }
  report("The lab is down. Its volumes, states and secrets are kept: make lab-up starts it again.");
}

/** What {@link purge} would remove. */
export interface Purge {
  readonly volumes: readonly string[];
  readonly states: readonly string[];
}

export function purgeOf(session: Session): Purge {
  const layers = session.lab.layers.map((layer) => terraformOf(session, layer));
  return {
    volumes: layers.flatMap((terraform) => terraform.resources("docker_volume").map(({ name }) => String(name))),
    states: layers.map(({ stateFile }) => stateFile).filter((file) => existsSync(file)),
  };
}

/**
 * Removes what {@link down} keeps: volumes with their data, states, secrets. The states go last but for the secrets, since
 * they know the volumes: stopped half-way, it can be run again.
 *
 * @throws LabError when Docker does not remove a volume
 */
export async function purge(session: Session): Promise<void> {
  const { secrets, interruption, report } = session;
  const { volumes, states } = purgeOf(session);
  for (const volume of volumes) {
    interruption.check();
    const outcome = await ask("docker", ["volume", "rm", "--force", volume]);
    if (outcome.status !== 0) {
      throw new LabError(`docker volume rm ${volume}: ${complaint(outcome)}`);
    }
    report(`volume ${volume}: removed`);
  }
  for (const file of states) {
    rmSync(file);
    rmSync(`${file}.backup`, { force: true });
  }
  secrets.remove([...GENERATED, ...OTHER_FILES, CHOICE_FILE]);
  report(`States and secrets: removed. Images stay: docker image ls.`);
}
