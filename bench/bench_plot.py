#!/usr/bin/env python3
"""afmon plot against matplotlib with seaborn drawing the same five charts from the same numbers.

    build-python/bin/python3 bench/bench_plot.py BUILD/cli/afmon [GENERATIONS]

matplotlib's time begins with the arrays in memory and its modules loaded. afmon's is that of `afmon plot` less that of
`afmon plot` of a metric with one sample, which is the cost of reading the run. Each in a process of its own; medians of
three. Prints seconds, peak memory, and the ratio.
"""
import datetime
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time

BEGIN = datetime.datetime(2026, 11, 23, tzinfo=datetime.timezone.utc)
SERIES = {
    "generation_time": lambda i: 1 + (i * 7919 % 1009) ** 2 / 4e5,
    "success_rate": lambda i: float(i % 23 != 0),
    "error_rate": lambda i: float(i % 23 == 0),
    "prompt_token_count": lambda i: float(100 + i * 31 % 501),
    "completion_token_count": lambda i: float(50 + i * 17 % 301),
    "total_token_count": lambda i: float(150 + i * 31 % 501 + i * 17 % 301),
    "evaluation_score_coherence": lambda i: (i * 37 % 1000) / 1000,
    "evaluation_score_factuality": lambda i: (i * 53 % 1000) / 1000,
    "evaluation_time": lambda i: 0.2 + (i * 101 % 503) / 300,
}


def write_run(folder, count):
    with open(os.path.join(folder, "metrics.jsonl"), "w", encoding="ascii") as out:
        for i in range(count):
            at = (BEGIN + datetime.timedelta(microseconds=i * 7001)).isoformat(timespec="microseconds")
            for name, value in SERIES.items():
                out.write(f'{{"metric": "{name}", "value": {value(i)!r}, "timestamp": "{at}"}}\n')
        out.write(f'{{"metric": "single", "value": 1.0, "timestamp": "{at}"}}\n')


def by_afmon(command, folder, *words):
    begin = time.perf_counter()
    process = subprocess.Popen([command, "plot", folder, "--save-dir", os.path.join(folder, "out"), *words], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    return time.perf_counter() - begin, usage.ru_maxrss / 1024


def draw_lines(plt, times, columns, names, path, window):
    figure, axes = plt.subplots(figsize=(10, 5))
    for name in names:
        axes.plot(times, columns[name].rolling(window, min_periods=1).mean(), label=name)
    axes.legend()
    figure.savefig(path, dpi=150)
    plt.close(figure)


def draw_histogram(plt, seaborn, column, path):
    figure, axes = plt.subplots(figsize=(10, 5))
    seaborn.histplot(column, bins=50, ax=axes)
    for q in (0.5, 0.9, 0.99):
        axes.axvline(column.quantile(q))
    figure.savefig(path, dpi=150)
    plt.close(figure)


def by_seaborn(count, folder, answer):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import pandas
    import seaborn
    seaborn.set_theme(style="whitegrid")
    times = pandas.date_range(BEGIN, periods=count, freq="7001us")
    columns = {name: pandas.Series([value(i) for i in range(count)]) for name, value in SERIES.items()}
    begin = time.perf_counter()
    window = max(10, count // 100)
    draw_lines(plt, times, columns, ["success_rate", "error_rate"], os.path.join(folder, "rates.png"), window)
    draw_lines(plt, times, columns, [n for n in SERIES if "token" in n], os.path.join(folder, "tokens.png"), window)
    draw_lines(plt, times, columns, [n for n in SERIES if "score" in n], os.path.join(folder, "scores.png"), window)
    for name in ("generation_time", "evaluation_time"):
        draw_histogram(plt, seaborn, columns[name], os.path.join(folder, name + ".png"))
    answer.put(time.perf_counter() - begin)


def compare(command, count):
    with tempfile.TemporaryDirectory() as folder:
        write_run(folder, count)
        reading = statistics.median(by_afmon(command, folder, "--metric", "single")[0] for _ in range(3))
        read_memory = by_afmon(command, folder, "--metric", "single")[1]
        runs = sorted(by_afmon(command, folder) for _ in range(3))
        one = statistics.median(by_afmon(command, folder, "--metric", "generation_time")[0] for _ in range(3))
        context = multiprocessing.get_context("spawn")
        answer = context.Queue()
        process = context.Process(target=by_seaborn, args=(count, folder, answer))
        process.start()
        theirs = answer.get()
        process.join()
    ours = runs[1][0] - reading
    print(f"{count:,} generations: five charts {ours:.3f} s above reading ({reading:.2f} s, which has one small chart in it), "
          f"{runs[1][1] - read_memory:.0f} MB more at the peak; one metric {one - reading:.3f} s; "
          f"matplotlib and seaborn {theirs:.2f} s: {theirs / ours:.1f} times faster", flush=True)


if __name__ == "__main__":
    compare(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000)
