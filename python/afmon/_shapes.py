"""Windows, and the shapes of what get_metrics gives."""
from __future__ import annotations

import math
from datetime import timedelta

from . import _typed

TYPE_CHECKING = False  # typing's own takes long to import
if TYPE_CHECKING:
    from typing import Any

_LONGEST = 2**63 / 1e9


def seconds(window: timedelta | float | None) -> float:
    """A window in seconds; None is all time, and so is what nanoseconds cannot count. One that is not positive holds
    nothing, as with afterimage."""
    if window is None:
        return math.inf
    length = window.total_seconds() if isinstance(window, timedelta) else _typed.number("window", window)
    if math.isnan(length):
        raise ValueError("window must not be NaN")
    return max(length, 1e-9) if length < _LONGEST else math.inf


def shape(aggregate: dict[str, Any]) -> dict[str, float]:
    """Afterimage's three shapes: zeros for a name that was never recorded, nothing for an empty window, else all figures."""
    known = aggregate.pop("known")
    partial, approximate = aggregate.pop("partial"), aggregate.pop("approximate")
    if not known:
        return {"mean": 0.0, "min": 0.0, "max": 0.0, "count": 0}
    if aggregate["count"] == 0:
        return {}
    if not aggregate["not_finite"]:
        del aggregate["not_finite"]
    if partial:
        aggregate["partial"] = True
    if approximate:
        aggregate["approximate"] = True
    return aggregate
