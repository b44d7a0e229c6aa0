"""The package openai under afmon run: what it does, the proxy sees."""
import collections
import json
import os
import subprocess
import sys

from conftest import COMMAND
from scripted_upstream import Upstream, header

PROGRAM = """
import asyncio, openai
client = openai.OpenAI(api_key="sk-a-key-of-the-test", max_retries=2)
print(client.chat.completions.create(model="m", messages=[{"role": "user", "content": "a"}]).choices[0].message.content)
parts = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "b"}], stream=True,
                                       extra_headers={"x-afmon-item": "7"})
print("".join(part.choices[0].delta.content or "" for part in parts if part.choices))
try:
    client.embeddings.create(model="e", input="c")
except openai.BadRequestError as error:
    print(error.status_code)
"""


def whole(value, status="200 OK", kind="application/json"):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return b"HTTP/1.1 %s\r\nContent-Type: %s\r\nRetry-After: 0\r\nContent-Length: %d\r\n\r\n" % (status.encode(), kind.encode(), len(body)) + body


def test_openai(tmp_path):
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    event = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m"}
    stream = "".join(f"data: {json.dumps({**event, **more})}\n\n" for more in (
        {"choices": [{"index": 0, "delta": {"content": "streamed"}, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}, {"choices": [], "usage": usage})) + "data: [DONE]\n\n"
    answers = collections.deque([
        whole({"error": {"message": "slow down"}}, "429 Too Many Requests"), whole({"error": {"message": "oh"}}, "500 Oh"),
        whole({"id": "x", "object": "chat.completion", "created": 0, "model": "m", "usage": usage,
               "choices": [{"index": 0, "message": {"role": "assistant", "content": "text"}, "finish_reason": "stop"}]}),
        whole(stream.encode(), kind="text/event-stream"), whole({"error": {"message": "no"}}, "400 Bad Request")])
    upstream = Upstream(lambda head, body: [answers.popleft()])
    done = subprocess.run([COMMAND, "run", "--upstream", f"http://127.0.0.1:{upstream.port}/v1", "--log-dir", "run", "--",
                           sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
                          env={name: value for name, value in os.environ.items() if not name.startswith("OPENAI")})
    assert (done.returncode, done.stdout) == (0, "text\nstreamed\n400\n"), done.stderr
    assert "3 operations in 5 requests" in done.stderr
    upstream.close()
    with open(tmp_path / "run" / "metrics.jsonl", encoding="utf-8") as lines:
        samples = [json.loads(line) for line in lines]
    calls = [sample for sample in samples if sample["metric"] == "success_rate"]
    assert [(call["operation"], call.get("attempt", 1), call["value"], call.get("item_id")) for call in calls] == [
        ("chat_completions", 1, 0, None), ("chat_completions", 2, 0, None), ("chat_completions", 3, 1, None),
        ("chat_completions", 1, 1, "7"), ("embeddings", 1, 0, None)]
    assert sum(sample["value"] for sample in samples if sample["metric"] == "total_token_count") == 10
    while not upstream.requests.empty():
        head, _ = upstream.requests.get()
        assert header(head, b"authorization") == b"Bearer sk-a-key-of-the-test" and b"afmon" not in head.lower()
