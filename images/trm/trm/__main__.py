"""The comparison, a part a run. Each part prints the same JSON, and `--output` keeps it.

    python -m trm train --puzzles 200        trains the tiny model, and scores it on puzzles that it has not seen
    python -m trm ask --puzzles 200          asks the language model for the same ones

The language model answers at LLM_URL (of an OpenAI-like API, such as http://ollama.llm:11434/v1), under LLM_MODEL.
MLflow gets the result too where MLFLOW_TRACKING_URI is set.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from . import llm, sudoku


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="trm", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=["train", "ask"])
    parser.add_argument("--puzzles", type=int, default=200, help="puzzles that are scored")
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument("--training-puzzles", type=int, default=5000)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args(arguments)

    scored = sudoku.puzzles(options.seed, options.puzzles)
    if options.part == "ask":
        result = llm.run(os.environ["LLM_URL"], os.environ["LLM_MODEL"], scored)
    else:
        # PyTorch takes seconds to load, and asking needs none of it.
        from . import train

        result = train.run(scored, options.seed, options.training_puzzles, options.epochs)
    text = json.dumps(result, sort_keys=True)
    print(text)
    if options.output:
        options.output.write_text(text + "\n")
    if os.environ.get("MLFLOW_TRACKING_URI"):
        track(result)
    return 0


def track(result: dict[str, object]) -> None:
    import mlflow

    mlflow.set_experiment("trm-against-llm")
    with mlflow.start_run(run_name=str(result["solver"])):
        mlflow.log_param("solver", result["solver"])
        mlflow.log_metrics({name: value for name, value in result.items() if isinstance(value, (int, float))})


if __name__ == "__main__":
    sys.exit(main())
