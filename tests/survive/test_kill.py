"""SIGKILL at random instants: every sample whose record call had returned is in the files exactly once."""

import os
import random
import re
import signal
import struct
import subprocess
import time

import pytest

RECORDER = os.environ["AFMON_RECORDER"]
AFMON = os.environ["AFMON"]
INSTANTS = int(os.environ.get("AFMON_KILLS", "200"))
LINE = re.compile(rb'^\{"metric": "([a-z0-9-]+)", "value": ([0-9]+)\.0, (.*)"timestamp": "[0-9T:.+-]+"\}$')


def start(folder, acks, threads, name):
    process = subprocess.Popen(
        [RECORDER, str(folder), str(acks), str(threads), name], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"recording\n"
    return process


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()


def acknowledged(path):
    data = path.read_bytes()
    return struct.unpack(f"<{len(data) // 8}Q", data)


def recorded(folder):
    values = {}
    for file in sorted(folder.glob("metrics*.jsonl")):
        data = file.read_bytes()
        assert data == b"" or data.endswith(b"\n"), f"{file} is torn"
        for line in data.splitlines():
            match = LINE.match(line)
            assert match, line[:300]
            values.setdefault(match[1].decode(), []).append(int(match[2]))
    return values


def check(folder, name, acks):
    values = recorded(folder)
    for thread, count in enumerate(acks):
        got = sorted(values.get(f"{name}-{thread}", []))
        assert got == list(range(len(got))), f"{name}-{thread}: not each exactly once"
        assert count <= len(got) <= count + 1, f"{name}-{thread}: {count} returned, {len(got)} in the files"


def recover(folder, rng):
    """Recovers; now and then the recovery is killed, too, and another one has to go on."""
    while rng.random() < 0.3:
        process = subprocess.Popen([AFMON, "recover", str(folder)], stdout=subprocess.DEVNULL)
        time.sleep(rng.random() * 0.01)
        process.kill()
        process.wait()
    subprocess.run([AFMON, "recover", str(folder)], check=True, stdout=subprocess.DEVNULL)
    assert not (folder / ".afmon").exists()


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


def test_a_damaged_ring_is_set_aside(tmp_path):
    folder = tmp_path / "run"
    process = start(folder, tmp_path / "acks", 1, "a")
    time.sleep(0.02)
    kill(process)
    ring = next((folder / ".afmon").glob("*.ring"))
    data = bytearray(ring.read_bytes())
    data[0:8] = b"nonsense"
    ring.write_bytes(data)
    done = subprocess.run([AFMON, "recover", str(folder)], capture_output=True, text=True)
    assert done.returncode == 1 and "damaged" in done.stderr
    assert list((folder / ".afmon").glob("*.ring.damaged"))
    got = recorded(folder)["a-0"]
    assert len(got) == len(set(got)) > 0  # the other rings' records, each once


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
