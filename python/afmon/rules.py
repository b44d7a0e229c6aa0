"""Alert rules as objects: what docs/rules.md says of a rules file's, with the names of the C struct."""
from __future__ import annotations

import math
import os
import sys
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from . import _afmon, _convert, _typed
from ._alerts import Alert
from ._limits import limits_of

__all__ = ["AlertEpisode", "AlertRule", "built_in_rules", "load_rules"]

_AGGREGATES = ("mean", "min", "max", "sum", "count", "rate", "stddev")
_COMPARISONS = ("below", "above", "at_most", "at_least")
_LEVELS = ("info", "warning", "error")


@dataclass(frozen=True)
class AlertRule:
    """One rule: "`aggregate` of `metric` over `window_s` seconds is `comparison` `limit`".

    `aggregate` is "mean", "min", "max", "sum", "count", "rate" (samples a second), "stddev", or a quantile: "p50",
    "p99.9". `where` is metadata that a sample must have. The rule fires when that has held for `for_s`, is judged by
    `clear` (None: by the limit) while it fires, and is resolved when it has not been beyond for `keep_firing_for_s`.
    With fewer than `min_samples` in the window it does not hold. Handlers are told again every `renotify_s` seconds: 0 is
    every pass, math.inf never. Messages are templates, "p99 is {value:.1f} s"; docs/rules.md has all of it.
    """

    name: str
    metric: str
    comparison: Literal["below", "above", "at_most", "at_least"]
    limit: float
    aggregate: str = "mean"
    window_s: float = 300.0
    level: Literal["info", "warning", "error"] = "warning"
    where: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
    message: str | None = None
    resolved_message: str | None = None
    for_s: float = 0.0
    clear: float | None = None
    keep_firing_for_s: float = 0.0
    min_samples: int = 1
    renotify_s: float = 0.0
    send_resolved: bool = True

    def _options(self, what: str) -> tuple[Any, ...]:
        aggregate, quantile = _aggregate(f"{what}.aggregate", self.aggregate)
        return (
            _typed.text(f"{what}.name", self.name),
            _typed.text(f"{what}.metric", self.metric),
            aggregate,
            quantile,
            _typed.one_of(f"{what}.comparison", self.comparison, _COMPARISONS),
            _typed.number(f"{what}.limit", self.limit),
            _typed.number(f"{what}.window_s", self.window_s),
            _typed.one_of(f"{what}.level", self.level, _LEVELS),
            _where(f"{what}.where", self.where),
            _typed.text_or_none(f"{what}.message", self.message),
            _typed.text_or_none(f"{what}.resolved_message", self.resolved_message),
            _typed.number(f"{what}.for_s", self.for_s),
            None if self.clear is None else _typed.number(f"{what}.clear", self.clear),
            _typed.number(f"{what}.keep_firing_for_s", self.keep_firing_for_s),
            _typed.count(f"{what}.min_samples", self.min_samples),
            _typed.number(f"{what}.renotify_s", self.renotify_s),
            _typed.switch(f"{what}.send_resolved", self.send_resolved),
        )


@dataclass(frozen=True)
class AlertEpisode:
    """One time in which a rule fired, in a run that was replayed: `Run.check_rules`."""

    rule: AlertRule
    began: datetime  # the pass in which its condition began to hold
    fired: Alert
    worst: Alert  # of the pass farthest beyond the limit
    last: Alert  # where it was resolved: that alert; else of the last pass of the run
    passes: int  # in which it fired
    told: int  # how often handlers and log would have been told

    @property
    def resolved(self) -> bool:
        """Whether it was over before the run's end."""
        return self.last.state == "resolved"


def _aggregate(what: str, given: Any) -> tuple[int, float]:
    """The C struct's number of it, and the quantile."""
    _typed.text(what, given)
    if given in _AGGREGATES:
        return _AGGREGATES.index(given), 0.0
    try:
        percent = float(given[1:]) if given[:1] == "p" else math.nan
    except ValueError:
        percent = math.nan
    if not 0 <= percent <= 100:
        raise ValueError(f'{what} is {given!r}: give {", ".join(_AGGREGATES)}, or a quantile: "p99"')
    return len(_AGGREGATES), percent / 100


def _where(what: str, given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise TypeError(f"{what} must be a mapping of metadata, not {type(given).__name__}")
    plain = {_typed.text(f"{what}: a key", key): _convert.field_value(value) for key, value in given.items()}
    for key, value in plain.items():
        if isinstance(value, tuple):
            raise TypeError(f"{what}[{key!r}] must be a str, a number, a bool or None, not {type(given[key]).__name__}")
    return plain


def _rule_of(values: tuple[Any, ...]) -> AlertRule:
    (name, metric, aggregate, quantile, comparison, limit, window_s, level, where, message, resolved_message, for_s, clear,
     keep_firing_for_s, min_samples, renotify_s, send_resolved) = values
    text = f"p{round(quantile * 100, 9):.10g}" if aggregate == len(_AGGREGATES) else _AGGREGATES[aggregate]
    return AlertRule(name, metric, _COMPARISONS[comparison], limit, text, window_s, _LEVELS[level],  # type: ignore[arg-type]
                     where, message, resolved_message, for_s, clear, keep_firing_for_s, min_samples, renotify_s, send_resolved)


def listed(argument: str, rules: Iterable[AlertRule]) -> list[AlertRule]:
    """The rules of an argument as a list of its own. What is odd about them is warned of."""
    if isinstance(rules, (AlertRule, str)) or not isinstance(rules, Iterable):
        raise TypeError(f"{argument} must be a list of afmon.AlertRule, not {type(rules).__name__}")
    taken = list(rules)
    for i, rule in enumerate(taken):
        if not isinstance(rule, AlertRule):
            raise TypeError(f"{argument}[{i}] must be an afmon.AlertRule, not {type(rule).__name__}")
    _warn_of_odd(options_of(argument, taken))
    return taken


def of_file_or_list(rules: str | os.PathLike[str] | Iterable[AlertRule]) -> list[AlertRule]:
    """The rules of the argument `rules`, which may be a rules file."""
    return load_rules(rules) if isinstance(rules, (str, os.PathLike)) else listed("rules", rules)


def options_of(argument: str, rules: list[AlertRule]) -> list[tuple[Any, ...]]:
    """What the extension takes."""
    return [rule._options(f"{argument}[{i}]") for i, rule in enumerate(rules)]


def _warn_of_odd(options: list[tuple[Any, ...]]) -> None:
    """As of the line of the program that gave the rules."""
    frame, depth = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == __package__:
        frame, depth = frame.f_back, depth + 1
    for remark in _afmon.rule_remarks(options):
        warnings.warn(f"afmon: {remark}", RuntimeWarning, stacklevel=depth)


def built_in_rules(**limits: float | None) -> list[AlertRule]:
    """The built-in rules with these limits, named as those of GenerationMonitor without "alert_"."""
    return [_rule_of(values) for values in _afmon.built_in_rules(limits_of("built_in_rules", limits))]


def load_rules(path: str | os.PathLike[str], **limits: float | None) -> list[AlertRule]:
    """A rules file (YAML, docs/rules.md): the built-in rules as the file leaves them, and its own. What is wrong in it is a
    ValueError with file, line and column; what is odd is warned of."""
    loaded = _afmon.load_rules(os.fsencode(_typed.path("path", path)), limits_of("load_rules", limits))
    _warn_of_odd(loaded)
    return [_rule_of(values) for values in loaded]
