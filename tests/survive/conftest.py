"""File systems of their own, on loop devices."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

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
