"""The ends of monitors: at the interpreter's exit, in forked children, and of those that nobody holds any more."""
import atexit
import os
import sys
import threading
import weakref

_open = weakref.WeakSet()
_told = weakref.WeakSet()


def watch(monitor):
    _open.add(monitor)


def forget(monitor):
    _open.discard(monitor)


@atexit.register
def _shut_down_all():
    for monitor in list(_open):
        try:
            monitor.shutdown()
        except Exception as error:  # the others still need it
            print(f"afmon: {monitor!r}: {error}", file=sys.stderr)


def close_later(monitor):
    """Its last reference was dropped in one of its own handlers, which cannot wait for its own end."""
    threading.Thread(target=monitor._shutdown, name="afmon-close").start()


def _before_fork():
    """A child of multiprocessing runs no exit hooks but multiprocessing's own, which are cleared as it begins."""
    util = sys.modules.get("multiprocessing.util")
    if util is None:
        return
    for monitor in list(_open):
        if monitor not in _told:
            _told.add(monitor)
            util.register_after_fork(monitor, _in_child)


def _in_child(monitor):
    util = sys.modules["multiprocessing.util"]
    reference = weakref.ref(monitor)

    def end():
        found = reference()
        if found is not None:
            found.shutdown()

    util.Finalize(None, end, exitpriority=0)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork)
