"""A held lock is life: what a reader takes for dead, it recovers, and what lives is then lost or counted twice."""

import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

import pytest

from rounds import AFMON, FAULTY, acknowledged, check, kill, recover, start

NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]


@pytest.fixture
def folder():
    """A run folder that other users reach; pytest's own folders they do not."""
    place = pathlib.Path(tempfile.mkdtemp(prefix="afmon-life-"))
    place.chmod(0o777)
    yield place / "run"
    shutil.rmtree(place)


def another_boot(folder):
    """As another machine on a shared file system sees the session."""
    for session in (folder / ".afmon").glob("*.session"):
        with open(session, "r+b") as file:
            file.seek(48)
            file.write(b"00000000-0000-0000-0000-000000000000")


def first_thread_is_over(process):
    end = time.monotonic() + 30
    while "State:\tZ" not in pathlib.Path(f"/proc/{process.pid}/status").read_text():
        assert time.monotonic() < end
        time.sleep(0.005)


def hidden_processes():
    """A command's words that run it as another user, to whom /proc shows no process of others."""
    hide = ["unshare", "--mount", "sh", "-c", 'mount -t proc -o hidepid=invisible proc /proc && exec "$@"', "sh", *NOBODY]
    if os.getuid() != 0 or subprocess.run([*hide, "true"], capture_output=True).returncode != 0:
        pytest.skip("mounting takes root")
    return hide


