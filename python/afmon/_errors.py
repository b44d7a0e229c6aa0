"""What an exception knows of the answer that it was raised for. Nothing here raises an Exception."""
from __future__ import annotations

from . import _afmon

TYPE_CHECKING = False  # typing's own takes long to import
if TYPE_CHECKING:
    from typing import Any

Amount = float | None

_DEEPEST = 4  # of exceptions that were raised from another
_STATUSES = ("status_code", "status", "code", "http_status")  # `code` of google-genai is the status, of openai a word
_USAGES = ("usage", "usage_metadata", "total_usage")
_ANSWERS = ("completion", "response", "last_completion")
_SEEN = "_afmon_seen_by"
_NOTHING: list[Amount] = [None] * 7


def get(thing: Any, name: str) -> Any:
    try:
        return thing.get(name) if isinstance(thing, dict) else getattr(thing, name, None)
    except Exception:
        return None


def whole(value: Any) -> Amount:
    try:
        return float(value) if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
    except Exception:
        return None


def _status(error: BaseException) -> Amount:
    for thing in (error, get(error, "response")):
        for name in _STATUSES if thing is not None else ():
            status = whole(get(thing, name))
            if status is not None and 100 <= status < 600:
                return status
    return None


def _tokens(error: BaseException) -> list[Amount]:
    for thing in (error, *(get(error, name) for name in _ANSWERS)):
        for name in _USAGES if thing is not None else ():
            tokens = _afmon.usage_of(get(thing, name))
            if any(tokens):
                return tokens
    return _NOTHING


def _is_first(error: BaseException, monitor: int) -> bool:
    """Whoever calls a generator that failed may track the same failure again: an answer's tokens were used once."""
    try:
        seen = error.__dict__.setdefault(_SEEN, set())
        first = monitor not in seen
        seen.add(monitor)
        return first
    except Exception:
        return True


def known(error: BaseException, monitor: int) -> tuple[Amount, ...]:
    """HTTP status and what `_afmon.usage_of` gives, as far as the exception, or one that it was raised from, tells."""
    status: Amount = None
    tokens = _NOTHING
    at: BaseException | None = error
    for _ in range(_DEEPEST):
        if at is None:
            break
        status = _status(at) if status is None else status
        if not any(tokens) and any(tokens := _tokens(at)) and not _is_first(at, monitor):
            return (status, *_NOTHING)
        at = get(at, "__cause__")
    return (status, *tokens)
