"""What handlers are, for type checkers and isinstance."""
from __future__ import annotations

from typing import Any, Literal, Protocol, runtime_checkable

LogLevel = Literal["info", "warning", "error"]


@runtime_checkable
class MetricHandler(Protocol):
    """Anything with this method. It is called on a thread of its own; what it raises goes to the log."""

    def handle_metric(self, metric_name: str, value: float, metadata: dict[str, Any]) -> None:
        """One sample. metadata["timestamp"] is its time: ISO 8601, UTC."""


@runtime_checkable
class LogHandler(Protocol):
    """Anything with this method. It is called on a thread of its own; what it raises goes to the log file."""

    def handle_log(self, message: dict[str, Any]) -> None:
        """One record: "message", its data, "level"."""
