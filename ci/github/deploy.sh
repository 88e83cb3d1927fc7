#!/usr/bin/env bash
# Puts one tag of one service into a layer, and leaves the tags of all other services as they are: which those are, the
# layer's own state says. Called by workflows/deploy.yml; the rollback is the same with the tag from before.
#
#   deploy.sh <folder of the layer> <service> <tag>
#
# The layer has an input `<service>_tag` and an output of the same name for each service. Backend, credentials and the
# other inputs come from the environment (TF_HTTP_*, TF_VAR_*) and from terraform.tfvars in the folder. What was there
# before is written to $GITHUB_OUTPUT as `previous`, before anything is applied; it is empty for a first deployment.
set -euo pipefail

if [ "$#" -ne 3 ]; then
  echo "use deploy.sh <folder of the layer> <service> <tag>" >&2
  exit 2
fi
folder=$1 service=$2 tag=$3
problems=()
[ -f "$folder/cdk.tf.json" ] || problems+=("there is no cdk.tf.json in '$folder': give a layer's folder in cdktf.out/stacks/")
[[ $service =~ ^[a-z][a-z0-9-]*$ ]] || problems+=("the service is '$service': use lower-case letters, digits and hyphens")
[[ $tag =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$ ]] || problems+=("the tag is '$tag': use a tag of an image, such as a commit's SHA")
input="${service//-/_}_tag"
if [ -f "$folder/cdk.tf.json" ] && ! jq -e --arg input "$input" '.variable | has($input)' "$folder/cdk.tf.json" >/dev/null; then
  problems+=("the layer has no input $input: use one of its services")
fi
if [ "${#problems[@]}" -gt 0 ]; then
  printf '%s\n' "${problems[@]}" >&2
  exit 2
fi

terraform=("${TERRAFORM_BINARY_NAME:-terraform}" "-chdir=$folder")
work="$(mktemp -d)"
# Loaded after terraform.tfvars, so it wins; gone afterwards, so that nobody's next plan takes it for theirs.
tags="$folder/deploy.auto.tfvars.json"
trap 'rm -rf "$work" "$tags"' EXIT

# The tags among the layer's outputs: as its state has them, and as a plan found them there.
tags_of_state='with_entries(select(.key | endswith("_tag")) | .value |= .value)'
tags_of_plan='.output_changes // {} | with_entries(select((.key | endswith("_tag")) and .value.before != null) | .value |= .before)'

"${terraform[@]}" init -input=false -no-color

# Another service may be deployed at the same time, by a workflow of another repository. Whoever comes second would plan
# with the tag that the first has just replaced, so the plan is made again.
for attempt in 1 2 3 4 5; do
  "${terraform[@]}" output -json -no-color | jq -S "$tags_of_state" >"$work/before.json"
  if [ "$attempt" -eq 1 ]; then
    echo "previous=$(jq -r --arg input "$input" '.[$input] // ""' "$work/before.json")" >>"${GITHUB_OUTPUT:-/dev/null}"
  fi
  green="$(jq -r 'to_entries[] | select((.key | endswith("_green_tag")) and .value != "") | .key' "$work/before.json")"
  if [ -n "$green" ]; then
    printf 'requests are being moved between colours, which a person decides; deploy when this is empty again:\n%s\n' "$green" >&2
    exit 1
  fi
  jq --arg input "$input" --arg tag "$tag" '.[$input] = $tag' "$work/before.json" >"$tags"

  "${terraform[@]}" plan -input=false -no-color -lock-timeout=10m -out="$work/tfplan"
  "${terraform[@]}" show -json "$work/tfplan" >"$work/plan.json"
  jq -S "$tags_of_plan" "$work/plan.json" >"$work/planned-on.json"
  if ! cmp -s "$work/before.json" "$work/planned-on.json"; then
    echo "another deployment came in between: planning again ($attempt)" >&2
    continue
  fi

  # Deposed: what an apply that failed had replaced already, and would have deleted then.
  deleted="$(jq -r '.resource_changes[]? | select(.change.actions == ["delete"] and .deposed == null) | .address' "$work/plan.json")"
  if [ -n "$deleted" ]; then
    printf 'the plan deletes what a deployment keeps; let an operator apply that first:\n%s\n' "$deleted" >&2
    exit 1
  fi

  status=0
  "${terraform[@]}" apply -input=false -no-color -lock-timeout=10m "$work/tfplan" 2>"$work/errors" || status=$?
  cat "$work/errors" >&2
  if [ "$status" -eq 0 ]; then
    exit 0
  fi
  if ! grep -q "Saved plan is stale" "$work/errors"; then
    exit 1
  fi
  echo "another deployment came in between: planning again ($attempt)" >&2
done
echo "$service was not deployed: other deployments came in between five times" >&2
exit 1
