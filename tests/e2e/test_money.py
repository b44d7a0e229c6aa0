"""Money from a provider's answer to every place that tells it: files, summary, StatsD, OTLP, Prometheus, an alert, watch."""
import decimal
import json
import random
import re
import subprocess
import threading

import pytest
import usage_shapes
from chat_server import MODEL, Answer, ChatServer, completion
from receivers import UdpReceiver, receivers
from served import serve

PRICE = {"input": "2.5", "output": "10", "cached_input": "0.25", "cache_write": "3.125", "reasoning": "12.5"}
HALF_A_MICRO_DOLLAR = decimal.Decimal("0.0000005")


class Priced:
    """A server whose answers tell of usage as one provider or another, and which keeps what it was in dollars."""

    def __init__(self, seed=3):
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.spent = decimal.Decimal(0)
        self.calls = 0

    def __call__(self, request, number):
        with self.lock:
            _, usage, used = usage_shapes.made(self.random)
            self.spent += used.cost(PRICE)
            self.calls += 1
        return Answer({**completion(usage=None), "usage": usage})


def prices_in(tmp_path):
    path = tmp_path / "given.json"
    path.write_text(json.dumps({MODEL: {kind: float(dollars) for kind, dollars in PRICE.items()}}), encoding="utf-8")
    return path


def generate(command, tmp_path, url, *words):
    done = command("generate", "conversations", "--base-url", url, "--model", MODEL, "--conversations", "60", "--concurrency",
                   "8", "--max-turns", "2", "--prices", prices_in(tmp_path), "--log-dir", "run",
                   "--respondent-prompt", "You are a gardener.", "--correspondent-prompt", "You ask.", *words, OPENAI_API_KEY="none")
    assert done.returncode == 0, done.stderr
    return done


def is_spent(dollars, priced):
    return abs(decimal.Decimal(dollars) - priced.spent) < HALF_A_MICRO_DOLLAR


def test_what_generate_records_is_what_was_spent(command, tmp_path):
    priced = Priced()
    with ChatServer(priced) as server:
        done = generate(command, tmp_path, server.url)
    cost = json.loads(command("show", "run", "--json").stdout)["summary"]["cost"]
    assert is_spent(cost["total_usd"], priced)
    assert (cost["priced_calls"], cost["unpriced_calls"], cost["items_left"]) == (priced.calls, 0, 0)
    assert cost["projected_usd"] == cost["total_usd"]
    assert f" for {priced.calls} priced calls" in done.stdout


def test_everyone_who_is_told_hears_the_same(command, tmp_path):
    priced, udp = Priced(4), UdpReceiver()
    with ChatServer(priced) as server, receivers() as make:
        otlp = make()
        generate(command, tmp_path, server.url, "--statsd", udp.address, "--otlp", otlp.url)
        bodies = otlp.taken("/v1/metrics")
    udp.close()
    lines = [line for line in udp.lines() if line.startswith("afmon.cost_usd:")]
    assert len(lines) == priced.calls and all("|c|#" in line and f"model_name:{MODEL}" in line for line in lines)
    assert is_spent(sum(float(re.match("afmon.cost_usd:([^|]+)", line).group(1)) for line in lines), priced)
    [metric] = [metric for resource in bodies[-1]["resourceMetrics"] for scope in resource["scopeMetrics"]
                for metric in scope["metrics"] if metric["name"] == "afmon.cost"]
    assert metric["unit"] == "{USD}" and metric["sum"]["isMonotonic"]
    assert is_spent(sum(point["asDouble"] for point in metric["sum"]["dataPoints"]), priced)
    for point in metric["sum"]["dataPoints"]:
        assert {"key": "gen_ai.request.model", "value": {"stringValue": MODEL}} in point["attributes"]
    with serve(tmp_path / "run") as served:
        name = served.json("/api/v1/runs")["runs"][0]["id"]
        assert served.json(f"/api/v1/runs/{name}")["charts"]["spent_usd"][-1] == pytest.approx(float(priced.spent), rel=1e-5)
        status, _, body = served.ask("/metrics", Accept="application/openmetrics-text; version=1.0.0")
        _, _, plain = served.ask("/metrics", Accept="text/plain")
    assert status == 200 and b"# UNIT afmon_cost_usd usd\n" in body
    found = re.findall(rf'^afmon_cost_usd_total{{.*gen_ai_request_model="{MODEL}".*}} (\S+)$', body.decode(), re.M)
    assert is_spent(sum(map(float, found)), priced)
    checked = subprocess.run(["promtool", "check", "metrics"], input=plain.decode(), capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("limit, fires", [("0.000001", True), ("1000000", False)])
def test_an_alert_on_what_a_window_costs(command, tmp_path, limit, fires):
    (tmp_path / "rules.yaml").write_text(f"""
built_in: false
rules:
  - name: spending
    metric: cost_usd
    aggregate: sum
    window: 5m
    above: {limit}
""", encoding="utf-8")
    with ChatServer(Priced(5)) as server:
        generate(command, tmp_path, server.url, "--rules", "rules.yaml", "--metrics-interval", "1")
    summary = json.loads(command("show", "run", "--json").stdout)["summary"]
    assert [alert["name"] for alert in summary["alerts"]] == (["spending"] if fires else [])
    if fires:
        assert summary["alerts"][0]["aggregate"] == "sum" and summary["alerts"][0]["metric"] == "cost_usd"
        assert "spending" in (tmp_path / "run" / "afterimage.log").read_text()
    assert command("check", "run").returncode == (1 if fires else 0)


def test_every_screen_tells_what_it_cost(command, run):
    run.add_text('2026-11-23 09:00:00,000 - {"message": "Run plan", "planned": 10, "done": 0, "kind": "row", "level": "info"}\n',
                 file="afterimage.log")
    for item in range(4):
        run.add("item_started", 1.0, at=item, kind="row", item_id=item)
        run.add("generation_time", 0.5, at=item + 0.5, operation="ask", model_name="m", item_id=item)
        run.add("cost_usd", 0.25, at=item + 0.5, operation="ask", model_name="m", item_id=item)
        run.add("item_time", 0.5, at=item + 0.5, kind="row", item_id=item, outcome="accepted" if item else "rejected",
                attempts=1, **({} if item else {"reason": "gate"}))
    for metric, value in (("generation_time", 0.5), ("success_rate", 1.0), ("error_rate", 0.0), ("total_token_count", 1200)):
        run.add(metric, value, at=5, operation="ask", model_name="unknown")
    shown = command("show", run).stdout
    assert "about $2.50 at the end of the plan, with 6 more" in shown
    assert "unpriced: 1 call with 1,200 tokens" in shown
    report = command("report", run, "--format", "md", "--output", "-").stdout
    assert "At the end of the plan, about | &#36;2.50" in report and "Unpriced: 1 call with 1,200 tokens." in report
    screen = command("watch", run, "--once", COLUMNS="120").stdout
    assert "$1.00, about $2.50 in all; $0.333 an accepted one, wasted $0.250; 1 call unpriced, 1.20k tokens" in screen
    assert re.search(r"^m +4 .* \$1\.00$", screen, re.M), screen
