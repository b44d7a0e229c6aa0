"""/metrics of `afmon serve`: the figures of all its runs in one text."""
import datetime
import json
import os
import re
import subprocess
import time

import pytest
from served import serve

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
BEGIN = datetime.datetime(2026, 11, 23, 9, 0, 0, tzinfo=datetime.timezone.utc)


def line(metric, value, at, **metadata):
    when = (BEGIN + datetime.timedelta(seconds=at)).isoformat(timespec="microseconds")
    return json.dumps({"metric": metric, "value": value, **metadata, "timestamp": when}) + "\n"


def calls(count, first=0, model="m", **metadata):
    """Tracked generations, a second apart: every fourth fails."""
    text = ""
    for i in range(first, first + count):
        failed = i % 4 == 0
        text += line("generation_time", 0.5 + i, i, operation="ask", **metadata)
        text += line("success_rate", float(not failed), i, operation="ask", **metadata)
        text += line("error_rate", float(failed), i, operation="ask", **metadata)
        text += line(f"model_usage:{model}", 1.0, i, operation="ask", **metadata)
    return text


def add(folder, text):
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "metrics.jsonl", "a", encoding="utf-8") as file:
        file.write(text)


def is_over(folder):
    """As if nothing had been written for an hour."""
    for path in (folder / "metrics.jsonl", folder):
        os.utime(path, (time.time() - 3600, time.time() - 3600))


def scrape(served, accept="text/plain"):
    status, headers, body = served.ask("/metrics", Accept=accept)
    assert status == 200, body
    return headers["Content-Type"], body.decode()


def values(text, name):
    """{labels: value} of a metric."""
    found = {}
    for labels, value in re.findall(rf"^{name}(?:{{(.*)}})? (\S+)$", text, re.M):
        assert labels not in found, f"{name}{{{labels}}} stands twice"
        found[labels] = float(value)
    return found


def until(served, right, seconds=60):
    """Scrapes until the text is right."""
    end = time.monotonic() + seconds
    while True:
        _, text = scrape(served)
        if right(text):
            return text
        assert time.monotonic() < end, text[:3000]
        time.sleep(0.1)


def all_given(count):
    return lambda text: values(text, "afmon_served_runs")['state="given"'] == count


@pytest.fixture
def three(tmp_path):
    for i, name in enumerate(("one", "two", "three")):
        add(tmp_path / "runs" / name, calls(10 * (i + 1)))
    return tmp_path / "runs"


def test_all_runs_in_one_text(three):
    name = "gen_ai_client_operation_duration_seconds_count"
    with serve(three) as served:  # the last call of a file is told when no other one followed
        text = until(served, lambda text: all_given(3)(text) and sum(values(text, name).values()) == 60)
        kind, again = scrape(served)
        open_kind, open_text = scrape(served, OPENMETRICS)
    assert kind.startswith("text/plain; version=0.0.4") and open_kind.startswith("application/openmetrics-text")
    assert values(text, "afmon_generations_total") == {
        f'run="{name}",outcome="{outcome}",afmon_operation="ask"': count
        for name, outcome, count in (("one", "success", 7), ("one", "failure", 3), ("two", "success", 15),
                                     ("two", "failure", 5), ("three", "success", 22), ("three", "failure", 8))}
    for run, count in (("one", 10), ("two", 20), ("three", 30)):
        assert sum(value for labels, value in values(text, name).items()
                   if f'run="{run}"' in labels and 'gen_ai_request_model="m"' in labels) == count
    assert sum(values(text, "afmon_samples_total").values()) == 240
    assert open_text.endswith("# EOF\n")
    for one in (text, again, open_text):  # a family is in one place, and no series stands twice
        headers = re.findall(r"^# TYPE (\S+)", one, re.M)
        assert len(headers) == len(set(headers))
        series = re.findall(r"^([^#\n].*) \S+$", one, re.M)
        assert len(series) == len(set(series))
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_counters_grow_with_the_run(three):
    with serve(three) as served:
        until(served, all_given(3))
        add(three / "two", calls(10, first=20))
        text = until(served, lambda text: values(text, "afmon_generations_total")[
            'run="two",outcome="success",afmon_operation="ask"'] == 22)
        assert values(text, "afmon_generations_total")['run="one",outcome="success",afmon_operation="ask"'] == 7
        add(three / "four", calls(4))  # a run that comes later
        text = until(served, all_given(4))
        assert values(text, "afmon_generations_total")['run="four",outcome="success",afmon_operation="ask"'] == 3


