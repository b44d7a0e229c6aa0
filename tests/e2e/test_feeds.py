"""What a run sends on: to receivers that keep up, are busy, fail, hang, or are not whom they should be."""
import collections
import json
import signal
import socket
import subprocess
import time
import urllib.request

import pytest
from conftest import COMMAND
from receivers import UdpReceiver, make_certificate, receivers

GENERATE = ("generate", "conversations", "--simulate", "--speed", "1000", "--seed", "3", "--conversations", "12",
            "--log-dir", "run", "--metrics-interval", "1")


@pytest.fixture
def receiver():
    with receivers() as make:
        yield make


def samples_of(tmp_path):
    return [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]


def log_of(tmp_path):
    return (tmp_path / "run" / "afterimage.log").read_text()


def metrics_of(body):
    return {metric["name"]: metric for resource in body["resourceMetrics"] for scope in resource["scopeMetrics"]
            for metric in scope["metrics"]}


def log_records_of(bodies):
    return [record for body in bodies for resource in body["resourceLogs"] for scope in resource["scopeLogs"]
            for record in scope["logRecords"]]


def check_totals(body, samples):
    """The last body has the figures of the whole run."""
    metrics = metrics_of(body)
    times = [sample["value"] for sample in samples if sample["metric"] == "generation_time"]
    points = metrics["gen_ai.client.operation.duration"]["histogram"]["dataPoints"]
    assert sum(int(point["count"]) for point in points) == len(times)
    assert sum(point["sum"] for point in points) == pytest.approx(sum(times))
    recorded = sum(point["asDouble"] for point in metrics["afmon.samples"]["sum"]["dataPoints"])
    assert recorded == len(samples)


def test_otlp_has_the_whole_run(command, receiver, tmp_path):
    otlp = receiver()
    done = command(*GENERATE, "--otlp", otlp.url, OTEL_EXPORTER_OTLP_HEADERS="x-token=top%20secret,x-other=1")
    assert done.returncode in (0, 1), done.stderr
    check_totals(otlp.taken("/v1/metrics")[-1], samples_of(tmp_path))
    records = log_records_of(otlp.taken("/v1/logs"))
    calls = [record for record in records if record["body"]["stringValue"] == "Generation metrics"]
    assert len(calls) == sum(sample["metric"] == "generation_time" for sample in samples_of(tmp_path))
    assert all(headers["x-token"] == "top secret" and headers["x-other"] == "1" for _, headers, *_ in otlp.bodies)
    assert "top secret" not in log_of(tmp_path) + done.stdout + done.stderr


def test_a_busy_receiver_is_asked_again_when_it_says(command, receiver, tmp_path):
    otlp = receiver((429, {"Retry-After": "1"}), (503, {"Retry-After": "1"}))
    command(*GENERATE, "--otlp", otlp.url, "--shutdown-timeout", "20s")
    check_totals(otlp.taken("/v1/metrics")[-1], samples_of(tmp_path))
    records = log_records_of(otlp.taken("/v1/logs"))
    assert sum(record["body"]["stringValue"] == "Generation metrics" for record in records) == sum(
        sample["metric"] == "generation_time" for sample in samples_of(tmp_path))
    first, refusal = otlp.bodies[0][3], otlp.bodies[0][0]
    second = next(body[3] for body in otlp.bodies[1:] if body[0] == refusal)
    assert second - first >= 0.99


def test_a_receiver_that_hangs_ends_with_the_shutdown(command, receiver, tmp_path):
    otlp = receiver(*["hang"] * 50)
    done = command(*GENERATE, "--otlp", otlp.url, "--shutdown-timeout", "1s")
    assert done.returncode in (0, 1)
    assert otlp.bodies
    assert len(samples_of(tmp_path)) > 0
    assert "could not be sent on; the files have them" in done.stdout


def test_redirects_are_not_followed(command, receiver, tmp_path):
    elsewhere = receiver()
    otlp = receiver(*[(307, {"Location": elsewhere.url + "/v1/metrics"})] * 50)
    command(*GENERATE, "--otlp", otlp.url, "--shutdown-timeout", "2s")
    assert otlp.bodies and not elsewhere.bodies


@pytest.fixture
def alerting(tmp_path):
    """Options of a run in which a rule holds: nobody listens at the endpoint."""
    return ("generate", "conversations", "--base-url", "http://127.0.0.1:9/v1", "--model", "m",
            "--respondent-prompt", "x", "--correspondent-prompt", "y", "--conversations", "6", "--concurrency", "1", "--max-retries", "1",
            "--log-dir", "run", "--metrics-interval", "1")


