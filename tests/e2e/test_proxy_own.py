"""afmon proxy: what it answers itself, and that it drains streams."""
import signal
import threading
import time

from scripted_upstream import read_body, read_head
from test_proxy import STREAM, Proxy, chat, chunks, events, post, proxied, usage_of, whole  # noqa: F401


def get(path, *headers):
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *headers]).encode() + b"\r\n\r\n"


def test_health_and_metrics(proxied):  # noqa: F811
    proxy, upstream = proxied(lambda head, body: [whole(chat(usage=usage_of(30, 12)))])
    with proxy.connect() as connection, connection.makefile("rb") as file:
        connection.sendall(get("/healthz"))
        assert read_body(file, read_head(file)) == b"ok\n"
        connection.sendall(post(b'{"model": "m"}'))
        read_body(file, read_head(file))
        upstream.requests.get(timeout=60)
        deadline = time.monotonic() + 60
        text = ""
        while "afmon_total_token_count" not in text and time.monotonic() < deadline:
            connection.sendall(get("/metrics?x=1"))
            head = read_head(file)
            text = read_body(file, head).decode()
        assert "afmon_total_token_count" in text and b"text/plain; version=0.0.4" in head and "afmon_proxy_clients 1\n" in text and "afmon_proxy_calls_open 0\n" in text
        connection.sendall(get("/metrics", "Accept: application/openmetrics-text;version=1.0.0"))
        head = read_head(file)
        assert b"openmetrics-text" in head and read_body(file, head).endswith(b"# EOF\n")
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}")
        assert read_head(file).startswith(b"HTTP/1.1 400 ")
    assert upstream.requests.empty()
    assert proxy.ask(get("/metrics", "Host: evil.example").replace(b"Host: 127.0.0.1\r\n", b""))[0].startswith(b"HTTP/1.1 403 ")
    assert "1 operations in 1 requests" in proxy.stop()


def test_metrics_ask_for_the_token(proxied):  # noqa: F811
    proxy, upstream = proxied(lambda head, body: [whole(b"{}")], "--token-env", "THE_TOKEN", THE_TOKEN="a-token")
    assert proxy.ask(get("/healthz"))[0].startswith(b"HTTP/1.1 200 ")
    assert proxy.ask(get("/metrics"))[0].startswith(b"HTTP/1.1 401 ")
    assert proxy.ask(get("/metrics", "Authorization: Bearer a-tokem"))[0].startswith(b"HTTP/1.1 401 ")
    for field in ("Authorization: Bearer a-token", "X-AFMON-Token: a-token"):
        assert proxy.ask(get("/metrics", field))[0].startswith(b"HTTP/1.1 200 ")
    assert proxy.ask(post(b"{}", headers=["Authorization: Bearer a-token"]))[0].startswith(b"HTTP/1.1 401 ")  # of a call it is a key
    assert upstream.requests.empty()


def test_an_upstream_may_have_these_paths(proxied, tmp_path):  # noqa: F811
    first, upstream = proxied(lambda head, body: [whole(b"its own")])
    first.stop()
    proxy = Proxy(tmp_path / "second", [f"/metrics=http://127.0.0.1:{upstream.port}", f"http://127.0.0.1:{upstream.port}"])
    assert proxy.ask(get("/metrics"))[1] == b"its own"
    assert proxy.ask(get("/metrics/x"))[1] == b"its own"
    assert proxy.ask(get("/healthz"))[1] == b"ok\n"
    proxy.stop()


def test_an_open_stream_is_drained(proxied):  # noqa: F811
    release = threading.Event()
    pieces = chunks(events(["a", "b"], usage_of(3, 2)), [40, 40])
    proxy, _ = proxied(lambda head, body: [STREAM, pieces[0], release, *pieces[1:]])
    with proxy.connect() as connection, connection.makefile("rb") as file:
        connection.sendall(post(b"{}"))
        head = read_head(file)
        first = file.read(len(pieces[0]))
        proxy.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                proxy.connect().close()
            except ConnectionRefusedError:
                break
            except ConnectionResetError:
                continue
        assert proxy.process.poll() is None
        release.set()
        assert head.startswith(b"HTTP/1.1 200 ") and first + file.read() == b"".join(pieces)
    out, err = proxy.process.communicate(timeout=60)
    assert proxy.process.returncode == 0 and "1 operations in 1 requests" in out + err
    assert proxy.samples("success_rate")[0]["value"] == 1


