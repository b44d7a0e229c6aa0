"""Fixtures of the end-to-end tests: the built command, and run folders made by hand."""
import datetime
import fcntl
import json
import os
import pathlib
import pty
import struct
import subprocess
import termios

import pytest

COMMAND = os.environ.get("AFMON", str(pathlib.Path(__file__).resolve().parents[2] / "build" / "cli" / "afmon"))
BEGIN = datetime.datetime(2026, 11, 23, 9, 0, 0, tzinfo=datetime.timezone.utc)


class Run:
    """A run folder whose lines are written here, as a monitor (or the Python package) would have written them."""

    def __init__(self, path):
        self.path = path
        path.mkdir(parents=True, exist_ok=True)

    def add(self, metric, value, at=0.0, file="metrics.jsonl", **metadata):
        """A sample, `at` seconds after the beginning."""
        time = (BEGIN + datetime.timedelta(seconds=at)).isoformat(timespec="microseconds")
        line = {"metric": metric, "value": value, **metadata, "timestamp": time}
        self.add_text(json.dumps(line, ensure_ascii=False) + "\n", file)

    def add_text(self, text, file="metrics.jsonl"):
        with open(self.path / file, "ab") as out:
            out.write(text if isinstance(text, bytes) else text.encode())

    def __str__(self):
        return str(self.path)


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path / "run")


@pytest.fixture
def command(tmp_path):
    """Calls afmon as a script would: no terminal, no width, UTC."""

    def call(*words, **environment):
        base = {name: value for name, value in os.environ.items()
                if name not in ("COLUMNS", "NO_COLOR", "LC_ALL", "LC_CTYPE", "LANG", "TERM", "OTEL_SERVICE_NAME",
                                "OTEL_RESOURCE_ATTRIBUTES")}
        return subprocess.run([COMMAND, *map(str, words)], cwd=tmp_path, env={**base, "TZ": "UTC", **environment},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)

    return call


@pytest.fixture
def on_terminal(tmp_path):
    """Calls afmon on a terminal of a given size; returns what it drew."""

    def call(*words, columns=80, lines=24, **environment):
        ours, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        base = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
        base.update({"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "TZ": "UTC", **environment})
        with subprocess.Popen([COMMAND, *map(str, words)], cwd=tmp_path, env=base, stdin=its, stdout=its, stderr=its,
                              close_fds=True) as process:
            os.close(its)
            drawn = b""
            while True:
                try:
                    part = os.read(ours, 65536)
                except OSError:  # the other end is closed
                    break
                if not part:
                    break
                drawn += part
            process.wait(timeout=60)
        os.close(ours)
        return drawn.decode().replace("\r\n", "\n")

    return call
