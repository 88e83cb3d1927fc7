"""Prompts of the repository `prompts`: front matter, and a text with inputs in double braces."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


class PromptError(Exception):
    """There is no such prompt, or what was sent does not fill it."""


@dataclass(frozen=True)
class Prompt:
    name: str
    version: int
    inputs: list[str]
    tools: list[str]
    temperature: float
    text: str

    @classmethod
    def load(cls, folder: str, which: str) -> Prompt:
        """Raises PromptError when it is not there."""
        file = Path(folder) / "prompts" / f"{which}.md"
        if not re.fullmatch(r"[a-z0-9-]+/v\d+", which) or not file.is_file():
            raise PromptError(f"there is no prompt {which}")
        _, matter, text = file.read_text(encoding="utf-8").split("---\n", 2)
        given: dict[str, Any] = yaml.safe_load(matter)
        return cls(given["name"], given["version"], given["inputs"], given["tools"], given["temperature"], text.strip())

    def fill(self, inputs: Any) -> str:
        """Raises PromptError, which names what is missing and what is not known."""
        if not isinstance(inputs, dict) or not all(isinstance(value, str) for value in inputs.values()):
            raise PromptError("send a JSON object of texts")
        if set(inputs) != set(self.inputs):
            raise PromptError(
                f"{self.name} takes {', '.join(self.inputs)}, and was sent {', '.join(sorted(inputs)) or 'nothing'}"
            )
        return re.sub(r"\{\{(.*?)\}\}", lambda found: inputs[found[1]], self.text)
