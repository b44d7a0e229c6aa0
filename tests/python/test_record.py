"""Recording: what lands in the files, for every kind of object."""
import dataclasses
import datetime
import decimal
import enum
import fractions
import json
import uuid
from http import HTTPStatus
from types import SimpleNamespace

import afmon
import pytest
from conftest import lines_of


def metadata_of(monitor, folder, metadata):
    monitor.record_metric("m", 1, metadata)
    monitor.flush()
    line = lines_of(folder)[-1]
    return {key: value for key, value in line.items() if key not in ("metric", "value", "timestamp")}


def test_samples_land_in_the_order_of_their_calls(monitor, folder):
    monitor.record_metric("a", 1)
    monitor.record_metric("b", 2.5, {"k": "v", "n": 3, "x": 0.5, "t": True, "z": None})
    monitor.record_metric(metric_name="a", value=3, metadata=None)
    monitor.flush()
    assert [(line["metric"], line["value"]) for line in lines_of(folder)] == [("a", 1.0), ("b", 2.5), ("a", 3.0)]
    assert list(lines_of(folder)[1]) == ["metric", "value", "k", "n", "x", "t", "z", "timestamp"]


def test_a_tracked_generation_carries_its_metadata_on_every_sample(monitor, folder):
    monitor.track_generation(1.5, True, model_name="gpt", prompt_token_count=3, completion_token_count=4,
                             total_token_count=7, cached_token_count=1, reasoning_token_count=2, cache_write_token_count=8, time_to_first_token=0.5, output_tokens_per_second=40,
                             cost_usd=0.0125,
                             finish_reason="stop", conversation_length=2, error=None,
                             component="opensimula", operation="opensimula.critic.refine", mix_id=5)
    monitor.flush()
    lines = lines_of(folder)
    assert {line["metric"]: line["value"] for line in lines} == {
        "generation_time": 1.5, "success_rate": 1.0, "error_rate": 0.0, "model_usage:gpt": 1.0,
        "finish_reason:stop": 1.0, "prompt_token_count": 3.0, "completion_token_count": 4.0,
        "total_token_count": 7.0, "cached_token_count": 1.0, "reasoning_token_count": 2.0, "cache_write_token_count": 8.0, "time_to_first_token": 0.5, "output_tokens_per_second": 40.0,
        "cost_usd": 0.0125, "conversation_length": 2.0}
    assert all(line["component"] == "opensimula" and line["mix_id"] == 5 for line in lines)
    report = monitor.get_total_token_usage()
    assert report.by_model == [afmon.ModelTokenUsage("gpt", 3, 4, 7)] and report.total_tokens == 7


def test_a_dict_of_metadata_is_spread_over_the_samples(monitor, folder):
    monitor.track_generation(1, False, error="no", metadata={"component": "opensimula", "error_type": "ValueError"})
    monitor.flush()
    assert [(line["component"], line["error_type"]) for line in lines_of(folder)] == [("opensimula", "ValueError")] * 3


class Answered(Exception):
    """What openai's exceptions know: a status, or the answer that could not be used."""

    def __init__(self, **known):
        super().__init__("no answer")
        self.__dict__.update(known)

    @property
    def response(self):
        raise RuntimeError("nobody may be hurt by this")


@pytest.mark.parametrize("error, status", [
    (Answered(status_code=429), 429), (Answered(status=503), 503), (Answered(status_code="x"), None), (Answered(), None),
    (type("Http", (Exception,), {"response": SimpleNamespace(status_code=404)})("gone"), 404),
    (Answered(status=HTTPStatus.BAD_GATEWAY), 502), (Answered(code=429, status="RESOURCE_EXHAUSTED"), 429),
    (Answered(code="insufficient_quota"), None), (Answered(code=7), None),
], ids=["status_code", "status", "no number", "none", "response", "enum", "google", "openai's code", "grpc's code"])
def test_an_exception_knows_its_status(monitor, folder, error, status):
    monitor.track_generation(1, False, error=error)
    monitor.track_generation(1, False, error=error, http_status=500)
    monitor.flush()
    first, second = [line for line in lines_of(folder) if line["metric"] == "error_rate"]
    assert first.get("status") == status and second["status"] == 500


