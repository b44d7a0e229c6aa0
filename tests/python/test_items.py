"""monitor.item: what calls are made for, wherever they run, and what becomes of it."""
import asyncio
import collections
import concurrent.futures
import contextvars
import gc
import multiprocessing
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
import warnings
import weakref

import afmon
import pytest
from conftest import forks, lines_of

COUNTS = ("started", "accepted", "rejected", "failed", "abandoned", "open")


def ledger(run, kind="conversation"):
    """What the summary says of a kind, without zeros."""
    found = {item["kind"]: item for item in run.summary()["items"]}.get(kind, {})
    assert not found.get("inferred")
    return {name: found[name] for name in COUNTS if found.get(name)}


def named(folder, metric="x"):
    """The item of each sample of a metric, in order."""
    return [line.get("item_id") for line in lines_of(folder) if line["metric"] == metric]


def outcomes(monitor, folder):
    monitor.flush()
    return [(line["item_id"], line["outcome"], line.get("reason", line.get("error_type"))) for line in lines_of(folder)
            if line["metric"] == "item_time"]


# ---- outcomes ----

class Nameless(type):
    @property
    def __name__(cls):
        raise RuntimeError("no")


class Unnamed(Exception, metaclass=Nameless):
    """An error whose type does not tell its name."""


def test_outcomes(monitor, folder):
    with monitor.item(1):
        pass
    with monitor.item("two") as item:
        item.reject("grade")
    with monitor.item(3) as item:
        item.fail("no plan")
    with pytest.raises(ZeroDivisionError), monitor.item(4) as item:
        raise ZeroDivisionError
    with monitor.item(5) as item:
        item.fail(KeyError("x"))
    with monitor.item(6) as item:
        item.fail(Unnamed)
    with monitor.item(7) as item:
        item.accept()
        assert item.outcome == "accepted" and item.kind == "conversation" and item.id == 7
    assert outcomes(monitor, folder) == [
        (1, "accepted", None), ("two", "rejected", "grade"), (3, "failed", "no plan"), (4, "failed", "ZeroDivisionError"),
        (5, "failed", "KeyError"), (6, "failed", "Unnamed"), (7, "accepted", None)]
    assert ledger(monitor.view()) == {"started": 7, "accepted": 2, "rejected": 1, "failed": 4}


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError])
def test_what_is_no_exception_leaves_it_open(monitor, error):
    with pytest.raises(error), monitor.item(1) as item:
        raise error
    assert item.outcome is None and ledger(monitor.view()) == {"started": 1, "open": 1}


def test_only_the_first_outcome_holds_and_one_warning_is_given(monitor, folder):
    with pytest.warns(RuntimeWarning, match="an item's outcome is 'accepted'") as caught:
        for number in range(3):
            with monitor.item(number) as item:
                item.reject("first")
                item.accept()
                item.fail("later")
    assert len(caught) == 1 and caught[0].filename == __file__
    with pytest.raises(ValueError, match="mine"), monitor.item(3) as item:  # no second outcome
        item.accept()
        raise ValueError("mine")
    assert outcomes(monitor, folder) == [(0, "rejected", "first"), (1, "rejected", "first"), (2, "rejected", "first"),
                                         (3, "accepted", None)]


def test_attempts(monitor, folder):
    with monitor.item(1, kind="row") as item:
        assert item.attempt == 1
        monitor.record_metric("x", 1)
        assert item.retry() == 2 and item.attempt == 2
        monitor.record_metric("x", 1)
        item.accept()
        assert item.retry() == 2  # it is over
    monitor.flush()
    assert [line.get("attempt") for line in lines_of(folder) if line["metric"] == "x"] == [None, 2]
    (row,) = monitor.view().summary()["items"]
    assert (row["kind"], row["attempts"], row["started"]) == ("row", 2, 1)


def test_without_a_with(monitor, folder):
    item = monitor.item("a")
    monitor.record_metric("x", 1)
    monitor.track_generation(1, True, item=item)
    monitor.track_evaluation(1, True, "judge", {"score": 1}, item=item)
    item.accept()
    monitor.track_generation(1, True, item=item)  # still of it
    assert outcomes(monitor, folder) == [("a", "accepted", None)]
    assert named(folder) == [None] and named(folder, "generation_time") == ["a", "a"]
    assert named(folder, "evaluation_time") == ["a"] == named(folder, "evaluation_score_score")


