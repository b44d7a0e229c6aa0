"""afmon proxy and afmon run: what passes is not changed, and what is recorded is what passed."""
import collections
import contextlib
import gzip
import json
import os
import queue
import random
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

import pytest
from conftest import COMMAND
from scripted_upstream import Upstream, header, read_body, read_head

SHORT = os.environ.get("AFMON_TEST_SHORT") == "1"
EXCHANGES = int(os.environ.get("AFMON_PROXY_EXCHANGES", "60" if SHORT else "300"))  # the long form: 10000
LARGE_EVERY, LARGE = 1000, 50 << 20  # bodies of it that are large, both ways
KEY = "sk-the-key-that-is-in-no-file"


# ---- What both sides say --------------------------------------------------------------------------------------------


def post(body, path="/v1/chat/completions", headers=()):
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {KEY}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def whole(body, status="200 OK", headers=()):
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chat(content="hi", usage=None, model="m"):
    answer = {"object": "chat.completion", "model": model,
              "choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}]}
    return json.dumps({**answer, "usage": usage} if usage else answer).encode()


def usage_of(prompt, completion, cached=None):
    usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return usage if cached is None else {**usage, "prompt_tokens_details": {"cached_tokens": cached}}


def events(texts, usage=None, done=True, line="\n"):
    def event(choices, **more):
        return "data: " + json.dumps({"model": "m", "choices": choices, **more}, ensure_ascii=False) + line * 2

    out = "".join(event([{"index": 0, "delta": {"content": text}, "finish_reason": None}], usage=None) for text in texts)
    out += event([{"index": 0, "delta": {}, "finish_reason": "stop"}])
    out += event([], usage=usage) if usage else ""
    return (out + ("data: [DONE]" + line * 2 if done else "")).encode()


STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunks(data, sizes):
    out, at = [], 0
    for size in sizes:
        out.append(data[at:at + size])
        at += size
    out.append(data[at:])
    return [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in out if piece] + [b"0\r\n\r\n"]


# ---- The proxy ------------------------------------------------------------------------------------------------------


class Proxy:
    def __init__(self, folder, upstreams, *words, **environment):
        self.folder = folder
        targets = [word for upstream in upstreams for word in ("--upstream", upstream)]
        self.process = subprocess.Popen([COMMAND, "proxy", "--listen", "127.0.0.1:0", "--log-dir", str(folder), *targets, *words],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment})
        said = self.process.stdout.readline()
        assert "Listening on" in said, said + self.process.stderr.read()
        self.port = int(said.split(":")[2].split()[0])

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def ask(self, request):
        """The answer's head and body to one request on a connection of its own."""
        with self.connect() as connection, connection.makefile("rb") as file:
            connection.sendall(request)
            head = read_head(file)
            return head, read_body(file, head) if header(head, b"content-length") or header(head, b"transfer-encoding") else file.read()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, err
        return out + err

    def samples(self, metric):
        with open(self.folder / "metrics.jsonl", encoding="utf-8") as lines:
            return [line for line in map(json.loads, lines) if line["metric"] == metric]


@pytest.fixture
def proxied(tmp_path):
    with contextlib.ExitStack() as stack:
        def start(answer, *words, **environment):
            upstream = Upstream(answer)
            proxy = Proxy(tmp_path / "run", [f"http://127.0.0.1:{upstream.port}"], *words, **environment)
            stack.callback(upstream.close)
            stack.callback(lambda: proxy.process.kill() if proxy.process.poll() is None else None)
            return proxy, upstream

        yield start


# ---- Bytes ----------------------------------------------------------------------------------------------------------


def cut(data, rng, most):
    out = []
    while data:
        size = rng.randint(1, most)
        out.append(data[:size])
        data = data[size:]
    return out


