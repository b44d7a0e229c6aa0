"""afmon.integrations.langchain: 500 calls, sync and async, whole and streamed."""
import asyncio
import concurrent.futures
import contextlib
import time

import afmon
import openai
from afmon.integrations.langchain import handler
from counts import compare
from langchain_openai import ChatOpenAI
from scripted import CALLS, MODEL, RETRIES, has_usage, is_streamed


def models(server, monitor):
    """With and without the usage of streams."""
    return {usage: ChatOpenAI(model=MODEL, base_url=server.url, api_key="k", max_retries=RETRIES, stream_usage=usage,
                              callbacks=[handler(monitor, operation="answer_generation")]) for usage in (True, False)}


def test_sync(server, tmp_path):
    streamed = []
    with afmon.GenerationMonitor(tmp_path / "run", metrics_interval=0) as monitor:
        made = models(server, monitor)

        def call(number):
            began, first = time.perf_counter(), None
            model = made[has_usage(number)]
            with contextlib.suppress(openai.APIError):
                if not is_streamed(number):
                    assert model.invoke(f"call {number}").content == "Once a week."
                    return
                for chunk in model.stream(f"call {number}"):
                    first = time.perf_counter() - began if first is None and chunk.content else first
                streamed.append(first)

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(call, range(CALLS)))
    compare(tmp_path / "run", server.log, calls=CALLS, retries=False, streamed=streamed)
    assert {line["model_name"] for line in afmon.open_run(tmp_path / "run").samples("generation_time")} == {MODEL}


def test_async(server, tmp_path):
    streamed = []

    async def call(model, number):
        began, first = time.perf_counter(), None
        with contextlib.suppress(openai.APIError):
            if not is_streamed(number):
                await model.ainvoke(f"call {number}")
                return
            async for chunk in model.astream(f"call {number}"):
                first = time.perf_counter() - began if first is None and chunk.content else first
            streamed.append(first)

    async def all_of_them(made):
        for first in range(0, CALLS, 20):
            await asyncio.gather(*(call(made[has_usage(number)], number) for number in range(first, first + 20)))

    with afmon.GenerationMonitor(tmp_path / "run", metrics_interval=0) as monitor:
        asyncio.run(all_of_them(models(server, monitor)))
    compare(tmp_path / "run", server.log, calls=CALLS, retries=False, streamed=streamed)
