"""The ends of monitors: at the interpreter's exit, in forked children, and of those that nobody holds any more."""
import atexit
import os
import sys
import threading
import weakref

_open: weakref.WeakSet = weakref.WeakSet()
_told: weakref.WeakSet = weakref.WeakSet()


def watch(monitor):
    _open.add(monitor)
    if "multiprocessing.util" in sys.modules:
        _tell(monitor)


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
        for monitor in list(_open):
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
