"""deploy/: its alert rules are the built-in ones. What a run would have been scraped as, minute by minute, goes through
promtool; the same samples go through afmon's own rules. In every minute the same alerts hold."""
import json
import pathlib
import random
import re
import subprocess
from datetime import datetime, timedelta, timezone

import afmon
import pytest

RULES = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "afmon-rules.yml"
BEGIN = datetime(2026, 11, 23, 9, 0, 0, tzinfo=timezone.utc)
MINUTES = 60
SETTLED = 7  # a rate knows nothing of what was counted before the first scrape: five minutes later that is forgotten


def call(random_, phase):
    """Metric and value of one tracked call."""
    failed = random_.random() < phase["failures"]
    prompt, completion = random_.randrange(phase["tokens"]), random_.randrange(phase["tokens"])
    return [("generation_time", random_.random() * phase["seconds"]), ("success_rate", float(not failed)),
            ("error_rate", float(failed)), ("prompt_token_count", prompt), ("completion_token_count", completion),
            ("total_token_count", prompt + completion), ("conversation_length", random_.randrange(1, phase["turns"]))]


def make_run(seed):
    """[(seconds since the beginning, line)]: phases of some minutes, some of them without a call."""
    random_ = random.Random(seed)
    lines = []
    for minute in range(MINUTES):
        if minute % 6 == 0:
            phase = {"failures": random_.choice([0, 0.1, 0.2, 0.3, 0.6]), "tokens": random_.choice([1000, 9000, 12000]),
                     "seconds": random_.choice([10, 55, 70, 120]), "turns": random_.choice([2, 4, 6]),
                     "calls": random_.choice([0, 1, 5, 20]) if minute else 20}
        for i in range(phase["calls"]):
            # None at a whole minute but the first one: both ends of a window belong to it, of a rate's only one.
            at = 60 * minute + (0 if not lines else random_.uniform(1, 59))
            when = (BEGIN + timedelta(seconds=at)).isoformat(timespec="microseconds")
            failures = {**phase, "failures": 1} if not lines else phase  # every series is there from the first minute on
            lines += [(at, json.dumps({"metric": name, "value": value, "timestamp": when}))
                      for name, value in call(random_, failures)]
    at = 60 * MINUTES
    when = (BEGIN + timedelta(seconds=at)).isoformat(timespec="microseconds")
    return [*lines, (at, json.dumps({"metric": "end", "value": 1, "timestamp": when}))]


def write(folder, lines, until):
    folder.mkdir(exist_ok=True)
    (folder / "metrics.jsonl").write_text("".join(line + "\n" for at, line in lines if at <= until))
    return afmon.open_run(folder)


def scrapes(folder, lines):
    """{series: [its value at each minute, None where it was not there yet]}."""
    series = {}
    for minute in range(MINUTES + 1):
        text = write(folder, lines, 60 * minute).prometheus_text()
        for name, value in re.findall(r"^((?:afmon|gen_ai)_\S+(?:_total|_sum|_count)(?:\{.*\})?) (\S+)$", text, re.M):
            series.setdefault(name, [None] * (MINUTES + 1))[minute] = value
    return series


def held(run):
    """{minute: names of the built-in rules that hold in its pass}."""
    minutes = {minute: set() for minute in range(1, MINUTES + 1)}
    for episode in run.check_rules(afmon.built_in_rules(), 60):
        first = round((episode.fired.timestamp.astimezone(timezone.utc) - BEGIN).total_seconds() / 60)
        for minute in range(first, first + episode.passes):
            minutes[minute].add(episode.rule.name)
    return minutes


