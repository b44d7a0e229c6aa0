"""The package openai: `wrap(client, monitor)` tracks each generation of a client, sync or async, whole or streamed.

Seen are chat.completions, completions and responses, by create, parse and stream, also of what `with_options` gives: time,
tokens, finish reason, error and status, the time to the first token of a stream, and each attempt that was made again.
Not seen: the tokens of a stream without `stream_options={"include_usage": True}`, or closed before its end, and of what
`with_raw_response` gives (all counted as unseen).
"""
from __future__ import annotations

import functools
import inspect
from typing import Any

from .._track import current
from . import GenerationMonitor, T


def wrap(client: T, monitor: GenerationMonitor, **metadata: Any) -> T:
    """The same client, tracked from now on; metadata (operation ...) are on every sample of its calls."""
    def begin(options: Any) -> Any:
        asked = options.json_data if isinstance(options.json_data, dict) else {}
        is_one = options.method.lower() == "post" and str(options.url).endswith(("/chat/completions", "/completions", "/responses"))
        return monitor.track(**{"operation": "chat", "model_name": asked.get("model"), **metadata}).begin() if is_one else None

    own: Any = client
    own.request = _around(own.request, lambda arguments: begin(arguments[1]), lambda call: call.requesting(), _settle)
    for transport in (own._client._transport, *own._client._mounts.values()):
        for name in ("handle_request", "handle_async_request"):
            send = getattr(transport, name, None)
            if send is not None and not hasattr(send, "__wrapped__"):  # clients share transports
                setattr(transport, name, _around(send, lambda _: current.get(), lambda call: call.attempt(), lambda call, it: call.answered(it)))
    own.copy = own.with_options = functools.partial(lambda copy, *a, **n: wrap(copy(*a, **n), monitor, **metadata), own.copy)
    return client


def _settle(call: Any, response: Any) -> Any:
    if hasattr(response, "_iterator"):  # a Stream stays one
        response._iterator = call.stream(response._iterator)
        call.until_closed(response.response)
    else:
        call.end_with(response)
    return response


def _around(inner: Any, find: Any, within: Any, settle: Any) -> Any:
    def sync(*arguments: Any, **named: Any) -> Any:
        if (call := find(arguments)) is None:
            return inner(*arguments, **named)
        with within(call):
            response = inner(*arguments, **named)
        return settle(call, response)

    async def awaited(*arguments: Any, **named: Any) -> Any:
        if (call := find(arguments)) is None:
            return await inner(*arguments, **named)
        with within(call):
            response = await inner(*arguments, **named)
        return settle(call, response)

    return functools.wraps(inner)(awaited if inspect.iscoroutinefunction(inner) else sync)
