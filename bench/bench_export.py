#!/usr/bin/env python3
"""afmon export against pandas building the same files from the same rows, as the Python package afterimage does.

    build-python/bin/python3 bench/bench_export.py BUILD/cli/afmon [SAMPLES [EXCEL_SAMPLES]]

Each runs in a process of its own. pandas begins with the rows in memory, read from the same file. afmon is measured in two
ways: the command, whose time has the reading of metrics.jsonl in it, and the Python package (of the same build) exporting
a run that was read before, which is what pandas does. Prints seconds, peak memory, and the ratios.
"""
import datetime
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time

BEGIN = datetime.datetime(2026, 11, 23, tzinfo=datetime.timezone.utc)


def write_run(folder, count):
    with open(os.path.join(folder, "metrics.jsonl"), "w", encoding="ascii") as out:
        for i in range(count):
            at = (BEGIN + datetime.timedelta(microseconds=i * 1009)).isoformat(timespec="microseconds")
            out.write(f'{{"metric": "generation_time", "value": {i % 977 / 7!r}, "model_name": "m{i % 5}", "index": {i % 1000}, '
                      f'"timestamp": "{at}"}}\n')


def by_pandas(folder, path, kind, answer):
    import pandas
    entries = []
    for line in open(os.path.join(folder, "metrics.jsonl"), encoding="ascii"):
        sample = json.loads(line)
        entries.append({"timestamp": datetime.datetime.fromisoformat(sample["timestamp"]).replace(tzinfo=None), "value": sample["value"],
                        "metadata": {"model_name": sample["model_name"], "index": sample["index"]}})
    begin = time.perf_counter()
    if kind == "json":
        with open(path, "w", encoding="utf-8") as out:
            json.dump({"generation_time": entries}, out, default=str)
    else:
        rows = [{"timestamp": e["timestamp"], "value": e["value"], **{f"metadata_{k}": v for k, v in e["metadata"].items()}} for e in entries]
        frame = pandas.DataFrame(rows)
        if kind == "parquet":
            frame.insert(0, "metric_name", "generation_time")
            frame.to_parquet(path, index=False)
        elif kind == "csv":
            frame.to_csv(path, index=False)
        else:
            frame.to_excel(path, index=False, engine="openpyxl")
    answer.put((time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def by_afmon(command, folder, path, kind):
    begin = time.perf_counter()
    process = subprocess.Popen([command, "export", folder, "--output", path, "--format", kind])
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    return time.perf_counter() - begin, usage.ru_maxrss / 1024


def from_memory(command, folder, path, kind, answer):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(command))), "python"))
    import afmon
    run = afmon.open_run(folder)
    begin = time.perf_counter()
    run.export(path, kind)
    answer.put((time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def apart(function, *arguments):
    """What a function answers in a fresh process."""
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    process = context.Process(target=function, args=(*arguments, answer))
    process.start()
    result = answer.get()
    process.join()
    return result


def tell(kind, count, how, ours, theirs):
    print(f"{kind:7} {count:>9,} samples, {how}: afmon {ours[0]:.2f} s, {ours[1]:.0f} MB; pandas {theirs[0]:.2f} s, {theirs[1]:.0f} MB; "
          f"{theirs[0] / ours[0]:.1f} times faster, {theirs[1] / ours[1]:.1f} times less memory", flush=True)


def compare(command, kind, count):
    with tempfile.TemporaryDirectory() as folder:
        write_run(folder, count)
        path = os.path.join(folder, "out." + {"excel": "xlsx"}.get(kind, kind))
        whole = sorted(by_afmon(command, folder, path, kind) for _ in range(3))[1]
        memory = sorted(apart(from_memory, command, folder, path, kind) for _ in range(3))[1]
        theirs = apart(by_pandas, folder, path, kind)
    tell(kind, count, "the run read too", whole, theirs)
    tell(kind, count, "from memory", memory, theirs)


if __name__ == "__main__":
    samples = int(sys.argv[2]) if len(sys.argv) > 2 else 5_000_000
    compare(sys.argv[1], "parquet", samples)
    compare(sys.argv[1], "csv", samples)
    compare(sys.argv[1], "json", samples)
    compare(sys.argv[1], "excel", int(sys.argv[3]) if len(sys.argv) > 3 else 1_000_000)
