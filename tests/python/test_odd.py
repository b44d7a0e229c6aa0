"""Values that make no sense: taken as what they mean where that is plain, else recorded as not finite, and warned of once."""
import datetime
import decimal
import fractions
import http
import json
import math
import warnings

import afmon
import pytest
from conftest import lines_of


class NoTruth:
    def __bool__(self):
        raise RuntimeError("neither")


class NoNumber:
    def __float__(self):
        raise RuntimeError("no number")

    __str__ = __float__


class OddKeys(dict):
    def __iter__(self):
        raise RuntimeError("no keys")

    keys = __iter__


PLAIN = [
    (12, 12), ("12", 12), (" 1.5 ", 1.5), (b"12", 12), (bytearray(b"3"), 3), (True, 1), (datetime.timedelta(seconds=3), 3),
    (decimal.Decimal("1.5"), 1.5), (fractions.Fraction(1, 2), 0.5), (http.HTTPStatus.OK, 200), (1e308, 1e308),
]
NOT_PLAIN = ["12 s", "", "maybe", "nan", "inf", None, [1], {}, object(), 1j, 10**400, datetime.datetime(2026, 1, 2), b"\xff",
             NoNumber(), lambda: 1, float]


@pytest.fixture
def calm(monitor):
    """A monitor that warns of nothing, or the test fails."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield monitor


def values_of(monitor, folder):
    monitor.flush()
    return {line["metric"]: line["value"] for line in lines_of(folder)}


def warned_of(monitor, call):
    """What three such calls warn of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            call(monitor)
    assert all(warning.category is RuntimeWarning and warning.filename == __file__ for warning in caught)
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("given, value", PLAIN)
def test_what_plainly_is_a_number_is_one(calm, folder, given, value):
    calm.record_metric("m", given)
    calm.track_generation(given, True, prompt_token_count=given, conversation_length=given)
    calm.track_evaluation(given, True, "e", {"a": given, "b": (given, "so so"), "c": {"score": given}})
    values = values_of(calm, folder)
    assert [values[name] for name in ("m", "generation_time", "prompt_token_count", "conversation_length", "evaluation_time",
                                      "evaluation_score_a", "evaluation_score_b", "evaluation_score_c")] == [value] * 8


@pytest.mark.parametrize("given", NOT_PLAIN, ids=lambda given: type(given).__name__)
def test_what_is_no_number_is_recorded_as_not_finite(monitor, folder, given):
    (said,) = warned_of(monitor, lambda m: m.record_metric("m", given))
    assert said.startswith("afmon: value is ") and said.endswith(", which makes no sense: recorded as not finite")
    (said,) = warned_of(monitor, lambda m: m.track_generation(given, True, model_name="m"))
    assert said.startswith("afmon: duration is ")
    values = values_of(monitor, folder)
    assert values["m"] is None and values["generation_time"] is None and values["success_rate"] == 1.0
    assert values["model_usage:m"] == 1.0
    assert monitor.stats()["not_finite"] == 6


