"""The error rate of runs by afterimage's own monitor, whose error_rate has no zeros: one figure on every surface."""
import csv
import json
import pathlib
import random
import re
import shutil

import pytest

from conftest import Run
from served import serve

FROZEN = pathlib.Path(__file__).resolve().parents[1] / "frozen" / "afterimage"  # 12 of 60 calls failed, each is there twice
METRIC = "error_rate"
TEXT = re.compile(r">([^<]*)</text>")


@pytest.fixture
def theirs(tmp_path):
    return shutil.copytree(FROZEN, tmp_path / "afterimage")


def figures(command, run):
    """What the summary tells of the metric."""
    summary = json.loads(command("show", run, "--json").stdout)["summary"]
    (values,) = (metric["values"] for metric in summary["metrics"] if metric["name"] == METRIC)
    return values


def test_the_summary_and_its_table(command, theirs):
    values = figures(command, theirs)
    assert (values["count"], values["sum"], values["mean"], values["min"], values["max"]) == (60, 12.0, 0.2, 0.0, 1.0)
    assert (values["p50"], values["p90"], values["p99"]) == (0.0, 1.0, 1.0)
    (row,) = (line.split() for line in command("show", theirs).stdout.splitlines() if METRIC in line and "%" in line)
    assert row[:3] == [METRIC, "60", "20.0%"]


def test_evaluations_that_failed(command, run):
    """As afterimage records them: an error of those alone. What it cannot say is said beside it."""
    for number in range(8):
        run.add("evaluation_time", 0.5, number, evaluator_type="judge", success=number != 3)
    assert command("show", run).stdout.count("evaluation_error_rate") == 0
    run.add("evaluation_error_rate", 1, 3, evaluator_type="judge")
    summary = json.loads(command("show", run, "--json").stdout)["summary"]
    assert (summary["evaluations"]["count"], summary["evaluations"]["failed"]) == (8, 1)
    assert [warning["text"] for warning in summary["warnings"] if "evaluation_error_rate has no zeros" in warning["text"]]
    run.add("evaluation_error_rate", 0, 4, evaluator_type="judge")
    told = command("show", run, "--json").stdout
    assert "evaluation_error_rate has no zeros" not in told


def test_watch(command, theirs):
    assert json.loads(command("watch", theirs, "--once", "--json").stdout)[METRIC] == 0.2
    (line,) = (line for line in command("watch", theirs, "--once").stdout.splitlines() if line.startswith("errors"))
    assert line.split()[1] == "20.0%"


def test_charts(command, theirs, tmp_path):
    for words, name in (((), "success_error_rate"), (("--metric", METRIC), f"metric_{METRIC}")):
        assert command("plot", theirs, "--save-dir", tmp_path / "plots", "--format", "svg", *words).returncode == 0
        texts = TEXT.findall((tmp_path / "plots" / f"{name}.svg").read_text(encoding="utf-8"))
        assert "20.0%" in texts and any("60 generations" in text or "60 samples" in text for text in texts)


def test_the_report(command, theirs, tmp_path):
    command("report", theirs, "--output", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Success: 80.0% · Error: 20.0%" in page


def test_the_dashboard_and_its_scrape(theirs):
    with serve(theirs) as served:
        run = served.the_run(theirs.name)
        charts = served.json(f"/api/v1/runs/{run}")["charts"]
        scraped = served.ask("/metrics", Accept="text/plain")[2].decode()
    assert len(charts["error"]) > 2 and any(error not in (0, 1, None) for error in charts["error"])
    for success, error in zip(charts["success"], charts["error"], strict=True):
        assert error == (None if success is None else pytest.approx(1 - success))
    counted = dict(line.rsplit(" ", 1) for line in scraped.splitlines() if not line.startswith("#"))
    (errors,) = (float(value) for name, value in counted.items() if name.startswith("afmon_generation_errors_total"))
    (failures,) = (float(value) for name, value in counted.items() if "afmon_generations_total" in name and "failure" in name)
    assert errors == failures == 12


def test_exported_samples_are_as_they_were_written(command, theirs, tmp_path):
    assert command("export", theirs, "--format", "csv", "--output", tmp_path / "out.csv").returncode == 0
    with open(tmp_path / f"out_{METRIC}.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["value"]) for row in rows] == [1.0] * 24


@pytest.mark.parametrize("seed, twice", [(1, True), (2, False), (3, True)])
def test_the_same_calls_by_either_monitor(command, tmp_path, seed, twice):
    """In more values than a follower holds exactly, too."""
    chance = random.Random(seed)
    ours, theirs = Run(tmp_path / "ours"), Run(tmp_path / "theirs")
    lines = {ours: [], theirs: []}
    for i in range(5000 if seed == 3 else 700):
        failed = chance.random() < 0.2
        at = {"timestamp": f"2026-11-23T{9 + i // 3600:02}:{i // 60 % 60:02}:{i % 60:02}.000000+00:00"}
        for run in (ours, theirs):
            lines[run].append({"metric": "success_rate", "value": 0.0 if failed else 1.0, **at})
        lines[ours].append({"metric": METRIC, "value": 1.0 if failed else 0.0, **at})
        lines[theirs] += [{"metric": METRIC, "value": 1.0, **at}] * ((1 + twice) * failed)
    for run, of_run in lines.items():
        run.add_text("".join(json.dumps(line) + "\n" for line in of_run))
    assert figures(command, ours.path) == figures(command, theirs.path)
    told = [json.loads(command("watch", run.path, "--once", "--json").stdout)[METRIC] for run in (ours, theirs)]
    assert told[0] == pytest.approx(told[1]) and 0 < told[0] < 1


def test_rules_that_add_up_or_count(command, theirs, tmp_path):
    """12 calls failed, of 60."""
    rules = "\n".join(f"  - name: {name}\n    metric: {METRIC}\n    aggregate: {aggregate}\n    above: 0\n    window: 1h"
                      for name, aggregate in (("added", "sum"), ("counted", "count"), ("most", "max")))
    (tmp_path / "rules.yaml").write_text(f"rules:\n{rules}\n", encoding="utf-8")
    told = json.loads(command("check", theirs, "--rules", tmp_path / "rules.yaml", "--json").stdout)["rules"]
    worst = {rule["name"]: rule["episodes"][0]["worst_value"] for rule in told if rule["episodes"]}
    assert worst == {"added": 12, "counted": 60, "most": 1}


def test_a_rule_that_asks_for_metadata_is_judged_by_the_samples_that_have_them(command, theirs, tmp_path):
    """Of each pair one tells the type; no outcome does."""
    (tmp_path / "rules.yaml").write_text(f"""rules:
  - name: limited
    metric: {METRIC}
    aggregate: sum
    where: {{error_type: RateLimitError}}
    above: 11
    window: 1h
""", encoding="utf-8")
    told = json.loads(command("check", theirs, "--rules", tmp_path / "rules.yaml", "--json").stdout)["rules"]
    (limited,) = (rule for rule in told if rule["name"] == "limited")
    assert [episode["worst_value"] for episode in limited["episodes"]] == [12]
