"""The ends of monitors: at the interpreter's exit, in forked children, and of those that nobody holds any more."""
from __future__ import annotations

import atexit
import os
import sys
import threading
import weakref

TYPE_CHECKING = False  # typing's own takes long to import
if TYPE_CHECKING:
    from collections.abc import Iterator

    from . import _afmon
    from .monitoring import GenerationMonitor


class _Monitors:
    """Those that still live. By their ids: a subclass may have an equality of its own, and with it no hash."""

    def __init__(self) -> None:
        self._references: dict[int, weakref.ref[GenerationMonitor]] = {}

    def __iter__(self) -> Iterator[GenerationMonitor]:
        found = [reference() for reference in list(self._references.values())]
        return iter([monitor for monitor in found if monitor is not None])

    def __contains__(self, monitor: GenerationMonitor) -> bool:
        reference = self._references.get(id(monitor))
        return reference is not None and reference() is monitor

    def add(self, monitor: GenerationMonitor) -> None:
        key = id(monitor)

        def forget(reference: weakref.ref[GenerationMonitor]) -> None:
            if self._references.get(key) is reference:
                del self._references[key]

        self._references[key] = weakref.ref(monitor, forget)

    def discard(self, monitor: GenerationMonitor) -> None:
        if monitor in self:
            del self._references[id(monitor)]


_open = _Monitors()
_told = _Monitors()


def watch(monitor: GenerationMonitor) -> None:
    _open.add(monitor)
    if "multiprocessing.util" in sys.modules:
        _tell(monitor)


def forget(monitor: GenerationMonitor) -> None:
    _open.discard(monitor)


def _shut_down(monitor: GenerationMonitor) -> None:
    """Nobody else sees what its report says: where something went wrong, standard error has it."""
    try:
        report = monitor.shutdown()
    except Exception as error:  # the others still need it
        print(f"afmon: {monitor!r}: {error}", file=sys.stderr)
        return
    dropped = sum(report["dropped"].values())
    if not report["drained"]:
        print(f"afmon: {monitor!r}: not everything was written and handled; samples and log records dropped: {dropped}",
              file=sys.stderr)
    if report["last_error"]:
        print(f"afmon: {monitor!r}: the last error: {report['last_error']}", file=sys.stderr)


@atexit.register
def _shut_down_all() -> None:
    for monitor in _open:
        _shut_down(monitor)


def close_later(monitor: _afmon.Monitor) -> None:
    """Its last reference was dropped in one of its own handlers, which cannot wait for its own end."""
    threading.Thread(target=monitor._shutdown, name="afmon-close").start()


def _tell(monitor: GenerationMonitor) -> None:
    """A forked child of multiprocessing runs no exit hooks but multiprocessing's own, which are cleared as it begins: what
    was registered before is asked again then, and what is made later in a child registers itself."""
    from multiprocessing import process, util

    if monitor not in _told:
        _told.add(monitor)
        util.register_after_fork(monitor, _in_child)
        if process.parent_process() is not None:
            _in_child(monitor)


def _before_fork() -> None:
    if "multiprocessing.util" in sys.modules:
        for monitor in _open:
            _tell(monitor)


def _in_child(monitor: GenerationMonitor) -> None:
    from multiprocessing import util

    reference = weakref.ref(monitor)

    def end() -> None:
        found = reference()
        if found is not None:
            _shut_down(found)

    util.Finalize(monitor, end, exitpriority=0)  # gone with the monitor


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork)
