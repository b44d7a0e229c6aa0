"""Following a run while it grows, as `afmon watch` and `afmon serve` do."""
from __future__ import annotations

import json
import math
import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from . import _afmon, _typed
from .rules import AlertRule, of_file_or_list, options_of
from ._shapes import seconds, shape
from .runs import AlertInterval, intervals_of, time_of

__all__ = ["Follower", "LiveInfo", "LiveRate", "LogLine", "follow"]

_FIRST, _LAST = -(2**63), 2**63 - 1
_LEVELS = ("info", "warning", "error")
_BUDGET_S = 0.25  # of an update, while older parts of the run are being read


@dataclass(frozen=True)
class LiveInfo:
    """A run as far as it was read."""

    state: Literal["waiting", "running", "stalled", "ended"]  # stalled: its process lives and records nothing
    loaded: float  # the part of the files that is read, 0 to 1: below 1 no answer is final
    revision: int  # another one whenever an answer may have changed
    restarts: int  # how often a file was cut back or replaced, so that all was read again
    sample_count: int
    not_finite: int
    problem_count: int  # lines that are no samples
    log_line_count: int
    first: datetime | None
    last: datetime | None
    now: datetime  # what windows count back from: the last sample where the run has ended
    metric_count: int
    file_count: int
    memory_bytes: int
    recovered: int  # records of killed processes that were put into the files
    planned: int | None  # pieces of work in all, where the run says so
    done: int | None
    per_second: float | None  # finished lately
    remaining: timedelta | None  # half of such runs end by then
    remaining_p10: timedelta | None  # one of ten; from the run's own items, so None where it tells of none
    remaining_p90: timedelta | None  # nine of ten
    open_items: int  # of the plan's kind, and how long the oldest of them is
    oldest_open: timedelta | None


@dataclass(frozen=True)
class LiveRate:
    """One model or operation: totals, times in seconds, and what went on a second, lately."""

    name: str
    component: str  # of an operation; "" where none is given
    calls: int
    failures: int
    prompt_tokens: float
    completion_tokens: float
    total_tokens: float
    mean_s: float  # 0 for a model
    p50_s: float
    p95_s: float
    calls_per_s: float
    failures_per_s: float
    prompt_tokens_per_s: float
    completion_tokens_per_s: float
    total_tokens_per_s: float


@dataclass(frozen=True)
class LogLine:
    """One record of the run's log. `data` is a str where the record was cut, being very long."""

    timestamp: datetime
    level: str
    message: str
    data: dict[str, Any] | str


def _data(text: str) -> dict[str, Any] | str:
    try:
        data: dict[str, Any] = json.loads("{" + text + "}")
        return data
    except ValueError:
        return text


def _info(values: dict[str, Any]) -> LiveInfo:
    plan, first, last = values.pop("plan"), values.pop("first_ns"), values.pop("last_ns")
    now = time_of(values.pop("now_ns"))
    times = (None, None) if values["sample_count"] == 0 else (time_of(first), time_of(last))
    planned, done, per_second, *times_left, open_items = plan or (None, None, None, *(math.nan,) * 4, 0)
    eta, low, high, oldest = (timedelta(seconds=s) if math.isfinite(s) else None for s in times_left)
    return LiveInfo(first=times[0], last=times[1], now=now, planned=planned, done=done, per_second=per_second,
                    remaining=eta, remaining_p10=low, remaining_p90=high, open_items=open_items, oldest_open=oldest, **values)


