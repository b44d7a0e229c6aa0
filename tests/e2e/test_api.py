"""docs/api.md and the answers of the dashboard's API: each member of an answer is documented, and the other way round; of
the summary in it docs/formats.md does that."""
import json
import pathlib
import re

import pytest

from served import serve

API = pathlib.Path(__file__).resolve().parents[2] / "docs" / "api.md"
FORMATS = API.with_name("formats.md")
NAME = re.compile(r"`([a-z][a-z0-9_]*)`")


def section(title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", API.read_text(encoding="utf-8"), re.M | re.S)[1]


def names(text):
    """Members that a text names. What stands in brackets are values."""
    return set(NAME.findall(re.sub(r"\([^)]*\)", "", text)))


def of_summary():
    return re.search(r"^### summary\n(.*?)(?=^##)", FORMATS.read_text(encoding="utf-8"), re.M | re.S)[1]


def table(text):
    """Members by the first column of a text's table, and what the second one says of each."""
    rows = re.findall(r"^\| (`.*?) \| (.*) \|$", text, re.M)
    return {member: meaning for first, meaning in rows for member in re.findall(r"`([a-z0-9_.]+)`", first)}


def members(answer):
    """Of an object, or of all objects of a list."""
    return set().union(*map(members, answer)) if isinstance(answer, list) else set(answer)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    from conftest import Run
    run = Run(tmp_path_factory.mktemp("runs") / "run")
    for i in range(0, 1200, 10):  # longer than ten minutes: it has a recent part
        run.add("success_rate", 0.0 if i % 40 == 0 else 1.0, at=i, operation="ask", component="c")
        run.add("error_rate", 1.0 if i % 40 == 0 else 0.0, at=i, operation="ask", component="c")
        run.add("generation_time", 0.5, at=i, operation="ask", component="c")
        run.add("prompt_token_count", 10, at=i, model_name="m")
        run.add("evaluation_score_truth", 0.5, at=i)
        run.add("evaluation_time", 0.5, at=i)
        run.add("generation_time", 1.5, at=i, operation="conversation_generation", component="c")
        run.add("success_rate", 1.0, at=i, operation="conversation_generation", component="c")
        run.add("conversation_length", 2, at=i, operation="conversation_generation", component="c")
    run.add("api_errors", 1.0, at=3, error_type="Timeout")
    run.add("api_errors", 1.0, at=5, error_type="RateLimitError", status=429, retried=True, operation="ask", component="c")
    run.add("finish_reason:stop", 1.0, at=3)
    run.add_text('2026-11-23 09:00:01,000 - {"message": "Run plan", "planned": 400, "done": 100, "level": "info"}\n', "afterimage.log")
    with serve(run) as server:
        server.the_run()
        yield server


@pytest.fixture(scope="module")
def one(served):
    return served.json(f"/api/v1/runs/{served.the_run()}")


def test_the_list(served):
    answer = served.json("/api/v1/runs")
    assert set(answer) == set(re.findall(r'"([a-z_]+)"', section("Runs").split("`: ")[0])) == {"runs", "left_out"}
    assert members(answer["runs"]) == set(table(section("Runs")))


def test_a_run(one):
    documented = table(section("A run"))
    assert set(one) == set(table(section("Runs"))) | {member for member in documented if "." not in member}


def check_part(member, part, wanted):
    if isinstance(part, list) and part and isinstance(part[0], str):
        part = []
    assert part, f"the run of the test has no {member}"
    assert members(part) == wanted, member


def test_the_parts_of_a_run(one):
    documented = table(section("A run"))
    line = set(re.findall(r'"([a-z_]+)"', section("Log").split("`, the latest")[0])) - {"lines", "complete"}
    as_elsewhere = {"log": line, "recent": names(documented["charts"]), "summary": set(table(of_summary()))}
    for member, meaning in documented.items():
        part = one
        for step in member.split("."):
            part = part.get(step) if isinstance(part, dict) else None
        if isinstance(part, (dict, list)):
            check_part(member, part, as_elsewhere.get(member, names(meaning)))
    assert all(one[part] for part in ("charts", "lately", "log", "models_lately", "operations_lately", "plan", "recent", "summary"))


def paragraph(title):
    return names(re.search(rf"^\*\*{title}\*\*:(.*?)\n\n", of_summary(), re.M | re.S)[1].split(". ")[0])


def test_the_parts_of_its_summary(one):
    summary, documented = one["summary"], table(of_summary())
    distribution = paragraph("A distribution")
    as_elsewhere = {"alerts": paragraph("An alert"), "failures": paragraph("A failure"), "conversation_length": distribution,
                    "warnings": names(documented["reasons"])}
    for member, meaning in documented.items():
        if isinstance(summary[member], (dict, list)):
            part = as_elsewhere.get(member, names(meaning))
            check_part(member, summary[member], part)
            for one_part in summary[member] if isinstance(summary[member], list) else [summary[member]]:
                inner = [value for name, value in one_part.items() if isinstance(value, dict) and name != "tags"]  # of the user's
                assert len(inner) == meaning.count("(distribution)") and all(set(value) == distribution for value in inner), member
    assert {member for member in summary if isinstance(summary[member], (dict, list))} == {
        "reasons", "warnings", "about", "items", "calls", "evaluations", "tokens", "conversation_length", "alerts", "failures", "retried",
        "finish_reasons", "models", "operations", "scores", "metrics"}


def test_the_log(served):
    answer = served.json(f"/api/v1/runs/{served.the_run()}/log")
    written = set(re.findall(r'"([a-z_]+)"', section("Log").split("`, the latest")[0]))
    assert set(answer) | members(answer["lines"]) == written


def test_a_stretch_of_time(served, one):
    begin = one["charts"]["start_ms"]
    told = names(section("Charts of a stretch of time"))
    charts = served.json(f"/api/v1/runs/{one['id']}/charts?since_ms={begin + 100_000}&until_ms={begin + 199_000}")
    assert set(charts) == set(one["charts"]) | {"loaded"} and charts["step_ms"] < one["charts"]["step_ms"]
    assert charts["totals"]["success"] == pytest.approx(1 - 2 / 20, abs=0.02)  # of 10 calls 2 failed, and 10 items did not
    series = served.json(f"/api/v1/runs/{one['id']}/series?metric=generation_time&heat=yes")
    assert (set(series) | set(series["heat"])) - told == set() and set(series["whole"]) <= told
    for i, n in enumerate(series["n"]):  # no value is lost in the map
        assert sum(series["heat"]["counts"][i]) == n
    assert sum(series["n"]) == series["whole"]["n"] == 240 and series["whole"]["max"] == 1.5
    part = served.json(f"/api/v1/runs/{one['id']}/series?metric=generation_time&since_ms={begin + 100_000}&until_ms={begin + 199_000}")
    assert sum(part["n"]) == part["whole"]["n"] == 20
    assert "heat" not in served.json(f"/api/v1/runs/{one['id']}/series?metric=prompt_token_count&heat=yes")
    assert not served.json(f"/api/v1/runs/{one['id']}/series?metric=nothing")["known"]
    for wrong in ("series", "charts?since_ms=x", "charts?since_ms=5&until_ms=4", "items?until_ms=-1"):
        assert served.ask(f"/api/v1/runs/{one['id']}/{wrong}")[0] == 400, wrong


def test_the_status(served):
    assert set(served.json("/api/v1/status")) == names(section("Status"))


def test_errors(served):
    status, _, body = served.ask("/api/v1/runs/none")
    answer = json.loads(body)
    assert status == answer["error"]["status"] == 404
    assert set(answer) | set(answer["error"]) == set(re.findall(r'"([a-z_]+)"', section("Errors").split("\n")[1]))


def test_streams_send_the_same(served, one):
    for path, event, wanted in (("/api/v1/stream", "runs", {"runs", "left_out"}), (f"/api/v1/runs/{one['id']}/stream", "run", set(one))):
        with served.connect() as client:
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            seen = b""
            while not (found := re.search(rb"event: (\w+)\ndata: (\{.*\})\n\n", re.sub(rb"\r\n[0-9a-fA-F]+\r\n", b"", seen))):
                part = client.recv(65536)
                assert part, seen
                seen += part
        assert b"\r\nX-Accel-Buffering: no\r\n" in seen  # nginx hands it on at once
        assert found[1].decode() == event and set(json.loads(found[2])) == wanted


def test_addresses_answer(served, one):
    addresses = re.findall(r"^\| `(/\S+)` \|", API.read_text(encoding="utf-8"), re.M)
    assert len(addresses) == 14
    for address in addresses:
        if not address.endswith("/stream"):
            wanted = 404 if address.endswith("/ITEM") else 200  # the run tells of no items
            assert served.ask(address.replace("/ID", "/" + one["id"]))[0] == wanted, address
