"""Other people's programs on what afmon gives out: a real Prometheus and a real VictoriaMetrics scrape three generators at
once, promtool judges deploy/, opentelemetry-proto decodes OTLP bodies."""
import json
import math
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request

import pandas
import pytest
from conftest import COMMAND
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from receivers import Receiver
from served import serve

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = pathlib.Path(os.environ.get("AFMON_TOOLS", ROOT / "build" / "tests")) / "unit" / "tool_scrape"
CALLS = 300
BOUNDS = [0.01 * 2**i for i in range(14)]


def start_three(folder):
    """Three generators that record CALLS calls, and as many again for each line that they are given: (processes,
    host:port of each)."""
    running = [subprocess.Popen([str(TOOL), str(folder / str(seed)), str(seed), str(CALLS)], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True) for seed in (1, 2, 3)]
    return running, [one.stdout.readline().strip().removeprefix("http://") for one in running]


def end_all(running):
    for one in running:
        one.stdin.close()
        one.wait(timeout=30)


@pytest.fixture(scope="module")
def generators(tmp_path_factory):
    """Three that have recorded and stay: (host:port of each, all their samples, host:port of a server of their runs)."""
    folder = tmp_path_factory.mktemp("generators")
    running, targets = start_three(folder)
    samples = pandas.concat([pandas.read_json(folder / str(seed) / "metrics.jsonl", lines=True) for seed in (1, 2, 3)])
    with serve(folder) as served:  # the same runs by their folders
        yield targets, samples, f"127.0.0.1:{served.port}"
    end_all(running)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Server:
    """The one or the other; their query API is the same."""

    def __init__(self, kind, folder, targets):
        deploy = folder / "deploy"
        shutil.copytree(ROOT / "deploy", deploy)
        (deploy / "targets").mkdir()
        (deploy / "targets" / "all.json").write_text(json.dumps([{"targets": targets}]))
        config = (deploy / "prometheus.yml").read_text().replace("15s", "1s").replace("30s", "1s")
        config = config.replace("evaluation_interval: 60s", "evaluation_interval: 1s")
        (deploy / "prometheus.yml").write_text(config)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/api/v1/query?"
        if kind == "prometheus":
            words = ["prometheus", "--config.file=prometheus.yml", f"--storage.tsdb.path={folder / 'data'}",
                     f"--web.listen-address=127.0.0.1:{port}"]
        else:
            words = ["victoria-metrics", "-promscrape.config=prometheus.yml",
                     "-promscrape.config.strictParse=false", f"-storageDataPath={folder / 'data'}",
                     f"-httpListenAddr=127.0.0.1:{port}", "-search.latencyOffset=0s"]
        self.log = open(folder / "server.log", "wb")
        self.process = subprocess.Popen(words, cwd=deploy, stdout=self.log, stderr=self.log)

    def query(self, expression):
        """The one value; None where there is none (yet)."""
        try:
            with urllib.request.urlopen(self.url + urllib.parse.urlencode({"query": expression}), timeout=10) as answer:
                result = json.load(answer)["data"]["result"]
        except OSError:
            assert self.process.poll() is None, pathlib.Path(self.log.name).read_text()[-3000:]
            return None
        return float(result[0]["value"][1]) if result else None

    def wait_for(self, expression, wanted, seconds=90):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = self.query(expression)
            if value == wanted:
                return
            time.sleep(0.3)
        raise AssertionError(f"{expression} is {value}, not {wanted}; {pathlib.Path(self.log.name).read_text()[-3000:]}")

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.log.close()


@pytest.fixture(params=["prometheus", "victoria-metrics"])
def server(request, tmp_path, generators):
    """It scrapes the three generators."""
    one = Server(request.param, tmp_path, generators[0])
    yield one
    one.close()


@pytest.fixture(params=["prometheus", "victoria-metrics"])
def server_of_one(request, tmp_path, generators):
    """It scrapes `afmon serve`, which has the three runs."""
    one = Server(request.param, tmp_path, [generators[2]])
    yield one
    one.close()


def quantile_by_buckets(values, q):
    """What histogram_quantile makes of the buckets of these values."""
    rank, below, low = q * len(values), 0, 0.0
    for bound in BOUNDS:
        inside = int(((values > low) & (values <= bound)).sum())
        if below + inside >= rank:
            return low + (bound - low) * (rank - below) / inside
        below, low = below + inside, bound
    raise AssertionError


