#!/bin/sh
# Builds images/<name> and pushes it to the lab's registry under the tag of its content, unless it is there.
# Usage: build-image.sh <name>. LAB_REGISTRY is the registry, BUILDCTL the program of BuildKit.
set -eu

name="$1"
folder="images/$name"
if [ ! -f "$folder/Dockerfile" ]; then
  echo "images/ has no \"$name\" with a Dockerfile" >&2
  exit 2
fi

# As make lab-images and the layers work it out: the checksum of the checksums of all files, by their paths in byte order.
tag="$(cd "$folder" && find . -type f ! -path '*/__pycache__/*' ! -name '*.pyc' | sed 's|^\./||' | LC_ALL=C sort |
  while read -r file; do sha256sum "$file"; done | sha256sum | cut -c 1-12)"
reference="${LAB_REGISTRY:-registry.lab.local:5001}/lab/$name:$tag"

manifest="http://${LAB_REGISTRY:-registry.lab.local:5001}/v2/lab/$name/manifests/$tag"
if wget -q --spider --header 'Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json' "$manifest"; then
  echo "$reference is there"
  exit 0
fi

echo "building $reference"
"${BUILDCTL:-buildctl-daemonless.sh}" build --frontend dockerfile.v0 \
  --local "context=$folder" --local "dockerfile=$folder" \
  --output "type=image,name=$reference,push=true,registry.insecure=true"
