"""The dashboard's server: what it answers, and what it refuses."""
import json
import os
import pathlib
import re
import signal
import socket

import pytest

from served import serve

SHORT = os.environ.get("AFMON_TEST_SHORT") == "1"
TOKEN = "correct-horse-battery"


@pytest.fixture
def filled(run):
    for i in range(20):
        call = {"operation": "ask" if i % 2 else "answer", "component": "c"}
        run.add("success_rate", 0.0 if i % 4 == 0 else 1.0, at=i, **call)
        run.add("error_rate", 1.0 if i % 4 == 0 else 0.0, at=i, **call)
        run.add("generation_time", i / 10, at=i, **call)
        run.add("prompt_token_count", 10, at=i, model_name="m")
        run.add("evaluation_score_truth", 0.5, at=i)
    run.add("api_errors", 1.0, at=4, error_type="Timeout", operation="answer", component="c")
    run.add("finish_reason:stop", 1.0, at=3)
    run.add_text('2026-11-23 09:00:00,001 - {"message": "one", "n": 1, "level": "info"}\n'
                 '2026-11-23 09:00:00,002 - {"message": "two <b>", "level": "warning"}\n'
                 '2026-11-23 09:00:00,003 - {"message": "three", "level": "error"}\nno line\n', "afterimage.log")
    return run


def test_a_run(filled):
    with serve(filled) as served:
        run = served.json(f"/api/v1/runs/{served.the_run()}")
    summary = run["summary"]
    assert (run["state"], run["verdict"], run["items"], run["items_failed"]) == ("ended", "degraded", 0, 0)
    assert (summary["verdict"], summary["items"], summary["samples"]) == ("degraded", [], run["samples"])
    calls, latency = summary["calls"], summary["calls"]["latency_s"]
    assert (run["calls"], run["calls_failed"]) == (calls["count"], calls["failed"]) == (20, 5)
    assert latency["count"] == 20 and latency["p50"] == pytest.approx(0.95) and latency["quantile_error"] == 0
    tokens = ("prompt_tokens", "completion_tokens", "total_tokens")  # where no totals were recorded they are the sum
    assert [summary["tokens"][kind] for kind in tokens] == [200, 0, 200]
    assert [(m["model"], *(m[kind] for kind in tokens)) for m in summary["models"]] == [("m", 200, 0, 200)]
    assert ("ask", "c", 10, 0, 1.0) in [(o["operation"], o["component"], o["count"], o["failed"], o["duration_s"]["mean"])
                                        for o in summary["operations"]]
    assert run["loaded"] == 1 and run["plan"] is None and run["problem"] is None
    assert [(f["operation"], f["error_type"], f["count"], f["share"]) for f in summary["failures"]] == [
        ("answer", "", 4, 0.8), ("answer", "Timeout", 1, 0.2)]
    assert summary["finish_reasons"] == [{"reason": "stop", "count": 1, "share": 1.0}]
    assert [(alert["name"], alert["firing"], alert["resolved"]) for alert in summary["alerts"]] == [
        ("high_error_rate", True, None), ("low_success_rate", True, None)]
    assert all(any(alert["name"] in reason["text"] for reason in summary["reasons"]) for alert in summary["alerts"])
    charts = run["charts"]
    assert charts["count"] == len(charts["success"]) == len(charts["p99"]) == len(charts["scores"][0]["values"])
    step_s = charts["step_ms"] / 1000  # the last sample is at the very end: there is no time of which to tell a rate
    assert sum(x or 0 for x in charts["prompt"]) * step_s == pytest.approx(190)
    assert sum(x or 0 for x in charts["throughput"]) * step_s == pytest.approx(19)


def test_items_are_not_counted_among_the_calls_that_were_made_for_them(run):
    for i in range(60):
        for operation in ("ask", "answer", "conversation_generation") if i % 3 == 0 else ("ask", "answer"):
            failed = operation == "conversation_generation" and i % 2 == 0
            run.add("generation_time", 0.5, at=i, operation=operation)
            run.add("success_rate", 0.0 if failed else 1.0, at=i, operation=operation)
            run.add("prompt_token_count", 0 if operation == "conversation_generation" else 10, at=i, operation="ask")
            run.add("evaluation_time", 0.5, at=i, operation="judge")
    with serve(run) as served:
        shown = served.json(f"/api/v1/runs/{served.the_run()}")
    assert [shown[head] for head in ("items", "items_failed", "calls", "calls_failed")] == [20, 10, 120, 0]
    assert shown["summary"]["calls"]["count"] == 120 and shown["summary"]["evaluations"]["count"] == 140
    assert [(item["kind"], item["finished"], item["failed"]) for item in shown["summary"]["items"]] == [("conversation", 20, 10)]
    assert shown["lately"] == pytest.approx({"items_per_s": 20 / 59, "items_failed_per_s": 10 / 59, "calls_per_s": 120 / 59,
                                             "calls_failed_per_s": 0, "tokens_per_s": 1200 / 59}, rel=1e-5)


