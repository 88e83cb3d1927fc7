import { type ReadmeSection } from "../../constructs/core/layer";

/** What the layer's README says of kauri-aws as a whole; its constructs add what belongs to them. */
export const README: readonly ReadmeSection[] = [
  {
    title: "What it costs",
    body: [
      "About 35 US dollars a month in eu-west-1 as it comes (November 2026, without VAT): t4g.large for 14 hours on weekdays about 22,",
      "100 GiB of gp3 about 9, one public IPv4 address 3.65, S3, logs and alarms below 1. That is **above both budgets** (30 for the account,",
      "18 for the project), so both will warn: raise them, choose a smaller `instance_type` or `data_volume_gib`, or use Spot.",
      "Running day and night costs about 66.",
    ].join("\n"),
  },
  {
    title: "First synchronisation",
    body: [
      "Once, after the first apply. From a machine with your AWS credentials:",
      "",
      "```sh",
      'bucket="$(terraform output -raw bucket_name)"',
      'aws s3 sync ./base_connaissances "s3://$bucket/base_connaissances/"',
      'aws s3 sync ./chroma_db "s3://$bucket/base_connaissances/chroma_db/"',
      "```",
      "",
      "Then on the server (`terraform output -raw ssh_command`), which reads the bucket with its own role:",
      "",
      "```sh",
      "cloud-init status --wait && findmnt /data/chroma   # first boot is done and the volume is there",
      'sudo aws s3 sync "s3://<bucket>/base_connaissances/chroma_db/" /data/chroma/',
      "sudo install -D -m 0644 compose.yaml /opt/kauri/compose.yaml",
      "sudo systemctl restart kauri",
      "```",
      "",
      "From then on the application starts by itself at every boot, after its disks.",
    ].join("\n"),
  },
];
