"""ConversationGenerator with our monitor: calls, conversations, failures of every kind, prompts made on the way."""
import asyncio
import json
import types

import afmon
import afterimage.orchestrator
import afterimage.providers.local_provider
import pytest
from afterimage import ConversationGenerator, FixedNumberStoppingCallback, SimpleInstructionGeneratorCallback
from afterimage.base import BaseInstructionGeneratorCallback, GeneratedInstructions
from afterimage.callbacks import BudgetStoppingCallback, RateLimitStoppingCallback
from afterimage.storage import JSONLStorage
from chat_server import MODEL, Answer, ChatServer, completion
from noting import USAGE, check, failing, failures_of, local, operations


class Instructions(BaseInstructionGeneratorCallback):
    monitor = None

    def set_monitor(self, monitor):
        self.monitor = monitor

    async def agenerate(self, original_prompt):
        return GeneratedInstructions(instructions=["Ask how to water a fern."], context="")


class NoPrompt(Instructions):
    """Leaves the correspondent's prompt to the generator."""

    async def acreate_correspondent_prompt(self, respondent_prompt):
        return None


def conversations(folder, server, monitor, **more):
    given = {"correspondent_prompt": "You ask about plants.", "instruction_generator_callback": Instructions(), **more}
    return ConversationGenerator("You are a gardener.", **local(server), monitor=monitor,
                                 storage=JSONLStorage(folder / "conversations.jsonl"), **given)


def generate(generator, **more):
    asyncio.run(generator.generate(**{"num_dialogs": 2, "max_turns": 2, "max_concurrency": 1, **more}))


def test_conversations(tmp_path, monitor):
    with ChatServer() as server:
        generate(conversations(tmp_path, server, monitor), num_dialogs=3)
        told, lines = check(monitor)
    done = operations(told)
    assert done.count("conversation_generation") == 3
    assert done.count("question_generation") + done.count("answer_generation") == len(server.requests) > 0
    assert operations(told, success=False) == []
    usage = monitor.get_total_token_usage()
    assert [model.model_name for model in usage.by_model] == [MODEL]
    assert usage.total_tokens == sum(USAGE) * len(server.requests)
    assert sum(line["metric"] == "finish_reason:stop" for line in lines) == len(server.requests)
    whole = [line for line in lines if line["metric"] == "conversation_length"]
    assert all(line["operation"] == "conversation_generation" and line["planned_turns"] == line["actual_turns"] == line["value"]
               for line in whole) and len(whole) == 3
    assert sum(line["metric"] == "model_creation_time" and line["success"] is True for line in lines) == 6
    assert (tmp_path / "run" / "plots" / "generation_time.png").exists()


def test_a_dozen_at_once(tmp_path, monitor):
    with ChatServer() as server:
        generate(conversations(tmp_path, server, monitor), num_dialogs=24, max_turns=3, max_concurrency=12)
        told, _ = check(monitor)
    assert operations(told).count("conversation_generation") >= 24


