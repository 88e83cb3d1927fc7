"""The object store, of which only what is processed is shown: raw data has names and addresses."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

BUCKET = "data"
PREFIX = "processed/"


def client() -> Any:
    """At what the environment names as boto3 reads it. Its key should be allowed no more than to read PREFIX."""
    return boto3.client("s3", region_name="us-east-1", config=Config(s3={"addressing_style": "path"}))


def names(store: Any) -> list[str]:
    """Every object below PREFIX, under the rest of its name."""
    pages = store.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=PREFIX)
    return sorted(entry["Key"].removeprefix(PREFIX) for page in pages for entry in page.get("Contents", []))


def read(store: Any, name: str) -> bytes:
    """Raises ValueError when there is no such object."""
    try:
        return store.get_object(Bucket=BUCKET, Key=PREFIX + name)["Body"].read()
    except store.exceptions.NoSuchKey:
        raise ValueError(f"{name} is not there: list_objects says what is") from None