# ---- which calls are in it ----

def test_every_call_names_it(monitor, folder):
    with monitor.item(1):
        monitor.record_metric("x", 1)
        monitor.record_metric("x", 1, {"a": 1})
        monitor.track_generation(1, False, model_name="m", error="no", prompt_token_count=3)
        monitor.track_evaluation(1, True, "judge", {"score": 1})
        monitor.log_info("told", shard=1)
        with monitor.track("ask") as call:
            call.note(prompt_token_count=5)
    monitor.record_metric("x", 1)
    monitor.log_info("not told")
    monitor.flush()
    lines = [line for line in lines_of(folder) if not line["metric"].startswith("item_")]
    assert [line.get("item_id") for line in lines] == [1] * (len(lines) - 1) + [None] and len(lines) > 12
    assert all(list(line)[-2:] == ["item_id", "timestamp"] for line in lines[:-1])
    log = (folder / "afterimage.log").read_text(encoding="utf-8")
    assert '{"message": "told", "shard": 1, "item_id": 1, "level"' in log and '{"message": "not told", "level"' in log


def test_repeated_calls_in_and_out_of_items(monitor, folder):
    """Out of items they are recorded by handles."""
    wanted = []
    for number in range(200):
        metadata = {"operation": "ask"}
        monitor.record_metric("x", 1, metadata)
        with monitor.item(number):
            monitor.record_metric("x", 1, metadata)
        wanted += [None, number]
    monitor.flush()
    assert named(folder) == wanted


def test_an_item_of_the_metadata_holds(monitor, folder):
    with monitor.item(1):
        monitor.record_metric("x", 1, {"item_id": "own"})
        monitor.track_generation(1, True, item_id="own", item=None)
        monitor.track_generation(1, True, item={"name": "fern"})  # metadata as ever
    monitor.flush()
    assert named(folder) == ["own"] and named(folder, "success_rate") == ["own", 1]
    assert [line.get("item") for line in lines_of(folder) if line["metric"] == "success_rate"] == [None, {"name": "fern"}]


def test_nested_the_innermost_counts(monitor, folder):
    with monitor.item(1):
        with monitor.item(2, kind="persona"):
            monitor.record_metric("x", 1)
        monitor.record_metric("x", 1)
    monitor.record_metric("x", 1)
    monitor.flush()
    assert named(folder) == [2, 1, None]
    assert ledger(monitor.view(), "persona") == {"started": 1, "accepted": 1} == ledger(monitor.view())


def test_left_out_of_order(monitor, folder):
    def record():
        monitor.record_metric("x", 1)

    items = [monitor.item(number) for number in range(3)]
    for item in items:
        item.__enter__()
    for number in (1, 0):
        items[number].__exit__(None, None, None)
        record()  # of 2
    items[2].__exit__(None, None, None)
    record()
    with monitor.item(3):
        record()
    record()
    with items[0]:  # once more: its outcome stands, calls are of it
        record()
    record()
    monitor.flush()
    assert named(folder) == [2, 2, None, 3, None, 0, None]
    assert ledger(monitor.view()) == {"started": 4, "accepted": 4}


def test_items_that_are_entered_in_a_circle(monitor, folder):
    first, second = monitor.item(1), monitor.item(2)
    with first, second:
        with first:
            monitor.record_metric("x", 1)
        monitor.record_metric("x", 1)
    first._outer, second._outer, first._left, second._left = second, first, True, True
    first.__enter__()
    first._left = True
    monitor.record_metric("x", 1)
    monitor.flush()
    assert named(folder) == [1, 2, None]


def test_generators_that_take_turns(monitor, folder):
    def making(number):
        with monitor.item(number) as item:
            for _ in range(3):
                monitor.track_generation(1, True, item=item)
                yield

    for _ in zip(making(1), making(2)):
        pass
    gc.collect()  # the one that was not read to its end is closed: it is open
    monitor.record_metric("x", 1)
    monitor.flush()
    assert named(folder, "generation_time") == [1, 2, 1, 2, 1, 2] and named(folder) == [None]
    assert ledger(monitor.view()) == {"started": 2, "accepted": 1, "open": 1}


