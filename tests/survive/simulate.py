"""Simulated runs of makers of items, whose own ledgers are compared with what afmon shows of them.

    simulate.py [--runs 1000] [--seed 0] [--folder DIR] [--all]

plays runs of each family in turn (docs/simulation.md says what they are) and prints what was compared. Without --all the
families and seeds that are kept for the final count are left out. AFMON, AFMON_MAKER and AFMON_FAULTY name what is run.
"""

import argparse
import collections
import json
import mmap
import os
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

import rounds
from rounds import AFMON, FAULTY

MAKER = os.environ.get("AFMON_MAKER", "maker")

# maker.c's struct ledger.
SLOTS, PROCESSES = 16384, 256
HEADER, PROCESS, SLOT = struct.Struct("<4I"), struct.Struct("<2I"), struct.Struct("<4B7I")
FREE, BEGINNING, OPEN, ENDING, ENDED = range(5)
RUNNING, PAUSED, GONE = 1, 2, 3
PAUSE_AT = 8
SIZE = HEADER.size + PROCESSES * PROCESS.size + SLOTS * SLOT.size
OUTCOMES = {1: "accepted", 2: "rejected", 3: "failed"}
REASONS = {2: ["gate", "critic", "too short"], 3: ["Timeout", "RateLimit", "Refused"]}

Slot = collections.namedtuple("Slot", "state outcome reason lost process begins retries calls_begun calls failures told")


class Ledger:
    """What the makers say of their items, in memory that they share."""

    def __init__(self, path):
        self.path = path
        with open(path, "w+b") as file:
            file.truncate(SIZE)
            self.memory = mmap.mmap(file.fileno(), SIZE)

    def processes(self):
        count = HEADER.unpack_from(self.memory)[1]
        return [PROCESS.unpack_from(self.memory, HEADER.size + i * PROCESS.size) for i in range(count)]

    def items(self):
        count = min(HEADER.unpack_from(self.memory)[0], SLOTS)
        begin = HEADER.size + PROCESSES * PROCESS.size
        items = [Slot(*SLOT.unpack_from(self.memory, begin + i * SLOT.size)) for i in range(count)]
        return [(i, item) for i, item in enumerate(items) if item.state != FREE]

    def say_gone(self, number):
        struct.pack_into("<I", self.memory, HEADER.size + number * PROCESS.size + 4, GONE)

    def note_the_dead(self):
        for number, (pid, state) in enumerate(self.processes()):
            if state != GONE and pid != 0 and not is_alive(pid):
                self.say_gone(number)

    def set_pause(self, on):
        struct.pack_into("<I", self.memory, PAUSE_AT, on)

    def pause(self):
        """Until every process that lives waits, and has written out what it recorded."""
        self.set_pause(1)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            self.note_the_dead()
            if all(state in (PAUSED, GONE) for _, state in self.processes()):
                return
            time.sleep(0.001)
        raise AssertionError(f"not all wait: {self.processes()}")

    def go_on(self):
        self.set_pause(0)


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


# ---- What must be there ----


class Expected:
    """What a ledger says of a kind: counts, and by how much a call that was under way at a kill may move them."""

    def __init__(self):
        self.counts = collections.Counter()
        self.reasons = collections.Counter()
        self.unsure = 0
        self.lost = False


def attempts_of(item, ended):
    """Without an outcome they are what calls tell."""
    return max(item.begins - 1, 0) + (item.retries + 1 if ended else max(item.told, 1))


def expected(ledger):
    """By kind. An item of which nothing was recorded is not known to the run."""
    processes = ledger.processes()
    kinds = collections.defaultdict(Expected)
    for number, item in ledger.items():
        of = kinds["persona" if number % 5 == 0 else "conversation"]
        ended = item.state == ENDED and item.outcome != 0
        alive = processes[item.process][1] != GONE
        of.unsure += item.state in (BEGINNING, ENDING) or item.calls != item.calls_begun
        of.lost |= bool(item.lost)
        if item.begins == 0 and not ended:
            continue
        of.counts["started"] += 1
        of.counts[OUTCOMES[item.outcome] if ended else "open" if alive else "abandoned"] += 1
        of.counts["attempts"] += attempts_of(item, ended)
        of.counts["calls"] += item.calls
        of.counts["call_failures"] += item.failures
        if ended and item.outcome in REASONS:
            of.reasons[REASONS[item.outcome][item.reason]] += 1
    return kinds


STAGES = ["started", "accepted", "rejected", "failed", "abandoned", "open"]


