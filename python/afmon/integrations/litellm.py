"""The package litellm: `litellm.callbacks.append(logger(monitor))` tracks each completion, sync or async, whole or streamed.

Seen are time, tokens, cost (by its own map of prices), finish reason, error and status, as litellm has them: a connection that breaks is its
InternalServerError with status 500. Not seen: attempts that the provider's client makes again; the first token (what litellm
tells is its first chunk, which may hold a role alone); the tokens of a stream without `stream_options={"include_usage":
True}`, which litellm estimates (counted as unseen). With `num_retries`, an attempt that litellm told as failed is a call.
litellm tells of sync calls on threads of its own: those of a program's last moment may come too late.
"""
from __future__ import annotations

from typing import Any

from . import GenerationMonitor


def logger(monitor: GenerationMonitor, **metadata: Any) -> Any:
    """A litellm CustomLogger; metadata (operation ...) are on every sample of its calls."""
    from litellm.integrations.custom_logger import CustomLogger

    class MonitorLogger(CustomLogger):
        def __init__(self) -> None:
            super().__init__()
            self.log_dir = str(monitor.log_dir)  # litellm takes loggers with equal attributes for one

        def log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
            _end(kwargs, start_time, end_time, response_obj, None)

        def log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
            _end(kwargs, start_time, end_time, None, kwargs.get("exception") or "litellm told no error")

        async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
            self.log_success_event(kwargs, response_obj, start_time, end_time)

        async def async_log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
            self.log_failure_event(kwargs, response_obj, start_time, end_time)

    def _end(kwargs: Any, start_time: Any, end_time: Any, response: Any, error: Any) -> None:
        if str(kwargs.get("call_type", "completion")) not in _CALLS:
            return
        call = monitor.track(**{"operation": "chat", "model_name": kwargs.get("model"), **metadata}).begin()
        call.answer(response)
        options = (kwargs.get("optional_params") or {}).get("stream_options") or {}
        if kwargs.get("stream") and not options.get("include_usage"):
            call.forget_tokens()
        elif error is None and isinstance(cost := kwargs.get("response_cost"), (int, float)) and (cost > 0 or kwargs.get("cache_hit")):
            call.note(cost_usd=cost)  # what it has no price for may be told as 0
        call.end(error, duration=(end_time - start_time).total_seconds())

    return MonitorLogger()


_CALLS = ("completion", "acompletion", "text_completion", "atext_completion", "responses", "aresponses")
