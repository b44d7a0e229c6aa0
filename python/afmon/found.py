"""The items behind the figures of a run: conversations, personas, rows, tasks, each with its calls."""
from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import _afmon, _typed

OUTCOMES = ("accepted", "rejected", "failed", "abandoned", "open")


@dataclass(frozen=True)
class ItemCall:
    """A call that was made for an item; `retried`: an attempt within one, which failed and was tried again."""

    operation: str | None
    component: str | None
    model_name: str | None
    evaluation: bool  # a tracked evaluation of the item
    evaluator_type: str | None
    started: datetime
    seconds: float | None
    attempt: int
    success: bool
    retried: bool
    error_type: str | None
    status: int | None  # of HTTP
    error: str | None
    prompt_tokens: float | None
    completion_tokens: float | None
    total_tokens: float | None
    cost_usd: float | None


@dataclass(frozen=True)
class FoundItem:
    """An item of a run, as its files have it. `open` and `abandoned` ones have no outcome yet, and none any more."""

    kind: str
    id: int | str
    outcome: str
    reason: str | None  # of a rejected one
    error_type: str | None  # of a failed one
    attempts: int
    started: datetime
    ended: datetime | None
    seconds: float | None
    calls: tuple[ItemCall, ...]  # since its latest beginning, the earliest first
    calls_left_out: int
    text: Any = None  # its line of the data set, as json.loads gives it; None: not asked for, or not there


def _call(members: dict[str, Any]) -> ItemCall:
    return ItemCall(**{**members, "started": datetime.fromisoformat(members["started"])})


def _item(line: bytes) -> FoundItem:
    members: dict[str, Any] = json.loads(line)
    ended = members["ended"]
    members.update(started=datetime.fromisoformat(members["started"]), calls=tuple(map(_call, members["calls"])),
                   ended=None if ended is None else datetime.fromisoformat(ended))
    return FoundItem(**members)


def _states(outcome: str | Iterable[str] | None) -> int:
    names = [] if outcome is None else [outcome] if isinstance(outcome, str) else _typed.listed("outcome", outcome)
    states = 0
    for name in names:
        states |= 1 << _typed.one_of("outcome", name, OUTCOMES)
    return states


class FoundItems(Iterator[FoundItem]):
    """Items, one by one. A notebook shows the first of them as a table, read anew: that takes none from who goes on."""

    _SHOWN = 50

    def __init__(self, ask: Callable[[], _afmon.Items]):
        self._ask, self._reader = ask, ask()

    def __next__(self) -> FoundItem:
        line = self._reader.next()
        if line is None:
            raise StopIteration
        return _item(line)

    def _repr_html_(self) -> str:
        from . import _html
        shown = list(itertools.islice(FoundItems(self._ask), self._SHOWN + 1))
        more = f", the first {self._SHOWN}" if len(shown) > self._SHOWN else ""
        return _html.table(f"Items{more}", ["kind", "id", "outcome", "why", "attempts", "started", "seconds", "calls"],
                           ([one.kind, str(one.id), one.outcome, one.reason or one.error_type, one.attempts, one.started,
                             one.seconds, len(one.calls) + one.calls_left_out] for one in shown[:self._SHOWN]))


def items(folder: str | os.PathLike[str], *, kind: str | None = None, outcome: str | Iterable[str] | None = None,
          reason: str | None = None, operation: str | None = None, error: str | None = None, id: int | str | None = None,
          slowest: int | None = None, text: bool = False,
          data_set: str | os.PathLike[str] | None = None) -> FoundItems:
    """`afmon items`: the items of a run folder, live or finished, the one begun last first, read from the ends of its files
    as they are asked for, so that the newest are there at once.

    An item fits all that is given: `outcome` is "accepted", "rejected", "failed", "abandoned", "open", or several of them;
    `reason` that of a rejection, or the type of a failure; `operation` that of a call; `error` the type by which a call (of
    that operation) failed. `id` is that one alone, with the calls of all its lives. `slowest`: so many that took longest, the
    longest first. With `text` each has its line of the data set that the run's record names, or of `data_set`; ValueError
    where there is none.
    """
    asked = (
        os.fsencode(_typed.path("folder", folder)), _typed.text_or_none("kind", kind), _states(outcome),
        _typed.text_or_none("reason", reason), _typed.text_or_none("operation", operation), _typed.text_or_none("error", error),
        str(id) if isinstance(id, int) else _typed.text_or_none("id", id),
        0 if slowest is None else int(_typed.positive("slowest", slowest)),
        _typed.switch("text", text), _typed.path_or_none("data_set", data_set))
    return FoundItems(lambda: _afmon.open_items(*asked))