def test_two_monitors_do_not_share(tmp_path):
    with afmon.GenerationMonitor(tmp_path / "a", metrics_interval=0) as one, \
            afmon.GenerationMonitor(tmp_path / "b", metrics_interval=0) as other:
        with one.item(1):
            other.record_metric("x", 1)
            with other.item(2):
                one.record_metric("x", 1)
                other.record_metric("x", 1)
    assert named(tmp_path / "a") == [1] and named(tmp_path / "b") == [None, 2]


# ---- asyncio, threads ----

def test_tasks(monitor, folder):
    async def call(number):
        await asyncio.sleep(0.001 * (number % 3))
        monitor.record_metric("x", number)

    async def make(number):
        async with monitor.item(number) as item:
            late = asyncio.create_task(call(number))
            await asyncio.gather(call(number), call(number))
            await asyncio.to_thread(monitor.record_metric, "x", number)
            monitor.record_metric("x", number)
            if number % 2:
                item.reject("odd")
        return late

    async def run():
        for late in await asyncio.gather(*map(make, range(20))):
            await late
        monitor.record_metric("x", -1)

    asyncio.run(run())
    monitor.flush()
    found = collections.Counter((line["value"], line.get("item_id")) for line in lines_of(folder) if line["metric"] == "x")
    assert found == {**{(number, number): 5 for number in range(20)}, (-1, None): 1}
    assert ledger(monitor.view()) == {"started": 20, "accepted": 10, "rejected": 10}


def test_a_task_that_goes_on_after_its_item(monitor, folder):
    async def run():
        done = asyncio.Event()

        async def later():
            await done.wait()
            monitor.record_metric("x", 1)

        with monitor.item(1):
            task = asyncio.create_task(later())
        monitor.record_metric("x", 1)
        done.set()
        await task

    asyncio.run(run())
    monitor.flush()
    assert named(folder) == [None, 1]


def test_tasks_that_are_cancelled_or_too_late(monitor, folder):
    async def make(number, seconds):
        with monitor.item(number):
            await asyncio.sleep(seconds)

    async def whole(number):
        with monitor.item(number):
            await asyncio.wait_for(asyncio.sleep(60), 0.01)

    async def run():
        task = asyncio.create_task(make(1, 60))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, make(2, 0), whole(3), return_exceptions=True)

    asyncio.run(run())
    assert outcomes(monitor, folder) == [(2, "accepted", None), (3, "failed", "TimeoutError")]
    assert ledger(monitor.view()) == {"started": 3, "accepted": 1, "failed": 1, "open": 1}


def test_an_asynchronous_generator_that_its_loop_closes(monitor, folder):
    """It is closed in a task of its own, in whose context it was never entered."""
    async def making():
        with monitor.item(1):
            yield monitor.record_metric("x", 1)
            yield

    async def run():
        async for _ in making():
            break
        gc.collect()
        for _ in range(3):
            await asyncio.sleep(0)
        monitor.record_metric("x", 1)
        with monitor.item(2):
            monitor.record_metric("x", 1)
        monitor.record_metric("x", 1)

    asyncio.run(run())
    monitor.flush()
    assert named(folder) == [1, None, 2, None]


def test_threads(monitor, folder):
    def make(number):
        with monitor.item(number) as item:
            for _ in range(50):
                monitor.record_metric("x", number)
            if number % 3 == 0:
                item.reject("third")

    threads = [threading.Thread(target=make, args=(number,)) for number in range(12)]
    with monitor.item("outer"):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with concurrent.futures.ThreadPoolExecutor(1) as executor:  # in a copy of the context, and without
            executor.submit(contextvars.copy_context().run, monitor.record_metric, "y", 1).result()
            executor.submit(monitor.record_metric, "y", 1).result()
    monitor.flush()
    assert all(line["value"] == line["item_id"] for line in lines_of(folder) if line["metric"] == "x")
    assert named(folder, "y") == ["outer", None]
    assert ledger(monitor.view()) == {"started": 13, "accepted": 9, "rejected": 4}


def test_ended_by_another_thread_while_calls_are_recorded(folder):
    with afmon.GenerationMonitor(folder, metrics_interval=0, ring_bytes=64 << 10) as monitor:
        for number in range(40):
            item = monitor.item(number)
            thread = threading.Thread(target=item.reject, args=("elsewhere",))
            thread.start()
            for _ in range(100):
                monitor.track_generation(1, True, operation="ask" * 50, item=item)
            thread.join()
            assert item.outcome == "rejected"
    assert named(folder, "generation_time") == [number for number in range(40) for _ in range(100)]


