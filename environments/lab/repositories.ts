import { type Environment } from "../../constructs/core/environment";
import { filesBelow, readProjectFile } from "../../constructs/core/files";

/** Git repository → folders of this repository whose files it has, each at its root. */
const REPOSITORIES = {
  /** DAGs, the data set's DVC files, and what makes the image that runs them. */
  "airflow-dags": ["workloads/airflow-dags", "images/airflow"],
  /** Versioned prompts, which agents read. */
  prompts: ["workloads/prompts"],
} as const;

/** A git repository of the lab that people work on, beside those of components. */
export type WorkRepository = keyof typeof REPOSITORIES;

/** Writes the repositories of what runs in the lab as code. */
export function labRepositories(environment: Environment): void {
  for (const [name, folders] of Object.entries(REPOSITORIES)) {
    const repository = environment.repository(name);
    for (const folder of folders) {
      for (const file of filesBelow(folder)) {
        repository.addFile(file, () => readProjectFile(`${folder}/${file}`));
      }
    }
  }
}
