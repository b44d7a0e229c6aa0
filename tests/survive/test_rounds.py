"""Kills on real file systems, with faults injected and full disks: a short form of rounds.py, which says what is done."""

import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import time

import pytest

import rounds

ROUNDS = 3 if os.environ.get("AFMON_TEST_SHORT") == "1" else 8
MAKE = {"ext4": ["mkfs.ext4", "-q", "-F"], "xfs": ["mkfs.xfs", "-q", "-f"], "btrfs": ["mkfs.btrfs", "-q", "-f"]}


@pytest.fixture(params=["ext4", "xfs", "btrfs", "tmpfs"])
def file_system(request, tmp_path):
    """A small file system of its own; skipped where none can be mounted."""
    image = tmp_path / "image"
    # Others look into it: not below a folder that any pytest that starts shuts to all but its user.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="afmon-rounds-"))
    folder.chmod(0o755)
    kind = request.param
    if os.getuid() != 0:
        folder.rmdir()
        pytest.skip("mounting takes root")
    if kind == "tmpfs":
        mount = ["mount", "-t", "tmpfs", "-o", "size=128m", "none", str(folder)]
    else:
        if shutil.which(MAKE[kind][0]) is None:
            folder.rmdir()
            pytest.skip(f"{MAKE[kind][0]} is not here")
        with open(image, "wb") as file:
            file.truncate(320 << 20)
        subprocess.run([*MAKE[kind], str(image)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        mount = ["mount", "-o", "loop", str(image), str(folder)]
    if subprocess.run(mount, stderr=subprocess.DEVNULL).returncode != 0:
        folder.rmdir()
        pytest.skip(f"{kind} cannot be mounted here")
    folder.chmod(0o755)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


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
    finally:
        rounds.kill(process)
    subprocess.run([rounds.AFMON, "recover", str(folder)], capture_output=True)
    rounds.once(rounds.recorded(folder))
    assert "the file of a thread's queue was cut off" in "".join(p.read_text() for p in folder.glob("*.log"))
