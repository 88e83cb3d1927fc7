"""From feedback to examples.

What users approved of is an example as it is. What they did not is one only with their correction. Two opinions of the same
question and answer: the newer counts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

PREFIX = "raw/feedback/"


class DatasetError(Exception):
    """There is too little to learn from."""


def feedback(bucket: str = "data") -> Iterator[dict[str, str]]:
    """Every record of the object store, as the feedback service wrote it (images/feedback)."""
    import boto3
    from botocore.config import Config

    store = boto3.client("s3", region_name="us-east-1", config=Config(s3={"addressing_style": "path"}))
    for page in store.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=PREFIX):
        for entry in page.get("Contents", []):
            body = store.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read().decode()
            yield from (json.loads(line) for line in body.splitlines())


def examples(records: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """Question and answer of each example, in an order that depends on the records only."""
    newest: dict[tuple[str, str], dict[str, str]] = {}
    for record in sorted(records, key=lambda each: (each["received_at"], each["id"])):
        newest[record["question"], record["answer"]] = record
    found = []
    for record in newest.values():
        answer = record["answer"] if record["rating"] == "up" else record.get("correction", "")
        if answer.strip():
            found.append({"question": record["question"], "answer": answer})
    return sorted(found, key=lambda each: (each["question"], each["answer"]))


def held_out(example: dict[str, str]) -> bool:
    """About a tenth is for evaluation: by the question, so that one is never in both parts, and never changes sides."""
    return hashlib.sha256(example["question"].encode()).digest()[0] < 26


def prepare(records: Iterable[dict[str, str]], output: Path, minimum: int) -> dict[str, int]:
    """
    Writes the data set, a line of JSON each.

    Raises DatasetError below `minimum` examples.
    """
    records = list(records)
    found = examples(records)
    if len(found) < minimum:
        raise DatasetError(
            f"{len(records)} records of feedback give {len(found)} examples, and {minimum} are needed: "
            "collect more, or give a smaller --minimum"
        )
    tests = sum(held_out(each) for each in found)
    if tests == len(found):
        raise DatasetError(f"all of the {tests} examples are held out for evaluation: collect more")
    lines = [json.dumps({**each, "split": "test" if held_out(each) else "train"}, ensure_ascii=False) for each in found]
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {"records": len(records), "train": len(found) - tests, "test": tests}
