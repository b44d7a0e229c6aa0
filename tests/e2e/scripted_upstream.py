"""A server on loopback that answers, byte for byte, what the test laid out for a request, and keeps what it was sent."""
import queue
import socket
import struct
import threading


def read_head(file):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = file.readline()
        if not line:
            return None
        head += line
    return head


def header(head, name):
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.lower() == name.lower():
            return value.strip()
    return None


def read_body(file, head):
    """The body as it stands on the wire, chunk sizes and trailers included."""
    length = header(head, b"content-length")
    if length is not None:
        return file.read(int(length))
    if header(head, b"transfer-encoding") is None:
        return b""
    body = b""
    while True:
        line = file.readline()
        body += line
        size = int(line.split(b";")[0], 16)
        if size == 0:
            while line != b"\r\n":
                line = file.readline()
                body += line
            return body
        body += file.read(size + 2)


class Upstream:
    """answer(head, body) gives the pieces that are sent, one write each; a None among them closes the connection, a 0
    resets it, and a threading.Event is waited for."""

    def __init__(self, answer, tls=None):
        self.answer = answer
        self.tls = tls  # an ssl.SSLContext
        self.requests = queue.Queue()
        self.gone = threading.Event()  # a client went away before its answer had ended
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            connection = self.tls.wrap_socket(connection, server_side=True) if self.tls else connection
        except OSError:
            return  # its certificate was not trusted
        with connection, connection.makefile("rb") as file:
            try:
                while (head := read_head(file)) is not None:
                    if header(head, b"expect") is not None:
                        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                    body = read_body(file, head)
                    self.requests.put((head, body))
                    if not self.send(connection, self.answer(head, body)):
                        return
            except OSError:
                self.gone.set()

    @staticmethod
    def send(connection, pieces):
        for piece in pieces:
            if isinstance(piece, threading.Event):
                piece.wait(60)
            elif piece == 0:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            elif piece is None:
                return False
            else:
                connection.sendall(piece)
        return True

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)  # who waits in accept() holds on to it
        self.thread.join(60)
        self.socket.close()
