"""A running `afmon serve`, for the tests."""
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

COMMAND = os.environ.get("AFMON", str(pathlib.Path(__file__).resolve().parents[2] / "build" / "cli" / "afmon"))
PATIENCE_S = 60


class Served:
    def __init__(self, process, port):
        self.process = process
        self.port = port

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path, method="GET", data=None, **headers):
        """Status, headers and body."""
        request = urllib.request.Request(self.url + path, method=method, data=data,
                                         headers={name.replace("_", "-"): value for name, value in headers.items()})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def json(self, path, **headers):
        status, _, body = self.ask(path, **headers)
        assert status == 200, body
        return json.loads(body)

    def raw(self, data):
        """All that comes back for some bytes, until the server closes."""
        with self.connect() as client:
            client.sendall(data)
            answer = b""
            with contextlib.suppress(ConnectionResetError):
                while part := client.recv(65536):
                    answer += part
            return answer

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)

    def until(self, path, right):
        """Asks until the answer is right."""
        end = time.monotonic() + PATIENCE_S
        while True:
            status, _, body = self.ask(path)
            if status == 200 and right(json.loads(body)):
                return json.loads(body)
            assert time.monotonic() < end, body
            time.sleep(0.1)

    def the_run(self, name="run"):
        """The run of that name, once it has been read."""
        listed = self.until("/api/v1/runs", lambda a: any(r["name"] == name and r["loaded"] == 1 for r in a["runs"]))
        return next(run["id"] for run in listed["runs"] if run["name"] == name)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE_S)


@contextlib.contextmanager
def serve(*words, port=0, before=(), **environment):
    """before: words in front of the command."""
    with subprocess.Popen([*before, COMMAND, "serve", *map(str, words), "--listen", f"127.0.0.1:{port}"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, env={**os.environ, "TZ": "UTC", **environment}) as process:
        line = process.stdout.readline()
        assert line.startswith("Serving on http://127.0.0.1:"), line + process.stderr.read()
        try:
            yield Served(process, int(line.split()[2].rsplit(":", 1)[1]))
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_S)
