"""Receivers on loopback that answer as they are told, for what afmon sends on."""
import contextlib
import http.server
import json
import socket
import ssl
import struct
import subprocess
import threading
import time


class Receiver:
    """Takes POSTs. `answers` is a list of (status, headers), used up in order; then 200. "hang" answers nothing, "reset"
    ends the connection so."""

    def __init__(self, answers=(), certificate=None):
        self.bodies = []  # (path, headers, body, time)
        self.answers = list(answers)
        self.released = threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                answer = receiver.answers.pop(0) if receiver.answers else (200, {})
                receiver.bodies.append((self.path, dict(self.headers), body, time.monotonic(), answer))
                if answer == "hang":
                    receiver.released.wait(60)
                    return
                if answer == "reset":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.connection.close()
                    return
                status, headers = answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):  # a client that leaves is no news
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def taken(self, path=None):
        """Bodies that were answered with success."""
        return [json.loads(body) for at, _, body, _, answer in self.bodies
                if answer not in ("hang", "reset") and answer[0] == 200 and (path is None or at == path)]

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


@contextlib.contextmanager
def receivers():
    """A function that makes receivers, which are closed in the end."""
    made = []

    def make(*answers, **more):
        made.append(Receiver(answers, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


def make_certificate(folder, address="127.0.0.1"):
    """A self-signed certificate for an address: (certificate, key)."""
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = str(folder / "cert.pem"), str(folder / "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
                    "-days", "2", "-subj", f"/CN={address}", "-addext", f"subjectAltName=IP:{address}"],
                   check=True, capture_output=True)
    return certificate, key


class UdpReceiver:
    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.2)
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.packets = []
        self.going = True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while self.going:
            try:
                self.packets.append(self.socket.recv(65536))
            except TimeoutError:
                pass

    def lines(self):
        return [line for packet in self.packets for line in packet.decode().splitlines()]

    def close(self):
        time.sleep(0.3)
        self.going = False
        self.thread.join()
        self.socket.close()