def test_the_log(filled):
    with serve(filled) as served:
        log = f"/api/v1/runs/{served.the_run()}/log"
        lines = served.json(log)["lines"]
        assert [line["message"] for line in lines] == ["no line", "three", "two <b>", "one"]
        assert lines[3] == {"time": "2026-11-23 09:00:00,001", "time_ms": 1795424400001, "level": "info", "message": "one",
                            "data": '{"n": 1}'}
        assert [line["level"] for line in served.json(log + "?level=warning")["lines"]] == ["error", "warning"]
        assert [line["message"] for line in served.json(log + "?text=thr")["lines"]] == ["three"]
        assert served.json(log + "?limit=1") == {"lines": lines[:1], "complete": False}
        assert served.ask(log + "?level=x")[0] == 400
        assert served.ask(log + "?limit=0")[0] == 400


def test_the_log_of_several_processes_is_merged(filled):
    filled.add_text('2026-11-23 09:00:00,000 - {"message": "zero", "level": "info"}\n'
                    '2026-11-23 09:00:00,002 - {"message": "Generation metrics", "success": true, "level": "info"}\n'
                    '2026-11-23 09:00:00,004 - {"message": "four", "level": "info"}\ntorn', "afterimage-7.log")
    with serve(filled) as served:
        log = f"/api/v1/runs/{served.the_run()}/log"
        assert [line["message"] for line in served.json(log)["lines"]] == [
            "four", "no line", "three", "Generation metrics", "two <b>", "one", "zero"]
        assert "Generation metrics" not in str(served.json(log + "?routine=no"))
        assert [line["message"] for line in served.json(log + "?text=FOUR")["lines"]] == ["four"]


def test_the_report(filled):
    with serve(filled) as served:
        status, headers, body = served.ask(f"/api/v1/runs/{served.the_run()}/report")
    assert status == 200 and headers["Content-Type"] == "text/html; charset=utf-8"
    assert body.startswith(b"<!DOCTYPE html>") and body.rstrip().endswith(b"</html>") and b"Timeout" in body
    assert "sandbox" in headers["Content-Security-Policy"] and "script-src" not in headers["Content-Security-Policy"]


def test_exports(filled):
    with serve(filled) as served:
        export = f"/api/v1/runs/{served.the_run()}/export"
        _, headers, body = served.ask(export + "?format=csv")
        assert headers["Content-Disposition"].startswith('attachment; filename="run-')
        assert len(body.splitlines()) == 1 + 102
        assert len(json.loads(served.ask(export + "?format=json")[2])) == 7
        assert served.ask(export)[0] == 400
        text = served.ask(f"/api/v1/runs/{served.the_run()}/metrics")[2].decode()
        assert "# TYPE" in text


