"""afmon: monitoring of LLM generation.

    from afmon import GenerationMonitor

    with GenerationMonitor() as monitor:
        monitor.track_generation(1.2, True, model_name="my-model", total_token_count=310)
        monitor.get_metrics("generation_time")

It goes wherever ``afterimage.GenerationMonitor`` goes. ``afmon.open_run(folder)`` reads a recorded run.
"""
from __future__ import annotations

from . import _later
from ._afmon import version as __version__
from .monitoring import FileLogHandler, FileMetricHandler, GenerationMonitor

TYPE_CHECKING = False  # typing's own takes longer to import than all that is needed here
if TYPE_CHECKING:
    from typing import Any

    from ._alerts import Alert
    from ._install import install
    from ._items import Item
    from ._protocols import LogHandler, MetricHandler
    from .charts import Figure
    from .feeds import OTLP, StatsD, Webhook
    from .found import FoundItem, ItemCall, items
    from .live import Follower, LiveInfo, LiveRate, LogLine, follow
    from .rules import AlertEpisode, AlertRule, built_in_rules, load_rules
    from .runs import (
        AlertInterval,
        AlertSpan,
        Run,
        RunAbout,
        RunInfo,
        check,
        check_rules,
        diff,
        export,
        find_runs,
        open_run,
        plot_metric,
        recover,
        report,
        summary,
        visualize_metrics,
    )
    from .usage import ModelTokenUsage, TokenUsageReport

# By the module that has them: what a program that only records does not need.
_LATER = {name: module for module, names in {
    "_alerts": "Alert",
    "_install": "install",
    "_items": "Item",
    "_protocols": "LogHandler MetricHandler",
    "charts": "Figure",
    "feeds": "OTLP StatsD Webhook",
    "found": "FoundItem ItemCall items",
    "live": "Follower LiveInfo LiveRate LogLine follow",
    "rules": "AlertEpisode AlertRule built_in_rules load_rules",
    "runs": "AlertInterval AlertSpan Run RunAbout RunInfo check check_rules diff export "
            "find_runs open_run plot_metric recover report summary visualize_metrics",
    "usage": "ModelTokenUsage TokenUsageReport",
}.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    return _later.get(__name__, _LATER, name)


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
    "FoundItem",
    "GenerationMonitor",
    "Item",
    "ItemCall",
    "LiveInfo",
    "LiveRate",
    "LogHandler",
    "LogLine",
    "MetricHandler",
    "ModelTokenUsage",
    "OTLP",
    "Run",
    "RunAbout",
    "RunInfo",
    "StatsD",
    "TokenUsageReport",
    "Webhook",
    "__version__",
    "built_in_rules",
    "check",
    "check_rules",
    "diff",
    "export",
    "find_runs",
    "follow",
    "install",
    "items",
    "load_rules",
    "open_run",
    "plot_metric",
    "recover",
    "report",
    "summary",
    "visualize_metrics",
]
