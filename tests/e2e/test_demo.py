"""afmon demo: a whole monitored run in seconds, without a network."""

import collections
import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import time

AFMON = os.environ.get("AFMON", str(pathlib.Path(__file__).resolve().parents[2] / "build" / "cli" / "afmon"))


def environment(**extra):
    return {**os.environ, "TERM": "dumb", **extra}


def run(*options, cwd, **extra):
    return subprocess.run([AFMON, "demo", *map(str, options)], cwd=cwd, env=environment(**extra), capture_output=True,
                          text=True, timeout=120)


def samples(folder):
    for path in folder.glob("metrics*.jsonl"):
        for line in path.read_text().splitlines():
            yield json.loads(line)


def watch_on_terminal(words, cwd, columns, rows, **extra):
    """Runs a command on a terminal of its own. Returns the exit status and all that it printed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.environ.update({"TERM": "xterm-256color", "LANG": "C.UTF-8", **extra})
        os.execv(words[0], words)
    import fcntl
    import struct
    import termios
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    seen = b""
    while True:
        if not select.select([terminal], [], [], 60)[0]:
            os.kill(pid, signal.SIGKILL)
            raise AssertionError("nothing shown for a minute")
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            piece = b""
        if not piece:
            break
        seen += piece
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen.decode()


def test_alerts_fire_and_clear_while_one_watches(tmp_path):
    start = time.monotonic()
    done = run("--log-dir", "run", cwd=tmp_path)
    took = time.monotonic() - start
    assert done.returncode == 0, done.stderr
    assert 8 < took < 30 or os.environ.get("AFMON_TEST_SHORT") == "1"
    for name in ("low_success_rate", "high_error_rate"):
        assert re.search(rf"▲ {name}", done.stdout)
        assert re.search(rf"✓ {name} +cleared after", done.stdout)
    assert "(still)" not in done.stdout
    bands = re.findall(r"left ([\d.]+) s \(([\d.]+) to ([\d.]+) s\)  \d+ open, the oldest for", done.stdout)
    assert len(bands) >= 3 and float(bands[-1][0]) < float(bands[0][0])
    next_words = [line.split("afmon ")[1].split() for line in done.stdout.splitlines()[-2:]]
    assert next_words == [["show", "run"], ["check", "run", "--interval", "1"]]
    statuses = [subprocess.run([AFMON, *words], cwd=tmp_path, capture_output=True).returncode for words in next_words]
    assert statuses == [0, 1]  # check found what had fired
    assert sorted(path.name for path in (tmp_path / "run" / "plots").iterdir()) == [
        "evaluation_scores.png", "evaluation_time.png", "generation_time.png", "item_funnel.png", "item_yield.png",
        "latency_heat_map.png", "spending.png", "success_error_rate.png", "token_usage.png"]
    assert "run/plots/ (9 charts)" in done.stdout and "run/report.html" in done.stdout
    assert (tmp_path / "run" / "report.html").read_text().count("<figure") == 8
    metrics = collections.Counter(sample["metric"] for sample in samples(tmp_path / "run"))
    assert metrics["evaluation_score_coherence"] == metrics["evaluation_score_factuality"] > 2000
    assert metrics["finish_reason:stop"] > metrics["finish_reason:length"] > metrics["finish_reason:content_filter"] > 0
    assert metrics["api_errors"] > 500
    log = (tmp_path / "run" / "afterimage.log").read_text()
    assert "Success rate dropped to" in log


def test_the_same_seed_gives_the_same_samples(tmp_path):
    def picture(folder, *options):
        done = run("--log-dir", folder, "--conversations", 300, "--duration", "2s", *options, cwd=tmp_path)
        assert done.returncode == 0
        counted = collections.Counter()
        for sample in samples(tmp_path / folder):
            if sample["metric"] != "model_creation_time":
                sample.pop("timestamp")
                counted[json.dumps(sample, sort_keys=True)] += 1
        return counted

    first = picture("a", "--seed", 1, "--concurrency", 32)
    assert picture("b", "--seed", 1, "--concurrency", 7) == first
    assert picture("c", "--seed", 2) != first


SIMULA = {f"opensimula.{name}" for name in (
    "taxonomy.propose_factors", "taxonomy.propose_children", "taxonomy.critic_merge_children", "taxonomy.plan_next_level",
    "sampling.infer_strategies", "meta.generate_scenarios", "meta.generate_scenarios_sequential", "meta.complexify",
    "task.single_qa_generate", "task.mcq_generate", "critic.requirement", "critic.refine", "double_critic.probe_correct",
    "double_critic.probe_incorrect", "eval.assign_datapoint_to_taxonomy", "eval.elo_complexity_batch")}
SHAPES = {
    "conversations": ("conversation", {"correspondent_prompt_generation", "question_generation", "answer_generation",
                                       "conversation_generation", "evaluation"}, {"bad", "needs_improvement"}),
    "personas": ("persona", {"text_to_persona_generation", "persona_to_persona_generation"}, set()),
    "structured": ("row", {"structured_generation"}, set()),
    "opensimula": ("task", SIMULA, {"critic", "double critic"}),
}


def ledger_of(printed):
    """What the demo itself counted."""
    def number(pattern):
        found = re.search(pattern, printed, re.M)
        return int(found[1].replace(",", "")) if found else 0
    return {"accepted": number(r"([\d,]+) \w+ in [\d.]+ m?s "), "rejected": number(r"^  ([\d,]+) rejected$"),
            "failed": number(r"^  ([\d,]+) failed; the last one: ")}


def metadata_of(folder, operation):
    sample = next(sample for sample in samples(folder) if sample["metric"] == "generation_time" and sample["operation"] == operation)
    return set(sample) - {"metric", "value", "timestamp", "model_name", "operation", "item_id", "retries"}


def test_shapes_of_generators(tmp_path):
    for shape, (kind, operations, reasons) in SHAPES.items():
        folder = tmp_path / shape
        done = run("--shape", shape, "--conversations", 1200, "--duration", "2s", "--concurrency", 64, "--log-dir", folder, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        shown = json.loads(subprocess.run([AFMON, "show", folder, "--json"], capture_output=True).stdout)["summary"]
        (items,) = shown["items"]
        ledger = ledger_of(done.stdout)
        assert {outcome: items[outcome] for outcome in ledger} == ledger, done.stdout
        assert (items["kind"], items["inferred"], items["started"], items["open"], items["abandoned"]) == (kind, False, 1200, 0, 0)
        assert sum(ledger.values()) == 1200 and ledger["accepted"] > 600 and ledger["failed"] > 0
        assert {operation["operation"] for operation in shown["operations"]} == operations
        assert {operation["component"] for operation in shown["operations"]} == {"opensimula" if shape == "opensimula" else ""}
        rejections = {reason["reason"]: reason["count"] for reason in items["reasons"] if reason["outcome"] == "rejected"}
        assert set(rejections) == reasons and sum(rejections.values()) == ledger["rejected"]
        assert "InternalServerError" in {reason["reason"] for reason in items["reasons"] if reason["outcome"] == "failed"}
        plan = json.loads(subprocess.run([AFMON, "watch", folder, "--once", "--json"], capture_output=True).stdout)["plan"]
        assert (plan["planned"], plan["done"]) == (1200, 1200)
    assert any({"planned_turns", "actual_turns"} < set(sample) for sample in samples(tmp_path / "conversations"))
    assert metadata_of(tmp_path / "personas", "text_to_persona_generation") == {"text_length", "generation"}
    assert metadata_of(tmp_path / "structured", "structured_generation") == set()
    for operation, keys in (("taxonomy.propose_children", {"factor_id", "depth"}), ("meta.generate_scenarios", {"mix_id"}),
                            ("task.mcq_generate", {"mix_id", "meta_prompt_id"})):
        assert metadata_of(tmp_path / "opensimula", f"opensimula.{operation}") == {"component", *keys}


def test_a_shape_does_not_depend_on_threads(tmp_path):
    def outcomes(folder, concurrency):
        done = run("--shape", "opensimula", "--conversations", 200, "--duration", "1s", "--concurrency", concurrency,
                   "--log-dir", folder, cwd=tmp_path)
        assert done.returncode == 0
        return {sample["item_id"]: (sample["outcome"], sample["value"], sample.get("reason"), sample.get("error_type"))
                for sample in samples(tmp_path / folder) if sample["metric"] == "item_time"}

    assert outcomes("a", 64) == outcomes("b", 5)


def test_a_small_run_and_its_tables(tmp_path):
    done = run("--conversations", 60, "--duration", "1s", "--log-dir", "my run", cwd=tmp_path)
    assert done.returncode == 0
    assert "afmon show 'my run'" in done.stdout
    for word in ("generation_time", "evaluation_score_overall", "sim-small", "sim-large", "sim-judge", "Alerts"):
        assert word in done.stdout
    assert "\x1b" not in done.stdout


def test_it_tells_what_it_cost(tmp_path):
    """Each call by its own tokens; what it says, what the samples say and what show says is the same."""
    done = run("--conversations", 60, "--duration", "1s", "--log-dir", "run", cwd=tmp_path)
    prices = json.loads((tmp_path / "run" / "prices.json").read_text())
    tokens = collections.defaultdict(float)
    for sample in samples(tmp_path / "run"):
        kind = {"prompt_token_count": "input", "completion_token_count": "output"}.get(sample["metric"])
        if kind:
            tokens[sample["model_name"], kind] += sample["value"]
    wanted = sum(count * prices[model][kind] / 1e6 for (model, kind), count in tokens.items())
    told = sum(sample["value"] for sample in samples(tmp_path / "run") if sample["metric"] == "cost_usd")
    shown = json.loads(subprocess.run([AFMON, "show", "--json", "run"], cwd=tmp_path, capture_output=True, check=True).stdout)
    assert abs(told - wanted) < 1e-9 and abs(shown["summary"]["cost"]["total_usd"] - wanted) < 1e-9
    assert re.search(r"\$[0-9.]+ for [0-9,]+ priced calls, at invented prices", done.stdout), done.stdout


def test_a_budget_stops_it(tmp_path):
    done = run("--conversations", 300, "--duration", "2s", "--log-dir", "run", "--max-cost", "0.2usd", cwd=tmp_path)
    assert done.returncode == 3 and "Stopped at its limit" in done.stdout and "limit $0.200 (reached)" in done.stdout, done.stdout
    shown = subprocess.run([AFMON, "show", "--json", "run"], cwd=tmp_path, capture_output=True, check=True, timeout=60)
    cost = json.loads(shown.stdout)["summary"]["cost"]
    assert cost["budget"]["stopped"] and cost["budget"]["spent_usd"] + cost["budget"]["uncertain_usd"] <= 0.2 + 1e-11
    assert abs(cost["total_usd"] - cost["budget"]["spent_usd"]) < 1e-9
    done = run("--max-cost", "nothing", cwd=tmp_path)
    assert done.returncode == 2 and "US dollars" in done.stderr


def test_bad_options(tmp_path):
    for options in (["--conversations", "0"], ["--concurrency", "many"], ["--seed", "-1"], ["extra"], ["--nope"], ["--shape", "poems"]):
        done = run(*options, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.startswith("afmon: ")
    assert list(tmp_path.iterdir()) == []


def test_a_run_folder_that_cannot_be_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    done = run("--log-dir", "file/run", cwd=tmp_path)
    assert done.returncode == 1
    assert "file" in done.stderr


def test_ctrl_c(tmp_path):
    process = subprocess.Popen([AFMON, "demo", "--log-dir", "run"], cwd=tmp_path, env=environment(),
                               stdout=subprocess.PIPE, text=True)
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Stopped on request" in out


def visible(text):
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


def test_the_live_display_fits_the_terminal(tmp_path):
    status, seen = watch_on_terminal([AFMON, "demo", "--conversations", "500", "--duration", "2s"], tmp_path, 80, 24)
    assert status == 0
    assert "\x1b[8A" in seen or "\x1b[9A" in seen
    assert "█" in seen
    for line in re.split(r"[\r\n]+", visible(seen)):
        assert len(line) <= 80 or "afterimage-monitoring" in line, line


def test_no_color(tmp_path):
    _, seen = watch_on_terminal([AFMON, "demo", "--conversations", "100", "--duration", "1s"], tmp_path, 80, 24,
                                NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*m", seen)
    assert "success" in seen
