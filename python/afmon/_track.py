"""One call of a model, from its begin to its end: what `GenerationMonitor.track` and the integrations record."""
from __future__ import annotations

import contextlib
import contextvars
import functools
import inspect
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from . import _answers, _convert, _errors

if TYPE_CHECKING:
    from types import TracebackType

    from .monitoring import GenerationMonitor

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
_STATUSES = {408: "APITimeoutError", 409: "ConflictError", 429: "RateLimitError"}
_FOUND_OUT = ("duration", "success", "error")  # by the call itself

current: contextvars.ContextVar[Call | None] = contextvars.ContextVar("afmon_call", default=None)  # whose requests are made


class Call:
    """A call that goes on. It is recorded once, where it ends."""

    def __init__(self, monitor: GenerationMonitor, fields: dict[str, Any]):
        self._monitor = monitor
        self._fields = fields
        self._item = monitor._current_item()  # a stream may be read elsewhere
        self._answer = _answers.Answer()
        self._began = time.perf_counter()
        self._first: float | None = None
        self._failed: dict[str, Any] | None = None  # the attempt that is under way, should it have failed
        self._retries = 0
        self._is_reading = False  # the next chunk of a stream is awaited
        self._is_over = False

    # ---- while it goes on ----

    def note(self, **fields: Any) -> None:
        """More metadata, and what `track_generation` takes by keyword: prompt_token_count, finish_reason ...; with an
        `error` the call failed, though nothing was raised."""
        self._fields.update(fields)

    def first_token(self) -> None:
        """Now the first token came."""
        if self._first is None:
            self._first = time.perf_counter() - self._began

    def answer(self, response: T) -> T:
        """What came back: its usage, model and finish reason are taken. Returns it."""
        self._answer.update(_answers.answer_of(response))
        return response

    def chunk(self, chunk: T) -> T:
        """The same of one chunk of a stream; the first one with a text is the first token."""
        if self._first is None and _answers.has_text(chunk):
            self.first_token()
        return self.answer(chunk)

    def forget_tokens(self) -> None:
        """What was told of tokens is a guess: they count as not seen."""
        self._answer = _answers.Answer(self._answer.model_name, self._answer.finish_reason)

    def stream(self, chunks: Any) -> Any:
        """An iterator, or an async iterator, of the same chunks; the call ends with the last one, or where it fails."""
        return self._stream_async(chunks) if hasattr(chunks, "__aiter__") else self._stream(chunks)

    def _stream(self, chunks: Iterator[T]) -> Iterator[T]:
        with self:
            self._is_reading = True
            for chunk in chunks:
                self._is_reading = False
                yield self.chunk(chunk)
                self._is_reading = True

    async def _stream_async(self, chunks: AsyncIterator[T]) -> AsyncIterator[T]:
        with self:
            self._is_reading = True
            async for chunk in chunks:
                self._is_reading = False
                yield self.chunk(chunk)
                self._is_reading = True

    def until_closed(self, resource: Any) -> None:
        """The call ends where the resource behind its stream is closed: who closes it reads no further. Where the stream
        itself closes it, it may be about to fail, and ends the call a moment later."""
        def ending(close: Callable[..., Any]) -> Callable[..., Any]:
            def closing(*arguments: Any, **named: Any) -> Any:
                if not self._is_reading:
                    self.end()
                return close(*arguments, **named)

            return closing

        for name in ("close", "aclose"):
            if callable(getattr(resource, name, None)):
                setattr(resource, name, ending(getattr(resource, name)))

    @contextlib.contextmanager
    def requesting(self) -> Iterator[None]:
        """While a client makes it: what its transport sees is of this call. It ends here where that fails."""
        token = current.set(self)
        try:
            yield
        except BaseException as error:
            self.end(error)
            raise
        finally:
            current.reset(token)

    @contextlib.contextmanager
    def attempt(self) -> Iterator[Call]:
        """One request. That the one before failed is told where another one follows: it was tried again."""
        if self._failed is not None:
            self._retries += 1
            self._monitor.record_metric("api_errors", 1.0, {**self._labels(), **self._failed, "retried": True})
        self._failed = {"error_type": "APIConnectionError"}  # also of one that breaks off while the answer is read
        try:
            yield self
        except Exception as error:
            if "Timeout" in _convert.type_name(error):
                self._failed = {"error_type": "APITimeoutError"}
            raise

    def answered(self, response: T) -> T:
        """What a request was answered with, an HTTP response. Returns it."""
        status = int(_errors.whole(_errors.get(response, "status_code")) or 0)
        if status >= 400:
            kind = "InternalServerError" if status >= 500 else _STATUSES.get(status, "APIStatusError")
            self._failed = {"error_type": kind, "status": status}
        elif status >= 300:
            self._failed = None  # another request follows, of the same attempt
        return response

    # ---- its end ----

    def _labels(self) -> dict[str, Any]:
        model = self._fields.get("model_name") or self._answer.model_name
        return {**({} if model is None else {"model_name": model}),
                **{key: self._fields[key] for key in ("operation",) if key in self._fields}}

    def _output_speed(self, duration: float) -> float | None:
        tokens = self._answer.completion
        if self._first is None or tokens is None or tokens <= 1 or duration <= self._first:
            return None
        return (tokens - 1) / (duration - self._first)

    def _record(self, duration: float, error: BaseException | str | None) -> None:
        answer, labels = self._answer, self._labels()
        if isinstance(error, BaseException) and not isinstance(error, Exception):  # a task that was cancelled ...
            self._fields.setdefault("error_type", _convert.type_name(error))
        error = self._fields.pop("error", None) if error is None else error
        known = {"finish_reason": answer.finish_reason, "time_to_first_token": self._first,
                 "output_tokens_per_second": self._output_speed(duration),
                 **{f"{name}_token_count": count for name, count in answer.tokens().items()},
                 "cost_usd": answer.cost_usd,
                 **({"retries": self._retries} if self._retries else {}),
                 **({} if self._item is None else {"item": self._item}), **labels}
        self._monitor.track_generation(**{**known, **self._fields, "duration": duration, "success": error is None, "error": error})

    def end(self, error: BaseException | str | None = None, duration: float | None = None) -> None:
        """The call is over: well, or with an error; its duration in seconds, where it is known better. What ends it twice
        changes nothing."""
        if not self._is_over:
            self._is_over = True
            self._record(time.perf_counter() - self._began if duration is None else duration, error)

    def end_with(self, response: T) -> T:
        """The call is over, well, with this answer. Returns it."""
        self.answer(response)
        self.end()
        return response

    def __enter__(self) -> Call:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.end(None if isinstance(error, GeneratorExit) else error)  # who reads no further has what it wanted


