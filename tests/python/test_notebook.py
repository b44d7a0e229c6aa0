"""What a notebook shows: runs, monitors, token usage, alerts and items as small tables, whose figures are the summary's."""
import html
import re

import afmon
import pytest

HOSTILE = '<script>alert("x")</script>'


@pytest.fixture
def run(folder):
    with afmon.GenerationMonitor(folder, metrics_interval=0, name=HOSTILE) as monitor:
        for i in range(60):
            with monitor.item(i, kind="row") as item:
                monitor.track_generation(1.0 + i / 100, i % 3 != 0, model_name=HOSTILE, prompt_token_count=1000, total_token_count=1234,
                                         **({"error": "late", "error_type": "Timeout"} if i % 3 == 0 else {}))
                if i % 3 == 0:
                    item.reject(HOSTILE)
        monitor.check_alerts()
        assert HOSTILE not in monitor._repr_html_() and "degraded" in monitor._repr_html_()
    return afmon.open_run(folder)


def cells_of(page):
    return [[html.unescape(re.sub("<[^>]+>", "", cell)) for cell in re.findall("<td>(.*?)</td>", row)]
            for row in re.findall("<tr>(.*?)</tr>", page) if "<td>" in row]


def test_a_run(run):
    page, summary = run._repr_html_(), run.summary()
    assert HOSTILE not in page and html.escape(HOSTILE) in page and summary["verdict"] in page
    assert all(html.escape(reason["text"]) in page for reason in summary["reasons"])
    items, calls, *alerts = cells_of(page)
    assert items[:6] == ["row", "60", "40", "20", "0", "66.7%"]
    assert calls[:2] == [str(summary["calls"]["count"]), str(summary["calls"]["failed"])] and calls[6] == "74,040"
    assert len(alerts) == len(summary["alerts"]) > 0
    assert page.count("<table>") == page.count("</table>") == 3


def test_token_usage(run):
    page = run.get_total_token_usage()._repr_html_()
    assert HOSTILE not in page
    assert cells_of(page) == [[HOSTILE, "60,000", "0", "74,040"], ["all", "60,000", "0", "74,040"]]


def test_alerts(run, tmp_path):
    alerts = run.alerts()
    assert isinstance(alerts, list) and [row[0] for row in cells_of(alerts._repr_html_())] == [alert.name for alert in alerts]
    (tmp_path / "metrics.jsonl").write_text('{"metric": "a", "value": 1.0, "timestamp": "2026-11-23T11:39:28+00:00"}\n')
    assert "No alert held" in afmon.open_run(tmp_path).alerts()._repr_html_()


def test_items_are_shown_without_being_taken(run):
    items = run.items()
    first = next(items)
    page = items._repr_html_()
    assert HOSTILE not in page and "the first 50" in page and len(cells_of(page)) == 50
    assert cells_of(page)[0][:3] == ["row", str(first.id), first.outcome]
    assert [first.id, *(item.id for item in items)] == list(range(59, -1, -1))
    assert [row[2:4] for row in cells_of(run.items(outcome="rejected")._repr_html_())] == [["rejected", HOSTILE]] * 20


def test_an_empty_run(tmp_path):
    (tmp_path / "metrics.jsonl").touch()
    assert "no_data" in afmon.open_run(tmp_path)._repr_html_()
