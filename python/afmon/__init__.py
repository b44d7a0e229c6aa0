"""afmon: monitoring of LLM generation.

    from afmon import GenerationMonitor

    with GenerationMonitor() as monitor:
        monitor.track_generation(1.2, True, model_name="my-model", total_token_count=310)
        monitor.get_metrics("generation_time")

It goes wherever ``afterimage.GenerationMonitor`` goes. ``afmon.open_run(folder)`` reads a recorded run.
"""
from ._afmon import version as __version__
from .charts import Figure
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
from .runs import (
    AlertSpan,
    Run,
    RunInfo,
    check,
    export,
    open_run,
    plot_metric,
    recover,
    report,
    summarize,
    visualize_metrics,
)

__all__ = [
    "Alert",
    "AlertSpan",
    "Figure",
    "FileLogHandler",
    "FileMetricHandler",
    "GenerationMonitor",
    "LogHandler",
    "MetricHandler",
    "ModelTokenUsage",
    "Run",
    "RunInfo",
    "TokenUsageReport",
    "__version__",
    "check",
    "export",
    "open_run",
    "plot_metric",
    "recover",
    "report",
    "summarize",
    "visualize_metrics",
]
