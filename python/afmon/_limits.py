"""The limits of the built-in alert rules: their names, which are those of GenerationMonitor without "alert_"."""
from __future__ import annotations

from collections.abc import Mapping

from . import _typed

DEFAULT_LIMITS = {
    "min_success_rate": 0.8,
    "max_generation_time_seconds": 30.0,
    "max_error_rate": 0.2,
    "max_prompt_token_mean": 4096.0,
    "max_completion_token_mean": 4096.0,
    "max_total_token_mean": 8192.0,
    "max_conversation_length_mean": 2.0,
}


def limits_of(function: str, given: Mapping[str, float | None]) -> tuple[float, ...]:
    """In the order in which the extension takes them; None is the default."""
    unknown = set(given) - set(DEFAULT_LIMITS)
    if unknown:
        raise TypeError(f"{function}: unknown limit {sorted(unknown)[0]!r}; there are: {', '.join(DEFAULT_LIMITS)}")
    return tuple(default if given.get(name) is None else _typed.number(name, given[name])
                 for name, default in DEFAULT_LIMITS.items())
