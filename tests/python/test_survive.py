"""Kills, forks, exits, and very many monitors."""
import asyncio
import json
import multiprocessing
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import afmon
import pytest
from conftest import SHORT, forks, lines_of, run_python


def test_a_killed_process_loses_nothing_that_was_recorded(folder):
    code = """
import afmon, sys
monitor = afmon.GenerationMonitor(sys.argv[1])
number = 0
while True:
    monitor.record_metric("m", number, {"operation": "o"})
    number += 1
    if number % 1000 == 0:
        print(number, flush=True)
"""
    child = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True)
    told = [int(child.stdout.readline()) for _ in range(20)][-1]
    child.send_signal(signal.SIGKILL)
    child.wait()
    told = max([told, *[int(line) for line in child.stdout.read().split()]])
    child.stdout.close()
    run = afmon.open_run(folder)
    values = [sample["value"] for sample in run.samples("m")]
    assert len(values) >= told and values == list(range(len(values)))
    assert all(sample["operation"] == "o" for sample in run.samples("m"))


@forks
def test_a_forked_child_goes_on_recording(folder):
    with afmon.GenerationMonitor(folder, metrics_interval=0) as monitor:
        monitor.record_metric("parent", 1)
        child = os.fork()
        if child == 0:
            monitor.record_metric("child", 1, {"k": "v"})
            monitor.track_generation(1, True)
            os._exit(0 if monitor.shutdown()["drained"] else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        monitor.record_metric("parent", 2)
    run = afmon.open_run(folder)
    assert run.get_metrics("child")["count"] == 1 and run.get_metrics("parent")["count"] == 2


WORK = {
    "one call": """
def work(number):
    while not stop: monitor.record_metric("threads", 1, {"k": "v"})
""",
    "ever new handles": """
def work(number):
    i = 0
    while not stop:
        i += 1
        for _ in range(20): monitor.record_metric(f"{number} {i % 500}", 1, {"k": number})
""",
}


@forks
@pytest.mark.parametrize("work", WORK)
def test_fork_in_the_middle_of_recording(folder, work):
    """The thread that forks is the only one in the child; the others may hold any lock of the library at that moment."""
    code = """
import afmon, os, sys, threading
monitor = afmon.GenerationMonitor(sys.argv[1], [afmon.FileMetricHandler(sys.argv[1]), type("H", (), {"handle_metric":
    lambda self, metric_name, value, metadata: None})()], metrics_interval=0)
stop = False
""" + WORK[work] + """
threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
for thread in threads: thread.start()
for number in range(20):
    child = os.fork()
    if child == 0:
        for _ in range(100): monitor.record_metric("child", number, {"k": "v"})
        monitor.shutdown()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
stop = True
for thread in threads: thread.join()
"""
    status, output = run_python(code, folder)
    assert status == 0, output
    run = afmon.open_run(folder)
    assert run.get_metrics("child")["count"] == 2000 and all(sample["k"] == "v" for sample in run.samples("child"))


def record_in_child(monitor, number):
    monitor.record_metric("child", number)


@pytest.mark.parametrize("method", [pytest.param("fork", marks=forks), "spawn"])
def test_multiprocessing(folder, method):
    context = multiprocessing.get_context(method)
    with afmon.GenerationMonitor(folder, metrics_interval=0) as monitor:
        children = [context.Process(target=record_in_child, args=(monitor, number)) for number in range(3)]
        for child in children:
            child.start()
        for child in children:
            child.join()
            assert child.exitcode == 0
    assert sorted(line["value"] for line in lines_of(folder)) == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("daemon", [True, False])
def test_the_exit_hook_drains_while_threads_record(folder, daemon):
    code = """
import afmon, sys, threading, time
monitor = afmon.GenerationMonitor(sys.argv[1], [afmon.FileMetricHandler(sys.argv[1]), type("H", (), {"handle_metric":
    lambda self, metric_name, value, metadata: None})()], metrics_interval=0,
    shutdown_timeout=60)
monitor.record_metric("first", 1)
until = time.monotonic() + 1
def work():
    while sys.argv[2] == "True" or time.monotonic() < until:
        monitor.record_metric("m", 1, {"k": "v"})
for _ in range(3):
    threading.Thread(target=work, daemon=sys.argv[2] == "True").start()
time.sleep(0.2)
"""
    status, output = run_python(code, folder, daemon)
    assert status == 0, output
    assert "Error" not in output, output
    assert afmon.open_run(folder).get_metrics("first")["count"] == 1
    assert not (folder / ".afmon").exists(), "the exit hook did not drain"


def test_an_exit_without_anything(folder):
    status, output = run_python("import afmon, sys; m = afmon.GenerationMonitor(sys.argv[1]); m.record_metric('m', 1)", folder)
    assert (status, output) == (0, "")
    assert len(lines_of(folder)) == 1


@pytest.fixture
def quick_folder(tmp_path):
    """In memory where that can be: on a disk each of 10,000 monitors costs ten milliseconds of its journal."""
    memory = pathlib.Path("/dev/shm")
    if not os.access(memory, os.W_OK) or shutil.disk_usage(memory).free < 64 << 20:
        yield tmp_path / "run"
        return
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield pathlib.Path(folder) / "run"


def test_very_many_monitors(quick_folder):
    number = 300 if SHORT else 10000
    code = """
import afmon, os, resource, shutil, sys
def descriptors(): return len(os.listdir("/proc/self/fd"))
def memory(): return int(open("/proc/self/statm").read().split()[1]) * 4096
for i in range(int(sys.argv[2])):
    with afmon.GenerationMonitor(sys.argv[1], metrics_interval=0) as monitor:
        monitor.record_metric("m", i)
    if i == 100: before = descriptors(), memory()
assert descriptors() == before[0], (descriptors(), before)
assert memory() - before[1] < int(sys.argv[3]) << 20, (memory(), before)
"""
    # AddressSanitizer keeps up to 256 MiB of what was freed, to find late uses of it.
    status, output = run_python(code, quick_folder, number, 320 if SHORT else 64)
    assert status == 0, output
    assert afmon.open_run(quick_folder).get_metrics("m")["count"] == number


def test_asyncio_is_not_held_up(folder):
    class Slow:
        def handle_metric(self, metric_name, value, metadata):
            time.sleep(0.2)

    async def scene(monitor):
        longest = 0.0
        for i in range(200):
            before = time.perf_counter()
            monitor.track_generation(1, True, model_name="m", total_token_count=i)
            longest = max(longest, time.perf_counter() - before)
            await asyncio.sleep(0)
        return longest

    with afmon.GenerationMonitor(folder, [Slow()], metrics_interval=0, shutdown_timeout=0.1) as monitor:
        assert asyncio.run(scene(monitor)) < 0.15  # a wait for the handler would be 0.2 s at least


async def record_from_tasks(monitor):
    """16,000 samples, by eight tasks."""
    async def record(number):
        for i in range(2000):
            monitor.record_metric("m", i, {"task": number, "text": f"{number} {i}" * 20})
            if i % 50 == 0:
                await asyncio.sleep(0)

    await asyncio.gather(*(record(number) for number in range(8)))


def test_the_loop_goes_on_while_queues_are_full(folder):
    """Tasks record more than the files take; what a call waits for it waits for without the interpreter's lock."""
    with afmon.GenerationMonitor(folder, metrics_interval=0, ring_bytes=16384) as monitor:
        asyncio.run(record_from_tasks(monitor))
        monitor.flush(60)
        assert monitor.get_metrics("m", None)["count"] == 16_000


def test_the_loop_never_waits_where_full_queues_drop(folder):
    """16,000 samples come so fast that a queue of 16 KiB is full again and again."""
    with afmon.GenerationMonitor(folder, metrics_interval=0, ring_bytes=16384, on_full="drop") as monitor:
        asyncio.run(record_from_tasks(monitor))
        monitor.flush(60)
        stats = monitor.stats()
    assert stats["ring_waits"] == 0 and stats["ring_wait_s"] == 0
    assert stats["samples_recorded"] + stats["dropped"]["full"] == 16_000
    assert sum(stats["dropped"].values()) == stats["dropped"]["full"]
    assert len(lines_of(folder)) == stats["samples_recorded"] > 0


def log_of_waits(folder):
    lines = (folder / "afterimage.log").read_text(encoding="utf-8").splitlines()
    return [line.split(" - ", 1)[1] for line in lines if "event loop waited" in line]


def record_until_full(monitor, more=0):
    while monitor.stats()["ring_waits"] == 0:
        for i in range(100):
            monitor.record_metric("m", i, {"text": f"text {i} " * 60})
    for i in range(more):
        monitor.record_metric("m", i, {"text": f"text {i} " * 60})


def test_a_wait_on_the_thread_of_an_event_loop_is_told_once(folder):
    async def scene(monitor):
        record_until_full(monitor, 5000)

    with afmon.GenerationMonitor(folder, metrics_interval=0, ring_bytes=16384) as monitor:
        asyncio.run(scene(monitor))
        monitor.flush(60)
        told = [json.loads(line) for line in log_of_waits(folder)]
        assert len(told) == 1 and told[0]["level"] == "warning"
        assert 1 <= told[0]["ring_waits"] <= monitor.stats()["ring_waits"] and told[0]["ring_wait_s"] > 0
        assert "on_full='drop'" in told[0]["message"] and "ring_bytes" in told[0]["message"]


def test_other_waits_are_not_told(folder):
    async def scene():
        await asyncio.to_thread(record_until_full, monitor, 1000)  # a loop runs, but not in this thread
        monitor.record_metric("the loop's own", 1)  # its first call waits for the making of its queue, not for room

    with afmon.GenerationMonitor(folder, metrics_interval=0, ring_bytes=16384) as monitor:
        record_until_full(monitor)
        thread = threading.Thread(target=lambda: asyncio.run(scene()))
        thread.start()
        thread.join()
        monitor.flush(60)
        assert monitor.get_metrics("the loop's own")["count"] == 1
    assert not (folder / "afterimage.log").exists() or log_of_waits(folder) == []


def test_a_call_that_waits_for_room_lets_other_threads_run(folder):
    """With a switch interval that never ends, another thread runs only where a call lets go of the lock."""
    code = """
import afmon, sys, threading
monitor = afmon.GenerationMonitor(sys.argv[1], metrics_interval=0, ring_bytes=16384)
sys.setswitchinterval(3600)
turns = 0
def other():
    global turns
    while not over.is_set():
        turns += 1
        over.wait(0.0001)
over = threading.Event()
thread = threading.Thread(target=other)
thread.start()
texts = [f"text {number} " * 30 for number in range(1000)]
before = turns
for number in range(50_000):
    monitor.record_metric("m", number, {"text": texts[number % 1000]})
during = turns - before
over.set()
thread.join()
waits = monitor.stats()["ring_waits"]
assert waits > 0 and during > 0, (waits, during)
monitor.shutdown()
"""
    status, output = run_python(code, folder)
    assert status == 0, output


def test_a_slow_handler_beside_eight_threads_that_record(folder):
    class Slow:
        calls = 0

        def handle_metric(self, metric_name, value, metadata):
            Slow.calls += 1
            time.sleep(0.001)

    def work():
        for i in range(500):
            monitor.record_metric("m", i, {"k": "v"})

    with afmon.GenerationMonitor(folder, [afmon.FileMetricHandler(folder), Slow()], metrics_interval=0, shutdown_timeout=0.2) as monitor:
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads)
    assert len(lines_of(folder)) == 4000 and Slow.calls > 0


