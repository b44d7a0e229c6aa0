"""GenerationMonitor: what `afterimage.monitoring` offers, over libafmon."""
from __future__ import annotations

import contextlib
import functools
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path

from . import _afmon, _convert, _errors, _exit, _later, _typed
from ._alert_handlers import AlertHandlers
from ._limits import DEFAULT_LIMITS
from ._shapes import seconds, shape

TYPE_CHECKING = False  # typing's own takes long to import
if TYPE_CHECKING:
    from typing import Any, TypeVar

    from ._alerts import Alert
    from ._budget import StoppingCallback
    from ._items import Item
    from ._progress import Display
    from ._protocols import LogHandler, LogLevel, MetricHandler
    from ._track import Tracker
    from .charts import Figure
    from .feeds import OTLP, StatsD, Webhook
    from .rules import AlertRule
    from .runs import Run
    from .usage import ModelTokenUsage, TokenUsageReport

    G = TypeVar("G")

_LATER = {"Alert": "_alerts", "LogHandler": "_protocols", "LogLevel": "_protocols", "MetricHandler": "_protocols",
          "ModelTokenUsage": "usage", "TokenUsageReport": "usage"}


def __getattr__(name: str) -> Any:
    return _later.get(__name__, _LATER, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})


__all__ = [
    "Alert",
    "FileLogHandler",
    "FileMetricHandler",
    "GenerationMonitor",
    "LogHandler",
    "LogLevel",
    "MetricHandler",
    "ModelTokenUsage",
    "TokenUsageReport",
]

_INFO, _WARNING, _ERROR = range(3)
_MAX_MEMORY = 256 << 20
_RING_BYTES = 256 << 10


class FileMetricHandler:
    """metrics.jsonl of a folder. For a monitor's own folder the library writes the file, with all its promises."""

    def __init__(self, log_dir: str | os.PathLike[str]):
        self.log_dir = Path(log_dir)
        self.log_file = self.log_dir / "metrics.jsonl"

    def handle_metric(self, metric_name: str, value: float, metadata: dict[str, Any]) -> None:
        line = json.dumps({"metric": metric_name, "value": value, **metadata}, ensure_ascii=False, default=_convert.text)
        with open(self.log_file, "a", encoding="utf-8") as file:
            file.write(line + "\n")


class FileLogHandler:
    """afterimage.log of a folder. For a monitor's own folder the library writes the file, with all its promises."""

    def __init__(self, log_dir: str | os.PathLike[str]):
        self.log_dir = Path(log_dir)
        self.log_file = self.log_dir / "afterimage.log"

    def handle_log(self, message: dict[str, Any]) -> None:
        now = datetime.now()
        line = json.dumps(message, ensure_ascii=False, default=_convert.text)
        with open(self.log_file, "a", encoding="utf-8") as file:
            file.write(f"{now:%Y-%m-%d %H:%M:%S},{now.microsecond // 1000:03d} - {line}\n")


