"""What the guides tell people to type, typed: the shell of a page runs from top to bottom, in one folder."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "guides").glob("*.md"))


def shell_of(path):
    return re.findall(r"^```sh\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)


@pytest.mark.parametrize("path", [page for page in PAGES if shell_of(page)], ids=lambda path: path.stem)
def test_shell_of_the_guides(path, tmp_path):
    """$RUN is a run, $RULES a rules file, as a reader has them."""
    shutil.copytree(ROOT / "examples" / "run", tmp_path / "a-run")
    command = pathlib.Path(os.environ["AFMON"])
    environment = {**os.environ, "PATH": f"{command.parent}:{os.environ['PATH']}", "RUN": "a-run",
                   "RULES": str(ROOT / "examples" / "rules.yaml")}
    for block in shell_of(path):
        done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", block], cwd=tmp_path, env=environment, capture_output=True,
                              text=True, check=False)
        assert done.returncode == 0, (block, done.stdout[-2000:], done.stderr[-2000:])
        assert "not judged" not in done.stderr, (block, done.stderr)


def test_there_are_guides():
    assert len(PAGES) >= 4
