"""afmon items: each item of a run once, with its calls and its text."""
import collections
import json

import pytest

from served import serve

OUTCOMES = ["accepted", "rejected", "failed", "abandoned", "open"]


def started(run, number, at, kind="conversation", **more):
    run.add("item_started", 1.0, at=at, kind=kind, item_id=number, **more)


def ended(run, number, at, outcome, took=1.0, kind="conversation", file="metrics.jsonl", **why):
    run.add("item_time", took, at=at, file=file, kind=kind, outcome=outcome, **why, attempts=1, item_id=number)


def call(run, number, at, operation="answer_generation", error=None, **more):
    common = {"model_name": "gpt", "operation": operation, **more, "item_id": number}
    run.add("generation_time", 0.5, at=at, **common)
    run.add("success_rate", 0.0 if error else 1.0, at=at, **common)
    run.add("error_rate", 1.0 if error else 0.0, at=at,
            **({"error": f"Error code: 429: {error}", "error_type": error, "status": 429} if error else {}), **common)
    if not error:
        run.add("prompt_token_count", 7.0, at=at, **common)
        run.add("total_token_count", 10.0, at=at, **common)
        run.add("cost_usd", 0.25, at=at, **common)


@pytest.fixture
def made(run):
    """Twelve conversations: of each three one rejected and one failed; the last was left, one was made twice."""
    for i in range(12):
        at = i * 10.0
        started(run, i, at)
        call(run, i, at + 1, operation="question_generation")
        call(run, i, at + 2, error="RateLimitError" if i % 3 == 2 else None, **({"attempt": 2} if i == 3 else {}))
        if i == 11:
            break
        why = [{"outcome": "accepted"}, {"outcome": "rejected", "reason": "grade"},
               {"outcome": "failed", "error_type": "RateLimitError"}][i % 3]
        ended(run, i, at + 3, took=float(i), **why)
    started(run, 2, 200.0)
    call(run, 2, 201.0)
    ended(run, 2, 202.0, "accepted", took=2.0)
    return run


def items(command, run, *words):
    done = command("items", run, "--json", *words)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.split("\n")[:-1]]


def ids(command, run, *words):
    return [item["id"] for item in items(command, run, *words)]


def test_newest_first(command, made):
    assert ids(command, made) == [2, 11, 10, 9, 8, 7, 6, 5, 4, 3, 1, 0]
    first = items(command, made, "--limit", "1")[0]
    assert (first["kind"], first["outcome"], first["seconds"], first["attempts"]) == ("conversation", "accepted", 2.0, 1)
    assert [c["operation"] for c in first["calls"]] == ["answer_generation"]  # of its latest life


def test_calls_in_order(command, made):
    failed = items(command, made, "--item", "8")[0]
    assert failed["outcome"] == "failed" and failed["error_type"] == "RateLimitError" and failed["reason"] is None
    question, answer = failed["calls"]
    assert question["operation"] == "question_generation" and question["success"] and question["total_tokens"] == 10
    assert question["started"] == "2026-11-23T09:01:20.500000+00:00" and question["seconds"] == 0.5
    assert question["completion_tokens"] is None and question["attempt"] == 1
    assert question["cost_usd"] == 0.25 and answer["cost_usd"] is None
    assert not answer["success"] and answer["error"] == "Error code: 429: RateLimitError"
    assert answer["status"] == 429 and answer["model_name"] == "gpt"
    assert items(command, made, "3")[0]["calls"][1]["attempt"] == 2
    every_life = items(command, made, "2")[0]
    assert [c["success"] for c in every_life["calls"]] == [True, False, True]


@pytest.mark.parametrize("words,wanted", [
    (["--outcome", "rejected"], [10, 7, 4, 1]),
    (["--outcome", "failed"], [8, 5]),
    (["--outcome", "failed", "--outcome", "abandoned"], [11, 8, 5]),
    (["--outcome", "open"], []),
    (["--reason", "grade"], [10, 7, 4, 1]),
    (["--reason", "RateLimitError"], [8, 5]),
    (["--reason", ""], []),
    (["--kind", "persona"], []),
    (["--operation", "question_generation"], [11, 10, 9, 8, 7, 6, 5, 4, 3, 1, 0]),
    (["--error", "RateLimitError"], [11, 8, 5]),
    (["--error", "RateLimitError", "--operation", "question_generation"], []),
    (["--error", "ValueError"], []),
    (["--error", ""], []),
    (["--slowest", "3"], [10, 9, 8]),
    (["--slowest", "2", "--outcome", "accepted"], [9, 6]),
])
def test_filters(command, made, words, wanted):
    assert ids(command, made, *words) == wanted


