"""Kills, forks, exits, and very many monitors."""
import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
import time

import afmon
import pytest
from conftest import SHORT, lines_of, run_python


def test_a_killed_process_loses_nothing_that_was_recorded(folder):
    code = """
import afmon, sys
monitor = afmon.GenerationMonitor(sys.argv[1])
number = 0
while True:
    monitor.record_metric("m", number)
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


def test_fork_in_the_middle_of_recording(folder):
    code = """
import afmon, os, sys, threading
monitor = afmon.GenerationMonitor(sys.argv[1], [afmon.FileMetricHandler(sys.argv[1]), type("H", (), {"handle_metric":
    lambda self, metric_name, value, metadata: None})()], metrics_interval=0)
stop = False
def work():
    while not stop:
        monitor.record_metric("threads", 1, {"k": "v"})
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads: thread.start()
for number in range(10):
    child = os.fork()
    if child == 0:
        for _ in range(100): monitor.record_metric("child", number)
        monitor.shutdown()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
stop = True
for thread in threads: thread.join()
"""
    status, output = run_python(code, folder)
    assert status == 0, output
    assert afmon.open_run(folder).get_metrics("child")["count"] == 1000


def record_in_child(monitor, number):
    monitor.record_metric("child", number)


@pytest.mark.parametrize("method", ["fork", "spawn"])
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
    lambda self, metric_name, value, metadata: None})()], metrics_interval=0)
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
    assert afmon.open_run(folder).get_metrics("first", )["count"] == 1
    assert not (folder / ".afmon").exists(), "the exit hook did not drain"


def test_an_exit_without_anything(folder):
    status, output = run_python("import afmon, sys; m = afmon.GenerationMonitor(sys.argv[1]); m.record_metric('m', 1)", folder)
    assert (status, output) == (0, "")
    assert len(lines_of(folder)) == 1


def test_very_many_monitors(tmp_path):
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
assert memory() - before[1] < 64 << 20, (memory(), before)
"""
    status, output = run_python(code, tmp_path / "run", number)
    assert status == 0, output
    assert afmon.open_run(tmp_path / "run").get_metrics("m")["count"] == number


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
