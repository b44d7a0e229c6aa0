"""afmon generate conversations, against a scripted server on loopback and against the simulated model."""

import collections
import contextlib
import email.utils
import fcntl
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from chat_server import MODEL, Answer, ChatServer, completion

AFMON = os.environ.get("AFMON", str(pathlib.Path(__file__).resolve().parents[2] / "build" / "cli" / "afmon"))
SHORT = os.environ.get("AFMON_TEST_SHORT") == "1"
KEY = "sk-test-0123456789abcdef"
ASK = "You are a user with plants."
TELL = "You are a gardener."
UTF_8 = {"LC_ALL": "C.UTF-8"}  # where marks and rules are drawn


class Place:
    """A working folder, and afmon run in it."""

    def __init__(self, path):
        self.path = path
        self.run_dir = path / "run"
        self.output = path / "dataset.jsonl"

    def command(self, *options, url=None, prompts=True):
        words = [AFMON, "generate", "conversations", "--log-dir", str(self.run_dir), "--output", str(self.output)]
        if url:
            words += ["--base-url", url, "--model", MODEL]
            if prompts:
                words += ["--respondent-prompt", TELL, "--correspondent-prompt", ASK]
        return words + [str(option) for option in options]

    def environment(self, extra=None):
        kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        return {**kept, "TERM": "dumb", **(extra or {})}

    def run(self, *options, url=None, prompts=True, env=None, timeout=60):
        return subprocess.run(
            self.command(*options, url=url, prompts=prompts),
            env=self.environment(env), cwd=self.path, capture_output=True, text=True, timeout=timeout)

    def start(self, *options, url=None, env=None):
        return subprocess.Popen(
            self.command(*options, url=url), env=self.environment(env), cwd=self.path,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def rows(self):
        text = self.output.read_text()
        assert text == "" or text.endswith("\n")
        return [json.loads(line) for line in text.splitlines()]

    def indices(self):
        return [row["metadata"]["index"] for row in self.rows()]

    def samples(self, metric=None, **fields):
        found = []
        for path in self.run_dir.glob("metrics*.jsonl"):
            found += [json.loads(line) for line in path.read_text().splitlines()]
        return [
            sample for sample in found
            if metric in (None, sample["metric"]) and all(sample.get(k) == v for k, v in fields.items())
        ]

    def summary(self):
        done = subprocess.run([AFMON, "show", self.run_dir, "--json"], capture_output=True, check=True, timeout=60)
        return json.loads(done.stdout)["summary"]

    def everything_written(self):
        return "".join(path.read_text(errors="replace") for path in self.path.rglob("*") if path.is_file())


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def is_respondent(request):
    return request["body"]["messages"][0] == {"role": "system", "content": TELL}


# ---- Good answers --------------------------------------------------------------------------------


def test_conversations_calls_and_dataset(place):
    def script(request, number):
        if is_respondent(request):
            return Answer(completion("  An answer.\n", usage=(30, 10)))
        return Answer(completion(f"Question {len(request['body']['messages']) // 2}?", usage=(20, 5)))

    with ChatServer(script) as server:
        done = place.run("--conversations", 12, "--max-turns", 3, "--concurrency", 3, "--temperature", "0.5",
                         "--max-tokens", 64, "--seed", 7, url=server.url)
        requests = server.requests
    assert done.returncode == 0, done.stderr
    rows = place.rows()
    assert sorted(place.indices()) == list(range(12))
    turns = {row["metadata"]["index"]: row["metadata"]["turns"] for row in rows}
    assert set(turns.values()) == {1, 2, 3}
    for row in rows:
        roles = [message["role"] for message in row["conversations"]]
        assert roles == ["user", "assistant"] * row["metadata"]["turns"]
        assert row["conversations"][0]["content"] == "Question 1?"
        assert row["conversations"][1]["content"] == "An answer."
        assert row["metadata"]["model"] == MODEL
        assert row["metadata"]["seed"] == 7
        assert row["metadata"]["prompt_tokens"] == 50 * row["metadata"]["turns"]

    total_turns = sum(turns.values())
    assert len(requests) == 2 * total_turns
    for request in requests:
        body = request["body"]
        assert request["path"] == "/v1/chat/completions"
        assert body["model"] == MODEL and body["temperature"] == 0.5 and body["max_tokens"] == 64
        assert 0 <= body["seed"] < 2**31
        assert "Authorization" not in request["headers"]
    assert len({request["body"]["seed"] for request in requests}) == len(requests)

    assert len(place.samples("generation_time", operation="question_generation")) == total_turns
    assert len(place.samples("generation_time", operation="answer_generation")) == total_turns
    assert len(place.samples("generation_time", operation="conversation_generation")) == 12
    lengths = place.samples("conversation_length")
    assert sorted(sample["value"] for sample in lengths) == sorted(turns.values())
    for sample in lengths:
        assert sample["planned_turns"] == sample["actual_turns"] == sample["value"]
    assert sum(sample["value"] for sample in place.samples("prompt_token_count")) == 50 * total_turns
    assert sum(sample["value"] for sample in place.samples("total_token_count")) == 65 * total_turns
    assert len(place.samples(f"model_usage:{MODEL}")) == 2 * total_turns
    assert len(place.samples("finish_reason:stop")) == 2 * total_turns
    assert len(place.samples("model_creation_time", success=True)) == 24
    assert place.samples("api_errors") == []
    assert all(sample["value"] == 1 for sample in place.samples("success_rate"))


def test_the_correspondent_hears_the_reply_and_stays_the_user(place):
    with ChatServer() as server:
        assert place.run("--conversations", 8, "--max-turns", 2, "--seed", 1, url=server.url).returncode == 0
        follow_ups = [r for r in server.requests if not is_respondent(r) and len(r["body"]["messages"]) == 4]
        answers = [r for r in server.requests if is_respondent(r) and len(r["body"]["messages"]) == 4]
    assert follow_ups and len(answers) == len(follow_ups)
    messages = follow_ups[0]["body"]["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert messages[0]["content"] == ASK
    assert "Water it once a week." in messages[3]["content"]
    assert "same user" in messages[3]["content"]
    assert [m["role"] for m in answers[0]["body"]["messages"]] == ["system", "user", "assistant", "user"]


def test_topics_reach_the_model_and_the_dataset(place):
    (place.path / "topics.txt").write_text("# plants\n\n  tall cacti  \nmoss\n")
    with ChatServer() as server:
        done = place.run("--conversations", 4, "--topics", "topics.txt", url=server.url)
        first = [r["body"]["messages"][1]["content"] for r in server.requests if not is_respondent(r)]
    assert done.returncode == 0
    assert {row["metadata"]["index"]: row["metadata"]["topic"] for row in place.rows()} == {
        0: "tall cacti", 1: "moss", 2: "tall cacti", 3: "moss"}
    assert sum("tall cacti" in text for text in first) == 2


def test_prompts_from_files_and_a_prompt_that_the_model_writes(place):
    (place.path / "tell.txt").write_text(TELL + "\n")

    def script(request, number):
        if number == 0:
            return Answer(completion("<user_system_prompt>\nYou keep ferns.\n</user_system_prompt>"))
        return Answer()

    with ChatServer(script) as server:
        done = place.run("--conversations", 5, "--respondent-prompt-file", "tell.txt", url=server.url, prompts=False)
        requests = server.requests
    assert done.returncode == 0, done.stderr
    assert TELL in requests[0]["body"]["messages"][0]["content"]
    systems = collections.Counter(r["body"]["messages"][0]["content"] for r in requests[1:])
    assert systems == {TELL: 5, "You keep ferns.": 5}
    assert len(place.samples("generation_time", operation="correspondent_prompt_generation")) == 1


def test_missing_usage_and_unicode(place):
    with ChatServer(lambda r, n: Answer(completion("Çiçek \u0000 🌱 \"açar\"\n\\", usage=None))) as server:
        assert place.run("--conversations", 2, url=server.url).returncode == 0
    assert place.rows()[0]["conversations"][1]["content"] == "Çiçek  🌱 \"açar\"\n\\"
    assert place.samples("prompt_token_count") == []
    assert "prompt_tokens" not in place.rows()[0]["metadata"]


def test_reasoning_is_kept_apart_and_goes_to_nobody(place):
    body = completion("<think>\nThe user wants a question.\n</think>\n\nHow do I prune roses?")
    with ChatServer(lambda r, n: Answer(body)) as server:
        assert place.run("--conversations", 4, "--max-turns", 3, "--seed", 1, url=server.url).returncode == 0
        assert not any("The user wants" in json.dumps(request["body"]) for request in server.requests)
        assert "The user wants" not in place.output.read_text()
        assert place.run("--conversations", 8, "--resume", "--keep-reasoning", url=server.url).returncode == 0
        assert not any("The user wants" in json.dumps(request["body"]) for request in server.requests)
    for row in place.rows():
        for message in row["conversations"]:
            assert message["content"] == "How do I prune roses?"
            kept = "The user wants a question." if row["metadata"]["index"] >= 4 else None
            assert message.get("reasoning_content") == kept


def test_parts_of_the_tokens_are_recorded(place):
    body = completion()
    body["usage"]["prompt_tokens_details"] = {"cached_tokens": 20, "cache_write_tokens": 5}
    body["usage"]["completion_tokens_details"] = {"reasoning_tokens": 6}
    with ChatServer(lambda r, n: Answer(body)) as server:
        assert place.run("--conversations", 1, url=server.url).returncode == 0
    for name, tokens in (("cached_token_count", 20.0), ("reasoning_token_count", 6.0), ("cache_write_token_count", 5.0)):
        assert [s["value"] for s in place.samples(name)] == [tokens] * 2


# ---- What an endpoint may want -------------------------------------------------------------------


def test_a_limit_of_another_name_is_found(place):
    def script(request, number):
        if "max_tokens" in request["body"]:
            return Answer({"error": {"message": "Use 'max_completion_tokens' instead.", "param": "max_tokens"}}, 400)
        return Answer()

    with ChatServer(script) as server:
        done = place.run("--conversations", 3, "--concurrency", 1, "--max-tokens", 50, "--max-retries", 0, url=server.url)
        bodies = [request["body"] for request in server.requests]
    assert done.returncode == 0, done.stderr
    assert [body.get("max_completion_tokens") for body in bodies] == [None] + [50] * 6


def test_query_headers_and_body(place):
    with ChatServer() as server:
        done = place.run("--conversations", 1, "--query", "api-version=1 2", "--header-env", "api-key=MY_KEY",
                         "--header-env", "X-Team=TEAM", "--temperature", "0.5", "--extra-body",
                         '{"top_p": 0.9, "temperature": null}', url=server.url + "?a=b", env={"MY_KEY": KEY, "TEAM": "t"})
        request = server.requests[0]
    assert done.returncode == 0, done.stderr
    assert request["path"] == "/v1/chat/completions?a=b&api-version=1+2"
    assert request["headers"]["api-key"] == KEY and request["headers"]["X-Team"] == "t"
    assert request["body"]["top_p"] == 0.9 and "temperature" not in request["body"]
    assert KEY not in place.everything_written() + done.stdout + done.stderr


@pytest.mark.parametrize("options, text", [
    (["--query", "nonsense"], "NAME=VALUE"), (["--query", "api_key=secret"], "would be logged"),
    (["--header-env", "api-key"], "NAME=VARIABLE"), (["--header-env", "api-key=NOT_SET"], "is not set"),
    (["--header-env", "a b=HOME"], "header's name"), (["--header-env", "Host=HOME"], "itself"),
    (["--extra-body", "[]"], "JSON object"), (["--extra-body", '{"messages": []}'], "messages"),
    (["--extra-body", '{"stream": true}'], "stream"), (["--extra-body", '{"n": 2}'], "one answer"),
    (["--ca-file", "none.pem"], "none.pem"), (["--url", "x"], "did you mean '--base-url'"),
    (["--threads", "x"], "did you mean '--concurrency'"), (["--cacert", "x"], "did you mean '--ca-file'")])
def test_what_an_endpoint_wants_is_checked(place, options, text):
    done = place.run(*options, url="http://127.0.0.1:9/v1")
    assert done.returncode == 2 and text in done.stderr
    assert not place.run_dir.exists()


def test_a_wrong_address_says_the_likely_right_one(place):
    def script(request, number):
        return Answer() if request["path"] == "/v1/chat/completions" else Answer({"detail": "Not Found"}, 404)

    with ChatServer(script) as server:
        root = server.url.removesuffix("/v1")
        for base in (root, server.url + "/chat/completions"):
            done = place.run("--conversations", 1, "--resume", url=base)
            written = place.everything_written()
            assert done.returncode == 1
            assert f"asked for {base}/chat/completions; --base-url should probably be {server.url}" in written


def test_no_quota_ends_the_run_soon(place):
    body = {"error": {"message": "You exceeded your current quota.", "code": "insufficient_quota"}}
    with ChatServer(lambda r, n: Answer(body, 429)) as server:
        done = place.run("--conversations", 5000, "--concurrency", 30, url=server.url)
        assert len(server.requests) < 200
    assert done.returncode == 1 and "gave up after 20 failed conversations in a row" in done.stderr
    assert "\u2713" not in done.stdout


def test_byte_order_marks_are_no_text(place):
    (place.path / "topics.txt").write_bytes(b"\xef\xbb\xbfroses\r\n")
    (place.path / "tell.txt").write_bytes(b"\xef\xbb\xbfYou are a gardener.\r\n")
    with ChatServer() as server:
        done = place.run("--conversations", 1, "--topics", "topics.txt", "--respondent-prompt-file", "tell.txt",
                         "--correspondent-prompt", ASK, url=server.url, prompts=False)
        assert not any("\ufeff" in message["content"] for request in server.requests
                       for message in request["body"]["messages"])
    assert done.returncode == 0
    assert place.rows()[0]["metadata"]["topic"] == "roses"
    place.output.write_bytes(b"\xef\xbb\xbf" + place.output.read_bytes())
    assert place.run("--simulate", "--conversations", 1, "--resume").returncode == 0
    assert place.output.read_text().count("\n") == 1


# ---- Failures of the server ----------------------------------------------------------------------


def test_429_with_retry_after_in_seconds(place):
    def script(request, number):
        if number == 0:
            return Answer({"error": {"message": "slow down"}}, 429, {"Retry-After": "1"})
        return Answer()

    with ChatServer(script) as server:
        assert place.run("--conversations", 1, url=server.url).returncode == 0
        waited = server.requests[1]["at"] - server.requests[0]["at"]
    assert 0.95 <= waited < 3
    retried = place.samples("api_errors")
    assert len(retried) == 1
    assert retried[0]["error_type"] == "RateLimitError" and retried[0]["status"] == 429
    assert retried[0]["retried"] is True and retried[0]["operation"] == "question_generation"
    (question,) = place.samples("generation_time", operation="question_generation")
    assert question["retries"] == 1 and question["value"] >= 0.95
    assert all(sample["value"] == 1 for sample in place.samples("success_rate"))


def test_429_with_retry_after_as_date(place):
    def script(request, number):
        if number == 0:
            date = email.utils.formatdate(time.time() + 2, usegmt=True)
            return Answer({"error": {"message": "slow down"}}, 429, {"Retry-After": date})
        return Answer()

    with ChatServer(script) as server:
        assert place.run("--conversations", 1, url=server.url).returncode == 0
        waited = server.requests[1]["at"] - server.requests[0]["at"]
    assert 0.9 <= waited < 4


@pytest.mark.parametrize("status, error_type", [
    (500, "InternalServerError"), (503, "InternalServerError"), (429, "RateLimitError"), (408, "APITimeoutError")])
def test_what_is_tried_again_until_the_retries_are_used_up(place, status, error_type):
    with ChatServer(lambda r, n: Answer({"error": {"message": "broken"}}, status, {"Retry-After": "0"})) as server:
        done = place.run("--conversations", 1, "--max-retries", 2, url=server.url)
        assert len(server.requests) == 3
    assert done.returncode == 1
    assert place.rows() == []
    errors = place.samples("api_errors", error_type=error_type, status=status)
    assert len(errors) == 3 and sum(1 for e in errors if e.get("retried")) == 2
    assert [s["value"] for s in place.samples("success_rate", operation="question_generation")] == [0]
    (whole,) = place.samples("success_rate", operation="conversation_generation")
    assert whole["value"] == 0 and whole["cause"] == error_type and whole["completed_turns"] == 0
    (again,) = place.summary()["retried"]
    assert again["error_type"] == error_type and again["count"] == 2
    assert "1 failed" in done.stdout


@pytest.mark.parametrize("status, error_type", [
    (400, "BadRequestError"), (401, "AuthenticationError"), (403, "PermissionDeniedError"), (404, "NotFoundError"),
    (422, "UnprocessableEntityError"), (418, "APIStatusError"), (302, "APIStatusError")])
def test_what_is_not_tried_again(place, status, error_type):
    headers = {"Location": "http://127.0.0.1:9/elsewhere"} if status == 302 else {}
    with ChatServer(lambda r, n: Answer({"error": {"message": "no"}}, status, headers)) as server:
        done = place.run("--conversations", 1, url=server.url)
        assert done.returncode == 1
        assert len(server.requests) == 1
    (error,) = place.samples("api_errors")
    assert error["error_type"] == error_type and error["status"] == status
    assert f"1 failed; the last one: {error_type}: Error code: {status} - " in done.stdout


@pytest.mark.parametrize("body", [
    "{", "", "[]", "null", "{}", '{"choices": []}', '{"choices": [{"message": {"content": null}}]}',
    '{"choices": [{"message": {"content": "  "}}]}', '{"choices": [{"message": {"content": [{"x": 1}]}}]}',
    b'{"choices": [{"message": {"content": "\xff"}}', "[" * 100000, '{"error": {"message": "inside a 200"}}',
    "404 page not found", "<html>" * 9, '{"choices": [{"message": {"content": "<think>x"}}]}'],
    ids=range(15))
def test_malformed_answers(place, body):
    with ChatServer(lambda r, n: Answer(body)) as server:
        assert place.run("--conversations", 1, url=server.url).returncode == 1
        assert len(server.requests) == 1
    (error,) = place.samples("api_errors")
    assert error["error_type"] in ("APIResponseValidationError", "APIError")
    assert place.rows() == []


def test_an_answer_without_end_is_cut_off(place):
    huge = json.dumps(completion("x" * (20 << 20)))
    with ChatServer(lambda r, n: Answer(huge)) as server:
        assert place.run("--conversations", 1, url=server.url).returncode == 1
    (error,) = place.samples("api_errors")
    assert error["error_type"] == "APIResponseValidationError"
    assert place.output.stat().st_size == 0


def test_timeout_is_tried_again(place):
    with ChatServer(lambda r, n: Answer(delay=30 if n == 0 else 0)) as server:
        assert place.run("--conversations", 1, "--timeout", "500ms", url=server.url).returncode == 0
        assert len(server.requests) == 3
    (error,) = place.samples("api_errors")
    assert error["error_type"] == "APITimeoutError" and "status" not in error


def test_connections_that_break_are_tried_again(place):
    with ChatServer(lambda r, n: Answer(drop=n == 0)) as server:
        assert place.run("--conversations", 1, url=server.url).returncode == 0
    (error,) = place.samples("api_errors")
    assert error["error_type"] == "APIConnectionError"


def test_no_server_ends_the_run_soon(place):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        done = place.run("--conversations", 100000, "--max-retries", 0, url=url)
    assert done.returncode == 1
    assert "gave up after 20 failed conversations in a row" in done.stderr
    assert len(place.samples("success_rate", operation="conversation_generation")) < 60


def test_a_prompt_that_cannot_be_written_ends_the_run(place):
    with ChatServer(lambda r, n: Answer({"error": {"message": "who are you"}}, 401)) as server:
        done = place.run("--conversations", 50, "--respondent-prompt", TELL, url=server.url, prompts=False)
        assert len(server.requests) == 1
    assert done.returncode == 1
    assert "AuthenticationError" in done.stderr and "who are you" in done.stderr


def test_some_failed(place):
    def script(request, number):
        return Answer({"error": {"message": "no"}}, 400) if number % 10 == 3 else Answer()

    with ChatServer(script) as server:
        done = place.run("--conversations", 40, url=server.url)
    assert done.returncode == 1
    made = place.indices()
    assert 0 < len(made) < 40 and len(set(made)) == len(made)
    assert f"{40 - len(made)} failed" in done.stdout
    with ChatServer() as server:
        assert place.run("--conversations", 40, "--resume", url=server.url).returncode == 0
    assert sorted(place.indices()) == list(range(40))


# ---- The key -------------------------------------------------------------------------------------


def test_the_key_is_sent_and_written_nowhere(place):
    def script(request, number):
        assert request["headers"]["Authorization"] == f"Bearer {KEY}"
        if number % 4 == 1:
            text = "x" * (370 + number) + f" invalid key {KEY} in Authorization: Bearer {KEY}"
            return Answer({"error": {"message": text}}, 400)
        if number % 4 == 2:
            return Answer(f"<html>{KEY}</html>", 500, {"Retry-After": "0"})
        return Answer(completion(f"The key is {KEY}.", model=f"m-{KEY}", finish=KEY))

    with ChatServer(script) as server:
        done = place.run("--conversations", 30, "--api-key-env", "TEST_KEY", url=server.url, env={"TEST_KEY": KEY})
    assert done.returncode == 1
    assert len(place.rows()) > 0
    assert "The key is [key]." in place.everything_written()
    for text in (place.everything_written(), done.stdout, done.stderr):
        for length in (len(KEY), 12):
            assert KEY[:length] not in text


def test_redirects_are_not_followed_with_the_key(place):
    with ChatServer() as other:
        target = other.url + "/chat/completions"
        with ChatServer(lambda r, n: Answer("", 307, {"Location": target})) as server:
            done = place.run("--conversations", 1, "--api-key-env", "TEST_KEY", url=server.url, env={"TEST_KEY": KEY})
        assert other.requests == []
    assert done.returncode == 1
    assert "redirects" in place.everything_written()


@pytest.mark.parametrize("name, value, text", [
    ("TEST_KEY", None, "is not set"), ("TEST_KEY", "", "is not set"), ("TEST_KEY", "a b", "another character"),
    ("TEST_KEY", "abc\r\nX-Injected: 1", "another character"), ("sk-proj-verysecret", None, "not the key itself"),
    ("hf_verysecret", None, "is not set")])
def test_keys_that_cannot_be(place, name, value, text):
    env = {name: value} if value is not None else {}
    done = place.run("--api-key-env", name, url="http://127.0.0.1:9/v1", env=env)
    assert done.returncode == 2
    assert text in done.stderr
    assert "verysecret" not in done.stderr + done.stdout


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_server_on_this_machine_is_never_asked_through_a_proxy(place, host):
    with ChatServer() as proxy, ChatServer() as server:
        through = {name: proxy.url for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")}
        done = place.run("--conversations", 3, url=server.url.replace("127.0.0.1", host), env=through)
        assert done.returncode == 0, done.stderr
        assert len(server.requests) >= 3 and proxy.requests == []


@pytest.mark.parametrize("status, why", [(403, "the proxy refuses the connection with status 403"),
                                         (407, "status 407 (it wants a login)")])
def test_a_proxy_that_refuses_says_so(place, status, why):
    """In place of a tunnel to the server, which is another machine."""
    def refuse(listener):
        with contextlib.suppress(OSError):  # it is closed
            while True:
                with listener.accept()[0] as connection:
                    asked.append(connection.recv(65536))
                    connection.sendall(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode())

    asked = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=refuse, args=(listener,), daemon=True).start()
        through = {"https_proxy": f"http://127.0.0.1:{listener.getsockname()[1]}", **UTF_8}
        done = place.run("--conversations", 1, url="https://model.invalid/v1", env=through)
    assert done.returncode == 1 and "✗ Failed" in done.stdout
    said = " ".join(done.stdout.split())
    assert why in said and "https_proxy names it" in said
    assert len(asked) == 1 and asked[0].startswith(b"CONNECT model.invalid:443 ")  # it lasts: no second time


# ---- Command line and files ----------------------------------------------------------------------


@pytest.mark.parametrize("options, text", [
    (["--conversations", "0"], "--conversations"), (["--conversations", "ten"], "--conversations"),
    (["--concurrency", "2000"], "--concurrency"), (["--temperature", "3"], "--temperature"),
    (["--timeout", "soon"], "--timeout"), (["--max-turns", "-1"], "--max-turns"), (["--speed", "2"], "--speed"),
    (["--topics", "none.txt"], "none.txt"), (["--respondent-prompt-file", "x"], "exclude each other"),
    (["--simulate"], "--simulate"), (["--nonsense"], "--nonsense"), (["word"], "word"),
    (["--respondent-prompt", "  "], "empty")])
def test_bad_options(place, options, text):
    done = place.run(*options, url="http://127.0.0.1:9/v1")
    assert done.returncode == 2
    assert text in done.stderr
    assert not place.run_dir.exists()


@pytest.mark.parametrize("url", [
    "127.0.0.1:8080/v1", "ftp://host/v1", "file:///etc/passwd", "http://user:secret@host/v1",
    "http://host/v1?key=secret", "http://", "nonsense"], ids=range(7))
def test_bad_addresses(place, url):
    done = place.run(url=url)
    assert done.returncode == 2
    assert "--base-url" in done.stderr
    assert "secret" not in done.stderr


def test_what_is_missing_is_named(place):
    for options, text in [([], "--base-url"), (["--base-url", "http://h/v1"], "--model"),
                          (["--base-url", "http://h/v1", "--model", "m"], "--respondent-prompt")]:
        done = place.run(*options)
        assert done.returncode == 2 and text in done.stderr


def test_help_and_subcommands():
    whole = subprocess.run([AFMON, "generate", "conversations", "--help"], capture_output=True, text=True)
    assert whole.returncode == 0
    for option in ("--base-url", "--model", "--api-key-env", "--conversations", "--concurrency", "--temperature",
                   "--max-turns", "--respondent-prompt", "--respondent-prompt-file", "--correspondent-prompt",
                   "--correspondent-prompt-file", "--topics", "--output", "--resume", "--simulate", "--seed",
                   "--log-dir", "--timeout", "--max-retries", "--max-tokens", "--shutdown-timeout"):
        assert option in whole.stdout
    assert subprocess.run([AFMON, "generate"], capture_output=True).returncode == 2
    assert subprocess.run([AFMON, "generate", "poems"], capture_output=True).returncode == 2


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a\0b", b"# only\n\n", b""], ids=range(4))
def test_bad_topics(place, content):
    (place.path / "topics.txt").write_bytes(content)
    done = place.run("--simulate", "--topics", "topics.txt")
    assert done.returncode == 2 and "topics.txt" in done.stderr


def test_an_existing_dataset_is_refused(place):
    place.output.write_text("precious\n")
    done = place.run("--simulate")
    assert done.returncode == 2
    assert "--resume" in done.stderr
    assert place.output.read_text() == "precious\n"


def test_a_dataset_in_use_is_refused(place):
    with open(place.output, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = place.run("--simulate", "--resume")
    assert done.returncode == 2
    assert "another process" in done.stderr


def test_an_output_that_cannot_be(place):
    place.output.mkdir()
    assert place.run("--simulate").returncode == 2
    place.output = place.path / "no" / "such" / "folder.jsonl"
    done = place.run("--simulate")
    assert done.returncode == 2 and "No such file" in done.stderr
    place.output = pathlib.Path("/dev/null")
    assert place.run("--simulate").returncode == 2


# ---- Taking up a data set ------------------------------------------------------------------------


def test_the_simulation_is_the_same_for_a_seed(place, tmp_path_factory):
    options = ["--simulate", "--conversations", 60, "--max-turns", 3, "--speed", 2000]
    assert place.run(*options, "--seed", 5, "--concurrency", 8).returncode in (0, 1)
    other = Place(tmp_path_factory.mktemp("other"))
    assert other.run(*options, "--seed", 5, "--concurrency", 3).returncode in (0, 1)
    assert sorted(place.output.read_text().splitlines()) == sorted(other.output.read_text().splitlines())
    third = Place(tmp_path_factory.mktemp("third"))
    third.run(*options, "--seed", 6, "--concurrency", 3)
    assert third.output.read_text() != other.output.read_text()
    texts = {message["content"] for row in place.rows() for message in row["conversations"]}
    assert len(texts) > 100


def test_resume_after_kill(place):
    rounds = 3 if SHORT else 8
    options = ["--simulate", "--conversations", 400, "--max-turns", 2, "--speed", 100, "--seed", 3, "--concurrency", 16]
    for number in range(rounds):
        process = place.start(*options, "--resume")
        time.sleep(0.12 + 0.11 * number)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    before = place.output.read_text().count("\n")
    for _ in range(10):
        last = place.run(*options, "--resume", timeout=120)
        if last.returncode == 0:
            break
    assert last.returncode == 0, last.stdout + last.stderr
    assert before > 0
    assert sorted(place.indices()) == list(range(400))


def test_a_torn_last_line_is_cut_off_and_said(place):
    assert place.run("--simulate", "--conversations", 5, "--speed", 2000, "--seed", 1).returncode == 0
    whole = place.output.read_bytes()
    lines = whole.splitlines(keepends=True)
    torn = json.loads(lines[-1])["metadata"]["index"]
    place.output.write_bytes(whole[:-20])
    done = place.run("--simulate", "--conversations", 5, "--speed", 2000, "--resume")
    assert done.returncode == 0
    assert "torn" in done.stderr
    assert sorted(place.indices()) == list(range(5))
    assert place.output.read_bytes() == b"".join(lines), torn


def test_a_last_line_that_only_lacks_its_newline_is_kept(place):
    assert place.run("--simulate", "--conversations", 5, "--speed", 2000, "--seed", 1).returncode == 0
    whole = place.output.read_bytes()
    place.output.write_bytes(whole[:-1])
    done = place.run("--simulate", "--conversations", 5, "--speed", 2000, "--resume")
    assert done.returncode == 0
    assert "torn" not in done.stderr
    assert place.output.read_bytes() == whole


def test_strange_lines_stay(place):
    place.output.write_text('{"conversations": [], "metadata": {"index": 1}}\nnot json\n{"metadata": {"index": 2}}\n\n')
    done = place.run("--simulate", "--conversations", 4, "--speed", 2000, "--resume")
    assert done.returncode == 0
    assert "line 2" in done.stderr
    assert place.output.read_text().startswith('{"conversations": [], "metadata": {"index": 1}}\nnot json\n')
    made = [json.loads(line)["metadata"]["index"] for line in place.output.read_text().splitlines()[4:]]
    assert sorted(made) == [0, 2, 3]


def test_resume_takes_the_seed_of_the_dataset(place):
    assert place.run("--simulate", "--conversations", 5, "--speed", 2000, "--seed", 9).returncode == 0
    assert place.run("--simulate", "--conversations", 8, "--speed", 2000, "--resume").returncode == 0
    assert {row["metadata"]["seed"] for row in place.rows()} == {9}
    done = place.run("--simulate", "--conversations", 9, "--speed", 2000, "--resume", "--seed", 10)
    assert done.returncode == 2 and "seed 9" in done.stderr
    assert len(place.rows()) == 8


def test_resume_of_a_finished_run_does_nothing(place):
    assert place.run("--simulate", "--conversations", 5, "--speed", 2000).returncode == 0
    before = place.output.read_bytes()
    done = place.run("--simulate", "--conversations", 5, "--speed", 2000, "--resume")
    assert done.returncode == 0 and "5 were in the data set already" in done.stdout
    assert place.output.read_bytes() == before


@pytest.mark.skipif(os.geteuid() == 0 and not os.path.exists("/dev/full"), reason="no way to fill a file here")
def test_a_full_disk_ends_the_run_and_leaves_whole_lines(place):
    limit = 20_000
    command = place.command("--simulate", "--conversations", 500, "--speed", 5000, "--seed", 2)
    shell = f"trap '' XFSZ; ulimit -f {limit // 1000}; exec \"$@\""
    done = subprocess.run(["bash", "-c", shell, "bash", *command], capture_output=True, text=True, timeout=60,
                          cwd=place.path, env=place.environment(UTF_8))
    assert done.returncode == 1
    assert "the data set cannot be written" in done.stderr
    assert "● Ended before its time" in done.stdout and "✓" not in done.stdout
    assert "failed; the last one: the data set cannot be written: " in " ".join(done.stdout.split())
    assert 0 < len(place.rows()) < 500


# ---- Ctrl-C --------------------------------------------------------------------------------------


def test_ctrl_c_lets_calls_in_flight_finish(place):
    with ChatServer(lambda r, n: Answer(delay=0.6)) as server:
        process = place.start("--conversations", 100, "--concurrency", 4, "--shutdown-timeout", "20s", url=server.url, env=UTF_8)
        server.wait_for(6)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        calls = len(server.requests)
    assert process.returncode == 130, err
    assert "● Stopped on request" in out and "were not made" in out
    assert calls <= 12
    assert len(place.samples("success_rate", operation="question_generation")) + len(
        place.samples("success_rate", operation="answer_generation")) == calls
    assert all(sample["value"] == 1 for sample in place.samples("success_rate"))
    with ChatServer() as server:
        assert place.run("--conversations", 100, "--resume", url=server.url).returncode == 0
    assert sorted(place.indices()) == list(range(100))


def test_ctrl_c_gives_up_calls_that_hang(place):
    with ChatServer(lambda r, n: Answer(delay=60)) as server:
        process = place.start("--conversations", 100, "--shutdown-timeout", "1s", url=server.url)
        server.wait_for(4)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=20)
        took = time.monotonic() - start
    assert process.returncode == 130
    assert 0.9 <= took < 5
    assert place.samples("success_rate") == []
    assert "Stopped on request" in out


def test_ctrl_c_ends_the_wait_for_a_retry(place):
    with ChatServer(lambda r, n: Answer("", 429, {"Retry-After": "60"})) as server:
        process = place.start("--conversations", 4, url=server.url)
        server.wait_for(4)
        time.sleep(0.2)
        start = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
        assert time.monotonic() - start < 3
    assert process.returncode == 130


def test_a_second_ctrl_c_ends_at_once(place):
    with ChatServer(lambda r, n: Answer(delay=60)) as server:
        process = place.start("--conversations", 100, "--shutdown-timeout", "50s", url=server.url)
        server.wait_for(4)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert time.monotonic() - start < 2
    assert process.returncode == 130


# ---- What is shown -------------------------------------------------------------------------------


def test_output_without_a_terminal_is_plain(place):
    done = place.run("--simulate", "--conversations", 10, "--speed", 2000)
    assert "\x1b" not in done.stdout + done.stderr
    assert "10 conversations in" in done.stdout
    assert str(place.run_dir) in done.stdout and str(place.output) in done.stdout
    assert re.search(r"^Next:  afmon show ", done.stdout, re.M)


def test_names_of_the_server_cannot_play_with_the_terminal(place):
    evil = "m\x1b[2J\u202e"
    with ChatServer(lambda r, n: Answer(completion(model=evil, finish=evil))) as server:
        done = place.run("--conversations", 2, url=server.url)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout and "\u202e" not in done.stdout


def test_a_unix_socket(place):
    with ChatServer(path=place.path / "chat.socket") as server:
        done = place.run("--unix-socket", "chat.socket", "--conversations", "2", url="http://no.host.anywhere/v1")
        assert done.returncode == 0 and len(place.rows()) == 2, done.stderr
        assert {request["headers"]["Host"] for request in server.requests} == {"no.host.anywhere"}
    (place.path / "gone").mkdir()
    done = place.run("--unix-socket", "gone/none.socket", "--conversations", "3", "--max-retries", "0", "--resume", url="http://localhost/v1")
    assert done.returncode == 1 and "gone/none.socket: No such file" in " ".join(done.stdout.split()), done.stdout


def test_who_is_trusted(place):
    """A certificate that no authority of the system's has signed: by each way of trusting it, and by none."""
    certificate = place.path / "certificates" / "server.pem"
    certificate.parent.mkdir()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", place.path / "key.pem", "-out", certificate, "-days", "2",
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    subprocess.run(["openssl", "rehash", certificate.parent], check=True, capture_output=True)
    (place.path / "empty").mkdir()
    unset = {"SSL_CERT_FILE": "", "SSL_CERT_DIR": "", "CURL_CA_BUNDLE": ""}
    ways = [(["--ca-file", certificate], {}), ([], {"SSL_CERT_FILE": str(certificate)}), ([], {"SSL_CERT_DIR": str(certificate.parent)}), ([], {"CURL_CA_BUNDLE": str(certificate)}),
            (["--ca-file", certificate], {"SSL_CERT_DIR": "empty"})]
    with ChatServer(certificate=(certificate, place.path / "key.pem")) as server:
        for number, (words, env) in enumerate(ways):
            done = place.run("--conversations", number + 1, "--resume", *words, url=server.url, env={**unset, **env})
            assert done.returncode == 0 and len(place.rows()) == number + 1, (words, env, done.stderr)
        for env in ({}, {"SSL_CERT_DIR": "empty"}):
            done = place.run("--conversations", len(ways) + 1, "--resume", "--max-retries", "0", url=server.url, env={**unset, **env})
            assert done.returncode == 1 and "ertificate" in done.stdout and "--ca-file" in done.stdout, done.stdout


# ---- What it may cost ----------------------------------------------------------------------------


def priced(place, **more):
    path = place.path / "prices.json"
    path.write_text(json.dumps({MODEL: {"input": 1, "output": 2}, **more}))
    return ["--prices", path, "--max-tokens", 100]


def test_the_limit_ends_the_run_and_is_never_passed(place):
    options = priced(place)
    with ChatServer(lambda request, number: Answer(completion(usage=(50, 100)))) as server:
        done = place.run(*options, "--max-cost", "0.01usd", "--conversations", 500, "--concurrency", 16, url=server.url)
        assert done.returncode == 3 and "Stopped at its limit" in done.stdout, done.stdout + done.stderr
        charged = len(server.requests) * 250e-6
        budget = place.summary()["cost"]["budget"]
        assert 0.01 - 0.0012 < charged <= 0.01 and budget["spent_usd"] == pytest.approx(charged) and budget["stopped"]
        assert budget["uncertain_usd"] == budget["reserved_usd"] == 0 and budget["over_calls"] == 0
        # It goes on with the limit that it had, or with a higher one.
        done = place.run(*options, "--resume", "--conversations", 500, url=server.url)
        assert done.returncode == 3 and len(server.requests) * 250e-6 <= 0.01
        done = place.run(*options, "--resume", "--conversations", 500, "--max-cost", "0.02", url=server.url)
        assert done.returncode == 3 and 0.02 - 0.0012 < len(server.requests) * 250e-6 <= 0.02
    assert any("reached its limit of $0.0200" in warning["text"] for warning in place.summary()["warnings"])


def test_what_a_failed_call_may_have_cost(place):
    """A refusal costs nothing, an answer that was cut short perhaps all: that stays."""
    script = [Answer({"error": {}}, status=429, headers={"Retry-After": "0"}), Answer(drop=True), Answer(completion(usage=None))]
    with ChatServer(lambda request, number: script[number] if number < 3 else Answer()) as server:
        done = place.run(*priced(place), "--max-cost", "1usd", "--conversations", 2, "--concurrency", 1, url=server.url)
    budget = place.summary()["cost"]["budget"]
    assert done.returncode == 0 and not budget["stopped"], done.stderr
    assert budget["uncertain_calls"] == 2 and budget["uncertain_usd"] > 2 * (200e-6 + 512e-6)
    assert budget["settled_calls"] == len(server.requests) - 3 and budget["spent_usd"] == pytest.approx(budget["settled_calls"] * 35e-6)


def test_more_than_the_worst_case_is_told(place):
    with ChatServer(lambda request, number: Answer(completion(usage=(50, 5000)))) as server:
        done = place.run(*priced(place), "--max-cost", "1usd", "--conversations", 1, url=server.url)
    summary = place.summary()
    assert done.returncode == 0 and summary["cost"]["budget"]["over_calls"] == 2
    assert any("more than the worst case" in warning["text"] for warning in summary["warnings"])


@pytest.mark.parametrize("options, text", [
    (["--max-cost", "1usd"], "--max-cost needs --prices"),
    (["--max-cost", "0"], "more than 0"),
    (["--max-cost", "1eur"], "US dollars"),
])
def test_a_limit_that_cannot_be_held(place, options, text):
    done = place.run(*options, url="http://127.0.0.1:9/v1")
    assert done.returncode == 2 and text in done.stderr


def test_calls_that_could_cost_anything_are_refused(place):
    options = priced(place, **{MODEL: {"input": 1}})
    with ChatServer() as server:
        done = place.run(*options, "--max-cost", "1usd", url=server.url)
        assert done.returncode == 2 and "no price for input and output" in done.stderr
        done = place.run(*options[:2], "--max-cost", "1usd", url=server.url)
        assert done.returncode == 2 and "--max-cost needs --max-tokens" in done.stderr
        assert server.requests == []


def test_a_ledger_that_is_damaged(place):
    options = [*priced(place), "--max-cost", "1usd", "--conversations", 1]
    with ChatServer() as server:
        assert place.run(*options, url=server.url).returncode == 0
        with open(place.run_dir / "ledger", "r+b") as file:
            file.truncate(100)
        done = place.run(*options, "--resume", url=server.url)
    assert done.returncode != 0 and "was cut off" in done.stderr
