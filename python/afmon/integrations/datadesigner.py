"""NeMo Data Designer: `stop = subscribe(monitor)` tracks each request of a chat model until `stop()`.

Seen are time (from when the request may go out), tokens, and errors as status 429, a time-out or another failure. Each
attempt of its client is a call here. Not seen: text and status of other failures; the finish reason; the first token (it
streams nothing); the tokens of an answer without usage, for which it tells 0 (counted as unseen).
"""
from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from . import GenerationMonitor

_FAILED: dict[str, dict[str, Any]] = {
    "rate_limited": {"error": "rate limited", "error_type": "RateLimitError", "http_status": 429},
    "provider_timeout": {"error": "timed out", "error_type": "APITimeoutError"},
    "provider_failure": {"error": "the provider failed", "error_type": "APIError"},
}


def subscribe(monitor: GenerationMonitor, **metadata: Any) -> Callable[[], None]:
    """Listens to Data Designer in this process; metadata (operation ...) are on every sample. Returns what ends it."""
    from data_designer.engine.models.usage_events import subscribe_token_usage
    from data_designer.engine.observability import subscribe_request_admission_events

    lock, since, ended = threading.Lock(), {}, {}  # type: ignore[var-annotated]  # of leases; ended before somebody told of their begin
    answered = threading.local()  # nothing comes between a request's release and its usage on the same thread

    def end(call: Any, lease: Any, until: float) -> None:
        with lock:
            if (began := since.pop(lease, None)) is None:
                ended[lease] = call, until
        if began is not None:
            call.end(duration=until - began)

    def request(event: Any) -> None:
        resource, lease, now = event.request_resource_key or {}, event.request_lease_id, event.captured_at_monotonic
        if resource.get("domain") != "chat":
            answered.request = None
        elif event.event_kind == "request_lease_acquired":
            with lock:
                since[lease], late = now, ended.pop(lease, None)
            if late is not None:
                end(late[0], lease, late[1])
        elif event.event_kind == "request_lease_released":
            call = monitor.track(**{"operation": "chat", "model_name": resource.get("model_id"), **metadata}).begin()
            answered.request = call, lease, now
            if event.reason_or_outcome != "success":
                call.note(**_FAILED.get(event.reason_or_outcome, {"error": event.reason_or_outcome}))
                end(*answered.request)

    def usage(event: Any) -> None:
        if (request := getattr(answered, "request", None)) is not None:
            if event.input_tokens or event.output_tokens:
                request[0].answer({"usage": {"input_tokens": event.input_tokens, "output_tokens": event.output_tokens}})
            end(*request)

    stops = subscribe_request_admission_events(request), subscribe_token_usage(usage)
    return lambda: None if [stop() for stop in stops] else None
