"""Recorded runs by function, and what the functions say of arguments that make no sense."""
import json
import math
import os
import pathlib
import shutil
import subprocess
import sys
import warnings

import afmon
import pytest
from conftest import run_python


@pytest.fixture
def recorded(folder):
    with afmon.GenerationMonitor(folder, metrics_interval=0) as monitor:
        for i in range(10):
            monitor.track_generation(1.0 + i, i != 3, model_name="m", total_token_count=10)
    return folder


def test_finding_runs(recorded, tmp_path, monkeypatch):
    parent = recorded.parent
    (parent / "no run").mkdir()
    (parent / "file").write_text("x")
    (parent / "older").mkdir()
    (parent / "older" / "metrics.jsonl").touch()
    os.utime(parent / "older" / "metrics.jsonl", (1, 1))
    assert afmon.find_runs(parent) == [recorded, parent / "older"]
    assert afmon.find_runs(str(recorded)) == [recorded]
    assert afmon.find_runs(parent / "no run") == []
    (parent / "forked").mkdir()
    (parent / "forked" / "metrics-8.jsonl").write_text("")
    assert set(afmon.find_runs(parent)) == {recorded, parent / "older", parent / "forked"}
    monkeypatch.chdir(tmp_path / "no run")
    with pytest.raises(FileNotFoundError, match="afterimage-monitoring"):
        afmon.find_runs()
    with afmon.GenerationMonitor(metrics_interval=0) as monitor:
        assert [path.resolve() for path in afmon.find_runs()] == [monitor.log_dir.resolve()]


def test_rules_of_a_file(recorded, tmp_path):
    """The same by the file's name, by its rules, and by a rule that says the same."""
    (tmp_path / "rules.yaml").write_text("""
rules:
  - name: slow
    metric: generation_time
    aggregate: max
    above: 5
    message: "{value:.0f} s"
""", encoding="utf-8")
    (episode,) = [each for each in afmon.check_rules(recorded, tmp_path / "rules.yaml") if each.rule.name == "slow"]
    assert episode.worst.message == "10 s" and episode.fired.limit == 5
    assert afmon.check_rules(recorded, afmon.load_rules(str(tmp_path / "rules.yaml"))) == afmon.check_rules(
        recorded, str(tmp_path / "rules.yaml"))
    (mine,) = afmon.check_rules(recorded, [afmon.AlertRule("slow", "generation_time", "above", 5, "max")])
    assert mine.worst.value == episode.worst.value == 10.0


FROZEN = pathlib.Path(__file__).resolve().parents[1] / "frozen" / "afterimage"  # by its own monitor


def test_the_error_rate_of_a_run_by_afterimage(tmp_path):
    """12 of 60 calls failed; each failure is an error_rate of 1 twice, and no success is one of 0."""
    folder = shutil.copytree(FROZEN, tmp_path / "run")
    run = afmon.open_run(folder)
    told = run.get_metrics("error_rate")
    assert (told["count"], told["sum"], told["mean"], told["min"], told["p50"], told["p90"]) == (60, 12, 0.2, 0, 0, 1)
    assert [sample["value"] for sample in run.samples("error_rate")] == [1.0] * 24
    assert told["stddev"] == pytest.approx(run.get_metrics("success_rate")["stddev"])
    with afmon.follow(folder) as live:
        while live.update().loaded < 1:
            pass
        for window in (None, 60.0, 0.3):
            success, error = live.get_metrics("success_rate", window), live.get_metrics("error_rate", window)
            assert error["count"] == success["count"] > 0
            assert error["mean"] == pytest.approx(1 - success["mean"]) and error["sum"] == pytest.approx(error["count"] * error["mean"])
            assert (error["min"], error["max"]) == (1 - success["max"], 1 - success["min"])
        assert live.get_metrics("error_rate")["mean"] == 0.2
    last = afmon.open_run(folder, window=0.5)  # of a part of the run
    (values,) = [metric["values"] for metric in last.summary()["metrics"] if metric["name"] == "error_rate"]
    assert values["mean"] == last.get_metrics("error_rate")["mean"] == pytest.approx(1 - last.get_metrics("success_rate")["mean"])


