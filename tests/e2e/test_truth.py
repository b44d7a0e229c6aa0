"""One summary of a run: show, watch, check, report and the dashboard's API carry the same bytes."""
import json
import random
import signal
import subprocess
import time

import pytest

from conftest import COMMAND
from served import serve

EXACT_MAX = 4096  # values of which a follower's quantiles are exact too
QUANTILES = ("p50", "p90", "p95", "p99", "quantile_error")
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


def surfaces(command, folder):
    """What each surface says of a run, by its name."""
    told = {}
    for words in (("show", folder, "--json"), ("watch", folder, "--once", "--json"), ("check", folder, "--json"),
                  ("report", folder, "--format", "json", "-o", "-")):
        done = command(*words)
        assert done.returncode in (0, 1), (words, done.stderr)
        assert done.stdout, (words, done.stderr)
        told[words[0]] = summary_bytes(done.stdout)
    with serve(folder) as served:
        told["api"] = of_the_api(served, served.the_run(folder.name))
    return told


def agree(command, folder):
    """Asserts that all surfaces say the same, byte by byte; returns what."""
    told = surfaces(command, folder)
    few = masked(told["show"]) == plain(told["show"])  # no figure of so many values that a follower's may be others
    for name, text in told.items():
        assert masked(text) == masked(told["show"]), name
        assert not few or text == told["show"], name
    return {name: json.loads(text) for name, text in told.items()}


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
    (6, 300, 60 * 86400, 0.05), (7, 200, 600, 1.0)])
def test_runs_of_every_length(command, run, seed, count, seconds, fail):
    write_calls(run, seed, count, seconds, fail=fail)
    agree(command, run.path)


def test_more_values_than_are_held_exactly(command, run):
    write_calls(run, 9, 2 * EXACT_MAX, 3600)
    told = agree(command, run.path)
    exact, near = told["show"]["calls"]["latency_s"], told["watch"]["calls"]["latency_s"]
    assert exact["count"] == near["count"] > EXACT_MAX and exact["quantile_error"] == 0
    for name in ("p50", "p90", "p95", "p99"):
        assert near[name] == pytest.approx(exact[name], rel=near["quantile_error"] + 1e-12)


def test_several_processes(command, run):
    for process, file in enumerate(("metrics.jsonl", "metrics-7.jsonl", "metrics-8.jsonl")):
        write_calls(run, 20 + process, 150, 500 + process, file)
    agree(command, run.path)


def demo(folder, *words):
    return subprocess.run([COMMAND, "demo", "--log-dir", str(folder), *words], capture_output=True, text=True, timeout=120,
                          check=False)


def test_the_demo(command, tmp_path):
    assert demo(tmp_path / "run", "--duration", "8s", "--seed", "7").returncode == 0
    told = agree(command, tmp_path / "run")
    assert told["watch"]["verdict"] == told["report"]["verdict"] != "healthy"
    assert told["watch"]["alerts"] == told["report"]["alerts"] != []


def test_a_run_that_was_killed_and_resumed(command, tmp_path):
    folder = tmp_path / "run"
    with subprocess.Popen([COMMAND, "demo", "--log-dir", str(folder), "--duration", "20s"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        end = time.monotonic() + 60
        while not any(path.stat().st_size for path in folder.glob("metrics*.jsonl")):
            assert time.monotonic() < end
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
    command("show", folder)  # puts back what had been recorded
    agree(command, folder)
    before = json.loads(command("show", folder, "--json").stdout)["summary"]["samples"]
    assert demo(folder, "--duration", "2s", "--conversations", "100").returncode == 0
    assert agree(command, folder)["api"]["samples"] > before