class Follower:
    """`afmon.follow(folder)`: a run that is read as it grows, in bounded memory whatever its length.

    Iterating updates it: each step gives a `LiveInfo` when something has changed, at most every `interval` seconds, until
    the run has ended. Questions are answered from what was read by then. Any thread may ask; one at a time is answered.
    """

    def __init__(self, folder: str | os.PathLike[str], interval: float = 1.0, *, stalled_after: float = 60.0,
                 rules: str | os.PathLike[str] | Iterable[AlertRule] | None = None):
        self.folder = _typed.path("folder", folder)
        self.interval = _typed.positive("interval", interval)
        kept = of_file_or_list(rules or [])
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._live = _afmon.open_live(os.fsencode(self.folder), _typed.positive("stalled_after", stalled_after),
                                      options_of("rules", kept))

    def __repr__(self) -> str:
        return f"<afmon.Follower of {self.folder!r}>"

    def __enter__(self) -> Follower:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[LiveInfo]:
        told = None
        while (info := self._step()) is not None:
            if info.revision != told or info.state == "ended" and info.loaded == 1:
                told = info.revision
                yield info
            if info.state == "ended" and info.loaded == 1:
                return
            self._closed.wait(min(self.interval, threading.TIMEOUT_MAX) if info.loaded == 1 else 0.01)

    def _step(self) -> LiveInfo | None:
        """An update; None where another thread has closed it."""
        with self._lock:
            if self._closed.is_set():
                return None
            self._live.update(_BUDGET_S)
            return _info(self._live.info())

    def close(self) -> None:
        """End an iteration, also one of another thread, and let go of everything. Later questions are a ValueError."""
        self._closed.set()
        with self._lock:
            self._live.close()

    def update(self, budget: float = _BUDGET_S) -> LiveInfo:
        """Read what is new, and then older parts that are not read yet, for about `budget` seconds."""
        with self._lock:
            self._live.update(_typed.number("budget", budget))
            return _info(self._live.info())

    @property
    def info(self) -> LiveInfo:
        """The run as of the last update."""
        with self._lock:
            return _info(self._live.info())

    @property
    def metrics(self) -> list[str]:
        """The names of the metrics, in order."""
        with self._lock:
            return self._live.metric_names()

    def get_metrics(self, metric_name: str, window: timedelta | float | None = None) -> dict[str, float]:
        """As GenerationMonitor.get_metrics. Over all time quantiles are exact up to 4,096 values, then within 0.2 %; over a
        window they are given of generation_time and evaluation_time, and there is no stddev."""
        name, length = _typed.text("metric_name", metric_name), seconds(window)
        with self._lock:
            now = self._live.info()["now_ns"]
            since = max(_FIRST, now - int(length * 1e9)) if math.isfinite(length) else _FIRST
            figures = self._live.aggregate(name, since, _LAST)
        if window is not None:
            for missing in ("stddev",) if _afmon.metric_unit(name) == "seconds" else ("stddev", "p50", "p90", "p99"):
                del figures[missing]
        return shape(figures)

    def models(self, window: float = 60.0) -> list[LiveRate]:
        """The models, most calls first, with rates over the last 1 to 120 seconds."""
        return self._rates(False, window)

    def operations(self, window: float = 60.0) -> list[LiveRate]:
        """The operations, most calls first, with rates over the last 1 to 120 seconds."""
        return self._rates(True, window)

    def _rates(self, operations: bool, window: float) -> list[LiveRate]:
        length = _typed.number("window", window)
        if not 1 <= length <= 120:
            raise ValueError(f"window is {window!r}: give 1 to 120 seconds")
        with self._lock:
            return [LiveRate(*values) for values in self._live.rates(operations, length)]

    def alerts(self) -> list[AlertInterval]:
        """The stretches in which alert rules held so far: as Run.alerts; where `rules` were given, by these."""
        with self._lock:
            return intervals_of(self._live.summarize())

    def log(self, level: str = "info", text: str | None = None, *, routine: bool = False, limit: int = 100) -> list[LogLine]:
        """The last lines of the log, the latest first: of at least a level, that hold a text; `routine`: those of calls
        that went well, too. Of the last 500 lines."""
        number = _typed.one_of("level", level, _LEVELS)
        most = _typed.count("limit", limit)
        if not 1 <= most <= 10_000:
            raise ValueError(f"limit is {limit}: give 1 to 10,000")
        with self._lock:
            found = self._live.log(number, bool(routine), _typed.text_or_none("text", text), most)
        return [LogLine(time_of(at), of, message, _data(data)) for at, of, message, data in found]

    def summary_json(self) -> str:
        """What the run comes to so far, as JSON: as Run.summary_json once all of it is read."""
        with self._lock:
            return self._live.summarize().decode()

    def summary(self) -> dict[str, Any]:
        """What the run comes to so far: as Run.summary."""
        found: dict[str, Any] = json.loads(self.summary_json())
        return found


def follow(folder: str | os.PathLike[str], interval: float = 1.0, *, stalled_after: float = 60.0,
           rules: str | os.PathLike[str] | Iterable[AlertRule] | None = None) -> Follower:
    """`afmon watch`: follow a run folder, which need not exist yet. `stalled_after` seconds without a sample make a run
    "stalled"; `rules`, a file of them or a list, stand in place of what its log says of alerts."""
    return Follower(folder, interval, stalled_after=stalled_after, rules=rules)
