"""afmon show: the table, the JSON, windows, what is wrong in files."""
import json
import random
import re
import signal
import statistics
import subprocess
import time
import unicodedata

import pytest
from conftest import COMMAND


def show(command, run, *options):
    done = command("show", run, "--json", *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def summary_of(command, run, *options):
    return show(command, run, *options)["summary"]


def metrics_of(summary):
    """The values of each metric, by its name, in the order of the list; no name is there twice."""
    metrics = {metric["name"]: metric["values"] for metric in summary["metrics"]}
    assert len(metrics) == len(summary["metrics"])
    return metrics


def quantile(values, q):
    """Type 7 of Hyndman and Fan, as numpy and pandas have it."""
    values = sorted(values)
    at = (len(values) - 1) * q
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (at - low)


def small_run(run):
    for i in range(10):
        run.add("generation_time", 1.0 + i / 10, at=i, operation="answer_generation")
        run.add("success_rate", 0.0 if i == 9 else 1.0, at=i)
        run.add("error_rate", 1.0 if i == 9 else 0.0, at=i)
        run.add("prompt_token_count", 100, at=i, model_name="alpha")
        run.add("completion_token_count", 50, at=i, model_name="alpha")
        run.add("total_token_count", 150, at=i, model_name="alpha")
        run.add("model_usage:alpha", 1.0, at=i)
    run.add("total_token_count", 40, at=9, model_name="beta")
    run.add("total_token_count", 2, at=9)
    run.add("evaluation_score_coherence", 0.75, at=9)
    return run


def test_figures_are_right(command, run, tmp_path):
    chance = random.Random(3)
    values = [chance.lognormvariate(0, 1) for _ in range(997)]
    for i, value in enumerate(values):
        run.add("generation_time", value, at=i * 0.01)
    metrics = metrics_of(summary_of(command, run))
    assert list(metrics) == ["generation_time"]
    metric = metrics["generation_time"]
    assert metric["count"] == 997 and metric["not_finite"] == 0 and metric["quantile_error"] == 0
    wanted = {"sum": sum(values), "mean": statistics.fmean(values), "min": min(values), "max": max(values),
              "p50": quantile(values, 0.5), "p90": quantile(values, 0.9), "p95": quantile(values, 0.95),
              "p99": quantile(values, 0.99)}
    for name, value in wanted.items():
        assert metric[name] == pytest.approx(value, rel=1e-12), name
    # Summaries have no standard deviation; a rule that only the pass of all samples can fire says it.
    rules = tmp_path / "rules.yaml"
    rules.write_text("built_in: false\nrules:\n  - {name: spread, metric: generation_time, aggregate: stddev, above: 0,\n"
                     "     min_samples: 997}\n")
    done = command("check", run, "--rules", rules, "--json")
    assert done.returncode == 1, done.stderr
    episodes = json.loads(done.stdout)["rules"][0]["episodes"]
    assert [(episode["passes"], episode["worst_count"]) for episode in episodes] == [(1, 997)]
    assert episodes[0]["worst_value"] == pytest.approx(statistics.stdev(values), rel=1e-12)


def test_run_facts(command, run):
    facts = show(command, small_run(run))
    assert facts["folder"] == str(run)
    summary = facts["summary"]
    assert summary["live"] is False
    assert summary["samples"] == 73 and summary["files"] == 1 and facts["recovered"] == 0
    assert summary["first"] == "2026-11-23T09:00:00.000000+00:00"
    assert summary["last"] == "2026-11-23T09:00:09.000000+00:00"
    assert summary["duration_s"] == 9
    assert facts["window"] == {"seconds": None, "since": summary["first"], "until": summary["last"]}
    assert facts["problems"] == [] and facts["problem_count"] == 0 and summary["unreadable_lines"] == 0


def test_token_usage(command, run):
    summary = summary_of(command, small_run(run))
    members = ("model", "prompt_tokens", "completion_tokens", "total_tokens")
    assert [tuple(model[name] for name in members) for model in summary["models"]] == [
        ("alpha", 1000, 500, 1500), ("beta", 0, 0, 40), ("unknown", 0, 0, 2)]
    assert [tuple(summary["tokens"][name] for name in members[1:])] == [(1000, 500, 1542)]
    for model in summary["models"]:
        assert model["share"] == pytest.approx(model["total_tokens"] / 1542, rel=1e-12)


def test_window_counts_back_from_the_last_sample(command, run):
    facts = show(command, small_run(run), "--window", "3s")
    summary = facts["summary"]
    assert facts["window"] == {"seconds": 3, "since": "2026-11-23T09:00:06.000000+00:00",
                               "until": "2026-11-23T09:00:09.000000+00:00"}
    # All of the summary is of the window, its samples and its times too.
    assert (summary["first"], summary["last"]) == (facts["window"]["since"], facts["window"]["until"])
    assert summary["samples"] == 4 * 7 + 3 and summary["duration_s"] == 3
    assert metrics_of(summary)["generation_time"]["count"] == 4  # both edges belong to it
    assert metrics_of(summary)["success_rate"]["mean"] == 0.75
    assert summary["models"][0]["model"] == "alpha" and summary["models"][0]["total_tokens"] == 600
    assert metrics_of(summary_of(command, run, "--window", "100w"))["generation_time"]["count"] == 10


def test_metrics_without_samples_in_the_window(command, run):
    run.add("early", 1.0, at=0)
    run.add("late", 1.0, at=100)
    assert list(metrics_of(summary_of(command, run, "--window", "10s"))) == ["late"]
    assert "1 metric has no sample in this window." in command("show", run, "--window", "10s").stdout
    assert "in this window" not in command("show", run).stdout + command("show", run, "--window", "100s").stdout


@pytest.mark.parametrize("window", ["", "5x", "-5m", "0", "5m1h", "nan"])
def test_wrong_window(command, run, window):
    done = command("show", run, "--window", window)
    assert done.returncode == 2 and done.stdout == "" and "--window" in done.stderr


def test_table(command, run):
    done = command("show", small_run(run))
    assert done.returncode == 0 and done.stderr == ""
    text = done.stdout
    assert re.search(r"^  generation_time +10 +1\.45 s +1\.45 s +1\.81 s +1\.89 s +1\.00 s +1\.90 s$", text, re.M)
    assert re.search(r"^  success_rate +10 +90\.0% ", text, re.M)
    assert re.search(r"^  prompt_token_count +10 +100 ", text, re.M)
    assert re.search(r"^  evaluation_score_coherence +1 +0\.75 ", text, re.M)
    assert re.search(r"^alpha +10 +- +1,000 +500 +1,500 +97\.3%$", text, re.M)
    assert re.search(r"^all models +1,000 +500 +1,542 +100%$", text, re.M)
    assert "No alert held. Judged in a replay, every 60.0 s." in text.splitlines()
    assert [line for line in text.splitlines() if line in ("Generation", "Tokens", "Evaluation", "Counted")] == [
        "Generation", "Tokens", "Evaluation", "Counted"]
    assert not any(line != line.rstrip() for line in text.splitlines())


def test_units_and_groups_are_those_of_whole_names(command, run):
    run.add("success_rate", 1.0)
    run.add("model_creation_time", 0.25)
    own = ["disk_error_rate", "error_rate_budget_left", "evaluation_budget", "model_usage:", "my_token_count", "wall_time"]
    for name in own:
        run.add(name, 35)
    lines = command("show", run).stdout.splitlines()
    other = lines[lines.index("Other") + 1:]
    assert sorted(line.split()[0] for line in other[:6]) == own
    assert all(line.split()[2] == "35" for line in other[:6])
    assert "Evaluation" not in lines and "Tokens" not in lines and "Counted" not in lines
    assert any(re.match(r"^  model_creation_time +1 +250 ms ", line) for line in lines)
    assert any(re.match(r"^  success_rate +1 +100% ", line) for line in lines)


def width(text):
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in plain)


