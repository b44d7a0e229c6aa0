"""Names that a module imports when they are first asked for: what a program that only records does not need."""
from __future__ import annotations

import sys


def get(module: str, where: dict[str, str], name: str) -> object:
    """For a module's __getattr__; `where` has the module of each name."""
    if name not in where:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    import importlib
    found: object = getattr(importlib.import_module(f".{where[name]}", __package__), name)
    setattr(sys.modules[module], name, found)
    return found
