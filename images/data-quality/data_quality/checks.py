"""Suites as YAML files, and what Great Expectations says of a table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import great_expectations as gx
import pandas as pd
from ruamel.yaml import YAML


@dataclass(frozen=True)
class Suite:
    name: str
    # Object of the bucket that is looked at.
    object: str
    expectations: list[dict[str, Any]]


@dataclass(frozen=True)
class Outcome:
    evaluated: int
    # One sentence each, which names the expectation and the column.
    failures: list[str]
    results: list[dict[str, Any]]

    def as_json(self, checkpoint: str) -> str:
        return json.dumps(
            {
                "checkpoint": checkpoint,
                "success": not self.failures,
                "evaluated": self.evaluated,
                "failed": len(self.failures),
                "results": self.results,
            },
            indent=2,
            sort_keys=True,
        )


def load(file: Path) -> Suite:
    content = YAML(typ="safe").load(file)
    return Suite(file.stem, content["object"], content["expectations"])


def run(suite: Suite, frame: pd.DataFrame) -> Outcome:
    """
    Evaluates every expectation of a suite, also after one that is not met. One that could not be evaluated, such as for a
    column that is not there, is not met.
    """
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = (
        context.data_sources.add_pandas("lab")
        .add_dataframe_asset(suite.object)
        .add_batch_definition_whole_dataframe("all")
    )
    result = batch.get_batch(batch_parameters={"dataframe": frame}).validate(
        gx.ExpectationSuite(name=suite.name, expectations=suite.expectations)
    )
    return Outcome(
        evaluated=len(result.results),
        failures=[explain(each) for each in result.results if not each.success],
        results=[
            {"expectation": describe(each), "success": bool(each.success), "observed": observed(each)}
            for each in result.results
        ],
    )


def describe(result: Any) -> str:
    """Such as `expect_column_values_to_be_unique(order_id)`."""
    arguments = result.expectation_config.kwargs
    subject = arguments.get("column") or ", ".join(arguments.get("column_list", []))
    return f"{result.expectation_config.type}({subject})"


def explain(result: Any) -> str:
    why = (result.expectation_config.meta or {}).get("why")
    return f"{describe(result)}: found {observed(result)}" + (f". {why}" if why else "")


def observed(result: Any) -> str:
    """What is not as expected: values that personal data may be in are counted, not shown."""
    details = result.result
    if not details:
        return "nothing to look at: is the column there?"
    return (
        f"{details['unexpected_count']} rows"
        if "unexpected_count" in details
        else str(details.get("observed_value", ""))
    )
