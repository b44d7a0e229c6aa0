"""What is recorded again and again goes through handles that the extension keeps: what that could break."""
import contextlib
import gc
import math
import os
import sys
import threading

import afmon
import pytest
from conftest import forks, lines_of

OFTEN = 100  # well beyond the number of calls after which a handle is made


def payloads(folder):
    """(value, metadata) of each sample, in order."""
    return [(line["value"], {key: item for key, item in line.items() if key not in ("metric", "value", "timestamp")})
            for line in lines_of(folder)]


def test_every_call_is_a_sample_of_its_own(monitor, folder):
    for i in range(OFTEN):
        monitor.record_metric("m", i, {"operation": "answer", "attempt": 1, "last": True, "note": None})
        monitor.record_metric("m", i)
    monitor.flush()
    metadata = {"operation": "answer", "attempt": 1, "last": True, "note": None}
    assert payloads(folder) == [entry for i in range(OFTEN) for entry in ((float(i), metadata), (float(i), {}))]
    assert list(lines_of(folder)[-2]) == ["metric", "value", *metadata, "timestamp"]


def test_a_dict_that_is_changed_between_calls(monitor, folder):
    metadata = {"phase": "first"}
    for i in range(3 * OFTEN):
        if i == OFTEN:
            metadata["phase"] = "second"
        if i == 2 * OFTEN:
            metadata["more"] = "m"
        monitor.record_metric("m", i, metadata)
    monitor.flush()
    expected = [{"phase": "first"}, {"phase": "second"}, {"phase": "second", "more": "m"}]
    assert [item for _, item in payloads(folder)] == [one for one in expected for _ in range(OFTEN)]


def test_equal_values_of_other_types_and_another_order_stay_apart(monitor, folder):
    kinds = [{"k": True}, {"k": 1}, {"k": 1.0}, {"k": "1"}, {"k": None}, {"a": 1, "b": 2}, {"b": 2, "a": 1}]
    for _ in range(OFTEN):
        for metadata in kinds:
            monitor.record_metric("m", 0, metadata)
    monitor.flush()
    seen = [list(item.items()) for _, item in payloads(folder)]
    expected = [list(metadata.items()) for metadata in kinds] * OFTEN
    assert seen == expected
    assert [[type(value) for _, value in item] for item in seen] == [[type(value) for _, value in item] for item in expected]


class Text(str):
    def __str__(self):
        return "changed by __str__"


class Changing:
    texts = iter(range(10 * OFTEN))

    def __str__(self):
        return str(next(self.texts))


def test_what_is_no_plain_text_is_asked_each_time(monitor, folder):
    changing = Changing()
    for i in range(OFTEN):
        monitor.record_metric("m", i, {"k": changing})
        monitor.record_metric("m", i, {Text("key"): "v"})
    monitor.flush()
    assert [item["k"] for _, item in payloads(folder)[::2]] == [str(i) for i in range(OFTEN)]
    assert all(list(item) == ["changed by __str__"] for _, item in payloads(folder)[1::2])


def test_texts_that_are_made_anew_for_each_call(monitor, folder):
    for i in range(OFTEN):
        monitor.record_metric("".join(["na", "me"]), i, {"".join(["k", "ey"]): "".join(["val", "ue"])})
    monitor.flush()
    assert [line["metric"] for line in lines_of(folder)] == ["name"] * OFTEN
    assert payloads(folder) == [(float(i), {"key": "value"}) for i in range(OFTEN)]


@pytest.mark.parametrize("name, text, value", [
    ("half \ud800 pair", "half \ufffd\ufffd\ufffd pair", "a\udfffb"), ("nul \0 byte", "nul \0 byte", "n\0"), ("", "", ""),
    ("long " * 1000, "long " * 1000, "x" * 100_000),
])
def test_unusual_texts(monitor, folder, name, text, value):
    for i in range(OFTEN):
        monitor.record_metric(name, i, {"k": value})
    monitor.flush()
    assert {line["metric"] for line in lines_of(folder)} == {text}
    assert len({line["k"] for line in lines_of(folder)}) == 1 and len(lines_of(folder)) == OFTEN


