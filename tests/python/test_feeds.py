"""What a run sends on, from Python: OTLP, StatsD, a webhook, a scrape; and rules as objects."""
import math
import multiprocessing
import pathlib
import pickle
import sys
import urllib.request

import afmon
import pytest
from afmon import OTLP, AlertRule, StatsD, Webhook
from conftest import forks, lines_of

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from receivers import UdpReceiver, make_certificate, receivers


@pytest.fixture
def receiver():
    with receivers() as make:
        yield make


def opened(folder, **options):
    return afmon.GenerationMonitor(folder, metrics_interval=0, shutdown_timeout=20, **options)


def record(monitor, calls=40):
    for i in range(calls):
        monitor.track_generation(0.1 * (i + 1), i % 4 != 0, model_name="m", operation="answer_generation")


def metrics_of(body):
    return {metric["name"]: metric for scope in body["resourceMetrics"][0]["scopeMetrics"] for metric in scope["metrics"]}


def messages_of(bodies):
    return [record["body"]["stringValue"] for body in bodies for scope in body["resourceLogs"][0]["scopeLogs"]
            for record in scope["logRecords"]]


def test_otlp_has_metrics_and_logs(folder, receiver, monkeypatch):
    otlp = receiver()
    monkeypatch.setenv("SECRETS", "x-token=t0p%20secret")
    with opened(folder, otlp=OTLP(otlp.url, headers_env="SECRETS", service_name="mine")) as monitor:
        record(monitor)
        report = monitor.shutdown()
    assert report["handler_missed"] == 0 and report["handler_lost"] == 0 and report["drained"]
    last = otlp.taken("/v1/metrics")[-1]
    points = metrics_of(last)["gen_ai.client.operation.duration"]["histogram"]["dataPoints"]
    assert sum(int(point["count"]) for point in points) == 40
    assert {"key": "service.name", "value": {"stringValue": "mine"}} in last["resourceMetrics"][0]["resource"]["attributes"]
    assert messages_of(otlp.taken("/v1/logs")).count("Generation metrics") == 40
    assert all(headers["x-token"] == "t0p secret" for _, headers, *_ in otlp.bodies)
    assert "t0p" not in (folder / "afterimage.log").read_text()
    assert len(lines_of(folder)) > 0  # the files are there all the same


def test_otlp_by_its_address_and_of_one_kind(folder, receiver):
    both, only_logs = receiver(), receiver()
    with opened(folder, otlp=both.url) as monitor:
        record(monitor)
    assert both.taken("/v1/metrics") and both.taken("/v1/logs")
    with opened(folder.with_name("two"), otlp=OTLP(only_logs.url, metrics=False)) as monitor:
        record(monitor)
    assert only_logs.taken("/v1/logs") and not only_logs.taken("/v1/metrics")


def test_otlp_has_the_service_of_the_environment(folder, receiver, monkeypatch):
    otlp = receiver()
    monkeypatch.setenv("OTEL_SERVICE_NAME", "of the environment")
    with opened(folder, otlp=otlp.url) as monitor:
        record(monitor)
    attributes = otlp.taken("/v1/metrics")[-1]["resourceMetrics"][0]["resource"]["attributes"]
    assert {"key": "service.name", "value": {"stringValue": "of the environment"}} in attributes


def test_losses_are_counted(folder):
    with afmon.GenerationMonitor(folder, metrics_interval=0, shutdown_timeout=0.5, otlp="http://127.0.0.1:9") as monitor:
        record(monitor, 10)
        report = monitor.shutdown()
        lost = {handler["name"]: handler["lost"] for handler in monitor.stats()["handlers"]}
    assert lost["OTLP metrics"] == len(lines_of(folder)) and not report["drained"]
    assert lost["OTLP logs"] >= 10  # that the receiver is not there is logged, too
    assert report["handler_lost"] == sum(lost.values())


