"""What a record of feedback is, and where it is kept: one object each, below `raw/feedback/` of the bucket `data`.

The preparation of the next fine-tuning reads them there (images/fine-tuning).
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timezone
from typing import Any, Protocol

import boto3
from botocore.config import Config

PREFIX = "raw/feedback/"
RATINGS = ("up", "down")
# Field: the most characters it may have.
TEXTS = {"model": 100, "prompt_name": 100, "prompt_version": 20, "question": 8000, "answer": 16000}
OPTIONAL_TEXTS = {"correction": 16000}


class RecordError(Exception):
    """What was sent is no feedback: one sentence, which names every problem."""


class RecordStore(Protocol):
    def put(self, record: dict[str, str]) -> None: ...


class BucketStore:
    """The object store, at what the environment names as boto3 reads it."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        self._client = boto3.client(
            "s3",
            region_name="us-east-1",
            config=Config(
                s3={"addressing_style": "path"}, connect_timeout=3, read_timeout=5, retries={"max_attempts": 2}
            ),
        )

    def put(self, record: dict[str, str]) -> None:
        # A line of JSON in an object of its own: nothing is ever written twice, so no record can spoil another.
        key = f"{PREFIX}{record['received_at'][:10]}/{record['id']}.jsonl"
        body = json.dumps(record, ensure_ascii=False, sort_keys=True) + "\n"
        self._client.put_object(Bucket=self._bucket, Key=key, Body=body.encode(), ContentType="application/jsonl")


def record_of(sent: Any) -> dict[str, str]:
    """
    What is kept of a request: no user, no address.

    Raises RecordError when it is not as it has to be.
    """
    if not isinstance(sent, dict):
        raise RecordError("the body is no JSON object")
    problems = [
        f'"{name}" is {"missing" if name not in sent else "no text of 1 to " + str(longest) + " characters"}'
        for name, longest in TEXTS.items()
        if not (isinstance(sent.get(name), str) and 0 < len(sent[name]) <= longest)
    ]
    problems += [
        f'"{name}" is no text of at most {longest} characters'
        for name, longest in OPTIONAL_TEXTS.items()
        if name in sent and not (isinstance(sent[name], str) and len(sent[name]) <= longest)
    ]
    if sent.get("rating") not in RATINGS:
        problems.append(f'"rating" is {json.dumps(sent.get("rating"))}: use up or down')
    unknown = sorted(set(sent) - {*TEXTS, *OPTIONAL_TEXTS, "rating"})
    problems += [f'"{name}" is not known' for name in unknown]
    if problems:
        raise RecordError("; ".join(problems))
    return {
        "id": uuid.uuid4().hex,
        "received_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        **{name: sent[name] for name in (*TEXTS, *OPTIONAL_TEXTS, "rating") if name in sent},
    }
