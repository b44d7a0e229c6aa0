"""afmon watch: one frame for scripts, and the terminal, seen through tmux."""
import json
import os
import re
import shlex
import shutil
import subprocess
import time

import pytest
from conftest import COMMAND
from report_runs import typical
from served import serve

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x1b[31mname\u202egnp.exe\r\n"


def fill(run, count=200):
    for i in range(count):
        ok = i % 10 != 0
        run.add("generation_time", 0.5 + i % 7 / 10, at=i, operation="answer" if i % 2 else "ask", component="lab")
        run.add("success_rate", 1.0 if ok else 0.0, at=i, operation="answer" if i % 2 else "ask", component="lab")
        run.add("error_rate", 0.0 if ok else 1.0, at=i, operation="answer" if i % 2 else "ask", component="lab")
        run.add("completion_token_count", 100, at=i, model_name="model-a", operation="answer", component="lab")
        run.add("model_usage:model-a", 1.0, at=i)


def test_one_frame(run, command):
    fill(run)
    run.add_text('2026-11-23 09:00:01,000 - {"message": "Run plan", "planned": 400, "done": 100, "level": "info"}\n'
                 '2026-11-23 09:00:10,000 - {"message": "Alert: Success rate dropped to 70.0%", "alert": '
                 '"low_success_rate", "level": "warning"}\n', "afterimage.log")
    result = command("watch", run, "--once")
    assert (result.returncode, result.stderr) == (0, "")
    text = result.stdout
    assert "ended" in text and "75%  300 / 400" in text
    assert re.search(r"success +90\.0%", text) and re.search(r"errors +10\.0%", text)
    assert re.search(r"^lab/answer +100 .* 0 ", text, re.M) and re.search(r"^lab/ask +100 .* 20 ", text, re.M)
    assert re.search(r"^model-a +200 +20\.0k", text, re.M)
    assert re.search(r"^▲ degraded  20 of 200 calls failed \(10\.0%\)\.", text, re.M)
    assert re.search(r"^Alerts ─+\nnone$", text, re.M)  # no run record says whose the logged line is: they are judged
    assert "09:00:01 Run plan  planned=400 done=100" in text
    assert re.search(r"09:00:10 Alert: Success rate dropped to 70.0%$", text, re.M)  # its data say no more
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 100


def test_one_object(run, command):
    fill(run)
    found = json.loads(command("watch", run, "--json").stdout)
    assert found["state"] == "ended" and found["summary"]["samples"] == 1000 and found["loaded"] == 1
    assert found["success_rate"] == pytest.approx(0.9) and found["error_rate"] == pytest.approx(0.1)
    assert found["latency"]["p50_s"] == pytest.approx(0.8)
    assert {(row["component"], row["name"], row["calls"]) for row in found["operations_lately"]} == {
        ("lab", "ask", 100), ("lab", "answer", 100)}
    assert found["models_lately"][0]["completion_tokens"] == 20000
    assert found["plan"] is None


def failing(run):
    """Half of the calls fail in the second half of ten minutes, and the log tells of nothing."""
    for i in range(600):
        ok = i < 300 or i % 2 == 0
        run.add("generation_time", 1.0 if ok else 20.0, at=i, operation="a" if ok else "b")
        run.add("success_rate", 1.0 if ok else 0.0, at=i)


def test_alerts_are_judged_where_the_log_has_none(run, command):
    failing(run)
    found = json.loads(command("watch", run, "--json").stdout)["summary"]
    assert found["verdict"] == "degraded" and found["alerts_from"] == "replay"
    assert [reason["text"] for reason in found["reasons"]][0] == "150 of 600 calls failed (25.0%)."
    assert [(a["name"], a["firing"], a["resolved"]) for a in found["alerts"]] == [("low_success_rate", True, None)]
    assert re.search(r"Alerts replayed.*\n.*at end .*Success rate dropped to",
                     command("watch", run, "--once").stdout)


def test_alerts_by_the_rules_of_a_file(run, command, tmp_path):
    failing(run)
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules:\n"
                     "  - name: slow_b\n    metric: generation_time\n    where: {operation: b}\n    aggregate: mean\n"
                     "    above: 10\n    window: 1m\n    level: error\n", encoding="utf-8")
    run.add_text('2026-11-23 09:00:10,000 - {"message": "Alert: x", "alert": "logged", "level": "warning"}\n',
                 "afterimage.log")
    found = json.loads(command("watch", run, "--json", "--rules", rules).stdout)["summary"]
    assert {a["name"]: (a["level"], a["firing"]) for a in found["alerts"]} == {
        "slow_b": ("error", True), "low_success_rate": ("warning", True)}
    assert f"Alerts by {rules}" in command("watch", run, "--once", "--rules", rules).stdout
    rules.write_text("rules: 3\n", encoding="utf-8")
    result = command("watch", run, "--once", "--rules", rules)
    assert result.returncode == 2 and "rules.yaml:1:" in result.stderr and result.stdout == ""


