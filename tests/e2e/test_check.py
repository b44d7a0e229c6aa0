"""afmon check: exit statuses, limits, JSON."""
import json

import pytest

RULES = [
    # option, value that fires, value that does not, metric, mean, alert
    ("--min-success-rate", "0.91", "0.9", "success_rate", 0.9, "low_success_rate"),
    ("--max-generation-time", "4.9s", "5s", "generation_time", 5.0, "high_generation_time"),
    ("--max-error-rate", "0.09", "0.1", "error_rate", 0.1, "high_error_rate"),
    ("--max-prompt-tokens", "99", "100", "prompt_token_count", 100, "high_token_usage:prompt"),
    ("--max-completion-tokens", "99.5", "100", "completion_token_count", 100, "high_token_usage:completion"),
    ("--max-total-tokens", "99", "100", "total_token_count", 100, "high_token_usage:total"),
    ("--max-conversation-length", "1.9", "2", "conversation_length", 2.0, "long_conversations"),
]


def good_run(run):
    for i in range(10):
        run.add("generation_time", 5.0, at=i)
        run.add("success_rate", 1.0 if i else 0.0, at=i)
        run.add("error_rate", 0.0 if i else 1.0, at=i)
        for name in ("prompt", "completion", "total"):
            run.add(f"{name}_token_count", 100, at=i, model_name="m")
        run.add("conversation_length", 2.0, at=i)
    return run


def test_none_fired(command, run):
    done = command("check", good_run(run))
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout == "No alert held. Judged in a replay, every 60.0 s.\n"
    done = command("check", run, "--interval", "60s")
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout == "No alert of 7 rules in 70 samples, judged every 60.0 s.\n"


@pytest.mark.parametrize("option,fires,holds,metric,mean,name", RULES)
def test_each_rule(command, run, option, fires, holds, metric, mean, name):
    good_run(run)
    done = command("check", run, option, fires)
    assert done.returncode == 1 and name in done.stdout and done.stderr == ""
    assert command("check", run, option, holds).returncode == 0  # strictly beyond
    done = command("check", run, f"{option}={fires}", "--json")
    assert done.returncode == 1
    facts = json.loads(done.stdout)
    assert facts["fired"] is True and facts["folder"] == str(run)
    assert sorted(rule["name"] for rule in facts["rules"]) == sorted(rule[5] for rule in RULES)
    (rule,) = [rule for rule in facts["rules"] if rule["fired"]]
    assert rule["name"] == name and rule["metric"] == metric
    (episode,) = rule["episodes"]
    assert episode["worst_value"] == pytest.approx(mean) and episode["worst_count"] == 10
    assert rule["level"] == ("error" if name == "high_error_rate" else "warning")
    assert facts["summary"]["alerts"] == []  # those of the run, by the limits that every screen has


def test_json_of_a_good_run(command, run):
    done = command("check", good_run(run), "--json")
    assert done.returncode == 0
    facts = json.loads(done.stdout)
    assert list(facts) == ["folder", "fired", "summary"]
    assert facts["folder"] == str(run) and facts["fired"] is False
    assert facts["summary"]["alerts"] == [] and facts["summary"]["samples"] == 70


def test_an_incident_that_is_over_fires_all_the_same(command, run):
    for i in range(240):
        run.add("success_rate", 0.0 if 60 <= i < 80 else 1.0, at=i * 30)
    done = command("check", run)
    assert done.returncode == 1
    # 3 of the 11 samples of five minutes are bad at 09:31:00 (72.7 %), 2 of 11 at 09:44:00 (81.8 %).
    assert "warning, 2026-11-23 09:31:00 to 2026-11-23 09:43:00, held for 13 min 00 s; limit 0.8" in done.stdout


