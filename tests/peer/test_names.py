"""What afterimage's monitoring module and its class have, ours have: names, arguments in their order, defaults, fields."""
import dataclasses
import inspect
import pathlib
import sys
import time

import afmon
import afmon.monitoring
import afterimage.monitoring as peer
import pytest

TABLE = (pathlib.Path(__file__).parents[2] / "docs" / "afterimage.md").read_text(encoding="utf-8")
# In docs/afterimage.md with their reasons.
NOT_THERE = {"metric_queue", "log_queue"}
OTHER_DEFAULTS = {("visualize_metrics", "return_figures")}


def public(names):
    return {name for name in names if not name.startswith("_")}


def own(module):
    return {name: value for name, value in vars(module).items() if not name.startswith("_")
            and getattr(value, "__module__", None) in (module.__name__, "typing") and value not in vars(sys.modules["typing"]).values()}


def test_version():
    import importlib.metadata

    unpacked = pathlib.Path(sys.prefix) / "afterimage" / "PKG-INFO"
    assert f"Version: {importlib.metadata.version('afterimage')}\n" in unpacked.read_text(encoding="utf-8")


def test_module():
    names = own(peer).keys() & {name for name in vars(peer) if name[0].isupper()}
    assert {"GenerationMonitor", "Alert", "LogLevel", "MetricHandler"} <= names
    assert names <= set(dir(afmon.monitoring)) and all(hasattr(afmon.monitoring, name) for name in names)


@pytest.mark.parametrize("name", sorted(public(vars(peer.GenerationMonitor)) | {"__init__"}))
def test_signatures(name):
    """Ours can be called in every way that theirs can; what we have besides is optional."""
    theirs, ours = ([parameter for parameter in inspect.signature(getattr(kind, name)).parameters.values()
                     if parameter.name != "self"] for kind in (peer.GenerationMonitor, afmon.GenerationMonitor))
    for kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD):
        mine = [parameter for parameter in ours if parameter.kind == kind]
        for number, parameter in enumerate(parameter for parameter in theirs if parameter.kind == kind):
            assert mine[number].name == parameter.name
            if (name, parameter.name) not in OTHER_DEFAULTS:
                assert mine[number].default == parameter.default
    known = {parameter.name for parameter in theirs}
    optional = {parameter.name for parameter in ours if parameter.default is not parameter.empty
                or parameter.kind == parameter.VAR_KEYWORD}
    assert {parameter.name for parameter in ours} - known <= optional


def test_attributes(tmp_path):
    theirs = peer.GenerationMonitor(tmp_path / "theirs", metrics_interval=0)
    try:
        with afmon.GenerationMonitor(tmp_path / "ours", metrics_interval=0) as ours:
            assert public(dir(theirs)) - public(dir(ours)) == NOT_THERE
            assert [name for name in sorted(public(dir(theirs))) if f"`{name}`" not in TABLE] == []
            assert [name for name in sorted(public(dir(ours)) - public(dir(theirs))) if f"`{name}`" not in TABLE] == []
            for name in ("log_dir", "metrics_interval", "shutdown_timeout", "alert_handlers"):
                assert type(getattr(ours, name)) is type(getattr(theirs, name))
    finally:
        theirs.shutdown()


@pytest.mark.parametrize("name", ["Alert", "ModelTokenUsage", "TokenUsageReport"])
def test_dataclasses(name):
    theirs, ours = (dataclasses.fields(getattr(module, name)) for module in (peer, afmon))
    assert [field.name for field in ours][:len(theirs)] == [field.name for field in theirs]
    assert [field.default for field in ours][:len(theirs)] == [field.default for field in theirs]


@pytest.mark.parametrize("name, method", [("MetricHandler", "handle_metric"), ("LogHandler", "handle_log"),
                                          ("FileMetricHandler", "handle_metric"), ("FileLogHandler", "handle_log")])
def test_handlers(name, method):
    theirs, ours = (inspect.signature(getattr(getattr(module, name), method)).parameters for module in (peer, afmon))
    assert list(theirs) == list(ours)


def test_shapes(tmp_path):
    """The same calls, and answers of the same shape and figures."""
    with afmon.GenerationMonitor(tmp_path / "ours", metrics_interval=0) as ours:
        theirs = peer.GenerationMonitor(tmp_path / "theirs", metrics_interval=0)
        for monitor in (ours, theirs):
            for i in range(4):
                monitor.track_generation(float(i), i > 0, model_name=f"m{i % 2}", prompt_token_count=i, total_token_count=2 * i)
        end = time.monotonic() + 60  # theirs are in a queue for a while
        while len(theirs._metrics.get("total_token_count", ())) < 4 and time.monotonic() < end:
            time.sleep(0.01)
        for name in ("generation_time", "success_rate", "total_token_count", "never recorded"):
            expected = theirs.get_metrics(name)
            assert {key: ours.get_metrics(name)[key] for key in expected} == expected
        assert dataclasses.asdict(ours.get_total_token_usage()) == dataclasses.asdict(theirs.get_total_token_usage())
        theirs.shutdown()
