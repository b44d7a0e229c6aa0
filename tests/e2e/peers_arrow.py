"""The Arrow stream of a view, as pyarrow, polars, DuckDB and pandas take it over, value by value against what was recorded."""
import ctypes
import datetime
import json
import os

import duckdb
import pandas
import polars
import pyarrow
import pytest

LIBRARY = os.environ["AFMON_LIBRARY"]
BEGIN = datetime.datetime(2026, 11, 23, 9, 0, 0, tzinfo=datetime.timezone.utc)
STREAM_BYTES = 5 * ctypes.sizeof(ctypes.c_void_p)
ERROR_BYTES = 512
NAMES = ["model_usage:org/model:free", "History", "emoji 😀", 'a "quote", comma', "two\nlines", "a" * 60 + "1", "a" * 60 + "2"]


class View:
    """Has the Arrow C stream protocol, by the public functions of the library alone."""

    def __init__(self, folder):
        self.library = ctypes.CDLL(LIBRARY)
        self.handle = ctypes.c_void_p()
        error = ctypes.create_string_buffer(ERROR_BYTES)
        assert self.library.afmon_view_open(os.fsencode(folder), None, ctypes.byref(self.handle), error) == 0, error.raw[8:]

    def reader(self):
        stream = ctypes.create_string_buffer(STREAM_BYTES)
        assert self.library.afmon_view_arrow_stream(self.handle, None, stream, None) == 0
        return pyarrow.RecordBatchReader._import_from_c(ctypes.addressof(stream))

    def __arrow_c_stream__(self, requested_schema=None):
        return self.reader().__arrow_c_stream__(requested_schema)

    def close(self):
        self.library.afmon_view_close(self.handle)


def record(folder, count):
    rows = []
    folder.mkdir()
    with open(folder / "metrics.jsonl", "w", encoding="utf-8") as out:
        for i in range(count):
            at = BEGIN + datetime.timedelta(microseconds=i * 137_001)
            fields = {"text": f"say \"{i % 13}\" 日本語", "count": i * 10**14 // 7, "score": i / 3 if i % 2 else i, "good": i % 2 == 0,
                      "mixed": [i, i / 8, "x", True, None][i % 5], "value_": None, "Empty": ""}
            if i % 5 == 0:
                del fields["score"]
            value = None if i % 97 == 0 else i / 7 * (-1) ** i
            rows.append({"metric_name": NAMES[i % len(NAMES)], "timestamp": at, "value": value, **fields})
            out.write(json.dumps({"metric": NAMES[i % len(NAMES)], "value": value, **fields,
                                  "timestamp": at.isoformat(timespec="microseconds")}) + "\n")
    return rows


def expected(row):
    mixed = row["mixed"]
    text = None if mixed is None else str(mixed).lower() if isinstance(mixed, bool) else str(mixed)
    return {**row, "score": None if row.get("score") is None else float(row["score"]), "mixed": text, "value_": None}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("arrow") / "run"
    rows = record(folder, 70_000)
    view = View(folder)
    yield view, sorted(map(expected, rows), key=lambda row: row["timestamp"])
    view.close()


def test_pyarrow(recorded):
    view, rows = recorded
    table = view.reader().read_all()
    table.validate(full=True)
    assert [(field.name, str(field.type), field.nullable) for field in table.schema] == [
        ("metric_name", "string", False), ("timestamp", "timestamp[us, tz=UTC]", False), ("value", "double", True),
        ("text", "string", True), ("count", "int64", True), ("good", "bool", True), ("mixed", "string", True),
        ("value_", "string", True), ("Empty", "string", True), ("score", "double", True)]
    assert max(batch.num_rows for batch in table.to_batches()) <= 65_536
    found = sorted(table.to_pylist(), key=lambda row: row["timestamp"])
    assert len(found) == len(rows)
    for one, other in zip(found, rows):
        assert one == other


def test_polars(recorded):
    view, rows = recorded
    frame = polars.DataFrame(view).sort("timestamp")
    assert frame.schema["timestamp"] == polars.Datetime("us", "UTC")
    assert frame.to_dicts() == rows
    assert frame.filter(polars.col("metric_name").str.starts_with("model_usage:")).height == sum(
        row["metric_name"].startswith("model_usage:") for row in rows)


def test_duckdb(recorded):
    view, rows = recorded
    reader = view.reader()  # a local variable, by its name
    found = duckdb.sql("select metric_name, epoch_us(timestamp), value, text, count, score, good, mixed, Empty from reader "
                       "order by timestamp").fetchall()
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    assert found == [(row["metric_name"], (row["timestamp"] - epoch) // datetime.timedelta(microseconds=1), row["value"], row["text"],
                      row["count"], row["score"], row["good"], row["mixed"], row["Empty"]) for row in rows]
    assert reader is not None


def test_pandas(recorded):
    view, rows = recorded
    frame = pandas.DataFrame.from_arrow(view).sort_values("timestamp", ignore_index=True)
    assert list(frame["text"]) == [row["text"] for row in rows]
    assert list(frame["timestamp"]) == [row["timestamp"] for row in rows]
    assert [None if pandas.isna(value) else value for value in frame["value"]] == [row["value"] for row in rows]


def test_a_stream_outlives_its_view(tmp_path):
    record(tmp_path / "run", 1000)
    view = View(tmp_path / "run")
    reader = view.reader()
    view.close()
    assert reader.read_all().num_rows == 1000


@pytest.mark.parametrize("count", [0, 1])
def test_few_samples(tmp_path, count):
    rows = record(tmp_path / "run", count)
    view = View(tmp_path / "run")
    table = view.reader().read_all()
    assert table.num_rows == count
    assert [name for name in table.schema.names][:3] == ["metric_name", "timestamp", "value"]
    assert table.to_pylist() == ([{"metric_name": NAMES[0], "timestamp": BEGIN, "value": None, "text": rows[0]["text"], "count": 0, "good": True,
                                   "mixed": 0, "value_": None, "Empty": ""}] if rows else [])
    view.close()
