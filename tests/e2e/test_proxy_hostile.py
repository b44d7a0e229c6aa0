"""afmon proxy beside clients that mean ill, kills, and who looks for keys."""
import concurrent.futures
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from conftest import COMMAND
from scripted_upstream import read_body, read_head
from test_proxy import HOST, KEY, SHORT, STREAM, chat, chunks, events, post, proxied, usage_of, whole  # noqa: F401

CHUNKED = b"POST /v1/x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"


def wait_until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def resident_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1])


# ---- Clients --------------------------------------------------------------------------------------------------------

BOMBS = {  # what comes first, and what follows without end
    "a line without end": (b"GET /", b"x"),
    "fields without end": (b"GET / HTTP/1.1\r\n" + HOST, b"A: b\r\n"),
    "an extension of a chunk without end": (CHUNKED + b"1;", b"x=y;"),
    "a chunk size without end": (CHUNKED, b"0"),
    "trailers without end": (CHUNKED + b"0\r\n", b"A: b\r\n"),
    "empty lines without end": (b"", b"\r\n"),
}


def flood(proxy, first, more):
    """Returns whether it was ended: it is refused, and what follows is thrown away for two seconds."""
    with proxy.connect() as connection:
        connection.sendall(first)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                connection.sendall(more * (65536 // len(more)))
            except ConnectionError:
                return True
    return False


def test_what_has_no_end_is_ended(proxied):  # noqa: F811
    proxy, _ = proxied(lambda head, body: [whole(chat())])
    with concurrent.futures.ThreadPoolExecutor(len(BOMBS)) as pool:
        floods = {name: pool.submit(flood, proxy, *bomb) for name, bomb in BOMBS.items()}
        for name, ended in floods.items():
            assert ended.result(), name
    assert proxy.ask(post(b"{}"))[0].startswith(b"HTTP/1.1 200 ")
    if not SHORT:
        assert resident_kb(proxy.process.pid) < 40_000


def test_the_slow_and_the_silent_keep_nobody_waiting(proxied):  # noqa: F811
    proxy, _ = proxied(lambda head, body: [whole(chat())])
    silent = [proxy.connect() for _ in range(100)]
    slow = [proxy.connect() for _ in range(10)]
    half = [proxy.connect() for _ in range(10)]
    for connection in half:  # nothing more comes, and what came is no whole request
        connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\n" + HOST)
        connection.shutdown(1)
    for byte in b"GET / HTTP":
        for connection in slow:
            connection.sendall(bytes([byte]))
        assert proxy.ask(post(b"{}"))[0].startswith(b"HTTP/1.1 200 ")
    for connection in half:
        connection.settimeout(60)
        assert connection.recv(65536)[:13] in (b"", b"HTTP/1.1 400 ")
    if not SHORT:  # ten seconds
        for connection in slow:
            connection.settimeout(60)
            assert connection.recv(65536).startswith(b"HTTP/1.1 408 ")
    for connection in silent + slow + half:
        connection.close()
    assert proxy.ask(post(b"{}"))[0].startswith(b"HTTP/1.1 200 ")


# ---- Kills ----------------------------------------------------------------------------------------------------------


def answer_by_number(head, body):
    number = json.loads(body)["n"]
    return [whole(chat(usage=usage_of(2, 3), model=f"m{number}"))]


def models(proxy):
    return [line["model_name"] for line in proxy.samples("success_rate")]


def metrics(proxy):
    return proxy.ask(b"GET /metrics HTTP/1.1\r\n" + HOST + b"\r\n")[1]


def kill(proxy):
    proxy.process.kill()
    proxy.process.wait(60)


def test_a_killed_proxy_recorded_each_call_once(proxied, command):  # noqa: F811
    never = threading.Event()
    proxy, _ = proxied(lambda head, body: [STREAM, *chunks(events(["a"])[:40], [9])[:-1], never] if b"open" in body else
                       answer_by_number(head, body))
    for number in range(50):
        proxy.ask(post(json.dumps({"n": number}).encode()))
    with proxy.connect() as connection:  # a call that goes on
        connection.sendall(post(b'{"model": "open"}'))
        connection.recv(1000)
        wait_until(lambda: b'm49"' in metrics(proxy))  # it is read a moment after it passed
        kill(proxy)
    never.set()
    for _ in range(2):
        assert command("show", str(proxy.folder), "--json").returncode == 0
        assert models(proxy) == [f"m{number}" for number in range(50)]
        assert sum(line["value"] for line in proxy.samples("total_token_count")) == 250


def test_what_a_kill_takes_is_the_last_moment(proxied, command):  # noqa: F811
    proxy, _ = proxied(answer_by_number)
    timer = threading.Timer(0.5, proxy.process.kill)
    timer.start()
    finished = 0
    with proxy.connect() as connection, connection.makefile("rb") as file:
        try:
            while True:
                connection.sendall(post(json.dumps({"n": finished}).encode()))
                read_body(file, read_head(file))
                finished += 1
        except (OSError, AttributeError, IndexError, TypeError):
            pass  # the connection is gone
    timer.join()
    proxy.process.wait(60)
    assert command("show", str(proxy.folder), "--json").returncode == 0
    recorded = models(proxy)
    assert recorded == [f"m{number}" for number in range(len(recorded))] and 0 < len(recorded) <= finished + 1


def test_a_killed_command_is_told(tmp_path):
    for script, told in (("kill -9 $$", "ended by signal 9 (Killed)"), ("exit 3", None)):
        run = subprocess.run([COMMAND, "run", "--log-dir", "run", "--", "sh", "-c", script], cwd=tmp_path, capture_output=True, text=True,
                             timeout=60, check=False)
        assert run.returncode == (128 + 9 if told else 3)
        assert ("ended by signal" in run.stderr) == (told is not None) and (told or "") in run.stderr
        with open(tmp_path / "run" / "afterimage.log", encoding="utf-8") as lines:
            records = [json.loads(line.split(" - ", 1)[1]) for line in lines]
        ended = [record for record in records if record["message"].startswith("The command ended")][-1]
        assert ended["level"] == ("warning" if told else "info") and (ended["signal"] == 9 if told else ended["exit_status"] == 3)


# ---- Keys -----------------------------------------------------------------------------------------------------------


def has_key(pid):
    """In any memory of a process that can be read."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as lines:
        places = [line.split()[:2] + [line] for line in lines]
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for place, rights, line in places:
            begin, end = (int(each, 16) for each in place.split("-"))
            if "r" not in rights or "[v" in line:
                continue
            try:
                memory.seek(begin)
                if KEY.encode() in memory.read(end - begin):
                    return True
            except OSError:
                continue
    return False


@pytest.mark.skipif(SHORT, reason="a sanitizer keeps what was freed")
def test_memory_that_held_keys_is_wiped(proxied):  # noqa: F811
    go_on = threading.Event()
    proxy, _ = proxied(lambda head, body: [go_on, whole(chat(usage=usage_of(2, 3)))])
    with proxy.connect() as connection, connection.makefile("rb") as file:
        for path in ("/v1/chat/completions", f"/v1beta/models/m:generateContent?key={KEY}"):
            go_on.clear()
            request = post(b'{"model": "' + b"m" * 9000 + b'"}', path)
            for at in range(0, len(request), 150):
                connection.sendall(request[at:at + 150])
            try:
                wait_until(lambda: has_key(proxy.process.pid))  # or nothing was looked at
            except PermissionError:
                pytest.skip("the memory of another process cannot be read")
            go_on.set()
            read_body(file, read_head(file))
            wait_until(lambda: not has_key(proxy.process.pid))
    proxy.stop()


def dumps_core(words, tmp_path):
    """Whether a process that aborts leaves a core, where cores are allowed."""
    process = subprocess.Popen(["sh", "-c", 'ulimit -c unlimited; exec "$@"', "sh", *words], cwd=tmp_path, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    process.stdout.readline()
    process.send_signal(signal.SIGABRT)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = 1
    process.stdout.close()
    assert os.WIFSIGNALED(status)
    return os.WCOREDUMP(status)


@pytest.mark.skipif(SHORT, reason="a sanitizer has its own answer to SIGABRT")
def test_no_core_is_written(tmp_path):
    if not dumps_core([sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"], tmp_path):
        pytest.skip("this system writes no cores")
    assert not dumps_core([COMMAND, "proxy", "--listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:9", "--log-dir", "run"], tmp_path)


def test_keys_are_in_no_argument_of_a_process(tmp_path):
    """Of the command that has one in its environment, and of ours."""
    script = "import os, subprocess, sys; sys.exit(os.environ['OPENAI_API_KEY'] in subprocess.run(['ps', '-eo', 'args'], capture_output=True, text=True).stdout)"
    environment = {**os.environ, "OPENAI_API_KEY": KEY}
    run = subprocess.run([COMMAND, "run", "--log-dir", "run", "--", sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True,
                         timeout=60, check=False, env=environment)
    assert run.returncode == 0 and KEY not in run.stderr
    for file in (tmp_path / "run").rglob("*"):
        assert file.is_dir() or KEY.encode() not in file.read_bytes(), file
