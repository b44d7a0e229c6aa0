#!/usr/bin/env python3
"""afmon.GenerationMonitor beside afterimage's: what a call costs, what arrives, what is kept, who waits.

    bench/run BUILD python            (afterimage's is measured where make test-peer has made build-peer/)
    PYTHONPATH=BUILD/python build-peer/bin/python3 bench/bench_python.py [PART ...]

Both are measured in one process, with the same calls, in turns. A call's cost is that of a burst: the queues have room,
and both are left alone until everything is written before the next burst. Of 20 bursts the quickest counts, and of five
such the median, so that what else the machine does weighs little on either. bench/README.md says what each line is.
"""
import contextlib
import importlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time

PARTS = ("calls", "sustained", "memory", "queries", "threads")
METADATA = {"operation": "answer_generation"}
CLASSES = {"afmon": "afmon", "peer": "afterimage.monitoring"}


def has_peer():
    return importlib.util.find_spec("afterimage") is not None


class Opened:
    """A monitor of one of the two, in a folder of its own."""

    def __init__(self, which, **options):
        self.folder = tempfile.TemporaryDirectory()
        kind = importlib.import_module(CLASSES[which]).GenerationMonitor
        self.monitor = kind(self.folder.name, metrics_interval=0, **options)

    def wait(self):
        """Until all is written. Afterimage's last record may still be in work when its queues are empty."""
        monitor = self.monitor
        if hasattr(monitor, "flush"):
            monitor.flush(120)
            return
        while not (monitor.metric_queue.empty() and monitor.log_queue.empty()):
            time.sleep(0.001)
        time.sleep(0.002)

    def lines(self):
        with open(os.path.join(self.folder.name, "metrics.jsonl"), "rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))

    def close(self):
        self.monitor.shutdown()
        self.folder.cleanup()


def pair():
    return ["afmon", "peer"] if has_peer() else ["afmon"]


def row(label, unit, values, must=""):
    """Values: afmon's and afterimage's, more being worse; the ratio is afterimage's to ours."""
    print(json.dumps({"label": label, "unit": unit, "values": values, "must": must}), flush=True)


# ---- what a call costs its caller ----

def record(monitor, count):
    for _ in range(count):
        monitor.record_metric("value", 0.5, {"operation": "answer_generation"})


def record_bare(monitor, count):
    for _ in range(count):
        monitor.record_metric("value", 0.5)


def track(monitor, count):
    for _ in range(count):
        monitor.track_generation(
            duration=0.5, success=True, model_name="m", finish_reason="stop", prompt_token_count=21,
            completion_token_count=7, total_token_count=28, operation="answer_generation")


def make_items(monitor, count):
    for _ in range(count):
        with monitor.item():
            pass


def evaluate(monitor, count):
    for _ in range(count):
        monitor.track_evaluation(0.5, True, "coherence", {"coherence": 0.8, "grounding": 0.9}, model_name="m", total_token_count=28)


def seconds_of(function, *arguments):
    begin = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - begin


def burst_cost(opened, function, count):
    """Seconds a call, by name of the class. The two take turns."""
    minima = {which: [] for which in opened}
    for _ in range(5):
        bursts = {which: [] for which in opened}
        for _ in range(20):
            for which, one in opened.items():
                bursts[which].append(seconds_of(function, one.monitor, count) / count)
                one.wait()
        for which in opened:
            minima[which].append(min(bursts[which]))
    return [statistics.median(minima[which]) for which in opened]


def calls():
    opened = {which: Opened(which) for which in pair()}
    for label, function, count, must in (
            ("record_metric, one metadata item", record, 200, "6x; 300 ns"), ("record_metric, no metadata", record_bare, 200, "6x; 300 ns"),
            ("track_generation", track, 50, "10x"), ("track_evaluation, two scores", evaluate, 50, "")):
        row(label, "ns", [value * 1e9 for value in burst_cost(opened, function, count)], must)
    for one in opened.values():
        one.close()
    in_items()


def in_items():
    """Both of ours, which the ratio of the line compares: in an item, and beside it in the same run."""
    one = Opened("afmon")
    bursts = {True: [], False: []}
    begun = []
    for _ in range(100):
        begun.append(seconds_of(make_items, one.monitor, 100) / 100)
        one.wait()
        for is_inside, taken in bursts.items():
            with one.monitor.item() if is_inside else contextlib.nullcontext():
                taken.append(seconds_of(track, one.monitor, 50) / 50)
            one.wait()
    one.close()
    row("an item, from begin to outcome", "ns", [min(begun) * 1e9])
    row("track_generation in an item, beside it", "ns", [min(taken) * 1e9 for taken in bursts.values()], "0.7x")


# ---- from call to metrics.jsonl, without a pause ----

def sustained():
    for label, function, per_call, counts in (
            ("record_metric, until written", record, 1, {"afmon": 400_000, "peer": 10_000}),
            ("track_generation, until written", track, 8, {"afmon": 40_000, "peer": 2_000})):
        values = []
        for which in pair():
            runs = []
            for _ in range(3):
                one = Opened(which)
                begin = time.perf_counter()
                function(one.monitor, counts[which])
                one.wait()
                taken = time.perf_counter() - begin
                runs.append(taken / one.lines())
                assert one.lines() >= counts[which] * (per_call - 1), (which, one.lines())
                one.close()
            values.append(min(runs) * 1e9)
        row(label, "ns a sample", values, "30x")


# ---- memory of what is stored ----

def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure_memory(which):
    one = Opened(which)
    count = {"afmon": 1_000_000, "peer": 100_000}[which]
    record(one.monitor, 1_000)
    one.wait()
    before = resident()
    for i in range(count):
        one.monitor.record_metric("value", i * 0.001, {"operation": "answer_generation", "attempt": i % 3})
    one.wait()
    print(json.dumps((resident() - before) / count), flush=True)
    one.close()


def memory():
    row("memory of a stored sample", "bytes", [run_part("measure_memory", which)[0] for which in pair()], "10x")


# ---- asking ----

def fill(monitor, count):
    for i in range(count):
        monitor.record_metric("value", i * 7919 % 1_000_003 * 0.001)


def queries():
    """A million different values, and a new one before each query. Afterimage's list is filled by repeating the samples of
    20,000 calls, which spares it cache misses."""
    values = []
    for which in pair():
        one = Opened(which)
        fill(one.monitor, 1_000_000 if which == "afmon" else 20_000)
        one.wait()
        if which == "peer":
            one.monitor._metrics["value"] *= 50
        times = []
        for i in range(200 if which == "afmon" else 7):
            one.monitor.record_metric("value", i * 0.1)
            one.wait()
            times.append(seconds_of(one.monitor.get_metrics, "value"))
        assert one.monitor.get_metrics("value")["count"] == 1_000_000 + len(times)
        values.append(statistics.median(times) * 1e6)
        one.close()
    row("get_metrics of a million samples", "us", values, "1000x")


# ---- eight threads ----

def in_threads(number, function, *arguments):
    threads = [threading.Thread(target=function, args=arguments) for _ in range(number)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begin


def other_work(_, count):
    """As long a loop with as long a call that is not ours."""
    metadata = {}
    for _ in range(count):
        metadata.copy()


def wait_beside(function, monitor, seconds=1.5):
    """How long a thread that wakes up every millisecond waits for the interpreter beside 8 busy threads: the median."""
    over = threading.Event()

    def busy():
        while not over.is_set():
            function(monitor, 100)

    threads = [threading.Thread(target=busy) for _ in range(8)]
    for thread in threads:
        thread.start()
    waits = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        waits.append(seconds_of(time.sleep, 0.001) - 0.001)
    over.set()
    for thread in threads:
        thread.join()
    return statistics.median(waits)


def threads():
    count = 160_000
    one = Opened("afmon")
    single, eight, beside, beside_other = [], [], [], []
    for _ in range(3):
        for number, times in ((1, single), (8, eight)):
            times.append(in_threads(number, record, one.monitor, count // number) / count)
            one.wait()
        beside.append(wait_beside(record, one.monitor))
        beside_other.append(wait_beside(other_work, None))
        one.wait()
    row("a call, 8 threads at once; and one alone", "ns", [min(eight) * 1e9, min(single) * 1e9], "0.7x")
    row("another thread's wait beside 8 recording; beside 8 others", "us",
        [statistics.median(beside) * 1e6, statistics.median(beside_other) * 1e6], "0.9x")
    one.close()


# ---- the table ----

def run_part(*names):
    """What a part prints in a process of its own, line by line."""
    done = subprocess.run([sys.executable, __file__, *names], stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def show(line):
    ours, theirs = [*line["values"], None][:2]
    other, ratio = ("-", "-") if theirs is None else (f"{theirs:,.1f}", f"{theirs / ours:,.1f}")
    print(f"{line['label']:58} {line['unit']:12} {ours:10,.1f} {other:>12} {ratio:>9}   {line['must']}", flush=True)


def main():
    names = sys.argv[1:]
    if names and names[0] == "measure_memory":
        measure_memory(names[1])
        return
    if len(names) == 2 and names[0] == "part":
        globals()[names[1]]()
        return
    print(f"{'':58} {'':12} {'afmon':>10} {'peer, other':>12} {'ratio':>9}   must hold")
    if not has_peer():
        print("(afterimage is not installed: make test-peer; without it there are no ratios to it)")
    for name in names or PARTS:
        for line in run_part("part", name):
            show(line)


if __name__ == "__main__":
    main()
