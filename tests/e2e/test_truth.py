"""One summary of a run: show, watch, check, report, the dashboard's API and Python carry the same bytes."""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from conftest import COMMAND, Run
from served import serve

EXACT_MAX = 4096  # values of which a follower's quantiles are exact too
QUANTILES = ("p50", "p90", "p95", "p99", "quantile_error")
RANDOM_RUNS = int(os.environ.get("AFMON_TRUTH_RUNS", "8" if os.environ.get("AFMON_TEST_SHORT") == "1" else "200"))
PYTHON_SUMMARIES = """
import sys, afmon
for line in sys.stdin:
    folder = line.rstrip("\\n")
    print(afmon.open_run(folder).summary_json())
    with afmon.follow(folder) as live:
        while live.update().loaded < 1:
            pass
        print(live.summary_json(), flush=True)
"""
MODELS = ("sim-small", "sim-large", 'odd "name" \u2028 ✓')


def summary_bytes(text):
    """The bytes of the summary, which is the last member of what a command printed."""
    text = text.rstrip()
    return text[text.index('"summary":') + len('"summary":'):-1].strip()


def of_the_api(served, name):
    body = served.ask(f"/api/v1/runs/{name}")[2].decode()
    begin = body.index('"summary":') + len('"summary":')
    return body[begin:begin + json.JSONDecoder().raw_decode(body[begin:])[1]]


def masked(text):
    """With the quantiles of many values, which a follower may know within its error, taken out."""

    def mask(members):
        found = dict(members)
        if found.get("count", 0) > EXACT_MAX and "quantile_error" in found:
            found.update(dict.fromkeys(QUANTILES))
        return found

    return json.dumps(json.loads(text, object_pairs_hook=mask))


def plain(text):
    return json.dumps(json.loads(text))


@pytest.fixture(scope="module")
def python():
    """One interpreter for all runs, which is told folders and tells summaries. None under a sanitizer: a Python that is
    not built for it cannot load a library that is."""
    library = os.environ.get("AFMON_LIBRARY")
    if library is None or os.environ.get("AFMON_TEST_SHORT") == "1":
        yield None
        return
    package = pathlib.Path(library).parents[1] / "python"
    with subprocess.Popen([sys.executable, "-c", PYTHON_SUMMARIES], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          env={**os.environ, "PYTHONPATH": str(package), "TZ": "UTC"}) as process:
        yield process
        process.stdin.close()
        assert process.wait(timeout=60) == 0


def of_python(process, folder):
    """Of a view and of a follower."""
    if process is None:
        return {}
    process.stdin.write(f"{folder}\n")
    process.stdin.flush()
    return {name: process.stdout.readline().rstrip("\n") for name in ("python", "python's follower")}


def surfaces(command, python, folder):
    """What each surface says of a run, by its name."""
    told = {}
    for words in (("show", folder, "--json"), ("watch", folder, "--once", "--json"), ("check", folder, "--json"),
                  ("report", folder, "--format", "json", "-o", "-")):
        done = command(*words)
        assert done.returncode in (0, 1, 2 if words[0] == "check" else 0), (words, done.stderr)  # 2: nothing to judge
        assert done.stdout, (words, done.stderr)
        told[words[0]] = summary_bytes(done.stdout)
    with serve(folder) as served:
        told["api"] = of_the_api(served, served.the_run(folder.name))
    told.update(of_python(python, folder))
    return told


@pytest.fixture
def agree(command, python):
    """Asserts that all surfaces say the same of a run, byte by byte; returns what."""

    def compare(folder):
        told = surfaces(command, python, folder)
        few = masked(told["show"]) == plain(told["show"])  # no figure of so many values that a follower's may be others
        for name, text in told.items():
            assert masked(text) == masked(told["show"]), name
            assert not few or text == told["show"], name
        return {name: json.loads(text) for name, text in told.items()}

    return compare


def write_calls(run, seed, count, seconds, file="metrics.jsonl", fail=0.1):
    """A run of calls, conversations and evaluations, as a monitor would have written it."""
    chance = random.Random(seed)
    for i in range(count):
        at = seconds * i / max(1, count - 1)
        failed = chance.random() < fail
        operation = chance.choice(("question_generation", "answer_generation", "conversation_generation"))
        about = {"operation": operation, "model_name": chance.choice(MODELS)}
        run.add("generation_time", chance.lognormvariate(0.8, 0.6), at, file, **about)
        run.add("success_rate", 0.0 if failed else 1.0, at, file, **about)
        why = {"error": f"Connection {i} reset", "error_type": "APIConnectionError"} if failed else {}
        run.add("error_rate", 1.0 if failed else 0.0, at, file, **about, **why)
        if failed:
            run.add("api_errors", 1.0, at, file, **about, error_type="APIConnectionError", status=None)
            continue
        prompt, completion = chance.randint(50, 900), chance.randint(10, 400)
        for name, tokens in (("prompt", prompt), ("completion", completion), ("total", prompt + completion)):
            run.add(f"{name}_token_count", float(tokens), at, file, model_name=about["model_name"])
        run.add("evaluation_score_coherence", chance.gauss(0.8, 0.1), at, file, evaluator_type="judge")
        run.add("evaluation_time", chance.lognormvariate(0, 0.4), at, file, evaluator_type="judge", success=True)
        run.add("finish_reason:stop", 1.0, at, file, **about)


