"""Our files, as other people's tools read them, value by value against what was recorded."""
import datetime
import json
import math
import os
import pathlib
import subprocess
import zipfile

import duckdb
import openpyxl
import pandas
import polars
import pyarrow.csv
import pyarrow.parquet
import pytest

COMMAND = os.environ["AFMON"]
BEGIN = datetime.datetime(2026, 11, 23, 9, 0, 0, tzinfo=datetime.timezone.utc)
NAMES = ["model_usage:org/model:free", "model_usage:org/model_free", "History", "history", "emoji 😀", 'a "quote", comma', "two\nlines",
         "a" * 60 + "1", "a" * 60 + "2"]
TEXTS = ["plain", "=1+1", "+1", "@x", "\t-", 'say "no"', "a,b", "two\r\nlines", "", "日本語", " padded "]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    samples = []
    with open(folder / "metrics.jsonl", "w", encoding="utf-8") as out:
        for i in range(2000):
            at = BEGIN + datetime.timedelta(microseconds=i * 137_001)
            value = None if i % 97 == 0 else i / 7 * (-1) ** i
            fields = {"text": TEXTS[i % len(TEXTS)], "count": i * 10**14 // 7, "score": i / 3, "good": i % 2 == 0}
            if i % 5 == 0:
                fields.pop("score")
            samples.append((NAMES[i % len(NAMES)], at, value, fields))
            out.write(json.dumps({"metric": NAMES[i % len(NAMES)], "value": value, **fields, "timestamp": at.isoformat(timespec="microseconds")})
                      + "\n")
    return folder, samples


def export(folder, output, *more):
    done = subprocess.run([COMMAND, "export", folder, "--output", output, *more], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def inert(text):
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") and text else text


@pytest.fixture(scope="module")
def table(recorded, tmp_path_factory):
    path = tmp_path_factory.mktemp("out") / "long.csv"
    path.write_bytes(export(recorded[0], "-", "--format", "csv"))
    return path


def expected_rows(samples):
    by_name = {}
    for name, at, value, fields in samples:
        by_name.setdefault(name, []).append((at, value, fields))
    return by_name


def check_rows(rows, samples):
    """rows: (metric, time, value, text, count, score, good), None where there is nothing."""
    found = {}
    for row in rows:
        found.setdefault(row[0], []).append(row[1:])
    expected = expected_rows(samples)
    assert set(found) == {inert(name) for name in expected}
    for name, wanted in expected.items():
        assert found[inert(name)] == [(at, value, inert(fields["text"]), fields["count"], fields.get("score"), fields["good"])
                                      for at, value, fields in wanted]


def test_pyarrow_reads_the_csv(recorded, table):
    options = pyarrow.csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False)
    read = pyarrow.csv.read_csv(table, convert_options=options, parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True))
    rows = [(r["metric"], r["timestamp"], r["value"], r["text"], r["count"], r["score"], r["good"]) for r in read.to_pylist()]
    rows = [(r[0], datetime.datetime.fromisoformat(r[1]) if isinstance(r[1], str) else r[1].astimezone(datetime.timezone.utc), *r[2:])
            for r in rows]
    check_rows(rows, recorded[1])


def test_duckdb_reads_the_csv(recorded, table):
    rows = duckdb.connect().execute(f"select metric, epoch_us(timestamp::timestamptz), value, text, count, score, good from "
                                    f"read_csv('{table}', header=true, quote='\"', allow_quoted_nulls=false)").fetchall()
    check_rows([(r[0], datetime.datetime.fromtimestamp(0, datetime.timezone.utc) + datetime.timedelta(microseconds=r[1]), *r[2:])
                for r in rows], recorded[1])


def test_polars_reads_the_csv(recorded, table):
    frame = polars.read_csv(table, infer_schema_length=None)
    rows = [(r[0], datetime.datetime.fromisoformat(r[1]), *r[2:]) for r in
            frame.select("metric", "timestamp", "value", "text", "count", "score", "good").iter_rows()]
    check_rows([(*r[:3], r[3] or "", *r[4:]) for r in rows], recorded[1])