@pytest.mark.parametrize("known", ["usage", "completion"])
def test_an_exception_knows_the_tokens(monitor, known):
    usage = SimpleNamespace(prompt_tokens=7, completion_tokens=4096, total_tokens=4103)
    for given in ({}, {"prompt_token_count": 1}):
        error = Answered(**({"usage": usage} if known == "usage" else {"completion": SimpleNamespace(usage=usage)}))
        monitor.track_generation(1, False, error=error, model_name="m", **given)
    (model,) = monitor.get_total_token_usage().by_model
    assert (model.prompt_tokens, model.completion_tokens, model.total_tokens) == (8, 8192, 8206)


def test_the_tokens_of_an_answer_count_once_however_often_its_error_is_tracked(monitor, tmp_path):
    """A generator's call, and the conversation around it, track one error."""
    error = Answered(usage={"input_tokens": 7, "output_tokens": 4096})
    with afmon.GenerationMonitor(tmp_path / "other") as other:
        for each in (monitor, other):
            for given in (error, error):
                each.track_generation(1, False, error=given)
            assert each.get_total_token_usage().total_prompt_tokens == 7
            assert each.get_metrics("error_rate")["sum"] == 2


def test_the_text_of_the_error_that_is_being_handled_is_as_good_as_the_error(monitor, folder):
    """afterimage's generators hand over str(error)."""
    cause = Answered(status_code=503, usage=SimpleNamespace(prompt_tokens=5, completion_tokens=6, total_tokens=11))
    try:
        raise ValueError("it broke") from cause
    except ValueError as error:
        monitor.track_generation(1, False, error=str(error), metadata={"operation": "first"})
        monitor.track_generation(1, False, error="another text", metadata={"operation": "second"})
        monitor.track_generation(1, False, error=str(error), metadata={"operation": "third", "error_type": "Own"})
    monitor.track_generation(1, False, error="it broke", metadata={"operation": "fourth"})
    monitor.flush()
    lines = {line["operation"]: line for line in lines_of(folder) if line["metric"] == "error_rate"}
    assert (lines["first"]["error_type"], lines["first"]["status"]) == ("ValueError", 503)
    assert lines["third"]["error_type"] == "Own" and lines["third"]["status"] == 503
    assert not {"status", "error_type"} & (lines["second"].keys() | lines["fourth"].keys())
    assert monitor.get_total_token_usage().total_tokens == 11
    (sample,) = [line for line in lines_of(folder) if line["metric"] == "total_token_count"]
    assert sample["operation"] == "first"


def data_of_first_call(folder):
    line = next(line for line in (folder / "afterimage.log").read_text().split("\n") if '"Generation metrics"' in line)
    return json.loads(line.split(" - ", 1)[1])["data"]


@pytest.mark.parametrize("error, text, kind", [
    ("it broke", "it broke", None), (ValueError("bad"), "bad", "ValueError"), (TimeoutError(), "TimeoutError", "TimeoutError"),
])
def test_errors_are_texts_or_exceptions(monitor, folder, error, text, kind):
    monitor.track_generation(1, False, error=error)
    monitor.flush()
    samples = {line["metric"]: line for line in lines_of(folder)}
    assert samples["error_rate"]["value"] == 1.0
    assert ("api_errors" in samples) == (kind == "TimeoutError")
    data = data_of_first_call(folder)
    assert data["error"] == text and data.get("error_type") == kind


@pytest.mark.parametrize("error", [None, "", False, 0])
def test_what_is_not_true_is_no_error(monitor, error):
    monitor.track_generation(1, True, error=error)
    assert monitor.get_metrics("error_rate")["mean"] == 0.0


