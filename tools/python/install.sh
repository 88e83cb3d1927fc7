#!/usr/bin/env bash
# Installs what the requirements.txt of each given folder names, for the tests that run it: once for each content, outside the
# repository. Usage: tools/python/install.sh images/data-quality …
set -euo pipefail
cache="${XDG_CACHE_HOME:-$HOME/.cache}/socle/python"
for folder in "$@"; do
  requirements="$folder/requirements.txt"
  version="$(sha256sum "$requirements" | cut -c 1-12)"
  environment="$cache/$(basename "$folder")-$version"
  if [ ! -x "$environment/bin/python" ]; then
    echo "installing $requirements ($version)"
    # Under its name only when it is whole. Its programs name the other folder: they are run as `bin/python -m …`.
    rm -rf "$environment" "$environment.partial"
    mkdir -p "$cache"
    python3 -m venv --without-pip "$environment.partial"
    python3 -m pip --python "$environment.partial/bin/python" install --quiet --no-input --disable-pip-version-check \
      --require-hashes -r "$requirements"
    mv "$environment.partial" "$environment"
  fi
done
