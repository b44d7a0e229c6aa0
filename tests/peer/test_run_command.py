"""afterimage's own command under `afmon run`, as it is: each request that the server got is a call of the run."""
import collections
import json
import os
import pathlib
import subprocess
import sys

import afmon
from chat_server import MODEL, ChatServer
from noting import USAGE, failing
from test_installed import answer

ROOT = pathlib.Path(__file__).resolve().parents[2]
AFMON = os.environ.get("AFMON", str(ROOT / "build" / "cli" / "afmon"))
CONFIG = """
generation: {{num_dialogs: 6, max_turns: 2, max_concurrency: 3}}
model: {{provider: openai, model_name: {model}, api_key_env: SOME_KEY}}
respondent: {{system_prompt: You are a gardener.}}
output: {{path: {folder}/dataset.jsonl}}
"""
STATUSES = {3: 429, 4: 500, 9: 503}


def test_a_run_of_its_command(tmp_path):
    (tmp_path / "config.yaml").write_text(CONFIG.format(model=MODEL, folder=tmp_path))
    script = lambda request, number: failing(STATUSES[number]) if number in STATUSES else answer(request, number)  # noqa: E731
    with ChatServer(script) as server:
        ran = subprocess.run(
            [AFMON, "run", "--upstream", server.url, "--log-dir", tmp_path / "run", "--", pathlib.Path(sys.executable).with_name("afterimage"),
             "generate", "-c", tmp_path / "config.yaml"],
            env={**os.environ, "SOME_KEY": "sk-secret"}, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    calls = [line for line in lines if line["metric"] == "success_rate"]
    asked = len(server.requests)
    assert len(calls) == asked > 12 and {call["operation"] for call in calls} == {"chat_completions"}
    failed = collections.Counter(line["status"] for line in lines if line["metric"] == "error_rate" and line["value"] == 1)
    assert failed == collections.Counter(status for number, status in STATUSES.items() if number < asked)
    good = asked - sum(failed.values())
    usage = afmon.open_run(tmp_path / "run").get_total_token_usage()
    assert (usage.total_prompt_tokens, usage.total_completion_tokens) == (USAGE[0] * good, USAGE[1] * good)
    assert len((tmp_path / "dataset.jsonl").read_text(encoding="utf-8").splitlines()) == 6
    assert not any(b"sk-secret" in file.read_bytes() for file in (tmp_path / "run").rglob("*") if file.is_file())
