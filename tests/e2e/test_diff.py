"""afmon diff: figures, verdicts, conditions and exit statuses, on runs whose differences are known."""
import json
import math
import random

import pytest

from conftest import Run


def make(path, seed, items=400, failures=0.05, latency=1.0, first=0, with_items=True, operation="answer_generation"):
    run = Run(path)
    chance = random.Random(seed)
    lines = []

    def add(metric, value, **metadata):
        lines.append(json.dumps({"metric": metric, "value": value, **metadata,
                                 "timestamp": f"2026-11-23T09:{len(lines) // 60000 % 60:02}:{len(lines) // 1000 % 60:02}."
                                              f"{len(lines) % 1000:03}000+00:00"}))

    for number in range(first, first + items):
        item = {"item_id": number} if with_items else {}
        slow = math.exp(chance.gauss(0, 0.3))
        good = True
        if with_items:
            add("item_started", 1.0, kind="conversation", **item)
        for name in ("question_generation", operation):
            call = {"operation": name, "model_name": "gpt", **item}
            success = chance.random() >= failures
            good = good and success
            add("generation_time", latency * slow * math.exp(chance.gauss(0, 0.3)), **call)
            add("success_rate", float(success), **call)
            add("total_token_count", float(chance.randrange(100, 300)), **call)
        if with_items:
            add("item_time", 2.0, kind="conversation", outcome="accepted" if good else "failed",
                **({} if good else {"error_type": "TimeoutError"}), attempts=1, **item)
        add("taste", chance.gauss(5, 1), **item)
    run.add_text("\n".join(lines) + "\n")
    return run


@pytest.fixture
def pair(tmp_path):
    return make(tmp_path / "a", 1), make(tmp_path / "b", 2, failures=0.2, latency=1.3)


