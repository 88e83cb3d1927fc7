#!/bin/bash
# Installs the CloudWatch agent where it is absent, and starts it with our configuration.
set -euo pipefail
self=${0##*/}
# shellcheck source=/dev/null
. "${1:-/etc/${self%-*}/environment}"

if [[ ! -x $AGENT_CTL ]]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cd "$work"
  package=amazon-cloudwatch-agent.deb
  url=https://amazoncloudwatch-agent-$REGION.s3.$REGION.amazonaws.com/ubuntu/arm64/latest/$package
  key=https://amazoncloudwatch-agent.s3.amazonaws.com/assets/amazon-cloudwatch-agent.gpg
  curl -fsS --retry 5 --remote-name-all "$url" "$url.sig" "$key"
  export GNUPGHOME=$work
  gpg --batch --quiet --import "${key##*/}"
  status=$(gpg --batch --status-fd 1 --verify "$package.sig" "$package") || status=
  # Whole fields from the line's start: a key's user id, which anybody can choose, is on these lines as well.
  if ! grep -q "^\[GNUPG:\] VALIDSIG $AGENT_KEY " <<<"$status"; then
    echo "$url is not signed by Amazon's key $AGENT_KEY: not installed" >&2
    exit 1
  fi
  apt-get install -y -o DPkg::Lock::Timeout=300 "./$package"
fi
"$AGENT_CTL" -a fetch-config -m ec2 -s -c "file:$AGENT_CONFIG"
