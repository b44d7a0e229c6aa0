"""A chat server whose log says what each call of a run was: answers, failures, hang-ups, streams with and without usage."""
import http.server
import json
import re
import threading
import time

MODEL = "test-model"
PROMPT, COMPLETION = 21, 7
FIRST_TOKEN_S = 0.02
CALLS = 500

# Of a call its attempts; which, tells its number. "ok" ends it, and so does what no client tries again.
PLANS = (("ok",), ("ok",), (429, "ok"), (500, "ok"), ("hang up", "ok"), (429, 500, "ok"), (400,), (500, 500, 500), ("ok",), ("hang up",) * 3)
RETRIES = 2


def plan(number):
    return PLANS[number % len(PLANS)]


def is_streamed(number):
    return number // len(PLANS) % 2 == 1


def has_usage(number):
    """Of a stream: whether it ends with the tokens."""
    return number // len(PLANS) % 4 == 1


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        number = int(re.search(r"call (\d+)", str(body["messages"][-1]["content"]))[1])
        entry, outcome = self.server.owner.take(number, body)
        if outcome == "hang up":
            self.close_connection = True
            self.connection.close()
        elif outcome != "ok":
            self.answer(outcome, {"error": {"message": f"status {outcome}", "type": "scripted"}})
        elif body.get("stream"):
            self.stream(entry, (body.get("stream_options") or {}).get("include_usage", False))
        else:
            entry["tokens"] = PROMPT + COMPLETION
            self.answer(200, {"id": "1", "object": "chat.completion", "created": 1, "model": MODEL, "usage": usage(), "choices": [
                {"index": 0, "message": {"role": "assistant", "content": "Once a week."}, "finish_reason": "stop"}]})

    def answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("retry-after-ms", "1")
        self.end_headers()
        self.wfile.write(content)

    def stream(self, entry, with_usage):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.chunk({"role": "assistant", "content": ""})
        time.sleep(FIRST_TOKEN_S)
        entry["first_token"] = time.perf_counter() - entry["began"]
        for word in ("Once", " a", " week."):
            self.chunk({"content": word})
        self.chunk({}, finish_reason="stop")
        if with_usage:
            entry["tokens"] = PROMPT + COMPLETION
            self.event({**event([]), "usage": usage()})
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def chunk(self, delta, finish_reason=None):
        self.event(event([{"index": 0, "delta": delta, "finish_reason": finish_reason}]))

    def event(self, data):
        self.wfile.write(b"data: " + json.dumps(data).encode() + b"\n\n")
        self.wfile.flush()

    def log_message(self, *_):
        pass


def usage():
    return {"prompt_tokens": PROMPT, "completion_tokens": COMPLETION, "total_tokens": PROMPT + COMPLETION}


def event(choices):
    return {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": MODEL, "choices": choices}


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        pass


class Scripted:
    """with Scripted() as server: ... server.url, server.log: of each request its call's number, outcome, tokens that the
    client was told, and first_token, seconds since the first request of the call."""

    def __init__(self):
        self.log = []
        self.began = {}
        self.lock = threading.Lock()
        self.httpd = Server(("127.0.0.1", 0), Handler)
        self.httpd.owner = self
        self.url = f"http://127.0.0.1:{self.httpd.server_address[1]}/v1"

    def take(self, number, body):
        with self.lock:
            attempt = sum(entry["number"] == number for entry in self.log)
            outcome = plan(number)[min(attempt, len(plan(number)) - 1)]
            began = self.began.setdefault(number, time.perf_counter())
            entry = {"number": number, "outcome": outcome, "tokens": 0, "first_token": None, "began": began}
            self.log.append(entry)
        return entry, outcome

    def __enter__(self):
        threading.Thread(target=self.httpd.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.httpd.shutdown()
        self.httpd.server_close()
