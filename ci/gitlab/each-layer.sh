#!/bin/sh
# Runs one step for each layer of an environment, in the order in which cdktf.out/socle.json has them.
# Usage: each-layer.sh <environment> validate|plan|apply
# POSIX and what busybox has, since the image of Terraform has neither bash nor jq.
set -eu

environment="$1"
step="$2"
case "$step" in
  validate | plan | apply) ;;
  *)
    echo "the step is \"$step\": use validate, plan or apply" >&2
    exit 2
    ;;
esac

# Folders are named <environment> or <environment>-<layer>, and socle.json has them in apply order.
folders="$(grep -o '"directory": *"[^"]*"' cdktf.out/socle.json | sed 's/.*"\([^"]*\)"$/\1/' | grep -E "/$environment(-|$)" || true)"
if [ -z "$folders" ]; then
  echo "cdktf.out/socle.json has no layer of the environment \"$environment\"" >&2
  exit 1
fi

terraform="${TERRAFORM_BINARY_NAME:-terraform}"
for folder in $folders; do
  echo "$step: $folder"
  case "$step" in
    validate)
      "$terraform" -chdir="cdktf.out/$folder" init -backend=false -no-color
      "$terraform" -chdir="cdktf.out/$folder" validate -no-color
      ;;
    plan)
      "$terraform" -chdir="cdktf.out/$folder" init -no-color
      # Fails for a layer that reads one which was never applied: the first time, the lab is started by make lab-up.
      "$terraform" -chdir="cdktf.out/$folder" plan -no-color -lock-timeout=5m -out=plan.tfplan
      ;;
    apply)
      "$terraform" -chdir="cdktf.out/$folder" init -no-color
      "$terraform" -chdir="cdktf.out/$folder" apply -no-color -lock-timeout=5m plan.tfplan
      ;;
  esac
done
