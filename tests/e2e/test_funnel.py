"""The funnel of items: one summary, whose figures every surface shows."""
import json
import re

import pytest

from served import serve


def add_item(run, number, outcome, calls, at=0.0, **metadata):
    """An item that was begun, called for, and ended (outcome None: not yet)."""
    run.add("item_started", 1.0, at=at, kind="conversation", item_id=number)
    for _ in range(calls):
        run.add("generation_time", 0.5, at=at + 0.5, operation="answer_generation", item_id=number)
        run.add("success_rate", 1.0, at=at + 0.5, operation="answer_generation", item_id=number)
        run.add("total_token_count", 100, at=at + 0.5, operation="answer_generation", item_id=number)
    if outcome is not None:
        run.add("item_time", 1.0, at=at + 1, kind="conversation", outcome=outcome, attempts=1, item_id=number, **metadata)


def cells(text, heading, start):
    """Of the first line that begins so, below the one that has this heading."""
    lines = iter(text[text.index(heading):].splitlines())
    line = next(line for line in lines if line.startswith(start))
    return re.split(r" {2,}|\s*\|\s*", line.strip(" |"))


def funnel(run):
    for number, outcome in enumerate(["accepted"] * 5 + ["rejected"] * 2 + ["failed"]):
        add_item(run, number, outcome, calls=3 if outcome == "rejected" else 2, at=number,
                 **{"rejected": {"reason": "grade"}, "failed": {"error_type": "Timeout"}}.get(outcome, {}))
    add_item(run, 8, None, calls=0, at=8)


def test_figures_are_those_of_the_summary(run, command):
    funnel(run)
    summary = json.loads(command("show", run, "--json").stdout)["summary"]
    (item,) = summary["items"]
    assert (item["yield"], item["calls_per_accepted"], item["tokens_per_accepted"]) == (0.625, 18 / 5, 360)
    assert [(reason["reason"], reason["share"]) for reason in item["reasons"]] == [("grade", 0.25), ("Timeout", 0.125)]
    with serve(run) as served:
        assert served.json(f"/api/v1/runs/{served.the_run()}")["summary"]["items"] == [item]

    show = command("show", run).stdout
    assert cells(show, "tokens/acc.", "conversations") [-4:] == ["62.5%", "9", "3.6", "360"]
    assert cells(show, "Not accepted", "conversations")[-3:] == ["grade", "2", "25.0%"]
    markdown = command("report", run, "--format", "md", "--output", "-").stdout
    assert cells(markdown, "Tokens per accepted", "| Conversations")[-3:] == ["62.5%", "3.6", "360"]
    assert cells(markdown, "that were not accepted", "| grade ")[-1] == "25.0%"
    page = command("report", run, "--format", "html", "--output", "-").stdout
    row = re.search(r'<tr><th scope="row">Conversations</th>.*?</tr>', page[page.index('id="items"'):], re.S).group()
    assert re.findall(r"<td[^>]*>([^<]*)", row)[-4:] == ["62.5%", "9", "3.6", "360"]
    assert "5 conversations accepted, 2 rejected, 1 failed, 1 abandoned; yield 62.5%" in command("watch", run, "--once").stdout


def test_the_yield_over_time(run, command, tmp_path):
    for number in range(300):
        outcome = "failed" if number % 10 == 0 else "rejected" if number < 150 and number % 3 == 0 else "accepted"
        add_item(run, number, outcome, calls=0, at=number)
    add_item(run, 0, "accepted", calls=0, at=400)  # made again: it counts once, by its latest outcome
    assert command("plot", run, "--format", "svg", "--save-dir", tmp_path).stdout.split() == [f"{tmp_path}/item_{name}.svg" for name in ("yield", "funnel")]
    svg = (tmp_path / "item_yield.svg").read_text(encoding="utf-8")
    (item,) = json.loads(command("show", run, "--json").stdout)["summary"]["items"]
    assert (item["accepted"], item["rejected"], item["failed"]) == (226, 45, 29)
    for legend in ("226 (75.3%)", "45 (15.0%)", "29 (9.7%)"):
        assert f">{legend}</text>" in svg
    assert "300 items" in svg and "Item Yield Over Time" in command("report", run, "--format", "html", "--output", "-").stdout
    with serve(run) as served:
        charts = served.json(f"/api/v1/runs/{served.the_run()}")["charts"]
    last = max(i for i, share in enumerate(charts["rejected"]) if share) * charts["step_ms"] / 1000
    assert last == pytest.approx(148, abs=10) and charts["accepted"][-1] == 1
    for shares in zip(charts["accepted"], charts["rejected"], charts["failed"]):
        assert shares == (None, None, None) or sum(shares) == pytest.approx(1, abs=1e-5)


def test_of_what_there_was_none_there_is_no_line(run, command, tmp_path):
    for number in range(20):
        add_item(run, number, "accepted", calls=0, at=number)
    command("plot", run, "--format", "svg", "--save-dir", tmp_path)
    svg = (tmp_path / "item_yield.svg").read_text(encoding="utf-8")
    assert ">Accepted</text>" in svg and "Rejected" not in svg and "Failed" not in svg


@pytest.mark.parametrize("outcome, wanted", [(None, [None, None, None]), ("rejected", [0.0, None, None])])
def test_what_cannot_be_said_is_null(run, command, outcome, wanted):
    add_item(run, 1, outcome, calls=2)
    (item,) = json.loads(command("show", run, "--json").stdout)["summary"]["items"]
    assert [item[key] for key in ("yield", "calls_per_accepted", "tokens_per_accepted")] == wanted
    assert cells(command("show", run).stdout, "tokens/acc.", "conversations")[-4:] == ["-" if outcome is None else "0%", "1", "-", "-"]
    report = command("report", run, "--format", "md", "--output", "-").stdout
    assert cells(report, "Tokens per accepted", "| Conversations")[-3:] == ["-" if outcome is None else "0%", "-", "-"]


def test_items_without_calls_have_no_price_in_calls(run, command):
    add_item(run, 1, "accepted", calls=0)
    (item,) = json.loads(command("show", run, "--json").stdout)["summary"]["items"]
    assert [item[key] for key in ("yield", "calls_per_accepted", "tokens_per_accepted")] == [1.0, None, None]
