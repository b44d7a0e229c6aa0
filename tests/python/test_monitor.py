"""Questions, handlers, alerts, exports: the rest of GenerationMonitor."""
import gc
import json
import pickle
import threading
import time
import weakref
from datetime import datetime, timedelta

import afmon
import pytest
from conftest import lines_of, run_python


class Metrics:
    def __init__(self):
        self.got = []

    def handle_metric(self, metric_name, value, metadata):
        self.got.append((metric_name, value, metadata))


class Logs:
    def __init__(self):
        self.got = []

    def handle_log(self, message):
        self.got.append(message)


def test_get_metrics_where(monitor):
    for i in range(1000):
        monitor.track_generation(i / 100, i % 3 > 0, operation=f"op{i % 4}", shard=i % 2, model_name="m")
    of = lambda **where: monitor.get_metrics("generation_time", None, where=where)
    values = [i / 100 for i in range(1000) if i % 4 == 2]
    assert of(operation="op2")["count"] == 250 and of(operation="op2")["mean"] == pytest.approx(sum(values) / 250)
    assert of(operation="op2")["p50"] == pytest.approx((values[124] + values[125]) / 2)
    assert (of(operation="op2", shard=0)["count"], of(shard=1.0)["count"], of(operation="op2", shard=1), of(shard="1")) == (250, 500, {}, {})
    assert monitor.get_metrics("success_rate", where={"operation": "op1"})["mean"] == pytest.approx(sum(i % 3 > 0 for i in range(1, 1000, 4)) / 250)
    assert of() == monitor.get_metrics("generation_time", None) and monitor.get_metrics("nobody", where={"a": 1})["count"] == 0
    with pytest.raises(TypeError, match="where must be a dict, not str"):
        monitor.get_metrics("m", where="op2")


def test_a_run_has_name_tags_and_note(folder):
    about = {"name": "first", "tags": {"team": "red", "größe": "3"}, "note": "is it better?"}
    with afmon.GenerationMonitor(folder, metrics_interval=0, **{**about, "tags": {"team": "red", "größe": 3}}) as monitor:
        monitor.record_metric("m", 1)
        assert monitor.view().summary()["about"] == about
        copy = pickle.loads(pickle.dumps(monitor))
        copy.shutdown()
    run = afmon.open_run(folder)
    assert run.summary()["about"] == about and run.about == afmon.RunAbout(**about)
    assert sum('"tags": {"team": "red", "größe": "3"}' in line for log in folder.glob("afterimage*.log") for line in log.open()) == 2


@pytest.mark.parametrize("wrong, error, message", [
    ({"name": "a" * 201}, ValueError, "name has 201 bytes: give at most 200"),
    ({"name": 7}, TypeError, "name must be a str, not int"),
    ({"note": "a\nb"}, ValueError, "note has a line break"),
    ({"tags": {"note": "x"}}, ValueError, "tag 'note': that key is reserved"),
    ({"tags": {f"k{i}": i for i in range(40)}}, ValueError, "there are 40 tags: give at most 32"),
    ({"tags": {1: "x"}}, TypeError, "tags must be a str, not int"),
    ({"tags": "team=red"}, TypeError, 'tags must be a dict, as {"team": "red"}, not str'),
])
def test_what_a_run_cannot_be_called(folder, wrong, error, message):
    with pytest.raises(error, match=message):
        afmon.GenerationMonitor(folder, **wrong)


def test_shapes_of_get_metrics(monitor):
    for value in range(1, 101):
        monitor.record_metric("m", value)
    got = monitor.get_metrics("m")
    assert (got["mean"], got["min"], got["max"], got["count"], got["sum"]) == (50.5, 1.0, 100.0, 100, 5050.0)
    assert [round(got[name], 9) for name in ("p50", "p90", "p99")] == [50.5, 90.1, 99.01]
    assert monitor.get_metrics("nobody") == {"mean": 0.0, "min": 0.0, "max": 0.0, "count": 0}
    time.sleep(0.01)
    assert monitor.get_metrics("m", timedelta(milliseconds=1)) == {}
    assert monitor.get_metrics("m", None)["count"] == 100


