"""What a model's answer tells: objects or dicts of the providers' own packages, whole or in chunks. Nothing here raises."""
from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from . import _afmon
from ._errors import get

_MODELS = ("model", "model_name", "model_version", "model_id")
_USAGES = ("usage", "usage_metadata", "token_usage", "statistics")
_FINISHES = ("finish_reason", "stop_reason", "done_reason")
_WITHIN = ("response", "message", "response_metadata", "generation_info")  # of events, messages of LangChain and the like
_TEXTS = ("content", "text", "reasoning_content", "reasoning", "thinking", "partial_json", "tool_calls", "function_call")

R = TypeVar("R")


@dataclass
class Answer:
    """None: not told. What was used as `_afmon.usage_of` gives it: the whole prompt, all that was generated, their parts."""

    model_name: str | None = None
    finish_reason: str | None = None
    prompt: float | None = None
    completion: float | None = None
    total: float | None = None
    cached: float | None = None
    cache_write: float | None = None
    reasoning: float | None = None
    cost_usd: float | None = None

    def tokens(self) -> dict[str, float | None]:
        """All of them, by their kind; the total, where nothing tells it, as the sum."""
        known = {field.name: getattr(self, field.name) for field in _USED if field.name != "cost_usd"}
        if self.total is None and self.prompt is not None and self.completion is not None:
            known["total"] = self.prompt + self.completion
        return known

    def update(self, part: Answer) -> None:
        """With what a later chunk tells."""
        for field in fields(part):
            value = getattr(part, field.name)
            if value is not None:
                setattr(self, field.name, value)


_USED = fields(Answer)[2:]


def _instead(default: Callable[[], R]) -> Callable[[Callable[[Any], R]], Callable[[Any], R]]:
    """What is given where an answer is of a kind whose look raises: a generator's own objects may do anything."""
    def decorate(function: Callable[[Any], R]) -> Callable[[Any], R]:
        @functools.wraps(function)
        def guarded(thing: Any) -> R:
            try:
                return function(thing)
            except Exception:
                return default()

        return guarded

    return decorate


def _text(thing: Any, names: tuple[str, ...]) -> str | None:
    for name in names:
        value = get(thing, name)
        value = get(value, "value") if not isinstance(value, str) else value  # an enumeration
        if isinstance(value, str) and value:
            return str(value)
    return None


def _first(thing: Any, *names: str) -> Any:
    for name in names:
        values = get(thing, name)
        if isinstance(values, (list, tuple)) and values:
            return values[0]
    return None


@_instead(Answer)
def answer_of(response: Any) -> Answer:
    """Of a response, or of one chunk of a stream."""
    answer = Answer()
    for thing in (response, *(get(response, name) for name in _WITHIN)):
        if thing is None or isinstance(thing, str):
            continue
        part = Answer(model_name=_text(thing, _MODELS))
        for place in (thing, _first(thing, "choices", "candidates"), get(thing, "delta"), get(thing, "incomplete_details")):
            part.finish_reason = part.finish_reason or _text(place, (*_FINISHES, "reason") if place is not thing else _FINISHES)
        usage = next((found for name in _USAGES if (found := get(thing, name)) is not None), None)
        if usage is None and get(thing, "eval_count") is not None:  # Ollama's own
            usage = thing
        if usage is not None:
            for field, value in zip(_USED, _afmon.usage_of(usage)):
                setattr(part, field.name, value)
        answer.update(part)
    return answer


@_instead(lambda: False)
def has_text(chunk: Any) -> bool:
    """Whether a chunk of a stream holds a token; the first ones may hold a role alone."""
    if isinstance(chunk, str):
        return chunk != ""
    delta = get(chunk, "delta")
    if isinstance(delta, str) and delta:
        return True
    choice = _first(chunk, "choices")
    places = (get(choice, "delta"), get(choice, "message"), choice, delta, get(chunk, "message"), chunk)
    return any(bool(get(place, name)) for place in places if not isinstance(place, str) for name in _TEXTS)
