"""Items of afterimage's generators: `monitor.attach(generator)`. Made for afterimage 0.18.

| generator | an item | its outcome |
|---|---|---|
| ConversationGenerator | `conversation`: each `go`; what the quality gate has made again is another one | accepted by the gate (without one: made); rejected for its grade ("bad", "needs_improvement" ...); failed where `go` or the judge raises |
| StructuredGenerator | `row`: each instruction | accepted as it is handed out; failed |
| PersonaGenerator | `persona`: as many as a call is to make (5) | all that a call returns are accepted; those of one that raises failed. The calls of all are told of the first |
| OpenSimula | `task`: each `generate_single_qa_datapoint` and `generate_mcq_datapoint`, also of the methods that make many | accepted; rejected by "critic", by "double critic", or as "no JSON" behind the critic; failed |
| AsyncAgentTraceGenerator | `conversation`: each `generate_single` | accepted; rejected by "judge", its fallback and its refusal of tool errors among it: the tracked generation, whose success is false then, becomes one that succeeded; failed |

How many it will make is the run's plan (`monitor.plan`) where an argument says it: `num_dialogs` and `num_samples` (accepted
ones), or a FixedNumberStoppingCallback; `n` of OpenSimula's `agenerate_single_qa_samples`.

Failed calls that a generator tracks itself name its model, which afterimage leaves out.

What is not seen. Whether the storage took what was made, and what stopping callbacks leave unused. Calls before an item
is begun: instructions (of many items), a correspondent's prompt, OpenSimula's taxonomies and scenarios. What tracks no
generation: the calls within an agent trace, tries within one tracked call, embeddings, afterimage's preference and skill
code. Functions of afterimage.simula that are called without an OpenSimula. Work that was cancelled has no outcome: it is
open, and abandoned once the process is gone.

Methods are wrapped on the instance, and its `monitor`, keys and model are stood in for; the class is left alone.
"""
from __future__ import annotations

import contextlib
import contextvars
import functools
import inspect
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from . import _convert, _errors

if TYPE_CHECKING:
    from types import TracebackType

    from ._items import Item
    from .monitoring import GenerationMonitor

G = TypeVar("G")
_ATTACHED = "_afmon_attached"
_OF_ITEMS = ("conversation_generation",)  # repeats the failure of its calls, and names no model where it succeeds


class _Work:
    """What one call of a generator makes."""

    def __init__(self, generator: object):
        self.generator = generator
        self.items: list[Item] = []
        self.operations: set[str] = set()
        self.satisfying: bool | None = None  # OpenSimula's critic

    def begin(self, monitor: GenerationMonitor, kind: str, count: int = 1) -> None:
        """From now on calls are of the first of these."""
        self.items = [monitor.item(kind=kind) for _ in range(count)]
        self.items[0].__enter__()

    def end(self, error: BaseException | None = None) -> None:
        """All of them are accepted, or failed by the error, or (it is no Exception) left without an outcome."""
        items, self.items = self.items, []
        for item in items:
            item.__exit__(type(error), error, None)

    def fail(self, error_type: object) -> None:
        for item in self.items:
            item.fail(error_type)
        self.end()


_work: contextvars.ContextVar[_Work | None] = contextvars.ContextVar("afmon_work", default=None)


def _work_of(generator: object) -> _Work | None:
    work = _work.get()
    return work if work is not None and work.generator is generator else None


@contextlib.contextmanager
def _working(work: _Work) -> Iterator[_Work]:
    token = _work.set(work)
    try:
        yield work
    except BaseException as error:
        work.end(error)
        raise
    finally:
        _work.reset(token)


class _Stage:
    """What is recorded in it is of the item. An error ends it, else its outcome comes later."""

    def __init__(self, item: Item):
        self._item = item

    def __enter__(self) -> Item:
        return self._item.__enter__()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._item._left_by(error)


