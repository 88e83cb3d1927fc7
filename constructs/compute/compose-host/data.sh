#!/bin/bash
# Mounts the data volume and binds its directories to their places. Safe at every boot and as often as one likes.
set -euo pipefail
self=${0##*/}
# shellcheck source=/dev/null
. "${1:-/etc/${self%-*}/environment}"
fail() {
  echo "$1" >&2
  exit 1
}

for ((waited = 0; waited < DATA_WAIT; waited += 2)); do
  [[ -e $DATA_DISK ]] && break
  sleep 2
done
[[ -e $DATA_DISK ]] || fail "the data volume is not attached: no $DATA_DISK after ${DATA_WAIT}s"

if ! mountpoint -q "$DATA_MOUNT"; then
  # --probe reads the disk itself, never a cache; 2 is "nothing found", which wipefs must confirm by reading it too.
  found=0
  blkid --probe "$DATA_DISK" >/dev/null || found=$?
  signatures=$(wipefs --noheadings "$DATA_DISK") || fail "cannot read $DATA_DISK"
  if [[ $found == 2 && -z $signatures ]]; then
    echo "$DATA_DISK is blank: making a filesystem"
    mkfs.ext4 -q -m 1 "$DATA_DISK"
  elif ! blkid --probe --match-tag USAGE --output value "$DATA_DISK" | grep -qx filesystem; then
    fail "$DATA_DISK is neither blank nor a filesystem: left as it is. Found: ${signatures:-blkid status $found}"
  fi
  # Above 3 errors remain, or it could not be checked.
  fsck -T -p "$DATA_DISK" || (($? < 4)) || fail "the filesystem on $DATA_DISK needs a repair by hand (fsck)"
  mkdir -p "$DATA_MOUNT"
  mount -o noatime "UUID=$(blkid --probe --match-tag UUID --output value "$DATA_DISK")" "$DATA_MOUNT"
  # A volume made from a snapshot of this one has the same UUID: what is mounted must be this very disk.
  if [[ $(readlink -f "$(findmnt -no SOURCE "$DATA_MOUNT")") != $(readlink -f "$DATA_DISK") ]]; then
    umount "$DATA_MOUNT"
    fail "another disk has the same filesystem UUID as $DATA_DISK: detach it (a restored snapshot?)"
  fi
fi

for bind in $BIND_MOUNTS; do
  target=${bind#*:}
  mountpoint -q "$target" && continue
  mkdir -p "$DATA_MOUNT/${bind%%:*}" "$target"
  mount --bind "$DATA_MOUNT/${bind%%:*}" "$target"
done

# The volume may have grown since. What does not grow still serves.
case $(blkid --probe --match-tag TYPE --output value "$DATA_DISK") in
  ext4) resize2fs "$DATA_DISK" ;;
  xfs) xfs_growfs "$DATA_MOUNT" ;;
esac || echo "the filesystem on $DATA_DISK could not grow to the size of its volume" >&2