def test_a_rule_that_is_not_repeated_goes_on_firing(run, command):
    """For an hour after its only line, for everybody who looks."""
    for i in range(0, 3600, 10):
        run.add("generation_time", 50.0, at=i)
        run.add("success_rate", 1.0, at=i)
    record = ('2026-11-23 09:00:00,000 - {"message": "Run record", "session": "00000000000000aa", "started": '
              '"2026-11-23T09:00:00.000000+00:00", "metrics_interval": 60.0, "rules": [{"name": "slow", "metric": '
              '"generation_time", "above": 40.0}], "level": "info"}\n')
    fields = ('"alert": "slow", "metric": "generation_time", "state": "%s", "since": "2026-11-23T09:01:00.000000+00:00", '
              '"renotify": null, "resolves": true, "session": "00000000000000aa", "level": "warning"}\n')
    run.add_text(record + '2026-11-23 09:01:00,000 - {"message": "Alert: Slow", ' + fields % "fired", "afterimage.log")

    def states():
        watched = json.loads(command("watch", run, "--json").stdout)["summary"]
        shown = json.loads(command("show", run, "--json").stdout)["summary"]
        with serve(run) as served:
            seen = served.until(f"/api/v1/runs/{served.the_run()}", lambda shown: shown["loaded"] == 1)["summary"]
        assert {summary["alerts_from"] for summary in (watched, shown, seen)} == {"monitor"}
        return [(a["name"], a["firing"], a["resolved"]) for a in watched["alerts"] + shown["alerts"] + seen["alerts"]]

    assert states() == [("slow", True, None)] * 3
    assert re.search(r"at end +\d+ min \d\d s +Slow", command("watch", run, "--once").stdout)
    run.add_text('2026-11-23 09:59:00,000 - {"message": "Alert resolved: Fine", ' + fields % "resolved", "afterimage.log")
    assert states() == [("slow", False, "2026-11-23T09:59:00.000000+00:00")] * 3


def test_it_agrees_with_show(command, tmp_path):
    assert command("demo", "--conversations", 200, "--duration", "2s", "--log-dir", tmp_path / "demo").returncode == 0
    seen = json.loads(command("watch", tmp_path / "demo", "--json").stdout)
    shown = json.loads(command("show", tmp_path / "demo", "--json").stdout)
    assert seen["plan"]["planned"] == 200 and seen["plan"]["done"] == 200
    assert seen["summary"] == shown["summary"]
    left = seen["plan"]
    assert (left["eta_s"], left["eta_p10_s"], left["eta_p90_s"], left["open"], left["oldest_s"]) == (0, 0, 0, 0, None)


def test_it_agrees_with_the_report(command, run):
    typical(run)
    seen = json.loads(command("watch", run, "--json").stdout)
    report = command("report", run, "--format", "md", "--output", "-").stdout
    summary = seen["summary"]
    assert re.search(rf"\b{summary['verdict']}\b", report.split("\n## ")[0], re.I)
    assert summary["verdict"] == "degraded" and len(summary["alerts"]) == 2
    for alert in summary["alerts"]:
        assert alert["message"].replace("%", "") in report.replace("\\", "").replace("%", "")


def test_nothing_there_yet(command, tmp_path):
    result = command("watch", tmp_path / "later", "--once")
    assert result.returncode == 0 and "waiting" in result.stdout and "no samples yet" in result.stdout
    found = json.loads(command("watch", tmp_path / "later", "--json").stdout)
    assert found["state"] == "waiting" and found["summary"]["first"] is None
    assert found["summary"]["verdict"] == "no_data"


