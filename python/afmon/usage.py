"""Token usage reports."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelTokenUsage:
    """Token usage of one model."""

    model_name: str
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


@dataclass
class TokenUsageReport:
    """Token usage per model, sorted by name, and the sums."""

    by_model: list[ModelTokenUsage]
    total_prompt_tokens: int = 0
    total_completion_tokens: int = 0
    total_tokens: int = 0

    def _repr_html_(self) -> str:
        from . import _html
        rows = [[m.model_name, m.prompt_tokens, m.completion_tokens, m.total_tokens] for m in self.by_model]
        return _html.table("Tokens", ["model", "prompt", "completion", "total"],
                           [*rows, ["all", self.total_prompt_tokens, self.total_completion_tokens, self.total_tokens]])


def report_of(rows: list[tuple[str, int, int, int]]) -> TokenUsageReport:
    models = [ModelTokenUsage(*row) for row in rows]
    return TokenUsageReport(models, sum(m.prompt_tokens for m in models), sum(m.completion_tokens for m in models),
                            sum(m.total_tokens for m in models))