@pytest.mark.parametrize("columns", [70, 80, 200])
def test_table_fits_the_terminal(on_terminal, run, columns):
    small_run(run)
    run.add("evaluation_score_a_very_long_name_that_no_table_has_room_for_in_eighty_columns", 0.5)
    run.add("日本語の長い名前" * 8, 0.5)
    run.add("total_token_count", 12, model_name="a/very/long/model-name-with-a-quantisation-suffix:q4_k_m-2026-11-23")
    drawn = on_terminal("show", run, columns=columns)
    table = [line for line in drawn.splitlines() if not line.startswith("\x1b[2mRun")]  # a path is never cut
    assert max(map(width, table)) <= columns
    assert ("…" in drawn) == (columns < 200)


def test_colours_only_on_a_terminal(command, on_terminal, run):
    small_run(run)
    assert "\x1b[" in on_terminal("show", run)
    assert "\x1b" not in on_terminal("show", run, NO_COLOR="1")
    assert "\x1b" not in command("show", run).stdout
    assert "─" not in command("show", run, LC_ALL="C").stdout


def test_names_cannot_take_over_the_terminal(command, on_terminal, run):
    run.add("evil\x1b]0;title\x07\x1b[2J", 1.0)
    run.add("turn\u202earound", 1.0)
    run.add("new\nline", 1.0)
    run.add("total_token_count", 5, model_name="m\x1b[31m\r")
    drawn = on_terminal("show", run, NO_COLOR="1", columns=150)
    assert not set(drawn) & {"\x1b", "\x07", "\u202e"}
    assert "evil\\x1b]0;title\\x07\\x1b[2J" in drawn and "new\\nline" in drawn and "m\\x1b[31m\\r" in drawn
    summary = summary_of(command, run)
    assert list(metrics_of(summary)) == ["evil\x1b]0;title\x07\x1b[2J", "new\nline", "total_token_count", "turn\u202earound"]
    assert summary["models"][0]["model"] == "m\x1b[31m\r"


