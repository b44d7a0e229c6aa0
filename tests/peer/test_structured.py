"""StructuredGenerator with our monitor."""
import asyncio
import json

import afterimage.structured_generator
import pydantic
import pytest
from afterimage import StructuredGenerator
from afterimage.storage import JSONLStorage
from chat_server import MODEL, Answer, ChatServer, completion
from noting import USAGE, check, failing, failures_of, local, operations
from test_conversations import Broken, Instructions, NoPrompt


class Plant(pydantic.BaseModel):
    name: str
    litres: float


PLANT = Answer(completion(json.dumps({"name": "fern", "litres": 0.5})))


def structured(folder, server, monitor, **more):
    given = {"correspondent_prompt": "You ask for plants.", "instruction_generator_callback": Instructions(), **more}
    return StructuredGenerator(Plant, "Name a plant.", **local(server), monitor=monitor,
                               storage=JSONLStorage(folder / "rows.jsonl"), **given)


def generate(generator, **more):
    asyncio.run(generator.generate(**{"num_samples": 3, "max_concurrency": 1, **more}))


def test_rows(tmp_path, monitor):
    with ChatServer(lambda request, number: PLANT) as server:
        generate(structured(tmp_path, server, monitor))
        told, lines = check(monitor)
    assert operations(told) == ["structured_generation"] * 3
    assert {line["operation"] for line in lines} == {"structured_generation"}
    usage = monitor.get_total_token_usage()
    assert [(model.model_name, model.prompt_tokens, model.completion_tokens) for model in usage.by_model] == [
        (MODEL, 3 * USAGE[0], 3 * USAGE[1])]


FAILURES = {
    "status 404": (failing(404), "NotFoundError"),
    "status 429": (failing(429), "RateLimitError"),
    "status 500": (failing(500), "InternalServerError"),
    "another schema": (Answer(completion('{"name": "fern"}')), "ValidationError"),
    "cut short": (Answer(completion('{"name": "fe', finish="length")), "LengthFinishReasonError"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_failures(tmp_path, monitor, failure):
    answer, error_type = FAILURES[failure]
    with ChatServer(lambda request, number: answer if number < 6 else PLANT) as server:
        generate(structured(tmp_path, server, monitor))
        told, lines = check(monitor)
    failed = operations(told, success=False)
    errors = failures_of(lines)
    assert failed == ["structured_generation"] * len(errors) and {line["error_type"] for line in errors} == {error_type}
    assert operations(told).count("structured_generation") == 3
    answered = 3 + (len(failed) if failure == "cut short" else 0)  # what was cut short was paid for
    assert monitor.get_total_token_usage().total_tokens == answered * sum(USAGE)


def test_prompt_that_is_made_or_missing(tmp_path, monitor):
    with ChatServer(lambda request, number: PLANT) as server:
        with pytest.warns(UserWarning, match="correspondent prompt"):
            generator = structured(tmp_path, server, monitor, correspondent_prompt=None,
                                   instruction_generator_callback=NoPrompt())
        generate(generator)
        with pytest.raises(ValueError):
            structured(tmp_path, server, monitor, correspondent_prompt=None, instruction_generator_callback=None)
        with pytest.raises(ValueError):
            generate(structured(tmp_path, server, monitor, instruction_generator_callback=None))
        check(monitor)


class FailingOnce(Instructions):
    calls = 0

    async def agenerate(self, original_prompt):
        self.calls += 1
        if self.calls == 1:
            raise RuntimeError("no instructions yet")
        return await super().agenerate(original_prompt)


def test_instructions_that_fail(tmp_path, monitor):
    with ChatServer(lambda request, number: PLANT) as server:
        generate(structured(tmp_path, server, monitor, instruction_generator_callback=FailingOnce()))
        told, _ = check(monitor)
    assert told[0] == ("metric", "error_rate", 1.0, {})


def test_an_end_that_fails(tmp_path, monitor, monkeypatch):
    monkeypatch.setattr(afterimage.structured_generator, "asyncio", Broken())
    with ChatServer(lambda request, number: PLANT) as server:
        generate(structured(tmp_path, server, monitor))
        told, _ = check(monitor)
    assert told[-1] == ("metric", "error_rate", 1.0, {})
