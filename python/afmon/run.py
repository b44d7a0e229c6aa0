"""Run a Python program with afmon's monitor in the place of afterimage's.

    python -m afmon.run [--log-dir DIR] afterimage generate -c config.yaml
    python -m afmon.run [--log-dir DIR] script.py ARGUMENT...
    python -m afmon.run [--log-dir DIR] -m module ARGUMENT...

The first word names a command of an installed package, or is a script. Its exit status is this one's. At the end it says
where the run is.
"""
from __future__ import annotations

import argparse
import runpy
import sys
from importlib.metadata import entry_points
from pathlib import Path

from . import _install


def _parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m afmon.run", description=__doc__, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log-dir", metavar="DIR", help="the folder of the run; default: a new one in .afterimage-monitoring")
    parser.add_argument("-m", dest="module", action="store_true", help="the program is a module")
    parser.add_argument("program", help="a command of an installed package, a script, or with -m a module")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="the program's")
    return parser.parse_args(words)


def _run(program: str, is_module: bool) -> object:
    if is_module:
        return runpy.run_module(program, run_name="__main__", alter_sys=True)
    for command in entry_points(group="console_scripts", name=program):
        return command.load()()
    if Path(program).is_file():
        sys.path[0] = str(Path(program).resolve().parent)
        return runpy.run_path(program, run_name="__main__")
    print(f"python -m afmon.run: {program!r} is neither a command of an installed Python package nor a file", file=sys.stderr)
    return 2


def _tell() -> None:
    for folder in dict.fromkeys(_install.made):
        print(f"afmon: the run is in {folder}; afmon show {folder}", file=sys.stderr)
    if not _install.made:
        print("afmon: the program made no monitor", file=sys.stderr)


def main(words: list[str] | None = None) -> object:
    parsed = _parse(sys.argv[1:] if words is None else words)
    try:
        _install.install(**({"log_dir": parsed.log_dir} if parsed.log_dir else {}))
    except ImportError as error:
        print(f"python -m afmon.run: {error}; it is for programs that use afterimage", file=sys.stderr)
        return 2
    sys.argv = [parsed.program, *parsed.arguments]
    try:
        status = _run(parsed.program, parsed.module)
    finally:
        _tell()
    return status if isinstance(status, int) or not isinstance(status, dict) else 0  # runpy gives the module's names


if __name__ == "__main__":
    sys.exit(main())