def compare(summary, ledger, where):
    """Each stage's count is the ledger's; after a kill from outside as far as the ledger can know."""
    shown = {item["kind"]: item for item in summary["items"]}
    compared = 0
    for kind, of in expected(ledger).items():
        if of.counts["started"] == 0 and kind not in shown:
            continue
        item = shown[kind]
        for name in STAGES:
            away = abs(item[name] - of.counts[name])
            assert away <= of.unsure, f"{where}: {kind} {name}: {item[name]}, the ledger has {of.counts[name]}"
            compared += 1
        assert item["started"] == sum(item[name] for name in STAGES[1:]), f"{where}: {item}"
        if of.unsure == 0 and not of.lost:
            for name in ("attempts", "calls", "call_failures"):
                assert item[name] == of.counts[name], f"{where}: {kind} {name}: {item[name]}, not {of.counts[name]}"
            assert {reason["reason"]: reason["count"] for reason in item["reasons"]} == dict(of.reasons), where
            compared += 4
    return compared


def shown(folder, *words):
    """None: check has no call to judge yet."""
    done = subprocess.run([AFMON, *words, str(folder)], capture_output=True, text=True)
    if words[0] == "check" and "nothing to judge" in done.stderr:
        return None
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)["summary"]


def id_of(number, ids):
    """As maker.c names items."""
    if ids == "number":
        return number * (-1000000007 if number % 3 == 0 else 1)
    return f"c-{number:06}" if ids == "text" else f'\U0001f98a "{number}\\\n<b>\x1b[1m'


def compare_items(folder, ledger, ids, where):
    """Each item is listed once, with the outcome that the ledger has for it."""
    done = subprocess.run([AFMON, "items", str(folder), "--limit", "0", "--json"], capture_output=True, text=True)
    assert done.returncode == 0, f"{where}: {done.stderr}"
    listed = [json.loads(line) for line in done.stdout.splitlines()]
    got = {item["id"]: (item["kind"], item["outcome"], item["reason"] or item["error_type"]) for item in listed if "id" in item}
    assert len(got) == sum("id" in item for item in listed), f"{where}: an item is listed twice"
    wanted = {}
    for number, item in ledger.items():
        ended = item.state == ENDED and item.outcome != 0
        if item.begins == 0 and not ended:
            continue
        alive = ledger.processes()[item.process][1] != GONE
        why = REASONS[item.outcome][item.reason] if ended and item.outcome in REASONS else None
        outcome = OUTCOMES[item.outcome] if ended else "open" if alive else "abandoned"
        wanted[id_of(number, ids)] = ("persona" if number % 5 == 0 else "conversation", outcome, why)
    assert got == wanted, f"{where}: {[(i, got.get(i), wanted.get(i)) for i in {**got, **wanted} if got.get(i) != wanted.get(i)][:5]}"
    return len(wanted)


LOOKS = [("show", "--json"), ("watch", "--once", "--json"), ("check", "--json"), ("report", "--format", "json", "--output", "-")]


# ---- Runs ----

Family = collections.namedtuple("Family", "name kept makers parts")
# makers: what each process of a part is given; all of a run name items in the same way. parts: at most. kept: for the final count.


def steady(rng):
    return [["items=300", f"threads={rng.choice([1, 2, 4])}", f"ids={rng.choice(['number', 'text'])}"]]


def killed_between_calls(rng):
    return [["items=120", "threads=1", f"kill={rng.randrange(1, 500)}", "ids=text"]]


def killed_at_any_time(rng):
    return [["items=2000", f"threads={rng.choice([1, 3])}", "outside"]]


def forked(rng):
    return [["items=80", "threads=2", f"children={rng.randrange(1, 6)}", "ids=text"]]


def several(rng):
    return [["items=100", f"threads={rng.choice([1, 2])}", *([f"kill={rng.randrange(50, 400)}"] if rng.random() < 0.4 else [])]
            for _ in range(rng.choice([2, 3, 4]))]


def faulty(rng):
    return [["items=150", "threads=2", "faults"]]


def full_rings(rng):
    return [["items=400", "threads=3", "drop", "small"]]


def odd_names(rng):
    return [["items=150", "threads=2", "ids=odd", *(["leave"] if rng.random() < 0.5 else [])]]


def tried_again(rng):
    return [["items=60", "open=2", "retries", f"kill={rng.choice([0, rng.randrange(1, 400)])}"]]


def left_open(rng):
    return [["items=3000", "long", "ids=number", f"kill={rng.randrange(2000, 8000)}"]]


def forked_and_killed(rng):
    return [["items=100", "children=4", "small", "outside", "ids=odd"], ["items=50", "children=2", "ids=odd"]]


def everything(rng):
    return [[f"items={rng.randrange(20, 200)}", f"threads={rng.choice([1, 2, 4])}", f"children={rng.choice([0, 0, 2])}",
             *([rng.choice(["retries", "small", "leave", "faults", f"kill={rng.randrange(20, 600)}"])])]
            for _ in range(rng.choice([1, 2, 3]))]


