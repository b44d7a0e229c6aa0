"""afmon export: the command line, windows, streams. What other tools read is in peers_exports.py."""
import csv
import io
import json
import random
import resource
import subprocess
import zipfile

import pytest
from conftest import COMMAND

HOSTILE = ["model_usage:org/model:free", "History", "=cmd|' /C calc'!A0", "emoji 😀", 'quote " and \n newline', "..", "a" * 60 + "1",
           "a" * 60 + "2"]


def fill(run, count=200, names=("generation_time",)):
    for i in range(count):
        run.add(names[i % len(names)], i / 8, at=float(i), model_name=f"m{i % 3}", index=i, ok=i % 2 == 0, none=None)


def test_json_is_what_was_recorded(command, run, tmp_path):
    fill(run, names=HOSTILE)
    done = command("export", run, "--output", tmp_path / "new" / "x.json")
    assert done.returncode == 0, done.stderr
    data = json.loads((tmp_path / "new" / "x.json").read_text())
    assert set(data) == set(HOSTILE)
    assert sum(map(len, data.values())) == 200
    assert data["History"][0] == {"timestamp": "2026-11-23T09:00:01.000000+00:00", "value": 0.125, "model_name": "m1", "index": 1,
                                  "ok": False, "none": None}


def test_csv_is_a_file_for_each_metric(command, run, tmp_path):
    fill(run, names=HOSTILE)
    assert command("export", run, "--output", tmp_path / "out" / "x.csv").returncode == 0
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert len(files) == len(HOSTILE) and all(name.startswith("x_") and name.endswith(".csv") for name in files)
    rows = list(csv.reader(open(tmp_path / "out" / "x_History.csv", newline="")))
    assert rows[0] == ["timestamp", "value", "model_name", "index", "ok", "none"]
    assert rows[1] == ["2026-11-23T09:00:01.000000+00:00", "0.125", "m1", "1", "false", ""]
    assert len(rows) == 26


def test_one_long_table_on_standard_output(command, run):
    fill(run, names=HOSTILE)
    done = command("export", run, "--output", "-", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout, newline="")))
    assert len(rows) == 200
    assert {row["metric"] for row in rows} == {name.replace("=cmd", "'=cmd") for name in HOSTILE}


def test_taken_keys_and_formulas(command, run, tmp_path):
    run.add("m", 1.0, _value="=1+1", _timestamp="-5", metric_name="@x", plain="\tx")
    assert command("export", run, "--output", tmp_path / "x.csv").returncode == 0
    header, row = csv.reader(open(tmp_path / "x_m.csv", newline=""))
    assert header == ["timestamp", "value", "_value", "_timestamp", "_metric_name", "plain"]
    assert row[2:] == ["'=1+1", "'-5", "'@x", "'\tx"]


@pytest.mark.parametrize("seed", range(3))
def test_windows_as_a_filter_picks(command, run, seed):
    choose = random.Random(seed)
    times = sorted(choose.randrange(600) for _ in range(100))
    for i, at in enumerate(times):
        run.add("m", i, at=at)
    last = times[-1]
    for window in (1, choose.randrange(1, 600), last - times[0]):
        data = json.loads(command("export", run, "--output", "-", "--window", f"{max(window, 1)}s").stdout)
        assert [s["value"] for s in data["m"]] == [i for i, at in enumerate(times) if at >= last - max(window, 1)]
    since, until = times[20], times[70]
    stamp = "2026-11-23T09:{:02d}:{:02d}Z"
    data = json.loads(command("export", run, "--output", "-", "--since", stamp.format(*divmod(since, 60)), "--until",
                              stamp.format(*divmod(until, 60))).stdout)
    assert [s["value"] for s in data["m"]] == [i for i, at in enumerate(times) if since <= at <= until]


def test_a_window_says_where_it_counts_from(command, run):
    fill(run)
    assert "count back from there" in command("export", run, "--output", "-", "--window", "5s").stderr


def test_chosen_metrics(command, run):
    fill(run, names=["a", "b", "c"])
    data = json.loads(command("export", run, "-o", "-", "-m", "a", "-m", "c").stdout)
    assert set(data) == {"a", "c"}
    done = command("export", run, "-o", "-", "-m", "d")
    assert done.returncode == 2 and "no metric 'd'" in done.stderr