FAILURES = {
    "status 404": (failing(404), "NotFoundError"),
    "status 429": (failing(429), "RateLimitError"),
    "status 500": (failing(500), "InternalServerError"),
    "no choices": (Answer('{"object": "chat.completion", "choices": []}'), "IndexError"),
    "no usage": (Answer(completion(usage=None)), "AttributeError"),
    "no JSON": (Answer("<html>it works</html>"), "JSONDecodeError"),
    "hung up": (Answer(drop=True), "APIConnectionError"),
    "too late": (Answer(delay=60), "APITimeoutError"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_failures(tmp_path, monitor, monkeypatch, failure):
    """The model answers the first calls, fails for a while, and answers again."""
    answer, error_type = FAILURES[failure]
    monkeypatch.setattr(afterimage.providers.local_provider, "_REQUEST_TIMEOUT", 0.3 if failure == "too late" else 30)

    def script(request, number):
        return answer if 2 <= number < 8 else Answer()

    with ChatServer(script) as server:
        generate(conversations(tmp_path, server, monitor), num_dialogs=4)
        told, lines = check(monitor)
    failed = operations(told, success=False)
    assert "conversation_generation" in failed and {"question_generation", "answer_generation"} & set(failed)
    errors = failures_of(lines)
    assert {line["error_type"] for line in errors} == {error_type} and len(errors) == len(failed)
    assert operations(told).count("conversation_generation") == 4
    assert monitor.get_metrics("error_rate")["mean"] > 0
    assert ("metric", "error_rate", 1.0, {}) in told  # the orchestrator, once for each conversation that failed


def test_answers_cut_short(tmp_path, monitor):
    with ChatServer(lambda request, number: Answer(completion(finish=("length", "content_filter")[number % 2]))) as server:
        generate(conversations(tmp_path, server, monitor), num_dialogs=4, max_turns=1)
        _, lines = check(monitor)
    metrics = [line["metric"] for line in lines]
    assert metrics.count("finish_reason:length") == metrics.count("finish_reason:content_filter") == 2


def test_first_question_from_the_correspondent(tmp_path, monitor):
    with ChatServer() as server:
        asyncio.run(conversations(tmp_path, server, monitor).go(turns=2))
        told, _ = check(monitor)
    assert operations(told) == ["question_generation", "answer_generation"] * 2 + ["conversation_generation"]


def test_first_question_that_fails(tmp_path, monitor):
    with ChatServer(lambda request, number: failing(500)) as server:
        with pytest.raises(Exception, match="status 500"):
            asyncio.run(conversations(tmp_path, server, monitor).go(turns=2))
        told, lines = check(monitor)
    assert operations(told, success=False) == ["question_generation", "conversation_generation"]
    assert [line.get("completed_turns") for line in lines if line["metric"] == "success_rate"] == [None, 0]


@pytest.mark.parametrize("fails", [False, True])
def test_prompt_by_the_generator(tmp_path, monitor, fails):
    with ChatServer(lambda request, number: failing() if fails else Answer()) as server:
        with pytest.warns(UserWarning, match="correspondent prompt"):
            generator = conversations(tmp_path, server, monitor, correspondent_prompt=None,
                                      instruction_generator_callback=NoPrompt())
        if fails:
            with pytest.raises(Exception, match="status 500"):
                generate(generator)
        else:
            generate(generator)
        told, _ = check(monitor)
    assert operations(told, success=not fails)[0] == "correspondent_prompt_generation"


@pytest.mark.parametrize("fails", [False, True])
def test_prompt_by_the_callback(tmp_path, monitor, fails):
    callback = SimpleInstructionGeneratorCallback(**instruction_model("http://127.0.0.1:9/v1"), monitor=monitor)
    with ChatServer(lambda request, number: failing() if fails else Answer()) as server:
        callback._llm_create_extras["base_url"] = server.url
        if fails:
            with pytest.raises(Exception, match="status 500"):
                asyncio.run(callback.acreate_correspondent_prompt("You are a gardener."))
            with pytest.raises(Exception, match="status 500"):
                callback.create_correspondent_prompt("You are a gardener.")
        else:
            asyncio.run(callback.acreate_correspondent_prompt("You are a gardener."))
            callback.create_correspondent_prompt("You are a gardener.")
        told, _ = check(monitor)
    assert operations(told, success=not fails) == ["correspondent_prompt_generation"] * 2


def instruction_model(url):
    return {"api_key": "key", "model_name": MODEL, "model_provider_name": "local", "llm_create_extras": {"base_url": url}}


def test_nothing_to_begin_with(tmp_path, monitor):
    with ChatServer() as server:
        with pytest.raises(ValueError):
            conversations(tmp_path, server, monitor, correspondent_prompt=None, instruction_generator_callback=None)
        with pytest.raises(ValueError):
            generate(conversations(tmp_path, server, monitor, instruction_generator_callback=None))
        check(monitor)


def test_prompt_in_the_middle_of_generate(tmp_path, monitor):
    """A prompt that is taken away again is made again."""
    with ChatServer() as server:
        generator = conversations(tmp_path, server, monitor, instruction_generator_callback=NoPrompt())
        generator.correspondent_prompt = None
        generate(generator)
        told, _ = check(monitor)
    assert "correspondent_prompt_generation" in operations(told)


def test_model_that_cannot_be_made(tmp_path, monitor):
    generator = conversations(tmp_path, types.SimpleNamespace(url="http://127.0.0.1:9/v1"), monitor)
    generator.model_provider_name = "no such provider"
    with pytest.raises(ValueError):
        asyncio.run(generator.go())
    told, _ = check(monitor)
    made = [call for call in told if call[0] == "metric"]
    assert made[0][1] == "model_creation_time" and made[0][3]["success"] is False and made[0][3]["error_type"] == "ValueError"
    assert operations(told, success=False) == ["conversation_generation"]


def test_stopping_at_a_budget_of_tokens(tmp_path, monitor):
    """Afterimage asks the monitor for the tokens after each conversation: they must be there at once."""
    with ChatServer() as server:
        generate(conversations(tmp_path, server, monitor), num_dialogs=None, max_turns=1,
                 stopping_criteria=[BudgetStoppingCallback(max_total_tokens=5 * sum(USAGE)), FixedNumberStoppingCallback(50)])
        check(monitor)
    assert len(server.requests) == 5


def test_stopping_at_an_error_rate(tmp_path, monitor):
    with ChatServer(lambda request, number: failing(404) if 2 <= number < 20 else Answer()) as server:
        generate(conversations(tmp_path, server, monitor), num_dialogs=None, max_turns=1, stopping_criteria=[
            RateLimitStoppingCallback(max_error_rate=0.5, min_samples=3), FixedNumberStoppingCallback(50)])
        told, _ = check(monitor)
    assert operations(told).count("conversation_generation") == 3


def test_stopping_at_a_limit_of_money(tmp_path):
    """Our callback among afterimage's own: what the calls cost is known at once, by prices and the usage that they told."""
    prices = tmp_path / "prices.json"
    prices.write_text(json.dumps({MODEL: {"input": 1, "output": 1}}))
    limit = 5 * sum(USAGE) / 1e6
    with ChatServer() as server, afmon.GenerationMonitor(tmp_path / "run", prices=prices, max_cost_usd=limit) as monitor:
        generate(conversations(tmp_path, server, monitor), num_dialogs=None, max_turns=1,
                 stopping_criteria=[monitor.stopping_callback(), FixedNumberStoppingCallback(50)])
    assert len(server.requests) == 5
    budget = afmon.open_run(tmp_path / "run").summary()["cost"]["budget"]
    assert budget["stopped"] and budget["spent_usd"] == pytest.approx(limit)


class Broken:
    """asyncio, whose gather fails after it is done."""

    def __getattr__(self, name):
        return getattr(asyncio, name)

    async def gather(self, *tasks, return_exceptions):
        await asyncio.gather(*tasks, return_exceptions=return_exceptions)
        raise RuntimeError("gather failed")


def test_an_end_that_fails(tmp_path, monitor, monkeypatch):
    monkeypatch.setattr(afterimage.orchestrator, "asyncio", Broken())
    with ChatServer() as server:
        generate(conversations(tmp_path, server, monitor))
        told, _ = check(monitor)
    assert told[-1] == ("metric", "error_rate", 1.0, {})
    assert ("error", "Error while trying to finalize generation", {"error": "gather failed"}) in monitor.logged
