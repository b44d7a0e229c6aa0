"""afmon plot: which files it writes, what it says, and what it refuses."""
import datetime
import json
import os
import re
import subprocess
import xml.dom.minidom

import pytest

AFMON = os.environ["AFMON"]
CHARTS = ["success_error_rate", "generation_time", "token_usage", "evaluation_scores", "evaluation_time", "item_yield", "spending",
          "time_to_first_token", "item_funnel", "latency_heat_map"]
OF_RUN = [*CHARTS[:3], "latency_heat_map"]


def line(metric, value, second):
    return json.dumps({"metric": metric, "value": value,
                       "timestamp": f"2026-11-23T09:{second // 60:02}:{second % 60:02}.000000+00:00"}) + "\n"


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    with open(folder / "metrics.jsonl", "w", encoding="utf-8") as out:
        for i in range(300):
            out.write(line("generation_time", 1 + i % 7 / 3, i))
            out.write(line("success_rate", float(i % 5 != 0), i))
            out.write(line("error_rate", float(i % 5 == 0), i))
            out.write(line("total_token_count", 100.0 + i % 50, i))
            out.write(line("../up", float(i), i))
    return folder


def plot(*words):
    return subprocess.run([AFMON, "plot", *map(str, words)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("kind,begins", [("png", b"\x89PNG\r\n"), ("svg", b"<svg "), ("pdf", b"%PDF")])
def test_what_has_data_is_written(run, kind, begins):
    done = plot(run, "--format", kind)
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(run / "plots")) == sorted(f"{name}.{kind}" for name in OF_RUN)
    assert done.stdout.splitlines() == [f"{run}/plots/{name}.{kind}" for name in OF_RUN]
    assert "evaluation_time: not drawn: no samples for evaluation_time" in done.stderr
    for name in OF_RUN:
        assert (run / "plots" / f"{name}.{kind}").read_bytes().startswith(begins)


def test_svg_is_well_formed_and_says_what_it_shows(run):
    assert plot(run, "--format", "svg", "--theme", "auto").returncode == 0
    for name in OF_RUN:
        page = xml.dom.minidom.parse(str(run / "plots" / f"{name}.svg"))
        assert page.documentElement.getAttribute("role") == "img"
        ids = [e.getAttribute("id") for e in page.getElementsByTagName("*") if e.hasAttribute("id")]
        assert ids and all(i.startswith(f"afmon-{name}-") for i in ids) and len(set(ids)) == len(ids)
    text = (run / "plots" / "success_error_rate.svg").read_text(encoding="utf-8")
    assert "prefers-color-scheme:dark" in text and ">80.0%</text>" in text


def test_a_metric_cannot_leave_its_folder(run, tmp_path):
    done = plot(run, "--metric", "../up", "--save-dir", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert os.listdir(tmp_path / "out") == ["metric_.._up.png"]


def test_window_and_json(run):
    done = plot(run, "--format", "svg", "--window", "1m", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(told["written"]) == 4 and set(told["left_out"]) == set(CHARTS) - set(OF_RUN)
    assert "61 generations" in (run / "plots" / "generation_time.svg").read_text(encoding="utf-8")


def test_nothing_to_draw(tmp_path):
    (tmp_path / "metrics.jsonl").write_text(line("other", 1.0, 0), encoding="utf-8")
    done = plot(tmp_path)
    assert done.returncode == 1 and "nothing to draw" in done.stderr
    assert not (tmp_path / "plots").exists()


@pytest.mark.parametrize("words,says", [
    (["--format", "gif"], "there are png, svg and pdf"),
    (["--theme", "pink"], "there are light, dark and auto"),
    (["--width", "10"], "width"),
    (["--metric", "none"], "no metric 'none' in this run\n"),
    (["--metric", "generation_tiem"], "no metric 'generation_tiem' in this run; did you mean 'generation_time'?"),
    (["--save-dir", ""], "no folder"),
])
def test_bad_words(run, words, says):
    done = plot(run, *words)
    assert done.returncode == 2 and says in done.stderr, done.stderr


def test_a_place_that_cannot_be_written(run):
    done = plot(run, "--save-dir", run / "metrics.jsonl" / "x")
    assert done.returncode == 1 and "metrics.jsonl" in done.stderr


def timed(metric, value, second):
    at = datetime.datetime(2026, 11, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(seconds=second)
    return json.dumps({"metric": metric, "value": value, "timestamp": at.isoformat(timespec="microseconds")}) + "\n"


def rates(folder, seconds, fails):
    with open(folder / "metrics.jsonl", "w", encoding="utf-8") as out:
        for second in seconds:
            out.write(timed("success_rate", float(not fails(second)), second) + timed("error_rate", float(fails(second)), second))
    assert plot(folder, "--format", "svg").returncode == 0
    return (folder / "plots" / "success_error_rate.svg").read_text(encoding="utf-8")


def test_the_shortest_alert_is_seen_in_a_long_run(tmp_path):
    bad = range(864000, 864300)
    text = rates(tmp_path, sorted([*range(0, 30 * 86400, 1800), *bad[::10]]), lambda second: second in bad)
    boxes = re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="([\d.]+)"', text)
    shades = [(x, float(width), float(height)) for x, width, height in boxes if float(width) == 3]
    assert len(shades) == 2 and shades[0][0] == shades[1][0]  # the period, and its mark above
    assert sorted(height for _, _, height in shades)[0] == 3 and ">Alert held</text>" in text


def test_an_average_keeps_its_value_where_samples_get_few(tmp_path):
    text = rates(tmp_path, [*range(200), 206], lambda second: second == 206)
    lines = [re.findall(r"[ML]([\d.]+) ([\d.]+)", path) for path in re.findall(r'<path d="([^"]*)" [^>]*stroke-linejoin', text)]
    ends = [line[-3:] for line in lines if len(line) > 100]
    assert len(ends) == 2
    for before, held, at in ends:
        assert before[1] == held[1] and held[0] == at[0] and held[1] != at[1]
