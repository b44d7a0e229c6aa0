"""tools/fetch with an npm of the test's: what it hands out is unpacked whole, or, with another digest, not at all."""
import hashlib
import io
import os
import pathlib
import shutil
import subprocess
import tarfile

import pytest

ROOT = pathlib.Path(__file__).parents[2]


def packed(text):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        member = tarfile.TarInfo("package/chart.js")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    return file.getvalue()


@pytest.fixture
def fetch(tmp_path):
    """Runs tools/fetch in a tree that wants one package; its npm notes what it was asked for and copies `served`."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "fetch", tmp_path / "tools")
    archive = packed(b"draw()")
    (tmp_path / "served").write_bytes(archive)
    (tmp_path / "tools" / "pins.txt").write_text(
        f"# a comment\nchart npm chart-package 1.2.3 {hashlib.sha256(archive).hexdigest()} subprojects/chart\n")
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\ncp {tmp_path}/served "$4/chart-package-1.2.3.tgz"\n')
    npm.chmod(0o755)

    def run(*names):
        environment = {**os.environ, "PATH": f"{npm.parent}:{os.environ['PATH']}"}
        done = subprocess.run(["python3", tmp_path / "tools" / "fetch", *names], env=environment, capture_output=True, text=True)
        return done.returncode, done.stderr

    run.tree = tmp_path
    return run


def test_asks_by_name_and_version_once(fetch):
    for _ in range(2):
        assert fetch("chart") == (0, "")
    assert (fetch.tree / "subprojects" / "chart" / "chart.js").read_text() == "draw()"
    (asked,) = (fetch.tree / "asked").read_text().splitlines()
    assert asked.endswith(" chart-package@1.2.3")


def test_another_digest_is_refused(fetch):
    (fetch.tree / "served").write_bytes(packed(b"steal()"))
    status, errors = fetch("chart")
    assert status == 1
    assert errors.startswith("tools/fetch: chart: chart-package 1.2.3: its SHA-256 is ") and "nothing was unpacked" in errors
    assert not (fetch.tree / "subprojects").exists()


def test_unknown_name(fetch):
    status, errors = fetch("cahrt")
    assert status == 2 and "'cahrt'" in errors and "chart" in errors


def test_no_address_of_an_archive_in_the_pins():
    assert "://" not in (ROOT / "tools" / "pins.txt").read_text(encoding="utf-8")
