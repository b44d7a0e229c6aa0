"""afmon.integrations.openai: 500 calls, sync and async, whole and streamed."""
import asyncio
import concurrent.futures
import time

import afmon
import openai
import pydantic
import pytest
from afmon.integrations.openai import wrap
from counts import compare
from scripted import CALLS, COMPLETION, MODEL, PROMPT, RETRIES, has_usage, is_streamed


def asked(number):
    """The arguments of a call."""
    more = {"stream": True, **({"stream_options": {"include_usage": True}} if has_usage(number) else {})} if is_streamed(number) else {}
    return {"model": MODEL, "messages": [{"role": "user", "content": f"call {number}"}], **more}


def text(chunk):
    return bool(chunk.choices and chunk.choices[0].delta.content)


def test_sync(server, tmp_path):
    streamed = []
    with afmon.GenerationMonitor(tmp_path / "run", metrics_interval=0) as monitor:
        client = wrap(openai.OpenAI(base_url=server.url, api_key="k", max_retries=RETRIES), monitor, operation="answer_generation")

        def call(number):
            began, first = time.perf_counter(), None
            try:
                response = client.chat.completions.create(**asked(number))
                if not is_streamed(number):
                    assert response.choices[0].message.content == "Once a week."
                    return
                assert isinstance(response, openai.Stream)
                for chunk in response:
                    first = time.perf_counter() - began if first is None and text(chunk) else first
                streamed.append(first)
            except (openai.APIStatusError, openai.APIConnectionError):
                pass

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(call, range(CALLS)))
    compare(tmp_path / "run", server.log, calls=CALLS, streamed=streamed)
    times = afmon.open_run(tmp_path / "run").samples("generation_time")
    assert {(line["operation"], line["model_name"]) for line in times} == {("answer_generation", MODEL)}


def test_async(server, tmp_path):
    streamed = []

    async def call(client, number):
        began, first = time.perf_counter(), None
        try:
            response = await client.chat.completions.create(**asked(number))
            if is_streamed(number):
                async for chunk in response:
                    first = time.perf_counter() - began if first is None and text(chunk) else first
                streamed.append(first)
        except (openai.APIStatusError, openai.APIConnectionError):
            pass

    async def all_of_them(monitor):
        async with openai.AsyncOpenAI(base_url=server.url, api_key="k", max_retries=RETRIES) as client:
            wrap(client, monitor)
            for first in range(0, CALLS, 20):
                await asyncio.gather(*(call(client, number) for number in range(first, first + 20)))

    with afmon.GenerationMonitor(tmp_path / "run", metrics_interval=0) as monitor:
        asyncio.run(all_of_them(monitor))
    compare(tmp_path / "run", server.log, calls=CALLS, streamed=streamed)


class Plant(pydantic.BaseModel):
    name: str


def test_what_a_client_makes_of_itself_is_tracked_too(server, tmp_path):
    with afmon.GenerationMonitor(tmp_path / "run", metrics_interval=0) as monitor:
        client = wrap(openai.OpenAI(base_url=server.url, api_key="k", max_retries=0), monitor)
        messages = [{"role": "user", "content": "call 0"}]
        client.with_options(timeout=20).chat.completions.create(model=MODEL, messages=messages)
        with client.chat.completions.stream(model=MODEL, messages=messages, stream_options={"include_usage": True}) as stream:
            assert stream.get_final_completion().choices[0].message.content == "Once a week."
        with pytest.raises(pydantic.ValidationError):  # the answer is no JSON
            client.chat.completions.parse(model=MODEL, messages=messages, response_format=Plant)
        assert client.chat.completions.with_raw_response.create(model=MODEL, messages=messages).parse().usage.prompt_tokens == PROMPT
        stream = client.chat.completions.create(model=MODEL, messages=messages, stream=True)
        next(iter(stream))
        stream.close()
        del stream
        with pytest.raises(openai.APIConnectionError):
            client.with_options(base_url="http://127.0.0.1:9/v1").chat.completions.create(model=MODEL, messages=messages)
        with pytest.raises(openai.InternalServerError):  # no generation: not tracked
            client.models.list()
    run = afmon.open_run(tmp_path / "run")
    summary = run.summary()["calls"]
    assert (summary["count"], summary["failed"]) == (6, 2)
    assert run.get_total_token_usage().total_tokens == 2 * (PROMPT + COMPLETION)
    assert [line["error_type"] for line in run.samples("error_rate") if line["value"]] == ["ValidationError", "APIConnectionError"]


def test_without_the_tool_the_module_can_be_imported():
    import afmon.integrations.openai as integration
    assert integration.wrap is wrap and "openai" not in vars(integration)
