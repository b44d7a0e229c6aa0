"""Rounds of kills: what was acknowledged is in the files, each exactly once.

Independent of what the library counts: the recorder acknowledges each call that has returned with a pwrite(2) to a file
of its own, on another file system, and after the kill the lines of the run's files are counted.

    rounds.py --rounds 1000 --folder DIR... [--faults] [--fill] [--by-turns] [--minutes N] [--seed N]

runs them by hand, in each folder by turns, and prints what was counted. --by-turns: so do rounds with nothing in their
way, with faults and with full disks. --minutes: they go on for that long, however many they are. AFMON, AFMON_RECORDER and AFMON_FAULTY name what is run.
"""

import argparse
import contextlib
import ctypes
import errno
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

AFMON = os.environ.get("AFMON", "afmon")
RECORDER = os.environ.get("AFMON_RECORDER", "recorder")
FAULTY = os.environ.get("AFMON_FAULTY", "")
LINE = re.compile(rb'^\{"metric": "([a-z]+)-([0-9]+)", "value": ([0-9]+)\.0, (.*)"timestamp": "[0-9T:.+-]+"\}$')
FAULTS = ["eintr=9,short=7", "eio=400,undo=5,short=11", "enospc=150,eintr=40", "eio=900,enospc=900,short=5,eintr=30,undo=3"]


def start(folder, acks, threads, name, *options, faults=""):
    """Starts a recorder in a process group of its own, and waits until it records."""
    adopt_orphans()
    environment = dict(os.environ)
    if faults:
        environment.update(LD_PRELOAD=FAULTY, AFMON_FAULTS=faults)
    process = subprocess.Popen(
        [RECORDER, str(folder), str(acks), str(threads), name, *options],
        stdout=subprocess.PIPE, env=environment, start_new_session=True)
    line = process.stdout.readline()
    assert line == b"recording\n", f"{line} {process.wait()}"
    return process


def adopt_orphans():
    """Children of a recorder that has ended become ours, so that we can wait for them."""
    PR_SET_CHILD_SUBREAPER = 36
    assert ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def kill(process):
    """Kills a recorder and its children, until the last is gone: one that is still dying holds its locks, which is life.

    The recorder must not have ended before by itself.
    """
    ended = process.poll()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    try:
        while True:
            os.waitpid(-process.pid, 0)
    except ChildProcessError:
        pass
    process.stdout.close()
    assert ended is None, f"the recorder ended by itself: {ended}"
    assert process.returncode == -signal.SIGKILL


def acknowledged(path):
    """Calls that have returned, by stream; the first number counts children that died of a signal."""
    data = path.read_bytes()
    numbers = struct.unpack(f"<{len(data) // 8}Q", data)
    assert not numbers or numbers[0] == 0, f"{numbers[0]} children died of a signal that nobody sent"
    return numbers[1:]


def recorded(folder, renamed=False):
    """Values by name and stream; a line that is torn or is none of ours is an error.

    renamed: files that others took away by renaming them hold some, too; there a kill may have torn the last line.
    """
    values = {}
    for file in sorted(folder.glob("metrics*.jsonl.*" if renamed else "metrics*.jsonl")):
        data = file.read_bytes()
        if renamed:
            data = data[:data.rfind(b"\n") + 1]
        assert data == b"" or data.endswith(b"\n"), f"{file} is torn: {data[-200:]}"
        for line in data.splitlines():
            match = LINE.match(line)
            assert match, f"{file}: {line[:300]}"
            values.setdefault((match[1].decode(), int(match[2])), []).append(int(match[3]))
    for file in sorted(folder.glob("afterimage*.log")):
        data = file.read_bytes()
        assert data == b"" or data.endswith(b"\n"), f"{file} is torn"
    return values


def once(values):
    """Each value at most once; how many there are."""
    for stream, got in values.items():
        assert len(got) == len(set(got)), f"{stream}: {len(got) - len(set(got))} of {len(got)} twice"
    return sum(len(got) for got in values.values())


def check(folder, name, acks):
    """Each stream from 0 on without a gap, as far as was acknowledged, and at most the one call that was under way."""
    values = recorded(folder)
    for stream, got in recorded(folder, renamed=True).items():
        values[stream] = values.get(stream, []) + got
    total = 0
    for stream, count in enumerate(acks):
        got = sorted(values.get((name, stream), []))
        assert got == list(range(len(got))), (
            f"{name}-{stream}: not each exactly once: {len(got)} values, {len(set(got))} different, "
            f"missing {sorted(set(range(count)) - set(got))[:5]}")
        assert count <= len(got) <= count + 1, f"{name}-{stream}: {count} returned, {len(got)} in the files"
        total += count
    return total


