"""Which run is meant where none is named, afmon runs, removing old ones, and what shells complete."""
import json
import os
import re
import shlex
import subprocess
import time
import urllib.request

import pytest
from conftest import COMMAND, Run

DAY = 86400


@pytest.fixture
def made(tmp_path):
    """A run folder under a name, written so many seconds ago."""

    def make(name, age=0.0, record=None):
        run = Run(tmp_path / name)
        run.add("generation_time", 1.0)
        run.add("success_rate", 1.0)
        if record is not None:
            line = {"message": "Run record", "session": "5b0c6d2f9a83e417", "version": "0.1.0", "pid": 1,
                    "started": "2026-11-23T09:00:00.000000+00:00", "name": record, "note": None, "metrics_interval": 60.0,
                    "data_set": None, "prices": None, "rules": [], "metrics_file": "metrics.jsonl",
                    "log_file": "afterimage.log", "tags": {"team": "red"}, "level": "info"}
            run.add_text(f"2026-11-23 09:00:00,000 - {json.dumps(line)}\n", "afterimage.log")
        written = time.time() - age
        for file in run.path.iterdir():
            os.utime(file, (written, written))
        return run

    return make


def test_the_newest_run_is_taken_and_said(command, made):
    made("old", age=100)
    made(".afterimage-monitoring/new", age=5)
    made(".hidden")
    for words in (["show"], ["watch", "--once"], ["check"], ["items"], ["report", "-o", "-"], ["export", "-o", "-", "-f", "json"],
                  ["plot", "--json", "--metric", "generation_time"], ["recover"]):
        done = command(*words)
        assert done.returncode == 0, (words, done.stderr)
        assert "afmon: .afterimage-monitoring/new: the newest run here\n" in done.stderr
    assert json.loads(command("show", "--json").stdout)["folder"] == ".afterimage-monitoring/new"