def test_a_stream_that_is_read_elsewhere(monitor, folder):
    with monitor.item(1):
        chunks = monitor.track("ask").begin().stream(iter(["a", "b"]))
    assert list(chunks) == ["a", "b"]
    monitor.flush()
    assert named(folder, "generation_time") == [1]


# ---- ids ----

class Number:
    def __index__(self):
        return 12


class Angry:
    def __str__(self):
        raise RuntimeError("no")

    __index__ = __str__


@pytest.mark.parametrize("given, taken", [
    (0, 0), (-5, -5), (2**63 - 1, 2**63 - 1), ("a", "a"), ("ü" * 100, "ü" * 100), ('say "hi"\n', 'say "hi"\n'), (Number(), 12)])
def test_ids_as_they_are(monitor, folder, given, taken):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with monitor.item(given) as item:
            monitor.record_metric("x", 1)
    monitor.flush()
    assert item.id == taken == named(folder)[0] == outcomes(monitor, folder)[0][0]
    assert ledger(monitor.view()) == {"started": 1, "accepted": 1}


@pytest.mark.parametrize("given", [2**70, 1.5, True, b"bytes", ("a", 1), uuid.UUID(int=7), "", "a" * 201, "ü" * 101, "a\0b", "\ud800",
                                   Angry(), object()],
                         ids=lambda given: type(given).__name__)
def test_ids_that_cannot_be_used(monitor, given):
    with pytest.warns(RuntimeWarning, match="an item's id is") as caught:
        items = [monitor.item(given) for _ in range(3)]
    assert len(caught) == 1 and caught[0].filename == __file__
    ids = {item.id for item in items}
    assert len(ids) == (3 if given == "" else 1) and all(0 < len(id.encode()) <= 200 for id in ids)
    for item in items:
        item.accept()
    assert ledger(monitor.view()) == {"started": len(ids), "accepted": len(ids)}


def test_long_ids_stay_apart(monitor):
    with pytest.warns(RuntimeWarning):
        first, second, third = (monitor.item(text) for text in ("a" * 300 + "b", "a" * 300 + "c", "a" * 300 + "b"))
    assert first.id == third.id != second.id and first.id.startswith("a" * 100)


def test_no_id_is_a_new_one(monitor):
    items = [monitor.item() for _ in range(100)]
    assert len({item.id for item in items}) == 100


def test_kinds(monitor):
    for kind, error in ((5, TypeError), (None, TypeError), ("", ValueError), ("a\0", ValueError)):
        with pytest.raises(error, match="kind"):
            monitor.item(1, kind=kind)
    with monitor.item(1, kind="Gespräch\ud800"):
        pass
    assert ledger(monitor.view(), "Gespräch?") == {"started": 1, "accepted": 1}


def test_the_same_id_again_is_the_same_item(monitor):
    for outcome in ("rejected", "accepted"):
        with monitor.item(1) as item:
            if outcome == "rejected":
                item.reject("grade")
    assert ledger(monitor.view()) == {"started": 1, "accepted": 1}


def test_nothing_to_attach_to(monitor):
    """tests/peer has what there is to attach to."""
    for thing in (None, object(), monitor, afmon):
        with pytest.raises(TypeError, match="nothing to attach to in a .*: give afterimage's ConversationGenerator, "):
            monitor.attach(thing)


# ---- the end ----

def test_after_shutdown_nothing_raises(folder):
    monitor = afmon.GenerationMonitor(folder, metrics_interval=0)
    before = monitor.item(1)
    monitor.shutdown()
    with pytest.warns(RuntimeWarning, match="did not record"):
        before.accept()
        with monitor.item(2) as item:
            monitor.record_metric("x", 1)
            item.reject("x")
    assert ledger(afmon.open_run(folder)) == {"started": 1, "abandoned": 1}


def test_neither_items_nor_monitor_are_kept(folder):
    monitor = afmon.GenerationMonitor(folder, metrics_interval=0)
    with monitor.item(1) as item:
        monitor.keeps = item  # a circle
    gone = weakref.ref(monitor)
    del monitor, item
    gc.collect()
    assert gone() is None


