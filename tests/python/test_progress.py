"""GenerationMonitor(progress=True): a line in a terminal, an output in a notebook, nothing in a pipe."""
import os
import pty
import re
import subprocess
import sys
import time
import types

import afmon
import pytest

PROGRAM = """
import sys, time, afmon
with afmon.GenerationMonitor(sys.argv[1], progress=True) as monitor:
    monitor.plan(40, "row")
    for number in range(3):
        with monitor.item(number, kind="row"):
            monitor.track_generation(0.1, True, model_name="m")
    monitor.flush()
    print("a line of the program's own")
    sys.stdout.flush()
    sys.stdin.readline()
"""


def read_until(terminal, wanted, patience=60):
    """What the terminal got; the program's end is an EIO."""
    text, end = "", time.monotonic() + patience
    while not re.search(wanted, text):
        assert time.monotonic() < end, text
        try:
            text += os.read(terminal, 4096).decode()
        except OSError:
            break
    return text


def test_a_terminal_has_a_line_that_is_drawn_in_its_place(tmp_path):
    process, terminal = pty.fork()
    if process == 0:
        os.environ["TERM"] = "xterm"
        os.execv(sys.executable, [sys.executable, "-c", PROGRAM, str(tmp_path / "run")])
    text = read_until(terminal, r"\r3 of 40 rows[^\n]*\x1b\[K")
    os.write(terminal, b"\n")
    text += read_until(terminal, "nothing matches this")
    assert os.waitpid(process, 0)[1] == 0
    drawn = re.findall(r"\r([^\r\n]*)\x1b\[K", text)
    assert drawn[-1].startswith("3 of 40 rows  took ") and "100% accepted" in drawn[-1]
    assert all(len(line) < 80 for line in drawn)
    assert text.endswith("\x1b[K\r\n")  # the last one stays, and the prompt comes below it


@pytest.mark.parametrize("environment", [{"TERM": "xterm"}, {}])
def test_a_pipe_has_nothing(tmp_path, environment):
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path / "run")], input="\n", capture_output=True, text=True,
                          env={**os.environ, **environment})
    assert (done.returncode, done.stdout, done.stderr) == (0, "a line of the program's own\n", "")


def test_a_notebook_has_an_output_that_is_made_anew(tmp_path, monkeypatch):
    class Output:
        shown = []

        def update(self, data, raw):
            assert raw
            self.shown.append(data["text/plain"])

    output = Output()

    def display(data, raw, display_id):
        assert raw and display_id and data == {"text/plain": ""}
        return output

    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    ipython.display = types.ModuleType("IPython.display")
    ipython.display.display = display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython.display)
    with afmon.GenerationMonitor(tmp_path / "run", progress=True) as monitor:
        monitor.plan(40, "row")
        for number in range(3):
            with monitor.item(number, kind="row"):
                pass
        end = time.monotonic() + 60
        while not any(line.startswith("3 of 40 rows") for line in output.shown):
            assert time.monotonic() < end, output.shown
            time.sleep(0.02)
    assert output.shown[-1].startswith("3 of 40 rows  took ")
    assert len(output.shown) == len(set(output.shown))


def test_what_is_no_switch_is_refused(tmp_path):
    with pytest.raises(TypeError, match="progress"):
        afmon.GenerationMonitor(tmp_path, progress="yes")
    with pytest.raises(ValueError, match="built-in handlers"):
        afmon.GenerationMonitor(tmp_path, progress=True, metric_handlers=[])
