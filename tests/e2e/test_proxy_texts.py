"""afmon run and afmon proxy with --save-texts: what was asked and answered, as lines that afmon items --text reads."""
import gzip
import json
import subprocess
import threading

from conftest import COMMAND
from scripted_upstream import read_body, read_head
from test_proxy import ANTHROPIC, KEY, STREAM, chat, chunks, events, post, proxied, usage_of, whole  # noqa: F401

LONG = "é\u2028\"usage\":{ [DONE] data: " * 400  # longer than what is kept of a text for its facts
TOOLS = [
    {"choices": [{"index": 0, "delta": {"role": "assistant", "content": None, "reasoning_content": "hm"}}]},
    {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{\"a\""}}]}}]},
    {"choices": [{"index": 1, "delta": {"content": "other"}}]},
    {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": ": 1}"}},
                                                       {"index": 1, "id": "c2", "function": {"name": "g", "arguments": "{}"}}]}}]},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
]


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def stream_of(sent):
    return "".join(f"data: {json.dumps({'model': 'm', **event}, ensure_ascii=False)}\n\n" for event in sent).encode()


def test_requests_and_answers_are_saved(proxied, tmp_path):  # noqa: F811
    asked = {"model": "m", "messages": [{"role": "user", "content": LONG}, *({"role": "user", "content": str(n)} for n in range(30))]}
    response = {"id": "r", "model": "m", "status": "completed", "output": [{"type": "message", "content": [{"type": "output_text", "text": LONG}]}],
                "usage": {"input_tokens": 1, "output_tokens": 1}}
    answers = [
        ("/v1/chat/completions", [whole(chat(LONG, usage_of(1, 2)))]),
        ("/v1/chat/completions", [whole(gzip.compress(chat("packed")), headers=["Content-Encoding: gzip"])]),
        ("/v1/chat/completions", [STREAM, *chunks(events([LONG, "b"], usage_of(1, 2)), [1] * 900)]),
        ("/v1/chat/completions", [STREAM, *chunks(stream_of(TOOLS) + b"data: [DONE]\n\n", [])]),
        ("/v1/messages", [STREAM, *chunks(stream_of(ANTHROPIC), [7] * 30)]),
        ("/v1/responses", [STREAM, *chunks(stream_of([{"type": "response.created", "response": {"output": []}},
                                                      {"type": "response.completed", "response": response}]), [])]),
        ("/v1/chat/completions", [whole(b"{}", "500 Internal Server Error")]),
        ("/v1/chat/completions", [STREAM, *chunks(events(["cut"], done=False)[:-30], [9])]),
        ("/v1/embeddings", [whole(b'{"data": [], "usage": {"prompt_tokens": 1}}')]),
        ("/v1/chat/completions", [whole(chat("br"), headers=["Content-Encoding: br"])]),
    ]
    waiting = [pieces for _, pieces in answers]
    path = tmp_path / "texts.jsonl"
    path.write_bytes(b'{"torn": ')
    proxy, _ = proxied(lambda head, body: waiting.pop(0), "--save-texts", str(path))
    for number, (where, _) in enumerate(answers):
        proxy.ask(post(json.dumps(asked, ensure_ascii=False).encode(), where, [f"x-afmon-item: row-{number}"]))
    out = proxy.stop()
    assert "6 texts were saved" in out and "1 texts could not be saved" in out, out
    torn, *lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    saved = [json.loads(line) for line in lines]
    assert torn == '{"torn": ' and [line["item_id"] for line in saved] == [f"row-{n}" for n in range(6)]
    assert all(line["request"] == asked for line in saved)
    assert saved[0]["answer"] == json.loads(chat(LONG, usage_of(1, 2))) and saved[1]["answer"] == json.loads(chat("packed"))
    joined = saved[2]["answer"]["choices"]
    assert [(choice["message"]["content"], choice["finish_reason"]) for choice in joined] == [(LONG + "b", "stop")]
    first, second = saved[3]["answer"]["choices"]
    assert [(tool["id"], tool["function"]) for tool in first["message"]["tool_calls"]] == [
        ("c1", {"name": "f", "arguments": '{"a": 1}'}), ("c2", {"name": "g", "arguments": "{}"})]
    assert (first["message"]["content"], first["message"]["reasoning_content"], second["message"]["content"]) == (None, "hm", "other")
    assert saved[4]["answer"]["content"] == [{"type": "text", "text": "hi"}] and saved[4]["answer"]["stop_reason"] == "end_turn"
    assert saved[5]["answer"] == response
    assert [(line["operation"], line["streamed"]) for line in saved[3:5]] == [("chat_completions", True), ("messages", True)]


def test_items_show_them(proxied, tmp_path):  # noqa: F811
    path = tmp_path / "texts.jsonl"
    proxy, _ = proxied(lambda head, body: [whole(chat("the answer"))], "--save-texts", str(path), "--plan", "2")
    proxy.ask(post(b'{"model": "m"}', headers=["x-afmon-item: row-1"]))
    proxy.ask(post(b'{"model": "m", "n": 1}'))
    proxy.stop()
    assert path.stat().st_mode & 0o777 == 0o600
    shown = subprocess.run([COMMAND, "items", str(proxy.folder), "--text", "--json"], capture_output=True, text=True, check=True, timeout=60)
    items = [json.loads(line) for line in shown.stdout.splitlines()]
    assert len(items) == 2 and all(item["text"]["answer"]["choices"][0]["message"]["content"] == "the answer" for item in items), items


def test_keys_are_in_no_text(proxied, tmp_path):  # noqa: F811
    path = tmp_path / "texts.jsonl"
    proxy, _ = proxied(lambda head, body: [whole(chat("you said " + KEY))], "--save-texts", str(path))
    proxy.ask(post(json.dumps({"model": "m", "user": KEY}).encode()))
    proxy.stop()
    line, = lines_of(path)
    assert line["answer"]["choices"][0]["message"]["content"] == "you said [key]" and line["request"]["user"] == "[key]"
    assert "item_id" not in line


def test_texts_of_many_at_a_time_are_whole(proxied, tmp_path):  # noqa: F811
    path = tmp_path / "texts.jsonl"
    proxy, _ = proxied(lambda head, body: [STREAM, *chunks(events([json.loads(body)["text"]] * 5, usage_of(1, 1)), [30] * 40)],
                       "--save-texts", str(path))

    def work(worker):
        with proxy.connect() as connection, connection.makefile("rb") as file:
            for number in range(20):
                connection.sendall(post(json.dumps({"model": "m", "text": f"{worker}-{number} "}).encode()))
                read_body(file, read_head(file))

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    proxy.stop()
    saved = lines_of(path)
    assert len(saved) == 160
    for line in saved:
        assert line["answer"]["choices"][0]["message"]["content"] == line["request"]["text"] * 5


def test_a_file_that_cannot_be_written(command, tmp_path):
    for path in (tmp_path / "none" / "texts.jsonl", tmp_path):
        done = command("run", "--save-texts", str(path), "--", "true")
        assert done.returncode == 2 and str(path) in done.stderr, done