def test_alerts_reach_the_webhook(command, receiver, alerting, tmp_path):
    hook = receiver((503, {"Retry-After": "0"}))
    secret = hook.url.replace("http://", "http://me:passw0rd@") + "/services/T0/s3cret"
    done = command(*alerting, "--webhook-env", "HOOK", HOOK=secret)
    alerts = hook.taken("/services/T0/s3cret")
    assert alerts, log_of(tmp_path)
    assert {"text", "alert", "level", "state", "message", "metric", "aggregate", "value", "limit", "count",
            "since", "timestamp"} <= set(alerts[0])
    assert all(alert["since"] == next(first["since"] for first in alerts if first["alert"] == alert["alert"])
               and alert["since"] <= alert["timestamp"] for alert in alerts)
    assert alerts[0]["alert"] in alerts[0]["text"]
    assert all(headers.get("Authorization", "").startswith("Basic ") for _, headers, *_ in hook.bodies)
    for place in (log_of(tmp_path), done.stdout, done.stderr):
        assert "s3cret" not in place and "passw0rd" not in place


def test_tls_is_verified(command, receiver, alerting, tmp_path):
    certificate = make_certificate(tmp_path)
    hook = receiver(certificate=certificate)
    command(*alerting, "--webhook-env", "HOOK", HOOK=hook.url + "/s3cret")
    assert not hook.bodies
    log = log_of(tmp_path)
    assert "A handler failed" in log and "webhook" in log and "s3cret" not in log
    command(*alerting[:-4], "--log-dir", "run2", "--metrics-interval", "1", "--output", "two.jsonl", "--webhook",
            hook.url, "--ca-file", certificate[0])
    assert hook.taken()


@pytest.mark.parametrize("words, what", [
    (("--otlp", "ftp://127.0.0.1"), "http"),
    (("--otlp", "http://me:pw@127.0.0.1"), "environment"),
    (("--webhook-env", "NOT_SET"), "NOT_SET"),
    (("--statsd", "127.0.0.1"), "HOST:PORT"),
    (("--webhook", "http://127.0.0.1:1", "--webhook-env", "X"), "exclude"),
])
def test_what_is_wrong_is_said(command, words, what):
    done = command(*GENERATE, *words)
    assert done.returncode == 2
    assert what in done.stderr and "pw" not in done.stderr


def test_statsd_has_every_sample(command, tmp_path):
    udp = UdpReceiver()
    command(*GENERATE, "--statsd", udp.address)
    udp.close()
    lines = udp.lines()
    samples = samples_of(tmp_path)
    assert len(lines) == len(samples)
    assert max(map(len, udp.packets)) <= 1432
    names = collections.Counter(line.split(":")[0] for line in lines)
    assert names["afmon.generations"] == sum(sample["metric"] == "success_rate" for sample in samples)
    assert any(line.startswith("afmon.generations:1|c|#outcome:success,operation:") for line in lines)
    assert all("|d" in line or "|c" in line for line in lines)


@pytest.fixture
def scraped(tmp_path):
    """A run that is scraped while it goes on: both texts."""
    port = free_port()
    process = subprocess.Popen([COMMAND, "generate", "conversations", "--simulate", "--speed", "2", "--seed", "3",
                                "--conversations", "500", "--log-dir", "run", "--prometheus", f"127.0.0.1:{port}"],
                               cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def get(accept):
        for _ in range(200):
            try:
                with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/metrics",
                                                                   headers={"Accept": accept}), timeout=10) as answer:
                    text = answer.read().decode()
                if "finish_reason:stop" in text:
                    return answer.headers["Content-Type"], text
            except OSError:
                assert process.poll() is None, process.stderr.read()
            time.sleep(0.1)
        raise AssertionError("nothing to scrape")

    yield get
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def test_a_run_is_scraped_while_it_goes_on(scraped):
    kind, text = scraped("text/plain")
    assert kind.startswith("text/plain; version=0.0.4")
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    kind, text = scraped("application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text; version=1.0.0")
    assert text.endswith("# EOF\n")
    assert "afmon_recorded_samples_total" in text


def test_an_address_beyond_this_machine_needs_a_token(command):
    done = command(*GENERATE, "--prometheus", "0.0.0.0:0")
    assert done.returncode != 0 and "token" in done.stderr
