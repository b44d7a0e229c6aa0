"""A generation monitored, asked, drawn and read back, cell by cell.

VS Code, PyCharm and Jupytext open this file as a notebook: a cell begins at each "# %%". As a program it runs to its end:

    python3 notebook.py [folder of the run]
"""
# %% [markdown]
# What is generated here is simulated: in a program of your own the call of a model stands where `generate` is. The generators
# of afterimage track their calls themselves: `ConversationGenerator(..., monitor=monitor)`.

# %%
import random
import sys
import tempfile
from pathlib import Path

import afmon

as_program = "ipykernel" not in sys.modules
folder = Path(sys.argv[1]) if as_program and len(sys.argv) > 1 else Path(tempfile.mkdtemp()) / "run"
chance = random.Random(7)


def generate():
    """A call of a model: seconds, tokens of prompt and completion, or a TimeoutError."""
    if chance.random() < 0.04:
        raise TimeoutError("the model did not answer within 30 s")
    return chance.gammavariate(4, 0.4), chance.randint(80, 400), chance.randint(20, 300)


# %% [markdown]
# The monitor writes everything that it is told into the folder. Seven alert rules are built in; here the limit of one is
# lower than usual, so that it fires. Whatever you add to a call by keyword (`operation`) is kept with each of its samples.

# %%
def tell(alert):
    print(f"{alert.level}: {alert.message}")


monitor = afmon.GenerationMonitor(folder, alert_handlers=[tell], alert_max_generation_time_seconds=1.2)
for _ in range(500):
    try:
        seconds, prompt, completion = generate()
    except TimeoutError as error:
        monitor.track_generation(30.0, False, error=error, model_name="simulated", operation="answer_generation")
        continue
    monitor.track_generation(
        seconds, True, model_name="simulated", operation="answer_generation", finish_reason="stop",
        prompt_token_count=prompt, completion_token_count=completion, total_token_count=prompt + completion,
    )
    monitor.track_evaluation(0.2, True, "judge", {"coherence": chance.betavariate(8, 2)})

# %% [markdown]
# Ask it at any time. It judges the rules once a minute by itself, and when it is told to.

# %%
times = monitor.get_metrics("generation_time")  # of the last five minutes; window=None: of the whole run
print(f"{times['count']} calls, mean {times['mean']:.2f} s, p99 {times['p99']:.2f} s")
print(f"{monitor.get_total_token_usage().total_tokens:,} tokens")
monitor.check_alerts()

# %% [markdown]
# A figure shows itself where it is the last thing in a cell.

# %%
figure = monitor.plot_metric("generation_time", rolling_window=25)
figure.savefig(folder / "generation_time.svg")
figure

# %% [markdown]
# The end: what is still queued is written, and counted. At the end of a program this happens by itself.

# %%
ending = monitor.shutdown()
print(f"{ending['samples_written']:,} samples written, {sum(ending['dropped'].values())} lost")

# %% [markdown]
# Read the run back, now or on another day, here or on another machine.

# %%
run = afmon.open_run(folder)
summary = run.summary()
print(summary["verdict"], *(reason["text"] for reason in summary["reasons"]), sep="\n  ")
for failure in summary["failures"]:
    print(f"{failure['error_type']}: {failure['count']} calls, {failure['share']:.0%} of the failures")

# %%
run.report(folder / "report.html")  # for a browser, or to attach
run.export(folder / "run.xlsx", "excel")  # or json, csv, parquet
print(", ".join(run.visualize_metrics(folder / "plots")))

# %% [markdown]
# As a data frame: no file is in between. `pyarrow.table(run)` and `duckdb.sql("from run")` do the same.

# %%
try:
    import polars
except ImportError:
    print(f"{len(run.samples('generation_time'))} samples of generation_time (with polars here comes a data frame)")
else:
    slowest = polars.DataFrame(run).filter(polars.col("metric_name") == "generation_time").sort("value").tail(3)
    print(slowest.select("timestamp", "value", "operation"))
print(f"All of it is in {folder}")
