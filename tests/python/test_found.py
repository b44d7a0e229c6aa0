"""afmon.items and run.items: the items behind the figures."""
import json
from datetime import timezone

import pytest

import afmon


@pytest.fixture
def folder(tmp_path):
    data = tmp_path / "data.jsonl"
    with afmon.GenerationMonitor(tmp_path / "run", data_set=data) as monitor, open(data, "w", encoding="utf-8") as out:
        for i in range(6):
            with monitor.item(i, kind="row" if i == 5 else "conversation") as item:
                failed = i % 3 == 2
                monitor.track_generation(0.1 + i, not failed, operation="answer", model_name="m", prompt_token_count=3,
                                         error="no answer" if failed else None, error_type="Timeout" if failed else None)
                if failed:
                    item.fail("Timeout")
                elif i % 3 == 1:
                    item.reject("grade")
                else:
                    out.write(json.dumps({"metadata": {"index": i}, "conversations": [{"role": "user", "content": "é\n"}]}) + "\n")
    return tmp_path / "run"


def ids(found):
    return [item.id for item in found]


def test_filters(folder):
    run = afmon.open_run(folder)
    assert ids(run.items()) == ids(afmon.items(folder)) == [5, 4, 3, 2, 1, 0]
    assert ids(run.items(outcome="rejected")) == [4, 1]
    assert ids(run.items(outcome=["failed", "accepted"], kind="conversation")) == [3, 2, 0]
    assert ids(run.items(reason="grade")) == [4, 1] and ids(run.items(error="Timeout")) == [5, 2]
    assert ids(run.items(operation="answer", error="Timeout")) == [5, 2] and ids(run.items(operation="x")) == []
    assert ids(run.items(id=3)) == ids(run.items(id="3")) == [3] and ids(run.items(id="nobody")) == []
    assert len(ids(run.items(slowest=2))) == 2


def test_objects(folder):
    item = next(afmon.items(folder, outcome="failed"))
    assert isinstance(item, afmon.FoundItem) and (item.kind, item.outcome, item.error_type) == ("row", "failed", "Timeout")
    assert item.reason is None and item.attempts == 1 and item.started <= item.ended and item.started.tzinfo is timezone.utc
    call, = item.calls
    assert isinstance(call, afmon.ItemCall) and (call.operation, call.model_name, call.attempt) == ("answer", "m", 1)
    assert (call.success, call.error, call.error_type, call.prompt_tokens) == (False, "no answer", "Timeout", 3)
    assert call.total_tokens is None and call.seconds == 5.1 and item.text is None


def test_text(folder, tmp_path):
    texts = {item.id: item.text for item in afmon.items(folder, text=True)}
    assert texts[3] == {"metadata": {"index": 3}, "conversations": [{"role": "user", "content": "é\n"}]} and texts[1] is None
    (tmp_path / "data.jsonl").rename(tmp_path / "moved.jsonl")
    with pytest.raises(ValueError, match="data set .*data.jsonl cannot be read"):
        afmon.items(folder, text=True)
    assert next(afmon.items(folder, id=0, text=True, data_set=tmp_path / "moved.jsonl")).text["metadata"] == {"index": 0}


def test_a_live_run(tmp_path):
    with afmon.GenerationMonitor(tmp_path / "live") as monitor:
        item = monitor.item("one", kind="task")
        with item:
            assert [(i.id, i.outcome, i.seconds, i.ended) for i in monitor.view().items()] == [("one", "open", None, None)]
        assert [i.outcome for i in monitor.view().items()] == ["accepted"]
    with pytest.raises(ValueError, match="names no data set"):
        afmon.items(tmp_path / "live", text=True)


def test_wrong_arguments(folder, tmp_path):
    for wrong in ({"outcome": "acepted"}, {"outcome": ["open", "x"]}, {"slowest": 0}, {"slowest": 10001}):
        with pytest.raises(ValueError):
            afmon.items(folder, **wrong)
    with pytest.raises(TypeError):
        afmon.items(folder, kind=1)
    with pytest.raises((OSError, ValueError)):
        afmon.items(tmp_path / "nowhere")


def test_abandoned_iterators_are_closed(folder):
    for _ in range(50):
        next(afmon.items(folder))