def test_values_that_are_no_numbers(command, run):
    run.add("score", 1.0)
    run.add("score", None)
    run.add("only", None)
    summary = summary_of(command, run)
    metrics = metrics_of(summary)
    assert metrics["score"]["count"] == 1 and metrics["score"]["not_finite"] == 1
    assert metrics["only"]["count"] == 0 and metrics["only"]["not_finite"] == 1 and metrics["only"]["mean"] is None
    assert summary["samples"] == 3 and summary["not_finite"] == 2
    said = "2 samples had a value that is no finite number, and are in no figure."
    assert summary["warnings"] == [{"level": "warning", "text": said}]
    assert said in command("show", run).stdout.splitlines()


def test_a_name_with_a_nul_byte_is_not_taken_for_another(command, run):
    run.add("a\0b", 1.0)
    run.add("a", 5.0)
    metrics = metrics_of(summary_of(command, run))
    assert list(metrics) == ["a", "a\ufffdb"]  # in place of the NUL; it is not left out
    assert (metrics["a"]["count"], metrics["a"]["mean"]) == (1, 5.0)
    assert (metrics["a\ufffdb"]["count"], metrics["a\ufffdb"]["mean"]) == (1, 1.0)
    text = command("show", run, LC_ALL="C.UTF-8").stdout
    assert re.search(r"^  a +1 +5 ", text, re.M) and re.search("^  a\ufffdb +1 +1 ", text, re.M)


def test_bad_lines_are_named_and_passed_over(command, run):
    run.add("generation_time", 1.0)
    run.add_text("this is no JSON\n")
    run.add_text(b"\xff\xfe\n")
    run.add_text('{"metric": "x"}\n')
    run.add("generation_time", 2.0)
    facts = show(command, run)
    assert metrics_of(facts["summary"])["generation_time"]["count"] == 2
    assert facts["problem_count"] == 3 and len(facts["problems"]) == 3 and facts["summary"]["unreadable_lines"] == 3
    assert facts["problems"][0].startswith("metrics.jsonl:2: ")
    text = command("show", run).stdout
    assert "Problems" in text and "metrics.jsonl:2: " in text


