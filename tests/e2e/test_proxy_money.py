"""afmon run and afmon proxy with a limit of what the run may cost: no call passes it, and what is refused says why."""
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

import pytest
from conftest import COMMAND
from scripted_upstream import Upstream, header, read_body, read_head
from test_proxy import SHORT, STREAM, chat, chunks, events, post, proxied, usage_of, whole  # noqa: F401

PRICES = {"m": {"input": 10, "output": 1000}, "embed": {"input": 1, "output": 0}, "half": {"input": 1}}


@pytest.fixture
def prices(tmp_path):
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(PRICES))
    return str(path)


def asking(**members):
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}], **members}).encode()


def picture(url):
    return [{"role": "user", "content": [{"type": "text", "text": "what?"}, {"type": "image_url", "image_url": {"url": url}}]}]


REFUSED = {  # name: path, body, code, a word of the reason
    "no longest answer": ("/v1/chat/completions", asking(), "unbounded", "max_tokens"),
    "an answer without end": ("/v1/chat/completions", asking(max_tokens=-1), "unbounded", "max_tokens"),
    "a limit that is a text": ("/v1/chat/completions", asking(max_tokens="5"), "unbounded", "max_tokens"),
    "a limit that is given twice": ("/v1/chat/completions", b'{"model": "m", "max_tokens": 1, "max_tokens": 9999}', "unbounded", "JSON"),
    "no JSON": ("/v1/chat/completions", b"model=m", "unbounded", "JSON"),
    "a picture": ("/v1/chat/completions", asking(max_tokens=5, messages=picture("https://a.example/b.png")), "unbounded", "text"),
    "another model": ("/v1/chat/completions", asking(max_tokens=5, models=["x"]), "unbounded", "models"),
    "a limit of another interface": ("/v1/responses", json.dumps({"model": "m", "input": "hi", "max_tokens": 5}).encode(), "unbounded",
                                     "max_output_tokens"),
    "an earlier answer": ("/v1/responses", json.dumps({"model": "m", "input": "hi", "max_output_tokens": 5,
                                                       "previous_response_id": "r"}).encode(), "unbounded", "earlier"),
    "a search": ("/v1/messages", asking(max_tokens=5, tools=[{"type": "web_search_20250305", "name": "s"}]), "unbounded", "tools"),
    "no price": ("/v1/chat/completions", asking(model="other", max_tokens=5), "unpriced", "no price"),
    "half a price": ("/v1/chat/completions", asking(model="half", max_tokens=5), "unpriced", "no price"),
    "an unknown path": ("/v1/images/generations", asking(max_tokens=5), "unbounded", "path"),
    "one that is too dear": ("/v1/chat/completions", asking(max_tokens=100000), "max_cost_reached", "limit"),
}


def test_what_may_pass_the_limit_is_not_sent(proxied, prices):  # noqa: F811
    proxy, upstream = proxied(lambda head, body: [whole(chat())], "--max-cost", "1usd", "--prices", prices)
    for name, (path, body, code, word) in REFUSED.items():
        head, answer = proxy.ask(post(body, path))
        error = json.loads(answer)["error"]
        assert head.startswith(b"HTTP/1.1 402 ") and json.loads(answer)["type"] == "error", name
        assert (error["code"], error["type"]) == (code, "afmon_proxy_error") and word in error["message"], (name, error)
    assert proxy.ask(post(b"", headers=["Content-Encoding: gzip"]))[0].startswith(b"HTTP/1.1 402 ")
    assert upstream.requests.empty()
    out = proxy.stop()
    assert f"{len(REFUSED)} whose cost nothing bounds" in out and "1 at the limit" in out, out
    assert "limit $1.00 (reached): $0.00 spent" in out, out
    log = (proxy.folder / "afterimage.log").read_text(encoding="utf-8")
    assert "previous_response_id" not in log and "its prompt is kept" not in log and "has no price" in log
    assert not proxy.samples("success_rate")


