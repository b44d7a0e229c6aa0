"""What becomes of Python objects in metadata. Nothing here raises an Exception: the generator must go on."""
from __future__ import annotations

import datetime
import enum
import json
import math
import numbers
import os
import sys
import warnings
from collections.abc import Callable

TYPE_CHECKING = False  # typing's own takes long to import
if TYPE_CHECKING:
    from typing import Any

_PLAIN = (str, int, float, bool, type(None))


name_of_type: Callable[[type], str] = type.__dict__["__name__"].__get__  # a metaclass may have a __name__ that raises


def type_name(value: object) -> str:
    return name_of_type(type(value))


def _is_text(value: object) -> bool:
    return isinstance(value, (str, bytes, bytearray))


_CONTAINERS = (dict, list, tuple, set, frozenset)
_MOST_VALUES = 1 << 16  # of one nested value, and the characters of its texts: no sample holds as many
_MOST_CHARACTERS = 1 << 24
_DEEPEST = 64


class _TooMuch(Exception):
    """More than a sample holds."""


class _Nested:
    """One value as json.dumps takes it, whatever is in it. Objects that lead back to what they are in end there; where
    one object stands in many places what is counted are the places, so that the work has an end."""

    def __init__(self) -> None:
        self._values = _MOST_VALUES
        self._characters = _MOST_CHARACTERS
        self._within: set[int] = set()  # ids of what the present value is in

    def plain(self, value: Any) -> Any:
        self._values -= 1
        if self._values < 0:
            raise _TooMuch
        kind = type(value)
        if kind is str:
            return self._counted(value)
        if issubclass(kind, _CONTAINERS):
            return self._inside(value, self._items)
        try:
            plain = _scalar(value)
        except Exception:
            return self._counted(text(value))
        if plain is NotImplemented:
            return self._inside(value, self._opened)
        if isinstance(plain, float) and not math.isfinite(plain):
            return None
        return self._counted(plain) if isinstance(plain, str) else plain

    def _counted(self, words: str) -> str:
        self._characters -= len(words)
        if self._characters < 0:
            raise _TooMuch
        return words

    def _inside(self, value: Any, look: Callable[[Any], Any]) -> Any:
        if id(value) in self._within:
            return "<cycle>"
        if len(self._within) == _DEEPEST:
            return _note(value, "nested too deep")
        self._within.add(id(value))
        try:
            return look(value)
        finally:
            self._within.remove(id(value))

    def _items(self, value: Any) -> Any:
        is_dict = issubclass(type(value), dict)
        try:
            items = [(text(key), item) for key, item in list(value.items())] if is_dict else list(value)
        except Exception as error:
            return _note(value, f"no items ({type_name(error)})")
        if is_dict:
            return {self._counted(key): self.plain(item) for key, item in items}
        return [self.plain(item) for item in items]

    def _opened(self, value: Any) -> Any:
        try:
            opened = _opened(value)
        except Exception:
            opened = text(value)
        return self.plain(opened)


def _note(value: object, words: str) -> str:
    """In place of a value. Not its own text: that of a list in which one list stands in many places may have no end."""
    return f"<{type_name(value)}: {words}>"


def _opened(value: Any) -> Any:
    """A model, a dataclass or an array as dicts and lists; anything else as its text."""
    for method in ("model_dump", "tolist", "to_list"):  # pydantic; numpy, torch, pandas, pyarrow; polars
        call = getattr(type(value), method, None)
        if callable(call):
            return call(value)
    if hasattr(type(value), "__dataclass_fields__"):
        import dataclasses  # which the value's own module has imported
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return text(value)


def _seconds64(value: Any) -> float | None:
    seconds = float(value / type(value)(1, "s"))
    return seconds if math.isfinite(seconds) else None


# Scalars of packages that need not be there, by the name of their type: numpy's times, which come as whole numbers of
# whatever unit, and the values of numpy and pandas for what is missing.
_FOREIGN: dict[str, Callable[[Any], Any]] = {
    "datetime64": lambda value: None if text(value) == "NaT" else text(value),
    "timedelta64": _seconds64,
    "MaskedConstant": lambda value: None,
    "NAType": lambda value: None,
    "NaTType": lambda value: None,
}


