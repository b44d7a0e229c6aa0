"""The command: `python -m afmon`, and `afmon` of an installed wheel. It becomes the program that lies in the package."""
import os
import pathlib
import sys


def main() -> int:
    program = pathlib.Path(__file__).parent / "bin" / "afmon"
    if not program.exists():
        print(f"afmon: {program} is not there: the command comes with the wheel, or with make install", file=sys.stderr)
        return 2
    os.execv(program, ["afmon", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