def test_what_fits_passes_and_is_settled(proxied, prices):  # noqa: F811
    told = events(["a"], usage_of(20, 5))
    answers = {b"/v1/chat/completions": [whole(chat(usage=usage_of(100, 10)))], b"/v1/completions": [STREAM, *chunks(told, [5] * 20)],
               b"/v1/embeddings": [whole(json.dumps({"model": "embed", "data": [], "usage": {"prompt_tokens": 1000}}).encode())],
               b"/v1/messages": [whole(b'{"error": {"message": "busy"}}', "429 Too Many Requests")],
               b"/v1/models": [whole(b"{}")]}
    proxy, upstream = proxied(lambda head, body: answers[head.split()[1]], "--max-cost", "100usd", "--prices", prices)
    body = asking(max_tokens=20)
    with proxy.connect() as connection, connection.makefile("rb") as file:
        connection.sendall(post(body, headers=["Expect: 100-continue"])[:-len(body)])
        assert read_head(file) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert read_body(file, read_head(file)) == chat(usage=usage_of(100, 10))
        head, got = upstream.requests.get(timeout=60)
        assert got == body and header(head, b"expect") is None
        chunked = b"".join(chunks(json.dumps({"model": "m", "prompt": ["a", "b"], "max_tokens": 9}).encode(), [1, 7, 7]))
        connection.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked)
        read_body(file, read_head(file))
        assert upstream.requests.get(timeout=60)[1] == chunked
    proxy.ask(post(json.dumps({"model": "embed", "input": ["a", "b"]}).encode(), "/v1/embeddings"))
    proxy.ask(post(asking(max_tokens=9), "/v1/messages"))
    assert proxy.ask(b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")[0].startswith(b"HTTP/1.1 200 ")
    out = proxy.stop()
    spent = (100 * 10 + 10 * 1000 + 20 * 10 + 5 * 1000 + 1000) / 1e6
    assert f"limit $100.00: ${spent:.4f} spent" in out and "not known" not in out, out
    assert abs(sum(line["value"] for line in proxy.samples("cost_usd")) - spent) < 1e-9


def test_what_nobody_told_stays_reserved(proxied, prices):  # noqa: F811
    answers = [[whole(chat())], [STREAM, *chunks(events(["a"], done=False)[:60], [9])], [None],
               [whole(b"{}", "500 Internal Server Error")]]
    proxy, _ = proxied(lambda head, body: answers.pop(0), "--max-cost", "100usd", "--prices", prices)
    for _ in range(4):
        proxy.ask(post(asking(max_tokens=20)))
    out = proxy.stop()
    assert "by 4 calls whose cost is not known" in out and "$0.00 spent" in out, out


def test_bodies_that_are_held_have_bounds(proxied, prices):  # noqa: F811
    proxy, upstream = proxied(lambda head, body: [whole(chat())], "--max-cost", "100usd", "--prices", prices)
    large = asking(max_tokens=1, messages=[{"role": "user", "content": "x" * (9 << 20)}])
    assert proxy.ask(post(b"", headers=[])[:-2].replace(b"Content-Length: 0", b"Content-Length: %d" % len(large)) + b"\r\n")[0].startswith(
        b"HTTP/1.1 413 ")
    with proxy.connect() as connection, connection.makefile("rb") as file:
        connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            connection.sendall(b"%x\r\n%s\r\n" % (len(large), large))
            assert read_head(file).startswith(b"HTTP/1.1 413 ")
        except (ConnectionResetError, BrokenPipeError):
            pass
    assert upstream.requests.empty()
    assert proxy.ask(post(asking(max_tokens=5)))[0].startswith(b"HTTP/1.1 200 ")


def test_the_command_line(command, prices):
    for words in (["--max-cost", "5usd"], ["--max-cost", "much", "--prices", prices], ["--max-cost", "-1", "--prices", prices]):
        done = command("run", *words, "--", "true")
        assert done.returncode == 2 and "--max-cost" in done.stderr, words


# ---- At 64 calls at a time, over several processes, with kills ------------------------------------------------------

LIMIT = 2.0
CLIENT = """
import http.client, json, os, sys, threading
url = os.environ["OPENAI_BASE_URL"]
host = url.split("/")[2]
def work(number):
    while True:
        body = json.dumps({"model": "m", "max_tokens": 20, "messages": [{"role": "user", "content": "x" * (number * 37 % 900)}]})
        try:
            connection = http.client.HTTPConnection(host, timeout=60)
            connection.request("POST", "/v1/chat/completions", body)
            answer = connection.getresponse()
            status = answer.status
            answer.read()
        except (http.client.HTTPException, ConnectionResetError):
            continue
        except OSError:
            return
        if status == 402:
            return
threads = [threading.Thread(target=work, args=(number,)) for number in range(int(sys.argv[1]))]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


class Counting:
    """Its own account of what it gave."""

    def __init__(self, rng, fails):
        self.rng = rng
        self.fails = fails  # some answers are lost, and cost what they cost
        self.lock = threading.Lock()
        self.cost = 0.0

    def answer(self, head, body):
        with self.lock:
            prompt, completion = max(1, len(body) // self.rng.randint(1, 5)), self.rng.randint(1, 20)
            self.cost += (prompt * 10 + completion * 1000) / 1e6
            pause, luck = self.rng.random() * 0.004, self.rng.random() if self.fails else 1
        time.sleep(pause)
        usage = usage_of(prompt, completion)
        if luck < 0.1:
            return [whole(b'{"error": {"message": "broken"}}', "500 Internal Server Error")]
        if luck < 0.15:
            return [None]
        if luck < 0.2:
            return [whole(chat(usage=usage))[:-30], 0]
        if luck < 0.3:
            return [STREAM, *chunks(events(["a"] * completion, usage, done=luck < 0.25)[:-40 if luck >= 0.25 else None], [40] * 9)]
        return [whole(chat(usage=usage))]


@pytest.mark.parametrize("seed", range(int(os.environ.get("AFMON_MONEY_ROUNDS", "3"))))
def test_no_run_passes_its_limit(tmp_path, prices, seed):
    rng = random.Random(seed)
    kills = seed % 3
    counting = Counting(rng, seed > 0)
    upstream = Upstream(counting.answer)
    words = [COMMAND, "run", "--upstream", f"http://127.0.0.1:{upstream.port}", "--log-dir", str(tmp_path / "run"), "--max-cost",
             str(LIMIT), "--prices", prices, "--", sys.executable, "-c", CLIENT, "22" if SHORT else "64"]
    running = [subprocess.Popen(words, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    deadline = time.monotonic() + 60
    for number in range(kills):  # in the middle of it
        while counting.cost < LIMIT * (number + 1) / 5 and time.monotonic() < deadline:
            time.sleep(0.002)
        running[number].send_signal(signal.SIGKILL)
    said = [process.communicate(timeout=120)[1] for process in running]
    upstream.close()
    assert counting.cost <= LIMIT + 1e-9, said
    assert counting.fails or counting.cost > LIMIT * 0.95
    assert all("(reached)" in text and "at the limit of what the run may cost" in text for text in said[kills:]), said
    shown = subprocess.run([COMMAND, "show", str(tmp_path / "run"), "--json"], capture_output=True, text=True, check=True, timeout=60)
    budget = json.loads(shown.stdout)["summary"]["cost"]["budget"]
    assert budget["spent_usd"] + budget["uncertain_usd"] <= LIMIT + 1e-9 and budget["reserved_calls"] == 0
    assert budget["spent_usd"] + budget["uncertain_usd"] >= counting.cost - 1e-9
    assert counting.fails or abs(budget["spent_usd"] - counting.cost) < 1e-6