def test_a_run_grows_from_nothing(run, tmp_path):
    with serve(tmp_path) as served:
        assert served.json("/api/v1/runs") == {"runs": [], "left_out": 0}
        (run.path / ".afmon").mkdir()
        empty, = served.until("/api/v1/runs", lambda a: a["runs"])["runs"]
        assert (empty["state"], empty["verdict"], empty["loaded"], empty["last_ms"]) == ("waiting", "no_data", 1, None)
        run.add("success_rate", 1.0)
        name = served.the_run()
        with served.connect() as client:
            client.sendall(f"GET /api/v1/runs/{name}/stream HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            seen = b""
            while b'"calls":1,' not in seen:
                seen += client.recv(65536)
            run.add("success_rate", 1.0, at=1)
            while b'"calls":2,' not in seen:
                seen += client.recv(65536)
        assert b"text/event-stream" in seen and b"event: run\ndata: {" in seen


def test_the_page_and_its_headers(filled):
    with serve(filled) as served:
        status, headers, body = served.ask("/")
        assert status == 200 and b"<title>afmon</title>" in body
        assert "script-src 'self'" in headers["Content-Security-Policy"] and "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "DENY"
        assert served.ask("/assets/app.js")[1]["Content-Type"].startswith("text/javascript")
        assert served.ask("/assets/app.js", If_None_Match=served.ask("/assets/app.js")[1]["ETag"])[0] == 304
        assert served.ask("/", method="HEAD")[2] == b""


def test_what_is_refused_is_counted(filled):
    with serve(filled) as served:
        name = served.the_run()
        assert served.ask("/api/v1/runs", Host="evil.example")[0] == 421
        assert served.ask("/api/v1/runs", Origin="http://evil.example")[0] == 403
        assert served.ask("/api/v1/runs", method="DELETE")[0] == 405
        for path in ("/api/v1/runs/none", "/api/v1/runs/..%2f..%2fetc", "/assets/..%2fapp.js", "/assets/../../etc/passwd", "/x",
                     f"/api/v1/runs/{name}/../../status", "/api/v1/runs/%00"):
            assert served.ask(path)[0] in (400, 404), path
        counted = served.json("/api/v1/status")
        assert counted["refused_host"] == 1 and counted["refused_origin"] == 1 and counted["refused_method"] == 1
        assert counted["malformed"] == 0 and counted["not_found"] == 6  # the first is an address that is, of a run that is not


@pytest.mark.parametrize("noise, status, counter", [
    (b"GET", b"", "malformed"),
    (b"GET / HTTP/9.9", b"505", "malformed"),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nbad", b"400", "malformed"),
    (b"GET / HTTP/1.1", b"400", "malformed"),  # without Host
    (b"G" * 100_000, b"414", "malformed"),
    (b"\0\1\2\3", b"", "connections_timed_out"),  # an empty line for libmicrohttpd: the request may come yet
])
def test_noise_is_counted_once(filled, noise, status, counter):
    with serve(filled) as served:
        answer = served.raw(noise + b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 " + status) if status else answer == b""
        counted = served.until("/api/v1/status", lambda counted: counted[counter])  # when the server has let go of it
        assert {name: counted[name] for name in ("malformed", "connections_timed_out")} == {
            "malformed": 0, "connections_timed_out": 0, counter: 1}


def test_a_thousand_connections(filled):
    with serve(filled) as served:
        idle = []
        for _ in range(1000):
            client = socket.create_connection(("127.0.0.1", served.port), timeout=60)
            client.send(b"GET / HTTP/1.1\r\nX-Slow: ")
            idle.append(client)
        assert served.the_run()
        counted = served.json("/api/v1/status")
        assert counted["connections"] <= 600
        assert counted["connections_dropped"] + counted["connections_refused"] >= 400
        for client in idle:
            client.close()
        assert served.the_run()


def peak_mib(served):
    status = (pathlib.Path("/proc") / str(served.process.pid) / "status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def stream(served, name):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(60)
    client.connect(("127.0.0.1", served.port))
    client.sendall(f"GET /api/v1/runs/{name}/stream HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return client


def test_dashboards_that_read_nothing_hold_nobody_up(filled):
    with serve(filled) as served:
        name = served.the_run()
        stalled = [stream(served, name) for _ in range(100)]
        for i in range(6):
            for k in range(50):
                filled.add("success_rate", 1.0, at=30 + i, operation=f"operation {i} {k}")
            served.until(f"/api/v1/runs/{name}", lambda run, i=i: run["calls"] == run["summary"]["calls"]["count"] == 20 + 50 * (i + 1))
        assert served.json("/api/v1/status")["streams"] >= 100
        if not SHORT:
            assert peak_mib(served) < 64
        for client in stalled:
            client.close()


def test_streams_are_limited(filled):
    with serve(filled) as served:
        name = served.the_run()
        streams = [stream(served, name) for _ in range(140)]
        began = [client.recv(12) for client in streams]
        assert began.count(b"HTTP/1.1 200") == 128 and began.count(b"HTTP/1.1 503") == 12
        counted = served.json("/api/v1/status")
        assert counted["refused_busy"] == 12 and counted["streams"] <= 128
        for client in streams:
            client.close()
        served.until("/api/v1/status", lambda status: status["streams"] == 0)
        assert served.the_run()


def test_the_token(filled, tmp_path):
    (tmp_path / "token").write_text(TOKEN + "\n")
    with serve(filled, "--token-file", tmp_path / "token") as served:
        assert served.ask("/api/v1/runs")[0] == 401
        assert served.ask("/api/v1/runs", Authorization="Bearer wrong-wrong-wrong")[0] == 401
        assert served.ask("/api/v1/runs", Authorization=f"Bearer {TOKEN}")[0] == 200
        assert b"<form" in served.ask("/")[2]  # led to the login
        assert served.ask("/assets/app.css")[0] == 200


def test_hostile_names_stay_text(run):
    run.add("success_rate", 1.0, operation='"}],<script>\u2028\0', component="\x1b[31m")
    with serve(run) as served:
        operations = served.json(f"/api/v1/runs/{served.the_run()}")["summary"]["operations"]
    assert operations[0]["operation"].startswith('"}],<script>') and operations[0]["component"] == "\x1b[31m"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly(filled, number):
    with serve(filled) as served:
        name = served.the_run()
        with served.connect() as client:
            client.sendall(f"GET /api/v1/runs/{name}/stream HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert client.recv(100)
            assert served.stop(number) == 0
        assert served.process.stderr.read() == ""


def test_what_is_wrong_is_said(filled, command, tmp_path):
    with serve(filled) as served:
        taken = command("serve", filled, "--listen", f"127.0.0.1:{served.port}")
        assert taken.returncode == 1 and "something listens there already" in taken.stderr
    open_ = command("serve", filled, "--listen", "0.0.0.0:0")
    assert open_.returncode == 2 and "--token-file" in open_.stderr
    (tmp_path / "short").write_text("short")
    short = command("serve", filled, "--token-file", tmp_path / "short")
    assert short.returncode == 2 and "at least 16" in short.stderr
    assert command("serve", "--window", "5m").returncode == 2
    for name in ("a.b:99", "a.b\r\nX: y", "", "a/b", "[::1]"):
        refused = command("serve", filled, "--listen", "127.0.0.1:0", "--host-name", name)
        assert refused.returncode == 2 and "is no name of a host" in refused.stderr, name
    assert "no such folder" in command("serve", tmp_path / "none").stderr
    assert "no address to listen on" in command("serve", filled, "--listen", "here").stderr
