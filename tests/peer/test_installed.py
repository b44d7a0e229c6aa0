"""afmon.install() and python -m afmon.run: our monitor where afterimage makes one by itself, its command among it."""
import json
import os
import pathlib
import subprocess
import sys
import textwrap

import afmon
import pytest
from chat_server import Answer, ChatServer, completion
from noting import USAGE, failing

CONFIG = """
model:
  provider: local
  model_name: test-model
  base_url: {url}
respondent:
  system_prompt: You are a gardener.
generation:
  num_dialogs: {count}
  max_concurrency: 1
  max_turns: 1
{stopping}
output:
  path: {folder}/conversations.jsonl
"""


def python(folder, *words):
    """The environment's python, in a folder of its own: the result."""
    environment = {**os.environ, "TQDM_DISABLE": "1", "PYTHONPATH": str(pathlib.Path(afmon.__file__).parents[1])}
    return subprocess.run([sys.executable, *map(str, words)], cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def afterimage(folder, server, *options, count=3, stopping=""):
    (folder / "config.yaml").write_text(CONFIG.format(url=server.url, folder=folder, count=count, stopping=stopping))
    return python(folder, "-m", "afmon.run", *options, "afterimage", "generate", "-c", "config.yaml")


def answer(request, number):
    """What writes instructions asks for a schema."""
    wants_schema = "response_format" in request["body"]
    return Answer(completion(json.dumps({"instructions": ["Ask how to water a fern."]})) if wants_schema else completion())


def test_the_command_runs_with_our_monitor(tmp_path):
    with ChatServer(answer) as server:
        done = afterimage(tmp_path, server, "--log-dir", "run")
        assert done.returncode == 0, done.stderr
        calls = len(server.requests)
    run = afmon.open_run(tmp_path / "run")
    assert run.get_total_token_usage().total_tokens == calls * sum(USAGE)
    summary = run.summary()
    assert summary["verdict"] == "healthy"
    assert sum(item["finished"] for item in summary["items"]) == 3 == len((tmp_path / "conversations.jsonl").read_text().splitlines())
    assert "the run is in " in done.stderr and "afmon show" in done.stderr
    assert not (tmp_path / ".afterimage-monitoring").exists()


def test_without_a_folder_it_is_where_the_peer_has_it(tmp_path):
    with ChatServer(answer) as server:
        assert afterimage(tmp_path, server, count=1).returncode == 0
    (run,) = (tmp_path / ".afterimage-monitoring").iterdir()
    assert afmon.open_run(run).summary()["calls"]["count"] > 0




def sixteen_percent(request, number):
    return failing(404) if number % 6 == 5 else answer(request, number)


def test_stops_at_an_error_rate_that_is_reached_and_not_before(tmp_path):
    """Afterimage's monitor records no zeros: there the first failure is a rate of 100 %."""
    stopping = "  stopping: [{type: rate_limit, max_error_rate: RATE, min_samples: 3}]"
    for rate, full in ((0.6, True), (0.02, False)):
        folder = tmp_path / str(rate)
        folder.mkdir()
        with ChatServer(sixteen_percent) as server:
            assert afterimage(folder, server, "--log-dir", "run", count=12, stopping=stopping.replace("RATE", str(rate))).returncode == 0
        made = len((folder / "conversations.jsonl").read_text().splitlines())
        assert made == 12 if full else 3 <= made < 12


def test_stops_when_the_budget_is_spent(tmp_path):
    stopping = f"  stopping: [{{type: budget, max_total_tokens: {7 * sum(USAGE)}}}]"
    with ChatServer(answer) as server:
        assert afterimage(tmp_path, server, "--log-dir", "run", count=50, stopping=stopping).returncode == 0
        assert 7 <= len(server.requests) <= 8  # a call in flight ends
    assert afmon.open_run(tmp_path / "run").get_total_token_usage().total_tokens >= 7 * sum(USAGE)


def test_scripts_and_modules(tmp_path):
    (tmp_path / "script.py").write_text(textwrap.dedent("""
        import sys
        from afterimage import StructuredGenerator
        from afterimage.monitoring import GenerationMonitor
        print(GenerationMonitor.__mro__[1].__module__, sys.argv[1:], StructuredGenerator.__init__.__globals__["GenerationMonitor"] is GenerationMonitor)
        with GenerationMonitor(metrics_interval=0) as monitor:
            monitor.track_generation(1, True)
        sys.exit(7)
    """))
    done = python(tmp_path, "-m", "afmon.run", "--log-dir", "run", "script.py", "--log-dir", "theirs", "-m")
    assert done.returncode == 7, done.stderr
    assert done.stdout == "afmon.monitoring ['--log-dir', 'theirs', '-m'] True\n"
    assert afmon.open_run(tmp_path / "run").get_metrics("success_rate")["count"] == 1
    done = python(tmp_path, "-m", "afmon.run", "-m", "json.tool", "--help")
    assert done.returncode == 0 and "the program made no monitor" in done.stderr
    done = python(tmp_path, "-m", "afmon.run", "no-such-command")
    assert done.returncode == 2 and "neither a command" in done.stderr


def test_install(tmp_path):
    code = f"""
        import json, afmon, afterimage, afterimage.base
        before = afterimage.monitoring.GenerationMonitor
        made = afmon.install(log_dir={str(tmp_path / "run")!r}, metrics_interval=0)
        again = afmon.install(log_dir={str(tmp_path / "run")!r})
        import pydantic
        class Plant(pydantic.BaseModel):
            name: str
        generator = afterimage.StructuredGenerator(Plant, "x", api_key="k", correspondent_prompt="y", model_provider_name="local")
        own = made({str(tmp_path / "own")!r})
        print(json.dumps([type(generator.monitor) is made, made is again, before is made, str(generator.monitor.log_dir),
                          str(own.log_dir), afterimage.base.GenerationMonitor is made, afterimage.GenerationMonitor is made]))
    """
    done = python(tmp_path, "-c", textwrap.dedent(code))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [True, True, False, str(tmp_path / "run"), str(tmp_path / "own"), True, True]


def test_install_names_what_no_monitor_takes():
    with pytest.raises(TypeError, match="takes no 'logdir'"):
        afmon.install(logdir="x")
