"""Rules files: afmon check --rules over past runs, and afmon demo --rules live."""
import json
import pathlib

import pytest

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples/rules.yaml"


def rules_file(tmp_path, text):
    path = tmp_path / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def episodes(done, name):
    [rule] = [rule for rule in json.loads(done.stdout)["rules"] if rule["name"] == name]
    return rule


def test_the_example_is_read(command, run):
    for i in range(100):
        run.add("success_rate", 1.0, at=i)
    done = command("check", run, "--rules", EXAMPLE)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "No alert of 9 rules in 100 samples, judged every 60.0 s.\n"
    assert "rule 'slow_answers' was not judged" in done.stderr


def test_fired_and_resolved(command, run, tmp_path):
    # Bad from 600 s to 900 s, one sample in ten seconds; a window of a minute, `for` a minute.
    for i in range(0, 1800, 10):
        run.add("success_rate", 0.0 if 600 <= i < 900 else 1.0, at=i)
    path = rules_file(tmp_path, """
built_in: false
rules:
  - name: bad
    metric: success_rate
    below: 50%
    clear: 0.9
    window: 60s
    for: 1m
    renotify: never
    level: error
    message: "only {value:.0%} of {count}"
    resolved_message: "{value:.0%} again"
""")
    done = command("check", run, "--rules", path, "--interval", "10s", "--json")
    assert done.returncode == 1 and done.stderr == ""
    rule = episodes(done, "bad")
    assert rule["fired"] and rule["level"] == "error" and len(rule["episodes"]) == 1
    episode = rule["episodes"][0]
    offset = lambda name: int(episode[name][14:16]) * 60 + int(episode[name][17:19])
    # Seven samples in a window with both edges: from 630 s on four of them are bad.
    assert offset("fired") - offset("began") == 60
    assert offset("resolved") - offset("began") == 330  # from 960 s on no bad one is left
    assert episode["notifications"] == 2 and episode["message"] == "only 0% of 7"
    done = command("check", run, "--rules", path, "--interval", "10s")
    assert done.returncode == 1
    assert "Fired" in done.stdout and "Resolved" in done.stdout and "only 0% of 7" in done.stdout


def test_no_alert_from_a_handful_of_early_failures(command, run, tmp_path):
    for i in range(200):
        run.add("success_rate", 0.0 if i < 3 else 1.0, at=i)
    text = "rules:\n  - name: low_success_rate\n    min_samples: %d\n"
    assert command("check", run, "--rules", rules_file(tmp_path, text % 1), "--interval", "1s").returncode == 1
    assert command("check", run, "--rules", rules_file(tmp_path, text % 20), "--interval", "1s").returncode == 0


def test_where_and_quantiles(command, run, tmp_path):
    for i in range(100):
        run.add("generation_time", 100.0 if i >= 95 else 1.0, at=i, operation="slow" if i % 2 else "quick")
    path = rules_file(tmp_path, """
rules:
  - {name: p90, metric: generation_time, aggregate: p90, above: 50}
  - {name: p99, metric: generation_time, aggregate: p99, above: 50}
  - {name: quick, metric: generation_time, aggregate: max, above: 50, where: {operation: quick}}
  - {name: none, metric: generation_time, aggregate: max, above: 50, where: {operation: other}}
""")
    done = command("check", run, "--rules", path, "--json")
    fired = {rule["name"]: rule["fired"] for rule in json.loads(done.stdout)["rules"]}
    assert (fired["p90"], fired["p99"], fired["quick"], fired["none"]) == (False, True, True, False)
    assert "rule 'none' was not judged: never enough samples of generation_time as it wants" in done.stderr


def test_a_run_that_stands_still(command, run, tmp_path):
    for i in list(range(100)) + list(range(2000, 2100)):
        run.add("success_rate", 1.0, at=i)
    path = rules_file(tmp_path, "built_in: false\nrules:\n  - {name: stalled, metric: success_rate, aggregate: count, "
                                "at_most: 0, min_samples: 0, for: 2m}\n")
    done = command("check", run, "--rules", path, "--json")
    [episode] = episodes(done, "stalled")["episodes"]
    assert done.returncode == 1 and episode["worst_count"] == 0 and episode["resolved"] is not None


@pytest.mark.parametrize("text,place,problem", [
    ("rules:\n  - name: a\n    metrc: b\n", "3:5", "'metrc' is no key of a rule; did you mean 'metric'?"),
    ("rules:\n  - name: low_success_rate\n    below: high\n", "3:12", "below: 'high' is no value for it"),
    ("rules: [", "2:1", "not YAML"),
    ("rule: []", "1:1", "did you mean 'rules'?"),
])
def test_what_is_wrong_is_told_with_its_place(command, run, tmp_path, text, place, problem):
    run.add("success_rate", 1.0)
    path = rules_file(tmp_path, text)
    for words in (["check", run], ["demo", "--log-dir", tmp_path / "demo"],
                  ["generate", "conversations", "--simulate", "--log-dir", tmp_path / "g", "--output", tmp_path / "o"]):
        done = command(*words, "--rules", path)
        assert done.returncode == 2 and done.stdout == "", words
        assert f"{path}:{place}: " in done.stderr and problem in done.stderr


def test_no_such_file(command, run):
    run.add("success_rate", 1.0)
    done = command("check", run, "--rules", "nowhere.yaml")
    assert done.returncode == 2 and "nowhere.yaml: No such file" in done.stderr


def test_a_live_run_has_the_states_in_its_log(command, tmp_path):
    path = rules_file(tmp_path, """
built_in: false
rules:
  - {name: any, metric: generation_time, aggregate: count, at_least: 1, window: 1s, renotify: never}
""")
    folder = tmp_path / "run"
    done = command("demo", "--conversations", "60", "--duration", "3s", "--log-dir", folder, "--rules", path)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line.split(" - ", 1)[1]) for line in (folder / "afterimage.log").read_text().splitlines()
             if '"alert": "any"' in line]
    assert lines and lines[0]["state"] == "fired" and lines[0]["message"].startswith("Alert: count of generation_time is")
    assert all(line["state"] != "firing" for line in lines)


def test_what_is_odd_about_a_rule_is_told(command, run, tmp_path):
    run.add("error_rate", 0.0)
    path = rules_file(tmp_path, """
rules:
  - {name: typo, metric: eror_rate, above: 0.5}
  - {name: critique, metric: error_rate, above: 0.5, where: {operation: opensimula.critics.requirement_critique}}
  - {name: probe, metric: error_rate, above: 0.5, where: {operation: opensimula.double_critic.probe}}
  - {name: emitted, metric: error_rate, above: 0.5, where: {operation: opensimula.double_critic.probe_correct}}
  - {name: own, metric: cache_hits, below: 3, where: {shard: 3}}
  - {name: model, metric: "model_usage:m", below: 3}
""")
    told = command("check", run, "--rules", path).stderr
    assert "rule 'typo': no metric of afmon's is called 'eror_rate'; did you mean 'error_rate'?" in told
    assert "rule 'critique': afterimage has no operation opensimula.critics.requirement_critique, though its documents" in told
    assert "it emits opensimula.double_critic.probe_correct or opensimula.double_critic.probe_incorrect" in told
    assert not any(f"'{name}': no" in told or f"'{name}': afterimage" in told for name in ("emitted", "own", "model"))
    watched = command("watch", run, "--once", "--json", "--rules", path)
    assert watched.returncode == 0 and "did you mean 'error_rate'" in watched.stderr