class _StandIn:
    """An object as one generator sees it."""

    def __init__(self, thing: Any):
        self._thing = thing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._thing, name)

    def __len__(self) -> int:
        return len(self._thing)

    def __bool__(self) -> bool:
        return bool(self._thing)


class _Monitor(_StandIn):
    """Failures of the generator's own calls name the model. `tracked` hears of each call once it is recorded."""

    def __init__(self, thing: Any, model: Callable[[], Any], tracked: Callable[[bool, dict[str, Any]], None] | None = None):
        super().__init__(thing)
        self._model = model
        self._tracked = tracked

    def track_generation(self, duration: Any, success: Any, **named: Any) -> None:
        metadata = named.get("metadata") or {}
        if success is False and named.get("model_name") is None and metadata.get("operation") not in _OF_ITEMS:
            model = self._model()
            named = {**named, **({} if model is None else {"model_name": model})}
        self._thing.track_generation(duration, success, **named)
        if self._tracked is not None:
            self._tracked(success, metadata)


class _Keys(_StandIn):
    """The work on an item begins where it takes a key."""

    def __init__(self, thing: Any, begin: Callable[[], None]):
        super().__init__(thing)
        self._begin = begin

    def get_next_key(self, *arguments: Any, **named: Any) -> Any:
        self._begin()
        return self._thing.get_next_key(*arguments, **named)

    async def aget_next_key(self, *arguments: Any, **named: Any) -> Any:
        self._begin()
        return await self._thing.aget_next_key(*arguments, **named)


def _wrapped(owner: Any, name: str) -> Callable[[Callable[..., Any]], None]:
    """A decorator: this function stands in the place of a method of an instance."""
    def put(function: Callable[..., Any]) -> None:
        setattr(owner, name, functools.wraps(getattr(owner, name))(function))

    return put


# ---- plans ----

def _planned(monitor: GenerationMonitor, generator: Any, name: str, argument: str, kind: str, accepted: bool) -> None:
    """The method says how many it will make: that is the run's plan. Where callbacks decide when it stops, none is known."""
    generate = getattr(generator, name, None)
    if generate is None:
        return
    signature = inspect.signature(generate)

    @_wrapped(generator, name)
    async def generating(*arguments: Any, **named: Any) -> Any:
        with contextlib.suppress(TypeError):  # of arguments that it does not take: it says so itself
            given = signature.bind(*arguments, **named).arguments
            total = given.get(argument)
            if total is None:
                total = _fixed_number(given.get("stopping_criteria"))
            if isinstance(total, int) and total >= 0:
                monitor.plan(total, kind, accepted=accepted)
        return await generate(*arguments, **named)


def _fixed_number(criteria: Any) -> Any:
    """Of callbacks that stop it; afterimage makes 5 where none are given."""
    return next((one.n for one in criteria if type(one).__name__ == "FixedNumberStoppingCallback"), None) if criteria else 5


# ---- conversations ----

def _conversations(monitor: GenerationMonitor, generator: Any) -> None:
    gate = generator._quality_gate
    go, generate_single, evaluate = generator.go, generator.generate_single, gate.evaluate
    generator.monitor = _Monitor(monitor, lambda: generator.model_name)
    _planned(monitor, generator, "generate", "num_dialogs", "conversation", True)

    @_wrapped(generator, "go")
    async def going(*arguments: Any, **named: Any) -> Any:
        item, work = monitor.item(kind="conversation"), _work_of(generator)
        if work is None:  # called by the program itself, so no gate follows
            with item:
                return await go(*arguments, **named)
        work.items = [item]
        with _Stage(item):
            return await go(*arguments, **named)

    @_wrapped(gate, "evaluate")
    async def evaluating(*arguments: Any, **named: Any) -> Any:
        work = _work_of(generator)
        if work is None or not work.items:
            return await evaluate(*arguments, **named)
        (item,) = work.items
        with _Stage(item):
            result = await evaluate(*arguments, **named)
        if result.accepted:
            item.accept()
        else:
            item.reject(_errors.get(_errors.get(result.conversation_row, "evaluation"), "overall_grade"))
        work.items = []
        return result

    @_wrapped(generator, "generate_single")
    async def generating(*arguments: Any, **named: Any) -> AsyncIterator[Any]:
        async for row in _rows(_Work(generator), generate_single(*arguments, **named)):
            yield row


