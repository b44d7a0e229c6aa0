"""What a model's answer tells: objects or dicts of the providers' own packages, whole or in chunks. Nothing here raises."""
from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from ._errors import get, usage_tokens, whole

_MODELS = ("model", "model_name", "model_version", "model_id")
_USAGES = ("usage", "usage_metadata", "token_usage", "statistics")
_FINISHES = ("finish_reason", "stop_reason", "done_reason")
_WITHIN = ("response", "message", "response_metadata", "generation_info")  # of events, messages of LangChain and the like
_DETAILS = {
    "cached": ("cached_tokens", "cache_read_input_tokens", "cache_read", "cached_content_token_count", "prompt_cache_hit_tokens"),
    "cache_write": ("cache_write_tokens", "cache_creation_input_tokens", "cache_creation"),
    "reasoning": ("reasoning_tokens", "reasoning", "thoughts_token_count"),
}
_IN_DETAILS = ("prompt_tokens_details", "input_tokens_details", "input_token_details", "completion_tokens_details",
               "output_tokens_details", "output_token_details")
_TEXTS = ("content", "text", "reasoning_content", "reasoning", "thinking", "partial_json", "tool_calls", "function_call")

R = TypeVar("R")


@dataclass
class Answer:
    """None: not told. Tokens as the contract has them: the whole prompt, all that was generated, and the parts of them."""

    model_name: str | None = None
    finish_reason: str | None = None
    prompt: float | None = None
    completion: float | None = None
    total: float | None = None
    cached: float | None = None
    cache_write: float | None = None
    reasoning: float | None = None

    def tokens(self) -> dict[str, float | None]:
        """All of them, by their kind; the total, where nothing tells it, as the sum."""
        known = {field.name: getattr(self, field.name) for field in fields(self)[2:]}
        if self.total is None and self.prompt is not None and self.completion is not None:
            known["total"] = self.prompt + self.completion
        return known

    def update(self, part: Answer) -> None:
        """With what a later chunk tells."""
        for field in fields(part):
            value = getattr(part, field.name)
            if value is not None:
                setattr(self, field.name, value)


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


def _detail(usage: Any, names: tuple[str, ...]) -> float | None:
    for thing in (usage, *(get(usage, name) for name in _IN_DETAILS)):
        for name in names if thing is not None else ():
            tokens = whole(get(thing, name))
            if tokens is not None:
                return tokens
    return None


def _add_usage(answer: Answer, usage: Any) -> None:
    answer.prompt, answer.completion, answer.total = usage_tokens(usage)
    for name, names in _DETAILS.items():
        setattr(answer, name, _detail(usage, names))
    if whole(get(usage, "cache_read_input_tokens")) is not None and answer.prompt is not None:  # Anthropic's leave these out
        answer.prompt += (answer.cached or 0) + (answer.cache_write or 0)
    if whole(get(usage, "thoughts_token_count")) is not None and answer.completion is not None:  # so do Google's
        answer.completion += answer.reasoning or 0


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
        if usage is not None:
            _add_usage(part, usage)
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
