"""Following runs."""
import contextlib
import dataclasses
import datetime
import json
import math
import os
import subprocess
import sys
import threading
import time

import afmon
import pytest


def record(folder, count=40):
    with afmon.GenerationMonitor(folder, metrics_interval=0) as monitor:
        for i in range(count):
            monitor.track_generation(0.1 * i, i % 4 > 0, model_name=f"m{i % 2}", prompt_token_count=5, total_token_count=7,
                                     operation="answer", component="lab", **({} if i % 4 else {"error_type": "Timeout"}))
        monitor.check_alerts()
        monitor.log_error("something odd", ValueError("odd"), where={"row": 3})


@pytest.fixture
def ended(folder):
    record(folder)
    return folder


def test_a_run_that_has_ended_is_one_step(ended):
    with afmon.follow(ended) as followed:
        (info,) = followed
        assert (info.state, info.loaded, followed.info) == ("ended", 1.0, info)
        run = afmon.open_run(ended)
        assert (info.sample_count, info.first, info.last, info.now) == (
            run.info.sample_count, run.info.first, run.info.last, run.info.last)
        assert followed.metrics == run.metrics
        for name in run.metrics:
            exact, figures = run.get_metrics(name), followed.get_metrics(name)
            assert {key: figures[key] for key in ("count", "min", "max", "sum")} == pytest.approx(
                {key: exact[key] for key in ("count", "min", "max", "sum")})
            assert figures["p90"] == pytest.approx(exact["p90"], rel=0.05)
        assert followed.get_metrics("never recorded") == {"mean": 0.0, "min": 0.0, "max": 0.0, "count": 0}
        assert followed.summary_json() == run.summary_json()
        assert followed.summary() == run.summary() and followed.summary()["calls"]["count"] == 40
        assert followed.alerts() == run.alerts() != []


def test_windows_count_back_from_the_last_sample(folder):
    folder.mkdir()
    begin = datetime.datetime(2026, 11, 1, 12, tzinfo=datetime.timezone.utc)
    (folder / "metrics.jsonl").write_text("".join(
        json.dumps({"metric": name, "value": float(i), "timestamp": (begin + datetime.timedelta(minutes=i)).isoformat()}) + "\n"
        for i in range(60) for name in ("generation_time", "tokens")))
    os.utime(folder / "metrics.jsonl", (begin.timestamp(), begin.timestamp()))  # else it might be afterimage's, still running
    with afmon.follow(folder) as followed:
        followed.update()
        assert followed.info.now == begin + datetime.timedelta(minutes=59)
        lately = followed.get_metrics("generation_time", window=datetime.timedelta(minutes=10))
        assert 10 <= lately["count"] <= 12 and lately["max"] == 59.0 and "p90" in lately and "stddev" not in lately
        assert "p90" not in followed.get_metrics("tokens", window=600)
        assert followed.get_metrics("tokens")["count"] == 60


def test_models_and_operations(ended):
    with afmon.follow(ended) as followed:
        followed.update()
        assert [(model.name, model.calls, model.total_tokens) for model in followed.models()] == [
            ("m0", 20, 140.0), ("m1", 20, 140.0)]
        (operation,) = followed.operations(window=120)
        assert (operation.component, operation.name, operation.calls, operation.failures) == ("lab", "answer", 40, 10)
        assert operation.prompt_tokens == 200.0 and operation.mean_s == pytest.approx(0.1 * sum(range(40)) / 40)
        assert operation.calls_per_s > 0


def test_alerts_of_the_log_and_of_rules(ended):
    with afmon.follow(ended) as followed:
        followed.update()
        (alert,) = [each for each in followed.alerts() if each.name == "low_success_rate"]
        assert (alert.message, alert.level, alert.firing) == ("Success rate dropped to 75.0%", "warning", True)
    rule = afmon.AlertRule("many", "generation_time", "above", 10, "count")
    with afmon.follow(ended, rules=[rule]) as followed:
        followed.update()
        (alert,) = followed.alerts()
        assert (alert.name, alert.worst, alert.firing) == ("many", 40.0, True) and alert.first <= alert.last