def test_handlers_get_what_was_recorded(folder):
    metrics, logs = Metrics(), Logs()
    with afmon.GenerationMonitor(folder, [metrics], [logs], metrics_interval=0) as monitor:
        monitor.record_metric("m", 1.5, {"k": [1, 2]})
        monitor.log_error("went wrong", error=ValueError("why"), attempt=2)
        monitor.flush()
    name, value, metadata = metrics.got[0]
    assert (name, value, metadata["k"]) == ("m", 1.5, [1, 2])
    assert datetime.fromisoformat(metadata["timestamp"]).tzinfo is not None
    assert logs.got[0] == {"message": "went wrong", "error": "why", "error_type": "ValueError", "attempt": 2,
                           "level": "error"}
    assert not (folder / "metrics.jsonl").exists() and not (folder / "afterimage.log").exists()


def test_the_files_beside_handlers_of_ones_own(folder):
    metrics = Metrics()
    with afmon.GenerationMonitor(folder, [afmon.FileMetricHandler(folder), metrics], metrics_interval=0) as monitor:
        monitor.record_metric("m", 1)
    assert len(metrics.got) == 1 and len(lines_of(folder)) == 1


def test_file_handlers_of_another_folder(tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    handlers = [afmon.FileMetricHandler(other)], [afmon.FileLogHandler(other)]
    with afmon.GenerationMonitor(tmp_path / "run", *handlers, metrics_interval=0) as monitor:
        monitor.record_metric("m", 1, {"k": 1})
        monitor.log_info("hello")
    assert afmon.open_run(other).get_metrics("m")["count"] == 1
    assert "hello" in (other / "afterimage.log").read_text()


def test_empty_lists_mean_none(folder):
    with afmon.GenerationMonitor(folder, [], [], metrics_interval=0) as monitor:
        monitor.record_metric("m", 1)
        assert monitor.get_metrics("m")["count"] == 1
        assert monitor.metric_handlers == () and monitor.log_handlers == ()
    assert lines_of(folder) == []


def test_a_handler_that_fails_is_logged_and_disturbs_nobody(folder):
    class Broken:
        def handle_metric(self, metric_name, value, metadata):
            raise KeyError("missing")

    good = Metrics()
    handlers = [afmon.FileMetricHandler(folder), Broken(), good]
    with afmon.GenerationMonitor(folder, handlers, metrics_interval=0) as monitor:
        monitor.record_metric("m", 1)
    assert len(good.got) == 1
    assert "KeyError: 'missing'" in (folder / "afterimage.log").read_text()


def test_a_handler_may_call_the_monitor(folder):
    seen = []

    class Asker:
        monitor = None

        def handle_metric(self, metric_name, value, metadata):
            if metric_name == "m":
                self.monitor.record_metric("echo", value)
                seen.append(self.monitor.get_metrics("m")["count"])
                with pytest.raises(RuntimeError):
                    self.monitor.flush()
                with pytest.raises(RuntimeError):
                    self.monitor.shutdown()

    handler = Asker()
    with afmon.GenerationMonitor(folder, [afmon.FileMetricHandler(folder), handler], metrics_interval=0) as monitor:
        handler.monitor = monitor
        monitor.record_metric("m", 1)
        monitor.flush()
        monitor.flush()
        assert monitor.get_metrics("echo")["count"] == 1
    assert seen == [1]


def test_alert_handlers_may_change_at_any_time(monitor):
    first, later = [], []
    monitor.track_generation(1, False)
    monitor.alert_handlers.append(first.append)
    assert [alert.name for alert in monitor.check_alerts()] == ["low_success_rate"]
    monitor.alert_handlers = [later.append]
    monitor.check_alerts()
    assert [alert.name for alert in first] == ["low_success_rate"] == [alert.name for alert in later]
    alert = first[0]
    assert (alert.level, alert.message, alert.data["count"]) == ("warning", "Success rate dropped to 0.0%", 1)
    assert (alert.state, later[0].state) == ("fired", "firing")
    assert isinstance(alert.timestamp, datetime) and abs(datetime.now() - alert.timestamp) < timedelta(minutes=1)


def test_alert_handlers_that_cannot_be_called(monitor, folder):
    for wrong in ("ab", [print, 5], 5):
        with pytest.raises(TypeError, match="alert_handlers"):
            monitor.alert_handlers = wrong
        with pytest.raises(TypeError, match="alert_handlers"):
            afmon.GenerationMonitor(folder, alert_handlers=wrong)
    got = []
    monitor.alert_handlers.append(5)
    monitor.alert_handlers.append(got.append)
    monitor.track_generation(99, False)
    assert monitor.check_alerts() and got
    monitor.shutdown()  # what a handler raised is in the log then
    assert "alert_handlers: 5 is not callable" in (folder / "afterimage.log").read_text()


@pytest.mark.parametrize("argument", [
    "metrics_interval", "shutdown_timeout", "token_usage_callback_interval_seconds", "alert_min_success_rate",
    "alert_max_generation_time_seconds", "alert_max_error_rate", "alert_max_prompt_token_mean", "max_memory",
    "ring_bytes"])
def test_numbers_that_no_float_holds(folder, argument):
    with pytest.raises(ValueError, match=argument):
        afmon.GenerationMonitor(folder, **{argument: 10**400})


def test_windows_and_timeouts_beyond_all_time(monitor, folder):
    monitor.record_metric("m", 1)
    monitor.flush(1e300)
    run = afmon.open_run(folder)
    with afmon.follow(folder, interval=1e300) as follower:
        follower.update()
        for window in (1e300, 1e11, 10**30):
            assert monitor.view(window).get_metrics("m")["count"] == monitor.get_metrics("m", window)["count"] == 1
            assert afmon.open_run(folder, window).samples() == run.samples()
            assert follower.get_metrics("m", window)["count"] == 1
            assert monitor.get_total_token_usage(window).total_tokens == 0
            assert monitor.plot_metric("m", window).draw()
        for ask in (monitor.view, monitor.flush, monitor.get_total_token_usage, lambda w: monitor.plot_metric("m", w),
                    lambda w: monitor.get_metrics("m", w), lambda w: follower.get_metrics("m", w)):
            with pytest.raises(ValueError, match="is larger than a float can hold"):
                ask(10**400)


def test_a_subclass_with_an_equality_and_no_hash(folder):
    code = """
import dataclasses, sys, multiprocessing.util
import afmon
@dataclasses.dataclass
class Mine(afmon.GenerationMonitor):
    folder: str
    def __post_init__(self):
        super().__init__(self.folder, metrics_interval=0)
with Mine(sys.argv[1]) as first:
    first.record_metric("m", 1)
gone = Mine(sys.argv[1])
gone.record_metric("m", 2)
del gone
kept = [Mine(sys.argv[1]), Mine(sys.argv[1])]
for monitor in kept:
    monitor.record_metric("m", 3)
"""
    assert run_python(code, folder) == (0, "")
    assert sorted(line["value"] for line in lines_of(folder)) == [1, 2, 3, 3]
    assert not (folder / ".afmon").exists(), "the exit hook did not shut both down"


def test_no_alert_before_the_first_generation(monitor):
    assert monitor.check_alerts() == []


def test_periodic_alerts_and_limits(folder):
    came = threading.Event()
    with afmon.GenerationMonitor(folder, alert_handlers=[lambda alert: came.set()], metrics_interval=1,
                                 alert_max_generation_time_seconds=0.5) as monitor:
        monitor.track_generation(1, True)
        assert came.wait(20)


def test_a_rules_file(folder, tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text("""
built_in: false
rules:
  - {name: slow, metric: generation_time, where: {operation: answer}, aggregate: max, above: 5, renotify: never}
""")
    got = []
    with afmon.GenerationMonitor(folder, alert_handlers=[got.append], metrics_interval=0, rules_file=path) as monitor:
        monitor.track_generation(10, False, metadata={"operation": "question"})
        assert monitor.check_alerts() == []
        monitor.track_generation(10, False, metadata={"operation": "answer"})
        assert [alert.name for alert in monitor.check_alerts()] == ["slow"] == [a.name for a in monitor.check_alerts()]
    assert [(alert.name, alert.state) for alert in got] == [("slow", "fired")]
    path.write_text("rules:\n  - {name: slow, metrc: m}\n")
    with pytest.raises(ValueError, match="rules.yaml:2:18: 'metrc' is no key of a rule; did you mean 'metric'?"):
        afmon.GenerationMonitor(folder, rules_file=path)


def test_token_usage_callback(folder):
    reports = []
    with afmon.GenerationMonitor(folder, token_usage_callback=reports.append, metrics_interval=0) as monitor:
        monitor.track_generation(1, True, model_name="b", total_token_count=2)
        monitor.track_generation(1, True, model_name="a", total_token_count=3)
    assert [model.model_name for model in reports[-1].by_model] == ["a", "b"] and reports[-1].total_tokens == 5


def test_exports_and_views(monitor, tmp_path):
    monitor.record_metric("m", 1, {"k": "v"})
    monitor.export_metrics(tmp_path / "new" / "e.json")
    exported = json.loads((tmp_path / "new" / "e.json").read_text())
    assert exported["m"][0]["value"] == 1.0 and exported["m"][0]["k"] == "v"
    monitor.export_metrics(tmp_path / "e.csv", format="csv", window=timedelta(hours=1))
    assert (tmp_path / "e_m.csv").read_text().splitlines()[0] == "timestamp,value,k"
    assert json.loads(monitor.save_metrics().read_text())["m"][0]["value"] == 1.0
    view = monitor.view()
    monitor.record_metric("m", 2)
    assert view.get_metrics("m")["count"] == 1 and monitor.view().get_metrics("m")["count"] == 2
    assert view.metrics == ["m"] and view.samples("m")[0]["k"] == "v"


def test_a_recorded_run(folder):
    with afmon.GenerationMonitor(folder, metrics_interval=0) as monitor:
        monitor.track_generation(40, False, model_name="x", total_token_count=5)
    run = afmon.open_run(folder)
    assert run.info.sample_count == len(lines_of(folder)) and not run.info.live and run.problems == []
    assert run.get_total_token_usage().total_tokens == 5
    assert [span.worst.name for span in afmon.check(folder)] == ["low_success_rate", "high_generation_time"]
    assert afmon.check(folder, min_success_rate=0, max_generation_time_seconds=60) == []
    assert afmon.recover(folder) == 0
    with pytest.raises(OSError):
        afmon.open_run(folder / "not there")


def test_public_attributes(folder):
    with afmon.GenerationMonitor(str(folder), metrics_interval=30, shutdown_timeout=2) as monitor:
        assert monitor.log_dir == folder and monitor.metrics_interval == 30 and monitor.shutdown_timeout == 2
        assert isinstance(monitor.metric_handlers[0], afmon.FileMetricHandler)
        assert isinstance(monitor.log_handlers[0], afmon.FileLogHandler)
        assert monitor.stats()["samples_recorded"] == 0


def test_a_monitor_in_a_cycle_with_its_handler_is_collected(folder):
    class Holder:
        def handle_metric(self, metric_name, value, metadata):
            pass

    handler = Holder()
    handler.monitor = afmon.GenerationMonitor(folder, [afmon.FileMetricHandler(folder), handler], metrics_interval=0)
    handler.monitor.record_metric("m", 1)
    gone = weakref.ref(handler.monitor)
    del handler
    gc.collect()
    assert gone() is None and len(lines_of(folder)) == 1
    assert not (folder / ".afmon").exists()


def test_the_last_reference_may_be_dropped_in_a_handler(folder):
    class Last:
        def handle_metric(self, metric_name, value, metadata):
            go.wait(10)
            self.__dict__.clear()

    go = threading.Event()
    handler = Last()
    handler.monitor = afmon.GenerationMonitor(folder, [handler, afmon.FileMetricHandler(folder)], metrics_interval=0)
    handler.monitor.record_metric("m", 1)
    gone = weakref.ref(handler.monitor)
    handler.monitor.flush  # noqa: B018
    del handler
    go.set()
    for _ in range(500):
        gc.collect()
        if gone() is None and not (folder / ".afmon").exists():
            break
        time.sleep(0.01)
    assert gone() is None and len(lines_of(folder)) == 1


def test_many_names_and_many_threads(monitor):
    def work(number):
        for i in range(2000):
            monitor.record_metric(f"name{i % 50}", i)
            monitor.record_metric("shared", 1, {"thread": number})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    monitor.flush()
    assert monitor.get_metrics("shared")["count"] == 16000
    assert monitor.get_metrics("name7")["count"] == 320


def test_a_small_ring_waits_without_the_interpreter(folder):
    with afmon.GenerationMonitor(folder, ring_bytes=16384, metrics_interval=0) as monitor:
        for i in range(50000):
            monitor.record_metric("m", i, {"k": "some text"})
    assert len(lines_of(folder)) == 50000


def test_pickled_it_opens_the_same_run(folder):
    with afmon.GenerationMonitor(folder, metrics_interval=0) as monitor:
        monitor.record_metric("m", 1)
        with pickle.loads(pickle.dumps(monitor)) as other:
            other.record_metric("m", 2)
            assert other.log_dir == folder
    assert sorted(line["value"] for line in lines_of(folder)) == [1.0, 2.0]
