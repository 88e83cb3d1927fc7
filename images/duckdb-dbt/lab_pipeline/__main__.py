"""One job a run: `python -m lab_pipeline transform|publish|track --run-id <id>`."""

from __future__ import annotations

import argparse
import json
import sys

from . import publish, track, transform
from .store import Store


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="lab_pipeline", description=__doc__)
    jobs = parser.add_subparsers(dest="job", required=True)

    job = jobs.add_parser("transform", help="raw CSV to intermediate and processed Parquet files, tested")
    job.add_argument("--run-id", required=True)

    job = jobs.add_parser("publish", help="what is processed to tables of Trino")
    job.add_argument("--catalog", default="lakehouse")

    job = jobs.add_parser("track", help="an MLflow run with the last transformation's figures")
    job.add_argument("--run-id", required=True)
    job.add_argument("--revisions", type=json.loads, required=True, help="JSON: data set to its DVC revision (MD5)")
    job.add_argument("--experiment", default="etl-minimal")

    options = parser.parse_args(arguments)
    store = Store()
    figures: dict[str, float] | dict[str, str]
    try:
        if options.job == "transform":
            figures = transform.run(store, options.run_id)
        elif options.job == "publish":
            figures = publish.run(store, options.catalog)
        else:
            figures = track.run(store, options.run_id, options.revisions, options.experiment)
    except (transform.TransformError, track.TrackError) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(figures, sort_keys=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
