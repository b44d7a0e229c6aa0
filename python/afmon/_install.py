"""afmon's monitor in the place of afterimage's, where afterimage makes one by itself."""
from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from typing import Any

from .monitoring import GenerationMonitor

_NAME = "GenerationMonitor"
_ARGUMENTS = inspect.signature(GenerationMonitor)

options: dict[str, Any] = {}
made: list[Path] = []  # the folders of the runs


class InstalledMonitor(GenerationMonitor):
    """A GenerationMonitor whose arguments are those of install() where it was made without them."""

    def __init__(self, *arguments: Any, **named: Any):
        given = _ARGUMENTS.bind_partial(*arguments, **named).arguments
        super().__init__(**{**options, **given})
        made.append(self.log_dir)


def install(**monitor_options: Any) -> type[GenerationMonitor]:
    """Put afmon's GenerationMonitor into the place of afterimage's, in all of its modules, also those that come later.

    afterimage's generators and its command make a monitor where they are given none: from now on these are ours, made with
    the keyword arguments given here (`log_dir` ...). Monitors that exist already stay as they are. Returns the class that
    stands there now. ImportError where afterimage is not installed, TypeError for what GenerationMonitor does not take.
    """
    unknown = set(monitor_options) - set(_ARGUMENTS.parameters)
    if unknown:
        raise TypeError(f"install: GenerationMonitor takes no {sorted(unknown)[0]!r}")
    theirs = getattr(importlib.import_module("afterimage.monitoring"), _NAME)
    options.clear()
    options.update(monitor_options)
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "afterimage" and vars(module).get(_NAME) is theirs:
            setattr(module, _NAME, InstalledMonitor)
    return InstalledMonitor