@pytest.mark.parametrize("seed", range(4))
def test_the_same_alerts_hold(tmp_path, seed):
    lines = make_run(seed)
    series = scrapes(tmp_path / "part", lines)
    expected = held(write(tmp_path / "run", lines, 60 * MINUTES))
    names = {rule.name for rule in afmon.built_in_rules()}
    seen = set().union(*expected.values())
    tests = [{"expr": f'count by (alertname) (ALERTS{{alertstate="firing",alertname=~"{"|".join(sorted(names))}"}})',
              "eval_time": f"{minute}m",
              "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(expected[minute])]}
             for minute in range(SETTLED, MINUTES + 1)]
    (tmp_path / "test.yml").write_text(json.dumps({
        "rule_files": [str(RULES)], "evaluation_interval": "60s",
        "tests": [{"interval": "60s", "promql_expr_test": tests,
                   "input_series": [{"series": name, "values": " ".join("_" if one is None else str(float(one)) for one in values)}
                                    for name, values in series.items()]}]}))
    done = subprocess.run(["promtool", "test", "rules", tmp_path / "test.yml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert len(seen) >= 3 and any(expected[minute] != expected[minute - 1] for minute in range(SETTLED, MINUTES))


def test_every_built_in_rule_is_there_with_its_limit():
    text = RULES.read_text()
    for rule in afmon.built_in_rules():
        sign = {"below": "<", "above": ">"}[rule.comparison]
        found = re.search(rf"- alert: {re.escape(rule.name)}\n +expr: \S+ (.) (\S+)\n +labels: {{severity: (\w+)}}", text)
        assert found, rule.name
        assert (found[1], float(found[2]), found[3]) == (sign, rule.limit, rule.level)


# ---- The dashboard of Grafana ----

DASHBOARD = RULES.parent / "grafana" / "afmon.json"
VARIABLES = {"$instance": "machine", "$model": ".*", "$operation": ".*", "$__rate_interval": "5m", "$__range": "1h"}
KINDS = {"row", "stat", "timeseries", "heatmap"}


def dashboard():
    return json.loads(DASHBOARD.read_text())


def queries():
    """[(title, expression)] of all panels and annotations."""
    page = dashboard()
    return [*((panel["title"], target["expr"]) for panel in page["panels"] for target in panel.get("targets", [])),
            *((one["name"], one["expr"]) for one in page["annotations"]["list"])]


def test_the_dashboard_has_the_form_that_grafana_reads():
    page = dashboard()
    assert page["schemaVersion"] >= 36 and page["graphTooltip"] == 1  # the cursor is shared
    assert [one["name"] for one in page["templating"]["list"]] == ["datasource", "instance", "model", "operation"]
    assert all(one["type"] in ("datasource", "query") for one in page["templating"]["list"])
    ids = [panel["id"] for panel in page["panels"]]
    assert len(set(ids)) == len(ids) and {panel["type"] for panel in page["panels"]} == KINDS
    assert {"Items", "Money"} <= {panel["title"] for panel in page["panels"] if panel["type"] == "row"}
    taken = set()
    for panel in page["panels"]:
        at = panel["gridPos"]
        assert 0 <= at["x"] and at["x"] + at["w"] <= 24 and at["h"] > 0, panel["title"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] != "row":
            refs = [target["refId"] for target in panel["targets"]]
            assert refs and len(set(refs)) == len(refs) and panel["datasource"]["uid"] == "${datasource}"
            assert {"defaults", "overrides"} <= set(panel["fieldConfig"])


def test_each_query_of_the_dashboard_is_one_and_of_metrics_that_there_are(tmp_path):
    lines = make_run(1)
    run = write(tmp_path / "run", lines, 60 * MINUTES)
    given = set(re.findall(r"^# TYPE (\S+)", run.prometheus_text(), re.M))
    documented = set(re.findall(r"`((?:afmon|gen_ai)_\w+)`", (RULES.parents[1] / "docs" / "scale.md").read_text()))
    rules = []
    for title, query in queries():
        for name, value in VARIABLES.items():
            query = query.replace(name, value)
        assert "$" not in query, title
        for name in re.findall(r"\b(?:afmon|gen_ai)_\w+(?=[{\[])", query):
            stem = re.sub(r"_(bucket|sum|count)$", "", name)
            assert {name, stem} & (given | documented), (title, name)
        rules.append({"record": f"q{len(rules)}", "expr": query})
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", tmp_path / "rules.yml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
