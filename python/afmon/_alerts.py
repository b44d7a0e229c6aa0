"""An alert."""
from __future__ import annotations

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