def test_failures_without_a_type(command, run):
    started(run, "a", 0)
    run.add("generation_time", 0.5, at=1, item_id="a")
    run.add("success_rate", 0.0, at=1, item_id="a")
    started(run, "b", 2)
    call(run, "b", 3)
    assert ids(command, run, "--error", "") == ["a"] and ids(command, run, "--operation", "") == ["a"]


def test_pages(command, made):
    """No item comes twice, and none is missing, whatever the page is."""
    text = command("items", made, "--limit", "5")
    assert text.returncode == 0 and "There are more: --after " in text.stdout
    for size in (1, 2, 5, 11, 12):
        found, cursor = [], []
        while True:
            found += ids(command, made, "--limit", size, *cursor)
            said = command("items", made, "--limit", size, *cursor).stdout
            if "--after" not in said:
                break
            cursor = ["--after", said.split("--after ")[1].split()[0]]
        assert found == ids(command, made)


def test_counts_are_those_of_show(command, run):
    """Whatever the lines are: several files, kinds, lives, items without a beginning, or with one at the same time."""
    for i in range(40):
        file = f"metrics-{i % 3:016x}.jsonl" if i % 3 else "metrics.jsonl"
        kind = ["conversation", "persona", "row"][i % 3]
        for life in range(1 + i % 2):
            at = i + 100.0 * life
            if i % 7:
                started(run, i % 20, at, kind=kind, file=file)
            if i % 5:
                ended(run, i % 20, at + i % 4, OUTCOMES[i // 3 % 3], kind=kind, file=file)
    listed = collections.Counter((item["kind"], item["outcome"]) for item in items(command, run, "--limit", "0"))
    summary = json.loads(command("show", run, "--json").stdout)["summary"]
    shown = {(kind["kind"], outcome): kind[outcome] for kind in summary["items"] for outcome in OUTCOMES if kind[outcome]}
    assert len(shown) > 6 and listed == shown
    for (kind, outcome), count in shown.items():
        assert len(items(command, run, "--limit", "0", "--kind", kind, "--outcome", outcome)) == count


def test_table(command, made, on_terminal):
    text = command("items", made).stdout
    assert "2026-11-23 09:01:20   conversation   8      failed      RateLimitError" in text
    drawn = on_terminal("items", made, columns=60, NO_COLOR="1")
    assert max(map(len, drawn.splitlines()[:14])) <= 104 and "…" in drawn
    whole = command("items", made, "8").stdout
    assert "failed: RateLimitError; begun 2026-11-23 09:01:20, ended 2026-11-23 09:01:23, took 8.00 s" in whole
    assert "failed 429" in whole and "Error code: 429: RateLimitError" in whole


def test_many_rows_are_several_tables(command, run):
    for i in range(1001):
        started(run, i, i)
    shown = command("items", run, "--limit", "0").stdout.splitlines()
    assert len(shown) == 1001 + 2 * 2 and sum(line.startswith("Begun ") for line in shown) == 2


HOSTILE = "a\x1b[2J\nb‮\x85<script>alert(1)</script>=1+1"


def test_hostile_texts(command, run, tmp_path):
    started(run, HOSTILE, 0, kind=HOSTILE)
    call(run, HOSTILE, 1, operation=HOSTILE, error=HOSTILE)
    ended(run, HOSTILE, 2, "rejected", kind=HOSTILE, reason=HOSTILE)
    data = tmp_path / "data.jsonl"
    data.write_text(json.dumps({"id": HOSTILE, "conversations": [{"role": HOSTILE, "content": HOSTILE}]}) + "\n"
                    + json.dumps({"id": "x", "conversations": HOSTILE}) + "\n")
    for words in ([], ["--item", HOSTILE, "--text", "--dataset", data], ["--slowest", "1", "--text", "--dataset", data]):
        done = command("items", run, *words)
        assert done.returncode == 0 and "<script>" in done.stdout
        assert not set(done.stdout) & set("\x1b‮\x85")
    item, = items(command, run, "--reason", HOSTILE, "--kind", HOSTILE, "--error", HOSTILE, "--operation", HOSTILE)
    assert item["id"] == item["reason"] == item["kind"] == item["calls"][0]["error_type"] == HOSTILE
    missing = command("items", run, "no\x1b[2J such")
    assert missing.returncode == 1 and "\x1b" not in missing.stderr


def test_from_failures_to_items(command, made, tmp_path):
    """What shows a group of failures says how its items are found."""
    shown = command("show", made).stdout
    assert "The items behind a row: afmon items DIR --error FAILURE --operation IN" in shown
    assert "The items behind a row: afmon items DIR --outcome OUTCOME --reason REASON" in shown
    assert "An example of RateLimitError: Error code: 429: RateLimitError\n" in shown
    page = command("report", made, "--output", "-").stdout
    assert "<code>afmon items RUN --error FAILURE --operation OPERATION</code>" in page
    assert "<code>afmon items RUN --outcome OUTCOME --reason REASON</code>" in page
    assert "`afmon items RUN --error TYPE --operation OPERATION`" in command("report", made, "--output", "-", "--format", "md").stdout
    group, = json.loads(command("show", made, "--json").stdout)["summary"]["failures"]
    found = items(command, made, "--error", group["error_type"], "--operation", group["operation"])
    assert [item["id"] for item in found] == [11, 8, 5] and group["count"] == 4  # one was made again since
    run = tmp_path / "plain"
    run.mkdir()
    (run / "metrics.jsonl").write_bytes(b"".join(line for line in (made.path / "metrics.jsonl").read_bytes().splitlines(True)
                                                 if b'"item_' not in line.split(b",")[0]))
    assert "afmon items" not in command("show", run).stdout + command("report", run, "--output", "-").stdout


# ---- The text ----


@pytest.fixture
def generated(command, tmp_path):
    done = command("generate", "conversations", "--simulate", "--speed", "1000", "--conversations", "8", "--seed", "3",
                   "--output", "data.jsonl", "--log-dir", "made")
    assert done.returncode == 0, done.stderr
    return tmp_path / "made"


def test_text_of_generated(command, generated, tmp_path):
    lines = {line["metadata"]["index"]: line for line in map(json.loads, (tmp_path / "data.jsonl").read_text().splitlines())}
    found = items(command, generated, "--text")
    assert len(found) == 8 and all(item["text"] == lines[item["id"]] for item in found)
    shown = command("items", generated, "3", "--text").stdout
    assert lines[3]["conversations"][0]["content"].split("\n")[0][:60] in shown
    assert shown.index("user\n") < shown.index("assistant\n") < shown.index("question_generation")
    record = next(line for line in (generated / "afterimage.log").read_text().splitlines() if '"Run record"' in line)
    assert f'"data_set": "{tmp_path / "data.jsonl"}"' in record
    assert not any("data.jsonl" in path.name for path in generated.iterdir())  # it stays where it is


def test_text_that_is_not_there(command, generated, made, tmp_path):
    data = tmp_path / "data.jsonl"
    data.rename(tmp_path / "moved.jsonl")
    gone = command("items", generated, "--text")
    assert gone.returncode == 1 and f"the data set {data} cannot be read" in gone.stderr and "--dataset FILE" in gone.stderr
    assert items(command, generated, "1", "--text", "--dataset", "moved.jsonl")[0]["text"]["metadata"]["index"] == 1
    unnamed = command("items", made, "--text")
    assert unnamed.returncode == 1 and "names no data set" in unnamed.stderr and "--dataset FILE" in unnamed.stderr
    (tmp_path / "other.jsonl").write_text('{"metadata": {"index": 0}}\n{"x": {"index": 1}}\nnot JSON "index": 3\n[{"index": 4}]\n')
    found = items(command, made, "--text", "--dataset", "other.jsonl")
    assert [item["id"] for item in found if "text" in item] == [0]
    assert "The data set does not have it." in command("items", made, "1", "--text", "--dataset", "other.jsonl").stdout
    assert command("items", made, "--text", "--dataset", tmp_path).returncode == 1


# ---- The API ----


def test_served(made, tmp_path):
    data = tmp_path / "data.jsonl"
    with serve(made) as server:
        base = f"/api/v1/runs/{server.the_run()}/items"
        first = server.json(base + "?limit=5")
        found, cursor = first["items"], first["next"]
        assert [item["id"] for item in found] == [2, 11, 10, 9, 8]
        while cursor:
            page = server.json(f"{base}?limit=3&cursor={cursor}")
            found, cursor = found + page["items"], page["next"]
        assert [item["id"] for item in found] == [2, 11, 10, 9, 8, 7, 6, 5, 4, 3, 1, 0]
        assert [item["id"] for item in server.json(base + "?outcome=failed,abandoned")["items"]] == [11, 8, 5]
        assert [item["id"] for item in server.json(base + "?error=RateLimitError&operation=answer_generation")["items"]] == [11, 8, 5]
        assert server.json(base + "?slowest=2")["items"][0]["id"] == 10
        assert len(server.json(base + "/2")["calls"]) == 3 and server.json(base + "?id=2")["items"] == [server.json(base + "/2")]
        for path, status in (("/nobody", 404), ("?outcome=bad", 400), ("?limit=0", 400), ("?limit=201", 400), ("?slowest=x", 400),
                             ("?cursor=x", 400), ("?text=yes", 403), ("/2?text=yes", 403), ("?text=maybe", 400)):
            assert server.ask(base + path)[0] == status, path
    assert not data.exists()


def name_data_set(run, path):
    record = {"message": "Run record", "session": "00000000000000aa", "started": "2026-11-23T09:00:00.000000+00:00",
              "data_set": str(path), "rules": [], "metrics_file": "metrics.jsonl", "level": "info"}
    (run.path / "afterimage.log").write_text("2026-11-23 09:00:00,000 - " + json.dumps(record) + "\n")


def test_served_texts(made, tmp_path):
    """What lies outside of the folders that are served is given to nobody, whatever a record names."""
    outside = tmp_path / "secret.jsonl"
    outside.write_text('{"id": 2, "secret": 1}\n')
    inside = made.path / "data.jsonl"
    inside.write_text('{"id": 2, "conversations": []}\n')
    (made.path / "link.jsonl").symlink_to(outside)
    with serve(made, "--texts") as server:
        base = f"/api/v1/runs/{server.the_run()}/items"
        assert server.ask(base + "/2?text=yes")[0] == 404  # no record
        name_data_set(made, inside)
        assert server.json(base + "/2?text=yes")["text"] == {"id": 2, "conversations": []}
        assert "text" not in server.json(base + "/3?text=yes") and "text" not in server.json(base + "/2")
        for path in (outside, made.path / "link.jsonl", made.path / ".." / "secret.jsonl", tmp_path / "run2", "/etc/passwd"):
            name_data_set(made, path)
            status, _, body = server.ask(base + "/2?text=yes")
            assert status == 404 and b"secret\"" not in body and b"may not be read here" in body


# ---- What is wrong ----


@pytest.mark.parametrize("words,said", [
    ([], "give the run folder"),
    (["a", "b", "c"], "'c' is too much"),
    (["a", "--outcome", "acepted"], "did you mean accepted?"),
    (["a", "--slowest", "0"], "--slowest"),
    (["a", "--limit", "-1"], "--limit"),
    (["a", "--dataset", "x"], "--dataset is for --text"),
    (["a", "b", "--item", "c"], "one item at a time"),
    (["a", "--slowest", "1", "--after", "x"], "leave out --after"),
])
def test_wrong_usage(command, words, said):
    done = command("items", *words)
    assert done.returncode == 2 and said in done.stderr and done.stdout == ""


def test_wrong_cursor(command, made):
    done = command("items", made, "--after", "nonsense")
    assert done.returncode == 2 and "cursor" in done.stderr


def test_runs_without_items(command, run):
    run.add("generation_time", 1.0, operation="conversation_generation")
    done = command("items", run)
    assert done.returncode == 0 and "tells of no items" in done.stdout
    assert command("items", run, "--json").stdout == ""
    assert command("items", "nowhere").returncode == 1