class Tracker:
    """What `GenerationMonitor.track` gives: a context manager, and a decorator of functions, coroutines and generators."""

    def __init__(self, monitor: GenerationMonitor, fields: dict[str, Any]):
        for name in _FOUND_OUT:
            if name in fields:
                raise TypeError(f"track: {name} is no metadata: a call finds it out (call.note(error=...) says that it failed)")
        self._monitor = monitor
        self._fields = fields
        self._calls: list[Call] = []

    def begin(self) -> Call:
        """A call that begins now, for who ends it himself."""
        return Call(self._monitor, dict(self._fields))

    def __enter__(self) -> Call:
        self._calls.append(self.begin())
        return self._calls[-1]

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._calls.pop().__exit__(kind, error, trace)

    def __call__(self, function: F) -> F:
        if not callable(function):
            raise TypeError(f"track: {_convert.type_name(function)} is no function")
        tracker = Tracker(self._monitor, {"operation": getattr(function, "__name__", "call"), **self._fields})
        return functools.wraps(function)(_wrapper_of(tracker, function))  # type: ignore[return-value]


def _wrapper_of(tracker: Tracker, function: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
        def streamed(*arguments: Any, **named: Any) -> Any:
            return tracker.begin().stream(function(*arguments, **named))

        return streamed
    if inspect.iscoroutinefunction(function):
        async def awaited(*arguments: Any, **named: Any) -> Any:
            with tracker.begin() as call:
                return call.answer(await function(*arguments, **named))

        return awaited

    def called(*arguments: Any, **named: Any) -> Any:
        with tracker.begin() as call:
            return call.answer(function(*arguments, **named))

    return called
