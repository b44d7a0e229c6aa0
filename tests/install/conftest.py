"""Bare Debian systems, made from Debian's packages under build-wheels/bare/, and the way into them: as a user, not as root."""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
BARE = ROOT / "build-wheels" / "bare"
DIST = ROOT / "build-wheels" / "dist"
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

# Mounts what a program finds in every system, becomes the user, and runs the command. The mounts end with it.
ENTER = """
mount -t proc proc "$0/proc"
mount -t tmpfs tmpfs "$0/dev/shm"
exec chroot --userspec=1000:1000 "$0" /usr/bin/env -i HOME=/home/user PATH=/usr/bin:/bin LANG=C.UTF-8 TERM=xterm \
    sh -c 'cd && exec "$@"' sh "$@"
"""


class Bare:
    """One such system. No compiler is in it, and nothing of this checkout but what a test puts into the user's home."""

    def __init__(self, folder):
        self.folder = folder
        self.home = folder / "home" / "user"
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        for place in ("dev/shm", "proc"):
            (folder / place).mkdir(parents=True, exist_ok=True)
        os.chown(self.home, 1000, 1000)

    def put(self, path):
        shutil.copy(path, self.home)

    def start(self, *command, **more):
        return subprocess.Popen(["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-e", "-c", ENTER, self.folder, *command],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)

    def run(self, *command):
        """(output, errors) of a command that must succeed."""
        with self.start(*command) as process:
            output, errors = process.communicate(timeout=600)
        assert process.returncode == 0, (command, output[-4000:], errors[-4000:])
        return output, errors


def debootstrap(suite, *options):
    """Made once, and anew where the options change."""
    folder = BARE / "-".join([suite, *(option.split("=")[-1] for option in options if "arch" in option)])
    stamp = folder / "made"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != " ".join(options):
        shutil.rmtree(folder, ignore_errors=True)
        BARE.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", *options, suite, folder], check=True)
        stamp.write_text(" ".join(options), encoding="utf-8")
    return folder


@pytest.fixture(scope="session", autouse=True)
def needs():
    if os.geteuid() != 0:
        pytest.exit("tests/install needs root: it makes systems of its own and enters them", returncode=1)


@pytest.fixture(scope="module", params=["bullseye", "bookworm", "trixie"])
def bare(request):
    """Debian 11 has no Python that afmon takes: the tarball alone is tried there."""
    options = [] if request.param == "bullseye" else ["--include=python3-venv"]
    return Bare(debootstrap(request.param, *options))


def made(pattern):
    (found,) = DIST.glob(pattern)
    return found


def unpacked(bare, machine):
    """The command of the tarball, which lies in the user's home then."""
    tarball = made(f"*-{machine}.tar.xz")
    subprocess.run(["tar", "-xf", tarball, "-C", bare.home], check=True)
    return f"./{tarball.name.removesuffix('.tar.xz')}/bin/afmon"