# What is called with it, and the argument that the error must name.
TYPES = {
    "folder": [lambda run: afmon.open_run(3), lambda run: afmon.find_runs(3), lambda run: afmon.open_run(None), lambda run: afmon.check(3),
               lambda run: afmon.summary([]), lambda run: afmon.recover(3), lambda run: afmon.visualize_metrics(3)],
    "window": [lambda run: afmon.open_run(run, window="5m"), lambda run: afmon.export(run, "x", window=[])],
    "path": [lambda run: afmon.export(run, 3), lambda run: afmon.report(run, 3), lambda run: afmon.load_rules(3)],
    "format": [lambda run: afmon.export(run, "x", 3), lambda run: afmon.report(run, "x", 3)],
    "title": [lambda run: afmon.report(run, "x.md", None, 3)],
    "interval": [lambda run: afmon.check(run, "x"), lambda run: afmon.check(run, None),
                 lambda run: afmon.check_rules(run, [], True)],
    "min_success_rate": [lambda run: afmon.check(run, min_success_rate="x")],
    "max_error_rate": [lambda run: afmon.report(run, "x", max_error_rate=[])],
    "rules": [lambda run: afmon.check_rules(run, 3), lambda run: afmon.check_rules(run, [3])],
    "save_dir": [lambda run: afmon.visualize_metrics(run, 3)],
    "metric_name": [lambda run: afmon.plot_metric(run, 3), lambda run: afmon.open_run(run).get_metrics(3),
                    lambda run: afmon.open_run(run).samples(3)],
    "fname": [lambda run: afmon.plot_metric(run, "generation_time").savefig(3)],
    "scale": [lambda run: afmon.plot_metric(run, "generation_time").draw("png", "x")],
    "log_dir": [lambda run: afmon.GenerationMonitor(3)],
    "metric_handlers": [lambda run: afmon.GenerationMonitor(run, metric_handlers=3)],
    "log_handlers": [lambda run: afmon.GenerationMonitor(run, log_handlers=[3])],
    "alert_handlers": [lambda run: afmon.GenerationMonitor(run, alert_handlers=3)],
    "max_memory": [lambda run: afmon.GenerationMonitor(run, max_memory="x")],
    "ring_bytes": [lambda run: afmon.GenerationMonitor(run, ring_bytes=1.5)],
    "rules_file": [lambda run: afmon.GenerationMonitor(run, rules_file=3)],
}
VALUES = {
    "folder": [lambda run: afmon.open_run("a\0b")],
    "window": [lambda run: afmon.open_run(run, window=math.nan)],
    "format": [lambda run: afmon.export(run, "x", "xml"), lambda run: afmon.report(run, "x", "doc")],
    "interval": [lambda run: afmon.check(run, 0), lambda run: afmon.check(run, math.nan), lambda run: afmon.check_rules(run, [], -1)],
    "metric_name": [lambda run: afmon.open_run(run).get_metrics("a\0b")],
    "metrics_interval": [lambda run: afmon.GenerationMonitor(run, metrics_interval=math.nan)],
    "max_memory": [lambda run: afmon.GenerationMonitor(run, max_memory=-1)],
    "ring_bytes": [lambda run: afmon.GenerationMonitor(run, ring_bytes=3)],
}


@pytest.mark.parametrize("kind, table", [(TypeError, TYPES), (ValueError, VALUES)])
def test_errors_name_the_argument(recorded, tmp_path, monkeypatch, kind, table):
    monkeypatch.chdir(tmp_path)
    for argument, calls in table.items():
        for call in calls:
            with pytest.raises(kind, match=rf"\b{argument}\b"):
                call(recorded)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]  # and nothing was written


def test_errors_of_the_system_name_the_path(recorded, tmp_path):
    for call in (lambda path: afmon.open_run(path), lambda path: afmon.recover(path), lambda path: afmon.load_rules(path)):
        with pytest.raises(FileNotFoundError, match="missing"):
            call(tmp_path / "missing")
    for call in (lambda path: afmon.export(recorded, path), lambda path: afmon.report(recorded, path, "md"),
                 lambda path: afmon.visualize_metrics(recorded, path)):
        with pytest.raises(OSError, match="metrics.jsonl"):
            call(recorded / "metrics.jsonl" / "x")


def test_a_report_is_of_a_kind_that_its_name_tells(recorded, tmp_path):
    for name in ("x.docx", "x", "x.html.gz", ".md"):
        for run in (afmon.open_run(recorded), recorded):
            with pytest.raises(ValueError, match=r"has none of the endings \.html, \.md, \.json"):
                afmon.report(run, tmp_path / name) if run is recorded else run.report(tmp_path / name)
        assert not (tmp_path / name).exists()
    assert afmon.report(recorded, tmp_path / "x.HTM").read_text().startswith("<!") and afmon.report(recorded, tmp_path / "x", "md")


