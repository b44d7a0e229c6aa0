"""afmon: monitoring of LLM generation.

    from afmon import GenerationMonitor

    with GenerationMonitor() as monitor:
        monitor.track_generation(1.2, True, model_name="my-model", total_token_count=310)
        monitor.get_metrics("generation_time")

It goes wherever ``afterimage.GenerationMonitor`` goes. ``afmon.open_run(folder)`` reads a recorded run.
"""
from ._afmon import version as __version__
from ._install import install
from .charts import Figure
from .feeds import OTLP, StatsD, Webhook
from .live import Follower, LiveInfo, LiveRate, LogLine, follow
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
