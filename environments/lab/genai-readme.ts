import { type ReadmeSection } from "../../constructs/core/layer";

/** What the README of the layer lab-genai says besides its generated parts. */
export const GENAI_README: readonly ReadmeSection[] = [
  {
    title: "Asking, and saying what the answer was worth",
    body: `The agent and the feedback service are behind the same name and password: those of the Secret \`agents-gate\`. Their certificates are of the lab's own authority.

\`\`\`sh
terraform -chdir=../lab-platform output -raw certificate_authority >/tmp/lab-ca.crt
password="$(kubectl --namespace agents get secret agents-gate --output jsonpath='{.data.password}' | base64 --decode)"
curl --cacert /tmp/lab-ca.crt --user "lab:$password" https://agent.lab.local/v1/ask --json '{"question": "Which region sold most?"}'
curl --cacert /tmp/lab-ca.crt --user "lab:$password" https://feedback.lab.local/v1/feedback --json '{"model": "qwen2.5:1.5b",
  "prompt_name": "sales-assistant", "prompt_version": "v1", "question": "Which region sold most?", "answer": "North.",
  "rating": "down", "correction": "West."}'
\`\`\`

Feedback is kept in \`s3://data/raw/feedback/\`, one object each; the next fine-tuning learns from it.`,
  },
  {
    title: "vLLM in Ollama's place",
    body: "A plan refuses both at once, since there is one card. vLLM (with the component `gpu`) answers questions; vectors of texts come from Ollama only, so the tool `search` answers with an error beside vLLM.",
  },
  {
    title: "Training and experiments",
    body: `Each is a CronJob of the namespace \`training\` that is suspended; a run is a Job made from it. \`fine-tuning\` (also started by Airflow's DAG \`fine_tuning\`) needs a node with the card, and 20 examples of feedback. It shares the card with the language model, which gives its memory back five minutes after its last answer. Only what one run requests is counted: run one at a time.

\`\`\`sh
kubectl --namespace training get cronjobs
kubectl --namespace training create job --from=cronjob/fine-tuning fine-tuning-1
kubectl --namespace training logs --follow job/fine-tuning-1
\`\`\``,
  },
  {
    title: "Who reaches the internet",
    body: "The language model's pods and the fine-tuning, on port 443, since both download models. No other pod of this layer does; the agent, its tools and the vector store reach nothing outside the cluster but the agent its git repository.",
  },
];