def says_that_it_lives(words, folder, expected=True):
    watched = json.loads(subprocess.run([*words, AFMON, "watch", str(folder), "--once", "--json"], check=True,
                                        stdout=subprocess.PIPE).stdout)
    assert watched["summary"]["live"] is expected
    shown = json.loads(subprocess.run([*words, AFMON, "show", str(folder), "--json"], check=True, stdout=subprocess.PIPE).stdout)
    assert shown["summary"]["live"] is expected
    with subprocess.Popen([*words, AFMON, "serve", str(folder), "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE,
                          text=True) as server:
        try:
            url = next(word for word in server.stdout.readline().split() if word.startswith("http://")).rstrip("/")
            with urllib.request.urlopen(f"{url}/api/v1/runs") as answer:
                runs = json.load(answer)["runs"]
            assert [run["state"] == "running" for run in runs] == [expected]
        finally:
            server.terminate()


@pytest.mark.parametrize("look", ["another boot", "the first thread is over", "processes are hidden"])
def test_who_looks_at_what_lives_takes_nothing(folder, tmp_path, look):
    acks = tmp_path / "acks"
    words = hidden_processes() if look == "processes are hidden" else []
    process = start(folder, acks, 2, "a", *(["headless"] if look == "the first thread is over" else []))
    try:
        if look == "another boot":
            another_boot(folder)
        elif look == "the first thread is over":
            first_thread_is_over(process)
        else:
            subprocess.run(["chmod", "-R", "a+rwX", str(folder)], check=True)
        for _ in range(5):
            subprocess.run([*words, AFMON, "recover", str(folder)], check=True, stdout=subprocess.DEVNULL)
            time.sleep(0.005)
        assert list((folder / ".afmon").glob("*.session"))
        process.send_signal(signal.SIGSTOP)  # it holds its lock, and its files do not outgrow who reads them
        says_that_it_lives(words, folder)
    finally:
        kill(process)
    recover(folder)
    check(folder, "a", acknowledged(acks))
    says_that_it_lives(words, folder, expected=False)


TAKE_EVERY_LOCK = """
import fcntl, os, pathlib, sys
held = []
for path in [pathlib.Path(sys.argv[1]), *pathlib.Path(sys.argv[1]).rglob("*")]:
    try:
        held.append(os.open(path, os.O_RDONLY))
    except OSError:
        continue
    for take, kind in ((fcntl.flock, fcntl.LOCK_EX), (fcntl.lockf, fcntl.LOCK_SH)):
        try:
            take(held[-1], kind | fcntl.LOCK_NB)
        except OSError:
            pass  # the session's own, or a folder
print(len(held), flush=True)
sys.stdin.read()
"""


def test_locks_of_a_reader_hold_up_neither_children_nor_readers(folder, tmp_path):
    """Locks of every kind that another user, who may only read, can take on all that is in the folder."""
    if os.getuid() != 0:
        pytest.skip("another user takes root")
    if os.environ.get("AFMON_FORKS") == "0":
        pytest.skip("ThreadSanitizer ends each forked child of several threads that starts one")
    acks = tmp_path / "acks"
    process = start(folder, acks, 1, "a", "forks")
    try:
        with subprocess.Popen([*NOBODY, sys.executable, "-c", TAKE_EVERY_LOCK, str(folder)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as reader:
            assert int(reader.stdout.readline()) > 3
            before = len(list(folder.glob("metrics*.jsonl")))
            end = time.monotonic() + 15
            while len(list(folder.glob("metrics*.jsonl"))) < before + 4:
                assert time.monotonic() < end, "children are held up"
                time.sleep(0.02)
            began = time.monotonic()
            subprocess.run([AFMON, "show", str(folder)], check=True, stdout=subprocess.DEVNULL)
            assert time.monotonic() - began < 15
            reader.stdin.close()
    finally:
        kill(process)
    recover(folder)
    check(folder, "a", acknowledged(acks))


def test_a_file_system_without_locks(folder, tmp_path):
    """It is recorded, and said what cannot be promised; who looks on takes nothing of what lives, and all when it is gone."""
    if not FAULTY:
        pytest.skip("no library is preloaded beside a sanitizer")
    acks = tmp_path / "acks"
    process = start(folder, acks, 2, "a", faults="nolock=1")
    try:
        words = ["env", f"LD_PRELOAD={FAULTY}", "AFMON_FAULTS=nolock=1"]
        for _ in range(5):
            subprocess.run([*words, AFMON, "recover", str(folder)], check=True, stdout=subprocess.DEVNULL)
        assert list((folder / ".afmon").glob("*.session"))
    finally:
        kill(process)
    assert "This file system has no locks" in (folder / "afterimage.log").read_text()
    subprocess.run([*words, AFMON, "recover", str(folder)], check=True, stdout=subprocess.DEVNULL)
    check(folder, "a", acknowledged(acks))


@pytest.mark.parametrize("what", ["file", "link", "dangling link"])
def test_a_private_folder_that_is_none(folder, what):
    """The run is read, and what is in the way is told; nobody writes through the link."""
    folder.mkdir()
    line = '{"metric": "generation_time", "value": 1.0, "timestamp": "2026-11-23T09:00:00.000000+00:00"}\n'
    (folder / "metrics.jsonl").write_text(line)
    elsewhere = folder.parent / "elsewhere"
    if what == "file":
        (folder / ".afmon").write_text("x")
    else:
        if what == "link":
            elsewhere.mkdir()
        (folder / ".afmon").symlink_to(elsewhere)
    for command in (["show"], ["watch", "--once"], ["check"], ["report", "--output", "-"]):
        done = subprocess.run([AFMON, *command, str(folder)], capture_output=True, text=True)
        assert done.returncode in (0, 1), (command, done)
        assert "generation_time" in done.stdout or command[0] != "show"
    shown = subprocess.run([AFMON, "show", str(folder)], capture_output=True, text=True)
    assert shown.returncode == 0 and ".afmon" in shown.stdout + shown.stderr
    assert not elsewhere.exists() or not list(elsewhere.iterdir())


@pytest.mark.parametrize("place", ["end", "entries"])
def test_a_sparse_session_file_of_a_gigabyte_costs_nothing(folder, tmp_path, place):
    """Zeros behind the entries, or an entry that claims to be as long as the file: what was recorded is recovered, in
    memory for what there is."""
    if not FAULTY:
        pytest.skip("a sanitizer needs all of the address space")
    acks = tmp_path / "acks"
    process = start(folder, acks, 2, "a")
    kill(process)
    session = next((folder / ".afmon").glob("*.session"))
    size = session.stat().st_size
    os.truncate(session, 1 << 30)
    if place == "entries":
        with open(session, "r+b") as file:
            file.seek(size)
            file.write(((1 << 30) - size & ~7).to_bytes(4, "little") + (99).to_bytes(4, "little"))
    limits = lambda: resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))
    subprocess.run([AFMON, "recover", str(folder)], check=True, stdout=subprocess.DEVNULL, preexec_fn=limits)
    check(folder, "a", acknowledged(acks))