def exchange(rng):
    """A request, the pieces of its answer, and the usage that it tells."""
    texts = [rng.choice(["Hallo", '"usage":{"prompt_tokens":9}', "data: x", "[DONE]", "a\u2028b", "\n\ndata: ", "é" * 900, "\U0001f600" * 300])
             for _ in range(rng.randint(1, 6))]
    usage = usage_of(rng.randint(1, 10**6), rng.randint(0, 5000), rng.choice([None, 0, 7])) if rng.random() < 0.8 else None
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "".join(texts)}]}, ensure_ascii=rng.random() < 0.5).encode()
    if rng.random() < 0.5:
        request = post(body)
    else:
        request = (b"POST /v1/chat/completions HTTP/1.1\r\nHoSt: 127.0.0.1\r\nX-Odd:  two  spaces \r\nTransfer-Encoding: chunked\r\n\r\n" +
                   b"".join(chunks(body, [rng.randint(1, 40) for _ in range(4)])))
    if rng.random() < 0.5:
        answer = events(texts, usage, line=rng.choice(["\n", "\r\n", "\r"]))
        most = rng.choice([1, 7, 100])
        pieces = [STREAM] + (chunks(answer, [1] * min(len(answer), 300)) if rng.random() < 0.3 else chunks(answer, [rng.randint(1, 99)] * 9))
        return request, cut(b"".join(pieces), rng, most * 20) if most > 1 else pieces, usage, True
    answer = chat("".join(texts), usage)
    if rng.random() < 0.4:
        return request, [whole(gzip.compress(answer), headers=["Content-Encoding: gzip"])], usage, False
    return request, cut(whole(answer, headers=["X-RateLimit-Limit: 5", "x-a:b"]), rng, rng.choice([5000, 50])), usage, False


def large_exchange(number):
    text, usage = "é" * (LARGE // 2), {**usage_of(2 * 10**6 + number, 9), "large": True}
    return post(json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}, ensure_ascii=False).encode()), [
        whole(json.dumps({**json.loads(chat()), "text": text, "usage": usage}, ensure_ascii=False).encode())], usage, False


def test_bytes_and_figures(proxied):
    rng = random.Random(19)
    planned, answers = [], queue.Queue()
    proxy, upstream = proxied(lambda head, body: answers.get(timeout=60))
    with proxy.connect() as connection, connection.makefile("rb") as file:
        for number in range(1, EXCHANGES + 1):
            request, pieces, *told = exchange(rng) if number % LARGE_EVERY else large_exchange(number)
            planned.append(told)
            answers.put(pieces)
            for piece in cut(request, rng, 4000) if len(request) < LARGE else [request]:
                connection.sendall(piece)
            head = read_head(file)
            assert head + read_body(file, head) == b"".join(pieces)
            got_head, got_body = upstream.requests.get(timeout=60)
            asked_head, _, asked_body = request.partition(b"\r\n\r\n")
            assert got_body == asked_body
            assert got_head == asked_head.replace(b"127.0.0.1", b"127.0.0.1:%d" % upstream.port, 1) + b"\r\n\r\n"
    # Of a body that comes faster than it is read, nothing is known, and that is counted.
    unread = re.search("([0-9,]+) answers could not be read", proxy.stop())
    recorded = {line["value"] for line in proxy.samples("prompt_token_count")}
    missed = [usage for usage, _ in planned if usage and usage.get("large") and usage["prompt_tokens"] not in recorded]
    assert len(missed) == (int(unread[1]) if unread else 0)
    told = [usage for usage, _ in planned if usage and usage not in missed]
    assert [line["value"] for line in proxy.samples("prompt_token_count")] == [usage["prompt_tokens"] for usage in told]
    assert [line["value"] for line in proxy.samples("completion_token_count")] == [usage["completion_tokens"] for usage in told]
    assert len(proxy.samples("cached_token_count")) == sum("prompt_tokens_details" in usage for usage in told)
    calls = proxy.samples("success_rate")
    assert [line["value"] for line in calls] == [1.0] * len(planned)
    assert [line["streamed"] for line in calls] == [streamed for _, streamed in planned]
    assert len(proxy.samples("time_to_first_token")) == sum(streamed for _, streamed in planned)