def recover(folder, rng=None, faults=""):
    """Recovers; with rng now and then beside others, of which some are killed, and with faults in their way."""
    racing = []
    while rng is not None and rng.random() < 0.4 and len(racing) < 4:
        environment = dict(os.environ)
        if faults and rng.random() < 0.7:
            environment.update(LD_PRELOAD=FAULTY, AFMON_FAULTS=faults)
        racing.append(subprocess.Popen([AFMON, "recover", str(folder)], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, env=environment))
        time.sleep(rng.random() * 0.01)
        if rng.random() < 0.6:
            racing[-1].kill()
    for process in racing:
        assert process.wait() in (0, 1, -signal.SIGKILL), process.returncode
    done = subprocess.run([AFMON, "recover", str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not (folder / ".afmon").exists(), os.listdir(folder / ".afmon")


def look_on(folder, rng):
    """Readers beside the recorder, each of which may be killed."""
    commands = [["recover"], ["show", "--json"], ["check"], ["watch", "--once"]]
    process = subprocess.Popen([AFMON, *(rng.choice(commands)), str(folder)], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    if rng.random() < 0.3:
        time.sleep(rng.random() * 0.01)
        process.kill()
    return process


def rename_now_and_then(folder, rng):
    """As logrotate does, with whatever file is there."""
    for number in range(rng.choice([1, 3, 8])):
        files = sorted(folder.glob("metrics*.jsonl")) + sorted(folder.glob("afterimage*.log"))
        if files:
            file = rng.choice(files)
            try:
                file.rename(f"{file}.{number}")
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):  # no room in the folder for another name
                    raise
        time.sleep(rng.choice([0, 0.002, 0.02]) * rng.random())


def copy_while_it_goes_on(folder, to):
    """A copy as cp makes it: each file of another instant; whatever goes away meanwhile is not in it."""
    subprocess.run(["cp", "-r", str(folder), str(to)], stderr=subprocess.DEVNULL)


NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def samples_shown(folder, *words):
    """What an afmon counts in a folder, as somebody who may not write there."""
    done = subprocess.run([*NOBODY, AFMON, *words, str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["summary"]["samples"]


@contextlib.contextmanager
def served(folder, *before):
    """A dashboard of a folder: its process and its address; `before`: words in front of the command."""
    with subprocess.Popen([*before, AFMON, "serve", str(folder), "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE,
                          text=True) as process:
        try:
            yield process, process.stdout.readline().split()[2]
        finally:
            process.terminate()


def ask_served(url, path):
    with urllib.request.urlopen(url + path, timeout=60) as answer:
        return answer.read()


def run_served(url):
    """The only run, as it stands in the dashboard's list."""
    return json.loads(ask_served(url, "/api/v1/runs"))["runs"][0]


def wait_until_served(url, holds):
    """The run as it stands there once that holds."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        run = run_served(url)
        if holds(run):
            return run
        time.sleep(0.05)
    raise AssertionError(f"not what was waited for: {run}")


def samples_served(folder):
    """What a dashboard counts in a folder, as somebody who may not write there."""
    with served(folder, *NOBODY) as (_, url):
        return wait_until_served(url, lambda run: run["loaded"] == 1 and run["state"] in ("ended", "waiting"))["samples"]


def make_readable(folder):
    subprocess.run(["chmod", "-R", "a+rX,a-w", str(folder)], check=True)


def make_writable(folder):
    subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)


def look_without_writing(folder, rng):
    """What is shown of a killed run before anything is recovered: by a view, and by a follower."""
    make_readable(folder)
    shown = samples_shown(folder, "show", "--json")
    followed = samples_served(folder) if rng.random() < 0.3 else samples_shown(folder, "watch", "--once", "--json")
    make_writable(folder)
    assert shown == followed, f"a view shows {shown} samples, a follower {followed}"
    return shown


class Filler:
    """Takes all room of a file system, but for some, until it is told to give it back."""

    def __init__(self, folder):
        self.path = folder / "filler"

    def fill(self, leave=0):
        with open(self.path, "wb", buffering=0) as file:
            for size in (1 << 20, 1 << 16, 1 << 12):
                try:
                    while True:
                        file.write(b"\1" * size)
                except OSError:
                    pass
            if leave:
                with contextlib.suppress(OSError):  # beyond a quota of btrfs even that finds no room
                    file.truncate(max(file.tell() - leave, 0))

    def empty(self):
        self.path.unlink(missing_ok=True)


class Counts:
    def __init__(self):
        self.rounds = self.samples = self.copies = self.shown = self.refilled = self.renamed = 0

    def __str__(self):
        return (f"{self.rounds} rounds, {self.samples} acknowledged samples, {self.copies} copies of runs that went "
                f"on, {self.shown} runs looked at without writing, {self.refilled} times a full disk, {self.renamed} runs "
                "whose files were renamed: "
                "0 lost, 0 doubled, 0 torn, 0 signals")


def one_round(folder, acks_folder, rng, counts, faults="", filler=None):
    """One run that is killed, with all that may come in its way."""
    run, acks = folder / "run", acks_folder / "acks"
    copy = folder / "copy"
    options = [o for o in ("short", "forks", "drop", "small", "relay") if rng.random() < 0.4]
    process = start(run, acks, rng.choice([1, 2, 4]), "a", *options, faults=faults)
    lookers = []
    try:
        if filler is not None and rng.random() < 0.7:
            filler.fill(leave=rng.choice([0, 0, 8192, 65536]))
            time.sleep(rng.random() * 0.2)
            if rng.random() < 0.7:
                filler.empty()
            counts.refilled += 1
        for _ in range(rng.choice([0, 1, 3])):
            lookers.append(look_on(run, rng))
        time.sleep(rng.random() * 0.06)
        if rng.random() < 0.3 and filler is None:
            copy_while_it_goes_on(run, copy)
        if rng.random() < 0.3:
            rename_now_and_then(run, rng)
            counts.renamed += 1
    finally:
        kill(process)
        for looker in lookers:
            looker.wait()
            assert looker.returncode in (0, 1, 2, -signal.SIGKILL), looker.args
    if filler is not None:
        filler.empty()
    if copy.exists():
        subprocess.run([AFMON, "recover", str(copy)], capture_output=True)
        once(recorded(copy))
        counts.copies += 1
        shutil.rmtree(copy)
    shown = None
    if rng.random() < 0.3 and os.getuid() == 0:
        shown = look_without_writing(run, rng)
    recover(run, rng, faults)
    counts.samples += check(run, "a", acknowledged(acks))
    if shown is not None:
        counts.shown += 1
        there = once(recorded(run))
        assert shown == there, f"{shown} samples were shown, {there} are there"
    counts.rounds += 1
    shutil.rmtree(run)
    acks.unlink()


def on_termination(*_):
    raise SystemExit(1)  # the recorder is killed on the way out


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--folder", type=pathlib.Path, nargs="+", required=True)
    parser.add_argument("--faults", action="store_true")
    parser.add_argument("--fill", action="store_true")
    parser.add_argument("--by-turns", action="store_true")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    return parser.parse_args()


def numbers(arguments):
    """Of the rounds to be made."""
    ends = time.monotonic() + 60 * arguments.minutes if arguments.minutes else None
    for i in itertools.count():
        if time.monotonic() >= ends if ends else i >= arguments.rounds:
            return
        yield i


def main():
    signal.signal(signal.SIGTERM, on_termination)
    arguments = parse()
    troubles = {"": (arguments.faults, arguments.fill)}
    if arguments.by_turns:
        troubles = {"": (False, False), ", faults": (True, False), ", full disks": (False, True)}
    turns = list(itertools.product(troubles, arguments.folder))
    counts = {turn: Counts() for turn in turns}
    with tempfile.TemporaryDirectory() as acks:
        for i in numbers(arguments):
            rng = random.Random(f"{arguments.seed}-{i}")
            turn = turns[i % len(turns)]
            (with_faults, fill), folder = troubles[turn[0]], turn[1]
            faults = rng.choice(FAULTS) if with_faults and rng.random() < 0.7 else ""
            try:
                one_round(folder, pathlib.Path(acks), rng, counts[turn], faults, Filler(folder) if fill else None)
            except BaseException:
                print(f"round {i} of seed {arguments.seed} in {folder}, faults {faults!r}; so far there {counts[turn]}",
                      file=sys.stderr)
                raise
    for (trouble, folder), counted in counts.items():
        print(f"{folder}{trouble}: {counted}")


if __name__ == "__main__":
    main()