@pytest.mark.parametrize("method", [pytest.param("fork", marks=forks), "spawn", "forkserver"])
def test_a_pool_of_processes_that_all_record(folder, method):
    context = multiprocessing.get_context(method)
    with afmon.GenerationMonitor(folder, metrics_interval=0) as monitor:
        monitor.record_metric("parent", 1)
        with context.Pool(2, initializer=keep_in_worker, initargs=(monitor,)) as pool:
            pool.map(record_in_worker, range(20))
            pool.close()
            pool.join()
    assert sorted(line["value"] for line in lines_of(folder) if line["metric"] == "worker") == [float(i) for i in range(20)]


def monitor_of_its_own(folder):
    global kept
    kept = afmon.GenerationMonitor(folder, metrics_interval=0)
    for i in range(1000):
        kept.record_metric("child", i)


@pytest.mark.parametrize("method", [pytest.param("fork", marks=forks), "spawn", "forkserver"])
def test_a_monitor_made_in_a_child_process(folder, method):
    """It is shut down as that process ends: all is in the files, and nothing is left to recover."""
    child = multiprocessing.get_context(method).Process(target=monitor_of_its_own, args=(folder,))
    child.start()
    child.join()
    assert child.exitcode == 0
    assert [line["value"] for line in lines_of(folder)] == [float(i) for i in range(1000)]
    assert sorted(path.name for path in folder.iterdir()) == ["afterimage.log", "metrics.jsonl"]


