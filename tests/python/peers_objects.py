"""Objects of other people's packages in metadata and as values: recorded in a sensible form, whatever they are."""
import datetime
import decimal
import enum
import typing

import numpy
import pandas
import polars
import pyarrow
import pydantic
import pytest
from conftest import lines_of


class Kind(enum.Enum):
    PLAIN = "plain"


class Answer(pydantic.BaseModel):
    when: datetime.datetime
    kind: typing.Any = None
    key: pydantic.SecretStr = pydantic.SecretStr("not for the log")


class Undumpable(pydantic.BaseModel):
    score: int = 1

    def model_dump(self, **how):
        raise RuntimeError("no")


@pydantic.dataclasses.dataclass
class Graded:
    score: float


class Scores(pydantic.RootModel[list[int]]):
    pass


class NoText:
    def __str__(self):
        raise RuntimeError("no")


WHEN = datetime.datetime(2026, 1, 2, 3, 4, 5)

OBJECTS = {
    "float16": (numpy.float16(0.5), 0.5),
    "float32": (numpy.float32(0.25), 0.25),
    "float64": (numpy.float64(1.5), 1.5),
    "longdouble": (numpy.longdouble(1.5), 1.5),
    "nan": (numpy.float64("nan"), None),
    "int8": (numpy.int8(-3), -3),
    "int64": (numpy.int64(7), 7),
    "uint64": (numpy.uint64(2**64 - 1), 18446744073709551615.0),
    "bool": (numpy.bool_(True), True),
    "str": (numpy.str_("text"), "text"),
    "bytes": (numpy.bytes_(b"bytes"), "bytes"),
    "complex": (numpy.complex64(1 + 2j), "(1+2j)"),
    "datetime64": (numpy.datetime64("2026-01-02T03:04:05"), "2026-01-02T03:04:05"),
    "datetime64 ns": (numpy.datetime64("2026-01-02T03:04:05.000000001"), "2026-01-02T03:04:05.000000001"),
    "no datetime64": (numpy.datetime64("NaT"), None),
    "timedelta64": (numpy.timedelta64(90, "s"), 90.0),
    "timedelta64 ns": (numpy.timedelta64(1_500_000_000, "ns"), 1.5),
    "no timedelta64": (numpy.timedelta64("NaT"), None),
    "array of none": (numpy.array(3.5), 3.5),
    "array": (numpy.arange(3), [0, 1, 2]),
    "matrix": (numpy.ones((2, 2)), [[1.0, 1.0], [1.0, 1.0]]),
    "array of objects": (numpy.array([None, Kind.PLAIN], dtype=object), [None, "plain"]),
    "record": (numpy.zeros(1, dtype=[("a", "i4"), ("b", "f8")])[0], [0, 0.0]),
    "masked": (numpy.ma.masked, None),
    "masked array": (numpy.ma.array([1, 2], mask=[False, True]), [1, None]),
    "Timestamp": (pandas.Timestamp("2026-01-02T03:04:05Z"), "2026-01-02T03:04:05+00:00"),
    "Timedelta": (pandas.Timedelta("90s"), 90.0),
    "NA": (pandas.NA, None),
    "NaT": (pandas.NaT, None),
    "Series": (pandas.Series([1, 2]), [1, 2]),
    "Index": (pandas.Index(["a"]), ["a"]),
    "Categorical": (pandas.Categorical(["a"]), ["a"]),
    "polars": (polars.Series([1, 2]), [1, 2]),
    "pyarrow scalar": (pyarrow.scalar(5), 5),
    "pyarrow array": (pyarrow.array([1, None]), [1, None]),
    "model": (Answer(when=WHEN, kind=Scores([1, 2])),
              {"when": "2026-01-02T03:04:05", "kind": [1, 2], "key": "**********"}),
    "model of numpy": (Answer(when=WHEN, kind=numpy.float32(0.5)),
                       {"when": "2026-01-02T03:04:05", "kind": 0.5, "key": "**********"}),
    "undumpable": (Undumpable(), "score=1"),
    "pydantic dataclass": (Graded(0.5), {"score": 0.5}),
    "root model": (Scores([1, 2]), [1, 2]),
    "nested": ({"models": [Answer(when=WHEN)], "numbers": (numpy.int8(1), decimal.Decimal("0.5"), NoText())},
               {"models": [{"when": "2026-01-02T03:04:05", "kind": None, "key": "**********"}],
                "numbers": [1, 0.5, "<NoText: no text (RuntimeError)>"]}),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_metadata(monitor, folder, name):
    given, expected = OBJECTS[name]
    monitor.record_metric("m", 1, {"k": given})
    monitor.track_generation(1, True, k=given)
    monitor.log_info("message", k=given)
    monitor.flush()
    lines = lines_of(folder)
    assert len(lines) == 4 and all(line["k"] == expected and type(line["k"]) is type(expected) for line in lines)


@pytest.mark.parametrize("value, expected", [
    (numpy.float32(0.5), 0.5), (numpy.int64(3), 3.0), (numpy.bool_(True), 1.0), (numpy.array(3.5), 3.5),
    (decimal.Decimal("1.5"), 1.5), (numpy.longdouble(2), 2.0), (numpy.float64("inf"), None),
    (numpy.array([2]), 2.0), (numpy.timedelta64(1500, "ms"), 1.5), (pandas.Timedelta(seconds=2), 2.0),
])
def test_values(monitor, folder, value, expected):
    monitor.record_metric("m", value)
    monitor.flush()
    assert lines_of(folder)[0]["value"] == expected


@pytest.mark.parametrize("value", [numpy.arange(2), numpy.datetime64("2026-01-02"), pandas.NA, pandas.NaT, Answer(when=WHEN)])
def test_what_is_no_number_is_not_finite(monitor, folder, value):
    with pytest.warns(RuntimeWarning, match="value is .*recorded as not finite"):
        monitor.record_metric("m", value)
    with pytest.warns(RuntimeWarning, match="duration is .*recorded as not finite"):
        monitor.track_generation(value, True)
    monitor.flush()
    assert [line["value"] for line in lines_of(folder)[:2]] == [None, None]


def test_track_calls_take_them_too(monitor, folder):
    try:
        Answer(when="never")
    except pydantic.ValidationError as error:
        failure = error
    monitor.track_generation(numpy.float32(0.5), numpy.bool_(False), prompt_token_count=numpy.int64(3),
                             model_name=numpy.str_("m"), error=failure)
    monitor.track_evaluation(numpy.float64(0.5), True, Kind.PLAIN, {"a": numpy.float32(0.5), "b": (numpy.int8(1), numpy.str_("f"))})
    monitor.flush()
    values = {line["metric"]: line for line in lines_of(folder)}
    assert values["generation_time"]["value"] == 0.5 and values["success_rate"]["value"] == 0.0
    assert values["prompt_token_count"]["model_name"] == "m" and values["error_rate"]["error_type"] == "ValidationError"
    assert values["evaluation_score_a"]["value"] == 0.5 and values["evaluation_score_b"]["feedback"] == "f"
    assert values["evaluation_time"]["evaluator_type"] == "plain"