def test_more_repeated_calls_than_handles_are_kept_for(monitor):
    names = [f"m{number}" for number in range(60)]
    texts = [f"t{number}" for number in range(40)]
    for _ in range(20):
        for name in names:
            for text in texts:
                monitor.record_metric(name, 1, {"k": text})
    monitor.flush()
    view = monitor.view()
    assert [view.get_metrics(name)["count"] for name in names] == [800] * 60
    assert sorted({sample["k"] for sample in view.samples("m7")}) == sorted(texts)


def test_very_many_names(monitor):
    for number in range(5000):
        monitor.record_metric(f"name {number}", number)
    monitor.flush()
    assert len(monitor.view().metrics) == 5000
    assert monitor.get_metrics("name 4999")["mean"] == 4999


def test_values_are_checked_at_each_call(monitor, folder):
    for _ in range(OFTEN):
        monitor.record_metric("m", 1, {"k": "v"})
    monitor.record_metric("m", math.nan, {"k": "v"})
    with pytest.warns(RuntimeWarning, match="value is None"):
        for odd in (None, "1", [1], 10**400):
            monitor.record_metric("m", odd, {"k": "v"})
    monitor.flush()
    assert payloads(folder)[-5:] == [(value, {"k": "v"}) for value in (None, None, 1.0, None, None)]
    assert len(lines_of(folder)) == OFTEN + 5


def test_after_shutdown(folder):
    monitor = afmon.GenerationMonitor(folder, metrics_interval=0)
    for i in range(OFTEN):
        monitor.record_metric("m", i, {"k": "v"})
    monitor.shutdown()
    with pytest.warns(RuntimeWarning, match="shut down"):
        monitor.record_metric("m", 1, {"k": "v"})
    monitor.record_metric("m", 1, {"k": "v"})
    assert len(lines_of(folder)) == OFTEN


@forks
def test_a_forked_child_records_through_the_same_handles(folder):
    with afmon.GenerationMonitor(folder, metrics_interval=0) as monitor:
        def record(value):
            for _ in range(OFTEN):
                monitor.record_metric("m", value, {"k": "v"})

        record(1)
        child = os.fork()
        if child == 0:
            record(2)
            os._exit(0 if monitor.shutdown()["drained"] else 1)
        record(3)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert sorted(payloads(folder), key=str) == sorted([(value, {"k": "v"}) for value in (1.0, 2.0, 3.0)] * OFTEN, key=str)


def test_two_monitors_do_not_share(tmp_path):
    with afmon.GenerationMonitor(tmp_path / "a", metrics_interval=0) as one, \
            afmon.GenerationMonitor(tmp_path / "b", metrics_interval=0) as other:
        for i in range(OFTEN):
            for number, monitor in enumerate((one, other)):
                monitor.record_metric("m", number, {"k": "v"})
    assert [payloads(tmp_path / name) for name in "ab"] == [[(float(number), {"k": "v"})] * OFTEN for number in (0, 1)]


def test_threads_that_begin_together(monitor):
    start = threading.Barrier(8)

    def work():
        start.wait()
        for _ in range(1000):
            monitor.record_metric("together", 1, {"k": "v"})

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    monitor.flush()
    assert monitor.get_metrics("together")["count"] == 8000
    assert all(sample["k"] == "v" for sample in monitor.view().samples("together"))


def test_nothing_is_kept_after_the_monitor(folder):
    key, text = "".join(["a ", "key"]), "".join(["a ", "text"])
    before = sys.getrefcount(key), sys.getrefcount(text)
    with afmon.GenerationMonitor(folder, metrics_interval=0) as monitor:
        for i in range(OFTEN):
            monitor.record_metric(text, i, {key: text})
    assert sys.getrefcount(key) > before[0]
    del monitor
    gc.collect()
    assert (sys.getrefcount(key), sys.getrefcount(text)) == before


