"""The example as its readers run it: as a program, and cell by cell."""
import os
import pathlib
import re
import subprocess
import sys

EXAMPLE = pathlib.Path(__file__).parents[2] / "examples" / "python" / "notebook.py"
FILES = ["afterimage.log", "generation_time.svg", "metrics.jsonl", "plots", "report.html", "run.xlsx"]


def test_as_a_program(folder):
    done = subprocess.run([sys.executable, EXAMPLE, folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=120, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "500 calls" in done.stdout and "warning: Average generation time" in done.stdout
    assert "TimeoutError" in done.stdout and "healthy\n" in done.stdout and "high_generation_time: Average" in done.stdout and ", 0 lost" in done.stdout
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert len(list((folder / "plots").iterdir())) == 6


def cells():
    """(kind, text) of each, as a notebook divides the file."""
    parts = re.split(r"^# %%(.*)\n", EXAMPLE.read_text(encoding="utf-8"), flags=re.M)
    return [(kind.strip(), text) for kind, text in zip(parts[1::2], parts[2::2])]


def test_cell_by_cell(folder, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["notebook.py", str(folder)])
    names = {}
    for kind, text in cells():
        if kind == "[markdown]":
            assert all(line.startswith("#") for line in text.split("\n") if line)
            continue
        exec(compile(text, str(EXAMPLE), "exec"), names)
        if text.rstrip().endswith("\nfigure"):
            assert names["figure"]._repr_svg_().startswith("<svg")
    assert len(cells()) >= 14 and sorted(path.name for path in folder.iterdir()) == FILES
