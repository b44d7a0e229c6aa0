"""An OpenAI-compatible server for tests, scripted: a function of the request decides about each answer."""

import http.server
import json
import socket
import ssl
import threading
import time

MODEL = "test-model"


def completion(text="Water it once a week.", model=MODEL, finish="stop", usage=(21, 7), **more):
    """The body of a chat completion. usage None leaves the token counts out."""
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}],
        **more,
    }
    if usage is not None:
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    return body


class Answer:
    """What the server does with one request: status, body (dict, str or bytes), headers (None: not that one), delay in
    seconds. raw: these bytes are the whole answer, behind which the connection is closed."""

    def __init__(self, body=None, status=200, headers=None, delay=0.0, drop=False, raw=None):
        self.body = completion() if body is None else body
        self.status = status
        self.headers = headers or {}
        self.delay = delay
        self.drop = drop
        self.raw = raw

    def content(self):
        if isinstance(self.body, dict):
            return json.dumps(self.body).encode()
        return self.body.encode() if isinstance(self.body, str) else self.body


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        owner = self.server.owner
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        answer = owner.take(self.path, dict(self.headers), json.loads(raw))
        owner.closing.wait(answer.delay)
        if answer.drop or owner.closing.is_set():
            self.close_connection = True
            self.connection.close()
            return
        content = answer.content()
        headers = {"Content-Length": str(len(content)), "Content-Type": "application/json", **answer.headers}
        try:
            if answer.raw is not None:
                self.close_connection = True
                self.wfile.write(answer.raw)
                return
            self.send_response(answer.status)
            for name, value in headers.items():
                if value is not None:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            self.close_connection = True

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        pass


class UnixServer(Server):
    address_family = socket.AF_UNIX

    def server_bind(self):
        self.socket.bind(self.server_address)


class ChatServer:
    """with ChatServer(script) as server: ... server.url, server.requests. script(request, number) returns an Answer;
    request has path, headers, body, and at (monotonic seconds). certificate: a pair of files, for TLS; path: of a unix
    socket, in place of a port."""

    def __init__(self, script=lambda request, number: Answer(), *, certificate=None, path=None):
        self.script = script
        self.requests = []
        self.closing = threading.Event()
        self.lock = threading.Lock()
        self.httpd = UnixServer(str(path), Handler) if path else Server(("127.0.0.1", 0), Handler)
        self.httpd.owner = self
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.httpd.socket = context.wrap_socket(self.httpd.socket, server_side=True)
        host = "localhost" if path else f"127.0.0.1:{self.httpd.server_address[1]}"
        self.url = f"{'https' if certificate else 'http'}://{host}/v1"

    def take(self, path, headers, body):
        request = {"path": path, "headers": headers, "body": body, "at": time.monotonic()}
        with self.lock:
            number = len(self.requests)
            self.requests.append(request)
        return self.script(request, number)

    def wait_for(self, count, timeout=20):
        """Waits until so many requests have come in."""
        end = time.monotonic() + timeout
        while len(self.requests) < count:
            assert time.monotonic() < end, f"only {len(self.requests)} of {count} requests came"
            time.sleep(0.005)

    def __enter__(self):
        threading.Thread(target=self.httpd.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.closing.set()
        self.httpd.shutdown()
        self.httpd.server_close()