def test_rules_that_are_odd_are_warned_of(recorded, tmp_path):
    rule = afmon.AlertRule("slow", "generation_tme", "above", 3)
    told = r"afmon: rule 'slow': no metric of afmon's is called 'generation_tme'; did you mean 'generation_time'\?"
    with pytest.warns(RuntimeWarning, match=told):
        afmon.check_rules(recorded, [rule])
    with pytest.warns(RuntimeWarning, match=told), afmon.GenerationMonitor(tmp_path / "odd", rules=[rule]):
        pass
    assert "level\": \"warning" in next(line for line in (tmp_path / "odd" / "afterimage.log").read_text().splitlines() if "did you mean" in line)
    (tmp_path / "rules.yaml").write_text("rules:\n- {name: qa, metric: error_rate, above: 0.5, where: {operation: opensimula.tasks.single_qa_json}}\n")
    told = ("afmon: rule 'qa': afterimage has no operation opensimula.tasks.single_qa_json, though its documents say so; "
            "it emits opensimula.task.single_qa_generate")
    for use in (afmon.load_rules, lambda file: afmon.GenerationMonitor(tmp_path / "run", rules_file=file).shutdown(),
                lambda file: afmon.check_rules(recorded, file), lambda file: afmon.follow(recorded, rules=file).close()):
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            use(tmp_path / "rules.yaml")
        assert [str(warning.message) for warning in warned] == [told]
        assert warned[0].filename == __file__


RECORDING = """
import sys, afmon
monitor = afmon.GenerationMonitor(sys.argv[1])
monitor.track_generation(1.0, True, model_name="m", metadata={"a": [1]})
monitor.get_metrics("generation_time")
monitor.shutdown()
print(*sys.modules)
"""


def test_import_and_recording_need_little_of_the_standard_library(folder):
    """What takes long there, dataclasses (with inspect) and typing, is imported with what needs it. -S: site imports some."""
    done = subprocess.run([sys.executable, "-S", "-c", RECORDING, folder], stdout=subprocess.PIPE, text=True, check=True)
    imported = set(done.stdout.split())
    assert "afmon.monitoring" in imported
    assert not imported & {"dataclasses", "inspect", "typing", "afmon.charts", "afmon.feeds", "afmon.rules", "afmon.runs"}


def test_import_costs_no_other_package():
    returned, output = run_python("import sys; before = set(sys.modules); import afmon, json; print(json.dumps(sorted("
                                  "{name.split('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names))))")
    assert returned == 0 and json.loads(output) == ["afmon"]


def test_damage_is_told_and_the_rest_read(recorded):
    (recorded / ".afmon").mkdir(exist_ok=True)
    (recorded / ".afmon" / "x.ring.damaged").write_bytes(b"abc")
    with pytest.raises(ValueError, match="damaged"):
        afmon.recover(recorded)
    run = afmon.open_run(recorded)
    assert run.get_metrics("generation_time")["count"] == 10
    assert any("damaged" in problem for problem in run.problems)


def test_runs_against_each_other(recorded, tmp_path):
    """The same as `afmon diff --json` has, of folders and of runs that are open."""
    with afmon.GenerationMonitor(tmp_path / "worse", metrics_interval=0) as monitor:
        for i in range(40):
            monitor.track_generation(9.0 + i / 100, i % 2 == 0, model_name="m", total_token_count=10)
    found = afmon.diff(recorded, tmp_path / "worse")
    assert found == afmon.diff(recorded, afmon.open_run(tmp_path / "worse"))
    by_name = {(figure["figure"], figure["by"]): figure for figure in found["figures"]}
    assert by_name["success_rate", None]["b"] == {"value": 0.5, "count": 40, "clusters": 40}
    assert [run["resampled_by"] for run in found["runs"]] == ["call", "call"]
    assert "fails" not in found
    assert afmon.diff(recorded, tmp_path / "worse", fail_on="success_rate < -1%")["fails"] is True
    assert afmon.diff(recorded, recorded, fail_on="worse")["fails"] is False
    assert afmon.diff(recorded, recorded, where={"model_name": "other"})["figures"] == []
    with pytest.raises(ValueError, match="success_rate"):
        afmon.diff(recorded, recorded, fail_on="sucess_rate worse")
    with pytest.raises(TypeError):
        afmon.diff(recorded, recorded, where={"model_name": 1})