def test_many_bad_lines_are_counted(command, run):
    run.add("generation_time", 1.0)
    run.add_text("x\n" * 1500)
    facts = show(command, run)
    assert facts["problem_count"] == 1500 and len(facts["problems"]) == 1000
    assert facts["summary"]["unreadable_lines"] == 1500
    assert "... and 1,495 more" in command("show", run).stdout


def test_the_files_of_the_python_package(command, run):
    run.add_text('{"metric": "generation_time", "value": 1.5, "timestamp": "2026-11-23T09:00:00.250000"}\n'
                 '{"metric": "generation_time", "value": 2.5, "timestamp": "2026-11-23T09:00:01"}\n')
    facts = show(command, run)
    assert metrics_of(facts["summary"])["generation_time"]["mean"] == 2.0
    assert facts["summary"]["first"] == "2026-11-23T09:00:00.250000+00:00"
    assert facts["problem_count"] == 0


def test_alerts_that_held(command, run):
    for i in range(100):
        run.add("success_rate", 0.0 if 20 <= i < 80 else 1.0, at=i * 30)
    summary = summary_of(command, run)
    assert (summary["alerts_from"], summary["alert_period_s"], summary["alerts_left_out"]) == ("replay", 60, 0)
    assert [alert["name"] for alert in summary["alerts"]] == ["low_success_rate"]
    alert = summary["alerts"][0]
    assert alert["level"] == "warning" and alert["message"] == "Success rate dropped to 0.0%"
    assert alert["limit"] == 0.8 and alert["worst"] == 0.0
    # Of eleven samples in five minutes three or more are failures from 09:11 on, and two at 09:44.
    assert (alert["first"], alert["last"], alert["resolved"], alert["worst_at"]) == tuple(
        f"2026-11-23T09:{minute}:00.000000+00:00" for minute in (11, 43, 44, 15))
    assert alert["passes"] == 33 and alert["held_s"] == 33 * 60 and alert["firing"] is False
    text = command("show", run).stdout
    assert "low_success_rate" in text and "Success rate dropped to 0.0%" in text
    assert summary_of(command, run, "--window", "60s")["alerts"] == []
    assert command("show", run, "--interval", "60s").returncode == 2  # one period, on every screen


def test_an_empty_folder(command, run):
    done = command("show", run)
    if done.returncode == 0:
        assert "No samples." in done.stdout
    else:
        assert done.returncode == 1 and done.stderr.startswith("afmon: ")