def check_sums_and_quantiles(server, samples):
    times = samples[samples.metric == "generation_time"].value
    name = "gen_ai_client_operation_duration_seconds"
    server.wait_for(f"sum({name}_count)", 3 * CALLS)
    assert server.query(f"sum({name}_sum)") == pytest.approx(times.sum(), rel=1e-9)
    for q in (0.5, 0.9, 0.99):
        got = server.query(f"histogram_quantile({q}, sum by (le) ({name}_bucket))")
        assert got == pytest.approx(quantile_by_buckets(times, q), rel=1e-6)
        true = times.quantile(q)
        assert true / 2.05 <= got <= true * 2.05  # a bucket is twice as wide as the one before
    for model, part in samples[samples.metric == "prompt_token_count"].groupby("model_name"):
        assert server.query(f'sum(gen_ai_client_token_usage_sum{{gen_ai_token_type="input",'
                            f'gen_ai_request_model="{model}"}})') == part.value.sum()
    success = samples[samples.metric == "success_rate"].value
    assert server.query('sum(afmon_generations_total{outcome="success"})') == success.sum()
    assert server.query("sum(afmon_generations_total)") == len(success)
    assert server.query('sum(afmon_api_errors_total{error_type="RateLimitError"})') == (1 - success).sum()
    assert server.query("sum(afmon_samples_total)") == len(samples)


def test_sums_and_quantiles_are_those_of_the_merged_run(server, generators):
    check_sums_and_quantiles(server, generators[1])


def test_a_server_of_three_runs_is_as_good_as_three_generators(server_of_one, generators):
    check_sums_and_quantiles(server_of_one, generators[1])
    name = "gen_ai_client_operation_duration_seconds_count"
    for run in ("1", "2", "3"):
        assert server_of_one.query(f'sum({name}{{run="{run}"}})') == CALLS
    assert server_of_one.query('afmon_served_runs{state="given"}') == 3
    assert server_of_one.query("sum(afmon_run_running)") == 3
    assert server_of_one.query('sum(afmon_samples_total{run="2"})') == len(generators[1]) / 3


