"""The example as its readers run it."""
import os
import pathlib
import subprocess
import sys

EXAMPLE = pathlib.Path(__file__).parents[2] / "examples" / "python" / "notebook.py"


def test_notebook(folder):
    done = subprocess.run([sys.executable, EXAMPLE, folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=120, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "500 calls" in done.stdout and "warning: Average generation time" in done.stdout
    assert "TimeoutError" in done.stdout and "degraded" in done.stdout and "'drained': True" in done.stdout
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["afterimage.log", "generation_time.svg", "metrics.jsonl", "plots", "report.html", "run.parquet"]
    assert len(list((folder / "plots").iterdir())) == 5
