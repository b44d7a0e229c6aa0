"""afmon run with the SDKs themselves: what the server's log says of their calls, attempts and tokens is what is recorded.
AFMON_SDK_CALLS=1250 makes so many calls by each of the eight."""
import collections
import json
import os
import pathlib
import subprocess
import sys

import pytest
from model_server import COMPLETION, PROMPT, TEXT, ModelServer
from sdk_calls import SDKS

COMMAND = os.environ.get("AFMON", str(pathlib.Path(__file__).resolve().parents[2] / "build" / "cli" / "afmon"))
CALLS = int(os.environ.get("AFMON_SDK_CALLS", "40"))
PLANS = (("ok",), ("ok",), (429, "ok"), (429, "ok"), (500, "ok"), (500, "ok"), ("hang up", "ok"), ("hang up", "ok"), ("reset", 429, "ok"),
         ("reset", 500, "ok"), (429, 500, "ok"), (500, 500, 500), (400,), ("hang up",) * 3)
# These say of each attempt which one it is. The others' are joined where they come by the same connection: not after
# a connection was lost.
TELLS_ATTEMPTS = ("openai", "anthropic", "litellm-openai")


def plan(sdk, number):
    return PLANS[number % len(PLANS)]


def environment(server):
    names = {"OPENAI_BASE_URL": f"http://{server.host}/v1", "ANTHROPIC_BASE_URL": f"http://{server.host}", "OLLAMA_HOST": server.host,
             "GOOGLE_GEMINI_BASE_URL": f"http://{server.host}"}
    kept = {name: value for name, value in os.environ.items() if not name.endswith(("_API_KEY", "_API_BASE", "_BASE_URL"))}
    return {**kept, **names}


def attempts_of(outcomes):
    """What a proxy can know of them: the number of each attempt, joined by the connection alone."""
    numbers, joined = [], 0
    for outcome in outcomes:
        joined += 1
        numbers.append(joined)
        joined = 0 if outcome in ("hang up", "reset") else joined
    return numbers


@pytest.mark.parametrize("sdk", SDKS)
def test_what_the_server_saw_is_recorded(tmp_path, sdk):
    server = ModelServer(plan, float(os.environ.get("AFMON_SDK_WORK_S", "0")))
    run = subprocess.run([COMMAND, "run", "--log-dir", "run", "--", sys.executable, pathlib.Path(__file__).with_name("sdk_calls.py"), sdk, "0",
                          str(CALLS)], cwd=tmp_path, capture_output=True, text=True, timeout=1800, check=False, env=environment(server))
    server.close()
    assert run.returncode == 0, run.stderr
    log = server.log[sdk]
    assert len(log) == CALLS
    seen = json.loads(run.stdout)
    assert [text == TEXT for text in seen] == [log[number][-1] == "ok" for number in range(CALLS)], seen
    with open(tmp_path / "run" / "metrics.jsonl", encoding="utf-8") as lines:
        samples = [json.loads(line) for line in lines]
    calls = [sample for sample in samples if sample["metric"] == "success_rate"]
    assert {call["model_name"] for call in calls} == {sdk}
    outcomes = [outcome for number in range(CALLS) for outcome in log[number]]
    assert [call["value"] for call in calls] == [float(outcome == "ok") for outcome in outcomes]
    expected = [number for call in range(CALLS) for number in
                (range(1, len(log[call]) + 1) if sdk in TELLS_ATTEMPTS else attempts_of(log[call]))]
    assert [call.get("attempt", 1) for call in calls] == expected
    statuses = collections.Counter(outcome for outcome in outcomes if isinstance(outcome, int))
    assert collections.Counter(sample["status"] for sample in samples if sample["metric"] == "api_errors" and "status" in sample) - \
        collections.Counter({502: len(outcomes)}) == statuses
    answered = outcomes.count("ok")
    assert sum(sample["value"] for sample in samples if sample["metric"] == "prompt_token_count") == PROMPT * answered
    assert sum(sample["value"] for sample in samples if sample["metric"] == "completion_token_count") == COMPLETION * answered
    flight = sum(sample["value"] for sample in samples if sample["metric"] == "generation_time")
    print(f"{sdk}: {len(outcomes)} requests, {CALLS} operations; flight {flight:.3f} s, the server's {server.seconds[sdk]:.3f} s")
    for file in (tmp_path / "run").rglob("*"):
        assert file.is_dir() or b"sk-key-of" not in file.read_bytes(), file
    assert "sk-key-of" not in run.stderr