@pytest.mark.parametrize("seed, count, seconds, fail", [
    (1, 1, 0, 0.0), (2, 60, 3, 0.1), (3, 300, 300, 0.3), (4, 400, 7200, 0.05), (5, 300, 3 * 86400, 0.1),
    (6, 300, 60 * 86400, 0.05), (7, 200, 600, 1.0), (8, 0, 0, 0.0)])
def test_runs_of_every_length(agree, run, seed, count, seconds, fail):
    run.add_text("")
    write_calls(run, seed, count, seconds, fail=fail)
    agree(run.path)


def random_name(chance):
    return chance.choice(["", "a", "generation_time", "x" * 300, "名前", "a\u2028b", "nul\0", '"', "\\", "<b>", "\x1b[31m", "=1+1",
                          f"n{chance.randrange(40)}"])


def random_metric(chance):
    return chance.choice([
        "generation_time", "generation_time", "success_rate", "success_rate", "error_rate", "prompt_token_count",
        "completion_token_count", "total_token_count", "conversation_length", "evaluation_time", "evaluation_error_rate",
        "api_errors", "model_usage:" + random_name(chance), "finish_reason:" + random_name(chance),
        "evaluation_score_" + random_name(chance), "error_rate_budget_left", random_name(chance) or "m"])


def random_value(chance, metric):
    if metric.endswith("_rate") and chance.random() < 0.9:
        return float(chance.random() < 0.4)
    return chance.choice([0.0, 1.0, -1.0, 1e300, float("nan"), float("inf"), chance.random(), chance.lognormvariate(0, 2),
                          float(chance.randrange(5000))])


def random_metadata(chance):
    about = {}
    for name, values in (("operation", [random_name(chance), "question_generation", "conversation_generation"]),
                         ("component", [random_name(chance)]), ("model_name", [random_name(chance)]),
                         ("evaluator_type", [random_name(chance)]), ("error_type", [random_name(chance), "TimeoutError"]),
                         ("error", [random_name(chance) + f" {chance.randrange(10**9)}"]), ("status", [429, 500, None, "x"]),
                         ("success", [True, False]), ("afmon_source", ["record_metric"] * 2 + ["x"]), ("other", [1, 2.5, None, [1], {"a": {}}])):
        if chance.random() < 0.4:
            about[name] = chance.choice(values)
    return about


def random_log(run, chance, seconds):
    """Records of up to two monitors, alerts with and without a session, drops, and lines that are none."""
    for i in range(chance.randrange(8)):
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(1_795_424_400 + chance.random() * seconds))
        session = chance.choice(["00000000000000aa", "00000000000000aa", "00000000000000bb"])
        run.add_text(f"{at},{i:03d} - " + chance.choice([
            f'{{"message": "Run record", "session": "{session}", "metrics_interval": 60.0, "rules": [{{"name": "low", '
            '"metric": "success_rate", "below": 0.5}], "level": "info"}',
            f'{{"message": "Alert: Low {i}", "alert": "low", "session": "{session}", "value": 0.{i}, "level": "warning"}}',
            f'{{"message": "Alert resolved: Low", "alert": "low", "state": "resolved", "session": "{session}", "level": "info"}}',
            '{"message": "Alert: mine", "alert": "mine", "level": "error"}',
            '{"message": "Samples or log records were dropped", "full": 3, "level": "warning"}',
            '{"message": "Run plan", "planned": 50, "level": "info"}', "no JSON"]) + "\n", "afterimage.log")


@pytest.mark.parametrize("seed", range(RANDOM_RUNS))
def test_runs_of_any_shape(agree, run, seed):
    """Whatever their samples say, of several processes, in any order of time, with lines that are none."""
    chance = random.Random(f"truth {seed}")
    seconds = chance.choice([0.5, 30, 400, 5000, 200_000, 6_000_000])
    files = ["metrics.jsonl", "metrics-7.jsonl", "metrics-8.jsonl"][:chance.randint(1, 3)]
    for i in range(chance.choice([1, 5, 50, 500, 1500])):
        at = seconds * (chance.random() if chance.random() < 0.3 else i / 1500)
        metric = random_metric(chance)
        run.add(metric, random_value(chance, metric), at, chance.choice(files), **random_metadata(chance))
        if chance.random() < 0.01:
            run.add_text(chance.choice(['{"metric": "a"}\n', "\n", "\xff\n", '{"metric": 1, "value": 2}\n']), files[-1])
    random_log(run, chance, seconds)
    agree(run.path)


