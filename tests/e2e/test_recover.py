"""afmon recover: after SIGKILL, everything is in the files once."""
import collections
import json
import shutil
import signal
import subprocess
import time

import pytest
from conftest import COMMAND


def lines_of(folder):
    for path in sorted(folder.glob("metrics*.jsonl")):
        data = path.read_bytes()
        assert data.endswith(b"\n") or not data
        yield from data.decode().splitlines()


@pytest.fixture
def killed(tmp_path):
    """The folder of a demo that was killed while it recorded."""
    folder = tmp_path / "killed"
    with subprocess.Popen([COMMAND, "demo", "--log-dir", folder, "--duration", "60"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, cwd=tmp_path) as process:
        end = time.monotonic() + 30
        while time.monotonic() < end and sum(path.stat().st_size for path in folder.glob("metrics*.jsonl")) < 100_000:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    return folder


def test_nothing_to_recover(command, run):
    run.add("generation_time", 1.0)
    done = command("recover", run)
    assert done.returncode == 0 and done.stdout == "Nothing to recover.\n"
    assert json.loads(command("recover", run, "--json").stdout) == {"folder": str(run), "recovered": 0, "damaged": False}


def test_recover_after_sigkill(command, killed):
    before = sum(1 for path in killed.glob("metrics*.jsonl") for line in path.read_bytes().splitlines(True)
                 if line.endswith(b"\n"))
    done = command("recover", killed, "--json")
    assert done.returncode == 0
    lines = [json.loads(line) for line in lines_of(killed)]
    assert len(lines) >= before
    assert json.loads(done.stdout)["recovered"] > 0 or len(lines) == before
    assert command("recover", killed).stdout == "Nothing to recover.\n"
    facts = json.loads(command("show", killed, "--json").stdout)
    summary = facts["summary"]
    assert summary["samples"] == len(lines) and facts["problem_count"] == 0 and summary["live"] is False
    # A tracked generation is recorded whole or not at all.
    count = collections.Counter(line["metric"] for line in lines)
    assert count["success_rate"] == count["generation_time"] == count["error_rate"] > 0


def test_every_reader_recovers(command, killed):
    shown = json.loads(command("show", killed, "--json").stdout)
    assert shown["summary"]["samples"] == len(list(lines_of(killed)))
    assert command("recover", killed).stdout == "Nothing to recover.\n"


@pytest.mark.parametrize("what", ["session", "ring"])
def test_damage_is_told(command, killed, what):
    """And again by every later command, until somebody removes what is damaged."""
    for path in (killed / ".afmon").glob(f"*.{what}"):
        data = bytearray(path.read_bytes())
        data[3] ^= 0xFF
        path.write_bytes(data)
    done = command("recover", killed)
    assert done.returncode == 1 and "damaged file" in done.stderr and "Nothing to recover" not in done.stdout
    done = command("recover", killed, "--json")
    assert done.returncode == 1 and json.loads(done.stdout) == {"folder": str(killed), "recovered": 0, "damaged": True}
    facts = json.loads(command("show", killed, "--json").stdout)
    assert facts["problem_count"] == 1 and "damaged file" in facts["problems"][0]
    assert "damaged file" in command("show", killed).stdout
    shutil.rmtree(killed / ".afmon")
    assert command("recover", killed).stdout == "Nothing to recover.\n"


def test_a_torn_last_line(command, run):
    run.add("generation_time", 1.0)
    run.add_text('{"metric": "generation_time", "val')
    assert command("recover", run).returncode == 0
    metrics = json.loads(command("show", run, "--json").stdout)["summary"]["metrics"]
    assert [(metric["name"], metric["values"]["count"]) for metric in metrics] == [("generation_time", 1)]
