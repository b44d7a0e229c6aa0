"""Checks of arguments: what is of the wrong type is a TypeError that names the argument."""
import os


def _wrong(what, wanted, value):
    return TypeError(f"{what} must be {wanted}, not {type(value).__name__}")


def number(what, value):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong(what, "a number", value)
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{what} is larger than a float can hold") from None


def positive(what, value):
    taken = number(what, value)
    if not taken > 0:
        raise ValueError(f"{what} is {value!r}: give more than 0")
    return taken


def count(what, value):
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(what, "an int", value)
    if not 0 <= value < 2**63:
        raise ValueError(f"{what} is {value}: give 0 to 2**63 - 1")
    return value


def switch(what, value):
    if not isinstance(value, bool):
        raise _wrong(what, "a bool", value)
    return value


def text(what, value):
    if not isinstance(value, str):
        raise _wrong(what, "a str", value)
    if "\0" in value:
        raise ValueError(f"{what} holds a NUL")
    return value


def text_or_none(what, value):
    return None if value is None else text(what, value)


def path_or_none(what, value):
    return None if value is None else path(what, value)


def path(what, value):
    """A path as a str."""
    if not isinstance(value, (str, bytes, os.PathLike)):
        raise _wrong(what, "a path", value)
    return text(what, os.fsdecode(value))


def listed(what, value):
    """A list of its own of what the argument holds."""
    try:
        return list(value)
    except TypeError:
        raise _wrong(what, "a list", value) from None


def callables(what, value):
    """A list of its own of functions."""
    taken = listed(what, value)
    for item in taken:
        if not callable(item):
            raise TypeError(f"{what}: {item!r} is not callable")
    return taken


def one_of(what, value, choices):
    """The place of a value among the choices."""
    if isinstance(value, str) and value in choices:
        return choices.index(value)
    raise ValueError(f"{what} is {value!r}: give one of {', '.join(choices)}")
