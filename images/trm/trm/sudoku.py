"""Sudokus of 4 x 4 with one solution each, and how answers are scored. A grid is 16 digits; 0 is an empty cell."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import TypeVar

T = TypeVar("T")

SIZE = 4
CELLS = SIZE * SIZE
# Fewer givens, and most puzzles would have several solutions.
GIVENS = 6


def peers(cell: int) -> set[int]:
    """Cells of the same row, column or box."""
    row, column = divmod(cell, SIZE)
    return {
        other
        for other in range(CELLS)
        if other != cell
        and (
            other // SIZE == row
            or other % SIZE == column
            or (other // SIZE // 2, other % SIZE // 2) == (row // 2, column // 2)
        )
    }


PEERS = [peers(cell) for cell in range(CELLS)]


def solutions(grid: str, order: str = "1234") -> Iterator[str]:
    """All of them, by trying digits in an order."""
    cell = grid.find("0")
    if cell < 0:
        yield grid
        return
    taken = {grid[peer] for peer in PEERS[cell]}
    for digit in order:
        if digit not in taken:
            yield from solutions(grid[:cell] + digit + grid[cell + 1 :], order)


def puzzles(seed: int, count: int) -> list[tuple[str, str]]:
    """So many different puzzles with their solutions: the same for the same seed."""
    chance = Random(seed)
    found: dict[str, str] = {}
    while len(found) < count:
        order = "".join(shuffled(chance, list("1234")))
        first = "".join(shuffled(chance, list("1234"))) + "0" * (CELLS - SIZE)
        solution = next(solutions(first, order))
        kept = set(shuffled(chance, list(range(CELLS)))[:GIVENS])
        grid = "".join(digit if cell in kept else "0" for cell, digit in enumerate(solution))
        all_of_them = solutions(grid)
        next(all_of_them)
        if next(all_of_them, None) is None:
            found[grid] = solution
    return list(found.items())


def shuffled(chance: Random, items: list[T]) -> list[T]:
    """By `random()` only, which gives the same numbers in every version of Python."""
    return [item for _, item in sorted(((chance.random(), index), item) for index, item in enumerate(items))]


def score(solver: str, scored: list[tuple[str, str]], answers: list[str | None], seconds: float) -> dict[str, object]:
    """A puzzle counts when all of it is right; cells that were given do not count."""
    empty = right = 0
    for (grid, solution), answer in zip(scored, answers, strict=True):
        cells = [cell for cell in range(CELLS) if grid[cell] == "0"]
        empty += len(cells)
        right += sum(answer is not None and answer[cell] == solution[cell] for cell in cells)
    return {
        "solver": solver,
        "puzzles": len(scored),
        "solved": sum(answer == solution for (_, solution), answer in zip(scored, answers, strict=True)),
        "unreadable": answers.count(None),
        "cells_right_ratio": round(right / empty, 4),
        "seconds_per_puzzle": round(seconds / len(scored), 6),
    }
