"""A run monitored, asked, drawn and read back. The cells (# %%) are those of a notebook: editors run them one by one.

    python3 notebook.py [folder of the run]
"""
# %% Monitor a generation. In a program of your own the calls of a model stand where `generate` is.
import random
import sys
import tempfile
from pathlib import Path

import afmon

interactive = "ipykernel" in sys.modules
folder = Path(sys.argv[1]) if len(sys.argv) > 1 and not interactive else Path(tempfile.mkdtemp()) / "run"
chance = random.Random(7)


def generate():
    """A simulated call of a model: (seconds, prompt tokens, completion tokens), or a TimeoutError."""
    if chance.random() < 0.04:
        raise TimeoutError("the model did not answer within 30 s")
    return chance.gammavariate(4, 0.4), chance.randint(80, 400), chance.randint(20, 300)


alerts = []
monitor = afmon.GenerationMonitor(folder, alert_handlers=[alerts.append], alert_max_generation_time_seconds=1.2)
for _ in range(500):
    try:
        duration, prompt, completion = generate()
    except TimeoutError as error:
        monitor.track_generation(30.0, False, error=error, model_name="simulated", operation="answer_generation")
        continue
    monitor.track_generation(duration, True, model_name="simulated", operation="answer_generation", finish_reason="stop",
                             prompt_token_count=prompt, completion_token_count=completion,
                             total_token_count=prompt + completion)
    monitor.track_evaluation(0.2, True, "judge", {"coherence": chance.betavariate(8, 2)})

# %% Ask it, while it runs
times = monitor.get_metrics("generation_time")
print(f"{times['count']} calls, mean {times['mean']:.2f} s, p99 {times['p99']:.2f} s")
print(f"tokens: {monitor.get_total_token_usage().total_tokens}")
for alert in monitor.check_alerts():
    print(f"{alert.level}: {alert.message}")

# %% Look at it: in a notebook a figure shows itself
figure = monitor.plot_metric("generation_time", rolling_window=25)
figure.savefig(folder / "generation_time.svg")
figure

# %% The end: everything is in the files, and counted
print(monitor.shutdown())

# %% Read the run back, now or on another day
run = afmon.open_run(folder)
summary = run.summarize(max_generation_time_seconds=1.2)
print(summary["verdict"], *summary["reasons"], sep="\n  ")
for error in summary["errors"]:
    print(f"{error['error_type']}: {error['generations']} calls, {error['share']:.0%} of the failures")
figures = run.visualize_metrics(folder / "plots")
print(", ".join(figures))
run.report(folder / "report.html", max_generation_time_seconds=1.2)
run.export(folder / "run.parquet", "parquet")
print(f"{len(run.samples('generation_time'))} samples of generation_time in {folder}")
