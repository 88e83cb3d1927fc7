#!/bin/sh
# Makes the buckets, policies and users of an object store as the files in $PLAN say, by mc. Safe to repeat; it removes no
# bucket and no user. The image has no grep, sed or awk.
set -eu

export MC_CONFIG_DIR="${MC_CONFIG_DIR:-/tmp/mc}"
export MC_HOST_store="${STORE_ENDPOINT%%://*}://$ROOT_USERNAME:$ROOT_PASSWORD@${STORE_ENDPOINT#*://}"

tries=0
until mc admin info store >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt "${TRIES:-60}" ] || { echo "the object store does not answer at $STORE_ENDPOINT" >&2; exit 1; }
  sleep 2
done

if [ -n "${COLD_ENDPOINT:-}" ]; then
  # mc takes these keys as arguments only; nobody else sees the processes of this pod.
  set -- --access-key "$COLD_ACCESS_KEY" --secret-key "$COLD_SECRET_KEY"
  case "$(mc ilm tier ls --json store)" in
    *"\"$COLD_TIER\""*) mc ilm tier update store "$COLD_TIER" "$@" ;;
    *)
      mc ilm tier add s3 store "$COLD_TIER" --endpoint "$COLD_ENDPOINT" --bucket "$COLD_BUCKET" \
        --region "$COLD_REGION" --prefix "$COLD_PREFIX" "$@"
      ;;
  esac
fi

for file in "$PLAN"/bucket.*.json; do
  [ -e "$file" ] || continue
  bucket="${file##*/bucket.}"
  bucket="${bucket%.json}"
  mc mb --ignore-existing "store/$bucket"
  mc anonymous set private "store/$bucket"
  mc version enable "store/$bucket"
  mc ilm rule import "store/$bucket" <"$file"
done

# One file for each bucket: the names of its folders, separated by blanks.
for file in "$PLAN"/folders.*; do
  [ -e "$file" ] || continue
  bucket="${file##*/folders.}"
  folders="$(cat "$file")"
  for folder in $folders; do
    mc stat "store/$bucket/$folder/.keep" >/dev/null 2>&1 || mc pipe "store/$bucket/$folder/.keep" </dev/null
  done
done

for file in "$PLAN"/policy.*.json; do
  [ -e "$file" ] || continue
  policy="${file##*/policy.}"
  mc admin policy create store "${policy%.json}" "$file"
done

# One file for each user: the names of its policies, separated by blanks.
for file in "$PLAN"/user.*; do
  [ -e "$file" ] || continue
  user="${file##*/user.}"
  key="$(cat "$USERS/$user/access-key")"
  printf '%s\n%s\n' "$key" "$(cat "$USERS/$user/secret-key")" | mc admin user add store
  wanted="$(cat "$file")"
  info="$(mc admin user info --json store "$key")"
  current=""
  case "$info" in
    *'"policyName":"'*)
      current="${info#*\"policyName\":\"}"
      current="${current%%\"*}"
      ;;
  esac
  # To attach what is attached is an error.
  for policy in $wanted; do
    case ",$current," in
      *",$policy,"*) ;;
      *) mc admin policy attach store "$policy" --user "$key" ;;
    esac
  done
  old_ifs="$IFS"
  IFS=,
  for policy in $current; do
    case " $wanted " in
      *" $policy "*) ;;
      *) mc admin policy detach store "$policy" --user "$key" ;;
    esac
  done
  IFS="$old_ifs"
done
echo "the object store is set up"
