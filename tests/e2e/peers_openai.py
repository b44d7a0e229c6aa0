"""`afmon generate` beside the openai package, against the same scripted server: over the shapes of answers that providers,
routers and servers have, afmon keeps text and usage at least wherever openai does, and tries again at least as often, but
for failures that last, which it gives up sooner."""

import concurrent.futures
import json
import os
import pathlib
import subprocess

import openai
import pytest

from answer_shapes import ALL
from chat_server import MODEL, Answer, ChatServer, completion

AFMON = os.environ.get("AFMON", str(pathlib.Path(__file__).resolve().parents[2] / "build" / "cli" / "afmon"))
TELL = "You are a gardener."
RETRIES = 2
AT_ONCE = 6


class Outcome:
    """What a client made of a shape."""

    def __init__(self, text=None, usage=None, requests=0, error="", words="", reasoning=None):
        self.text, self.usage, self.requests = text, usage or (None, None, None), requests
        self.error, self.words, self.reasoning = error, words, reasoning


def is_respondent(request):
    return request["body"]["messages"][0].get("content") == TELL


def serve(shape):
    """A server that gives the shape to the respondent's calls, and counts them; and a good answer to all others."""
    counted = []

    def script(request, number):
        if not is_respondent(request):
            return Answer(completion("How often?"))
        counted.append(number)
        return shape.answer(len(counted) - 1)

    return ChatServer(script), counted


def number_or_none(usage, name):
    value = getattr(usage, name, None)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def text_in(content):
    """The text of a message; openai hands on parts as they came."""
    if isinstance(content, str):
        return content if content.strip() else None
    parts = [part if isinstance(part, str) else part.get("text", "") for part in content or []]
    return "".join(parts) or None


def ask_openai(shape):
    server, counted = serve(shape)
    with server, openai.OpenAI(base_url=server.url, api_key="none", max_retries=RETRIES, timeout=30) as client:
        try:
            made = client.chat.completions.create(model=MODEL, messages=[{"role": "system", "content": TELL}])
            usage = tuple(number_or_none(made.usage, f"{name}_tokens") for name in ("prompt", "completion", "total"))
            return Outcome(text_in(made.choices[0].message.content), usage, len(counted))
        except Exception as problem:  # whatever a client of openai would see
            return Outcome(requests=len(counted), error=type(problem).__name__)


def values(samples, name):
    found = [s["value"] for s in samples if s["metric"] == name and s["operation"] == "answer_generation"]
    return found[0] if found else None


def ask_afmon(shape, folder):
    server, counted = serve(shape)
    with server:
        done = subprocess.run(
            [AFMON, "generate", "conversations", "--base-url", server.url, "--model", MODEL, "--conversations", "1",
             "--respondent-prompt", TELL, "--correspondent-prompt", "Ask.", "--log-dir", "run", "--output", "data.jsonl",
             "--max-retries", str(RETRIES), "--keep-reasoning"],
            cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    samples = [json.loads(line) for line in (folder / "run" / "metrics.jsonl").read_text().splitlines()]
    rows = [json.loads(line) for line in (folder / "data.jsonl").read_text().splitlines()]
    answer = rows[0]["conversations"][1] if rows else {}
    log = (folder / "run" / "afterimage.log").read_text()
    records = [json.loads(line.split(" - ", 1)[1]).get("data", {}) for line in log.splitlines()]
    failed = [r for r in records if r.get("error_type") and r.get("operation") == "answer_generation"]
    usage = tuple(values(samples, f"{name}_token_count") for name in ("prompt", "completion", "total"))
    assert done.returncode == (0 if rows else 1), done.stderr
    return Outcome(answer.get("content"), usage, len(counted), failed[0].get("error_type", "") if failed else "",
                   log, answer.get("reasoning_content"))


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What both made of every shape; several at a time, for most of it is waiting."""
    root = tmp_path_factory.mktemp("shapes")

    def ask(number):
        folder = root / str(number)
        folder.mkdir()
        return ask_openai(ALL[number]), ask_afmon(ALL[number], folder)

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip((shape.name for shape in ALL), pool.map(ask, range(len(ALL))), strict=True))


def test_there_are_enough_shapes():
    assert len(ALL) > 60 and len({shape.name for shape in ALL}) == len(ALL)


@pytest.mark.parametrize("shape", ALL, ids=lambda shape: shape.name)
def test_afmon_keeps_what_openai_keeps(outcomes, shape):
    theirs, ours = outcomes[shape.name]
    assert ours.text == shape.text
    assert ours.usage == (shape.usage or (None, None, None))
    assert ours.reasoning == shape.reasoning
    broken = shape.error or "of a choice" in shape.name  # there openai takes the beginning of an answer for the whole
    if theirs.text is not None and not broken:
        assert ours.text is not None
    for our, their in zip(ours.usage, theirs.usage, strict=True):
        assert their is None or our is not None


@pytest.mark.parametrize("shape", ALL, ids=lambda shape: shape.name)
def test_afmon_tries_again_as_often(outcomes, shape):
    theirs, ours = outcomes[shape.name]
    if shape.lasting:
        assert ours.requests < theirs.requests
    else:
        assert ours.requests >= theirs.requests


@pytest.mark.parametrize("shape", [shape for shape in ALL if shape.error], ids=lambda shape: shape.name)
def test_failures_say_what_they_are(outcomes, shape):
    _, ours = outcomes[shape.name]
    assert ours.error == shape.error
    for words in shape.words:
        assert words in ours.words