def figures(command, *words):
    done = command("diff", *words, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return found, {(f["run"], f["figure"], f["by"], f["group"]): f for f in found["figures"]}


def test_what_was_planted_is_told(command, pair):
    found, by_name = figures(command, *pair)
    assert [run["resampled_by"] for run in found["runs"]] == ["item", "item"]
    assert found["runs"][1]["paired_items"] == 400
    for name in ("yield", "success_rate", "generation_time.p50", "item_failure_rate"):
        figure = by_name[1, name, None, None]
        assert figure["verdict"] == "worse", figure
        assert figure["low"] < figure["effect"] < figure["high"]
        assert figure["adjusted_p"] <= 0.05
    assert by_name[1, "generation_time.p50", None, None]["effect"] == pytest.approx(0.3, abs=0.1)
    assert by_name[1, "generation_time.p50", "operation", "answer_generation"]["verdict"] == "worse"
    assert by_name[1, "total_token_count", None, None]["verdict"] in ("small", "unclear")


def test_a_metric_of_one_s_own_is_compared_by_itself(command, pair):
    _, by_name = figures(command, *pair)
    assert by_name[1, "taste", None, None]["a"]["count"] == 400


def test_values_are_those_of_the_summary(command, pair):
    _, by_name = figures(command, *pair)
    for run, side in zip(pair, "ab"):
        summary = json.loads(command("show", run, "--json").stdout)["summary"]
        times = next(metric for metric in summary["metrics"] if metric["name"] == "generation_time")
        assert by_name[1, "generation_time.p50", None, None][side]["value"] == pytest.approx(times["values"]["p50"], rel=1e-5)
        assert by_name[1, "yield", None, None][side]["value"] == pytest.approx(summary["items"][0]["yield"], rel=1e-5)
        tokens = summary["items"][0]["tokens_per_accepted"]
        assert by_name[1, "tokens_per_accepted_item", None, None][side]["value"] == pytest.approx(tokens, rel=1e-5)


def test_a_run_and_itself(command, pair):
    _, by_name = figures(command, pair[0], pair[0])
    assert all(figure["effect"] == 0 and figure["verdict"] in ("small", "unclear") for figure in by_name.values())


def test_each_further_run_is_compared_with_the_first(command, pair, tmp_path):
    third = make(tmp_path / "c", 3)
    found, by_name = figures(command, *pair, third)
    assert len(found["runs"]) == 3
    assert by_name[1, "yield", None, None]["verdict"] == "worse"
    assert by_name[2, "yield", None, None]["verdict"] in ("small", "unclear")


def test_the_same_bytes_each_time(command, pair):
    assert command("diff", *pair, "--json").stdout == command("diff", *pair, "--json").stdout


def test_unclear_says_how_many_more(command, tmp_path):
    few = make(tmp_path / "a", 1, items=40), make(tmp_path / "b", 2, items=40, failures=0.1)
    _, by_name = figures(command, *few)
    figure = by_name[1, "yield", None, None]
    assert figure["verdict"] == "unclear" and figure["needed"] > 40
    assert "cannot tell yet (needs about" in command("diff", *few).stdout


def test_calls_without_items_count_one_by_one_and_that_is_said(command, tmp_path):
    runs = [make(tmp_path / name, seed, with_items=False) for name, seed in (("a", 1), ("b", 2))]
    found, by_name = figures(command, *runs)
    assert [run["resampled_by"] for run in found["runs"]] == ["call", "call"]
    assert by_name[1, "success_rate", None, None]["a"]["clusters"] == 800
    assert "each call counts as one observation" in command("diff", *runs).stdout


def test_where(command, pair):
    _, by_name = figures(command, *pair, "--where", "operation=question_generation")
    assert by_name[1, "generation_time.p50", None, None]["a"]["count"] == 400
    assert by_name[1, "yield", None, None]["a"]["count"] == 400
    assert command("diff", *pair, "--where", "operation").returncode == 2


def test_what_only_one_run_has(command, tmp_path):
    runs = make(tmp_path / "a", 1), make(tmp_path / "b", 2, operation="review")
    _, by_name = figures(command, *runs)
    assert by_name[1, "success_rate", "operation", "review"]["verdict"] == "one_sided"
    assert by_name[1, "success_rate", "operation", "review"]["a"]["value"] is None


@pytest.mark.parametrize("condition, status", [
    ("worse", 1),
    ("better", 0),
    ("yield worse", 1),
    ("total_token_count worse", 0),
    ("generation_time.p50 > 10%", 1),
    ("generation_time.p50 > 0.9", 0),
    ("success_rate[operation=answer_generation] < -2%", 1),
    ("taste worse, yield worse", 1),
    ("taste worse, total_token_count < -50%", 0),
    ("yeld worse", 2),
    ("yield", 2),
    ("yield > much", 2),
    ("yield[operation=none] worse", 2),
    ("success_rate[operation worse", 2),
    ("", 2),
    (",", 2),
])
def test_conditions(command, pair, condition, status):
    done = command("diff", *pair, "--fail-on", condition)
    assert done.returncode == status, done.stderr
    assert (done.stderr != "") == (status != 0)


def test_a_misspelt_figure_is_named(command, pair):
    assert "did you mean 'yield'?" in command("diff", *pair, "--fail-on", "yeld worse").stderr


def test_markdown_holds_whatever_names_a_run_has(command, tmp_path):
    evil = "x|y\n<img src=x>`[a](b)"
    runs = make(tmp_path / "a", 1, operation=evil), make(tmp_path / "b", 2, operation=evil, failures=0.4)
    text = command("diff", *runs, "--md").stdout
    table = [line for line in text.splitlines() if line.startswith("| ")]
    assert any("worse" in line and "img" in line for line in table)
    assert "<img" not in text
    assert all(line.replace("\\|", "").count("|") == 7 for line in table)


@pytest.mark.parametrize("words", [(), ("only-one",), ("a", "b", "--json", "--md")])
def test_bad_command_lines(command, words):
    assert command("diff", *words).returncode == 2


def test_a_folder_that_is_no_run(command, pair, tmp_path):
    (tmp_path / "empty").mkdir()
    done = command("diff", pair[0], tmp_path / "empty")
    assert done.returncode == 1 and "empty" in done.stderr


def test_runs_of_the_past_are_compared(command, pair):
    """What afterimage wrote has neither items nor zeros in error_rate, and naive times."""
    import pathlib
    frozen = pathlib.Path(__file__).resolve().parents[1] / "frozen"
    old = sorted(path.parent for path in frozen.rglob("metrics.jsonl"))
    for folder in old:
        found, by_name = figures(command, folder, pair[1])
        assert any(figure["a"]["value"] is not None for figure in by_name.values()), folder


def test_many_times_as_much_is_told_so(command, tmp_path):
    runs = make(tmp_path / "a", 1), make(tmp_path / "b", 2, latency=1e5)
    line = next(line for line in command("diff", *runs).stdout.splitlines() if line.startswith("generation_time.p50"))
    assert " times" in line and "%" not in line and line.endswith("worse"), line


# statsmodels 0.15.0 over the samples of `pair`, with one dummy for the second run: OLS, or GLM(Poisson) for a ratio of means (its
# coefficient is the logarithm), fit(cov_type="cluster", cov_kwds={"groups": item_id}); its interval is of the normal distribution.
STATSMODELS = [
    ("total_token_count", -0.009400, -0.037551, 0.019573),
    ("taste", 0.004309, -0.023663, 0.033083),
    ("success_rate", -0.133750, -0.165018, -0.102482),
]


@pytest.mark.parametrize("name, effect, low, high", STATSMODELS)
def test_effects_and_intervals_are_those_of_statsmodels(command, pair, name, effect, low, high):
    _, by_name = figures(command, *pair)
    figure = by_name[1, name, None, None]
    assert figure["effect"] == pytest.approx(effect, abs=1e-6)
    width = high - low
    assert figure["low"] == pytest.approx(low, abs=0.03 * width) and figure["high"] == pytest.approx(high, abs=0.03 * width)
