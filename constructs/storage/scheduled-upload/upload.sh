#!/bin/sh
# Uploads $FILE to a bucket as $PREFIX-<time>.$EXTENSION, and to a second one where there is one, compares the sizes, and
# deletes what begins with $PREFIX- in each and is older than $RETENTION_DAYS.
set -eu

upload() {
  address=$1 target=$2 AWS_DEFAULT_REGION=$3
  export AWS_DEFAULT_REGION
  key="$PREFIX-$TIME.$EXTENSION"
  aws --endpoint-url "$address" s3 cp --no-progress "$FILE" "s3://$target/$key"
  arrived=$(aws --endpoint-url "$address" s3api head-object --bucket "$target" --key "$key" \
    --query ContentLength --output text)
  if [ "$arrived" != "$SIZE" ]; then
    echo "s3://$target/$key has $arrived bytes, the file has $SIZE" >&2
    exit 1
  fi
  old=$(aws --endpoint-url "$address" s3api list-objects-v2 --bucket "$target" --prefix "$PREFIX-" \
    --query "Contents[?LastModified<'$LIMIT'].Key" --output text)
  for each in $old; do
    if [ "$each" != None ]; then
      aws --endpoint-url "$address" s3 rm "s3://$target/$each"
    fi
  done
}

SIZE=$(wc -c <"$FILE")
TIME=$(date -u +%Y%m%dT%H%M%SZ)
LIMIT=$(date -u -d "$RETENTION_DAYS days ago" +%Y-%m-%dT%H:%M:%SZ)
upload "$ENDPOINT" "$BUCKET" "$REGION"
if [ -n "$COPY_ENDPOINT" ]; then
  upload "$COPY_ENDPOINT" "$COPY_BUCKET" "$COPY_REGION"
fi
