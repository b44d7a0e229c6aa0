"""monitor.track: a context manager, and a decorator of functions, coroutines and generators."""
import asyncio
import inspect
from types import SimpleNamespace

import pytest
from conftest import lines_of

OPENAI = {"model": "m1", "choices": [{"message": {"content": "hello"}, "finish_reason": "stop"}],
          "usage": {"prompt_tokens": 21, "completion_tokens": 7, "total_tokens": 28, "prompt_tokens_details": {"cached_tokens": 16},
                    "completion_tokens_details": {"reasoning_tokens": 3}}}
ANTHROPIC = {"model": "m2", "stop_reason": "end_turn", "content": [{"text": "hello"}],
             "usage": {"input_tokens": 5, "output_tokens": 7, "cache_read_input_tokens": 10, "cache_creation_input_tokens": 6}}
GOOGLE = SimpleNamespace(model_version="m3", candidates=[SimpleNamespace(finish_reason=SimpleNamespace(value="STOP"))],
                         usage_metadata=SimpleNamespace(prompt_token_count=21, candidates_token_count=4, thoughts_token_count=3,
                                                        total_token_count=28, cached_content_token_count=16))
RESPONSES = {"model": "m4", "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"},
             "usage": {"input_tokens": 21, "output_tokens": 7, "total_tokens": 28, "input_tokens_details": {"cached_tokens": 16}}}
LANGCHAIN = SimpleNamespace(content="hello", response_metadata={"model_name": "m5", "finish_reason": "stop"},
                            usage_metadata={"input_tokens": 21, "output_tokens": 7, "total_tokens": 28, "input_token_details": {"cache_read": 16}})


def chunk(text=None, **more):
    return {"model": "m1", "choices": [{"delta": {"role": "assistant", "content": text}, "finish_reason": None}], **more}


CHUNKS = [chunk(""), chunk("hel"), chunk("lo"), {"choices": [{"delta": {}, "finish_reason": "stop"}]},
          {"choices": [], "usage": OPENAI["usage"]}]


def recorded(monitor, folder):
    monitor.flush()
    return {line["metric"]: line for line in lines_of(folder)}


@pytest.mark.parametrize("response, model, finish, tokens, parts", [
    (OPENAI, "m1", "stop", (21, 7, 28), {"cached": 16, "reasoning": 3}),
    (ANTHROPIC, "m2", "end_turn", (21, 7, 28), {"cached": 10, "cache_write": 6}),
    (GOOGLE, "m3", "STOP", (21, 7, 28), {"cached": 16, "reasoning": 3}),
    (RESPONSES, "m4", "max_output_tokens", (21, 7, 28), {"cached": 16}),
    (LANGCHAIN, "m5", "stop", (21, 7, 28), {"cached": 16}),
    ("a text", None, None, (None, None, None), {}), (None, None, None, (None, None, None), {}), (object(), None, None, (None,) * 3, {}),
], ids=["openai", "anthropic", "google", "responses", "langchain", "text", "none", "object"])
def test_what_came_back_is_read(monitor, folder, response, model, finish, tokens, parts):
    with monitor.track("ask", shard=3) as call:
        assert call.answer(response) is response
    found = recorded(monitor, folder)
    assert found["generation_time"]["operation"] == "ask" and found["success_rate"]["shard"] == 3
    assert found["generation_time"].get("model_name") == model and (f"finish_reason:{finish}" in found) == (finish is not None)
    assert tuple(found.get(f"{name}_token_count", {}).get("value") for name in ("prompt", "completion", "total")) == tokens
    for name in ("cached", "cache_write", "reasoning"):
        assert found.get(f"{name}_token_count", {}).get("value") == parts.get(name)


def test_the_stream_of_anthropic(monitor, folder):
    events = [{"type": "message_start", "message": {"model": "m2", "usage": {"input_tokens": 21, "output_tokens": 1}}},
              {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "hello"}},
              {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}}]
    assert list(monitor.track("ask").begin().stream(events)) == events
    found = recorded(monitor, folder)
    assert found["prompt_token_count"]["value"] == 21 and found["completion_token_count"]["value"] == 7
    assert "finish_reason:end_turn" in found and found["time_to_first_token"]["model_name"] == "m2"