async def _rows(work: _Work, rows: Any) -> AsyncIterator[Any]:
    """What a generator hands out. It works while the next one is asked for; in between the program does."""
    try:
        while True:
            with _working(work):
                try:
                    row = await rows.__anext__()
                except StopAsyncIteration:
                    return
                work.end()
            yield row
    finally:
        await rows.aclose()


# ---- rows ----

def _structured(monitor: GenerationMonitor, generator: Any) -> None:
    generate_single = generator.generate_single

    def begin() -> None:
        work = _work_of(generator)
        if work is not None:
            work.begin(monitor, "row")

    def tracked(success: bool, metadata: dict[str, Any]) -> None:
        work = _work_of(generator)
        if work is not None and success is False:  # else it is handed out next
            work.fail(metadata.get("error_type"))

    generator.key_pool = _Keys(generator.key_pool, begin)
    generator.monitor = _Monitor(monitor, lambda: generator.model_name, tracked)
    _planned(monitor, generator, "generate", "num_samples", "row", True)

    @_wrapped(generator, "generate_single")
    async def generating(*arguments: Any, **named: Any) -> AsyncIterator[Any]:
        async for row in _rows(_Work(generator), generate_single(*arguments, **named)):
            yield row


# ---- personas ----

def _personas(monitor: GenerationMonitor, generator: Any) -> None:
    count = getattr(sys.modules.get("afterimage.persona_generator"), "EXPECTED_PERSONA_COUNT", 1)

    def begin() -> None:
        work = _work_of(generator)
        if work is not None:
            work.begin(monitor, "persona", count)

    generator.key_pool = _Keys(generator.key_pool, begin)
    generator.monitor = _Monitor(monitor, lambda: generator.model_name)
    for name in ("generate_from_text", "generate_from_persona"):
        _personas_by(generator, name)
        _personas_by_async(generator, f"a{name}")


def _personas_by(generator: Any, name: str) -> None:
    generate = getattr(generator, name)

    @_wrapped(generator, name)
    def generating(*arguments: Any, **named: Any) -> Any:
        with _working(_Work(generator)) as work:
            personas = generate(*arguments, **named)
            work.end()
        return personas


def _personas_by_async(generator: Any, name: str) -> None:
    generate = getattr(generator, name)

    @_wrapped(generator, name)
    async def generating(*arguments: Any, **named: Any) -> Any:
        with _working(_Work(generator)) as work:
            personas = await generate(*arguments, **named)
            work.end()
        return personas


# ---- tasks ----

class _Critic(_StandIn):
    """OpenSimula's model, whose critic answers whether a point is satisfying."""

    def __init__(self, thing: Any, generator: object):
        super().__init__(thing)
        self._generator = generator

    async def agenerate_structured(self, *arguments: Any, **named: Any) -> Any:
        response = await self._thing.agenerate_structured(*arguments, **named)
        work, satisfying = _work_of(self._generator), getattr(getattr(response, "parsed", None), "satisfying", None)
        if work is not None and satisfying is not None:
            work.satisfying = satisfying
        return response


def _simula(monitor: GenerationMonitor, generator: Any) -> None:
    model = generator._llm

    def tracked(success: bool, metadata: dict[str, Any]) -> None:
        work = _work_of(generator)
        if work is not None:
            work.operations.add(str(metadata.get("operation")))

    generator._llm = _Critic(model, generator)
    generator._monitor = _Monitor(monitor, lambda: getattr(model, "model_name", None), tracked)
    for name in ("generate_single_qa_datapoint", "generate_mcq_datapoint"):
        _tasks_by(monitor, generator, name)
    _planned(monitor, generator, "agenerate_single_qa_samples", "n", "task", False)