class NoClass:
    """What isinstance() cannot look at."""

    @property
    def __class__(self):
        raise RuntimeError("no class")

    def __str__(self):
        return "it broke"


class NoTruth:
    def __bool__(self):
        raise RuntimeError("neither")

    def __str__(self):
        return "it broke"


class NamelessKind(type):
    @property
    def __name__(cls):
        raise RuntimeError("no name")


class Nothing(metaclass=NamelessKind):
    """Neither a class, nor a truth, nor a text, nor a name of its type."""

    __class__ = NoClass.__dict__["__class__"]

    def __bool__(self):
        raise RuntimeError("neither")

    __str__ = __repr__ = __bool__


@pytest.mark.parametrize("make, text, kind", [
    (NoClass, "it broke", "NoClass"), (NoTruth, "it broke", None), (Nothing, "<Nothing: no text (RuntimeError)>", "Nothing"),
], ids=["no class", "no truth", "nothing"])
def test_an_error_that_cannot_be_asked_is_recorded(monitor, folder, make, text, kind):
    error = make()
    monitor.track_generation(1, False, error=error)
    monitor.track_evaluation(1, False, "judge", {}, error=error)
    monitor.log_error("said", error)
    monitor.record_metric("m", 1, {"value": error})
    monitor.flush()
    assert monitor.get_metrics("error_rate")["mean"] == 1.0
    assert [line["value"] for line in lines_of(folder) if line["metric"] == "m"] == [1.0]
    data = data_of_first_call(folder)
    assert data["error"] == text and data.get("error_type") == kind


