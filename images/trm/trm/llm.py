"""The language model's part: it is asked for each puzzle, once, at temperature 0."""

from __future__ import annotations

import json
import re
import time
import urllib.request

from .sudoku import CELLS, SIZE, score

INSTRUCTION = (
    "Solve this 4x4 sudoku: each row, each column and each 2x2 box has the digits 1 to 4 once. 0 is an empty cell. "
    "Answer with the four rows of the solution, four digits each, and nothing else."
)


def question(grid: str) -> str:
    rows = [grid[start : start + SIZE] for start in range(0, CELLS, SIZE)]
    return "\n".join([INSTRUCTION, "", *rows])


def read(answer: str) -> str | None:
    """The last four rows of an answer, however they are set; None when there are none."""
    rows = re.findall(r"(?<![1-4])[1-4](?:[ ,|]*[1-4]){3}(?![1-4])", answer)
    return "".join(re.sub(r"\D", "", row) for row in rows[-SIZE:]) if len(rows) >= SIZE else None


def ask(url: str, model: str, text: str) -> str:
    body = {"model": model, "messages": [{"role": "user", "content": text}], "temperature": 0, "stream": False}
    request = urllib.request.Request(
        url.rstrip("/") + "/chat/completions",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=300) as answer:
        return json.load(answer)["choices"][0]["message"]["content"]


def run(url: str, model: str, scored: list[tuple[str, str]]) -> dict[str, object]:
    started = time.monotonic()
    answers = [read(ask(url, model, question(grid))) for grid, _ in scored]
    return score(model, scored, answers, time.monotonic() - started)