def _tasks_by(monitor: GenerationMonitor, generator: Any, name: str) -> None:
    generate = getattr(generator, name)

    @_wrapped(generator, name)
    async def generating(*arguments: Any, **named: Any) -> Any:
        with _working(_Work(generator)) as work:
            work.begin(monitor, "task")
            record = await generate(*arguments, **named)
            if record is None:
                work.items[0].reject(_why_no_task(work))
            work.end()
        return record


def _why_no_task(work: _Work) -> str:
    if work.satisfying is not True:
        return "critic"
    return "double critic" if any("double_critic" in operation for operation in work.operations) else "no JSON"


# ---- agent traces ----

class _Judged(_Monitor):
    """A trajectory that the judge refused was made all the same."""

    def track_generation(self, duration: Any, success: Any, **named: Any) -> None:
        super().track_generation(duration, success is True or not named.get("error"), **named)


def _agent_traces(monitor: GenerationMonitor, generator: Any) -> None:
    generate_single = generator.generate_single
    attach(monitor, generator.simula_synthesizer.simula)  # its failures name the model, too
    generator.monitor = _Judged(monitor, lambda: None)

    @_wrapped(generator, "generate_single")
    async def generating(*arguments: Any, **named: Any) -> Any:
        with monitor.item(kind="conversation") as item:
            trajectory = await generate_single(*arguments, **named)
            if trajectory is None:
                item.reject("judge")
            return trajectory


# ---- attaching ----

_Attacher = Callable[["GenerationMonitor", Any], None]

# By class of afterimage: how, the attribute that holds the monitor, and what else must be there.
_KINDS: dict[str, tuple[_Attacher, str, tuple[str, ...]]] = {
    "ConversationGenerator": (_conversations, "monitor", ("go", "generate_single", "model_name", "_quality_gate")),
    "StructuredGenerator": (_structured, "monitor", ("generate_single", "model_name", "key_pool")),
    "PersonaGenerator": (_personas, "monitor", ("generate_from_text", "agenerate_from_text", "generate_from_persona",
                                                "agenerate_from_persona", "model_name", "key_pool")),
    "OpenSimula": (_simula, "_monitor", ("generate_single_qa_datapoint", "generate_mcq_datapoint", "_llm")),
    "AsyncAgentTraceGenerator": (_agent_traces, "monitor", ("generate_single", "simula_synthesizer")),
}


def _kind_of(generator: object) -> tuple[_Attacher, str]:
    for parent in type(generator).__mro__:
        if parent.__module__.partition(".")[0] == "afterimage" and parent.__name__ in _KINDS:
            attacher, monitor, needed = _KINDS[parent.__name__]
            missing = [name for name in (monitor, *needed) if not hasattr(generator, name)]
            if missing:
                raise TypeError(f"attach: this {parent.__name__} has no {', '.join(missing)}: afmon knows the one of afterimage 0.18")
            return attacher, monitor
    raise TypeError(f"attach: nothing to attach to in a {_convert.type_name(generator)}: give afterimage's {', '.join(_KINDS)}")


def attach(monitor: GenerationMonitor, generator: G) -> G:
    """Make items of what a generator of afterimage makes. Returns the generator."""
    attacher, name = _kind_of(generator)
    attached = getattr(generator, _ATTACHED, None)
    now = getattr(generator, name)
    if attached is monitor:
        return generator
    if attached is not None or (now is not None and now is not monitor):
        raise ValueError(f"attach: the {_convert.type_name(generator)} records to another monitor: make it with monitor=...")
    attacher(monitor, generator)
    setattr(generator, _ATTACHED, monitor)
    return generator