def test_a_run_that_goes_on(command, tmp_path):
    folder = tmp_path / "live"
    with subprocess.Popen([COMMAND, "demo", "--log-dir", folder, "--duration", "60"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        try:
            end = time.monotonic() + 30
            while time.monotonic() < end:
                done = command("show", folder, "--json")
                if done.returncode == 0 and json.loads(done.stdout)["summary"]["samples"] > 100:
                    break
                time.sleep(0.2)
            summary = json.loads(done.stdout)["summary"]
            assert summary["live"] is True and summary["samples"] > 100
            assert "still running" in command("show", folder).stdout
            assert summary_of(command, folder)["samples"] >= summary["samples"]
        finally:
            process.send_signal(signal.SIGKILL)
    assert summary_of(command, folder)["live"] is False


def test_an_hour_that_clocks_show_twice(command, run):
    for value in (1.0, 0.0):
        for minute in range(60):
            line = {"metric": "success_rate", "value": value, "timestamp": f"2025-11-02T01:{minute:02d}:00"}
            run.add_text(json.dumps(line) + "\n")
    in_new_york = {"TZ": "EST5EDT,M3.2.0,M11.1.0"}
    whole = json.loads(command("show", run, "--json", **in_new_york).stdout)["summary"]
    assert whole["first"] == "2025-11-02T05:00:00.000000+00:00" and whole["last"] == "2025-11-02T06:59:00.000000+00:00"
    facts = json.loads(command("show", run, "--json", "--window", "30m", **in_new_york).stdout)
    assert facts["window"] == {"seconds": 1800, "since": "2025-11-02T06:29:00.000000+00:00", "until": whole["last"]}
    lately = facts["summary"]
    assert lately["first"] == facts["window"]["since"] and lately["last"] == whole["last"]
    assert metrics_of(lately)["success_rate"]["mean"] == 0 and metrics_of(lately)["success_rate"]["count"] == 31
    assert facts["problem_count"] == 0 and len(facts["warnings"]) == 1
    assert facts["warnings"][0].startswith("metrics.jsonl:1: local times of an hour that clocks show twice")
    rows = command("export", run, "-o", "-", "--format", "csv", **in_new_york).stdout.splitlines()
    assert rows[61] == "success_rate,2025-11-02T06:00:00.000000+00:00,0.0"
    followed = json.loads(command("watch", run, "--once", "--json", **in_new_york).stdout)["summary"]
    assert followed["first"] == whole["first"] and followed["last"] == whole["last"]


def test_the_clock_is_set_back(command, run):
    for at in (0, 60, 7200, 3600, 3660):
        run.add("generation_time", at, at=at)
    facts = show(command, run)
    assert len(facts["warnings"]) == 1 and facts["warnings"][0].startswith("metrics.jsonl:4: times go back by 1 h 00 min")
    table = command("show", run).stdout
    assert "metrics.jsonl:4: times go back by 1 h 00 min" in table
    values = [row.split(",")[2] for row in command("export", run, "-o", "-", "--format", "csv").stdout.splitlines()[1:]]
    assert values == ["0.0", "60.0", "7200.0", "3600.0", "3660.0"]


def test_alerts_hold_for_what_lies_in_the_window(run, command):
    """Of those that the monitor logged: an alert that began before the window holds in it from the window's start."""
    for i in range(3600):
        run.add("success_rate", 0.0, at=i)
    log = ('2026-11-23 09:00:00,000 - {"message": "Run record", "session": "00000000000000aa", "started": '
           '"2026-11-23T09:00:00.000000+00:00", "metrics_interval": 60.0, "rules": [{"name": "low"}], "level": "info"}\n'
           '2026-11-23 09:01:00,000 - {"message": "Alert: Low", "alert": "low", "resolves": true, "session": '
           '"00000000000000aa", "level": "warning"}\n')
    run.add_text(log, "afterimage.log")
    whole = json.loads(command("show", run, "--json").stdout)["summary"]
    part = json.loads(command("show", run, "--window", "10m", "--json").stdout)["summary"]
    assert whole["alerts_from"] == part["alerts_from"] == "monitor"
    assert [alert["held_s"] for alert in whole["alerts"]] == [3539.0]  # from 09:01:00 to the end
    assert [alert["held_s"] for alert in part["alerts"]] == [600.0]
    assert whole["alerts"][0]["first"] == part["alerts"][0]["first"]


def test_a_run_that_goes_on_says_how_long_it_takes_yet(command, tmp_path, run):
    assert show(command, small_run(run))["plan"] is None
    words = [COMMAND, "demo", "--duration", "120s", "--log-dir", "live"]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as demo:
        try:
            until = time.monotonic() + 60
            while not re.search(r"Plan +\d+ of 3,000, left \d.* to ", text := command("show", "live").stdout):
                assert time.monotonic() < until, text
                time.sleep(0.2)
            plan = show(command, "live")["plan"]
        finally:
            demo.kill()
    assert plan["planned"] == 3000 and 0 < plan["eta_p10_s"] <= plan["eta_s"] <= plan["eta_p90_s"]
