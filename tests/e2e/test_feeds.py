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


def test_a_receiver_on_this_machine_is_never_told_through_a_proxy(command, receiver):
    otlp, proxy = receiver(), receiver()
    done = command(*GENERATE, "--otlp", otlp.url, http_proxy=proxy.url, all_proxy=proxy.url, no_proxy="")
    assert done.returncode in (0, 1), done.stderr
    assert otlp.bodies and not proxy.bodies


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
    (("--otlp-interval", "1s"), "--otlp, which is missing"),
    (("--otlp-service-name", "me"), "--otlp, which is missing"),
    (("--otlp", "http://127.0.0.1:1", "--otlp-interval", "0"), "from 100ms"),
    (("--otlp", "http://127.0.0.1:1", "--otlp-interval", "often"), "duration"),
    (("--otlp", "http://127.0.0.1:1", "--otlp-service-name", ""), "1 to 127"),
    (("--otlp", "http://127.0.0.1:1", "--otlp-service-name", "n" * 128), "1 to 127"),
    (("--statsd-plain",), "--statsd, which is missing"),
    (("--statsd-prefix", "x."), "--statsd, which is missing"),
    (("--statsd-tag", "a=b"), "--statsd, which is missing"),
    (("--statsd", "127.0.0.1:9", "--statsd-plain", "--statsd-tag", "a=b"), "exclude"),
    (("--statsd", "127.0.0.1:9", "--statsd-prefix", "a|b"), "mark of the format"),
    (("--statsd", "127.0.0.1:9", "--statsd-prefix", "p" * 64), "longer than 63"),
    *((("--statsd", "127.0.0.1:9", "--statsd-tag", tag), "KEY=VALUE") for tag in (
        "", "a", "=b", "a=", "a:b=c", "a=b,c", "a=b|c", "a=b\nc")),
    (("--statsd", "127.0.0.1:9", "--statsd-tag", "a=" + "b" * 254), "255 bytes"),
    (("--statsd", "127.0.0.1:9", *(["--statsd-tag", "a=" + "b" * 98] * 3)), "255 bytes"),
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


def statsd_lines_of(command, *options):
    udp = UdpReceiver()
    done = command(*GENERATE, "--statsd", udp.address, *options)
    udp.close()
    assert done.returncode in (0, 1), done.stderr
    return udp.lines()


def test_plain_statsd_has_timers_and_no_tags(command, tmp_path):
    lines = statsd_lines_of(command, "--statsd-plain")
    assert len(lines) == len(samples_of(tmp_path))
    assert any(line.startswith("afmon.generation_time:") and line.endswith("|ms") for line in lines)
    assert all(line.endswith(("|ms", "|c")) and "#" not in line for line in lines)


def test_statsd_has_the_prefix_and_tags_that_are_given(command):
    lines = statsd_lines_of(command, "--statsd-prefix", "team.", "--statsd-tag", "env=prod", "--statsd-tag", "at=a:b=c")
    assert lines
    assert all(line.startswith("team.") and line.endswith("env:prod,at:a:b=c") for line in lines)


def services_of(bodies):
    return {attribute["value"]["stringValue"] for body in bodies
            for resource in body.get("resourceMetrics", []) + body.get("resourceLogs", [])
            for attribute in resource["resource"]["attributes"] if attribute["key"] == "service.name"}


@pytest.mark.parametrize("options, environment, expected", [
    ((), {}, "afmon"),
    ((), {"OTEL_SERVICE_NAME": ""}, "afmon"),
    ((), {"OTEL_SERVICE_NAME": "of the environment"}, "of the environment"),
    (("--otlp-service-name", "mine"), {"OTEL_SERVICE_NAME": "of the environment"}, "mine"),
])
def test_otlp_has_the_name_of_the_service(command, receiver, options, environment, expected):
    otlp = receiver()
    command(*GENERATE, "--otlp", otlp.url, *options, **environment)
    assert otlp.taken("/v1/metrics") and otlp.taken("/v1/logs")
    assert services_of(otlp.taken()) == {expected}


def attributes_of(bodies):
    """The attributes of the resources, each with the values that came."""
    found = {}
    for body in bodies:
        for resource in body.get("resourceMetrics", []) + body.get("resourceLogs", []):
            for attribute in resource["resource"]["attributes"]:
                found.setdefault(attribute["key"], []).append(attribute["value"].get("stringValue"))
    return {key: set(values) for key, values in found.items()}


def test_otlp_has_the_attributes_of_the_environment(command, receiver):
    otlp = receiver()
    done = command(*GENERATE, "--otlp", otlp.url, OTEL_SERVICE_NAME="gen",
                   OTEL_RESOURCE_ATTRIBUTES="deployment.environment=prod, team = a%2Cb%20%C3%A9 ,service.name=other,host.name=here")
    assert done.returncode == 0, done.stderr
    for path in ("/v1/metrics", "/v1/logs"):
        found = attributes_of(otlp.taken(path))
        assert found["deployment.environment"] == {"prod"} and found["team"] == {"a,b é"}
        assert found["service.name"] == {"gen"} and found["host.name"] == {"here"}
        assert len(found["service.instance.id"]) == 1 and len(found["process.pid"]) == 1
    command(*GENERATE, "--log-dir", "again", "--output", "again.jsonl", "--otlp", otlp.url,
            OTEL_RESOURCE_ATTRIBUTES="service.name=named here")
    assert "named here" in services_of(otlp.taken())


@pytest.mark.parametrize("text", ["nonsense", "=x", "a=%", "a=%0", "a=%00", "a=b,c"])
def test_otlp_refuses_attributes_that_are_none(command, receiver, text):
    done = command(*GENERATE, "--otlp", receiver().url, OTEL_RESOURCE_ATTRIBUTES=text)
    assert done.returncode == 2 and "OTEL_RESOURCE_ATTRIBUTES" in done.stderr


def test_otlp_metrics_go_as_often_as_asked(command, receiver, tmp_path):
    often, seldom = receiver(), receiver()
    run = ("generate", "conversations", "--simulate", "--speed", "2", "--seed", "3", "--conversations", "8")
    command(*run, "--log-dir", "run", "--otlp", often.url, "--otlp-interval", "0.1s")
    command(*run, "--log-dir", "run2", "--output", "two.jsonl", "--otlp", seldom.url, "--otlp-interval", "1h")
    assert len(seldom.taken("/v1/metrics")) == 1  # that of the end
    assert len(often.taken("/v1/metrics")) > 1
    check_totals(often.taken("/v1/metrics")[-1], samples_of(tmp_path))


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