def test_alerts_reach_the_webhook(folder, receiver, monkeypatch):
    hook = receiver()
    monkeypatch.setenv("HOOK", hook.url + "/services/s3cret")
    with opened(folder, webhook=Webhook(url_env="HOOK"), alert_min_success_rate=0.99) as monitor:
        record(monitor)
        assert [alert.name for alert in monitor.check_alerts()] == ["low_success_rate"]
    bodies = hook.taken("/services/s3cret")
    assert [(body["alert"], body["state"]) for body in bodies] == [("low_success_rate", "fired")]
    assert "s3cret" not in (folder / "afterimage.log").read_text()
    assert "s3cret" not in repr(Webhook(hook.url + "/s3cret"))


# ---- what goes over HTTP: whom it trusts, and what it tells ----

KINDS = ["webhook", "otlp"]


def sent_to(kind, url, monkeypatch, ca_file=None):
    """Options that send to a URL, with a secret wherever one may be."""
    if kind == "webhook":
        monkeypatch.setenv("HOOK", f"{url.replace('//', '//me:s3cret@')}/s3cret?token=s3cret")
        return {"webhook": Webhook(url_env="HOOK", headers_env="SECRETS", ca_file=ca_file)}
    return {"otlp": OTLP(url, headers_env="SECRETS", ca_file=ca_file)}


def send(folder, timeout, **options):
    """A run with samples, log records and an alert; (its report, all that it wrote)."""
    with afmon.GenerationMonitor(folder, metrics_interval=0, shutdown_timeout=timeout, **options) as monitor:
        record(monitor, 5)
        assert len(monitor.check_alerts()) > 0
        report = monitor.shutdown()
    return report, b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


@pytest.fixture
def secrets(monkeypatch):
    monkeypatch.setenv("SECRETS", "authorization=Bearer%20s3cret,x-key=s3cret")


