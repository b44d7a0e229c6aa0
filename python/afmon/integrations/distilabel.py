"""distilabel: `class MyLLM(Monitored, OpenAILLM): pass`, then `MyLLM(...).monitored_by(monitor)`, tracks each call of an LLM.
Seen are time, tokens, error and status, in the processes of a pipeline's steps, too, which record into the monitor's run
folder: `afmon.open_run` has them all. Parameters, dump and cache of a pipeline stay those of the LLM. An LLM that is not
asynchronous (vLLM, transformers) makes a batch in one call. Not seen: attempts that the LLM's client makes again; the finish
reason; the first token (it streams nothing); the tokens of an answer without usage, told as 0 (counted as unseen).
"""
from __future__ import annotations

import contextlib
import functools
from typing import Any

from . import GenerationMonitor, T


class Monitored:
    """Mixin that comes before the class of an LLM."""
    _call: Any = contextlib.nullcontext

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if Monitored in cls.__bases__:  # what derives from this one calls its method
            if hasattr(cls, "agenerate"):
                cls.agenerate = _async(cls.agenerate)
            else:
                cls.generate = _sync(cls.generate)  # type: ignore[attr-defined]

    def dump(self, **kwargs: Any) -> Any:
        own = next(kind for kind in type(self).__mro__ if not issubclass(kind, Monitored))
        return {**super().dump(**kwargs), "type_info": {"module": own.__module__, "name": own.__name__}}  # type: ignore[misc]

    def monitored_by(self: T, monitor: GenerationMonitor, **metadata: Any) -> T:
        """The same LLM, tracked from now on; metadata (operation ...) are on every sample of its calls."""
        own: Any = self
        own._call = functools.partial(monitor.track, **{"operation": "chat", "model_name": own.model_name, **metadata})
        return self


def _async(inner: Any) -> Any:
    async def agenerate(self: Any, *arguments: Any, **named: Any) -> Any:
        with self._call() as call:
            return _told(call, await inner(self, *arguments, **named))

    return functools.wraps(inner)(agenerate)


def _sync(inner: Any) -> Any:
    def generate(self: Any, *arguments: Any, **named: Any) -> Any:
        with self._call() as call:
            return _told(call, inner(self, *arguments, **named))

    return functools.wraps(inner)(generate)


def _told(call: Any, made: Any) -> Any:
    statistics = [one.get("statistics") or {} for one in (made if isinstance(made, list) else [made])]
    tokens = {kind: sum(sum(one.get(f"{kind}_tokens") or []) for one in statistics) for kind in ("input", "output")}
    if call is not None and any(tokens.values()):
        call.answer({"usage": {f"{kind}_tokens": count for kind, count in tokens.items()}})
    return made
