"""afmon run and afmon proxy with a plan: items are made of the calls, each once, whatever is tried again."""
import collections
import json
import subprocess
import time

from conftest import COMMAND
from scripted_upstream import read_body, read_head
from test_proxy import chat, post, proxied, usage_of, whole  # noqa: F401

GOOD, BUSY, WRONG = whole(chat(usage=usage_of(1, 1))), whole(b"{}", "429 Too Many Requests"), whole(b"{}", "400 Bad Request")


def summary(folder):
    shown = subprocess.run([COMMAND, "show", str(folder), "--json"], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(shown.stdout)["summary"]


def test_operations_are_items(proxied):  # noqa: F811
    answers = collections.deque()
    proxy, _ = proxied(lambda head, body: [answers.popleft()], "--plan", "10")
    with proxy.connect() as connection, connection.makefile("rb") as file:
        def ask(answer, body, *headers):
            answers.append(answer)
            connection.sendall(post(body, headers=headers))
            read_body(file, read_head(file))

        ask(GOOD, b'{"a": 1}')
        ask(BUSY, b'{"a": 2}')  # and the same again, on the same connection
        ask(BUSY, b'{"a": 2}')
        ask(GOOD, b'{"a": 2}')
        ask(BUSY, b'{"a": 3}', "x-stainless-retry-count: 0")
        ask(WRONG, b'{"a": 4}')
        ask(BUSY, b'{"a": 5}')  # by nobody again
        answers.append(GOOD)
        proxy.ask(post(b'{"a": 3}', headers=["x-stainless-retry-count: 1"]))  # another connection
    deadline = time.monotonic() + 60
    while (found := summary(proxy.folder)["items"]) == [] or found[0]["accepted"] < 3:
        assert time.monotonic() < deadline, found
    assert (found[0]["kind"], found[0]["started"], found[0]["open"]) == ("item", 5, 1), found
    proxy.stop()
    items, = summary(proxy.folder)["items"]
    assert [items[key] for key in ("started", "accepted", "failed", "open")] == [5, 3, 2, 0]
    ended = {line["item_id"]: line for line in proxy.samples("item_time")}
    assert sorted(line["attempts"] for line in ended.values()) == [1, 1, 1, 2, 3]
    assert {line["error_type"] for line in ended.values() if line["outcome"] == "failed"} == {"BadRequestError", "RateLimitError"}
    assert {line["item_id"] for line in proxy.samples("success_rate")} == set(ended)


def test_items_that_requests_name(proxied):  # noqa: F811
    answers = collections.deque([BUSY, GOOD, GOOD, GOOD, WRONG])
    proxy, _ = proxied(lambda head, body: [answers.popleft()], "--plan", "4")
    for name in ("a", "a", "a", "b", "c"):
        proxy.ask(post(b'{"model": "m"}', headers=[f"x-afmon-item: {name}"]))
    proxy.stop()
    outcomes = [(line["item_id"], line["outcome"]) for line in proxy.samples("item_time")]
    assert outcomes == [("a", "accepted"), ("b", "accepted"), ("c", "failed")]
    assert len(proxy.samples("item_started")) == 3


def test_a_plan_goes_on_where_it_was(proxied, tmp_path):  # noqa: F811
    prices = tmp_path / "prices.json"
    prices.write_text('{"m": {"input": 1, "output": 1000000}}')
    words = ["--plan", "4", "--prices", str(prices)]
    proxy, upstream = proxied(lambda head, body: [GOOD], *words)
    proxy.ask(post(b'{"a": 1}'))
    out = proxy.stop()
    assert "about $4.00 at the end of the plan" in out, out
    again = type(proxy)(proxy.folder, [f"http://127.0.0.1:{upstream.port}"], *words)
    again.ask(post(b'{"a": 2}'))
    again.ask(post(b'{"a": 3}'))
    again.stop()
    shown = summary(proxy.folder)
    assert shown["cost"]["items_left"] == 1 and 3.9 < shown["cost"]["projected_usd"] < 4.1, shown["cost"]