@pytest.mark.parametrize("words", [
    ("check", "rules", "afmon-rules.yml"),
    ("check", "config", "prometheus.yml"),
    ("test", "rules", "afmon-rules-test.yml"),
])
def test_promtool_takes_what_deploy_holds(words):
    done = subprocess.run(["promtool", *words], cwd=ROOT / "deploy", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


VARIABLES = {"$instance": ".*", "$model": ".*", "$operation": ".*", "$__rate_interval": "1m", "$__range": "1m"}


def dashboard():
    return json.loads((ROOT / "deploy" / "grafana" / "afmon.json").read_text())


def asked(expression):
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    return expression


def charts(board):
    return [panel for panel in board["panels"] if panel["type"] != "row"]


@pytest.mark.parametrize("kind", ["prometheus", "victoria-metrics"])
def test_every_panel_has_data(kind, tmp_path):
    """What each panel asks, and each variable, is answered with what three generators give out as they go on."""
    running, targets = start_three(tmp_path)
    server = Server(kind, tmp_path, targets)
    wanted = {asked(target["expr"]): None for panel in charts(dashboard()) for target in panel["targets"]}
    end = time.monotonic() + 90
    while any(value is None for value in wanted.values()) and time.monotonic() < end:
        for one in running:
            one.stdin.write("\n")
            one.stdin.flush()
        time.sleep(0.5)
        for expression in wanted:
            value = server.query(expression)
            wanted[expression] = None if value is None or math.isnan(value) else value
    variables = [variable["definition"] for variable in dashboard()["templating"]["list"] if variable["type"] == "query"]
    known = {}
    for one in variables:
        series, label = asked(one.removeprefix("label_values(").removesuffix(")")).rsplit(", ", 1)
        known[label] = server.query(f"count(count by ({label}) ({series}))")
    server.close()
    end_all(running)
    assert not [expression for expression, value in wanted.items() if value is None]
    assert known == {"instance": 3, "gen_ai_request_model": 2, "afmon_operation": 1}


def test_the_dashboard_is_whole():
    """What Grafana asks of a dashboard that is imported; tests/python/test_deploy.py has the rest."""
    board = dashboard()
    assert board["title"] and board["uid"] and isinstance(board["schemaVersion"], int) and "id" not in board
    names = {variable["name"] for variable in board["templating"]["list"]}
    for panel in charts(board):
        assert panel["title"] and panel["fieldConfig"]["defaults"]["unit"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        for target in panel["targets"]:
            assert set(re.findall(r"\$(\w+)", target["expr"])) <= names | {"__rate_interval", "__range"}
            for label in re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")):
                assert label in target["expr"], target


def test_vmalert_takes_the_rules():
    done = subprocess.run(["vmalert", "-rule=afmon-rules.yml", "-dryRun"], cwd=ROOT / "deploy", capture_output=True, text=True,
                          check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_vmalert_tells_of_what_holds(tmp_path):
    """As docs/scale.md starts it: VictoriaMetrics scrapes, vmalert judges and writes the means back, somebody is told."""
    running, targets = start_three(tmp_path)
    server = Server("victoria-metrics", tmp_path, targets)
    pager = Receiver()
    rules = (ROOT / "deploy" / "afmon-rules.yml").read_text().replace("mean5m < 0.8", "mean5m < 0.99")  # of ten one fails
    (tmp_path / "rules.yml").write_text(rules)
    base = server.url.removesuffix("/api/v1/query?")
    with open(tmp_path / "vmalert.log", "wb") as log:
        judge = subprocess.Popen(["vmalert", "-rule=rules.yml", "-evaluationInterval=1s", f"-datasource.url={base}",
                                  f"-remoteWrite.url={base}", f"-notifier.url={pager.url}",
                                  f"-httpListenAddr=127.0.0.1:{free_port()}"], cwd=tmp_path, stdout=log, stderr=log)
        told = set()
        end = time.monotonic() + 90
        while "low_success_rate" not in told and time.monotonic() < end:
            for one in running:
                one.stdin.write("\n")
                one.stdin.flush()
            time.sleep(0.5)
            told = {alert["labels"]["alertname"] for _, _, body, *_ in list(pager.bodies) for alert in json.loads(body)}
        judge.terminate()
        judge.wait(timeout=30)
    server.close()
    pager.close()
    end_all(running)
    assert told == {"low_success_rate"}, (tmp_path / "vmalert.log").read_text()[-3000:]


@pytest.mark.parametrize("answers", [
    (), ((429, {"Retry-After": "1"}), (503, {}), (503, {"Retry-After": "0"})), ("hang", "reset")])
def test_otlp_bodies_are_what_the_protocol_says(tmp_path, answers):
    """Every body that is sent, also to a receiver that does not take it; and in the end all is there."""
    receiver = Receiver(answers)
    subprocess.run([COMMAND, "generate", "conversations", "--simulate", "--speed", "1000", "--seed", "3",
                    "--conversations", "12", "--log-dir", "run", "--otlp", receiver.url, "--shutdown-timeout", "60s"],
                   cwd=tmp_path, check=False, capture_output=True, timeout=120)
    receiver.close()
    kinds = {"/v1/metrics": ExportMetricsServiceRequest, "/v1/logs": ExportLogsServiceRequest}
    for path, headers, body, *_ in receiver.bodies:
        assert headers["Content-Type"] == "application/json"
        json_format.Parse(body, kinds[path]())
    samples = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    request = json_format.ParseDict(receiver.taken("/v1/metrics")[-1], ExportMetricsServiceRequest())
    metrics = {metric.name: metric for metric in request.resource_metrics[0].scope_metrics[0].metrics}
    duration = metrics["gen_ai.client.operation.duration"]
    assert duration.unit == "s"
    assert list(duration.histogram.data_points[0].explicit_bounds) == pytest.approx(BOUNDS)
    for point in duration.histogram.data_points:
        assert len(point.bucket_counts) == len(point.explicit_bounds) + 1
        assert sum(point.bucket_counts) == point.count
        assert 0 < point.start_time_unix_nano < point.time_unix_nano
    assert duration.histogram.aggregation_temporality == 2
    assert metrics["afmon.samples"].sum.is_monotonic
    assert sum(point.as_double for point in metrics["afmon.samples"].sum.data_points) == len(samples)
    attributes = {one.key: one.value.string_value for one in request.resource_metrics[0].resource.attributes}
    assert attributes["service.name"] == "afmon" and attributes["service.instance.id"]
    records = [record for body in receiver.taken("/v1/logs")
               for record in json_format.ParseDict(body, ExportLogsServiceRequest()).resource_logs[0].scope_logs[0].log_records]
    assert {record.severity_number for record in records} <= {9, 13, 17}
    assert any(record.body.string_value == "Generation metrics" for record in records)
