"""Checks of arguments: what is of the wrong type is a TypeError that names the argument."""
from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

TYPE_CHECKING = False  # typing's own takes long to import
if TYPE_CHECKING:
    from typing import TypeVar

    T = TypeVar("T")
    C = TypeVar("C", bound=Callable[..., object])


def _wrong(what: str, wanted: str, value: object) -> TypeError:
    return TypeError(f"{what} must be {wanted}, not {type(value).__name__}")


def number(what: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong(what, "a number", value)
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{what} is larger than a float can hold") from None


def positive(what: str, value: object) -> float:
    taken = number(what, value)
    if not taken > 0:
        raise ValueError(f"{what} is {value!r}: give more than 0")
    return taken


def count(what: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(what, "an int", value)
    if not 0 <= value < 2**63:
        raise ValueError(f"{what} is {value}: give 0 to 2**63 - 1")
    return value


def switch(what: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong(what, "a bool", value)
    return value


def text(what: str, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong(what, "a str", value)
    if "\0" in value:
        raise ValueError(f"{what} holds a NUL")
    return value


def text_or_none(what: str, value: object) -> str | None:
    return None if value is None else text(what, value)


def path_or_none(what: str, value: object) -> str | None:
    return None if value is None else path(what, value)


def path(what: str, value: object) -> str:
    """A path as a str."""
    if not isinstance(value, (str, bytes, os.PathLike)):
        raise _wrong(what, "a path", value)
    return text(what, os.fsdecode(value))


def listed(what: str, value: Iterable[T]) -> list[T]:
    """A list of its own of what the argument holds."""
    try:
        return list(value)
    except TypeError:
        raise _wrong(what, "a list", value) from None


def callables(what: str, value: Iterable[C]) -> list[C]:
    """A list of its own of functions."""
    taken = listed(what, value)
    for item in taken:
        if not callable(item):
            raise TypeError(f"{what}: {item!r} is not callable")
    return taken


def one_of(what: str, value: object, choices: Sequence[str]) -> int:
    """The place of a value among the choices."""
    if isinstance(value, str) and value in choices:
        return choices.index(value)
    raise ValueError(f"{what} is {value!r}: give one of {', '.join(choices)}")