@pytest.mark.parametrize("given", [-1, -0.001, "-1", datetime.timedelta(seconds=-3), -math.inf])
def test_below_zero_is_no_time_and_no_count(monitor, folder, given):
    """But a metric of one's own, and a score, may be."""
    said = warned_of(monitor, lambda m: m.track_generation(given, True, prompt_token_count=given, total_token_count=given,
                                                           conversation_length=given))
    assert [words.split()[1] for words in said] == ["duration", "prompt_token_count", "total_token_count", "conversation_length"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        monitor.record_metric("m", given)
        monitor.track_evaluation(1, True, "e", {"a": given})
    values = values_of(monitor, folder)
    assert values["generation_time"] is values["prompt_token_count"] is values["conversation_length"] is None
    if given != -math.inf:
        assert values["m"] < 0 and values["evaluation_score_a"] < 0
    assert monitor.get_total_token_usage().total_tokens == 0


def test_what_is_not_finite_needs_no_word(calm, folder):
    calm.record_metric("m", float("nan"))
    calm.track_generation(float("inf"), True, prompt_token_count=decimal.Decimal("NaN"))
    calm.track_evaluation(1, True, "e", {"a": None})
    values = values_of(calm, folder)
    assert values["m"] is values["generation_time"] is values["prompt_token_count"] is values["evaluation_score_a"] is None


@pytest.mark.parametrize("given, success", [
    (True, 1.0), (False, 0.0), (1, 1.0), (0, 0.0), (1.0, 1.0), ("true", 1.0), ("False", 0.0), (" OK ", 1.0), (b"no", 0.0),
    ("failed", 0.0), ([], 0.0), ([1], 1.0), (ValueError("x"), 0.0), (decimal.Decimal(0), 0.0),
])
def test_what_plainly_is_success_or_failure(calm, folder, given, success):
    calm.track_generation(1, given)
    calm.track_evaluation(1, given, "e", {})
    assert values_of(calm, folder)["success_rate"] == success
    assert [line["success"] for line in lines_of(folder) if line["metric"] == "evaluation_time"] == [success == 1.0]


@pytest.mark.parametrize("given", ["maybe", "", None, 0.7, float("nan"), NoTruth()], ids=repr)
def test_whether_it_succeeded_may_not_be_known(monitor, folder, given):
    (said,) = warned_of(monitor, lambda m: m.track_generation(1, given))
    assert said.startswith("afmon: success is ") and said.endswith(": recorded as not known")
    monitor.track_evaluation(1, given, "e", {"a": 1})
    monitor.track_generation(1, True)
    assert monitor.get_metrics("success_rate")["mean"] == 1.0 and monitor.get_metrics("error_rate")["mean"] == 0.0
    assert [line["value"] for line in lines_of(folder) if line["metric"] == "success_rate"] == [None, None, None, 1.0]
    assert [line["success"] for line in lines_of(folder) if line["metric"] == "evaluation_time"] == [None]
    calls = monitor.view().summary()["calls"]
    assert calls["count"] == 4 and calls["failed"] == 0
    monitor.shutdown()
    log = (folder / "afterimage.log").read_text()
    assert '"success": null' in log and '"argument": "success"' in log


def test_a_failure_with_an_error_is_one_though_nobody_says_so(monitor, folder):
    with pytest.warns(RuntimeWarning, match="success is"):
        monitor.track_generation(1, "maybe", error=TimeoutError("late"))
    values = values_of(monitor, folder)
    assert values["success_rate"] is None and values["error_rate"] == values["api_errors"] == 1.0


@pytest.mark.parametrize("given, status", [(429, 429), ("429", 429), (http.HTTPStatus.BAD_GATEWAY, 502), (429.0, 429)])
def test_statuses(calm, folder, given, status):
    calm.track_generation(1, False, error="no", http_status=given)
    calm.flush()
    assert [line["status"] for line in lines_of(folder) if line["metric"] == "error_rate"] == [status]


@pytest.mark.parametrize("given", [0, -1, 12, 1000, "many", float("nan")])
def test_what_is_no_status_is_none(monitor, folder, given):
    (said,) = warned_of(monitor, lambda m: m.track_generation(1, True, http_status=given))
    assert said.endswith("recorded as no status")
    monitor.flush()
    assert not any("status" in line for line in lines_of(folder))


def test_scores_that_are_none(monitor, folder):
    assert len(warned_of(monitor, lambda m: m.track_evaluation(1, True, "e", 5))) == 1
    assert len(warned_of(monitor, lambda m: m.track_evaluation(1, True, "e", {"a": "high"}))) == 1
    assert warned_of(monitor, lambda m: m.track_evaluation(1, True, "e", OddKeys(a=1))) == []  # told already
    monitor.track_evaluation(1, True, "e", [("b", 0.5)])
    values = values_of(monitor, folder)
    assert values["evaluation_score_a"] is None and values["evaluation_score_b"] == 0.5 and values["evaluation_time"] == 1.0


@pytest.mark.parametrize("given", [5, "text", OddKeys(a=1)], ids=repr)
def test_metadata_that_are_no_dict_are_kept_as_one_text(monitor, folder, given):
    (said,) = warned_of(monitor, lambda m: m.record_metric("m", 1, given))
    assert said.startswith("afmon: metadata is ")
    monitor.track_generation(1, True, metadata=given)
    monitor.flush()
    assert all("metadata" in line for line in lines_of(folder))


def test_names_that_are_no_texts(monitor, folder):
    assert len(warned_of(monitor, lambda m: m.record_metric(3, 1))) == 1
    monitor.record_metric(None, 1, {"k": 1})
    monitor.flush()
    assert {line["metric"] for line in lines_of(folder)} == {"3", "None"}


def test_the_program_may_make_errors_of_warnings(monitor):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning, match="duration is 'x'"):
            monitor.track_generation("x", True)


def test_each_monitor_warns(tmp_path):
    for name in "ab":
        with afmon.GenerationMonitor(tmp_path / name) as monitor, pytest.warns(RuntimeWarning, match="value is None"):
            monitor.record_metric("m", None)
        lines = (tmp_path / name / "afterimage.log").read_text().splitlines()
        (told,) = [json.loads(line.split(" - ", 1)[1]) for line in lines if "A value made no sense" in line]
        assert told == {"message": "A value made no sense", "argument": "value", "given": "None (NoneType)",
                        "recorded_as": "not finite", "level": "warning"}


def test_a_stranger_is_shown_in_short(monitor):
    (said,) = warned_of(monitor, lambda m: m.record_metric("m", "x" * 10_000))
    assert len(said) < 200