@functools.lru_cache(maxsize=4)
def _iso_second(second: int) -> str:
    return datetime.fromtimestamp(second, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


def _iso(timestamp_ns: int) -> str:
    """Called for each sample that a handler gets; to format the date costs ten times the rest."""
    second, nanosecond = divmod(timestamp_ns, 1_000_000_000)
    return f"{_iso_second(second)}.{nanosecond // 1000:06d}+00:00"


def _metric_caller(handler: MetricHandler) -> Callable[..., None]:
    def call(name: str, value: float, metadata: dict[str, Any], timestamp_ns: int) -> None:
        metadata["timestamp"] = _iso(timestamp_ns)
        handler.handle_metric(metric_name=name, value=value, metadata=metadata)

    return call


def _log_caller(handler: LogHandler) -> Callable[..., None]:
    def call(message: str, data: dict[str, Any], level: str, timestamp_ns: int) -> None:
        handler.handle_log({"message": message, **data, "level": level})

    return call


def _handlers(given: Iterable[Any] | None, method: str, argument: str, default: Callable[[], Any]) -> tuple[Any, ...]:
    if given is None:
        return (default(),)
    handlers = tuple(given)
    for handler in handlers:
        if not callable(getattr(handler, method, None)):
            raise TypeError(f"{argument}: {handler!r} has no method {method}")
    return handlers


def _limit(name: str, given: float | None) -> float:
    return DEFAULT_LIMITS[name] if given is None else _typed.number(f"alert_{name}", given)


def _number(argument: str, given: Any) -> float:
    """Seconds."""
    return given.total_seconds() if isinstance(given, timedelta) else _typed.number(argument, given)


def _cost(what: str, value: object) -> float:
    usd = _typed.number(what, value)
    if not 0 <= usd <= 1e6:
        raise ValueError(f"{what} is {value!r}: give 0 to 1000000 US dollars")
    return usd


def _interval(given: float | None) -> float:
    interval = 0.0 if given is None else _number("metrics_interval", given)
    if interval != interval:
        raise ValueError("metrics_interval must not be NaN")
    return max(1.0, interval) if interval > 0 else 0.0


def _check_rules(rules: list[AlertRule] | None, rules_file: Any, limits: dict[str, float | None]) -> None:
    if rules is None:
        return
    if rules_file is not None:
        raise ValueError("give rules_file or rules, not both")
    for name, limit in limits.items():
        if limit is not None:
            raise ValueError(f"alert_{name} is of a built-in rule, which rules replaces: "
                             f"give rules=[*afmon.built_in_rules({name}=...), ...]")


def _sent_on(otlp: str | OTLP | None, statsd: str | StatsD | None, webhook: str | Webhook | None) -> tuple[Any, ...]:
    """What the extension takes."""
    if otlp is None and statsd is None and webhook is None:
        return None, None, None
    from . import feeds
    return (feeds.options_of("otlp", otlp, feeds.OTLP), feeds.options_of("statsd", statsd, feeds.StatsD),
            feeds.options_of("webhook", webhook, feeds.Webhook))


def _kept_rules(rules: Iterable[AlertRule] | None, rules_file: str | os.PathLike[str] | None,
                limits: dict[str, float | None]) -> list[AlertRule] | None:
    """What is odd about those of a file is warned of; the monitor reads the file itself."""
    if rules is None and _typed.path_or_none("rules_file", rules_file) is None:
        return None
    from .rules import listed, load_rules
    kept = None if rules is None else listed("rules", rules)
    _check_rules(kept, rules_file, limits)
    if rules_file is not None:
        load_rules(rules_file)
    return kept


def _rule_options(rules: list[AlertRule] | None) -> list[tuple[Any, ...]] | None:
    if rules is None:
        return None
    from .rules import options_of
    return options_of("rules", rules)


def _reopen(cls: type[GenerationMonitor], options: dict[str, Any]) -> GenerationMonitor:
    return cls(**options)


def _kept_tags(tags: object) -> dict[str, str]:
    if tags is not None and not isinstance(tags, Mapping):
        raise TypeError(f'tags must be a dict, as {{"team": "red"}}, not {type(tags).__name__}')
    return {_typed.text("tags", key): str(value) for key, value in (tags or {}).items()}


def _progress_kind(wanted: bool) -> int:
    if not wanted:
        return 0
    from ._progress import kind
    return kind()


class GenerationMonitor(_afmon.Monitor):
    """Monitors generation: counts, times, errors, tokens and scores, in a run folder and on demand.

    Takes the arguments of ``afterimage.GenerationMonitor``. Besides, by keyword: `max_memory`, bytes of samples kept in
    memory (older ones are read back from the files); `ring_bytes`, the queue of each recording thread; `on_full`, "wait"
    or "drop", what a record call does when the disk is so slow that this queue is full.

    Alert rules: `rules_file`, in YAML (docs/rules.md), what it changes in the built-in ones and its own; or `rules`, a
    list of AlertRule in place of the built-in ones, which are `[*afmon.built_in_rules(), AlertRule(...)]` with them.

    What it sends on (docs/scale.md), beside all handlers: `otlp`, an endpoint or an OTLP; `statsd`, HOST:PORT or a StatsD;
    `webhook`, a URL or a Webhook, for alerts. `prometheus_listen`, "127.0.0.1:9464", serves /metrics there (port 0: any
    free one, see `prometheus_url`; "": only counts, for `prometheus_text`), over this process and its forked children;
    `prometheus_token_file` holds the token that
    it asks for, and must be given beyond this machine. Secrets come from environment variables and files only.

    `name`, `tags` (`{"team": "red"}`) and `note` say which run it is: they stand in the run record, are shown wherever the run
    is, and found by the dashboard's search. They are no label or tag of any sample.

    An item that is in attempt 10, 20, 40 ... (`item.retry()`) is a warning in the log and on the screens; with
    `item_alerts` alert handlers get it, too, as `item_attempts`.

    `data_set` is the file of JSON lines that the run writes: it stands in the run record, so that `afmon items --text` and
    `run.items(text=True)` find what was made.

    `prices` is a file that says what tokens cost, by model (docs/prices.md): tracked calls then record `cost_usd`, and the
    run's summary tells what it cost.

    `max_cost_usd` is the most that the run may cost, over all processes that record into its folder and over its resumed
    parts. A monitor stops nothing by itself: `may_spend()` says whether a further call may begin, and
    `stopping_callback()` is that for afterimage's generators. The limit is passed by the calls in flight, at most.

    With `progress` a line tells how far the run is: items of the plan, the time that it takes yet, alerts, yield, cost. It is
    drawn on standard error where that is a terminal, in a notebook below the cell, and elsewhere not at all; never by the
    threads that record.

    An explicit empty list of handlers means none. Handlers run on threads of their own: a slow one delays nobody.
    Pickled (multiprocessing with spawn), it opens the same run folder in the other process; a forked child just goes on.
    """

    _display: Display | None = None  # of a notebook

    def __init__(
        self,
        log_dir: str | os.PathLike[str] | None = None,
        metric_handlers: Iterable[MetricHandler] | None = None,
        log_handlers: Iterable[LogHandler] | None = None,
        alert_handlers: Iterable[Callable[[Alert], None]] | None = None,
        metrics_interval: float = 60,
        shutdown_timeout: float = 5,
        *,
        alert_min_success_rate: float | None = None,
        alert_max_generation_time_seconds: float | None = None,
        alert_max_error_rate: float | None = None,
        alert_max_prompt_token_mean: float | None = None,
        alert_max_completion_token_mean: float | None = None,
        alert_max_total_token_mean: float | None = None,
        alert_max_conversation_length_mean: float | None = None,
        token_usage_callback: Callable[[TokenUsageReport], None] | None = None,
        token_usage_callback_interval_seconds: float = 60.0,
        max_memory: int = _MAX_MEMORY,
        ring_bytes: int = _RING_BYTES,
        on_full: str = "wait",
        rules_file: str | os.PathLike[str] | None = None,
        rules: Iterable[AlertRule] | None = None,
        otlp: str | OTLP | None = None,
        statsd: str | StatsD | None = None,
        webhook: str | Webhook | None = None,
        prometheus_listen: str | None = None,
        prometheus_token_file: str | os.PathLike[str] | None = None,
        name: str | None = None,
        tags: Mapping[str, object] | None = None,
        note: str | None = None,
        item_alerts: bool = False,
        data_set: str | os.PathLike[str] | None = None,
        prices: str | os.PathLike[str] | None = None,
        max_cost_usd: float | None = None,
        progress: bool = False,
    ):
        alerts = _typed.callables("alert_handlers", alert_handlers or [])
        if token_usage_callback is not None and not callable(token_usage_callback):
            raise TypeError(f"token_usage_callback: {token_usage_callback!r} is not callable")
        if on_full not in ("wait", "drop"):
            raise ValueError(f'on_full is {on_full!r}: give "wait" or "drop"')
        given_folder = _typed.path("log_dir", log_dir) if log_dir else None
        limits = {
            "min_success_rate": alert_min_success_rate,
            "max_generation_time_seconds": alert_max_generation_time_seconds,
            "max_error_rate": alert_max_error_rate,
            "max_prompt_token_mean": alert_max_prompt_token_mean,
            "max_completion_token_mean": alert_max_completion_token_mean,
            "max_total_token_mean": alert_max_total_token_mean,
            "max_conversation_length_mean": alert_max_conversation_length_mean,
        }
        kept_rules = _kept_rules(rules, rules_file, limits)
        kept_tags = _kept_tags(tags)
        metrics = None if metric_handlers is None else _typed.listed("metric_handlers", metric_handlers)
        logs = None if log_handlers is None else _typed.listed("log_handlers", log_handlers)
        _handlers(metrics, "handle_metric", "metric_handlers", lambda: None)
        _handlers(logs, "handle_log", "log_handlers", lambda: None)
        self._alerts = AlertHandlers(alerts)
        self._token_usage_callback = token_usage_callback
        self.metrics_interval = metrics_interval
        self.shutdown_timeout = shutdown_timeout

        def usage(rows: list[tuple[str, int, int, int]]) -> None:
            from .usage import report_of
            token_usage_callback(report_of(rows))  # type: ignore[misc]

        def is_own(handler: Any, kind: type[Any]) -> bool:
            return type(handler) is kind and given_folder is not None and os.path.abspath(handler.log_dir) == os.path.abspath(given_folder)

        self._open(
            given_folder,
            [None] if metrics is None else [None if is_own(h, FileMetricHandler) else _metric_caller(h) for h in metrics],
            [None] if logs is None else [None if is_own(h, FileLogHandler) else _log_caller(h) for h in logs],
            self._alerts.callables(),
            _interval(metrics_interval),
            _number("shutdown_timeout", shutdown_timeout),
            tuple(_limit(name, value) for name, value in limits.items()),
            usage if token_usage_callback is not None else None,
            _number("token_usage_callback_interval_seconds", token_usage_callback_interval_seconds),
            _typed.count("max_memory", max_memory),
            _typed.count("ring_bytes", ring_bytes),
            on_full == "drop",
            _typed.path_or_none("rules_file", rules_file),
            _rule_options(kept_rules),
            _sent_on(otlp, statsd, webhook),
            _typed.text_or_none("prometheus_listen", prometheus_listen),
            _typed.path_or_none("prometheus_token_file", prometheus_token_file),
            _typed.text_or_none("name", name),
            _typed.text_or_none("note", note),
            list(kept_tags.items()),
            _typed.switch("item_alerts", item_alerts),
            _typed.path_or_none("data_set", data_set),
            _typed.path_or_none("prices", prices),
            float("nan") if max_cost_usd is None else _cost("max_cost_usd", max_cost_usd),
            _progress_kind(_typed.switch("progress", progress)),
        )
        self.log_dir = Path(self._log_dir())
        self._metric_handlers = _handlers(metrics, "handle_metric", "", lambda: FileMetricHandler(self.log_dir))
        self._log_handlers = _handlers(logs, "handle_log", "", lambda: FileLogHandler(self.log_dir))
        self._options = {
            "log_dir": os.path.abspath(self.log_dir), "metric_handlers": metrics, "log_handlers": logs,
            "metrics_interval": metrics_interval, "shutdown_timeout": shutdown_timeout,
            **{f"alert_{name}": value for name, value in limits.items()},
            "token_usage_callback": token_usage_callback,
            "token_usage_callback_interval_seconds": token_usage_callback_interval_seconds,
            "max_memory": max_memory, "ring_bytes": ring_bytes, "on_full": on_full,
            "rules_file": None if rules_file is None else os.path.abspath(os.fsdecode(rules_file)), "rules": kept_rules,
            "otlp": otlp, "statsd": statsd, "webhook": webhook,
            "prometheus_listen": None if prometheus_listen is None else "",  # the address is this process's
            "name": name, "tags": kept_tags, "note": note, "item_alerts": item_alerts,
            "data_set": None if data_set is None else os.path.abspath(os.fsdecode(data_set)),
            "prices": None if prices is None else os.path.abspath(os.fsdecode(prices)),
            "progress": False,  # one line is enough
            "max_cost_usd": None,  # the other process goes on with what the run's limit is by then
        }
        _exit.watch(self)
        if progress:
            from ._progress import display
            self._display = display(self)

    def __repr__(self) -> str:
        return f"<afmon.GenerationMonitor in {str(getattr(self, 'log_dir', None))!r}>"

    def __enter__(self) -> GenerationMonitor:
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (type(self), {**self._options, "alert_handlers": list(self._alerts.now)})

    # ---- handlers ----

    @property
    def metric_handlers(self) -> tuple[MetricHandler, ...]:
        """The metric handlers; chosen when the monitor is made."""
        return self._metric_handlers

    @property
    def log_handlers(self) -> tuple[LogHandler, ...]:
        """The log handlers; chosen when the monitor is made."""
        return self._log_handlers

    @property
    def alert_handlers(self) -> list[Callable[[Alert], None]]:
        """The alert handlers: a list that may be changed, or set, at any time."""
        return self._alerts.now

    @alert_handlers.setter
    def alert_handlers(self, handlers: Iterable[Callable[[Alert], None]]) -> None:
        self._alerts.now = _typed.callables("alert_handlers", handlers)

    @property
    def _workers(self) -> list[str]:
        """Afterimage's tests count its threads here: what works behind this monitor, by afterimage's division of the work."""
        work = ["metrics", "logs"]
        if self._token_usage_callback is not None:
            work.append("token usage")
        if _interval(self.metrics_interval) > 0:
            work.append("alerts")
        return work

    # ---- recording ----

    def track(self, operation: str | None = None, **metadata: Any) -> Tracker:
        """Track a call of a model: its time, its error, and of what comes back usage, model, finish reason, first token.

            with monitor.track("answer_generation") as call:
                response = call.answer(client.chat.completions.create(...))     # or: for chunk in call.stream(response)

            @monitor.track("answer_generation")                                 # also of coroutines and generators
            def ask(question): ...

        `metadata` are on every sample of the call; `operation` of a decorated function is its name by default. What is
        raised goes on as it is. Threads and tasks may share a decorated function; each `with` needs a track() of its own.
        """
        from ._track import Tracker
        return Tracker(self, {**({} if operation is None else {"operation": operation}), **metadata})

    def item(self, id: int | str | Item | None = None, kind: str = "conversation") -> Item:
        """Begin an item: a conversation, a persona, a row, a task that is being made, of which calls are the means.

            with monitor.item(17) as item:
                answer = ask(...)                        # what is recorded in here carries item_id=17
                if not is_good(answer):
                    item.reject("too short")             # else it is accepted; an exception fails it

        Its id is a number or a text, unique in the run among items of its kind; None makes one up. One that was begun
        before is the same item, made again. See `Item`.
        """
        from ._items import begin
        return begin(self, id, kind)

    def may_spend(self, usd: float = 0.0) -> bool:
        """Whether calls that cost `usd` in all may still begin: False where the run has reached its `max_cost_usd`, or its
        ledger cannot be read. True without a limit. Takes microseconds."""
        return self._may_spend(_cost("usd", usd))

    def stopping_callback(self) -> StoppingCallback:
        """What ends afterimage's generators when the run has reached its `max_cost_usd`: one of their
        `stopping_criteria`."""
        from ._budget import StoppingCallback
        return StoppingCallback(self)

    def plan(self, total: int, kind: str = "conversation", *, done: int = 0, accepted: bool = False) -> None:
        """Say what the run means to make: `total` items of a kind, `done` of them before it. With `accepted` so many are
        wanted, whatever is rejected and fails on the way; else each that gets an outcome counts. Whoever follows the run
        shows how far it is, and how long it will take; the latest plan holds."""
        wanted, before = _typed.count("total", total), _typed.count("done", done)
        if before > wanted:
            raise ValueError(f"done is {before}, but the plan is of {wanted}")
        if not kind:
            raise ValueError("kind is empty: give what is made, as conversation")
        self._plan(_typed.text("kind", kind), wanted, before, _typed.switch("accepted", accepted))

    def attach(self, generator: G) -> G:
        """Make items of what a generator of afterimage makes, without a change to its code. Returns the generator.

        What becomes an item of each kind of generator, and what cannot be seen from there, is in `afmon.attach`. The
        generator must record to this monitor, or to none yet. TypeError where there is nothing to attach to; to attach
        twice changes nothing.
        """
        from .attach import attach
        return attach(self, generator)

    # ---- logging ----

    def log_info(self, message: str, **data: Any) -> None:
        """Log one record at level info; data may be anything."""
        self._log(_INFO, message, data)

    def log_warning(self, message: str, **data: Any) -> None:
        """Log one record at level warning."""
        self._log(_WARNING, message, data)

    def log_error(self, message: str, error: BaseException | str | None = None, **data: Any) -> None:
        """Log one record at level error; of an exception its text and its type."""
        if error is not None:
            data = {"error": _convert.text(error), "error_type": _convert.type_name(error), **data}
        self._log(_ERROR, message, data)

    # ---- asking ----

    def get_metrics(self, metric_name: str, window: timedelta | float | None = timedelta(minutes=5), *,
                    where: dict[str, Any] | None = None) -> dict[str, float]:
        """mean, min, max, count, sum, stddev, p50, p90, p99 over a window (None: all time), of all samples or of those alone
        that have this metadata: get_metrics("generation_time", where={"operation": "answer_generation"}).

        A name that was never recorded gives zeros (mean, min, max, count); a known one with nothing in the window gives
        {}. "not_finite" (a count) stands there where there was any; "partial" and "approximate" as the C API says.
        """
        if not isinstance(metric_name, str):
            raise TypeError(f"get_metrics: metric_name must be a str, not {type(metric_name).__name__}")
        if where is not None and not isinstance(where, dict):
            raise TypeError(f"get_metrics: where must be a dict, not {type(where).__name__}")
        return shape(self._aggregate(metric_name, seconds(window), where))

    def get_total_token_usage(self, window: timedelta | float | None = None) -> TokenUsageReport:
        """Tokens per model, sorted by name, and their sums; window None: all of the run, at a cost that does not grow."""
        from .usage import report_of
        return report_of(self._token_usage(seconds(window)))

    def check_alerts(self) -> list[Alert]:
        """One pass of the alert rules now. Returns the alerts that hold, after the handlers had them."""
        from ._alerts import alert_of
        alerts = [alert_of(values) for values in self._check_alerts()]
        if alerts:
            with contextlib.suppress(RuntimeError, OSError):  # from a handler; a handler too slow; a full disk
                self._flush(_number("shutdown_timeout", self.shutdown_timeout))
        return alerts

    def stats(self) -> dict[str, Any]:
        """What the monitor knows of itself: samples recorded, written, queued, dropped (by cause), waits, memory, handlers."""
        return self._stats()

    def flush(self, timeout: timedelta | float = 5.0) -> None:
        """Wait until all that was recorded is in the files and was given to the handlers. TimeoutError where it is not."""
        self._flush(_number("timeout", timeout))

    @property
    def prometheus_url(self) -> str | None:
        """Where /metrics is: "http://127.0.0.1:9464". None without prometheus_listen, and in a forked child,
        whose records the one of its parent counts."""
        return self._prometheus_url()

    def prometheus_text(self, openmetrics: bool = False) -> str:
        """What a scrape gives, in Prometheus' text or as OpenMetrics: for a server of your own. The monitor must have been
        made with prometheus_listen ("" counts without listening)."""
        return self._prometheus_text(openmetrics)

    # ---- data out ----

    def _repr_html_(self) -> str:
        return self.view()._repr_html_()

    def view(self, window: timedelta | float | None = None) -> Run:
        """The run as it is now: it does not change any more, and recording goes on meanwhile."""
        from .runs import Run
        with contextlib.suppress(RuntimeError, OSError):
            self._flush(_number("shutdown_timeout", self.shutdown_timeout))
        return Run(self._view(), window, time.time_ns(), self.log_dir)

    def save_metrics(self) -> Path:
        """Write all samples to metrics_YYYYmmdd_HHMMSS.json in the run folder."""
        return Path(self._save_metrics())

    def export_metrics(self, output_path: str | os.PathLike[str], format: str = "json",
                       window: timedelta | float | None = None) -> None:
        """Write the samples of a window to a file; missing folders are made, metadata is part of it."""
        self.view(window).export(output_path, format)

    def visualize_metrics(self, save_dir: str | os.PathLike[str] | None = None, figsize: tuple[float, float] = (12, 6),
                          return_figures: bool = True, *, theme: str = "light") -> dict[str, Figure]:
        """Draw those of the standard charts that have data into NAME.png files, in LOG_DIR/plots by default.

        Returns them by name, whatever return_figures says. Without any data: a warning, no folder, {}.
        """
        return self.view()._visualize(self.log_dir / "plots" if save_dir is None else save_dir, figsize, theme, 10)

    def plot_metric(self, metric_name: str, window: timedelta | float | None = timedelta(hours=1),
                    rolling_window: int = 10, figsize: tuple[float, float] = (12, 8), *, theme: str = "light") -> Figure:
        """A chart of any metric: its samples of a window (None: all time), and their rolling average.

        ValueError for a name that was never recorded, and where there is nothing in the window.
        """
        return self.view(window).plot_metric(metric_name, rolling_window, figsize, theme=theme)

    def report(self, path: str | os.PathLike[str], format: str | None = None, title: str | None = None) -> Path:
        """Write what the run came to so far as one page of HTML, or as Markdown (by the ending), judged by the
        rules of this monitor. Returns the path."""
        return self.view().report(path, format, title)

    # ---- the end ----

    def shutdown(self) -> dict[str, Any]:
        """Write what is recorded, give it to the handlers, stop. Returns what became of everything.

        Takes at most shutdown_timeout, and the call that a handler is in. Queries and exports go on working.
        """
        report = self._shutdown()
        _exit.forget(self)
        if self._display is not None:
            self._display.end(self)
        return report


_afmon._set_helpers(_convert.field_value, _convert.text, _convert.describe, _convert.warn_refused, _exit.close_later,
                    _convert.number, _convert.truth, _convert.shown, _convert.warn_odd, _errors.known)