def test_what_stops_the_program_goes_through(monitor):
    class Stops:
        @property
        def __class__(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        monitor.track_generation(1, False, error=Stops())


def test_pairs_of_score_and_feedback_are_read_as_what_they_are(monitor):
    class OddList(list):
        def __len__(self):
            raise RuntimeError("no length")

        def __getitem__(self, index):
            raise RuntimeError("no item")

    monitor.track_evaluation(1, True, "e", {"a": OddList([0.5, "so so"])})
    monitor.flush()
    assert monitor.get_metrics("evaluation_score_a")["mean"] == 0.5


def test_evaluations_take_every_form_of_score(monitor, folder):
    monitor.track_evaluation(0.2, True, "coherence", {"a": 1, "b": (0.5, "pair"), "c": {"score": 0.25, "feedback": "dict"},
                                                      "d": None}, model_name="judge", total_token_count=9, extra="e")
    monitor.flush()
    samples = {line["metric"]: line for line in lines_of(folder)}
    assert samples["evaluation_score_a"]["value"] == 1.0
    assert (samples["evaluation_score_b"]["value"], samples["evaluation_score_b"]["feedback"]) == (0.5, "pair")
    assert (samples["evaluation_score_c"]["value"], samples["evaluation_score_c"]["feedback"]) == (0.25, "dict")
    assert samples["evaluation_score_d"]["value"] is None
    assert all(line["evaluator_type"] == "coherence" for name, line in samples.items() if name != "total_token_count")
    assert all(line["extra"] == "e" for line in samples.values())


class Colour(enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    TWO = 2


class NoText:
    def __str__(self):
        raise RuntimeError("no")


class Liar:
    def __float__(self):
        raise RuntimeError("no")

    def __str__(self):
        return "liar"


class OddDate(datetime.date):
    def isoformat(self):
        return OddDate


@pytest.mark.parametrize("value, expected", [
    (OddDate(2026, 1, 2), "<class 'test_record.OddDate'>"),
    (decimal.Decimal("1.5"), 1.5), (fractions.Fraction(1, 4), 0.25), (Colour.RED, "red"), (Number.TWO, 2),
    (datetime.datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05"), (datetime.date(2026, 1, 2), "2026-01-02"),
    (datetime.timedelta(seconds=90), 90.0), (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (b"bytes\xff", "bytes\ufffd"), (2**70, 1.1805916207174113e21), (10**400, "an integer of 1329 bits"),
    ([1, "a", None, {"k": (2, 3)}], [1, "a", None, {"k": [2, 3]}]), ({"s": {4}}, {"s": [4]}),
    (NoText(), "<NoText: no text (RuntimeError)>"), (Liar(), "liar"), ("a\ud800b", "a\ufffd\ufffd\ufffdb"),
    ([float("nan"), NoText()], [None, "<NoText: no text (RuntimeError)>"]), (complex(1, 2), "(1+2j)"), ("", ""), ({}, {}),
])
def test_metadata_is_recorded_in_a_sensible_form(monitor, folder, value, expected):
    assert metadata_of(monitor, folder, {"k": value}) == {"k": expected}


def test_a_list_that_holds_itself_is_cut(monitor, folder):
    endless = []
    endless.append(endless)
    assert "k" in metadata_of(monitor, folder, {"k": endless})


def test_keys_that_are_no_texts(monitor, folder):
    assert metadata_of(monitor, folder, {1: "a", None: "b"}) == {"1": "a", "None": "b"}


def test_metadata_that_changes_while_it_is_read(monitor, folder):
    metadata = {"a": None, "z": 1}

    class Meddler:
        def __str__(self):
            metadata.clear()
            return "meddler"

    metadata["a"] = Meddler()
    assert metadata_of(monitor, folder, metadata) == {"a": "meddler", "z": 1}


def test_many_fields(monitor, folder):
    many = {f"key{number}": number for number in range(500)}
    assert metadata_of(monitor, folder, many) == many
    monitor.track_generation(1, True, **many)
    monitor.flush()
    assert lines_of(folder)[-1]["key499"] == 499


@pytest.mark.parametrize("call, kind, word", [
    (lambda m: m.record_metric("m"), TypeError, "value"),
    (lambda m: m.record_metric("m", 1, nope=2), TypeError, "nope"),
    (lambda m: m.track_generation(1), TypeError, "success"),
    (lambda m: m.track_generation(1, True, duration=2), TypeError, "duration"),
    (lambda m: m.get_metrics(5), TypeError, "metric_name"),
    (lambda m: m.get_metrics("m", "1h"), TypeError, "window"),
    (lambda m: m.export_metrics("x.foo", "foo"), ValueError, "foo"),
    (lambda m: afmon.GenerationMonitor(alert_handlers=[5]), TypeError, "alert_handlers"),
    (lambda m: afmon.GenerationMonitor(metric_handlers=[5]), TypeError, "metric_handlers"),
    (lambda m: afmon.GenerationMonitor(on_full="x"), ValueError, "on_full"),
    (lambda m: afmon.GenerationMonitor(m.log_dir / "metrics.jsonl"), OSError, "metrics.jsonl"),
    (lambda m: afmon.GenerationMonitor(m.log_dir / "x", shutdown_timeout=-1), ValueError, "shutdown_timeout"),
])
def test_wrong_arguments_are_named(monitor, call, kind, word):
    with pytest.raises(kind, match=word):
        call(monitor)


def test_after_shutdown_a_record_warns_once_and_does_not_raise(folder):
    monitor = afmon.GenerationMonitor(folder)
    monitor.record_metric("m", 1)
    assert monitor.shutdown()["samples_written"] == 1
    with pytest.warns(RuntimeWarning, match="shut down"):
        monitor.record_metric("m", 2)
    monitor.track_generation(1, True)
    monitor.log_info("late")
    assert monitor.stats()["dropped"]["closed"] == 3
    assert monitor.get_metrics("m")["count"] == 1
    assert monitor.shutdown()["samples_written"] == 1


def test_metadata_that_leads_back_to_itself(monitor, folder):
    @dataclasses.dataclass
    class Task:
        name: str
        parent: object = None
        parts: list = dataclasses.field(default_factory=list)

    root = Task("root")
    root.parts += [Task("a", root), Task("b", root), {"self": root.parts}]
    both = []
    both += [both, both]
    found = metadata_of(monitor, folder, {"task": root, "both": both, "twice": [root.name, [1], [1]]})
    assert found["both"] == ["<cycle>", "<cycle>"] and found["twice"] == ["root", [1], [1]]
    part = {"name": "a", "parent": "<cycle>", "parts": []}
    assert found["task"]["name"] == "root" and found["task"]["parts"] == [part, {**part, "name": "b"}, found["task"]["parts"][2]]
    assert found["task"]["parts"][2] == {"self": "<cycle>"}


def test_metadata_in_which_one_object_stands_in_very_many_places(monitor, folder):
    """Dozens of levels of lists, or of objects linked in all directions: as many places as would take years."""
    @dataclasses.dataclass
    class Node:
        links: list

    shared = ["leaf"]
    for _ in range(60):
        shared = [shared, shared]
    nodes = [Node([]) for _ in range(40)]
    for node in nodes:
        node.links = list(nodes)
    wide, long = [0] * 20_000, ["x" * 1_000_000] * 10_000
    found = metadata_of(monitor, folder, {"shared": shared, "graph": nodes, "wide": wide, "long": long, "k": 1})
    assert found == {"shared": "<list: more than a sample holds>", "graph": "<list: more than a sample holds>",
                     "wide": wide, "long": "<list: more than a sample holds>", "k": 1}


def test_metadata_that_is_nested_too_deep(monitor, folder):
    deep = "leaf"
    for _ in range(100):
        deep = {"k": deep}
    found, levels = metadata_of(monitor, folder, {"deep": deep})["deep"], 0
    while isinstance(found, dict):
        found, levels = found["k"], levels + 1
    assert found == "<dict: nested too deep>" and levels == 64


def test_a_nested_value_that_fails_is_noted_in_its_place(monitor, folder):
    class NoItems(dict):
        def items(self):
            raise ValueError

    @dataclasses.dataclass
    class NoField:
        k: int = 1

        def __getattribute__(self, name):
            raise ValueError

        def __repr__(self):
            return "of its own"

    assert metadata_of(monitor, folder, {"k": [1, NoItems(), NoField(), 2]}) == {
        "k": [1, "<NoItems: no items (ValueError)>", "of its own", 2]}


def test_a_nul_ends_no_text(monitor, folder):
    """Texts that the C API takes without a length carry U+FFFD in its place."""
    monitor.track_generation(1, False, model_name="a\0x", finish_reason="b\0x", error="c\0x\0", error_type="\0")
    monitor.track_evaluation(1, True, "d\0x", {"e\0x": 0.1, "e\0y": (0.9, "f\0x")}, error=type("G", (), {"__str__": lambda self: "g\0x"})())
    monitor.log_info("h\0x", k="i\0x")
    monitor.flush()
    lines = {line["metric"]: line for line in lines_of(folder)}
    assert {"model_usage:a\ufffdx", "finish_reason:b\ufffdx", "evaluation_score_e\ufffdx", "evaluation_score_e\ufffdy"} <= set(lines)
    assert lines["error_rate"]["error_type"] == "\ufffd"
    assert lines["evaluation_time"]["evaluator_type"] == "d\ufffdx"
    assert lines["evaluation_score_e\ufffdy"]["feedback"] == "f\ufffdx"
    log = (folder / "afterimage.log").read_text(encoding="utf-8")
    assert "c\ufffdx\ufffd" in log and "g\ufffdx" in log and "h\ufffdx" in log and "i\\u0000x" in log


def test_calls_are_priced(folder):
    """By what a file says tokens cost; a spawned worker opens the same file."""
    prices = folder.parent / "prices.json"
    prices.write_text('{"small": {"input": 1, "output": 2, "cached_input": 0.5}}')
    with afmon.GenerationMonitor(folder, prices=prices) as monitor:
        monitor.track_generation(1, True, model_name="openai/small", prompt_token_count=1000, completion_token_count=10, cached_token_count=400)
        monitor.track_generation(1, True, model_name="other", prompt_token_count=1000, completion_token_count=10)
        assert monitor.__reduce__()[1][1]["prices"] == str(prices)
    cost = afmon.open_run(folder).summary()["cost"]
    assert cost == {"total_usd": pytest.approx(0.00082), "priced_calls": 1, "unpriced_calls": 1, "unpriced_tokens": 1010,
                    "projected_usd": None, "items_left": 0, "budget": None}
    assert (folder / "prices.json").read_text() == prices.read_text()


def test_an_evaluation_may_cost(monitor):
    monitor.track_evaluation(0.5, True, "judge", {"good": 1.0}, model_name="m", total_token_count=9, cost_usd=0.25)
    monitor.track_evaluation(0.5, True, "judge", {"good": 1.0}, cost_usd=None)
    assert (monitor.get_metrics("cost_usd")["count"], monitor.get_metrics("cost_usd")["sum"]) == (1, 0.25)
    assert "cost_usd" not in json.loads((monitor.flush(), monitor.log_dir / "metrics.jsonl")[1].read_text().splitlines()[0])


def test_the_unit_of_a_cost_is_known():
    assert afmon._afmon.metric_unit("cost_usd") == "dollars"


def test_prices_that_cannot_be_read_are_said(folder):
    prices = folder.parent / "prices.json"
    prices.write_text('{"small": {"inptu": 1}}')
    with pytest.raises(ValueError, match='prices.json: "inptu" of "small" is no price: did you mean "input"'):
        afmon.GenerationMonitor(folder, prices=prices)
    with pytest.raises(OSError, match="nowhere.json"):
        afmon.GenerationMonitor(folder, prices=folder.parent / "nowhere.json")


def test_a_limit_of_what_the_run_may_cost(folder):
    """Calls that were let through are counted; from then on nothing may begin, and afterimage's generators are told."""
    import asyncio
    prices = folder.parent / "prices.json"
    prices.write_text('{"small": {"input": 1, "output": 2}}')
    with afmon.GenerationMonitor(folder, prices=prices, max_cost_usd=0.003) as monitor:
        stopping = monitor.stopping_callback()
        assert monitor.may_spend() and monitor.may_spend(0.003) and not monitor.may_spend(0.0031)
        assert not asyncio.run(stopping.should_stop(None))
        for _ in range(3):
            monitor.track_generation(1, True, model_name="small", prompt_token_count=1000, completion_token_count=100)
        assert not monitor.may_spend() and asyncio.run(stopping.should_stop(None))
        # What says its price itself counts as that; another process joins the limit that the run has.
        monitor.track_generation(1, True, cost_usd=0.5)
        assert monitor.__reduce__()[1][1]["max_cost_usd"] is None
    summary = afmon.open_run(folder).summary()
    budget = summary["cost"]["budget"]
    assert budget["limit_usd"] == 0.003 and budget["spent_usd"] == pytest.approx(0.5036) and budget["stopped"]
    assert budget["settled_calls"] == 4 and budget["uncertain_usd"] == budget["reserved_usd"] == 0
    assert any("reached its limit of $0.00300" in warning["text"] for warning in summary["warnings"])
    assert "The run has reached its limit" in (folder / "afterimage.log").read_text()
    with pytest.raises(ValueError, match="max_cost_usd"):
        afmon.GenerationMonitor(folder, max_cost_usd=-1)
    with pytest.raises(TypeError, match="max_cost_usd"):
        afmon.GenerationMonitor(folder, max_cost_usd="5")


def test_a_run_without_a_limit_may_always_spend(folder):
    with afmon.GenerationMonitor(folder) as monitor:
        assert monitor.may_spend(1000)
    assert not (folder / "ledger").exists()