def test_no_call_in_an_item_leaks(monitor):
    def blocks_after(count):
        for number in range(count):
            with monitor.item(number) as item:
                monitor.record_metric("x", 1, {"a": 1})
                monitor.track_generation(1, True, item=item)
                item.retry()
        gc.collect()
        return sys.getallocatedblocks()

    blocks_after(100)
    before = blocks_after(100)
    assert blocks_after(2000) - before < 100


# ---- processes ----

def test_pickled_it_is_its_kind_and_id(monitor, folder):
    with monitor.item("a", kind="row"):
        copy = pickle.loads(pickle.dumps(monitor._current_item()))
        assert (copy.kind, copy.id, copy.outcome) == ("row", "a", None)
    monitor.track_generation(1, True, item=copy)
    with copy:  # it is of no monitor, and so changes nothing
        monitor.record_metric("x", 1)
    with pytest.warns(RuntimeWarning, match="begun in another process"):
        copy.accept()
    with monitor.item(copy) as again:
        monitor.record_metric("x", 1)
        again.reject("later")
    monitor.flush()
    assert named(folder, "generation_time") == ["a"] and named(folder) == [None, "a"]
    assert ledger(monitor.view(), "row") == {"started": 1, "rejected": 1}


def test_a_plan(folder):
    with afmon.GenerationMonitor(folder, metrics_interval=0) as monitor, afmon.follow(folder) as follower:
        def told():
            monitor.flush()
            info = follower.update()
            return info.planned, info.done

        for number in range(6):
            with monitor.item(number, kind="row") as item:
                if number % 3 == 0:
                    item.reject("grade")
        time.sleep(0.01)  # the log tells milliseconds: what ended in the plan's own is of it
        monitor.plan(20, "row", done=3)
        assert told() == (20, 3)
        for number in range(6, 12):
            with monitor.item(number, kind="row") as item:
                if number % 3 == 0:
                    item.reject("grade")
        with monitor.item("other"):
            pass
        assert told() == (20, 9)
        monitor.plan(30, "persona", accepted=True)
        for number in range(4):
            with monitor.item(number, kind="persona") as item:
                if number == 0:
                    item.reject("grade")
        assert told() == (30, 3)
        monitor.plan(50, "row")
        with monitor.item("slow", kind="row"):
            assert told() == (50, 0)
            info = follower.update()
            assert info.remaining_p10 <= info.remaining <= info.remaining_p90
            assert info.open_items == 1 and info.oldest_open.total_seconds() >= 0
        for wrong, error in (((-1,), ValueError), ((1, ""), ValueError), (("3",), TypeError)):
            with pytest.raises(error):
                monitor.plan(*wrong)
        with pytest.raises(ValueError, match="done is 4, but the plan is of 3"):
            monitor.plan(3, done=4)


@pytest.mark.parametrize("asked", [False, True])
def test_an_item_tried_without_end_is_warned_of(folder, asked):
    told = []
    with afmon.GenerationMonitor(folder, alert_handlers=[told.append], metrics_interval=0, item_alerts=asked) as monitor:
        with monitor.item("a", kind="task") as item:
            for _ in range(10):
                item.retry()
                monitor.track_generation(1, True)
        monitor.flush()
        assert [(alert.name, alert.level, alert.message) for alert in told] == [
            ("item_attempts", "warning", "task a is in attempt 10")] * asked
    summary = afmon.open_run(folder).summary()
    assert summary["alerts"] == [] and summary["warnings"][0] == {"level": "warning", "text": "item_attempts: 1 task was tried 11 times."}
    assert (summary["items"][0]["attempts_max"], summary["items"][0]["tried_often"]) == (11, 1)


def make_in_worker(monitor, item):
    with monitor.item(item) as made:
        monitor.track_generation(0.5, True, total_token_count=3)
        if made.id % 3 == 0:
            made.reject("third")


def name_in_worker(monitor, item):
    monitor.track_generation(0.5, True, total_token_count=4, item=item)
    monitor.shutdown()


