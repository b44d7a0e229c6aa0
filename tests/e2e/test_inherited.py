"""What the command inherits of the program that starts it stays as it is: signals, mask, umask, closed files."""
import json
import os
import pathlib
import pty
import signal
import stat
import subprocess
import time

import pytest

from conftest import COMMAND

ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
ENDLESS = ["generate", "conversations", "--simulate", "--speed", "1", "--conversations", "4000", "--concurrency", "2",
           "--log-dir", "run", "--output", "ds.jsonl"]


def ignore(number):
    return lambda: signal.signal(number, signal.SIG_IGN)


def block(number):
    return lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [number])


def wait_for(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def recorded(folder):
    path = folder / "run" / "metrics.jsonl"
    return len(path.read_bytes().splitlines()) if path.exists() else 0


def goes_on(process, number, grows):
    """A signal that would end it, then proof that it is at work long after that."""
    process.send_signal(number)
    for _ in range(3):
        grows()
    assert process.poll() is None


@pytest.mark.parametrize("number, how", [*((number, ignore) for number in ENDING), (signal.SIGHUP, block)])
def test_generate_goes_on_after_a_signal_that_was_ignored_at_its_start(tmp_path, number, how):
    with subprocess.Popen([COMMAND, *ENDLESS], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          preexec_fn=how(number)) as process:
        try:
            wait_for(lambda: recorded(tmp_path) > 0)

            def grows():
                before = recorded(tmp_path)
                wait_for(lambda: recorded(tmp_path) > before)

            goes_on(process, number, grows)
            other = next(one for one in ENDING if one != number)
            process.send_signal(other)
            assert process.wait(60) == 130
        finally:
            process.kill()


@pytest.mark.parametrize("number", ENDING)
def test_serve_goes_on_after_a_signal_that_was_ignored_at_its_start(run, number):
    run.add("generation_time", 1.0)
    with subprocess.Popen([COMMAND, "serve", str(run), "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True,
                          preexec_fn=ignore(number)) as process:
        try:
            assert "Serving on" in process.stdout.readline()
            process.send_signal(number)
            time.sleep(0.3)
            assert process.poll() is None
            process.send_signal(next(one for one in ENDING if one != number))
            assert process.wait(60) == 0
        finally:
            process.kill()


def test_watch_goes_on_after_a_signal_that_was_ignored_at_its_start(run):
    run.add("generation_time", 1.0)
    ours, its = pty.openpty()
    with subprocess.Popen([COMMAND, "watch", str(run)], stdin=its, stdout=its, stderr=its,
                          env={**os.environ, "TERM": "xterm"}, preexec_fn=ignore(signal.SIGHUP)) as process:
        try:
            os.close(its)
            assert os.read(ours, 1)
            process.send_signal(signal.SIGHUP)
            time.sleep(0.3)
            assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            while process.poll() is None:
                try:
                    os.read(ours, 65536)
                except OSError:
                    break
            process.wait(60)
        finally:
            process.kill()
    os.close(ours)


def test_what_is_printed_with_a_closed_output_goes_into_no_file(tmp_path):
    words = ["generate", "conversations", "--simulate", "--conversations", "5", "--log-dir", "run", "--output",
             "ds.jsonl"]

    def close_all():
        for fd in range(3):
            os.close(fd)

    done = subprocess.run([COMMAND, *words], cwd=tmp_path, preexec_fn=close_all, check=False, timeout=60)
    assert done.returncode == 1  # the summary could not be printed
    for name in ("run/metrics.jsonl", "ds.jsonl"):
        for line in (tmp_path / name).read_text().splitlines():
            json.loads(line)
    log = (tmp_path / "run" / "afterimage.log").read_text().splitlines()
    assert log and all(' - {"message": ' in line for line in log)


def test_a_closed_output_is_an_error(run, command):
    run.add("generation_time", 1.0)
    done = subprocess.run([COMMAND, "show", str(run)], preexec_fn=lambda: os.close(1), stderr=subprocess.PIPE,
                          text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("afmon: ")


def test_the_umask_holds_for_all_that_is_made(tmp_path):
    words = ["generate", "conversations", "--simulate", "--conversations", "3", "--log-dir", "run", "--output",
             "ds.jsonl"]
    done = subprocess.run([COMMAND, *words], cwd=tmp_path, capture_output=True, check=False, timeout=60,
                          preexec_fn=lambda: os.umask(0o077))
    assert done.returncode == 0, done.stderr
    made = [tmp_path / "run", tmp_path / "ds.jsonl", *(tmp_path / "run").rglob("*")]
    assert len(made) >= 4
    assert [path.name for path in made if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_the_threads_have_names(tmp_path):
    with subprocess.Popen([COMMAND, *ENDLESS, "--statsd", "127.0.0.1:9"], cwd=tmp_path, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        def names():
            return {(task / "comm").read_text().strip() for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir()}

        try:
            wait_for(lambda: recorded(tmp_path) > 0)
            wait_for(lambda: {"afmon", "afmon-monitor", "afmon-gen"} <= names())
            assert any(name.startswith("afmon-h:") for name in names())
            assert len(names()) >= 4
        finally:
            process.kill()