def test_more_values_than_are_held_exactly(agree, run):
    write_calls(run, 9, 2 * EXACT_MAX, 3600)
    told = agree(run.path)
    exact, near = told["show"]["calls"]["latency_s"], told["watch"]["calls"]["latency_s"]
    assert exact["count"] == near["count"] > EXACT_MAX and exact["quantile_error"] == 0
    for name in ("p50", "p90", "p95", "p99"):
        assert near[name] == pytest.approx(exact[name], rel=near["quantile_error"] + 1e-12)


def test_several_processes(agree, run):
    for process, file in enumerate(("metrics.jsonl", "metrics-7.jsonl", "metrics-8.jsonl")):
        write_calls(run, 20 + process, 150, 500 + process, file)
    agree(run.path)


FROZEN = pathlib.Path(__file__).resolve().parents[1] / "frozen"  # runs as others wrote them


@pytest.mark.parametrize("name, samples, calls, failed, items", [
    ("afmon-0.1.0", 773, 62, 6, [("conversation", 24, 6)]), ("afterimage", 428, 60, 12, [])])
def test_runs_of_older_versions_and_of_afterimage(agree, tmp_path, name, samples, calls, failed, items):
    shutil.copytree(FROZEN / name, tmp_path / name)
    told = agree(tmp_path / name)["show"]
    assert told["samples"] == samples and told["unreadable_lines"] == 0
    assert (told["calls"]["count"], told["calls"]["failed"]) == (calls, failed)
    assert [(i["kind"], i["finished"], i["failed"]) for i in told["items"]] == items
    assert sum(f["count"] for f in told["failures"]) == failed


def judged(command, folder, *options):
    return json.loads(command("check", folder, "--json", *options).stdout)["rules"]


def test_the_error_rate_of_afterimage_is_of_its_calls(command, agree, tmp_path):
    """By hand: 12 of 60 calls failed, each is an error_rate of 1 twice, and no call is one of 0."""
    run = tmp_path / "afterimage"
    shutil.copytree(FROZEN / "afterimage", run)
    told = agree(run)["show"]
    assert told["alerts"] == [] and any("error_rate has no zeros" in warning["text"] for warning in told["warnings"])
    for limit, held in (("0.19", [(0.2, 60)]), ("0.2", [])):
        (rule,) = (rule for rule in judged(command, run, "--max-error-rate", limit) if rule["name"] == "high_error_rate")
        assert [(episode["worst_value"], episode["worst_count"]) for episode in rule["episodes"]] == held


@pytest.mark.parametrize("seed, twice", [(1, True), (2, False), (3, True)])
def test_rules_on_an_error_rate_without_zeros(command, agree, tmp_path, seed, twice):
    """The same calls as our monitor records them and as afterimage's does: the rules say the same."""
    chance = random.Random(seed)
    ours, theirs = Run(tmp_path / "ours"), Run(tmp_path / "theirs")
    for i in range(900):
        at, failed = i * 2.0, chance.random() < (0.5 if 300 <= i < 450 else 0.1)
        for run in (ours, theirs):
            run.add("success_rate", 0.0 if failed else 1.0, at)
        ours.add("error_rate", 1.0 if failed else 0.0, at)
        for _ in range((1 + twice) * failed):
            theirs.add("error_rate", 1.0, at)
    assert agree(ours.path)["show"]["alerts"] == agree(theirs.path)["show"]["alerts"] != []
    for options in (["--interval", "10s"], ["--max-error-rate", "0.45", "--min-success-rate", "0"]):
        rules = judged(command, ours.path, *options)
        assert rules == judged(command, theirs.path, *options) and any(rule["fired"] for rule in rules)


def test_a_rules_file_of_an_older_version(command, tmp_path):
    shutil.copytree(FROZEN / "afmon-0.1.0", tmp_path / "run")
    done = command("check", tmp_path / "run", "--rules", tmp_path / "run" / "rules.yaml", "--json")
    assert done.returncode in (0, 1) and "rules.yaml" not in done.stderr
    assert json.loads(done.stdout)["fired"] is not None


def demo(folder, *words):
    return subprocess.run([COMMAND, "demo", "--log-dir", str(folder), *words], capture_output=True, text=True, timeout=120,
                          check=False)


def test_the_demo(agree, tmp_path):
    assert demo(tmp_path / "run", "--duration", "8s", "--seed", "7").returncode == 0
    told = agree(tmp_path / "run")
    assert told["watch"]["verdict"] == told["report"]["verdict"] != "healthy"
    assert told["watch"]["alerts"] == told["report"]["alerts"] != []


def test_a_run_that_was_killed_and_resumed(command, agree, tmp_path):
    folder = tmp_path / "run"
    with subprocess.Popen([COMMAND, "demo", "--log-dir", str(folder), "--duration", "20s"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        end = time.monotonic() + 60
        while not any(path.stat().st_size for path in folder.glob("metrics*.jsonl")):
            assert time.monotonic() < end
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
    command("show", folder)  # puts back what had been recorded
    agree(folder)
    before = json.loads(command("show", folder, "--json").stdout)["summary"]["samples"]
    assert demo(folder, "--duration", "2s", "--conversations", "100").returncode == 0
    assert agree(folder)["api"]["samples"] > before
