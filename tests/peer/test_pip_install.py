"""`pip install .` as docs/python.md has it: from a clone without subprojects/, in an environment of its own, which fetches from
PyPI what builds it. It is here since `make test-peer` is what needs the network."""
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
USE = """
import afmon, sys
with afmon.GenerationMonitor("run", metrics_interval=0) as monitor:
    monitor.track_generation(1.5, True, model_name="m", total_token_count=10)
assert afmon.open_run("run").get_metrics("generation_time")["mean"] == 1.5
afmon.export("run", "run.parquet", "parquet")
print(afmon.__file__)
"""


def run(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def clone(folder):
    """What Git has of this checkout, as it is now."""
    for name in run("git", "-C", ROOT, "ls-files", "-z").split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def test_pip_install_from_a_clone(tmp_path):
    source = clone(tmp_path / "clone")
    assert not (source / "subprojects" / "carquet" / "meson.build").exists()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    run(sys._base_executable, "-m", "venv", tmp_path / "installed", env=environment)
    python = tmp_path / "installed" / "bin" / "python3"
    run(python, "-m", "pip", "install", "--disable-pip-version-check", ".", cwd=source, env=environment)
    told = run(python, "-I", "-c", USE, cwd=tmp_path, env=environment)
    assert told.strip().startswith(str(tmp_path / "installed"))
    assert run(tmp_path / "installed" / "bin" / "afmon", "--version", env=environment).startswith("afmon ")