def test_names_and_lines_from_outside_are_harmless(run, command):
    run.add("generation_time", 1.0, operation=HOSTILE)
    run.add("success_rate", 1.0, operation=HOSTILE)
    run.add("model_usage:" + HOSTILE, 1.0)
    run.add_text('2026-11-23 09:00:01,000 - ' + json.dumps({"message": HOSTILE, "level": "error"}, ensure_ascii=False)
                 + "\n\x1b[2J plain \x07 text\n", "afterimage.log")
    result = command("watch", run, "--once")
    assert result.returncode == 0
    assert not set(result.stdout) & set("\x1b\x07\r\u202e")
    assert "\\x1b[31mname" in result.stdout
    assert "\x1b" not in command("watch", run, "--json").stdout


def test_log_lines_of_every_shape(run, command):
    fill(run, 20)
    head = "2026-11-23 09:00:01,000 - "
    for text in ['{"message": "nested", "a": {"b": [1, "x, y"], "c": "}"}, "d": "e \\"f\\"", "level": "info"}',
                 '{"message": "cut", "a": {"b": [1, "x', '{"message": "odd", ,,:"": :, "level": "info"}',
                 '{"message": "bare", "level": "info"}', '{', 'plain words']:
        run.add_text(head + text + "\n", "afterimage.log")
    text = command("watch", run, "--once").stdout
    assert 'nested  a={"b": [1, "x, y"], "c": "}"} d="e \\"f\\""' in text
    assert "09:00:01 bare\n" in text and "09:00:01 plain words\n" in text and "09:00:01 odd" in text


def test_without_utf8(run, command):
    fill(run, 20)
    assert command("watch", run, "--once", LC_ALL="C").stdout.isascii()


@pytest.mark.parametrize("words, why", [
    ([], "give the run folder"),
    (["a", "b"], "one run folder at a time"),
    (["a"], "no terminal"),
])
def test_wrong_command_lines(command, words, why):
    result = command("watch", *words)
    assert result.returncode == 2 and why in result.stderr and result.stdout == ""


@pytest.mark.parametrize("term, why", [
    ("dumb", "the terminal type 'dumb' cannot move its cursor; --once prints one frame"),
    ("", "TERM does not say what the terminal can do; try TERM=xterm, or --once"),
    ("no-such-terminal", "the terminal type 'no-such-terminal' is not known here; try TERM=xterm, or --once"),
])
def test_a_terminal_that_cannot_show_it(on_terminal, run, term, why):
    drawn = on_terminal("watch", run, columns=200, TERM=term)
    assert why in drawn and "no terminal;" not in drawn


# ---- On a terminal ----

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


