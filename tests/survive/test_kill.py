"""SIGKILL at random instants: every sample whose record call had returned is in the files exactly once."""

import fcntl
import os
import random
import shutil
import struct
import subprocess
import time

import pytest

from rounds import AFMON, acknowledged, check, kill, recorded, recover, start

INSTANTS = int(os.environ.get("AFMON_KILLS", "200"))


@pytest.mark.parametrize("threads", [1, 4])
def test_one_process(tmp_path, threads):
    rng = random.Random(threads)
    for i in range(INSTANTS // 2):
        folder = tmp_path / f"run{i}"
        acks = tmp_path / f"acks{i}"
        process = start(folder, acks, threads, "a")
        time.sleep(rng.random() * 0.04)
        kill(process)
        recover(folder, rng)
        check(folder, "a", acknowledged(acks))
        subprocess.run(["rm", "-rf", str(folder), str(acks)], check=True)


def test_three_processes_share_a_folder(tmp_path):
    rng = random.Random(3)
    for i in range(max(INSTANTS // 10, 1)):
        folder = tmp_path / f"run{i}"
        names = ["a", "b", "c"]
        processes = [start(folder, tmp_path / f"{n}{i}", 1, n) for n in names]
        for process in rng.sample(processes, 3):
            time.sleep(rng.random() * 0.02)
            kill(process)
        recover(folder, rng)
        for name in names:
            check(folder, name, acknowledged(tmp_path / f"{name}{i}"))
        subprocess.run(["rm", "-rf", str(folder)], check=True)


def test_the_next_monitor_recovers(tmp_path):
    folder = tmp_path / "run"
    first = start(folder, tmp_path / "first", 2, "a")
    time.sleep(0.02)
    kill(first)
    second = start(folder, tmp_path / "second", 2, "b")
    time.sleep(0.02)
    kill(second)
    third = start(folder, tmp_path / "third", 1, "c")
    kill(third)
    subprocess.run([AFMON, "recover", str(folder)], check=True, stdout=subprocess.DEVNULL)
    check(folder, "a", acknowledged(tmp_path / "first"))
    check(folder, "b", acknowledged(tmp_path / "second"))
    assert (folder / "metrics.jsonl").exists()
    assert list(folder.glob("metrics-*.jsonl")) == []


def test_a_living_process_is_not_recovered(tmp_path):
    folder = tmp_path / "run"
    process = start(folder, tmp_path / "acks", 1, "a")
    for _ in range(20):
        subprocess.run([AFMON, "recover", str(folder)], check=True, stdout=subprocess.DEVNULL)
        time.sleep(0.005)
    kill(process)
    recover(folder, random.Random(1))
    check(folder, "a", acknowledged(tmp_path / "acks"))


def test_a_held_lock_is_life_whatever_the_boot_id(tmp_path):
    """As another machine on a shared file system sees it: another boot id, and its lock held."""
    folder = tmp_path / "run"
    process = start(folder, tmp_path / "acks", 2, "a")
    session = next((folder / ".afmon").glob("*.session"))
    with open(session, "r+b") as file:
        file.seek(48)
        file.write(b"00000000-0000-0000-0000-000000000000")
    for _ in range(10):
        subprocess.run([AFMON, "recover", str(folder)], check=True, stdout=subprocess.DEVNULL)
        time.sleep(0.005)
    assert session.exists()
    kill(process)
    recover(folder)
    check(folder, "a", acknowledged(tmp_path / "acks"))


def test_who_may_only_read_holds_up_nobody(tmp_path):
    """Locks of every kind that a descriptor for reading can take, on the folder and on all that is in it."""
    folder = tmp_path / "run"
    first = start(folder, tmp_path / "first", 1, "a")
    held = [os.open(p, os.O_RDONLY) for p in (folder, folder / ".afmon", *(folder / ".afmon").glob("*.session"))]
    for fd in held:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass  # the session's own
    began = time.monotonic()
    second = start(folder, tmp_path / "second", 1, "b")
    assert time.monotonic() - began < 15
    kill(first)
    kill(second)
    recover(folder)
    check(folder, "a", acknowledged(tmp_path / "first"))
    check(folder, "b", acknowledged(tmp_path / "second"))
    for fd in held:
        os.close(fd)


def killed_with_a_ring(tmp_path):
    """A killed run, and its rings."""
    folder = tmp_path / "run"
    process = start(folder, tmp_path / "acks", 1, "a")
    until = time.monotonic() + 30
    while not list((folder / ".afmon").glob("*.ring")) and time.monotonic() < until:
        time.sleep(0.02)
    kill(process)
    return folder, sorted((folder / ".afmon").glob("*.ring"))


def left_in(ring):
    """Where records lie that have not landed: begin and end, counted since the ring was made."""
    with open(ring, "rb") as file:
        return bounds_of(file.read(256))


def bounds_of(header):
    """A batch that was on its way may have landed: then its records are not read again."""
    tail, head, until = (struct.unpack_from("<Q", header, at)[0] for at in (64, 128, 192))
    return max(head, until) if until <= tail else head, tail


def killed_with_records(tmp_path):
    """A killed run, and one of its rings that holds records."""
    while True:
        folder, rings = killed_with_a_ring(tmp_path)
        for ring in rings:
            head, tail = left_in(ring)
            if head < tail:
                return folder, ring
        shutil.rmtree(folder)


def with_wrong_seal(data):
    """Changes the time of the first record that has not landed."""
    data = bytearray(data)
    capacity = len(data) - 4096
    position, _ = bounds_of(data)
    length, kind = struct.unpack_from("<IH", data, 4096 + position % capacity)
    if kind == 1:  # room at the ring's end, which has no time
        position += length
    data[4096 + position % capacity + 8] ^= 1
    return bytes(data)


def be_of_0_1_0(folder):
    """Its sessions have no word of how they live, and their rings got their names before they were rings."""
    session = next((folder / ".afmon").glob("*.session"))
    with open(session, "r+b") as file:
        file.seek(224)
        file.write(bytes(8))


DAMAGE = {
    "magic": lambda data: b"nonsense" + data[8:],
    "zeros": lambda data: bytes(4096) + data[4096:],  # as a crash of the machine may leave it
    "cut to 8 bytes": lambda data: data[:8],
    "cut in the records": lambda data: data[:5000],
    "wrong seal": with_wrong_seal,
}


@pytest.mark.parametrize("old", [False, True], ids=["", "0.1.0"])
@pytest.mark.parametrize("damage", [*DAMAGE.values(), lambda data: b""], ids=[*DAMAGE, "cut to nothing"])
def test_a_damaged_ring_is_set_aside(tmp_path, damage, old):
    folder, ring = killed_with_records(tmp_path)
    if old:
        be_of_0_1_0(folder)
    data = damage(ring.read_bytes())
    ring.write_bytes(data)
    if old and data == b"":
        recover(folder)  # that is how it looked before it was a ring
        return
    done = subprocess.run([AFMON, "recover", str(folder)], capture_output=True, text=True)
    assert done.returncode == 1 and "damaged" in done.stderr
    assert list((folder / ".afmon").glob("*.ring.damaged"))
    for got in recorded(folder).values():
        assert len(got) == len(set(got))  # the other rings' records, each once


def test_what_was_said_in_part_is_ended(tmp_path):
    """A remark of the monitor itself could not be cut off again before the kill, and there is no ring yet."""
    folder, rings = killed_with_a_ring(tmp_path)
    for ring in rings:
        ring.unlink()
    with open(folder / "afterimage.log", "ab") as log:
        log.write(b"2026-11-30 14:00:00,000 - {\"mess")
    recover(folder)
    recorded(folder)  # nothing is torn
    assert (folder / "afterimage.log").read_bytes().endswith(b"{\"mess\n")


def test_a_ring_that_was_being_made_holds_nothing(tmp_path):
    folder, rings = killed_with_a_ring(tmp_path)
    serial = rings[0].name[:16]
    (folder / ".afmon" / f"{serial}-999.ring.new").write_bytes(b"")
    recover(folder)
    check(folder, "a", acknowledged(tmp_path / "acks"))


def test_random_bytes_in_ring_and_session_never_crash_a_reader(tmp_path):
    rng = random.Random(7)
    for i in range(max(INSTANTS // 5, 5)):
        folder = tmp_path / f"run{i}"
        process = start(folder, tmp_path / "acks", 1, "a")
        time.sleep(rng.random() * 0.01)
        kill(process)
        for file in (folder / ".afmon").iterdir():
            data = bytearray(file.read_bytes())
            for _ in range(rng.choice([1, 4, 64]) if data else 0):
                data[rng.randrange(min(len(data), 8192))] = rng.randrange(256)
            file.write_bytes(data)
        done = subprocess.run([AFMON, "recover", str(folder)], capture_output=True, timeout=60)
        assert done.returncode in (0, 1, 2), done  # 1: damage
        for file in folder.glob("metrics*.jsonl"):
            assert file.parent == folder
        subprocess.run(["rm", "-rf", str(folder)], check=True)
