"""A run handed to pyarrow, polars and DuckDB by the Arrow PyCapsule interface."""
import datetime
import gc
import pathlib
import subprocess
import sys
import threading

import afmon
import duckdb
import polars
import pyarrow
import pytest

ROWS = 200_000  # some batches


@pytest.fixture
def run(monitor):
    for i in range(1000):
        monitor.record_metric("a", i / 8, {"text": f"äö {i}", "count": i, "mixed": i if i % 2 else "x"})
    monitor.record_metric("b", float("nan"))
    return monitor.view()


def test_pyarrow_has_what_samples_has(run):
    table = pyarrow.table(run)
    assert table.column_names == ["metric_name", "timestamp", "value", "text", "count", "mixed"]
    rows, expected = table.to_pylist(), run.samples()
    assert len(rows) == len(expected) == 1001
    for row, sample in zip(rows[:1000], expected):
        assert (row["metric_name"], row["value"], row["text"], row["count"], row["timestamp"], row["mixed"]) == (
            "a", sample["value"], sample["text"], sample["count"], sample["timestamp"], str(sample["mixed"]))
    assert rows[1000]["metric_name"] == "b" and rows[1000]["value"] is None


def test_polars_and_duckdb(run):
    frame = polars.DataFrame(run)
    assert frame.height == 1001 and frame["count"].sum() == sum(range(1000))
    assert duckdb.sql("select metric_name, count(*) from run group by all order by all").fetchall() == [("a", 1000), ("b", 1)]
    assert duckdb.sql("select sum(count) from run").fetchall() == [(sum(range(1000)),)]


@pytest.mark.parametrize("with_pyarrow", [True, False])
def test_to_pandas_has_one_shape(monitor, monkeypatch, with_pyarrow):
    assert list(monitor.view().to_pandas().columns) == ["metric", "value", "timestamp"]
    monitor.record_metric("m", 1.5, {"text": "ä", "count": 3, "flag": True})
    monitor.record_metric("n", float("nan"), {"count": 2**53, "metric": "a key like any other"} if with_pyarrow else {"count": 2**53})
    run = monitor.view()
    if not with_pyarrow:
        monkeypatch.setitem(sys.modules, "pyarrow", None)
    frame = run.to_pandas()
    assert list(frame.columns)[:6] == ["metric", "value", "timestamp", "text", "count", "flag"]
    assert frame["metric"].tolist() == ["m", "n"] and frame["text"].isna().tolist() == [False, True]
    assert frame["value"].isna().tolist() == [False, True] and frame["count"].tolist() == [3, 2**53]
    assert frame["timestamp"].dt.tz is not None
    assert frame["timestamp"].tolist() == [sample["timestamp"] for sample in run.samples()]


def test_window(folder):
    now = datetime.datetime.now(datetime.timezone.utc)
    folder.mkdir()
    (folder / "metrics.jsonl").write_text("".join(
        f'{{"metric": "m", "value": {age}.0, "timestamp": "{(now - datetime.timedelta(seconds=age)).isoformat()}"}}\n'
        for age in (300, 30, 0)))
    assert pyarrow.table(afmon.open_run(folder, window=60))["value"].to_pylist() == [30.0, 0.0]


def test_a_capsule_that_nobody_takes_and_a_run_that_is_gone(monitor):
    for i in range(ROWS):
        monitor.record_metric("a", i)
    run = monitor.view()
    run.__arrow_c_stream__()
    reader = pyarrow.RecordBatchReader.from_stream(run)
    del run
    gc.collect()
    assert sum(batch.num_rows for batch in reader) == ROWS


def test_beside_samples_in_other_threads(monitor):
    for i in range(20_000):
        monitor.record_metric("a", i)
    run = monitor.view()
    counts = []
    threads = [threading.Thread(target=lambda: counts.append(len(run.samples()))) for _ in range(2)]
    threads += [threading.Thread(target=lambda: counts.append(polars.DataFrame(run).height)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert counts == [20_000] * 4


def test_the_example_ends_with_a_data_frame(folder):
    example = pathlib.Path(__file__).parents[2] / "examples" / "python" / "notebook.py"
    done = subprocess.run([sys.executable, example, folder], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert "answer_generation" in done.stdout and "timestamp" in done.stdout