def _scalar(value: Any) -> Any:
    """A str, int, float, bool or None; NotImplemented where the value is none of these."""
    if value is None or value is True or value is False:
        return value
    foreign = _FOREIGN.get(type_name(value))
    if foreign is not None:
        return foreign(value)
    if isinstance(value, enum.Enum):
        return _scalar(value.value) if not isinstance(value.value, enum.Enum) else text(value)
    if _is_text(value):
        return text(value)
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, os.PathLike):
        return text(value)
    if isinstance(value, numbers.Integral):
        return _integer(int(value))
    if isinstance(value, numbers.Real) or type_name(value) == "Decimal":
        return float(value)
    if getattr(value, "ndim", None) == 0 and callable(getattr(value, "item", None)):  # arrays of one number
        return _scalar(value.item())
    if callable(getattr(type(value), "as_py", None)):  # pyarrow's scalars
        return _scalar(value.as_py())
    return NotImplemented


def _integer(value: int) -> int | float | str:
    if -(2**63) <= value < 2**63:
        return value
    try:
        return float(value)
    except OverflowError:
        return f"an integer of {value.bit_length()} bits"


def field_value(value: object) -> Any:
    """What add_value of the extension takes: a plain object, or the text of nested JSON in a tuple."""
    try:
        plain = _scalar(value)
        if plain is not NotImplemented:
            return plain if type(plain) in _PLAIN else text(plain)  # isoformat() of a subclass may give anything
        nested = _Nested().plain(value)
        if isinstance(nested, (dict, list)):
            return (json.dumps(nested, ensure_ascii=False, allow_nan=False),)
        return nested
    except _TooMuch:
        return _note(value, "more than a sample holds")
    except Exception:
        return text(value)


def text(value: Any) -> str:
    """The text of an object; where it has none, a note in its place."""
    try:
        kind = type(value)  # isinstance() also asks the object, which may raise
        if issubclass(kind, enum.Enum) and isinstance(value.value, str):
            return str.__str__(value.value)
        if issubclass(kind, (bytes, bytearray)):
            return bytes(value).decode("utf-8", "replace")
        result = str(value)
        return result if type(result) is str else str.__str__(result)[:]
    except Exception as error:
        return _note(value, f"no text ({type_name(error)})")


def describe(error: BaseException) -> str:
    """An exception on one line."""
    words, kind = text(error), type_name(error)
    return f"{kind}: {words}" if words else kind


def number(value: Any) -> float | None:
    """What a value means as a number; a length of time in seconds. None, or an exception, where that is not plain."""
    if isinstance(value, (bytes, bytearray)):
        value = bytes(value).decode("ascii")
    if isinstance(value, str):
        taken = float(value)
        return taken if math.isfinite(taken) else None
    plain = _scalar(value)
    if plain is NotImplemented:  # an array of one number, or what float() takes; others raise
        plain = value.item() if callable(getattr(type(value), "item", None)) else float(value)
    if isinstance(plain, str) and isinstance(value, enum.Enum):
        return number(plain)
    return float(plain) if isinstance(plain, (int, float)) else None


_TRUTHS = {word: truth for truth, words in ((True, "true yes y on 1 ok okay success succeeded successful passed pass done"),
                                            (False, "false no n off 0 failed failure fail error"))
           for word in words.split()}


def truth(value: Any) -> bool | None:
    """Whether a value means success. None, or an exception, where that is not plain."""
    if isinstance(value, BaseException):
        return False
    if isinstance(value, (str, bytes, bytearray)):
        return _TRUTHS.get(text(value).strip().casefold())
    plain = _scalar(value)
    if plain is NotImplemented:
        return bool(value)
    if isinstance(plain, float):
        return bool(plain) if plain in (0.0, 1.0) else None
    return bool(plain) if isinstance(plain, int) else truth(plain) if isinstance(plain, str) else None


def shown(value: object) -> str:
    """A value and its type, for a message."""
    said = text(value).encode("utf-8", "replace").decode()
    short = said if len(said) <= 60 else said[:57] + "..."
    return f"{repr(short) if _is_text(value) else short} ({type_name(value)})"


_PACKAGE = os.path.join(os.path.dirname(__file__), "")


def _depth_of_caller() -> int:
    """For a warning: where the program's own code stands, seen from whoever asks for this."""
    depth = 2
    frame = sys._getframe(depth)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        depth, frame = depth + 1, frame.f_back
    return depth


def warn_odd(argument: str, given: str, became: str) -> None:
    """Told once for each argument of a monitor; how many there were stands in GenerationMonitor.stats()["not_finite"]."""
    warnings.warn(f"afmon: {argument} is {given}, which makes no sense: recorded as {became}", RuntimeWarning,
                  stacklevel=_depth_of_caller())


def warn_refused(reason: str) -> None:
    """Told once for each reason; how many there were stands in GenerationMonitor.stats()["dropped"]."""
    warnings.warn(f"afmon did not record a sample: {reason}", RuntimeWarning, stacklevel=_depth_of_caller())
