"""Charts: drawn by libafmon when they are asked for, as PNG, SVG or PDF."""
from __future__ import annotations

import itertools
import os
import warnings
from pathlib import Path
from typing import Any, NamedTuple

from . import _typed

_THEMES = {"light": 0, "dark": 1, "auto": 2}
_PER_INCH = 96  # logical pixels
_SCALE = 1.5
_FORMATS = ("png", "svg", "pdf")
_shown = itertools.count(1)


class Style(NamedTuple):
    """How to draw, in the order in which the extension takes it."""

    width: int
    height: int
    scale: float
    theme: int
    rolling_window: int
    id_prefix: str | None
    since_ns: int
    until_ns: int


def style_of(figsize: tuple[float, float], theme: str, rolling_window: int, since_ns: int, until_ns: int) -> Style:
    if theme not in _THEMES:
        raise ValueError(f'theme is {theme!r}: give "light", "dark" or "auto"')
    try:
        width, height = (round(float(inches) * _PER_INCH) for inches in figsize)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"figsize is {figsize!r}: give width and height in inches") from None
    if width < 1 or height < 1 or max(width, height) > 8192:
        raise ValueError(f"figsize is {figsize!r}: a chart is 320 to 8192 pixels wide, 96 to the inch")
    if isinstance(rolling_window, bool) or not isinstance(rolling_window, int) or rolling_window < 1:
        raise ValueError(f"rolling_window is {rolling_window!r}: give a number of samples, at least 1")
    return Style(width, height, _SCALE, _THEMES[theme], rolling_window, None, since_ns, until_ns)


def warn_all(texts: list[str]) -> None:
    for text in texts:
        warnings.warn(text, stacklevel=4)


class Figure:
    """One chart of a run as it was when the figure was made. A notebook shows it; `savefig` writes it."""

    def __init__(self, view: Any, name: str, title: str, number: int, metric: str | None, style: Style):
        self.name = name
        self.title = title
        self._view = view
        self._what = (number, metric)
        self._style = style

    def __repr__(self) -> str:
        return f"<afmon.Figure {self.title!r}>"

    def draw(self, format: str = "png", scale: float | None = None) -> bytes:
        """The chart as "png", "svg" or "pdf". `scale`: pixels of a png to a logical one (1/96 inch)."""
        return self._draw(format, self._style if scale is None else self._style._replace(scale=_typed.number("scale", scale)))

    def _draw(self, format: str, style: Style) -> bytes:
        if format not in _FORMATS:
            raise ValueError(f"format is {format!r}: give one of {', '.join(_FORMATS)}")
        chunks, notes = self._view.draw(*self._what, format, tuple(style))
        warn_all(notes)
        return b"".join(chunks)

    def savefig(self, fname: Any, *, format: str | None = None, dpi: float | str | None = None, **unused: Any) -> None:
        """Write the chart to a path (missing folders are made; the file is there whole or as it was before) or to a
        binary file object. The format is that of the name's ending, else png. matplotlib's other arguments are taken
        and change nothing."""
        ending = "" if hasattr(fname, "write") else Path(_typed.path("fname", fname)).suffix[1:].lower()
        drawn = self.draw(format or ending or "png", float(dpi) / _PER_INCH if isinstance(dpi, (int, float)) else None)
        if hasattr(fname, "write"):
            fname.write(drawn)
        else:
            _write(Path(os.fsdecode(fname)), drawn)

    def _repr_png_(self) -> bytes:
        return self.draw("png")

    def _repr_svg_(self) -> str:
        # Ids of their own: a notebook is one page.
        return self._draw("svg", self._style._replace(id_prefix=f"afmon-{next(_shown)}-")).decode("utf-8")


def _write(given: Path, content: bytes) -> None:
    path = Path(os.path.realpath(given))  # what a link leads to is replaced, not the link
    if path.is_symlink() or path.exists() and not path.is_file():  # a link here leads to itself
        raise FileExistsError(f"{os.fspath(given)!r} is no regular file and is not replaced; give another name")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".afmon-{os.urandom(8).hex()}")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