def keep_in_worker(monitor):
    global kept
    kept = monitor


def record_in_worker(number):
    kept.record_metric("worker", number, {"k": "v"})


def test_a_killed_process_in_the_middle_of_generations(folder):
    code = """
import afmon, sys
monitor = afmon.GenerationMonitor(sys.argv[1])
number = 0
while True:
    monitor.track_generation(number, True, model_name="m", total_token_count=number, operation="o")
    number += 1
    if number % 100 == 0:
        print(number, flush=True)
"""
    child = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True)
    told = [int(child.stdout.readline()) for _ in range(20)][-1]
    child.kill()
    child.wait()
    child.stdout.close()
    run = afmon.open_run(folder)
    counts = {name: run.get_metrics(name)["count"] for name in ("generation_time", "success_rate", "model_usage:m", "total_token_count")}
    assert len(set(counts.values())) == 1 and counts["generation_time"] >= told
    values = [sample["value"] for sample in run.samples("total_token_count")]
    assert values == list(range(len(values)))


def test_metadata_that_another_thread_changes_while_a_call_waits(folder):
    """A call that waits for room lets others run, who may drop the texts that it was given. What was freed is overwritten."""
    code = """
import afmon, sys, threading
monitor = afmon.GenerationMonitor(sys.argv[1], metrics_interval=0, ring_bytes=16384)
shared = {"k": "begin", "n": 1.5}
over = False
def change():
    number = 0
    while not over:
        number += 1
        shared["k"] = f"text {number} " * 10
        shared.pop(f"key {number - 1}", None)
        shared[f"key {number}"] = 1
thread = threading.Thread(target=change)
thread.start()
for number in range(15_000):
    monitor.record_metric("m", number, shared)
    monitor.track_generation(1, True, metadata=shared)
    monitor.track_evaluation(1, True, "e", shared.get("none") or {f"score {number % 7}": 1}, metadata=shared)
over = True
thread.join()
waits = monitor.stats()["ring_waits"]
assert waits > 0
monitor.shutdown()
"""
    status, output = run_python(code, folder, env={**os.environ, "PYTHONMALLOC": "debug"})
    assert status == 0, output
    run = afmon.open_run(folder)
    texts = {sample["k"] for sample in run.samples()} - {"begin"}
    assert len(texts) > 1 and all(text == " ".join(text.split()[:2] * 10) + " " for text in texts)
    keys = {key for sample in run.samples("m") for key in sample} - {"metric", "value", "timestamp", "k", "n"}
    assert all(re.fullmatch("key [0-9]+", key) for key in keys)


