"""Tests of the Python package: the built one, by PYTHONPATH."""
import faulthandler
import json
import os
import pathlib
import subprocess
import sys

import afmon
import pytest

faulthandler.enable()
SHORT = os.environ.get("AFMON_TEST_SHORT") == "1"

# A test that forks a process in which a monitor's thread runs. AddressSanitizer of gcc 12 does not take its allocator's
# locks at a fork: a child that was forked while another thread allocates may hang in its own first allocation.
forks = pytest.mark.skipif("libasan" in os.environ.get("LD_PRELOAD", ""),
                           reason="the sanitizer's allocator is not made for forks")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "run"


@pytest.fixture
def monitor(folder):
    with afmon.GenerationMonitor(folder, metrics_interval=0) as made:
        yield made


def lines_of(folder):
    return [json.loads(line) for file in sorted(pathlib.Path(folder).glob("metrics*.jsonl"))
            for line in file.read_text(encoding="utf-8").splitlines()]


def run_python(code, *arguments, **more):
    """A Python of its own, with faulthandler on: (exit code, output)."""
    done = subprocess.run([sys.executable, "-X", "faulthandler", "-c", code, *map(str, arguments)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, **more)
    return done.returncode, done.stdout