@pytest.fixture(scope="module")
def workbook(recorded, tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "run.xlsx"
    export(recorded[0], path)
    return path


def test_openpyxl_reads_the_workbook(recorded, workbook):
    book = openpyxl.load_workbook(workbook)
    expected = expected_rows(recorded[1])
    assert len(book.sheetnames) == len(expected)
    assert len({name.lower() for name in book.sheetnames}) == len(book.sheetnames)
    for name, sheet in zip(sorted(expected, key=lambda n: n.encode()), book.worksheets):
        assert sheet.freeze_panes == "A2"
        rows = list(sheet.iter_rows(min_row=2))
        assert len(rows) == len(expected[name])
        titles = [cell.value for cell in sheet[1]]
        assert titles[:2] == ["timestamp", "value"]
        for row, (at, value, fields) in zip(rows, expected[name]):
            cells = dict(zip(titles, row))
            assert cells["timestamp"].is_date
            assert abs(cells["timestamp"].value - at.replace(tzinfo=None)) <= datetime.timedelta(milliseconds=1)
            assert (cells["value"].value is None) == (value is None)
            assert value is None or math.isclose(cells["value"].value, value, rel_tol=1e-14)
            assert (cells["text"].value or "").replace("_x000D_", "\r") == fields["text"]
            assert cells["text"].data_type != "f"
            assert int(cells["count"].value) == fields["count"] or abs(fields["count"]) <= 2**53
            assert cells["good"].value is fields["good"]


def test_pandas_reads_the_workbook(recorded, workbook):
    frames = pandas.read_excel(workbook, sheet_name=None)
    assert sum(map(len, frames.values())) == len(recorded[1])
    assert all(str(frame["timestamp"].dtype).startswith("datetime64") for frame in frames.values())


@pytest.fixture(scope="module")
def parquet(recorded, tmp_path_factory):
    path = tmp_path_factory.mktemp("parquet") / "run.parquet"
    export(recorded[0], path)
    return path


COLUMNS = ["metric_name", "timestamp", "value", "text", "count", "score", "good"]


def check_parquet(rows, samples):
    """Rows of COLUMNS against what was recorded: nothing is made inert here."""
    found = {}
    for row in rows:
        found.setdefault(row[0], []).append(tuple(row[1:]))
    assert found == {name: [(at, value, f["text"], f["count"], f.get("score"), f["good"]) for at, value, f in wanted]
                     for name, wanted in expected_rows(samples).items()}


def test_pyarrow_reads_the_parquet(recorded, parquet):
    file = pyarrow.parquet.ParquetFile(parquet)
    assert {f.name: str(f.type) for f in file.schema_arrow} == {
        "metric_name": "string", "timestamp": "timestamp[us, tz=UTC]", "value": "double", "text": "string", "count": "int64",
        "score": "double", "good": "bool"}
    assert file.metadata.metadata[b"afmon.run"] == recorded[0].name.encode()
    check_parquet([[row[name] for name in COLUMNS] for row in file.read().to_pylist()], recorded[1])
    name, at = (file.metadata.row_group(0).column(i) for i in (0, 1))
    assert name.compression == "ZSTD" and name.has_dictionary_page and "RLE_DICTIONARY" in name.encodings
    assert (at.statistics.min, at.statistics.max) == (recorded[1][0][1], recorded[1][-1][1])


def test_duckdb_reads_the_parquet(recorded, parquet):
    rows = duckdb.connect().execute(f"select metric_name, epoch_us(timestamp), value, text, count, score, good from '{parquet}'").fetchall()
    check_parquet([(r[0], datetime.datetime.fromtimestamp(0, datetime.timezone.utc) + datetime.timedelta(microseconds=r[1]), *r[2:])
                   for r in rows], recorded[1])


def test_polars_and_pandas_read_the_parquet(recorded, parquet):
    check_parquet(list(polars.read_parquet(parquet).select(COLUMNS).iter_rows()), recorded[1])
    frame = pandas.read_parquet(parquet)
    assert len(frame) == len(recorded[1]) and str(frame["timestamp"].dtype) == "datetime64[us, UTC]"


def write_lines(folder, lines):
    folder.mkdir()
    with open(folder / "metrics.jsonl", "w", encoding="utf-8") as out:
        for i, line in enumerate(lines):
            at = BEGIN + datetime.timedelta(microseconds=i)
            out.write(json.dumps({"metric": "m", **line, "timestamp": at.isoformat(timespec="microseconds")}) + "\n")
    return folder


def read_parquet(run, tmp_path):
    export(run, tmp_path / "x.parquet")
    rows = pyarrow.parquet.read_table(tmp_path / "x.parquet")
    assert duckdb.connect().execute(f"select count(*) from '{tmp_path}/x.parquet'").fetchone() == (rows.num_rows,)
    return rows


@pytest.mark.parametrize("values, type_, read", [
    ([1, 2, None], "int64", [1, 2, None]), ([1, 2.5], "double", [1.0, 2.5]), ([True, False], "bool", [True, False]),
    ([2**53 + 1, 0.5], "string", [str(2**53 + 1), "0.5"]), ([1, "a", True], "string", ["1", "a", "true"]), ([None, None], "string", [None, None]),
    ([-2**63, 2**63 - 1], "int64", [-2**63, 2**63 - 1]), (["", "\u0000", "é😀"], "string", ["", "\ufffd", "é😀"]),
    ([[1, {"a": 2}]], "string", ['[1, {"a": 2}]']),
])
def test_a_parquet_columns_type_is_what_the_metadata_held(tmp_path, values, type_, read):
    rows = read_parquet(write_lines(tmp_path / "run", [{"value": 1.0, "key": value} for value in values]), tmp_path)
    assert str(rows.schema.field("key").type) == type_
    assert rows["key"].to_pylist() == read


def test_hostile_parquet_columns(tmp_path):
    keys = ["_value", "_timestamp", "metric_name", "_metric_name", "a.b", "a b", 'quote "', "new\nline", "é😀", "Key", "key", "k" * 60 + "1", "k" * 60 + "2",
            "x" * 10_000, "", "list.element", "nul\u0000", "nul\ufffd"]
    rows = read_parquet(write_lines(tmp_path / "run", [{"value": 1.0, **{key: i for i, key in enumerate(keys)}}]), tmp_path)
    assert rows.schema.names[:3] == ["metric_name", "timestamp", "value"]
    assert len(set(rows.schema.names)) == 3 + len(keys)
    assert [column[0].as_py() for column in rows.columns[3:]] == list(range(len(keys)))


def test_small_parquet_tables(tmp_path):
    assert read_parquet(write_lines(tmp_path / "none", []), tmp_path).num_rows == 0
    one = read_parquet(write_lines(tmp_path / "one", [{"value": None, "a": "x"}]), tmp_path)
    assert one.to_pylist() == [{"metric_name": "m", "timestamp": BEGIN, "value": None, "a": "x"}]


def test_many_row_groups_and_texts_that_never_repeat(tmp_path):
    count = 60_000 if os.environ.get("AFMON_TEST_SHORT") == "1" else 600_000
    feedback = [f"feedback {i} " + "x" * (i % 50) for i in range(count)]
    lines = ({"value": float(i), "feedback": feedback[i], "rare": "y" if i % 100_000 == 0 else None, "index": i} for i in range(count))
    rows = read_parquet(write_lines(tmp_path / "run", lines), tmp_path)
    assert rows["feedback"].to_pylist() == feedback
    assert rows["index"].to_pylist() == list(range(count))
    assert rows["rare"].null_count == count - len(range(0, count, 100_000))
    groups = pyarrow.parquet.ParquetFile(tmp_path / "x.parquet").num_row_groups
    assert groups == (count - 1) // 262_144 + 1


def test_texts_of_a_megabyte(tmp_path):
    texts = [chr(97 + i % 26) * 1_000_000 for i in range(40)]
    rows = read_parquet(write_lines(tmp_path / "run", [{"value": 1.0, "text": text} for text in texts]), tmp_path)
    assert rows["text"].to_pylist() == texts


def test_a_long_text_stands_in_the_parquet_once(tmp_path):
    text = "a line of a conversation; " * 100_000
    rows = read_parquet(write_lines(tmp_path / "run", [{"value": 1.0, "text": text}]), tmp_path)
    assert rows["text"].to_pylist() == [text]
    assert (tmp_path / "x.parquet").stat().st_size < len(text) / 10  # compressed, and nowhere else


def test_jq_reads_the_json(recorded, tmp_path):
    export(recorded[0], tmp_path / "x.json")
    total = subprocess.run(["jq", "[.[] | length] | add", tmp_path / "x.json"], capture_output=True, text=True, check=True)
    assert int(total.stdout) == len(recorded[1])
    data = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))
    for name, wanted in expected_rows(recorded[1]).items():
        assert data[name] == [{"timestamp": at.isoformat(timespec="microseconds"), "value": value, **fields} for at, value, fields in wanted]