@pytest.mark.parametrize("first", ["main", "other"])
def test_a_subinterpreter_cannot_import_it_and_harms_nothing(folder, first):
    pytest.importorskip("_xxsubinterpreters")
    code = """
import sys
import _xxsubinterpreters as interpreters
def elsewhere():
    number = interpreters.create()
    try:
        interpreters.run_string(number, f"import sys; sys.path[:] = {sys.path!r}; import afmon")
    except interpreters.RunFailedError as error:
        assert "ImportError" in str(error) and "main interpreter" in str(error), error
    else:
        raise AssertionError("imported")
    finally:
        interpreters.destroy(number)
if sys.argv[2] == "other":
    elsewhere()
import afmon
with afmon.GenerationMonitor(sys.argv[1]) as monitor:
    elsewhere()
    monitor.record_metric("m", 1, {"k": [1]})
    monitor.track_generation(1, False, error=ValueError("x"))
    monitor.log_info(5)
"""
    status, output = run_python(code, folder, first)
    assert (status, output) == (0, "")
    assert lines_of(folder)[0]["k"] == [1]


TROUBLES = {
    "removed": ("os.unlink(path)", "metrics.jsonl was removed", 100, 100),
    "renamed as logrotate does": ("os.rename(path, path + '.1')", "metrics.jsonl was renamed", 0, 100),
    "edited in place": ("subprocess.run(['sed', '-i', '1d', path], check=True)", "metrics.jsonl was replaced", 1, 199),
    "cut off as copytruncate does": ("shutil.copy(path, path + '.1'); os.truncate(path, 0)", "metrics.jsonl was cut off", 0, 100),
    "its folder removed": ("shutil.rmtree(sys.argv[1])", "metrics.jsonl was removed", 100, 100),
    "a folder in its place": ("os.unlink(path); os.mkdir(path)", "metrics.jsonl was replaced", 100, None),
}


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("ending", ["shutdown", "exit hook"])
def test_files_that_go_away_while_they_are_written(folder, trouble, ending):
    """It is told in the log, by shutdown or else by the exit hook; what is lost is counted; the folder is still a run."""
    what, told, lost, in_file = TROUBLES[trouble]
    code = f"""
import afmon, json, os, shutil, subprocess, sys
monitor = afmon.GenerationMonitor(sys.argv[1], metrics_interval=0)
path = os.path.join(sys.argv[1], "metrics.jsonl")
for number in range(100): monitor.record_metric("m", number)
monitor.flush()
{what}
for number in range(100, 200): monitor.record_metric("m", number)
if sys.argv[2] == "shutdown":
    print(json.dumps(monitor.shutdown()))
"""
    status, output = run_python(code, folder, ending)
    assert status == 0, output
    if ending == "shutdown":
        report = json.loads(output)
        assert told in report["last_error"] and report["drained"] is (lost == 0 and "cut" not in told)
        assert report["samples_recorded"] == 200 and report["samples_written"] == 200 - lost
        assert report["dropped"]["unwritable"] == lost
    else:
        assert output.startswith("afmon: ") and told in output
        assert ("samples and log records dropped: " in output) is (lost > 0 or "cut" in told)
        assert lost == 0 or f"dropped: {lost}\n" in output
    assert told in (folder / "afterimage.log").read_text(encoding="utf-8")
    if in_file is not None:
        assert afmon.open_run(folder).get_metrics("m")["count"] == in_file
    else:
        [other] = folder.glob("metrics-*.jsonl")
        assert len(other.read_text(encoding="utf-8").splitlines()) == 100


