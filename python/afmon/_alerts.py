"""Alerts, and the list of those who want them."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass
class Alert:
    """One alert of one pass of the rules. `timestamp` is local time without a zone, as afterimage's."""

    name: str
    message: str
    level: str
    timestamp: datetime
    data: dict[str, Any]
    metric: str = field(default="", compare=False)
    limit: float = field(default=0.0, compare=False)
    state: str = field(default="fired", compare=False)  # "firing" in later passes; "resolved" where a rule asks for it
    aggregate: str = field(default="mean", compare=False)  # of the metric, what was compared: "mean", "p99", "count" ...
    value: float = field(default=0.0, compare=False)  # the number that was compared with the limit
    since: datetime | None = field(default=None, compare=False)  # of the pass in which it fired; local time, too


def alert_of(values: tuple[Any, ...]) -> Alert:
    name, message, level, timestamp_ns, metric, limit, state, aggregate, value, since_ns, data = values
    time, since = datetime.fromtimestamp(timestamp_ns / 1e9), datetime.fromtimestamp(since_ns / 1e9)
    return Alert(name, message, level, time, data, metric, limit, state, aggregate, value, since)


class AlertHandlers:
    """The handlers as they are now: the user may put others into the list, or give another list, at any time.

    Those of the beginning have a thread each; those that came later share one.
    """

    def __init__(self, handlers: list[Callable[[Alert], None]]) -> None:
        self.now = handlers
        self.first = tuple(handlers)

    def callables(self) -> list[Callable[[tuple[Any, ...]], None]]:
        return [self._caller(handler) for handler in self.first] + [self._call_later_ones]

    def _caller(self, handler: Callable[[Alert], None]) -> Callable[[tuple[Any, ...]], None]:
        def call(values: tuple[Any, ...]) -> None:
            if any(handler is one for one in list(self.now)):
                handler(alert_of(values))

        return call

    def _call_later_ones(self, values: tuple[Any, ...]) -> None:
        errors = []
        for handler in list(self.now):
            if any(handler is one for one in self.first):
                continue
            try:
                if not callable(handler):  # the list takes anything
                    raise TypeError(f"alert_handlers: {handler!r} is not callable")
                handler(alert_of(values))
            except Exception as error:
                errors.append(error)
        if errors:
            raise errors[0]