def test_a_metric_with_more_rows_than_a_sheet(tmp_path):
    if os.environ.get("AFMON_TEST_SHORT") == "1":
        pytest.skip("long")
    run = tmp_path / "run"
    run.mkdir()
    with open(run / "metrics.jsonl", "w", encoding="ascii") as out:
        for i in range(1_048_577):
            out.write('{"metric": "m", "value": %d.0, "timestamp": "2026-11-23T09:%02d:%02d.%06d+00:00"}\n'
                      % (i, i // 60000 % 60, i // 1000 % 60, i % 1000))
    export(run, tmp_path / "x.xlsx")
    book = openpyxl.load_workbook(tmp_path / "x.xlsx", read_only=True)
    assert book.sheetnames == ["m", "m (2)"]
    assert [[cell.value for cell in row][1] for row in book["m (2)"].iter_rows()] == ["value", 1048575, 1048576]
    with zipfile.ZipFile(tmp_path / "x.xlsx") as whole:
        assert whole.testzip() is None


def test_killed_in_the_middle(recorded, tmp_path):
    """Never a half file under the final name."""
    for format_, name in (("json", "x.json"), ("excel", "x.xlsx"), ("parquet", "x.parquet")):
        path = tmp_path / name
        export(recorded[0], path)
        before = path.read_bytes()
        for delay in (0.001, 0.004, 0.01, 0.02, 0.04):
            process = subprocess.Popen([COMMAND, "export", recorded[0], "--output", path, "--format", format_])
            try:
                process.wait(delay)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if format_ != "excel":
                assert path.read_bytes() == before
            else:
                assert zipfile.ZipFile(path).testzip() is None