@pytest.mark.parametrize("kind", KINDS)
def test_tls_is_verified(folder, receiver, tmp_path, monkeypatch, secrets, kind):
    """Refused: a certificate that nobody vouches for, and one of another machine. Taken: one that the CA file has."""
    own, other = make_certificate(tmp_path / "own"), make_certificate(tmp_path / "other", "127.0.0.2")
    for i, (certificate, ca_file, taken) in enumerate((
            (own, None, False), (other, other[0], False), (own, other[0], False), (own, pathlib.Path(own[0]), True))):
        one = receiver(certificate=certificate)
        run = folder.with_name(f"run-{i}")
        report, written = send(run, 20 if taken else 1, **sent_to(kind, one.url, monkeypatch, ca_file))
        assert bool(one.bodies) == taken and (report["handler_lost"] == 0) == taken
        assert b"s3cret" not in written
        if not taken:
            assert one.url in report["last_error"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(folder, receiver, monkeypatch, secrets, kind, status):
    elsewhere = receiver()
    first = receiver(*[(status, {"Location": elsewhere.url + "/v1/metrics"})] * 50)
    report, written = send(folder, 20, **sent_to(kind, first.url, monkeypatch))
    assert first.bodies and not elsewhere.bodies and report["handler_lost"] > 0
    assert f"answered {status}: redirects are not followed" in report["last_error"]
    assert b"s3cret" not in written


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("answer", [(401, {"X-Why": "s3cret"}), (404, {}), (503, {"Retry-After": "0"}), "hang", "reset"])
def test_no_failure_tells_a_secret(folder, receiver, monkeypatch, secrets, kind, answer):
    one = receiver(*[answer] * 100000)
    report, written = send(folder, 0.5, **sent_to(kind, one.url, monkeypatch))
    assert one.bodies and all("s3cret" in str(headers) for _, headers, *_ in one.bodies)
    assert one.url in report["last_error"]  # what failed is named, by scheme, host and port
    assert "s3cret" not in str(report) and b"s3cret" not in written


def test_no_argument_takes_a_secret(folder, monkeypatch, secrets):
    monkeypatch.setenv("BAD", "s3cret")
    for options in ({"otlp": "http://me:s3cret@127.0.0.1"}, {"webhook": "http://me:s3cret@127.0.0.1"},
                    {"webhook": Webhook(url_env="BAD")}, {"otlp": OTLP("http://127.0.0.1:9", headers_env="BAD")}):
        with pytest.raises(ValueError) as raised:
            opened(folder, **options)
        assert "s3cret" not in str(raised.value)


def test_statsd_has_every_sample(folder):
    udp = UdpReceiver()
    with opened(folder, statsd=StatsD(udp.address, prefix="mine.", tags="team:a")) as monitor:
        record(monitor)
    udp.close()
    lines = udp.lines()
    assert len(lines) == len(lines_of(folder))
    assert all(line.startswith("mine.") and "team:a" in line for line in lines)
    assert any(line.startswith("mine.generations:1|c|#outcome:success,model_name:m,operation:answer_generation") for line in lines)


def test_a_run_is_scraped(folder):
    with opened(folder, prometheus_listen="127.0.0.1:0") as monitor:
        record(monitor)
        monitor.flush()
        with urllib.request.urlopen(monitor.prometheus_url + "/metrics", timeout=10) as answer:
            text = answer.read().decode()
        assert 'afmon_generations_total{outcome="success",afmon_operation="answer_generation"} 30.0' in text
        # What the monitor knows of itself goes on meanwhile.
        assert [line for line in monitor.prometheus_text().splitlines() if line.startswith("gen_ai")] == [
            line for line in text.splitlines() if line.startswith("gen_ai")]
        assert monitor.prometheus_text(openmetrics=True).endswith("# EOF\n")
        copy = pickle.loads(pickle.dumps(monitor))  # in another process the address would be taken
        assert copy.prometheus_url is None and "afmon_build" in copy.prometheus_text()
        copy.shutdown()
    assert 'outcome="success"' in afmon.open_run(folder).prometheus_text()


def test_counters_without_a_server(folder):
    with opened(folder, prometheus_listen="") as monitor:
        record(monitor)
        monitor.flush()
        assert monitor.prometheus_url is None
        assert "afmon_generations_total" in monitor.prometheus_text()
    with opened(folder) as monitor, pytest.raises(ValueError, match="prometheus_listen"):
        monitor.prometheus_text()


def test_an_address_beyond_this_machine_needs_a_token(folder, tmp_path):
    with pytest.raises(ValueError, match="token"):
        opened(folder, prometheus_listen="0.0.0.0:0")
    token = tmp_path / "token"
    token.write_text("0123456789abcdef0123456789abcdef\n")
    token.chmod(0o600)
    with opened(folder, prometheus_listen="127.0.0.1:0", prometheus_token_file=token) as monitor:
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(monitor.prometheus_url + "/metrics", timeout=10)
        assert refused.value.code == 401


@forks
def test_a_forked_child_sends_its_own(folder, receiver):
    otlp = receiver()
    context = multiprocessing.get_context("fork")
    with opened(folder, otlp=OTLP(otlp.url, logs=False)) as monitor:
        record(monitor, 10)
        child = context.Process(target=lambda: (record(monitor, 5), monitor.shutdown()))
        child.start()
        child.join(30)
        assert child.exitcode == 0
    last = {}  # of each instance
    for body in otlp.taken("/v1/metrics"):
        attributes = {one["key"]: one["value"] for one in body["resourceMetrics"][0]["resource"]["attributes"]}
        last[attributes["service.instance.id"]["stringValue"]] = body
    counts = [sum(int(point["count"]) for point in metrics_of(body)["gen_ai.client.operation.duration"]["histogram"]["dataPoints"])
              for body in last.values()]
    assert sorted(counts) == [5, 10]


@pytest.mark.parametrize("options, error, words", [
    ({"otlp": 5}, TypeError, "otlp must be a str, an afmon.OTLP or None, not int"),
    ({"otlp": Webhook("http://127.0.0.1")}, TypeError, "otlp must be"),
    ({"otlp": "ftp://127.0.0.1"}, ValueError, "OTLP: the URL must begin with http"),
    ({"otlp": "http://me:pw@127.0.0.1"}, ValueError, "OTLP: .*environment"),
    ({"otlp": OTLP(interval_s="10")}, TypeError, "otlp.interval_s must be a number, not str"),
    ({"otlp": OTLP(interval_s=0)}, ValueError, "OTLP: interval_s is 0"),
    ({"otlp": OTLP(max_memory=-1)}, ValueError, "otlp.max_memory is -1"),
    ({"otlp": OTLP(max_memory=1)}, ValueError, "OTLP: max_memory is 1"),
    ({"otlp": OTLP(timeout_s=0)}, ValueError, "OTLP: timeout_s"),
    ({"otlp": OTLP(ca_file=3)}, TypeError, "otlp.ca_file must be a path"),
    ({"otlp": OTLP(logs=1)}, TypeError, "otlp.logs must be a bool"),
    ({"statsd": "127.0.0.1"}, ValueError, "StatsD: .*HOST:PORT"),
    ({"statsd": StatsD(max_packet=10)}, ValueError, "StatsD: max_packet is 10"),
    ({"statsd": StatsD(prefix=None)}, TypeError, "statsd.prefix must be a str"),
    ({"webhook": Webhook()}, ValueError, "webhook: give either url or url_env"),
    ({"webhook": Webhook("http://127.0.0.1", "HOOK")}, ValueError, "webhook: give either"),
    ({"webhook": Webhook(url_env="NOT_SET")}, ValueError, "webhook: the environment variable NOT_SET is not set"),
    ({"prometheus_listen": 9464}, TypeError, "prometheus_listen must be a str"),
    ({"prometheus_listen": "nonsense:x"}, ValueError, "nonsense"),
    ({"statsd": "127.0.0.1:1", "webhook": "127.0.0.1:x/", "otlp": "http://127.0.0.1:1"}, ValueError, "webhook"),
])
def test_errors_name_the_argument(folder, options, error, words):
    with pytest.raises(error, match=words) as raised:
        opened(folder, **options)
    assert "pw" not in str(raised.value)
    opened(folder).shutdown()  # nothing is left that would be in the way


# ---- rules ----

SLOW = AlertRule("slow_answers", "generation_time", "above", 2.5, aggregate="p90", window_s=600,
                 where={"operation": "answer_generation"}, min_samples=10, renotify_s=math.inf, level="error",
                 message="p90 is {value:.2f} s of {count}")


def test_rules_replace_the_built_in_ones(folder):
    seen = []
    with opened(folder, rules=[SLOW], alert_handlers=[seen.append]) as monitor:
        record(monitor, 9)
        assert monitor.check_alerts() == []  # too few
        record(monitor, 40)
        alert, = monitor.check_alerts()
        again, = monitor.check_alerts()
    assert (alert.name, alert.level, alert.state, alert.aggregate) == ("slow_answers", "error", "fired", "p90")
    assert alert.message == f"p90 is {alert.value:.2f} s of 49"
    assert again.state == "firing" and again.since == alert.since
    assert [one.state for one in seen] == ["fired"]  # not told again


def test_more_rules_than_are_built_in(folder):
    rules = [AlertRule(f"rule_{i}", "generation_time", "above", 0) for i in range(40)]
    with opened(folder, rules=[*afmon.built_in_rules(), *rules]) as monitor:
        record(monitor)
        names = [alert.name for alert in monitor.check_alerts()]
    assert set(names) >= {rule.name for rule in rules} and "low_success_rate" in names


def test_rules_read_back_as_they_were_written():
    built_in = afmon.built_in_rules(max_error_rate=0.1)
    assert len(built_in) == 7
    assert [rule.limit for rule in built_in if rule.name == "high_error_rate"] == [0.1]
    loaded = afmon.load_rules(pathlib.Path(__file__).resolve().parents[2] / "examples" / "rules.yaml")
    by_name = {rule.name: rule for rule in loaded}
    assert by_name["rate_limited"].where == {"status": 429}
    assert by_name["stalled"].renotify_s == math.inf
    for rule in [*built_in, *loaded, SLOW]:
        assert pickle.loads(pickle.dumps(rule)) == rule


@pytest.mark.parametrize("aggregate", ["mean", "count", "rate", "p50", "p99", "p99.9", "p12.345", "p0", "p100"])
def test_every_aggregate_goes_there_and_back(folder, tmp_path, aggregate):
    rule = AlertRule("r", "m", "at_least", 0.01, aggregate)
    with opened(folder, rules=[rule]) as monitor:
        for _ in range(10):
            monitor.record_metric("m", 5)
        alert, = monitor.check_alerts()
        assert alert.aggregate == aggregate
        episode, = monitor.view().check_rules([rule])
    assert episode.rule is rule and episode.fired.aggregate == aggregate and not episode.resolved
    file = tmp_path / "rules.yaml"
    file.write_text(f"built_in: false\nrules:\n  - {{name: r, metric: m, at_least: 0.01, aggregate: {aggregate}}}\n")
    assert [one.aggregate for one in afmon.load_rules(file)] == [aggregate]


def test_a_recorded_run_is_judged_by_rules(folder):
    with opened(folder) as monitor:
        record(monitor, 80)
    episode, = afmon.open_run(folder).check_rules([SLOW])
    assert episode.fired.name == "slow_answers" and episode.passes >= 1
    assert afmon.open_run(folder).check_rules([]) == []


@pytest.mark.parametrize("rules, error, words", [
    (SLOW, TypeError, "rules must be a list"),
    (["x"], TypeError, r"rules\[0\] must be an afmon.AlertRule, not str"),
    ([SLOW, SLOW], ValueError, "two rules are called 'slow_answers'"),
    ([AlertRule("r", "m", "over", 1)], ValueError, r"rules\[0\].comparison is 'over': give one of below, above"),
    ([AlertRule("r", "m", "above", "1")], TypeError, r"rules\[0\].limit must be a number, not str"),
    ([AlertRule("r", "m", "above", 1, "p101")], ValueError, r"rules\[0\].aggregate is 'p101'"),
    ([AlertRule("r", "m", "above", 1, level="fatal")], ValueError, r"rules\[0\].level is 'fatal'"),
    ([AlertRule("r", "m", "above", 1, where=[1])], TypeError, r"rules\[0\].where must be a mapping"),
    ([AlertRule("r", "m", "above", 1, where={"k": [1]})], TypeError, r"rules\[0\].where\['k'\]"),
    ([AlertRule("r", "m", "above", 1, clear=2)], ValueError, r"rules\[0\] 'r': clear"),
    ([AlertRule("1", "m", "above", 1)], ValueError, r"rules\[0\] '1': name"),
    ([AlertRule("r", "m", "above", 1, message="{valu}")], ValueError, r"rules\[0\] 'r': message"),
    ([AlertRule("r", "m", "above", 1, min_samples=-1)], ValueError, r"rules\[0\].min_samples"),
])
def test_rules_that_are_no_good(folder, rules, error, words):
    with pytest.raises(error, match=words):
        opened(folder, rules=rules)


def test_what_excludes_each_other(folder, tmp_path):
    with pytest.raises(ValueError, match="rules_file or rules"):
        opened(folder, rules=[SLOW], rules_file=tmp_path / "rules.yaml")
    with pytest.raises(ValueError, match="alert_max_error_rate is of a built-in rule"):
        opened(folder, rules=[SLOW], alert_max_error_rate=0.5)
    (tmp_path / "bad.yaml").write_text("rules:\n  - nam: x\n")
    with pytest.raises(ValueError, match="bad.yaml:2:"):
        afmon.load_rules(tmp_path / "bad.yaml")
    with pytest.raises(TypeError, match="unknown limit 'max_x'"):
        afmon.built_in_rules(max_x=1)


def test_a_monitor_with_all_of_it_is_pickled(folder, receiver):
    otlp = receiver()
    with opened(folder, rules=[SLOW], statsd="127.0.0.1:9", otlp=OTLP(otlp.url, service_name="mine")) as monitor:
        copy = pickle.loads(pickle.dumps(monitor))
        with copy:
            record(copy, 9)
            assert copy.check_alerts() == []
            record(copy, 40)
            assert [alert.name for alert in copy.check_alerts()] == ["slow_answers"]
    assert b'"mine"' in otlp.bodies[-1][2]
