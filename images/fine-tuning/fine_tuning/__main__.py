"""Prepares a data set from the feedback, trains an adapter on it, and tells MLflow.

    python -m fine_tuning prepare --dataset /work/dataset.jsonl
    python -m fine_tuning train --dataset /work/dataset.jsonl --adapter /work/adapter --quantize
    python -m fine_tuning run            both, one after the other: what the Job does

The store's address and key come from the environment as boto3 reads them; MLflow's is MLFLOW_TRACKING_URI.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from . import dataset


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="fine_tuning", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    steps = top.add_subparsers(dest="step", required=True)
    for name in ("prepare", "train", "run"):
        step = steps.add_parser(name)
        step.add_argument(
            "--dataset", type=Path, default=Path("/work/dataset.jsonl"), help="written by prepare, read by train"
        )
        step.add_argument("--minimum", type=positive, default=20, help="examples below which nothing is prepared")
        if name != "prepare":
            step.add_argument("--adapter", type=Path, default=Path("/work/adapter"), help="folder of the result")
            step.add_argument("--model", default="Qwen/Qwen2.5-1.5B-Instruct")
            step.add_argument("--revision", default="main", help="commit of the model")
            step.add_argument("--quantize", action="store_true", help="QLoRA: the model in 4 bits")
            step.add_argument("--rank", type=positive, default=16)
            step.add_argument("--epochs", type=positive, default=3)
            step.add_argument("--learning-rate", type=float, default=2e-4)
            step.add_argument("--seed", type=int, default=20260101)
            step.add_argument("--experiment", default="fine-tuning")
    return top


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above zero")
    return value


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        if options.step in ("prepare", "run"):
            counts = dataset.prepare(dataset.feedback(), options.dataset, options.minimum)
            print(json.dumps(counts, sort_keys=True))
        if options.step in ("train", "run"):
            # PyTorch takes seconds to load, and preparing needs none of it.
            from . import train

            print(json.dumps(train.run(options), sort_keys=True))
    except dataset.DatasetError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
