"""The wheel for aarch64, on this machine under qemu's emulation (binfmt): it records, shows, exports and draws."""
import json
import pathlib
import platform
import subprocess
import sys

import pytest
from conftest import Bare, debootstrap, made, unpacked

RECORD = """
import json, pathlib, platform
import afmon
with afmon.GenerationMonitor("run", metrics_interval=0) as monitor:
    for i in range(20):
        monitor.track_generation(1.0 + i / 3, i % 4 > 0, model_name="m", total_token_count=10, operation="answer_generation")
loaded = [line.split()[-1] for line in pathlib.Path("/proc/self/maps").read_text().splitlines() if "afmon.libs" in line]
assert loaded == [], loaded
run = afmon.open_run("run")
for format, name in {"json": "run.json", "csv": "run.csv", "excel": "run.xlsx", "parquet": "run.parquet"}.items():
    run.export(name, format)
assert len(afmon.visualize_metrics("run", "charts")) >= 2
print(json.dumps([platform.machine(), run.get_metrics("generation_time")["count"]]))
"""


def emulated():
    if platform.machine() == "aarch64":
        return True
    known = pathlib.Path("/proc/sys/fs/binfmt_misc/qemu-aarch64")
    return known.exists() and "flags: " in known.read_text() and "F" in known.read_text().split("flags: ")[1].split()[0]


pytestmark = pytest.mark.skipif(not emulated(), reason="no emulation of aarch64 that works in a chroot (binfmt, flag F)")


@pytest.fixture(scope="module")
def bare():
    """Unpacked only: its scripts would take minutes. The wheel is installed by this machine's pip."""
    system = Bare(debootstrap("bookworm", "--variant=extract", "--architectures=arm64", "--include=base-files,coreutils,dash,python3"))
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--only-binary=:all:",
                    "--platform=manylinux_2_31_aarch64", "--python-version=3.11", "--target", system.home / "site", made("*_aarch64.whl")],
                   check=True)
    return system


def test_records_shows_and_exports(bare):
    output, errors = bare.run("env", "PYTHONPATH=site", "python3", "-c", RECORD)
    assert json.loads(output) == ["aarch64", 20] and errors == ""
    assert (bare.home / "run.xlsx").stat().st_size > 1000 and (bare.home / "run.parquet").stat().st_size > 500
    output, errors = bare.run("site/afmon/bin/afmon", "show", "run")
    assert "generation_time" in output and errors == ""


def test_tarball(bare):
    command = unpacked(bare, "aarch64")
    bare.run(command, "generate", "conversations", "--simulate", "--conversations", "5", "--respondent-prompt", "x", "--log-dir", "made")
    output, _ = bare.run(command, "show", "made")
    assert "generation_time" in output
