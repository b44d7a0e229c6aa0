"""LangChain: `model.invoke(..., config={"callbacks": [handler(monitor)]})` tracks each call of a chat or completion model.

Seen are time, tokens, finish reason, error and status, and the time to the first token of a stream, sync and async. Not seen:
attempts that the model's own client makes again; the tokens of a stream whose model does not ask for them (ChatOpenAI with a
base_url of its own: `stream_usage=True`; counted as unseen); that a stream was closed before its end.
"""
from __future__ import annotations

from typing import Any

from . import GenerationMonitor


def handler(monitor: GenerationMonitor, **metadata: Any) -> Any:
    """A LangChain callback handler; metadata (operation ...) are on every sample of its calls."""
    from langchain_core.callbacks import BaseCallbackHandler

    class MonitorHandler(BaseCallbackHandler):
        run_inline = True  # not on another thread, later

        def __init__(self) -> None:
            self.calls: dict[Any, Any] = {}

        def on_chat_model_start(self, serialized: Any, messages: Any, *, run_id: Any, metadata: Any = None, **kwargs: Any) -> None:
            asked = kwargs.get("invocation_params") or {}
            model = (metadata or {}).get("ls_model_name") or asked.get("model") or asked.get("model_name")
            self.calls[run_id] = monitor.track(**{"operation": "chat", "model_name": model, **own}).begin()

        on_llm_start = on_chat_model_start

        def on_llm_new_token(self, token: Any, *, chunk: Any = None, run_id: Any, **kwargs: Any) -> None:
            if run_id in self.calls:
                self.calls[run_id].chunk(getattr(chunk, "message", chunk) or token)

        def on_llm_end(self, response: Any, *, run_id: Any, **kwargs: Any) -> None:
            call = self.calls.pop(run_id, None)
            if call is not None:
                for generation in response.generations[0][:1] if response.generations else ():
                    call.answer(generation)
                call.end()

        def on_llm_error(self, error: BaseException, *, run_id: Any, **kwargs: Any) -> None:
            call = self.calls.pop(run_id, None)
            if call is not None:  # LangChain's own errors are the provider's, too: their names are known
                names = [kind.__name__ for kind in type(error).__mro__ if not kind.__module__.startswith("langchain")]
                call.note(error_type=names[0])
                call.end(error)

    own = metadata
    return MonitorHandler()