def test_which_alerts_count(command, run):
    """Of a warning and an error that held, by level and by name; a replay of limits of one's own too."""
    for i in range(240):
        run.add("success_rate", 0.0 if 60 <= i < 80 else 1.0, at=i * 30)
        run.add("error_rate", 1.0 if 60 <= i < 80 else 0.0, at=i * 30)
    for more in [], ["--min-success-rate", "0.8"]:
        for words, status in [([], 1), (["--fail-on", "error"], 1), (["--ignore", "high_error_rate"], 1),
                              (["--fail-on", "error", "--ignore", "high_error_rate"], 0),
                              (["--ignore", "low_success_rate", "--ignore", "high_error_rate"], 0)]:
            done = command("check", run, *words, *more)
            assert done.returncode == status, words
            assert "low_success_rate" in done.stdout  # it is told all the same
            assert json.loads(command("check", run, *words, *more, "--json").stdout)["fired"] is (status == 1)
    facts = json.loads(command("check", run, "--fail-on", "error", "--ignore", "high_error_rate", "--json").stdout)
    assert facts["fired"] is False and len(facts["summary"]["alerts"]) == 2


def test_a_rule_without_samples_does_not_fire(command, run):
    run.add("generation_time", 1.0)
    assert command("check", run).returncode == 0


def test_interval(command, run):
    # Bad for ten seconds of which a pass a minute, over means of five minutes, sees a small part.
    for i in range(600):
        run.add("success_rate", 0.0 if i < 3 else 1.0, at=i)
    assert command("check", run, "--interval", "1s").returncode == 1
    assert command("check", run, "--interval", "300s").returncode == 0


def test_could_not_tell(command, run):
    assert command("check", "nowhere").returncode == 2
    done = command("check", run)
    assert done.returncode == 2 and done.stdout == "" and done.stderr.startswith("afmon: ")
    run.add("my_metric", 1.0)
    done = command("check", run)
    assert done.returncode == 2 and "nothing to judge" in done.stderr and done.stdout == ""
    done = command("check", run, "--json")
    facts = json.loads(done.stdout)
    assert done.returncode == 2 and facts["fired"] is False and facts["summary"]["samples"] == 1


@pytest.mark.parametrize("words", [
    ["--min-success-rate", "1.1"], ["--min-success-rate", "x"], ["--min-success-rate"], ["--max-error-rate", "-0.1"],
    ["--max-generation-time", "fast"], ["--max-prompt-tokens", "nan"], ["--max-total-tokens", ""], ["--interval", "0"],
    ["--interval", "0.5s"], ["--json=1"], ["--nonsense"], ["--fail-on", "fatal"], ["--fail-on"], ["--ignore"],
])
def test_wrong_options(command, run, words):
    done = command("check", good_run(run), *words)
    assert done.returncode == 2 and done.stdout == ""
    assert words[0].split("=")[0] in done.stderr and "Try 'afmon check --help'." in done.stderr


def test_times_that_step_are_told(command, run):
    for at in (7200, 3600):
        run.add("generation_time", 1.0, at=at)
    done = command("check", run)
    assert done.returncode == 0
    assert "run: metrics.jsonl:" in done.stderr and "times go back by 1 h" in done.stderr


def test_lines_that_cannot_be_read_are_told(command, run):
    good_run(run).add_text("no JSON\n")
    done = command("check", run)
    assert done.returncode == 0
    assert "1 line could not be read" in done.stderr


def test_outcomes_recorded_by_hand(command, run):
    """They count where no call was tracked; beside tracked calls, which they repeat, they do not."""
    for i in range(300):
        failed = i % 3 == 0
        run.add("success_rate", float(not failed), at=i, afmon_source="record_metric")
        run.add("error_rate", float(failed), at=i, afmon_source="record_metric")
    done = command("check", run, "--json")
    assert done.returncode == 1
    summary = json.loads(done.stdout)["summary"]
    assert (summary["calls"]["count"], summary["calls"]["failed"], summary["verdict"]) == (300, 100, "degraded")
    assert (summary["calls"]["recent"], summary["calls"]["recent_failed"]) == (300, 100)
    assert sum(failure["count"] for failure in summary["failures"]) == 100
    assert [alert["name"] for alert in summary["alerts"]] == ["high_error_rate", "low_success_rate"]
    for i in range(300):
        run.add("success_rate", 1.0, at=i, operation="answer")
        run.add("error_rate", 0.0, at=i, operation="answer")
    done = command("check", run, "--json")
    assert done.returncode == 0
    summary = json.loads(done.stdout)["summary"]
    assert (summary["calls"]["count"], summary["calls"]["failed"], summary["verdict"]) == (300, 0, "healthy")
    assert summary["alerts"] == summary["failures"] == []
