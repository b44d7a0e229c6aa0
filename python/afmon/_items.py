"""Items: what calls are made for, and which one a call is made in."""
from __future__ import annotations

import contextvars
import hashlib
import operator
import uuid
import warnings
from typing import TYPE_CHECKING, Any

from . import _afmon, _convert, _typed

if TYPE_CHECKING:
    from types import TracebackType

    from .monitoring import GenerationMonitor

_ID_MAX = 200  # bytes, of the library (AFMON_ITEM_ID_MAX)
_HASH_LENGTH = 32  # hexadecimal digits


class Item(_afmon.Item):
    """A conversation, a persona, a row, a task that is being made: what `GenerationMonitor.item` gives.

    What is recorded in its `with` (or `async with`) carries its id: track_generation, track_evaluation, record_metric,
    log_*, track. So do tasks that are made there (asyncio.create_task, gather, TaskGroup) and asyncio.to_thread, even if
    they go on after it; a thread of one's own, or of an executor, where it runs in a copy of the context:
    `executor.submit(contextvars.copy_context().run, work)`. Of nested items the innermost counts. Elsewhere, and in
    generators that take turns, where a `with` around a `yield` also holds for whoever reads, name it:
    `monitor.track_generation(..., item=item)`. Without a `with` it is named, and given its outcome, by hand.

    It has one outcome: `accept`, `reject` or `fail`; a second one is ignored, and warned of once. The `with` that ends
    without one accepts it; an exception fails it, and goes on. What is no Exception (a task that was cancelled,
    KeyboardInterrupt, a generator that was closed) leaves it without an outcome: it is open, and abandoned once its
    process is gone.

    Pickled, it is its kind and id: in another process `with monitor.item(item):` makes it anew, as its next attempt,
    and gives it the outcome; `item=item` names it in calls, while its outcome stays with the process that began it. A
    forked child has it as it is: either it or its parent should give the outcome (where both do, the later one holds).
    """

    def accept(self) -> None:
        """It was made, and is kept."""
        self._settle("accepted", None)

    def reject(self, reason: object = None) -> None:
        """It was made, and is refused: by a gate, a critic, a judge, a filter. Items are counted by their reasons, so let
        those be few: "grade", "duplicate"."""
        self._settle("rejected", None if reason is None else _convert.text(reason))

    def fail(self, error: object = None) -> None:
        """It could not be made. Of an exception its type is noted, else the text, by which items are counted."""
        if isinstance(error, BaseException):
            why: str | None = _convert.type_name(error)
        else:
            why = None if error is None else _convert.name_of_type(error) if isinstance(error, type) else _convert.text(error)
        self._settle("failed", why)

    def _settle(self, outcome: str, why: str | None) -> None:
        if self._monitor is None:
            warnings.warn(f"afmon: {self!r} was begun in another process, which gives it its outcome; "
                          "`with monitor.item(item):` makes it in this one", RuntimeWarning, stacklevel=3)
        else:
            self._end(outcome, why)

    def __enter__(self) -> Item:
        if self._monitor is not None:
            context = _context_of(self._monitor)
            if not self._tokens:  # else it is entered already
                self._outer = self._monitor._current_item()
            self._left = False
            self._tokens = [*(self._tokens or ()), context.set(self)]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._left_by(error)
        if error is None and self._monitor is not None and not self._is_over:
            self.accept()

    def _left_by(self, error: BaseException | None) -> None:
        """Its calls are over; an error ends it, else its outcome comes later."""
        if self._monitor is None:
            return
        self._leave(self._monitor)
        if self._is_over or error is None:
            return
        if isinstance(error, Exception):
            self.fail(error)
        else:
            self._drop()

    def _leave(self, monitor: _afmon.Monitor) -> None:
        """The context is as it was, and children of it keep the item. Where it is left in another context than it was
        entered in (an asynchronous generator that is closed by its loop), or before those within it, it is marked as left
        instead: calls in any context are of those around it then."""
        context = _context_of(monitor)
        tokens = self._tokens or []
        if not tokens:  # it is left already
            return
        for token in reversed(tokens if context.get() is self else []):
            try:
                context.reset(token)
            except ValueError:  # of another context
                continue
            self._tokens = [other for other in tokens if other is not token]
            self._left = not self._tokens and monitor._current_item() is self  # by one that was left before it
            return
        self._tokens = tokens[:-1]
        self._left = True

    async def __aenter__(self) -> Item:
        return self.__enter__()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:
        self.__exit__(kind, error, trace)

    def __reduce__(self) -> tuple[Any, ...]:
        return _named, (type(self), self.kind, self.id)

    def __repr__(self) -> str:
        return f"<afmon.Item: {self.kind} {self.id!r}, {self.outcome or 'without an outcome'}>"


def _named(cls: type[Item], kind: str, id: int | str) -> Item:
    item = cls()
    item._begin(None, kind, id, None)
    return item


def _context_of(monitor: Any) -> contextvars.ContextVar[Any]:
    """The item that goes on in a context; one variable for each monitor."""
    found = monitor.__dict__.get("_item_context")
    if found is None:
        found = monitor.__dict__.setdefault("_item_context", contextvars.ContextVar("afmon_item", default=None))
        monitor._use_items(found.get)
    return found


def _shortened(text: str) -> str:
    """A text that is no id, by one that is: its beginning, and a hash of all of it."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_LENGTH]
    clean = text.encode("utf-8", "replace").replace(b"\0", b"?")
    begin = clean[:_ID_MAX - _HASH_LENGTH - 1].decode("utf-8", "ignore")
    return f"{begin}-{digest}"


def _usable(id: object) -> tuple[int | str, bool]:
    """An id that the library takes, and whether it was given so."""
    if id is None:
        return uuid.uuid4().hex, True
    if not isinstance(id, (str, bool)):
        try:
            number = operator.index(id)  # type: ignore[arg-type]  # numpy's numbers, too
        except Exception:
            number = None
        if number is not None and -(2**63) <= number < 2**63:
            return int(number), True
    text = _convert.text(id)
    if not text:
        return uuid.uuid4().hex, False
    try:
        fits = len(text.encode()) <= _ID_MAX and "\0" not in text
    except UnicodeEncodeError:
        fits = False
    return text if fits else _shortened(text), fits and isinstance(id, str)


def begin(monitor: GenerationMonitor, id: object, kind: str) -> Item:
    """An item that begins now. Only a kind that is none raises."""
    if isinstance(id, Item):
        kind, id = id.kind, id.id
    if not _typed.text("kind", kind):
        raise ValueError('kind is empty: give "conversation", "persona", "row", "task" or a word of your own')
    taken, as_given = _usable(id)
    item = Item()
    item._begin(monitor, kind.encode("utf-8", "replace").decode(), taken, None if as_given else id)
    return item