class Terminal:
    """A terminal that tmux keeps."""

    def __init__(self, folder):
        self.base = ["tmux", "-u", "-S", str(folder / "tmux.socket"), "-f", "/dev/null"]
        self.env = {**{k: v for k, v in os.environ.items() if k not in ("TMUX", "NO_COLOR")},
                    "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}

    def tmux(self, *words):
        return subprocess.run([*self.base, *map(str, words)], env=self.env, capture_output=True, text=True, timeout=60,
                              check=False).stdout

    def start(self, words, columns, rows):
        line = shlex.join(map(str, words)) + "; echo status $?; sleep 600"
        self.tmux("new-session", "-d", "-x", columns, "-y", rows, line)

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def wait(self, wanted, seconds=60, holds=lambda screen: True):
        """Waits for a screen that holds the text, and of which that holds, and returns it: a frame may be half drawn."""
        end = time.monotonic() + seconds
        while True:
            screen = self.screen()
            if re.search(wanted, screen) and holds(screen):
                return screen
            assert time.monotonic() < end, f"no {wanted!r} in:\n{screen}"
            time.sleep(0.1)

    def pid(self):
        shell = self.tmux("list-panes", "-F", "#{pane_pid}").strip()
        return int(subprocess.run(["pgrep", "-P", shell], capture_output=True, text=True, check=True).stdout.split()[0])


@pytest.fixture
def terminal(tmp_path):
    made = Terminal(tmp_path)
    yield made
    made.tmux("kill-server")


@needs_tmux
def test_a_run_grows_on_the_screen(run, terminal):
    terminal.start([COMMAND, "watch", run], 80, 24)
    terminal.wait("no samples yet")
    fill(run)
    screen = terminal.wait(r"success +90.0%")
    lines = screen.splitlines()
    assert "afmon watch" in lines[0] and "█" in screen and "lab/answer" in screen
    assert lines[-1].startswith("q quit")
    fill(run, 100)  # the same again: twice the samples in these seconds
    terminal.wait(r"lab/answer +150 ")
    terminal.keys("q")
    terminal.wait("status 0")


@needs_tmux
def test_resizing_help_scrolling_and_pausing(run, terminal):
    fill(run)
    terminal.start([COMMAND, "watch", run], 200, 60)
    wide = terminal.wait(r"success +90.0%")
    assert re.search(r"Operations.*Alerts", wide)  # side by side
    for columns, rows in [(80, 24), (30, 10), (5, 2), (120, 40)]:
        terminal.tmux("resize-window", "-x", columns, "-y", rows)
        time.sleep(0.3)
    narrow = terminal.wait(r"success +90.0%")
    assert not re.search(r"Operations.*Alerts", narrow)
    terminal.keys("?")
    terminal.wait("choose the panel that scrolls")
    terminal.keys("?")
    terminal.keys("s")
    terminal.wait("by rate")
    terminal.keys("w", "w")
    terminal.wait("last 1m")
    terminal.keys("Tab", "Down", "Up", "NPage", "l", "Space")
    terminal.wait("paused")
    terminal.keys("Space", "q")
    terminal.wait("status 0")


@needs_tmux
def test_filter_and_detail(run, terminal):
    fill(run)
    for i in range(3):
        run.add("evaluation_score_coherence", 0.5 + i / 10, at=i, evaluator_type="judge")
        run.add("finish_reason:stop", 1.0, at=i)
    terminal.start([COMMAND, "watch", run], 80, 40)
    screen = terminal.wait(r"success +90.0%")
    assert re.search(r"mean scores +coherence 0.6$", screen, re.M) and re.search(r"finished by +stop 100%", screen)
    assert "lab/ask" in screen and "lab/answer" in screen and re.search(r"p50 90 99 max +\S+ \S+ ", screen)
    terminal.keys("/", "a", "s", "x", "BSpace", "k", "Enter")
    terminal.wait("filter /ask", holds=lambda screen: "lab/answer" not in screen and "lab/ask" in screen)
    terminal.keys("Escape")
    terminal.wait("lab/answer")
    terminal.keys("Tab", "Enter")  # behind the log the operations come
    terminal.wait("took: mean", holds=lambda screen: "enter goes back" in screen and "100 generations, " in screen)
    terminal.keys("Enter")
    terminal.wait("Operations")
    terminal.keys("q")
    terminal.wait("status 0")


@needs_tmux
def test_no_row_of_the_help_is_lost_at_80x24(run, terminal):
    terminal.start([COMMAND, "watch", run], 80, 24)
    terminal.wait("no samples yet")
    terminal.keys("?")
    screen = terminal.wait("one of ten such runs ends by its begin, nine of ten by its end")
    assert "…" not in screen.split("\n", 1)[1]


def operations_on(screen):
    """The operations that the panel shows, from above."""
    return re.findall(r"(?m)^(op-\w+) ", screen)


@needs_tmux
def test_operations_in_every_order_and_scrolled(run, terminal):
    calls = {"often": (50, 0, 1.0), "failing": (20, 15, 2.0), "late": (10, 0, 3.0), "slow": (4, 1, 9.0)}
    for name, (count, failures, seconds) in calls.items():
        for i in range(count):
            run.add("generation_time", seconds, at=i * 10.0, operation="op-" + name)
            run.add("success_rate", float(i >= failures), at=i * 10.0, operation="op-" + name)
    terminal.start([COMMAND, "watch", run], 80, 40)
    orders = [("by calls", ["op-often", "op-failing", "op-late", "op-slow"]), ("by rate", ["op-often", "op-failing", "op-late"]),
              ("by failures", ["op-failing", "op-slow"]), ("by time", ["op-slow", "op-late", "op-failing", "op-often"]),
              ("by name", ["op-failing", "op-late", "op-often", "op-slow"])]
    for label, first in orders:
        terminal.wait(label, holds=lambda screen, first=first: operations_on(screen)[:len(first)] == first)
        terminal.keys("s")
    for i in range(60):  # more than fit
        run.add("generation_time", 0.1, at=600 + i / 100, operation=f"op-x{i:02}")
    first = operations_on(terminal.wait(r"of 64", holds=lambda screen: operations_on(screen)[:1] == ["op-often"]))[0]
    terminal.keys("Tab", "Down", "Down")
    terminal.wait(r"\b3-\d+ of 64", holds=lambda screen: operations_on(screen)[:1] == ["op-late"])
    assert first not in operations_on(terminal.screen())
    terminal.keys("Up", "Up")
    terminal.wait(r"\b1-\d+ of 64", holds=lambda screen: operations_on(screen)[:1] == [first])
    terminal.keys("q")
    terminal.wait("status 0")


@needs_tmux
@pytest.mark.parametrize("signal", ["TERM", "INT", "HUP"])
def test_a_signal_puts_the_terminal_back(run, terminal, signal):
    fill(run, 20)
    terminal.start([COMMAND, "watch", run], 80, 24)
    terminal.wait("lab/ask")
    os.kill(terminal.pid(), getattr(__import__("signal"), "SIG" + signal))
    screen = terminal.wait("status 130")
    assert "lab/ask" not in screen  # the screen of before


@needs_tmux
def test_hostile_names_on_the_screen(run, terminal):
    run.add("generation_time", 1.0, operation=HOSTILE)
    run.add_text("2026-11-23 09:00:01,000 - " + json.dumps({"message": HOSTILE, "level": "error"}) + "\n",
                 "afterimage.log")
    terminal.start([COMMAND, "watch", run], 100, 30)
    terminal.wait(r"\\x1b\[31mname")
    assert "owned" not in terminal.tmux("display-message", "-p", "#{pane_title}")
    terminal.keys("q")
    terminal.wait("status 0")


@needs_tmux
def test_without_a_keyboard_it_does_not_spin(run, terminal):
    fill(run, 20)
    terminal.start(["sh", "-c", f"{shlex.quote(COMMAND)} watch {shlex.quote(str(run))} </dev/null"], 80, 24)
    terminal.wait("lab/ask")
    found = subprocess.run(["pgrep", "-f", f"watch {run}$"], capture_output=True, text=True, check=True).stdout.split()
    pid = int(found[-1])

    def cpu_s():
        fields = open(f"/proc/{pid}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    before = cpu_s()
    time.sleep(2)
    assert cpu_s() - before < 1
    os.kill(pid, 15)
    terminal.wait("status 130")


@needs_tmux
def test_stopped_and_continued(run, terminal):
    fill(run, 20)
    terminal.start(["bash", "--norc", "-i"], 80, 24)
    terminal.keys(f"{shlex.quote(str(COMMAND))} watch {shlex.quote(str(run))}", "Enter")
    terminal.wait("lab/ask")
    terminal.keys("C-z")
    assert "lab/ask" not in terminal.wait("Stopped")  # the screen of before
    terminal.keys("fg", "Enter")
    terminal.wait("lab/ask")
    terminal.keys("q")
    assert "lab/ask" not in terminal.wait(r"(?m)fg\n(.*\n)+bash\S*[#$]\s*$")
    terminal.keys("stty | grep -c -e '-echo' -e '-icanon'", "Enter")
    terminal.wait(r"\n0\n")  # the keyboard echoes again


@needs_tmux
def test_a_folder_that_vanishes_and_comes_back(run, terminal):
    fill(run, 20)
    terminal.start([COMMAND, "watch", run], 80, 24)
    terminal.wait("lab/ask")
    shutil.rmtree(str(run))
    assert "lab/ask" not in terminal.wait("no samples yet")
    os.makedirs(str(run))
    fill(run, 20)
    terminal.wait("lab/ask")
    terminal.keys("q")
    terminal.wait("status 0")


@needs_tmux
@pytest.mark.parametrize("setting, coloured, plain", [
    ({"TERM": "xterm-256color"}, True, False),
    ({"NO_COLOR": "1"}, False, False),
    ({"TERM": "vt100"}, False, False),
    ({"LC_ALL": "C"}, True, True),
])
def test_colours_and_characters(run, terminal, setting, coloured, plain):
    fill(run)
    words = [f"{name}={value}" for name, value in setting.items()]
    terminal.start(["env", *words, COMMAND, "watch", run], 100, 30)
    screen = terminal.wait(r"success +90.0%")
    assert screen.isascii() == plain
    seen = terminal.tmux("capture-pane", "-p", "-e")
    assert bool(re.search(r"\x1b\[[0-9;]*3[1-6]", seen)) == coloured
    terminal.keys("q")
    terminal.wait("status 0")