@pytest.mark.parametrize("method", [pytest.param("fork", marks=forks), "spawn"])
def test_workers(folder, method):
    context = multiprocessing.get_context(method)
    with afmon.GenerationMonitor(folder, metrics_interval=0) as monitor:
        with context.Pool(2) as pool:
            pool.starmap(make_in_worker, [(monitor, number) for number in range(9)])
            pool.close()
            pool.join()
        with monitor.item("parent") as item:
            child = context.Process(target=name_in_worker, args=(monitor, item))
            child.start()
            child.join()
            assert child.exitcode == 0
    run = afmon.open_run(folder)
    assert ledger(run) == {"started": 10, "accepted": 7, "rejected": 3}
    (row,) = run.summary()["items"]
    assert (row["calls"], row["total_tokens"], row["accepted_calls"]) == (10, 9 * 3 + 4, 7)
    assert (row["yield"], row["calls_per_accepted"], row["tokens_per_accepted"]) == (7 / 10, 10 / 7, 31 / 7)


KILLED = """
import afmon, sys
monitor = afmon.GenerationMonitor(sys.argv[1], metrics_interval=0)
with monitor.item(0): pass
with monitor.item(1) as item: item.reject("grade")
with monitor.item(2):
    monitor.track_generation(1, True)
    monitor.flush()
    print("now", flush=True)
    sys.stdin.readline()
    with monitor.item(3):
        print("and now", flush=True)
        sys.stdin.readline()
"""


def test_what_a_killed_process_made_is_abandoned_and_made_again(folder):
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"now\n"
    assert ledger(afmon.open_run(folder)) == {"started": 3, "accepted": 1, "rejected": 1, "open": 1}
    child.stdin.write(b"\n")
    child.stdin.flush()
    assert child.stdout.readline() == b"and now\n"
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert ledger(afmon.open_run(folder)) == {"started": 4, "accepted": 1, "rejected": 1, "abandoned": 2}
    with afmon.GenerationMonitor(folder, metrics_interval=0) as monitor:
        with monitor.item(2):
            monitor.flush()
            assert ledger(afmon.open_run(folder)) == {"started": 4, "accepted": 1, "rejected": 1, "abandoned": 1, "open": 1}
    run = afmon.open_run(folder)
    assert ledger(run) == {"started": 4, "accepted": 2, "rejected": 1, "abandoned": 1}
    assert run.summary()["items"][0]["attempts"] == 5


@forks
def test_an_item_in_a_forked_child(folder):
    with afmon.GenerationMonitor(folder, metrics_interval=0) as monitor:
        with monitor.item(1) as item:
            child = os.fork()
            if child == 0:
                monitor.record_metric("x", 1)
                item.reject("by the child")
                os._exit(0 if monitor.shutdown()["drained"] else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            item._drop()  # the parent leaves it to the child
    assert named(folder) == [1] and ledger(afmon.open_run(folder)) == {"started": 1, "rejected": 1}


def test_a_ledger_of_a_thousand_items_at_random(monitor, folder):
    """Tasks, nesting, retries, errors and cancelling: the summary says what the maker counted."""
    chance = random.Random(17)
    counted = collections.Counter()
    calls = collections.Counter()

    async def make(number, depth=0):
        counted["started"] += 1
        with monitor.item(number) as item:
            for _ in range(chance.randrange(4)):
                monitor.track_generation(1, True, total_token_count=2)
                calls[number] += 1
                if chance.random() < 0.1:
                    item.retry()
                await asyncio.sleep(0)
            if depth < 2 and chance.random() < 0.2:
                await asyncio.gather(make(f"{number}.0", depth + 1), make(f"{number}.1", depth + 1),
                                     return_exceptions=True)
            fate = chance.choice(("accepted", "silent", "rejected", "failed", "raised", "open"))
            counted[{"silent": "accepted", "raised": "failed"}.get(fate, fate)] += 1
            if fate == "accepted":
                item.accept()
            elif fate == "rejected":
                item.reject(chance.choice(("grade", "critic")))
            elif fate == "failed":
                item.fail("TypeError")
            elif fate == "open":
                item._drop()
            elif fate == "raised":
                raise RuntimeError(number)

    async def one(number):
        try:
            await make(number)
        except RuntimeError:
            pass

    async def run():
        for begin in range(0, 1000, 50):
            await asyncio.gather(*map(one, range(begin, begin + 50)))
            assert ledger(monitor.view()) == counted

    asyncio.run(run())
    (row,) = monitor.view().summary()["items"]
    assert row["calls"] == sum(calls.values()) and row["total_tokens"] == 2 * row["calls"]
    found = collections.Counter(line["item_id"] for line in lines_of(folder) if line["metric"] == "generation_time")
    assert {str(id): count for id, count in found.items()} == {str(id): count for id, count in calls.items() if count}
