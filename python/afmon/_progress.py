"""The line of progress: which kind there is, and the display of a notebook."""
from __future__ import annotations

import os
import sys
import threading
import weakref

TYPE_CHECKING = False  # typing's own takes long to import
if TYPE_CHECKING:
    from typing import Any

    from .monitoring import GenerationMonitor

_TERMINAL, _LINE = 1, 2  # as afmon_progress_kind has them
_PERIOD = 0.5  # seconds


def _is_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


def kind() -> int:
    """What draws the line: the library, or here a Display."""
    return _LINE if _is_notebook() else _TERMINAL


def display(monitor: GenerationMonitor) -> Display | None:
    return Display(monitor) if _is_notebook() else None


class Display:
    """An output of a notebook's cell that has the line as it is now. A thread of its own follows it."""

    def __init__(self, monitor: GenerationMonitor) -> None:
        from IPython.display import display  # type: ignore[import-not-found]

        self._process = os.getpid()
        self._end = threading.Event()
        self._monitor = weakref.ref(monitor)
        self._shown = ""
        self._handle: Any = display(self._data(), raw=True, display_id=True)
        self._thread = threading.Thread(target=self._follow, name="afmon-progress", daemon=True)
        self._thread.start()

    def _data(self) -> dict[str, str]:
        return {"text/plain": self._shown}

    def _show(self, monitor: GenerationMonitor) -> None:
        line = monitor._progress_line()
        if line != self._shown:
            self._shown = line
            self._handle.update(self._data(), raw=True)

    def _follow(self) -> None:
        while not self._end.wait(_PERIOD):
            monitor = self._monitor()
            if monitor is None:
                return
            self._show(monitor)
            del monitor  # so that the program's own reference may be the last one

    def end(self, monitor: GenerationMonitor) -> None:
        """After the shutdown: how the run ended. Of a forked child's monitor the line is its parent's."""
        if self._process != os.getpid():
            return
        self._end.set()
        self._thread.join()
        self._show(monitor)
