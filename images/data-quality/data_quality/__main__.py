"""Checks one suite: `python -m data_quality --suite raw_orders --checkpoint data_quality`.

Ends with 0 when all expectations are met, with 1 when one is not, with 2 when it could not look. The store's address and key
come from the environment as boto3 reads them; PUSHGATEWAY_URL says where metrics go (nowhere without it).
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from . import checks, metrics, storage

SUITES = Path(os.environ.get("SUITES_DIR", Path(__file__).parents[1] / "suites"))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="data_quality", description=__doc__)
    parser.add_argument("--suite", required=True, choices=sorted(file.stem for file in SUITES.glob("*.yaml")))
    parser.add_argument("--checkpoint", required=True, help="label of the metrics: who asked")
    parser.add_argument("--bucket", default="data")
    options = parser.parse_args(arguments)

    suite = checks.load(SUITES / f"{options.suite}.yaml")
    store = storage.Storage(options.bucket)
    try:
        outcome = checks.run(suite, store.frame(suite.object))
    except storage.StorageError as error:
        print(error, file=sys.stderr)
        return 2
    store.put(f"processed/quality/{suite.name}.json", outcome.as_json(options.checkpoint))
    gateway = os.environ.get("PUSHGATEWAY_URL")
    if gateway:
        metrics.push(gateway, suite.name, options.checkpoint, outcome)
    for failure in outcome.failures:
        print(f"{suite.object}: {failure}", file=sys.stderr)
    print(f"{suite.name}: {outcome.evaluated - len(outcome.failures)} of {outcome.evaluated} expectations are met")
    return 1 if outcome.failures else 0


if __name__ == "__main__":
    sys.exit(main())