def test_log(ended):
    with afmon.follow(ended) as followed:
        followed.update()
        odd, *others = followed.log("error")
        assert others == [] and (odd.level, odd.message) == ("error", "something odd")
        assert odd.data["error"] == "odd" and odd.data["where"] == {"row": 3}
        assert len(followed.log(routine=True, limit=7)) == 7
        assert [line.message for line in followed.log(text="DROPPED TO")] == ["Alert: Success rate dropped to 75.0%"]
        assert followed.log(text="nowhere") == []


def test_a_record_that_was_cut_is_text(folder):
    with afmon.GenerationMonitor(folder, metrics_interval=0) as monitor:
        monitor.log_warning("long", text="x" * 20_000)
    with afmon.follow(folder) as followed:
        followed.update()
        (line,) = followed.log("warning")
        assert isinstance(line.data, str) and line.data.startswith('"text": "xxx')


def test_the_plan_of_a_run(folder):
    folder.mkdir()
    (folder / "afterimage.log").write_text(
        '2026-11-23 09:00:01,000 - {"message": "Run plan", "planned": 400, "done": 100, "level": "info"}\n')
    with afmon.follow(folder) as followed:
        info = followed.update()
        assert (info.planned, info.done, info.remaining) == (400, 100, None)


def test_a_run_that_begins_and_grows_meanwhile(folder):
    """The steps see it wait, run and end; no sample is missing at the end."""
    followed = afmon.follow(folder, interval=0.02)
    assert followed.update().state == "waiting"
    code = """
import afmon, sys
with afmon.GenerationMonitor(sys.argv[1], metrics_interval=0) as monitor:
    monitor.record_metric("m", 0)
    monitor.flush()
    print("begun", flush=True)
    sys.stdin.readline()
    for i in range(5000): monitor.record_metric("m", i)
"""
    with subprocess.Popen([sys.executable, "-c", code, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "begun\n"
        states = []
        for info in followed:
            states.append(info.state)
            if info.sample_count == 1 and not child.stdin.closed:
                child.stdin.close()
    assert child.returncode == 0
    assert "running" in states and states[-1] == "ended" and info.sample_count == 5001
    followed.close()


def test_closing_ends_the_steps_of_another_thread(folder):
    followed = afmon.follow(folder, interval=600)
    seen = threading.Event()
    steps = []

    def work():
        for info in followed:
            steps.append(info.state)
            seen.set()

    thread = threading.Thread(target=work)
    thread.start()
    assert seen.wait(60)
    followed.close()
    thread.join(60)
    assert not thread.is_alive() and steps == ["waiting"]
    followed.close()
    assert list(followed) == []
    for ask in (followed.update, lambda: followed.info, lambda: followed.metrics, lambda: followed.get_metrics("m"),
                followed.models, followed.alerts, followed.log, followed.summary):
        with pytest.raises(ValueError, match="closed"):
            ask()


def test_closing_while_a_step_waits_for_its_turn(folder):
    """The steps end; they do not fail for having come too late."""
    followed = afmon.follow(folder)
    ended = []
    thread = threading.Thread(target=lambda: ended.append(list(followed)))
    with followed._lock:
        thread.start()
        time.sleep(0.1)  # it waits for the lock now; were it later, there would be nothing to see
        followed._closed.set()
        followed._live.close()
    thread.join(60)
    assert ended == [[]]


def test_many_threads_ask(ended):
    followed = afmon.follow(ended)
    failures = []

    def work():
        try:
            for _ in range(30):
                followed.update(0)
                dataclasses.asdict(followed.info)
                followed.get_metrics("generation_time", 60)
                followed.operations()
                followed.summary()
                followed.log(routine=True)
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []


WRONG = {
    (TypeError, "folder"): [lambda run: afmon.follow(3)],
    (TypeError, "interval"): [lambda run: afmon.follow("x", "y")],
    (TypeError, "stalled_after"): [lambda run: afmon.follow("x", stalled_after=None)],
    (TypeError, "rules"): [lambda run: afmon.follow("x", rules=[3]), lambda run: afmon.follow("x", rules=3)],
    (TypeError, "metric_name"): [lambda run: run.get_metrics(3)],
    (TypeError, "window"): [lambda run: run.get_metrics("m", "5m"), lambda run: run.models("x")],
    (TypeError, "budget"): [lambda run: run.update("x")],
    (TypeError, "limit"): [lambda run: run.log(limit="x")],
    (TypeError, "text"): [lambda run: run.log(text=3)],
    (ValueError, "folder"): [lambda run: afmon.follow("a\0b")],
    (ValueError, "interval"): [lambda run: afmon.follow("x", 0)],
    (ValueError, "stalled_after"): [lambda run: afmon.follow("x", stalled_after=-1)],
    (ValueError, "window"): [lambda run: run.models(0), lambda run: run.operations(math.nan), lambda run: run.get_metrics("m", math.nan)],
    (ValueError, "level"): [lambda run: run.log("loud")],
    (ValueError, "limit"): [lambda run: run.log(limit=0)],
    (OSError, "missing"): [lambda run: afmon.follow("x", rules="missing.yaml")],
}


@pytest.mark.parametrize("kind, name", WRONG)
def test_errors_name_the_argument(folder, kind, name):
    with afmon.follow(folder) as followed:
        for call in WRONG[kind, name]:
            with pytest.raises(kind, match=name):
                call(followed)


KILLED = """
import os, signal, sys, afmon
monitor = afmon.GenerationMonitor(sys.argv[1], metrics_interval=0)
for i in range(100):
    monitor.track_generation(0.5, False, error="boom", error_type="X")
os.kill(os.getpid(), signal.SIGKILL)
"""


@contextlib.contextmanager
def unwritable(folder):
    """The same folder, where we may not write: by its modes, or for root by a mount."""
    if os.geteuid() != 0:
        subprocess.run(["chmod", "-R", "a-w", folder], check=True)
        yield folder
        subprocess.run(["chmod", "-R", "u+w", folder], check=True)
        return
    mount = folder.parent / "mounted"
    mount.mkdir()
    if subprocess.run(["mount", "--bind", folder, mount], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        pytest.skip("nothing can be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", mount], check=True)
        yield mount
    finally:
        subprocess.run(["umount", mount], check=True)


def read_a_killed_run(folder):
    """A follower sees what is in its rings. How much that was."""
    subprocess.run([sys.executable, "-c", KILLED, folder], check=False)
    with unwritable(folder) as place:
        with afmon.follow(place) as followed:
            *_, info = followed
            seen = followed.summary_json()
        assert afmon.open_run(place).summary_json() == seen
    run = afmon.open_run(folder)
    assert (info.state, info.sample_count) == ("ended", run.info.sample_count) and info.sample_count >= 300
    assert run.summary_json() == seen
    return run.info.recovered


def test_a_killed_run_that_may_only_be_read(tmp_path):
    """A busy machine may have written all of it before the process was killed: then once more."""
    folders = [tmp_path / str(attempt) / "run" for attempt in range(50)]
    for folder in folders:
        folder.parent.mkdir()
    assert any(read_a_killed_run(folder) > 0 for folder in folders)


TORN = {"metrics.jsonl": '{"metric": "x", "val', "afterimage.log": '2026-11-24 09:30:12,123 - {"mess'}


@pytest.mark.parametrize("names", [["metrics.jsonl"], ["afterimage.log"], [*TORN]], ids="-".join)
def test_last_lines_that_are_torn_cost_nothing(tmp_path, names):
    """Nothing is put behind them, whoever recovers or only looks, and who follows comes to the end."""
    subprocess.run([sys.executable, "-c", KILLED, tmp_path / "run"], check=False)
    for name in names:
        with open(tmp_path / "run" / name, "a", encoding="utf-8") as file:
            file.write(TORN[name])
    with unwritable(tmp_path / "run") as place:
        end = time.monotonic() + 30
        with afmon.follow(place) as followed:
            while followed.update().loaded < 1:
                assert time.monotonic() < end, "it does not come to the end"
            seen = followed.summary_json()
        assert afmon.open_run(place).summary_json() == seen
    run = afmon.open_run(tmp_path / "run")
    assert run.info.recovered > 0 and run.info.sample_count == 300
    assert run.summary_json() == seen
