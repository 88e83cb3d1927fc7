"""The tiny model: one small network, used again and again on its own latent state and answer.

After "Less is More: Recursive Reasoning with Tiny Networks" (Jolicoeur-Martineau, 2025, arXiv 2510.04871): latent z is refined
several times from question x, answer y and z; then y from y and z; only the last round of a step is differentiated; each step
is supervised, and the next one starts from where it ended.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .sudoku import CELLS, SIZE

LATENT_ROUNDS = 6
ANSWER_ROUNDS = 3


class Block(nn.Module):
    """Mixes cells, then features: for so short a sequence no attention is needed."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.cells = nn.Sequential(nn.Linear(CELLS, 4 * CELLS), nn.SiLU(), nn.Linear(4 * CELLS, CELLS))
        self.features = nn.Sequential(nn.Linear(width, 4 * width), nn.SiLU(), nn.Linear(4 * width, width))
        self.norms = nn.ModuleList([nn.RMSNorm(width), nn.RMSNorm(width)])

    def forward(self, state: Tensor) -> Tensor:
        state = self.norms[0](state + self.cells(state.transpose(1, 2)).transpose(1, 2))
        return self.norms[1](state + self.features(state))


class TinyRecursiveModel(nn.Module):
    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.embedding = nn.Embedding(SIZE + 1, width)
        self.place = nn.Parameter(torch.randn(CELLS, width) * 0.02)
        self.network = nn.Sequential(Block(width), Block(width))
        self.head = nn.Linear(width, SIZE)

    def start(self, grid: Tensor) -> tuple[Tensor, Tensor]:
        """Answer and latent state before the first step."""
        empty = torch.zeros(*grid.shape, self.place.shape[1], device=grid.device)
        return empty, empty

    def forward(self, grid: Tensor, answer: Tensor, latent: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """One step: new answer, new latent state, and the scores of each cell's digits."""
        question = self.embedding(grid) + self.place
        with torch.no_grad():
            for _ in range(ANSWER_ROUNDS - 1):
                answer, latent = self.refine(question, answer, latent)
        answer, latent = self.refine(question, answer, latent)
        return answer.detach(), latent.detach(), self.head(answer)

    def refine(self, question: Tensor, answer: Tensor, latent: Tensor) -> tuple[Tensor, Tensor]:
        for _ in range(LATENT_ROUNDS):
            latent = self.network(question + answer + latent)
        return self.network(answer + latent), latent