def test_runs_that_are_over_are_read_once(three):
    """Their followers are closed, and what they counted stays, until something is added."""
    for name in ("one", "two", "three"):
        is_over(three / name)
    with serve(three) as served:
        before = until(served, all_given(3))
        assert sum(values(before, "gen_ai_client_operation_duration_seconds_count").values()) == 60
        served.the_run("one")  # the overview reads them, too, and closes them
        for _ in range(3):
            time.sleep(1.1)  # a text that is older than that is made anew
            _, text = scrape(served)
            assert values(text, "afmon_samples_total") == values(before, "afmon_samples_total")
        add(three / "one", calls(4, first=10))
        text = until(served, lambda text: sum(values(text, "afmon_samples_total").values()) == 256)
        assert all_given(3)(text)


def test_a_run_that_is_looked_at_is_scraped_too(three):
    with serve(three) as served:
        name = served.the_run("two")
        assert served.json(f"/api/v1/runs/{name}")["summary"]["calls"]["count"] == 20  # opened before anybody scraped
        until(served, all_given(3))
        assert served.json(f"/api/v1/runs/{name}")["summary"]["calls"]["count"] == 20


def test_a_run_that_records(tmp_path, command):
    command("generate", "conversations", "--simulate", "--speed", "1000", "--seed", "3", "--conversations", "12",
            "--log-dir", "runs/live")
    samples = [json.loads(one) for one in (tmp_path / "runs" / "live" / "metrics.jsonl").read_text().splitlines()]
    total = pytest.approx(sum(one["value"] for one in samples if one["metric"] == "generation_time"))
    with serve(tmp_path / "runs") as served:
        text = until(served, lambda text: all_given(1)(text) and sum(
            values(text, "gen_ai_client_operation_duration_seconds_sum").values()) == total)
    assert values(text, "afmon_run_running") == {'run="live"': 0}


def test_names_are_told_apart_and_harmless(tmp_path):
    odd = 'a "b" \\ c\n'
    for name in ("x/same", "y/same", f"x/{odd}", "x/" + "long" * 60, "x/new\n", "x/new\r"):
        add(tmp_path / name, calls(1))
    with serve(tmp_path / "x", tmp_path / "y") as served:
        text = until(served, all_given(6))
    names = [labels.removeprefix('run="').removesuffix('"') for labels in values(text, "afmon_run_running")]
    assert sorted(re.sub("[0-9a-f]{16}", "ID", name) for name in names) == sorted(
        ["same (ID)", "same (ID)", "new_ (ID)", "new_ (ID)", 'a \\"b\\" \\\\ c_', ("long" * 60)[:128]])
    assert len(set(names)) == 6
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_runs_and_label_sets_are_bounded(tmp_path):
    """The 32 latest runs, and 10,000 label sets of all together."""
    for i in range(40):
        add(tmp_path / f"run-{i:02}", calls(2))
        os.utime(tmp_path / f"run-{i:02}" / "metrics.jsonl", (time.time() - 1000 + i, time.time() - 1000 + i))
        os.utime(tmp_path / f"run-{i:02}", (time.time() - 1000 + i, time.time() - 1000 + i))
    with serve(tmp_path) as served:
        text = until(served, all_given(32))
        assert values(text, "afmon_served_runs")['state="left_out"'] == 8
        assert set(values(text, "afmon_run_running")) == {f'run="run-{i:02}"' for i in range(8, 40)}
        for i in range(5):  # five runs that invent models
            text = "".join(line(f"model_usage:model-{n}", 1.0, n, operation=f"o{n}") +
                           line("prompt_token_count", 1.0, n, operation=f"o{n}") +
                           line("completion_token_count", 1.0, n, operation=f"o{n}") +
                           line("total_token_count", 1.0, n, operation=f"o{n}") +
                           line("success_rate", 1.0, n, operation=f"o{n}") +
                           line("error_rate", 1.0, n, operation=f"o{n}") +
                           line("conversation_length", 1.0, n, operation=f"o{n}") +
                           line("generation_time", 1.0, n, operation=f"o{n}") for n in range(1000))
            add(tmp_path / f"wild-{i}", text)
        text = until(served, lambda text: 'run="wild-' in text and values(text, "afmon_served_runs")['state="loading"'] == 0)
        given = values(text, "afmon_served_runs")
        assert given['state="given"'] + given['state="left_out"'] == 45
        assert given['state="given"'] < 32  # of the wild ones there is room for four or five, and then for no more
        assert len(re.findall(r"^afmon_label_overflows_total\{", text, re.M)) > 0
        assert len(text) < 64 << 20


def test_a_token_is_asked_for(three, tmp_path):
    token = tmp_path / "token"
    token.write_text("correct-horse-battery-staple-1234\n")
    token.chmod(0o600)
    with serve(three, "--token-file", token) as served:
        assert served.ask("/metrics")[0] == 401
        assert served.ask("/metrics", Authorization="Bearer correct-horse-battery-staple-1234")[0] == 200