FAMILIES = [
    Family("steady", False, steady, 1),
    Family("killed between calls", False, killed_between_calls, 4),
    Family("killed at any time", False, killed_at_any_time, 3),
    Family("forked", False, forked, 2),
    Family("several", False, several, 2),
    Family("faulty", False, faulty, 2),
    Family("full rings", False, full_rings, 2),
    Family("odd names", False, odd_names, 2),
    Family("tried again", False, tried_again, 3),
    Family("left open", False, left_open, 2),
    Family("forked and killed", True, forked_and_killed, 3),
    Family("everything", True, everything, 4),
]


class Counts:
    def __init__(self):
        self.runs = self.checkpoints = self.figures = self.listed = self.items = self.kills = 0

    def __str__(self):
        return (f"{self.runs} runs, {self.items} items, {self.kills} processes killed, {self.checkpoints} checkpoints, "
                f"{self.figures} figures and {self.listed} listed items compared: each is the ledger's")


class Run:
    """One simulated run: parts, each of some makers at once, with checkpoints while they make items and after them."""

    def __init__(self, family, seed, folder, counts):
        self.name = f"{family.name} {seed}"
        self.family, self.counts = family, counts
        self.rng = random.Random(self.name)
        self.folder, self.ledger = folder / "run", Ledger(folder / "ledger")
        self.ids = "number"

    def start(self, words):
        self.ids = next((word[4:] for word in words if word.startswith("ids=")), "number")
        environment = dict(os.environ)
        if "faults" in words and FAULTY:
            environment.update(LD_PRELOAD=FAULTY, AFMON_FAULTS=self.rng.choice(rounds.FAULTS[:3]))
        given = [word for word in words if word not in ("faults", "outside")]
        process = subprocess.Popen(
            [MAKER, str(self.folder), str(self.ledger.path), str(self.rng.randrange(1 << 31)), *given],
            stdout=subprocess.PIPE, env=environment, start_new_session=True)
        assert process.stdout.readline() == b"making\n", process.wait()
        process.outside = "outside" in words
        return process

    def look(self, where):
        for look in self.rng.sample(LOOKS, 2):
            summary = shown(self.folder, *look)
            if summary is not None:
                self.counts.figures += compare(summary, self.ledger, f"{self.name}, {where}, {look[0]}")
        if all(of.unsure == 0 and not of.lost for of in expected(self.ledger).values()):
            self.counts.listed += compare_items(self.folder, self.ledger, self.ids, f"{self.name}, {where}, items")
        self.counts.checkpoints += 1

    def end(self, process):
        """Waits for a maker and all of its children."""
        code = process.wait()
        try:
            while True:
                os.waitpid(-process.pid, 0)
        except ChildProcessError:
            pass
        process.stdout.close()
        self.ledger.note_the_dead()
        assert code in (0, -signal.SIGKILL), f"{self.name}: {code}"
        self.counts.kills += code != 0

    def part(self, number):
        makers = [self.start(words) for words in self.family.makers(self.rng)]
        try:
            for checkpoint in range(self.rng.choice([1, 2])):
                time.sleep(self.rng.random() * 0.1)
                self.ledger.pause()
                self.look(f"part {number}, checkpoint {checkpoint}")
                self.ledger.go_on()
            time.sleep(self.rng.random() * 0.05)
            for maker in makers:
                if maker.outside and maker.poll() is None:
                    os.killpg(maker.pid, signal.SIGKILL)
            for maker in makers:
                self.end(maker)
        finally:
            self.ledger.go_on()
            for maker in makers:
                if maker.poll() is None:
                    os.killpg(maker.pid, signal.SIGKILL)
        self.look(f"after part {number}")
        if self.rng.random() < 0.5:
            subprocess.run([AFMON, "recover", str(self.folder)], capture_output=True, check=True)
            self.look(f"recovered after part {number}")

    def play(self):
        for number in range(1 + self.rng.randrange(self.family.parts)):
            self.part(number)
        self.counts.items += len(self.ledger.items())
        self.counts.runs += 1


def play(family, seed, folder, counts):
    """Leaves the run where something differs."""
    place = folder / f"{family.name.replace(' ', '-')}-{seed}"
    place.mkdir()
    rounds.adopt_orphans()
    Run(family, seed, place, counts).play()
    shutil.rmtree(place)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=pathlib.Path, default=None)
    parser.add_argument("--family", default="")
    parser.add_argument("--all", action="store_true")
    given = parser.parse_args()
    folder = given.folder or pathlib.Path(tempfile.mkdtemp(prefix="afmon-simulate-"))
    families = [f for f in FAMILIES if (given.all or not f.kept) and f.name.startswith(given.family)]
    counts, bad = Counts(), 0
    for i in range(given.runs):
        seed = given.seed + (i // len(families)) * (1 if given.all else 2)
        try:
            play(families[i % len(families)], seed, folder, counts)
        except AssertionError as error:
            bad += 1
            print(f"{families[i % len(families)].name} {seed}: {error}", flush=True)
    print(f"{counts}; {bad} runs differ" if bad else counts)
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
