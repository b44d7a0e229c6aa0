"""The ends of monitors: at the interpreter's exit, in forked children, and of those that nobody holds any more."""
import atexit
import os
import sys
import threading
import weakref


class _Monitors:
    """Those that still live. By their ids: a subclass may have an equality of its own, and with it no hash."""

    def __init__(self):
        self._references = {}

    def __iter__(self):
        found = [reference() for reference in list(self._references.values())]
        return iter([monitor for monitor in found if monitor is not None])

    def __contains__(self, monitor):
        reference = self._references.get(id(monitor))
        return reference is not None and reference() is monitor

    def add(self, monitor):
        key = id(monitor)

        def forget(reference):
            if self._references.get(key) is reference:
                del self._references[key]

        self._references[key] = weakref.ref(monitor, forget)

    def discard(self, monitor):
        if monitor in self:
            del self._references[id(monitor)]


_open = _Monitors()
_told = _Monitors()


def watch(monitor):
    _open.add(monitor)
    if "multiprocessing.util" in sys.modules:
        _tell(monitor)


def forget(monitor):
    _open.discard(monitor)


@atexit.register
def _shut_down_all():
    for monitor in _open:
        try:
            monitor.shutdown()
        except Exception as error:  # the others still need it
            print(f"afmon: {monitor!r}: {error}", file=sys.stderr)


def close_later(monitor):
    """Its last reference was dropped in one of its own handlers, which cannot wait for its own end."""
    threading.Thread(target=monitor._shutdown, name="afmon-close").start()


def _tell(monitor):
    """A forked child of multiprocessing runs no exit hooks but multiprocessing's own, which are cleared as it begins: what
    was registered before is asked again then, and what is made later in a child registers itself."""
    from multiprocessing import process, util

    if monitor not in _told:
        _told.add(monitor)
        util.register_after_fork(monitor, _in_child)
        if process.parent_process() is not None:
            _in_child(monitor)


def _before_fork():
    if "multiprocessing.util" in sys.modules:
        for monitor in _open:
            _tell(monitor)


def _in_child(monitor):
    from multiprocessing import util

    reference = weakref.ref(monitor)

    def end():
        found = reference()
        if found is not None:
            found.shutdown()

    util.Finalize(monitor, end, exitpriority=0)  # gone with the monitor


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork)