def test_an_error_goes_on_and_is_recorded(monitor, folder):
    with pytest.raises(TimeoutError), monitor.track("ask", model_name="m"):
        raise TimeoutError("late")
    with pytest.raises(KeyboardInterrupt), monitor.track("stopped"):
        raise KeyboardInterrupt("by hand")
    monitor.flush()
    errors = [line for line in lines_of(folder) if line["metric"] == "error_rate"]
    assert [(line["operation"], line["error_type"], line["error"]) for line in errors] == [
        ("ask", "TimeoutError", "late"), ("stopped", "KeyboardInterrupt", "by hand")]


def test_what_makes_no_sense_raises_at_construction_only(monitor, folder):
    class Angry:
        def __getattr__(self, name):
            raise RuntimeError("no")

        def __bool__(self):
            raise RuntimeError("no")

    for name in ("duration", "success", "error"):
        with pytest.raises(TypeError, match=f"track: {name} is no metadata"):
            monitor.track("ask", **{name: 1})
    with monitor.track("ask") as call:
        call.answer({"model": Angry(), "choices": [Angry()], "usage": {"prompt_tokens": Angry(), "completion_tokens": -1}})
        call.chunk({"choices": [{"delta": {"content": Angry()}}]})
        call.answer(Angry())
        call.note(success=False, duration="x", error="no plant in it", error_type="Empty", shard=1)
    found = recorded(monitor, folder)
    assert found["success_rate"]["value"] == 0 and found["success_rate"]["shard"] == 1
    assert (found["error_rate"]["error"], found["error_rate"]["error_type"]) == ("no plant in it", "Empty")
    assert "time_to_first_token" not in found and "prompt_token_count" not in found


def test_functions(monitor, folder):
    @monitor.track(model_name="mine")
    def ask(question, *, loud=False):
        """Asks."""
        return OPENAI

    assert ask("x", loud=True) is OPENAI and ask.__name__ == "ask" and ask.__doc__ == "Asks."
    assert list(inspect.signature(ask).parameters) == ["question", "loud"]
    found = recorded(monitor, folder)
    assert found["generation_time"]["operation"] == "ask" and found["total_token_count"]["model_name"] == "mine"
    with pytest.raises(TypeError, match="is no function"):
        monitor.track("x")(5)


def test_coroutines_and_generators(monitor):
    @monitor.track("ask")
    async def ask():
        await asyncio.sleep(0.01)
        return OPENAI

    @monitor.track("stream")
    def stream():
        yield from CHUNKS

    @monitor.track("astream")
    async def astream():
        for each in CHUNKS:
            yield each

    async def run():
        return await asyncio.gather(ask(), ask()), [each async for each in astream()]

    assert asyncio.run(run()) == ([OPENAI, OPENAI], CHUNKS) and list(stream()) == CHUNKS
    assert inspect.iscoroutinefunction(ask)
    assert monitor.get_metrics("success_rate")["count"] == 4 and monitor.get_total_token_usage().total_tokens == 4 * 28
    assert monitor.get_metrics("time_to_first_token")["count"] == 2 == monitor.get_metrics("output_tokens_per_second")["count"]
    assert monitor.get_metrics("generation_time")["max"] >= 0.01


def test_a_stream_ends_where_it_fails_or_nobody_reads_on(monitor):
    def broken():
        yield chunk("hello")
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        list(monitor.track("ask").begin().stream(broken()))
    half = monitor.track("ask").begin().stream(iter(CHUNKS))
    next(half)
    half.close()
    assert monitor.get_metrics("success_rate")["count"] == 2 and monitor.get_metrics("success_rate")["sum"] == 1
    with monitor.track("ask") as call:
        call.note(finish_reason="own", prompt_token_count=3)
        call.first_token()
        call.end()
    assert monitor.get_metrics("success_rate")["count"] == 3 and monitor.get_metrics("finish_reason:own")["count"] == 1
    assert monitor.get_metrics("prompt_token_count")["sum"] == 3
