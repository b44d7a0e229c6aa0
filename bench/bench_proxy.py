#!/usr/bin/env python3
"""bench_proxy.py BUILD FOLDER: what `afmon proxy` adds to a call, beside nginx, with the same upstream, calls in turns."""
import asyncio
import contextlib
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

ROUNDS, CALLS, STREAMS = 9, 1000, 1000
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "How often should I water a cactus? " * 20}]}).encode()
ANSWER = {"id": "1", "object": "chat.completion", "model": "m", "usage": {"prompt_tokens": 160, "completion_tokens": 200, "total_tokens": 360},
          "choices": [{"index": 0, "message": {"role": "assistant", "content": "Once a week. " * 80}, "finish_reason": "stop"}]}
UPSTREAM = """
daemon off; worker_processes 1; pid {folder}/{name}.pid; error_log {folder}/{name}.err crit;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000; keepalive_timeout 600; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; {http} }}
"""
SERVER = "server {{ listen 127.0.0.1:{port}; default_type application/json; location / {{ {location} }} }}"
PASS = """proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; proxy_request_buffering off;"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def nginx(folder, name, http):
    (folder / f"{name}.conf").write_text(UPSTREAM.format(folder=folder, name=name, http=http), encoding="utf-8")
    return subprocess.Popen([shutil.which("nginx") or "/usr/sbin/nginx", "-e", f"{folder}/{name}.err", "-c", f"{folder}/{name}.conf"])


def connect(port):
    for _ in range(200):
        with contextlib.suppress(OSError):
            made = socket.create_connection(("127.0.0.1", port), timeout=30)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return made
        time.sleep(0.05)
    sys.exit(f"nobody listens on port {port}")


def request(port):
    return (f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(BODY)}\r\n\r\n").encode() + BODY


def ask(connection, asked):
    """Seconds until the whole answer is there."""
    begin = time.perf_counter()
    connection.sendall(asked)
    got = connection.recv(65536)
    while b"\r\n\r\n" not in got:
        got += connection.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    size = len(body)
    while size < length:
        size += len(connection.recv(65536))
    return time.perf_counter() - begin


def family(pid):
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *map(int, children)]


def processor_s(pid):
    """Of all threads, of a process and its children."""
    return sum(int((task / "schedstat").read_text(encoding="ascii").split()[0]) for each in family(pid)
               for task in pathlib.Path(f"/proc/{each}/task").iterdir()) / 1e9


def memory_mb(pid, field="VmRSS"):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def measure_calls(ports, pids):
    """Per round and target: the median and the 99th percentile, and processor time a request."""
    connections = {name: connect(port) for name, port in ports.items()}
    asked = {name: request(port) for name, port in ports.items()}
    rounds = []
    for turn in range(ROUNDS + 1):
        before = {name: processor_s(pid) for name, pid in pids.items()}
        times = {name: [] for name in ports}
        for _ in range(CALLS):
            for name in ports:
                times[name].append(ask(connections[name], asked[name]))
        time.sleep(0.1)  # what is read beside belongs to it
        spent = {name: (processor_s(pid) - before[name]) / CALLS for name, pid in pids.items()}
        if turn > 0:  # the first one warms up
            rounds.append({name: (statistics.median(times[name]), statistics.quantiles(times[name], n=100)[98], spent.get(name, 0))
                           for name in ports})
    return rounds


def report_calls(rounds):
    def median(of):
        return statistics.median(map(of, rounds))

    print(f"one call at a time, median of {ROUNDS} rounds of {CALLS} calls of each, in turns, in us")
    print("                 p50   added      p99   added   processor a request")
    for name in rounds[0]:
        p50, p99 = (median(lambda turn, i=i: turn[name][i]) * 1e6 for i in (0, 1))
        a50, a99 = (median(lambda turn, i=i: turn[name][i] - turn["direct"][i]) * 1e6 for i in (0, 1))
        print(f"  {name:10} {p50:8.0f}{a50:8.0f} {p99:8.0f}{a99:8.0f}{median(lambda turn: turn[name][2]) * 1e6:16.0f}")
    added = median(lambda turn: (turn["afmon"][0] - turn["direct"][0]) / max(turn["nginx"][0] - turn["direct"][0], 1e-9))
    spent = median(lambda turn: turn["afmon"][2] / max(turn["nginx"][2], 1e-9))
    print(f"  added p50, of nginx's: {added:.2f} (must: 2); processor: {spent:.2f} (must: 3)")


async def hold_streams(port_of, pids):
    """Opens streams through each, of which one event has come, and says what memory each process has then."""
    held = asyncio.Event()

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(len(BODY))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        event = b'data: {"model": "m", "choices": [{"index": 0, "delta": {"content": "a"}}]}\n\n'
        writer.write(b"%x\r\n%s\r\n" % (len(event), event))
        await held.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port_of["streams"], backlog=2048)
    for name in pids:
        before = memory_mb(pids[name])
        opened = []
        for _ in range(STREAMS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of[name])
            writer.write(request(port_of[name]))
            await reader.readuntil(b"\n\n")
            opened.append(writer)
        print(f"  {name}: {memory_mb(pids[name]):.1f} MB resident with {STREAMS} open streams, {before:.1f} MB before" +
              (" (must: 40)" if name == "afmon" else ""))
        for writer in opened:
            writer.close()
    held.set()
    server.close()


def main():
    build, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    answer = json.dumps(ANSWER)
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    ports = {name: free_port() for name in ("direct", "nginx", "streams", "nginx streams", "afmon", "afmon streams")}

    def passing(name, upstream, port):
        return f"upstream {name} {{ server 127.0.0.1:{ports[upstream]}; keepalive 64; keepalive_requests 1000000; }} " + \
            SERVER.format(port=ports[port], location=PASS.replace("//up", f"//{name}"))

    def afmon(name, upstream, port):
        return subprocess.Popen([build / "cli" / "afmon", "proxy", "--listen", f"127.0.0.1:{ports[port]}", "--upstream",
                                 f"http://127.0.0.1:{ports[upstream]}", "--log-dir", folder / name], stdout=subprocess.DEVNULL)

    started = [nginx(folder, "upstream", SERVER.format(port=ports["direct"], location=f"return 200 '{answer}';")),
               nginx(folder, "proxy", passing("up", "direct", "nginx") + passing("streams", "streams", "nginx streams")),
               afmon("run", "direct", "afmon"), afmon("streams", "streams", "afmon streams")]
    try:
        for name in ("direct", "nginx", "afmon", "nginx streams", "afmon streams"):
            connect(ports[name]).close()
        of_nginx, of_afmon = started[1].pid, started[2].pid
        time.sleep(1)
        print(f"idle: afmon {memory_mb(of_afmon):.1f} MB resident, {memory_mb(of_afmon, 'RssAnon'):.1f} MB of it its own (must: 10)")
        report_calls(measure_calls({name: ports[name] for name in ("direct", "nginx", "afmon")}, {"nginx": of_nginx, "afmon": of_afmon}))
        asyncio.run(hold_streams({"streams": ports["streams"], "nginx": ports["nginx streams"], "afmon": ports["afmon streams"]},
                                 {"nginx": family(of_nginx)[1], "afmon": started[3].pid}))
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            process.wait(60)


if __name__ == "__main__":
    if not (shutil.which("nginx") or os.access("/usr/sbin/nginx", os.X_OK)):
        print("not measured: it needs nginx (tools/setup --peers)")
    else:
        main()