def test_an_empty_run(command, run, tmp_path):
    run.add_text("")
    for name in ("x.json", "x.csv", "x.xlsx", "x.parquet"):
        done = command("export", run, "--output", tmp_path / name)
        assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "x.json").read_text()) == {}


@pytest.mark.parametrize("words, message", [
    ([], "say where to"), (["--output", "x"], "--format"), (["--output", "x.json", "--format", "exel"], "did you mean 'excel'"),
    (["--output", "-", "--format", "excel"], "needs a file"),
    (["--output", "-", "--format", "parquet"], "needs a file"), (["--output", "-", "--since", "yesterday"], "is no time"),
    (["--output", "-", "--since", "2026-02-30"], "is no time"), (["--output", "-", "--window", "5s", "--since", "2026-01-01"], "not both"),
    (["--output", "-", "--since", "2026-02-01", "--until", "2026-01-01"], "later than"), (["--output", "/"], "format"),
    (["--output", ".", "--format", "json"], "is a folder"), (["--output", "/dev/null", "--format", "json"], "no regular file"),
])
def test_wrong_command_lines(command, run, words, message):
    fill(run, 3)
    done = command("export", run, *words)
    assert done.returncode == 2 and message in done.stderr
    assert done.stdout == ""


def test_progress_counts_samples(on_terminal, run, tmp_path):
    """It is shown after a second: long enough a run for that on any machine, in the slowest format."""
    lines = ['{"metric": "m", "value": %d.0, "timestamp": "2026-11-23T09:00:00.%06d+00:00"}\n' % (i, i) for i in range(600_000)]
    run.add_text("".join(lines))
    drawn = on_terminal("export", run, "--output", tmp_path / "x.xlsx")
    assert (tmp_path / "x.xlsx").exists()
    if "Writing" in drawn:
        assert "samples" in drawn and "B/s" not in drawn.split("Writing", 1)[1]


def limited(command_words, folder, soft_descriptors=None, file_bytes=None, **kwargs):
    """afmon under limits of its process."""
    def tighten():
        if soft_descriptors is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft_descriptors, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        if file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, resource.RLIM_INFINITY))
    return subprocess.run([COMMAND, *map(str, command_words)], cwd=folder, preexec_fn=tighten, capture_output=True, text=True,
                          timeout=120, check=False, **kwargs)


@pytest.mark.parametrize("kind", ["excel", "csv", "json"])
def test_as_many_metrics_as_there_are_whatever_may_be_open(run, tmp_path, kind):
    names = [f"metric_{i:04d}" for i in range(300)]
    fill(run, count=600, names=names)
    done = limited(["export", run, "--format", kind, "--output", tmp_path / "out" / "x"], tmp_path, soft_descriptors=24)
    assert (done.returncode, done.stderr) == (0, "")
    if kind == "excel":
        with zipfile.ZipFile(tmp_path / "out" / "x") as book:
            sheets = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        assert len(sheets) == len(names)
        assert all(sheet.count("<row ") == 3 for sheet in sheets)  # titles and two samples
    assert all(not path.name.startswith(".") for path in (tmp_path / "out").iterdir())


def test_no_library_prints_whatever_is_short(run, tmp_path):
    """Descriptors and room run out anywhere: what stands on standard error is one line of afmon's, and no file is left."""
    fill(run, count=2000, names=["a", "b", "c"])
    (tmp_path / "out").mkdir()
    outcomes = set()
    for limits in [{"soft_descriptors": count} for count in range(4, 16)] + [{"file_bytes": 1 << k} for k in range(9, 21)]:
        done = limited(["export", run, "--output", tmp_path / "out" / "x.xlsx"], tmp_path, **limits)
        outcomes.add(done.returncode)
        left = [path.name for path in (tmp_path / "out").iterdir()]
        if done.returncode == 0:
            assert (done.stderr, left) == ("", ["x.xlsx"]), limits
            (tmp_path / "out" / "x.xlsx").unlink()
            continue
        lines = done.stderr.splitlines()
        assert len(lines) == 1 and lines[0].startswith("afmon: "), (limits, lines)
        assert left == [], limits
    assert outcomes >= {0, 1}
