"""afmon.integrations.litellm: 500 calls, sync and async, whole and streamed."""
import asyncio
import concurrent.futures
import contextlib
import os
import time

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # nothing is fetched

import afmon
import litellm
import openai
import pytest
from afmon.integrations.litellm import logger
from counts import compare
from scripted import CALLS, MODEL, RETRIES, has_usage, is_streamed

litellm.suppress_debug_info = True


def asked(server, number):
    more = {"stream": True, **({"stream_options": {"include_usage": True}} if has_usage(number) else {})} if is_streamed(number) else {}
    return {"model": f"openai/{MODEL}", "api_base": server.url, "api_key": "k", "max_retries": RETRIES,
            "messages": [{"role": "user", "content": f"call {number}"}], **more}


@pytest.fixture(autouse=True)
def nobody_else():
    litellm.logging_callback_manager._reset_all_callbacks()


@pytest.fixture
def monitor(tmp_path):
    with afmon.GenerationMonitor(tmp_path / "run", metrics_interval=0) as made:
        litellm.callbacks.append(logger(made, operation="answer_generation"))
        yield made


def wait_for(monitor, calls):
    """litellm tells of them a moment later."""
    end = time.monotonic() + 60
    while monitor.get_metrics("generation_time", None)["count"] < calls:
        assert time.monotonic() < end
        time.sleep(0.05)
    monitor.shutdown()


def test_sync(server, monitor):
    def call(number):
        with contextlib.suppress(openai.APIStatusError):
            response = litellm.completion(**asked(server, number))
            if is_streamed(number):
                list(response)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(CALLS)))
    wait_for(monitor, CALLS)
    compare(monitor.log_dir, server.log, calls=CALLS, retries=False, streamed=None, hang_up=500)


def test_async(server, monitor):
    async def call(number):
        with contextlib.suppress(openai.APIStatusError):
            response = await litellm.acompletion(**asked(server, number))
            if is_streamed(number):
                async for _ in response:
                    pass

    async def all_of_them():
        for first in range(0, CALLS, 20):
            await asyncio.gather(*(call(number) for number in range(first, first + 20)))
        while monitor.get_metrics("generation_time", None)["count"] < CALLS:  # told on this loop
            await asyncio.sleep(0.05)

    asyncio.run(asyncio.wait_for(all_of_them(), 200))
    wait_for(monitor, CALLS)
    compare(monitor.log_dir, server.log, calls=CALLS, retries=False, streamed=None, hang_up=500)


def test_two_monitors(server, tmp_path):
    with afmon.GenerationMonitor(tmp_path / "a", metrics_interval=0) as a, afmon.GenerationMonitor(tmp_path / "b", metrics_interval=0) as b:
        litellm.callbacks += [logger(a), logger(b, operation="other")]
        litellm.completion(**asked(server, 0))
        wait_for(a, 1)
        wait_for(b, 1)


def test_what_is_no_generation_is_not_tracked(server, monitor):
    with contextlib.suppress(Exception):
        litellm.embedding(model=f"openai/{MODEL}", input=["x"], api_base=server.url, api_key="k")
    litellm.completion(**asked(server, 0))
    wait_for(monitor, 1)
    assert afmon.open_run(monitor.log_dir).get_metrics("success_rate")["count"] == 1
