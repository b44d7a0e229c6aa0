"""Kills on real file systems, with faults injected and full disks: a short form of rounds.py, which says what is done."""

import os
import random
import subprocess
import time

import pytest

import rounds

ROUNDS = 3 if os.environ.get("AFMON_TEST_SHORT") == "1" else 8


@pytest.mark.parametrize("trouble", ["none", "faults", "full"])
def test_rounds(file_system, tmp_path, trouble):
    if trouble == "faults" and not rounds.FAULTY:
        pytest.skip("no library is preloaded beside a sanitizer")
    counts = rounds.Counts()
    for i in range(ROUNDS):
        rng = random.Random(f"{trouble}-{i}")
        rounds.one_round(file_system, tmp_path, rng, counts, rounds.FAULTS[i % 4] if trouble == "faults" else "",
                         rounds.Filler(file_system) if trouble == "full" else None)
    assert counts.rounds == ROUNDS


def told_of_a_cut(folder):
    return "the file of a thread's queue was cut off" in "".join(p.read_text() for p in folder.glob("*.log"))


def test_rings_that_others_cut_off_end_nobody(file_system, tmp_path):
    """What was in them is gone; the recorder goes on in new ones, and nothing counts twice."""
    folder, acks = file_system / "run", tmp_path / "acks"
    process = rounds.start(folder, acks, 4, "a")
    try:
        for size in (0, 4096, 8192, 0):
            time.sleep(0.05)
            for ring in (folder / ".afmon").glob("*.ring"):
                try:
                    os.truncate(ring, size)
                except FileNotFoundError:
                    pass
        time.sleep(0.3)
        before = sum(rounds.acknowledged(acks))
        time.sleep(0.3)
        assert sum(rounds.acknowledged(acks)) > before, "nothing is recorded any more"
        deadline = time.monotonic() + 60
        while not told_of_a_cut(folder) and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        rounds.kill(process)
    subprocess.run([rounds.AFMON, "recover", str(folder)], capture_output=True)
    rounds.once(rounds.recorded(folder))
    assert told_of_a_cut(folder)


@pytest.mark.skipif(not rounds.FAULTY, reason="no library is preloaded beside a sanitizer")
def test_nothing_lands_behind_a_part_that_cannot_be_cut_off(tmp_path):
    """Writes fail in the middle, and nothing can be undone: the parts of all rings wait until a recovery has cut it off.

    What another ring landed behind it would be cut off with it.
    """
    stopped = 0
    for i in range(ROUNDS):
        folder, acks = tmp_path / f"run{i}", tmp_path / f"acks{i}"
        process = rounds.start(folder, acks, 4, "a", "small", faults="eio=20,short=2,undo=1")
        try:
            time.sleep(0.3)
            data = (folder / "metrics.jsonl").read_bytes()
            time.sleep(0.1)
            torn = data != b"" and not data.endswith(b"\n")
            assert not torn or (folder / "metrics.jsonl").read_bytes() == data, "something landed behind a torn line"
            stopped += torn
        finally:
            rounds.kill(process)
        rounds.recover(folder)
        rounds.check(folder, "a", rounds.acknowledged(acks))
    assert stopped > 0, "no round had a torn part"
