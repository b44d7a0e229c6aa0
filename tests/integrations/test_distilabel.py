"""afmon.integrations.distilabel: 500 calls of an LLM, and a pipeline whose steps are processes of their own."""
import asyncio
import inspect

import afmon
import openai
from afmon.integrations.distilabel import Monitored
from counts import compare
from distilabel.models.llms import LLM, OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import TextGeneration
from scripted import CALLS, COMPLETION, MODEL, PROMPT, RETRIES, plan


class MonitoredOpenAI(Monitored, OpenAILLM):
    pass


class Batched(LLM):
    """One that is not asynchronous."""

    @property
    def model_name(self):
        return "batched"

    def generate(self, inputs, num_generations=1, temperature: float = 1.0):
        if temperature > 1:
            raise ValueError("too hot")
        return [{"generations": ["x"], "statistics": {"input_tokens": [2], "output_tokens": [1]}} for _ in inputs]


class MonitoredBatched(Monitored, Batched):
    pass


def asked(number):
    return [{"role": "user", "content": f"call {number}"}]


def made(server, kind=MonitoredOpenAI):
    return kind(model=MODEL, base_url=server.url, api_key="k", max_retries=RETRIES)


async def all_of_them(llm):
    for first in range(0, CALLS, 20):
        done = await asyncio.gather(*(llm.agenerate(asked(number)) for number in range(first, first + 20)), return_exceptions=True)
        for number, result in zip(range(first, first + 20), done):
            assert isinstance(result, (openai.APIStatusError, openai.APIConnectionError)) == (plan(number)[-1] != "ok")


def test_calls(server, tmp_path):
    with afmon.GenerationMonitor(tmp_path / "run", metrics_interval=0) as monitor:
        llm = made(server).monitored_by(monitor, operation="answer_generation")
        llm.load()
        asyncio.run(all_of_them(llm))
        llm.unload()
    compare(tmp_path / "run", server.log, calls=CALLS, retries=False, streamed=[])
    times = afmon.open_run(tmp_path / "run").samples("generation_time")
    assert {(line["operation"], line["model_name"]) for line in times} == {("answer_generation", MODEL)}


def test_it_stays_the_llm_that_it_was(server, tmp_path):
    with afmon.GenerationMonitor(tmp_path / "run", metrics_interval=0) as monitor:
        ours, theirs = made(server).monitored_by(monitor), made(server, OpenAILLM)
        assert inspect.signature(ours.agenerate) == inspect.signature(theirs.agenerate)
        assert ours.runtime_parameters_names == theirs.runtime_parameters_names
        assert ours.get_runtime_parameters_info() == theirs.get_runtime_parameters_info()
        assert ours.dump() == theirs.dump()
        assert TextGeneration(name="x", llm=ours).signature == TextGeneration(name="x", llm=theirs).signature
        batched = MonitoredBatched().monitored_by(monitor)
        assert batched.generate([asked(0)] * 3) == Batched().generate([asked(0)] * 3)
        assert batched.runtime_parameters_names == Batched().runtime_parameters_names
        MonitoredBatched().generate([asked(0)])  # monitored by nobody
    run = afmon.open_run(tmp_path / "run")
    assert run.summary()["calls"]["count"] == 1 and run.get_total_token_usage().total_tokens == 9


def test_a_pipeline(server, tmp_path):
    """Its steps run in processes of a pool, of two replicas."""
    fine = [number for number in range(CALLS) if plan(number)[-1] == "ok"]
    with afmon.GenerationMonitor(tmp_path / "run", metrics_interval=0) as monitor, Pipeline("calls", cache_dir=tmp_path / "cache") as pipeline:
        load = LoadDataFromDicts(data=[{"instruction": f"call {number}"} for number in fine], batch_size=10)
        load >> TextGeneration(llm=made(server).monitored_by(monitor), input_batch_size=10, resources={"replicas": 2})
        done = pipeline.run(use_cache=False)
    assert [row["generation"] for row in done["default"]["train"]] == ["Once a week."] * len(fine)
    compare(tmp_path / "run", server.log, calls=len(fine), retries=False, streamed=[])
    assert afmon.open_run(tmp_path / "run").get_total_token_usage().total_tokens == len(fine) * (PROMPT + COMPLETION)