def test_keywords_in_any_order_and_not_interned(monitor, folder):
    """The extension finds the names of arguments by their address, where they are interned."""
    named = {"".join(["dur", "ation"]): 1, "".join(["suc", "cess"]): True, "".join(["model", "_name"]): "m"}
    monitor.track_generation(**named)
    monitor.track_generation(total_token_count=3, success=True, model_name="m", duration=1)
    monitor.flush()
    assert [line["metric"] for line in lines_of(folder)].count("model_usage:m") == 2
    for call in (lambda: monitor.track_generation(1, True, **{"".join(["dur", "ation"]): 2}),
                 lambda: monitor.record_metric("m", 1, **{"".join(["val", "ue"]): 2})):
        with pytest.raises(TypeError):
            call()


def refused(call, *arguments, **named):
    with contextlib.suppress(TypeError, ValueError):
        call(*arguments, **named)


CALLS = {
    "record": lambda m, i: m.record_metric("m", i, {"k": "v"}),
    "record by keywords": lambda m, i: m.record_metric(value=i, metric_name="m", metadata={"k": i + 0.5}),
    "record texts made anew": lambda m, i: m.record_metric(f"m{i % 7}", i, {f"k{i % 5}": f"v{i}"}),
    "record objects": lambda m, i: m.record_metric("m", i, {"list": [i, {"a": (1, None)}], "half": "\ud800", 5: object()}),
    "record many fields": lambda m, i: m.record_metric("m", i, {f"k{n}": n for n in range(40)}),
    "refused value": lambda m, i: refused(m.record_metric, "m", "1", {"k": "v"}),
    "odd name": lambda m, i: m.record_metric(5, i, {"k": "v"}),
    "odd value": lambda m, i: m.record_metric("m", "high", {"k": "v"}),
    "odd metadata": lambda m, i: m.record_metric("m", i, 5),
    "refused keyword": lambda m, i: refused(m.record_metric, "m", value=i, nope=1),
    "generation": lambda m, i: m.track_generation(1, True, model_name=f"m{i % 3}", total_token_count=i, metadata={"k": [i]}),
    "failed generation": lambda m, i: m.track_generation(1, False, error=ValueError(str(i)), k=object()),
    "odd generation": lambda m, i: m.track_generation("x", "maybe", total_token_count="9", http_status="x", metadata=5, k=[1]),
    "refused generation": lambda m, i: refused(m.track_generation, 1, True, total_token_count=9, **{"duration": 2}),
    "evaluation": lambda m, i: m.track_evaluation(1, True, "e", {"a": 1, "b": (0.5, f"f{i}"), "c": {"score": 1, "feedback": 5}}, k=[1]),
    "odd evaluation": lambda m, i: m.track_evaluation(1, True, "e", {"a": 1, "b": "high"}),
    "odd scores": lambda m, i: m.track_evaluation(1, True, "e", i),
    "log": lambda m, i: m.log_info(f"message {i}", k=[i]),
    "questions": lambda m, i: (m.get_metrics("m"), m.get_total_token_usage(), m.stats()),
}


@pytest.mark.filterwarnings("ignore:afmon. .* makes no sense")
@pytest.mark.parametrize("name", CALLS)
def test_no_call_leaks_objects(monitor, name):
    def blocks_after(count):
        for i in range(count):
            CALLS[name](monitor, i)
        gc.collect()
        return sys.getallocatedblocks()

    blocks_after(300)
    before = blocks_after(300)
    assert blocks_after(1000) - before < 300


READS = {
    "samples": lambda run: run.samples(),
    "summary": lambda run: (run.summary(), run.alerts()),
    "check": lambda run: run.check(),
    "names and aggregates": lambda run: [run.get_metrics(name) for name in run.metrics],
    "facts": lambda run: (run.info, run.problems, run.get_total_token_usage()),
    "refused": lambda run: (refused(run.plot_metric, "none"), refused(run.check, nope=1), refused(run.export, "x", "foo")),
}


@pytest.mark.parametrize("name", READS)
def test_no_reading_leaks_objects(monitor, name):
    for i in range(300):
        monitor.record_metric("m", i, {"k": f"v{i}", "list": [i]})
        monitor.track_generation(50, i % 2 == 0, model_name="m", total_token_count=i, error="e" if i % 2 else None)
    run = monitor.view()

    def blocks_after(count):
        for _ in range(count):
            READS[name](run)
        gc.collect()
        return sys.getallocatedblocks()

    blocks_after(3)
    before = blocks_after(3)
    assert blocks_after(20) - before < 300
