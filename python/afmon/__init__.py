"""afmon: monitoring of LLM generation.

    from afmon import GenerationMonitor

    with GenerationMonitor() as monitor:
        monitor.track_generation(1.2, True, model_name="my-model", total_token_count=310)
        monitor.get_metrics("generation_time")

It goes wherever ``afterimage.GenerationMonitor`` goes. ``afmon.open_run(folder)`` reads a recorded run.
"""
from typing import TYPE_CHECKING, Any

from ._afmon import version as __version__
from .charts import Figure
from .feeds import OTLP, StatsD, Webhook
from .monitoring import (
    Alert,
    FileLogHandler,
    FileMetricHandler,
    GenerationMonitor,
    LogHandler,
    MetricHandler,
    ModelTokenUsage,
    TokenUsageReport,
)
from .rules import AlertEpisode, AlertRule, built_in_rules, load_rules
from .runs import (
    AlertInterval,
    AlertSpan,
    Run,
    RunInfo,
    check,
    check_rules,
    export,
    find_runs,
    open_run,
    plot_metric,
    recover,
    report,
    summary,
    visualize_metrics,
)

if TYPE_CHECKING:
    from ._install import install
    from .live import Follower, LiveInfo, LiveRate, LogLine, follow

# What a program that records does not need is imported when it is first asked for.
_LATER = {"install": "_install", **dict.fromkeys(("Follower", "LiveInfo", "LiveRate", "LogLine", "follow"), "live")}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib
    found = getattr(importlib.import_module(f".{_LATER[name]}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


__all__ = [
    "Alert",
    "AlertEpisode",
    "AlertInterval",
    "AlertRule",
    "AlertSpan",
    "Figure",
    "FileLogHandler",
    "FileMetricHandler",
    "Follower",
    "GenerationMonitor",
    "LiveInfo",
    "LiveRate",
    "LogHandler",
    "LogLine",
    "MetricHandler",
    "ModelTokenUsage",
    "OTLP",
    "Run",
    "RunInfo",
    "StatsD",
    "TokenUsageReport",
    "Webhook",
    "__version__",
    "built_in_rules",
    "check",
    "check_rules",
    "export",
    "find_runs",
    "follow",
    "install",
    "load_rules",
    "open_run",
    "plot_metric",
    "recover",
    "report",
    "summary",
    "visualize_metrics",
]