def test_what_does_not_end_in_time_is_cut(proxied):  # noqa: F811
    release = threading.Event()
    proxy, _ = proxied(lambda head, body: [STREAM, b"5\r\n", release], "--drain", "0.2s")
    with proxy.connect() as connection, connection.makefile("rb") as file:
        connection.sendall(post(b"{}"))
        read_head(file)
        proxy.stop()
    release.set()
    assert proxy.samples("error_rate")[0]["error_type"] == "ProxyStopped"


def test_rate_limits_are_told(proxied):  # noqa: F811
    answers = [
        whole(chat(), headers=["x-ratelimit-limit-requests: 500", "x-ratelimit-remaining-requests: 499", "x-ratelimit-limit-tokens: 30000",
                               "X-RateLimit-Remaining-Tokens: 149.5"]),
        whole(b"{}", "429 Too Many Requests", ["retry-after: 7", "x-ratelimit-remaining-requests: 0"]),
        whole(b"{}", "429 Too Many Requests", ["retry-after-ms: 1500", "retry-after: Wed, 21 Oct 2026 07:28:00 GMT"]),
        whole(chat(), headers=["anthropic-ratelimit-input-tokens-limit: 1000", "anthropic-ratelimit-input-tokens-remaining: 900",
                               "x-ratelimit-remaining: x"]),
    ]
    proxy, _ = proxied(lambda head, body: [answers.pop(0)])
    for number in range(4):
        proxy.ask(post(b'{"n": %d}' % number))
    out = proxy.stop()
    assert "2 requests were over a rate limit (429), from " in out and "the longest wait asked for was 7" in out, out
    assert "rate limit of requests: at least 0 remained\n" in out and "rate limit of tokens: at least 149.5 remained of 30,000" in out, out
    assert "rate limit of input tokens: at least 900 remained of 1,000" in out and "output tokens" not in out, out
    assert [line["value"] for line in proxy.samples("proxy_retry_after")] == [7.0, 1.5]
    first = proxy.samples("proxy_rate_limit_remaining")[0]
    assert (first["value"], first["of"], first["limit"]) == (499, "requests", 500)


def test_the_time_of_calls_is_told(proxied):  # noqa: F811
    release = threading.Event()
    proxy, upstream = proxied(lambda head, body: [release, whole(chat())])
    with proxy.connect() as one, proxy.connect() as other:
        for connection in (one, other):
            connection.sendall(post(b"{}"))
        for _ in range(2):
            upstream.requests.get(timeout=60)
        time.sleep(0.5)
        release.set()
        for connection in (one, other):
            with connection.makefile("rb") as file:
                read_body(file, read_head(file))
    out = proxy.stop()
    flight, = [float(line.split()[0]) for line in out.splitlines() if "in flight on average" in line]
    assert 1.5 < flight <= 2, out
    assert "% in the proxy's queue" in out and "time_to_first_token" not in out


def test_without_a_call_there_is_no_table(proxied):  # noqa: F811
    proxy, _ = proxied(lambda head, body: [])
    out = proxy.stop()
    assert "0 operations in 0 requests" in out and "Metric" not in out and "in flight" not in out, out


def test_advice_on_concurrency(proxied):  # noqa: F811
    """A server that works on one call at a time, for programs that come and go."""
    one = threading.Lock()

    def answer(head, body):
        with one:
            time.sleep(0.004)
        return [whole(chat())]

    proxy, _ = proxied(answer)

    def work(calls):
        with proxy.connect() as connection, connection.makefile("rb") as file:
            for _ in range(calls):
                connection.sendall(post(b"{}"))
                read_body(file, read_head(file))

    for workers in (2, 8, 3, 12, 5, 9, 4, 12, 7, 11):
        threads = [threading.Thread(target=work, args=(60 // workers,)) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    out = proxy.stop()
    assert "would more concurrency bring more? " in out and "bring more? yes" not in out, out
    assert '"Would more concurrency bring more", "more": "' in (proxy.folder / "afterimage.log").read_text(encoding="utf-8")
