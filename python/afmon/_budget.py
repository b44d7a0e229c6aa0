"""The end of a run that has reached what it may cost, for afterimage's generators."""
from __future__ import annotations

TYPE_CHECKING = False  # typing's own takes long to import
if TYPE_CHECKING:
    from .monitoring import GenerationMonitor


class StoppingCallback:
    """Stops a generation whose monitor has reached its `max_cost_usd`. It is what afterimage calls a stopping callback (asked
    after each item), and asks the monitor that it was made by, whatever the generator's own is."""

    def __init__(self, monitor: GenerationMonitor):
        self.monitor = monitor

    async def should_stop(self, state: object) -> bool:
        return not self.monitor.may_spend()
