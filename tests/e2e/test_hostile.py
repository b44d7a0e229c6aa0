"""Every command over runs with the worst of times, numbers and names. In a build with sanitizers this is a search for
undefined arithmetic; in every build no command may end by a signal, and no JSON may hold what is no JSON."""
import json
import os
import re
import urllib.parse

import hostile_runs
import pytest
from served import serve

SHORT = os.environ.get("AFMON_TEST_SHORT") == "1"
FIGURE = re.compile(r"(?<![\w\"])-?(inf|nan|infinity)\b(?!\")", re.I)  # is none
SEEDS = range(1, 13 if SHORT else 25)
COMMANDS = [
    ["show"], ["show", "--json"], ["show", "--window", "30m"], ["show", "--window", "100000d", "--json"], ["check"],
    ["check", "--json"], ["check", "--interval", "1s"], ["watch", "--once"], ["watch", "--once", "--json"],
    ["watch", "--once", "--window", "30m"], ["report", "-o", "report.html"], ["report", "-o", "report.md"],
    ["plot", "-d", "plots"], ["plot", "-d", "plots-svg", "-f", "svg"], ["plot", "-d", "one", "-m", "generation_time"],
    ["plot", "-d", "one", "-m", "total_token_count", "--json"], ["export", "--format", "json", "-o", "out.json"],
    ["export", "--format", "csv", "-o", "out.csv"], ["export", "--format", "excel", "-o", "out.xlsx"],
    ["export", "--format", "parquet", "-o", "out.parquet"], ["diff", "run", "--all"], ["diff", "other", "--all"],
    ["diff", "other", "--all", "--md"], ["diff", "other", "--json"], ["recover"],
]


def no_json(text):
    raise AssertionError(f"{text} is no JSON")


def strict(text):
    return json.loads(text, parse_constant=no_json)


def check_sound(done, words):
    assert done.returncode in (0, 1, 2), (words, done.returncode, done.stderr)
    assert "runtime error" not in done.stderr and "Sanitizer" not in done.stderr, (words, done.stderr)


@pytest.mark.parametrize("seed", SEEDS)
def test_commands(command, tmp_path, seed):
    hostile_runs.write(tmp_path / "run", seed)
    hostile_runs.write(tmp_path / "other", seed + 1000)
    for words in COMMANDS:
        done = command(words[0], "run", *words[1:], TZ="America/New_York")
        check_sound(done, words)
        if "--json" in words and done.stdout:
            strict(done.stdout)
        else:
            assert "\x1b" not in done.stdout and "\u202e" not in done.stdout, (words, done.stdout)
        if words[0] != "watch":  # which shows what the log says
            assert not FIGURE.search(done.stdout), (words, done.stdout)
    if (tmp_path / "out.json").exists():
        strict((tmp_path / "out.json").read_text())


@pytest.mark.parametrize("seed", SEEDS[:8])
def test_pages(tmp_path, seed):
    hostile_runs.write(tmp_path / "run", seed)
    with serve(tmp_path) as served:
        runs = served.json("/api/v1/runs")["runs"]
        assert len(runs) == 1
        at = "/api/v1/runs/" + urllib.parse.quote(runs[0]["id"], safe="")
        for path in [at, at + "/log?limit=50", at + "/alerts", at + "/metrics", at + "/report", at + "/export?format=csv",
                     at + "/export?format=json", "/metrics", "/api/v1/status", "/"]:
            status, headers, body = served.ask(path)
            assert status == 200 or (status < 500 and path.startswith(at + "/")), (path, status, body[:300])
            if headers.get_content_type() == "application/json":
                strict(body)