def test_a_run_that_is_here_itself_counts(command, made, tmp_path):
    made("run")
    done = subprocess.run([COMMAND, "show", "--json"], cwd=tmp_path / "run", capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["folder"] == "." and "afmon: .: the newest run here" in done.stderr


def test_without_any_run_it_asks_for_one(command):
    for word in ("show", "watch", "check", "items", "recover"):
        done = command(word)
        assert done.returncode == 2 and "there is no run here, nor in .afterimage-monitoring" in done.stderr


def test_a_name_or_a_file_is_enough(command, made, tmp_path):
    made(".afterimage-monitoring/first", age=50, record="größe ✓")
    made(".afterimage-monitoring/second", age=10, record="größe ✓")
    made(".afterimage-monitoring/third", age=0)
    folder = lambda *words: json.loads(command("show", *words, "--json").stdout)["folder"]
    assert folder("first") == ".afterimage-monitoring/first"
    assert folder("größe ✓") == ".afterimage-monitoring/second"
    assert "the newest of 2 runs named" in command("show", "größe ✓").stderr
    assert folder(".afterimage-monitoring/first/metrics.jsonl") == ".afterimage-monitoring/first"
    assert folder(tmp_path / ".afterimage-monitoring/first/afterimage.log") == str(tmp_path / ".afterimage-monitoring/first")
    inside = subprocess.run([COMMAND, "show", "metrics.jsonl", "--json"], cwd=tmp_path / ".afterimage-monitoring/third",
                            capture_output=True, text=True, check=True)
    assert json.loads(inside.stdout)["folder"] == "."
    done = command("show", "nowhere")
    assert done.returncode == 1 and "nowhere" in done.stderr


def test_serve_takes_all_that_are_here(made, tmp_path):
    made(".afterimage-monitoring/a")
    made("b")
    with subprocess.Popen([COMMAND, "serve", "--listen", "127.0.0.1:0"], cwd=tmp_path, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().split()[2]
            with urllib.request.urlopen(url + "/api/v1/runs", timeout=60) as answer:
                assert {run["name"] for run in json.load(answer)["runs"]} == {"a", "b"}
        finally:
            process.terminate()
        assert "serving the runs here, and in .afterimage-monitoring" in process.stderr.read()


def test_runs_are_listed_as_show_has_them(command, made, tmp_path):
    made("a", age=20, record="first <b>try</b>")
    made("b", age=10)
    made("b", age=10).add_text("not a sample\n", "notes.txt")
    rows = json.loads(command("runs", "--json").stdout)
    assert [row["folder"] for row in rows] == ["b", "a"]
    for row in rows:
        summary = json.loads(command("show", row["folder"], "--json").stdout)["summary"]
        assert row["verdict"] == summary["verdict"] and row["calls"] == summary["calls"]["count"]
        assert row["duration_s"] == summary["duration_s"] and row["live"] is False and row["problem"] is None
    assert rows[1]["name"] == "first <b>try</b>" and rows[1]["tags"] == {"team": "red"} and rows[0]["name"] is None
    assert rows[0]["bytes"] == (tmp_path / "b/metrics.jsonl").stat().st_size
    table = command("runs", tmp_path, COLUMNS="160").stdout
    assert "first <b>try</b>" in table and "team=red" in table and table.index("\nb ") < table.index("\na ")


def test_no_runs_and_no_folder(command, tmp_path):
    assert json.loads(command("runs", "--json").stdout) == []
    assert "There are no runs here" in command("runs").stdout
    done = command("runs", "nowhere")
    assert done.returncode == 1 and "nowhere" in done.stderr
    for words in (["a", "b"], ["--keep", "3"], ["--prune", "--json"], ["--prune", "--keep", "-1"]):
        assert command("runs", *words).returncode == 2, words


def test_prune_removes_a_run_s_files_and_nothing_else(command, made, tmp_path):
    old = made("old", age=40 * DAY, record="x")
    mixed = made("mixed", age=50 * DAY)
    young = made("young", age=2 * DAY)
    target = tmp_path / "elsewhere.jsonl"
    target.write_text("{}\n")
    assert command("plot", old).returncode == 0
    os.utime(old.path / "metrics.jsonl", (0, time.time() - 40 * DAY))
    keeps = ["dataset.jsonl", "metrics.csv", "metrics_of_mine.json", "metricsx.jsonl", "afterimage.log.txt", "ledger.txt", "plots/mine.png"]
    (mixed.path / "plots").mkdir()
    for name in keeps:
        (mixed.path / name).write_text("mine")
        os.utime(mixed.path / name, (0, time.time() - 50 * DAY))
    goes = ["metrics-5b0c6d2f9a83e417.jsonl", "afterimage-x.log", "metrics_20261123_092035.json", "metrics_20261123_092035_2.json",
            "prices.json", "prices-2.json", "ledger", "plots/generation_time.svg", "plots/metric_x.png"]
    for name in goes:
        (mixed.path / name).write_text("ours")
        os.utime(mixed.path / name, (0, time.time() - 50 * DAY))
    (mixed.path / "metrics-link.jsonl").symlink_to(target)
    done = command("runs", "--prune")
    assert done.returncode == 2 and "--yes" in done.stderr and old.path.exists()
    done = command("runs", "--prune", "--yes")
    assert done.returncode == 0, done.stderr
    assert "Removed 2 runs" in done.stdout and "mixed: 8 that no run made stay" in done.stderr
    assert not old.path.exists() and (young.path / "metrics.jsonl").exists() and target.read_text() == "{}\n"
    left = sorted(str(path.relative_to(mixed.path)) for path in mixed.path.rglob("*") if not path.is_dir())
    assert left == sorted([*keeps, "metrics-link.jsonl"])


def test_prune_keeps_the_newest(command, made, tmp_path):
    for i in range(4):
        made(f"r{i}", age=(100 + i) * DAY)
    assert "Removed 2 runs" in command("runs", "--prune", "--keep", "2", "--yes").stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r0", "r1"]
    assert "Nothing to remove" in command("runs", "--prune", "--older-than", "1000d").stdout


def test_prune_never_removes_what_lives(command, tmp_path):
    words = [COMMAND, "demo", "--duration", "120s", "--log-dir", "run"]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as demo:
        try:
            until = time.monotonic() + 60
            while not list((tmp_path / "run/.afmon").glob("*.session")) or not (tmp_path / "run/metrics.jsonl").exists():
                assert time.monotonic() < until
                time.sleep(0.05)
            for file in (tmp_path / "run").glob("*.*"):
                os.utime(file, (0, 0))
            done = command("runs", "--prune", "--older-than", "0", "--yes")
            assert done.returncode == 0 and "Nothing to remove" in done.stdout
            assert json.loads(command("runs", "--json").stdout)[0]["live"] is True
        finally:
            demo.kill()
    done = command("runs", "--prune", "--older-than", "0", "--yes")
    assert "Removed 1 run" in done.stdout, done.stderr
    assert not (tmp_path / "run/.afmon").exists() and not (tmp_path / "run/metrics.jsonl").exists()


# ---- Completion ----

def completed(tmp_path, line):
    """What bash would offer behind this line."""
    script = f"""
        source <({shlex.quote(COMMAND)} completion bash)
        read -ra COMP_WORDS <<< {shlex.quote(line)}
        [[ {shlex.quote(line)} == *' ' ]] && COMP_WORDS+=("")
        COMP_WORDS[0]={shlex.quote(COMMAND)}
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        _afmon
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


def test_bash_completes_commands_options_values_and_runs(command, made, tmp_path):
    made("first")
    made("a b$(touch harm)")
    assert completed(tmp_path, "afmon sh") == ["show"] and "runs" in completed(tmp_path, "afmon ")
    assert completed(tmp_path, "afmon show --w") == ["--window"]
    assert completed(tmp_path, "afmon plot --format ") == ["png", "svg", "pdf"]
    assert completed(tmp_path, "afmon plot -f s") == ["svg"]
    assert completed(tmp_path, "afmon generate c") == ["conversations"]
    assert "--concurrency" in completed(tmp_path, "afmon generate conversations --c")
    assert completed(tmp_path, "afmon show f") == ["first"]
    assert completed(tmp_path, "afmon show a") == [r"a\ b\$\(touch\ harm\)"]
    assert completed(tmp_path, "afmon report --output ") == [""] and completed(tmp_path, "afmon nothing ") == [""]
    assert not (tmp_path / "harm").exists()


def test_completion_has_each_option_of_each_command(command):
    names = [line.split("\t")[0] for line in command("completion", "words", "").stdout.splitlines()]
    assert {"demo", "runs", "completion", "help"} <= set(names)
    for name in names:
        words = [name, "conversations"] if name == "generate" else [name]
        text = command(*words, "--help").stdout
        wanted = set(re.findall(r"(?m)^  (?:-\w, |    )(--[a-z][a-z-]*)", text))
        told = {line.split("\t")[0] for line in command("completion", "words", *words, "--").stdout.splitlines()}
        if name not in ("completion", "help"):
            assert told == wanted, name


def test_scripts_for_other_shells(command):
    for shell, begin in (("zsh", "#compdef afmon"), ("fish", "# fish completion"), ("bash", "# bash completion")):
        assert command("completion", shell).stdout.startswith(begin)
    done = command("completion", "fisch")
    assert done.returncode == 2 and "did you mean 'fish'" in done.stderr
    assert command("completion").returncode == 2
