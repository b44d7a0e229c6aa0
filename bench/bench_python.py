#!/usr/bin/env python3
"""What a call costs the generator: afmon's GenerationMonitor beside the peer's, one thread, the same calls.

    make test-peer                        (installs the peer into build-peer/)
    pip install --target FOLDER .         (a release build)
    PYTHONPATH=FOLDER build-peer/bin/python3 bench/bench_python.py

The peer's queue has no bound: its calls return long before their samples are in its file, and its shutdown leaves behind
what is still queued. So both are also measured until everything is written: afmon's flush, and the peer's queues empty.
Medians of several runs, each in a new process.
"""
import json
import statistics
import subprocess
import sys
import tempfile
import time

RUNS = 3
CALLS = 5_000
KINDS = ("record_metric", "track_generation", "get_metrics")


def call_of(monitor, kind):
    if kind == "record_metric":
        return lambda i: monitor.record_metric("value", 0.5, {"operation": "answer_generation"})
    if kind == "track_generation":
        return lambda i: monitor.track_generation(
            duration=0.5, success=True, model_name="m", finish_reason="stop", prompt_token_count=21,
            completion_token_count=7, total_token_count=28, metadata={"operation": "answer_generation"})
    return lambda i: monitor.get_metrics("value")


def wait_until_written(monitor):
    if hasattr(monitor, "flush"):
        monitor.flush(60)
        return
    while not (monitor.metric_queue.empty() and monitor.log_queue.empty()):
        time.sleep(0.001)


def measure(which, kind):
    """Seconds a call: of the calls alone, and until what they recorded is written."""
    if which == "afmon":
        from afmon import GenerationMonitor
    else:
        from afterimage.monitoring import GenerationMonitor
    count = CALLS
    with tempfile.TemporaryDirectory() as folder:
        monitor = GenerationMonitor(folder, metrics_interval=0, shutdown_timeout=5)
        if kind == "get_metrics":
            count = 50
            for _ in range(CALLS):
                monitor.record_metric("value", 0.5)
            wait_until_written(monitor)
        call = call_of(monitor, kind)
        begin = time.perf_counter()
        for i in range(count):
            call(i)
        calls = time.perf_counter() - begin
        wait_until_written(monitor)
        written = time.perf_counter() - begin
        monitor.shutdown()
        return calls / count, written / count


def median(which, kind):
    runs = []
    for _ in range(RUNS):
        done = subprocess.run([sys.executable, __file__, which, kind], stdout=subprocess.PIPE, text=True, check=True)
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    return [statistics.median(values) for values in zip(*runs)]


def main():
    if len(sys.argv) == 3:
        print(json.dumps(measure(*sys.argv[1:])))
        return
    print(f"{'microseconds a call':24} {'afmon':>10} {'peer':>10} {'ratio':>8}")
    for kind in KINDS:
        ours, theirs = median("afmon", kind), median("peer", kind)
        for label, i in (("", 0), (", written", 1)):
            if i == 0 or kind != "get_metrics":
                print(f"{kind + label:24} {ours[i] * 1e6:10.2f} {theirs[i] * 1e6:10.2f} {theirs[i] / ours[i]:8.1f}",
                      flush=True)


if __name__ == "__main__":
    main()
