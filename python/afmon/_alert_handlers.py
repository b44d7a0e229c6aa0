"""The list of those who want alerts."""
from __future__ import annotations

from collections.abc import Callable

TYPE_CHECKING = False  # typing's own takes long to import
if TYPE_CHECKING:
    from typing import Any

    from ._alerts import Alert


class AlertHandlers:
    """The handlers as they are now: the user may put others into the list, or give another list, at any time.

    Those of the beginning have a thread each; those that came later share one.
    """

    def __init__(self, handlers: list[Callable[[Alert], None]]) -> None:
        self.now = handlers
        self.first = tuple(handlers)

    def callables(self) -> list[Callable[[tuple[Any, ...]], None]]:
        return [self._caller(handler) for handler in self.first] + [self._call_later_ones]

    def _caller(self, handler: Callable[[Alert], None]) -> Callable[[tuple[Any, ...]], None]:
        from ._alerts import alert_of

        def call(values: tuple[Any, ...]) -> None:
            if any(handler is one for one in list(self.now)):
                handler(alert_of(values))

        return call

    def _call_later_ones(self, values: tuple[Any, ...]) -> None:
        from ._alerts import alert_of
        errors = []
        for handler in list(self.now):
            if any(handler is one for one in self.first):
                continue
            try:
                if not callable(handler):  # the list takes anything
                    raise TypeError(f"alert_handlers: {handler!r} is not callable")
                handler(alert_of(values))
            except Exception as error:
                errors.append(error)
        if errors:
            raise errors[0]
