"""The object store. Its address and key come from the environment, as boto3 reads them: AWS_ENDPOINT_URL_S3,
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY."""

from __future__ import annotations

from pathlib import Path

import boto3
from botocore.config import Config


class Store:
    """The bucket of the lab's data, with its folders raw/, intermediate/ and processed/."""

    def __init__(self, bucket: str = "data") -> None:
        self.bucket = bucket
        # By path: the bucket is no name in DNS. A region is part of a signature, though the store has none.
        self._client = boto3.client(
            "s3", region_name="us-east-1", config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 5})
        )

    def download(self, prefix: str, folder: Path) -> list[str]:
        """Brings every object below `prefix` into `folder`, under the rest of its name; gives these names."""
        names = []
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                name = entry["Key"].removeprefix(prefix)
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                self._client.download_file(self.bucket, entry["Key"], str(target))
                names.append(name)
        return sorted(names)

    def upload(self, folder: Path, prefix: str) -> list[str]:
        """Puts every file below `folder` under `prefix`; gives the names of the objects."""
        keys = []
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            key = prefix + file.relative_to(folder).as_posix()
            self._client.upload_file(str(file), self.bucket, key)
            keys.append(key)
        return keys

    def put(self, key: str, text: str) -> None:
        self._client.put_object(Bucket=self.bucket, Key=key, Body=text.encode())

    def get(self, key: str) -> str | None:
        """The text of an object; None where there is none."""
        try:
            return self._client.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode()
        except self._client.exceptions.NoSuchKey:
            return None
