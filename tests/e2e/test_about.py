"""Name, tags and note of a run: given once, shown and searched wherever the run is."""
import json

import pytest

from conftest import Run
from served import serve

NAME, TAG, NOTE = "<b>first</b> try", "team=red & |blue|", "is *this* <script>alert(1)</script> better?"


@pytest.fixture
def named(tmp_path, command):
    made = command("demo", "--duration", "1s", "--conversations", "20", "--log-dir", tmp_path / "run",
                   "--name", NAME, "--tag", TAG, "--tag", "größe=3", "--note", NOTE)
    assert made.returncode == 0, made.stderr
    return tmp_path / "run"


def test_it_is_shown_everywhere(named, command):
    about = {"name": NAME, "tags": {"team": "red & |blue|", "größe": "3"}, "note": NOTE}
    assert json.loads(command("show", named, "--json").stdout)["summary"]["about"] == about
    assert json.loads(command("watch", named, "--once", "--json").stdout)["summary"]["about"] == about
    show = command("show", named, LC_ALL="C.UTF-8").stdout
    assert f"Name      {NAME}\nTags      {TAG}, größe=3\nNote      {NOTE}\n" in show
    assert NAME in command("watch", named, "--once", COLUMNS="160").stdout.splitlines()[0]
    page = command("report", named, "--output", "-", "--format", "html").stdout
    assert "<strong>&#60;b&#62;first&#60;/b&#62; try</strong>" in page and "team=red &#38; |blue|</span>" in page
    assert "<script" not in page and "alert(1)" in page
    markdown = command("report", named, "--output", "-", "--format", "md").stdout
    assert "**&#60;b&#62;first&#60;/b&#62; try**, team=red &#38; &#124;blue&#124;, größe=3" in markdown
    assert "&#42;this&#42; &#60;script&#62;" in markdown
    with serve(named) as served:
        run = served.json(f"/api/v1/runs/{served.the_run()}")
        (listed,) = served.json("/api/v1/runs")["runs"]
    assert run["about"] == listed["about"] == run["summary"]["about"] == about


def test_it_is_no_label(named, command):
    with serve(named) as served:
        served.until("/api/v1/runs", lambda a: a["runs"][0]["loaded"] == 1)
        text = served.ask("/metrics")[2].decode()
    assert "team" not in text and "first" not in text
    assert "team" not in (named / "metrics.jsonl").read_text()


def test_runs_are_searched(tmp_path):
    record = ('2026-11-23 09:00:00,001 - {{"message": "Run record", "session": "{:016x}", "version": "0.1.0", "pid": 1, '
              '"started": "2026-11-23T09:00:00+00:00", "name": {}, "note": {}, "metrics_interval": null, "rules": [], '
              '"metrics_file": "metrics.jsonl", "log_file": "afterimage.log", "tags": {}, "level": "info"}}\n')
    for i, (name, note, tags) in enumerate([("Poets", "old prompt", {"team": "red"}), ("poems", None, {"team": "blue"}), (None, None, {})]):
        run = Run(tmp_path / f"run-{i}")
        run.add("m", 1.0)
        run.add_text(record.format(i + 1, *map(json.dumps, (name, note, tags))), "afterimage.log")
    with serve(tmp_path) as served:
        served.until("/api/v1/runs", lambda a: len(a["runs"]) == 3 and all(run["loaded"] == 1 for run in a["runs"]))

        def found(text):
            return sorted(run["name"] for run in served.json(f"/api/v1/runs?text={text}")["runs"])

        assert found("") == ["run-0", "run-1", "run-2"]
        assert found("po") == ["run-0", "run-1"] and found("po%20PROMPT") == ["run-0"]
        assert found("team=blue") == ["run-1"] and found("run-2") == ["run-2"] and found("nobody") == []
        assert found("x" * 300) == []


def test_records_of_others_are_taken_as_they_are(run, command):
    run.add("m", 1.0)
    run.add_text('2026-11-23 09:00:00,001 - {"message": "Run record", "session": "00000000000000aa", "name": 7, "note": "a\\u0000b\\nc\\u001b[31m", '
                 '"rules": [{"x": 1, "name": "rule"}], "tags": {"k": "v", "n": 5, "z": "w"}, "level": "info"}\n', "afterimage.log")
    about = json.loads(command("show", run, "--json").stdout)["summary"]["about"]
    assert about["name"] is None and about["tags"] == {}
    shown = command("show", run).stdout
    assert "\x1b" not in shown and "Name" not in shown


@pytest.mark.parametrize("words, message", [
    (["--tag", "x"], "--tag 'x': give KEY=VALUE"),
    (["--tag", "a=1", "--tag", "a=2"], "--tag 'a' is given twice: give each key once"),
    (["--tag", "name=x"], "--tag 'name': that key is reserved"),
    (["--tag", "afmon.run=x"], "--tag 'afmon.run': that key is reserved"),
    (["--tag", "a b=x"], "--tag 'a b': a key has no spaces"),
    (["--tag", f"{'k' * 65}=x"], "give at most 32 tags, with keys of at most 64 bytes"),
    ([word for i in range(33) for word in ("--tag", f"k{i}=x")], "give at most 32 tags"),
    (["--tag", f"k={'v' * 201}"], "--tag 'k' has 201 bytes: give at most 200"),
    (["--name", ""], "--name is empty"),
    (["--name", "n" * 201], "--name has 201 bytes: give at most 200"),
    (["--note", "n" * 2001], "--note has 2001 bytes: give at most 2000"),
    (["--note", "a\nb"], "--note has a line break"),
])
@pytest.mark.parametrize("recording", [["demo"], ["generate", "conversations", "--simulate"]])
def test_what_cannot_be_taken_is_refused(tmp_path, command, recording, words, message):
    refused = command(*recording, "--log-dir", tmp_path / "run", *words)
    assert refused.returncode == 2 and message in refused.stderr
    assert list(tmp_path.iterdir()) == []
