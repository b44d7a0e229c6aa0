"""Recorded runs, and views of live ones."""
from __future__ import annotations

import contextlib
import functools
import json
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from . import _afmon, _typed
from ._alerts import Alert, alert_of
from ._limits import limits_of
from ._shapes import seconds, shape
from .charts import Figure, style_of, warn_all
from .found import FoundItems
from .found import items as _items_of
from .rules import AlertEpisode, AlertRule, of_file_or_list, options_of
from .usage import TokenUsageReport, report_of

_FIRST, _LAST = -(2**63), 2**63 - 1


@dataclass(frozen=True)
class RunInfo:
    """What a run holds. `live`: some process still writes into it."""

    sample_count: int
    not_finite: int
    metric_count: int
    first: datetime | None
    last: datetime | None
    file_count: int
    problem_count: int
    log_alert_count: int
    recovered: int
    live: bool


@dataclass(frozen=True)
class RunAbout:
    """What people call a run: GenerationMonitor(name=, tags=, note=), `afmon generate --name`."""

    name: str | None
    tags: dict[str, str]
    note: str | None


@dataclass(frozen=True)
class AlertSpan:
    """One rule over a whole run: the alert of the pass farthest beyond the limit, and how often it held."""

    worst: Alert
    first: datetime
    last: datetime
    passes_held: int
    passes: int