def test_descriptors_that_the_program_closed_are_its_own_again(folder, tmp_path):
    """A program that closes all and opens files of its own, as one that becomes a daemon: they are left alone."""
    code = """
import afmon, os, sys
monitor = afmon.GenerationMonitor(sys.argv[1], metrics_interval=0)
monitor.record_metric("m", 0)
monitor.flush()
ours = [fd for fd in range(3, 256) if os.path.exists(f"/proc/self/fd/{fd}")
        and os.readlink(f"/proc/self/fd/{fd}").startswith(sys.argv[1])]
assert len(ours) >= 4, ours
os.closerange(3, 256)
mine = [os.open(os.path.join(sys.argv[2], f"{number}.txt"), os.O_RDWR | os.O_CREAT | os.O_APPEND) for number in range(250)]
for fd in mine: os.write(fd, b"mine")
for number in range(1, 100): monitor.record_metric("m", number)
monitor.flush()
report = monitor.shutdown()
assert report["drained"] and "closed by something else" in report["last_error"], report
for fd in mine:
    assert os.fstat(fd).st_size == 4 and os.pread(fd, 9, 0) == b"mine", fd
    os.close(fd)
"""
    (tmp_path / "mine").mkdir()
    status, output = run_python(code, folder, tmp_path / "mine")
    assert (status, output) == (0, "")
    assert [line["value"] for line in lines_of(folder)] == [float(number) for number in range(100)]