def test_interim_answers_and_trailers_pass(proxied):
    answer = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + STREAM + b"3;x=y\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n"
    proxy, upstream = proxied(lambda head, body: [answer])
    with proxy.connect() as connection, connection.makefile("rb") as file:
        connection.sendall(post(b"{}", headers=["Expect: 100-continue"])[:-2])
        assert read_head(file) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert file.read(len(answer)) == answer
    head, body = upstream.requests.get(timeout=60)
    assert header(head, b"expect") == b"100-continue" and body == b"{}"


def test_large_bodies_are_not_kept(proxied):
    size = (4 if SHORT else 48) << 20
    block = bytes(range(256)) * 256
    proxy, upstream = proxied(lambda head, body: [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size] + [block] * (size // len(block)))
    with proxy.connect() as connection, connection.makefile("rb") as file:
        connection.sendall(b"POST /x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // len(block)):
            connection.sendall(block)
        _, body = upstream.requests.get(timeout=60)
        assert body == block * (size // len(block))
        head = read_head(file)
        assert int(header(head, b"content-length")) == size
        for _ in range(size // len(block)):
            assert file.read(len(block)) == block
    if not SHORT:
        with open(f"/proc/{proxy.process.pid}/status", encoding="ascii") as status:
            most_kb = int(next(line for line in status if line.startswith("VmHWM")).split()[1])
        assert most_kb < 40_000


def test_tls_is_checked(tmp_path):
    for name, san in (("good", "IP:127.0.0.1"), ("other", "DNS:other.example")):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test", "-addext",
                        f"subjectAltName={san}", "-keyout", tmp_path / f"{name}.key", "-out", tmp_path / f"{name}.pem"],
                       check=True, capture_output=True)
    large = chat("x" * 300_000, usage_of(1, 2))
    for name, trusted, status in (("good", "good", b"200"), ("good", "other", b"502"), ("other", "other", b"502")):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(tmp_path / f"{name}.pem", tmp_path / f"{name}.key")
        upstream = Upstream(lambda head, body: [whole(large)], tls)
        proxy = Proxy(tmp_path / f"{name}-{trusted}", [f"https://127.0.0.1:{upstream.port}"], SSL_CERT_FILE=str(tmp_path / f"{trusted}.pem"),
                      SSL_CERT_DIR="/nonexistent")
        for _ in range(2):
            head, body = proxy.ask(post(b'{"a": "' + b"y" * 200_000 + b'"}'))
            assert head.startswith(b"HTTP/1.1 %s " % status), body[:300]
            assert body == large if status == b"200" else b"certificate is not trusted" in body
        proxy.stop()
        assert sum(line["value"] for line in proxy.samples("success_rate")) == (2 if status == b"200" else 0)
        upstream.close()


# ---- What is refused ------------------------------------------------------------------------------------------------

HOST = b"Host: 127.0.0.1\r\n"
REFUSED = {
    "length and coding": (b"POST /v1/x HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    "two lengths": (b"POST /v1/x HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\n", 400),
    "a list of lengths": (b"POST /v1/x HTTP/1.1\r\n" + HOST + b"Content-Length: 3, 3\r\n\r\n", 400),
    "a signed length": (b"POST /v1/x HTTP/1.1\r\n" + HOST + b"Content-Length: +3\r\n\r\n", 400),
    "another coding": (b"POST /v1/x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 400),
    "coding in 1.0": (b"POST /v1/x HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n", 400),
    "a folded line": (b"POST /v1/x HTTP/1.1\r\n" + HOST + b"A: b\r\n c\r\n\r\n", 400),
    "space before the colon": (b"POST /v1/x HTTP/1.1\r\n" + HOST + b"Content-Length : 3\r\n\r\n", 400),
    "a bare line feed": (b"POST /v1/x HTTP/1.1\n" + HOST + b"\r\n", 400),
    "a bare line feed later": (b"POST /v1/x HTTP/1.1\r\nHost: 127.0.0.1\nA: b\r\n\r\n", 400),
    "a control character": (b"POST /v1/x HTTP/1.1\r\n" + HOST + b"A: b\x00c\r\n\r\n", 400),
    "no host": (b"POST /v1/x HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"POST /v1/x HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
    "another host": (b"POST /v1/x HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403),
    "a chunk without a size": (b"POST /v1/x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n\r\n", 400),
    "a chunk that is too long": (b"POST /v1/x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", 400),
    "a huge chunk": (b"POST /v1/x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", 400),
    "a chunk size with 0x": (b"POST /v1/x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n", 400),
    "no path": (b"GET http://127.0.0.1/ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a tunnel": (b"CONNECT a:1 HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    "another version": (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 505),
    "another protocol": (b"GET / HTTP/1.1\r\n" + HOST + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n", 501),
    "a large head": (b"GET / HTTP/1.1\r\n" + HOST + b"A: " + b"x" * 70000 + b"\r\n\r\n", 431),
    "many fields": (b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n" * 201 + b"\r\n", 431),
    "garbage": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
}


def test_what_is_not_clear_is_refused(proxied):
    proxy, upstream = proxied(lambda head, body: [whole(b"{}")])
    for name, (request, status) in REFUSED.items():
        head, body = proxy.ask(request)
        assert head.startswith(b"HTTP/1.1 %d " % status), (name, head)
        assert json.loads(body)["error"]["message"], name
    with proxy.connect() as connection:  # more than one request at a time
        connection.sendall(post(b"{}") + post(b"{}"))
        got = b""
        while part := connection.recv(65536):
            got += part
    assert got.count(b"HTTP/1.1 ") == 2 and b"HTTP/1.1 400 " in got
    while not upstream.requests.empty():  # chunks are passed as they come: what was well-formed may have gone on
        head, _ = upstream.requests.get()
        assert head.startswith(b"POST /v1/chat/completions")
    assert proxy.ask(post(b"{}"))[0].startswith(b"HTTP/1.1 200 ")


def test_beyond_this_machine_a_token_is_asked_for(proxied, command):
    refused = command("proxy", "--listen", "0.0.0.0:0", "--upstream", "http://127.0.0.1:1")
    assert refused.returncode == 2 and "token" in refused.stderr
    proxy, upstream = proxied(lambda head, body: [whole(b"{}")], "--token-env", "THE_TOKEN", THE_TOKEN="a-token")
    assert proxy.ask(post(b"{}"))[0].startswith(b"HTTP/1.1 401 ")
    assert proxy.ask(post(b"{}", headers=["X-AFMON-Token: a-tokem"]))[0].startswith(b"HTTP/1.1 401 ")
    assert proxy.ask(post(b"{}", headers=["X-AFMON-Token: a-token"]))[0].startswith(b"HTTP/1.1 200 ")
    head, _ = upstream.requests.get(timeout=60)
    assert header(head, b"x-afmon-token") is None


# ---- Gemini and Ollama ----------------------------------------------------------------------------------------------


def gemini(text, usage, finish=None):
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0, **({"finishReason": finish} if finish else {})}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "g-1"}


def test_gemini_and_ollama(proxied):
    early, late = {"promptTokenCount": 11, "totalTokenCount": 11}, {
        "promptTokenCount": 11, "candidatesTokenCount": 3, "thoughtsTokenCount": 5, "cachedContentTokenCount": 4, "totalTokenCount": 19}
    parts = [gemini("a", early)] * 20 + [gemini("b", late, "STOP")]
    array = ("[" + "\n,\n".join(map(json.dumps, parts)) + "\n]").encode()
    of_ollama = [{"model": "l", "message": {"role": "assistant", "content": "é{"}, "done": False}] * 20 + [
        {"model": "l", "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop", "prompt_eval_count": 11,
         "eval_count": 8}]
    lines = "".join(json.dumps(part, ensure_ascii=False) + "\n" for part in of_ollama).encode()
    as_array = STREAM.replace(b"text/event-stream", b"application/json; charset=UTF-8")
    as_lines = STREAM.replace(b"text/event-stream", b"application/x-ndjson")
    events_of = "".join(f"data: {json.dumps(part)}\r\n\r\n" for part in parts).encode()
    generate, stream, chat_path = "/v1beta/models/asked:generateContent", "/v1beta/models/asked:streamGenerateContent", "/api/chat"
    calls = [  # path, answer, whether it succeeds, whether it is a stream, its tokens
        (generate, [whole(json.dumps(gemini("a", late, "STOP")).encode())], 1, False, 19),
        (stream + "?alt=sse", [STREAM, *chunks(events_of, [9] * 30)], 1, True, 19),
        (stream + f"?key={KEY}", [as_array, *chunks(array, [1] * 300)], 1, True, 19),
        (stream, [as_array, *chunks(array[:-200], [99])], 0, True, 11),
        (stream, [whole(b'[{"error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED"}}]', "429 Slow")], 0, True, 0),
        ("/v1beta/models/asked:embedContent", [whole(b'{"embedding": {"values": [1, 2]}}')], 1, False, 0),
        (chat_path, [as_lines, *chunks(lines, [1] * 300)], 1, True, 19),
        (chat_path, [as_lines, *chunks(lines[:-90], [99])], 0, True, 0),
        (chat_path, [as_lines, *chunks(lines[:lines.rindex(b'{"model"')] + b'{"error": "out of memory"}\n', [99])], 0, True, 0),
        ("/api/generate", [whole(b'{"model": "l", "response": "x", "done": true, "prompt_eval_count": 11, "eval_count": 8}')], 1, False, 19),
        ("/api/embed", [whole(b'{"model": "l", "embeddings": [[1.5]], "prompt_eval_count": 19}')], 1, False, 0)]
    waiting = collections.deque(calls)
    proxy, _ = proxied(lambda head, body: waiting.popleft()[1])
    for number, (path, pieces, *_) in enumerate(calls):
        asked = {"n": number} if "models" in path else {"model": "l", "n": number}
        head, body = proxy.ask(post(json.dumps(asked).encode(), path))
        assert head + body == b"".join(pieces), path
    proxy.stop()
    recorded = proxy.samples("success_rate")
    assert [line["value"] for line in recorded] == [success for _, _, success, _, _ in calls]
    assert [line["streamed"] for line in recorded] == [streamed for _, _, _, streamed, _ in calls]
    assert [line["operation"] for line in recorded] == ["generate_content"] * 5 + ["embed_content"] + ["chat"] * 3 + ["generate", "embed"]
    assert [line["model_name"] for line in recorded] == ["g-1"] * 4 + ["asked"] * 2 + ["l"] * 5
    assert [line["value"] for line in proxy.samples("total_token_count")] == [tokens for *_, tokens in calls if tokens]
    assert [line["value"] for line in proxy.samples("reasoning_token_count")] == [5] * 3
    assert [line["value"] for line in proxy.samples("cached_token_count")] == [4] * 3
    assert [line["value"] for line in proxy.samples("prompt_token_count")] == [11] * 6 + [19]
    assert len(proxy.samples("time_to_first_token")) == 6
    assert [kind for kind, _ in errors_of(proxy)] == ["cut", "RateLimitError", "cut", "APIError"]


# ---- What became of calls -------------------------------------------------------------------------------------------


def errors_of(proxy):
    with open(proxy.folder / "afterimage.log", encoding="utf-8") as lines:
        records = [json.loads(line.split(" - ", 1)[1]) for line in lines]
    calls = [record["data"] for record in records if record["message"] == "Generation metrics"]
    return [(call["error_type"], call["error"]) for call in calls if not call["success"]]


def test_a_cut_stream_is_a_failure(proxied):
    answers = collections.deque([
        [STREAM, *chunks(events(["a", "b"], done=False)[:-30], [9])],  # ends in order, and never says so
        [b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + events(["a"], done=False)[:40], None],
        [b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + events(["a"], usage_of(1, 2)), None],
        [STREAM + b"5\r\nab", None],
        [whole(chat())[:-5], 0],
        [None],
    ])
    proxy, _ = proxied(lambda head, body: answers.popleft())
    for number in range(6):
        with proxy.connect() as connection:
            connection.sendall(post(json.dumps({"model": "m", "n": number}).encode()))
            with contextlib.suppress(ConnectionResetError):
                got = b""
                while part := connection.recv(65536):
                    got += part
                    if got.endswith(b"0\r\n\r\n"):
                        break
            if number == 5:
                assert got.startswith(b"HTTP/1.1 502 ")
    out = proxy.stop()
    assert [line["value"] for line in proxy.samples("success_rate")] == [0, 0, 1, 0, 0, 0], out
    assert [kind for kind, _ in errors_of(proxy)] == ["cut"] * 4 + ["APIConnectionError"]


def test_errors_and_keys(proxied):
    body = json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}.", "type": "invalid_request_error"}}).encode()
    proxy, _ = proxied(lambda head, _: [whole(body, "401 Unauthorized")])
    assert proxy.ask(post(b'{"model": "m"}'))[1] == body
    proxy.stop()
    assert errors_of(proxy) == [("AuthenticationError", "Error code: 401 - Incorrect API key provided: [key].")]
    for path in proxy.folder.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path


def test_attempts_are_told_from_calls(proxied):
    answers = collections.deque()
    proxy, _ = proxied(lambda head, body: [answers.popleft()])
    busy, good = whole(b'{"error": {"message": "slow down"}}', "429 Too Many Requests"), whole(chat(usage=usage_of(1, 1)))
    with proxy.connect() as connection, connection.makefile("rb") as file:
        def ask(answer, body, *headers):
            answers.append(answer)
            connection.sendall(post(body, headers=headers))
            read_body(file, read_head(file))

        ask(busy, b'{"a": 1}')
        ask(busy, b'{"a": 1}')  # the same after a failure
        ask(good, b'{"a": 1}')
        ask(good, b'{"a": 1}')  # the same after a success: another call
        ask(busy, b'{"a": 2}')
        ask(good, b'{"a": 3}')  # another body
        ask(good, b'{"a": 4}', "x-stainless-retry-count: 2")
        ask(busy, b'{"a": 5}', "x-stainless-retry-count: 0")
        ask(good, b'{"a": 5}', "x-stainless-retry-count: 0")  # the SDK knows
    out = proxy.stop()
    assert [line.get("attempt", 1) for line in proxy.samples("success_rate")] == [1, 2, 3, 1, 1, 1, 3, 1, 1]
    assert "6 operations in 9 requests" in out
    assert len(proxy.samples("proxy_backoff_time")) == 2


def test_names_from_headers_go_no_further(proxied):
    proxy, upstream = proxied(lambda head, body: [whole(chat())])
    proxy.ask(post(b'{"model": "asked"}', headers=["x-afmon-item: row-7", "X-AFMON-OPERATION: draft"]))
    head, _ = upstream.requests.get(timeout=60)
    assert b"afmon" not in head.lower()
    proxy.stop()
    line, = proxy.samples("generation_time")
    assert (line["item_id"], line["operation"], line["model_name"]) == ("row-7", "draft", "m")
    assert not proxy.samples("prompt_token_count")  # not said is not zero


ANTHROPIC = [
    {"type": "message_start", "message": {"model": "claude", "usage": {"input_tokens": 5, "cache_read_input_tokens": 100,
                                                                        "cache_creation_input_tokens": 20, "output_tokens": 1}}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 42}},
    {"type": "message_stop"},
]


def test_interfaces_are_read(proxied):
    stream = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in ANTHROPIC).encode()
    responses = {"type": "response.completed", "response": {"model": "gpt", "status": "completed", "usage": {
        "input_tokens": 11, "input_tokens_details": {"cached_tokens": 4}, "output_tokens": 7,
        "output_tokens_details": {"reasoning_tokens": 3}, "total_tokens": 18}}}
    answers = {
        b"/v1/messages": [STREAM, *chunks(stream, [1] * 50)],
        b"/v1/responses": [STREAM, *chunks(b"data: " + json.dumps(responses).encode() + b"\n\n", [])],
        b"/v1/embeddings": [whole(json.dumps({"model": "e", "data": [{"embedding": [0.5] * 9000}] * 20,
                                              "usage": {"prompt_tokens": 9, "total_tokens": 9}}).encode())],
        b"/v1/completions": [whole(json.dumps({"model": "c", "choices": [{"text": "x", "finish_reason": "length"}],
                                               "usage": usage_of(2, 3)}).encode())],
        b"/v1/models": [whole(b'{"data": []}')],
    }
    proxy, _ = proxied(lambda head, body: answers[head.split()[1]])
    for path in answers:
        proxy.ask(post(b"{}", path.decode()))
    out = proxy.stop()

    def of(metric):
        return {line["operation"]: line["value"] for line in proxy.samples(metric)}

    assert of("success_rate") == dict.fromkeys(["messages", "responses", "embeddings", "completions"], 1.0)
    assert of("prompt_token_count") == {"messages": 125, "responses": 11, "embeddings": 9, "completions": 2}
    assert of("completion_token_count") == {"messages": 42, "responses": 7, "completions": 3}
    assert of("cached_token_count") == {"messages": 100, "responses": 4}
    assert of("cache_write_token_count") == {"messages": 20}
    assert of("reasoning_token_count") == {"responses": 3}
    assert {line["metric"] for metric in ("end_turn", "length") for line in proxy.samples(f"finish_reason:{metric}")} == {
        "finish_reason:end_turn", "finish_reason:length"}
    assert len(proxy.samples("proxy_other_time")) == 1 and "1 requests were of interfaces that are not read" in out


# ---- Who goes away --------------------------------------------------------------------------------------------------


def test_a_client_that_goes_ends_its_call(proxied):
    release = threading.Event()
    proxy, upstream = proxied(lambda head, body: [STREAM + chunks(events(["a"]), [])[0][:9], release] + [b"x" * 65536] * 200)
    with proxy.connect() as connection:
        connection.sendall(post(b"{}"))
        assert connection.recv(10)
    time.sleep(0.2)
    release.set()
    assert upstream.gone.wait(60)
    proxy.stop()
    assert [kind for kind, _ in errors_of(proxy)] == ["ClientDisconnected"]


def test_it_drains(proxied):
    release = threading.Event()
    proxy, _ = proxied(lambda head, body: [release, whole(chat())])
    with proxy.connect() as connection, connection.makefile("rb") as file:
        connection.sendall(post(b"{}"))
        time.sleep(0.2)
        proxy.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:  # no new ones, while that one goes on
            try:
                proxy.connect().close()
            except ConnectionRefusedError:
                break
            except ConnectionResetError:  # it waited to be taken when listening ended
                continue
        release.set()
        head = read_head(file)
        assert head.startswith(b"HTTP/1.1 200 ") and header(head, b"connection") == b"close"
        assert read_body(file, head) == chat()
    out, err = proxy.process.communicate(timeout=60)
    assert proxy.process.returncode == 0 and "1 operations in 1 requests" in out + err


# ---- afmon run ------------------------------------------------------------------------------------------------------

CLIENT = """
import json, os, sys, urllib.request
for variable, path in (("OPENAI_BASE_URL", "/chat/completions"), ("OPENAI_API_BASE", "/chat/completions"),
                       ("ANTHROPIC_BASE_URL", "/v1/messages"), ("GOOGLE_GEMINI_BASE_URL", "/v1beta/models/g:generateContent?key=%s"),
                       ("OLLAMA_HOST", "/api/chat")):
    request = urllib.request.Request(os.environ[variable] + path, json.dumps({"model": "m"}).encode(), {"x-api-key": "%s"})
    assert urllib.request.urlopen(request, timeout=60).status == 200
sys.exit(7)
""" % (KEY, KEY)


@pytest.mark.parametrize("how", ["option", "variables"])
def test_a_command_and_its_exit_status(command, tmp_path, how):
    upstream = Upstream(lambda head, body: [whole(chat(usage=usage_of(3, 4)))])
    url = f"http://127.0.0.1:{upstream.port}"
    words = ["--upstream", url + "/v1"] if how == "option" else []
    own = {} if how == "option" else {
        "OPENAI_BASE_URL": url + "/v1", "ANTHROPIC_BASE_URL": url, "GEMINI_API_BASE": url, "OLLAMA_HOST": f"0.0.0.0:{upstream.port}"}
    done = command("run", *words, "--log-dir", "run", "--", sys.executable, "-c", CLIENT, http_proxy="http://127.0.0.1:9", **own)
    assert done.returncode == 7, done.stderr
    assert "5 operations in 5 requests" in done.stderr and done.stdout == ""
    paths = [upstream.requests.get(timeout=60)[0].split()[1].decode() for _ in range(5)]
    assert paths == ["/v1/chat/completions", "/v1/chat/completions", "/v1/messages", f"/v1beta/models/g:generateContent?key={KEY}",
                     "/api/chat"]
    for file in (tmp_path / "run").rglob("*"):
        assert file.is_dir() or KEY.encode() not in file.read_bytes(), file
    upstream.close()


def test_commands_that_make_no_call(command):
    done = command("run", "--", "sh", "-c", "kill -9 $$")
    assert done.returncode == 128 + 9 and "made no call" in done.stderr
    assert command("run", "--", "no-such-command").returncode == 127
    for words in (["run"], ["run", "true"], ["run", "--"], ["run", "--upstream", "ftp://a", "--", "true"], ["proxy"]):
        done = command(*words)
        assert done.returncode == 2 and done.stderr, words


def test_signals_are_handed_on(tmp_path):
    script = "trap 'echo got; exit 5' TERM; echo ready; while :; do sleep 0.05; done"
    with subprocess.Popen([COMMAND, "run", "--log-dir", str(tmp_path / "run"), "--", "sh", "-c", script], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
    assert out == "got\n" and process.returncode == 5


def test_a_monitor_in_the_command_and_the_proxy_name_each_other(command, tmp_path):
    upstream = Upstream(lambda head, body: [whole(chat(usage=usage_of(3, 4)))])
    (tmp_path / "prompt").write_text("Help.")
    (tmp_path / "topics").write_text("a\n")
    words = [COMMAND, "generate", "conversations", "--base-url", f"http://127.0.0.1:{upstream.port}/v1", "--model", "m", "--log-dir", "inner",
             "--respondent-prompt-file", "prompt", "--correspondent-prompt-file", "prompt", "--conversations", "1", "--output", "data.jsonl"]
    done = command("run", "--log-dir", "outer", "--", *words)
    assert done.returncode == 0, done.stderr
    upstream.close()

    def data_of(folder, message):
        with open(tmp_path / folder / "afterimage.log", encoding="utf-8") as lines:
            return [record for record in (json.loads(line.split(" - ", 1)[1]) for line in lines) if record["message"] == message]

    inner, outer = str((tmp_path / "inner").resolve()), str((tmp_path / "outer").resolve())
    assert [record["proxy_run"] for record in data_of("inner", "Run record")] == [outer]
    assert [record["proxy_run"] for record in data_of("outer", "Run record")] == [None]
    assert [record["monitor_run"] for record in data_of("outer", "A monitor in the command recorded the same calls")] == [inner]
    assert f"recorded the same calls into {inner}" in done.stderr