def time_of(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds // 1000 / 1e6, timezone.utc)


def _span(values: tuple[Any, ...]) -> AlertSpan:
    worst, first, last, held, passes = values
    return AlertSpan(alert_of(worst), time_of(first), time_of(last), held, passes)


@dataclass(frozen=True)
class AlertInterval:
    """One stretch of a run in which an alert rule held."""

    name: str
    level: str
    message: str  # of the pass farthest beyond the limit
    metric: str
    aggregate: str
    comparison: str
    limit: float | None
    worst: float | None  # the value farthest beyond the limit
    worst_at: datetime
    first: datetime  # the first and the last pass in which it fired
    last: datetime
    resolved: datetime | None  # the pass in which it did not any more, where one is known
    held_s: float
    passes: int
    firing: bool  # it holds at the end, or now


class AlertIntervals(list[AlertInterval]):
    """A list of them, which a notebook shows as a table."""

    def _repr_html_(self) -> str:
        from . import _html
        if not self:
            return "<p>No alert held.</p>"
        return _html.table("Alerts", ["alert", "level", "message", "worst", "limit", "first", "last", "held (s)", "firing"],
                           ([one.name, one.level, one.message, one.worst, one.limit, one.first, one.last, one.held_s, one.firing]
                            for one in self))


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def intervals_of(summary: bytes) -> AlertIntervals:
    times = ("worst_at", "first", "last", "resolved")
    alerts: list[dict[str, Any]] = json.loads(summary)["alerts"]
    return AlertIntervals(
        AlertInterval(**{**alert, **{key: _time(alert[key]) for key in times if key in alert}}) for alert in alerts)


class Run:
    """A run as it was at one moment: `afmon.open_run(folder)`, or `monitor.view()` of a live one. It never changes."""

    def __init__(self, view: _afmon.View, window: timedelta | float | None = None, until_ns: int | None = None,
                 folder: str | os.PathLike[str] | None = None):
        self._view, self._folder = view, folder
        self._since, self._until = _FIRST, _LAST
        if window is not None:
            end = view.info()["last_ns"] if until_ns is None else until_ns
            length = seconds(window)
            if math.isfinite(length):
                self._since = max(_FIRST, end - int(length * 1e9))

    def __repr__(self) -> str:
        info = self._view.info()
        return f"<afmon.Run: {info['sample_count']} samples of {info['metric_count']} metrics>"

    def _repr_html_(self) -> str:
        from . import _html
        return _html.run(self.summary())

    @property
    def info(self) -> RunInfo:
        """Counts and times of the whole run, whatever the window."""
        info = self._view.info()
        first, last = info.pop("first_ns"), info.pop("last_ns")
        empty = info["sample_count"] == 0
        return RunInfo(first=None if empty else time_of(first), last=None if empty else time_of(last), **info)

    @functools.cached_property
    def about(self) -> RunAbout:
        """Name, tags and note, as the run's records say. Read with the summary, and kept."""
        return RunAbout(**self.summary()["about"])

    @property
    def metrics(self) -> list[str]:
        """The names of the metrics, in order."""
        return self._view.metric_names()

    @property
    def problems(self) -> list[str]:
        """What was wrong in the files: "metrics.jsonl:17: not a JSON object"."""
        return self._view.problems()

    @property
    def warnings(self) -> list[str]:
        """What is to be known of the run's times: "metrics.jsonl:61: times go back by 1 h 00 min, ..."."""
        return self._view.warnings()

    def get_metrics(self, metric_name: str) -> dict[str, float]:
        """mean, min, max, count, sum, stddev, p50, p90, p99 of a metric: shapes as of GenerationMonitor.get_metrics."""
        return shape(self._view.aggregate(_typed.text("metric_name", metric_name), self._since, self._until))

    def get_total_token_usage(self) -> TokenUsageReport:
        """Tokens per model, and their sums."""
        return report_of(self._view.token_usage(self._since, self._until))

    def samples(self, metric_name: str | None = None) -> list[dict[str, Any]]:
        """The samples of one metric, or of all, as dicts: metric, value, metadata ..., timestamp (a datetime, UTC)."""
        rows = self._view.samples(_typed.text_or_none("metric_name", metric_name), self._since, self._until)
        return [
            {"metric": name, "value": value, **metadata, "timestamp": time_of(time)} for name, time, value, metadata in rows
        ]

    def export(self, path: str | os.PathLike[str], format: str = "json") -> Path:
        """Write the samples to a file: "json", "csv" (a file per metric), "excel" or "parquet". Returns the path."""
        self._view.export(_typed.path("path", path), _typed.text("format", format), self._since, self._until)
        return Path(path)

    def check(self, interval: float = 60.0, **limits: float | None) -> list[AlertSpan]:
        """Replay the alert rules, a pass every `interval` seconds. Limits as of GenerationMonitor, without "alert_"."""
        return [_span(values) for values in self._view.check(limits_of("check", limits), _typed.positive("interval", interval))]

    def check_rules(self, rules: str | os.PathLike[str] | Iterable[AlertRule], interval: float = 60.0) -> list[AlertEpisode]:
        """Replay these rules, or those of a rules file, over the whole run, whatever the window, a pass every `interval`
        seconds: each time in which one fired. `afmon.built_in_rules()` has the built-in ones."""
        kept = of_file_or_list(rules)
        found = self._view.check_rules(options_of("rules", kept), _typed.positive("interval", interval))
        return [AlertEpisode(kept[rule], time_of(began), alert_of(fired), alert_of(worst), alert_of(last), passes, told)
                for rule, began, fired, worst, last, passes, told in found]

    def prometheus_text(self, openmetrics: bool = False) -> str:
        """The whole run as a scrape of it: the metrics of docs/scale.md, in Prometheus' text or as OpenMetrics."""
        return self._view.prometheus_text(openmetrics)

    def summary_json(self) -> str:
        """What the run came to, as JSON: the bytes that `afmon show --json`, `watch`, `check`, `report` and the dashboard
        carry under "summary", for the same samples."""
        return self._view.summarize(self._since, self._until).decode()

    def summary(self) -> dict[str, Any]:
        """What the run came to: "verdict" ("no_data", "healthy", "degraded" or "failed") and its "reasons", "items" (what
        was made), "calls", "evaluations", "tokens", and lists: "alerts", "failures", "models", "operations", "scores",
        "finish_reasons", "metrics". docs/formats.md has the members."""
        found: dict[str, Any] = json.loads(self.summary_json())
        return found

    def alerts(self) -> AlertIntervals:
        """The stretches in which alert rules held: as the run's own monitor judged them, or where it did not judge the
        whole run a replay of its rules."""
        return intervals_of(self._view.summarize(self._since, self._until))

    def items(self, *, kind: str | None = None, outcome: str | Iterable[str] | None = None, reason: str | None = None,
              operation: str | None = None, error: str | None = None, id: int | str | None = None, slowest: int | None = None,
              text: bool = False, data_set: str | os.PathLike[str] | None = None) -> FoundItems:
        """The items behind the figures, as afmon.items: of the whole run, whatever the window, as its files are now. A
        notebook shows them as a table."""
        if self._folder is None:
            raise ValueError("items are read from a run's folder, which this run was not made with")
        return _items_of(self._folder, kind=kind, outcome=outcome, reason=reason, operation=operation, error=error, id=id,
                         slowest=slowest, text=text, data_set=data_set)

    def report(self, path: str | os.PathLike[str], format: str | None = None, title: str | None = None) -> Path:
        """Write what the run came to: "html", one page that needs nothing else, "md" or "json"; by the ending of the path
        where not given. Returns the path."""
        kind = _typed.text("format", format or _report_format(_typed.path("path", path)))
        self._view.report(os.fsencode(path), kind, _typed.text_or_none("title", title), self._since, self._until)
        return Path(path)

    def visualize_metrics(self, save_dir: str | os.PathLike[str], figsize: tuple[float, float] = (12, 6), *,
                          theme: str = "light", rolling_window: int = 10) -> dict[str, Figure]:
        """Draw those of the standard charts that have data into NAME.png files of a folder, which is created.

        Returns them by name, to be shown or written in another way. Without any data: a warning, no folder, {}.
        `theme` is "light", "dark" or "auto".
        """
        return self._visualize(save_dir, figsize, theme, rolling_window)

    def _visualize(self, save_dir: Any, figsize: Any, theme: str, rolling_window: int) -> dict[str, Figure]:
        style = style_of(figsize, theme, rolling_window, self._since, self._until)
        charts, notes = self._view.visualize(_typed.path("save_dir", save_dir), tuple(style))
        warn_all(notes if charts else ["there is no data to draw: no charts were written"])
        return {name: Figure(self._view, name, title, number, None, style) for number, name, title, _ in charts}

    def plot_metric(self, metric_name: str, rolling_window: int = 10, figsize: tuple[float, float] = (12, 8), *,
                    theme: str = "light") -> Figure:
        """A chart of any metric: its samples, and their rolling average. ValueError where there is nothing to draw."""
        if _typed.text("metric_name", metric_name) not in self.metrics:
            raise ValueError(f"Metric {metric_name} not found")
        figures = self._view.aggregate(_typed.text("metric_name", metric_name), self._since, self._until)
        if figures["count"] == 0:
            raise ValueError(f"No data for metric {metric_name} in specified window")
        style = style_of(figsize, theme, rolling_window, self._since, self._until)
        return Figure(self._view, metric_name, metric_name, 0, metric_name, style)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The samples for whatever takes Arrow: pyarrow.table(run), polars.DataFrame(run), DuckDB.

        Columns: metric_name, timestamp (UTC), value, and a nullable one for each key of the metadata. Batches are made as
        they are asked for. A requested schema changes nothing, as the interface allows.
        """
        return self._view.arrow_stream(self._since, self._until)

    def to_pandas(self) -> Any:
        """A pandas.DataFrame: metric, value, timestamp, and a column for each key of the metadata.

        Where pyarrow is there, the data goes through Arrow, and a key whose values are of several types is a column of
        texts; without it such a column holds the objects of `samples`.
        """
        import pandas  # type: ignore[import-not-found, import-untyped, unused-ignore]

        try:
            import pyarrow  # type: ignore[import-not-found, import-untyped, unused-ignore]
        except ImportError:
            frame = pandas.DataFrame(self.samples(), columns=None)
        else:
            frame = pyarrow.table(self).to_pandas().rename(columns={"metric": "_metric", "metric_name": "metric"})
        first = ["metric", "value", "timestamp"]
        return frame.reindex(columns=first + [name for name in frame.columns if name not in first])


_REPORT_FORMATS = {".html": "html", ".htm": "html", ".md": "md", ".json": "json"}


def _report_format(path: str | os.PathLike[str]) -> str:
    found = _REPORT_FORMATS.get(Path(os.fsdecode(path)).suffix.lower())
    if found is None:
        raise ValueError(f'report: {os.fsdecode(path)!r} has none of the endings .html, .md, .json: give format="html", "md" or "json"')
    return found


def _last_written(folder: Path) -> float | None:
    """When a run's files were last written to; None where the folder is no run's."""
    times = []
    for name in ("metrics.jsonl", "afterimage.log", ".afmon"):
        with contextlib.suppress(OSError):
            times.append((folder / name).stat().st_mtime)
    if not times:  # seldom: whatever recorded the run made one of those
        for file in (*folder.glob("metrics-*.jsonl"), *folder.glob("afterimage-*.log")):
            with contextlib.suppress(OSError):
                times.append(file.stat().st_mtime)
    return max(times, default=None)


def find_runs(folder: str | os.PathLike[str] = ".afterimage-monitoring") -> list[Path]:
    """The run folders in a folder, the one last written to first, as `afmon serve` finds them; a run folder itself is the
    only one. The default is where monitors without a log_dir put theirs."""
    parent = Path(_typed.path("folder", folder))
    if _last_written(parent) is not None:
        return [parent]
    found = [(written, child) for child in parent.iterdir()
             if not child.name.startswith(".") and (written := _last_written(child)) is not None]
    return [child for _, child in sorted(found, reverse=True)]


def open_run(folder: str | os.PathLike[str], window: timedelta | float | None = None) -> Run:
    """Read a run folder, live or finished, afmon's or afterimage's. `window` counts back from its last sample."""
    return Run(_afmon.open_view(_typed.path("folder", folder)), window, folder=folder)


def export(folder: str | os.PathLike[str], path: str | os.PathLike[str], format: str = "json",
           window: timedelta | float | None = None) -> Path:
    """`afmon export`: a recorded run as a file."""
    return open_run(folder, window).export(path, format)


def check(folder: str | os.PathLike[str], interval: float = 60.0, **limits: float | None) -> list[AlertSpan]:
    """`afmon check`: the alert rules over a recorded run. An empty list: no rule ever held."""
    return open_run(folder).check(interval, **limits)


def check_rules(folder: str | os.PathLike[str], rules: str | os.PathLike[str] | Iterable[AlertRule],
                interval: float = 60.0) -> list[AlertEpisode]:
    """`afmon check --rules`: a rules file, or rules of your own, over a recorded run."""
    return open_run(folder).check_rules(rules, interval)


def summary(folder: str | os.PathLike[str], window: timedelta | float | None = None) -> dict[str, Any]:
    """What a recorded run came to: Run.summary."""
    return open_run(folder, window).summary()


def _open(run: Run | str | os.PathLike[str]) -> Run:
    return run if isinstance(run, Run) else open_run(run)


def diff(a: Run | str | os.PathLike[str], b: Run | str | os.PathLike[str], *more: Run | str | os.PathLike[str],
         where: dict[str, str] | None = None, fail_on: str | None = None) -> dict[str, Any]:
    """`afmon diff`: what got better in run `b` (and in each further one) against run `a`, what got worse, and what cannot be
    told. Runs are folders, or what `open_run` and `monitor.view()` give; all of a run is compared, whatever its window.

    "figures" has for each figure both values, the "effect" with its interval ("low", "high"), and the "verdict": "better",
    "worse", "changed", "small", "unclear" or "one_sided"; docs/formats.md has all members. `where` keeps only samples whose
    metadata have these values. With `fail_on`, a condition as of `afmon diff --fail-on`, "fails" says whether it holds;
    AfmonError or ValueError where it is none."""
    runs = [_open(run) for run in (a, b, *more)]
    names = [f"run {number}" if run._folder is None else os.fsencode(run._folder).decode(errors="replace") for number, run in enumerate(runs, 1)]
    pairs = [(_typed.text("where", key), _typed.text("where", value)) for key, value in (where or {}).items()]
    condition = _typed.text_or_none("fail_on", fail_on)
    text, fails = _afmon.compare([run._view for run in runs], names, pairs, condition)
    found: dict[str, Any] = json.loads(text)
    return found if condition is None else {**found, "fails": fails}


def report(folder: str | os.PathLike[str], path: str | os.PathLike[str], format: str | None = None,
           title: str | None = None) -> Path:
    """`afmon report`: a recorded run as one page of HTML, as Markdown or as JSON."""
    return open_run(folder).report(path, format, title)


def visualize_metrics(folder: str | os.PathLike[str], save_dir: str | os.PathLike[str] | None = None,
                      window: timedelta | float | None = None, **style: Any) -> dict[str, Figure]:
    """`afmon plot`: the standard charts of a recorded run, into its folder "plots" unless told otherwise."""
    return open_run(folder, window).visualize_metrics(Path(_typed.path("folder", folder)) / "plots" if save_dir is None else save_dir,
                                                      **style)


def plot_metric(folder: str | os.PathLike[str], metric_name: str, window: timedelta | float | None = None,
                rolling_window: int = 10, **style: Any) -> Figure:
    """A chart of any metric of a recorded run."""
    return open_run(folder, window).plot_metric(metric_name, rolling_window, **style)


def recover(folder: str | os.PathLike[str]) -> int:
    """`afmon recover`: put what killed processes left behind into the files. Returns the number of records.

    Raises ValueError where some of it is damaged, until somebody removes those files; what is whole is in the run's files
    all the same.
    """
    return _afmon.recover(_typed.path("folder", folder))
