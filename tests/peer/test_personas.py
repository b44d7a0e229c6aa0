"""PersonaGenerator, and the callbacks that write instructions with a model, with our monitor."""
import asyncio
import json

import pytest
from afterimage import (
    ContextualInstructionGeneratorCallback,
    ConversationGenerator,
    InMemoryDocumentProvider,
    PersonaGenerator,
    PersonaInstructionGeneratorCallback,
    SimpleInstructionGeneratorCallback,
    ToolCallingInstructionGeneratorCallback,
)
from afterimage.storage import JSONLStorage
from chat_server import MODEL, Answer, ChatServer, completion
from noting import USAGE, check, failing, local, operations
from test_conversations import instruction_model

FIVE = Answer(completion("".join(f"Persona {i}: A gardener of {10 * i} years.\n" for i in range(1, 6))))
ONE = Answer(completion("Persona 1: A lonely gardener."))
TEXT = "Ferns want shade."


def personas(folder, server, monitor):
    return PersonaGenerator(**local(server), monitor=monitor, max_concurrency=1,
                            storage=JSONLStorage(folder / "rows.jsonl", documents_path=folder / "documents.jsonl"))


def tracked(told):
    return [(call[2], call[3]["metadata"]) for call in told if call[0] == "generation"]


def test_from_documents(tmp_path, monitor):
    with ChatServer(lambda request, number: FIVE) as server:
        asyncio.run(personas(tmp_path, server, monitor).generate_from_documents([TEXT], n_iterations=1))
        told, lines = check(monitor)
    assert tracked(told)[0] == (True, {"operation": "text_to_persona_generation", "text_length": len(TEXT)})
    assert [metadata["operation"] for _, metadata in tracked(told)[1:]] == ["persona_to_persona_generation"] * 5
    assert all(metadata["generation"] == 1 for _, metadata in tracked(told)[1:])
    tokens = [line for line in lines if line["metric"] == "total_token_count"]
    assert len(tokens) == 6 and all(line["value"] == sum(USAGE) and line["model_name"] == MODEL for line in tokens)
    assert tokens[0]["text_length"] == len(TEXT)


def test_depth_by_itself(tmp_path, monitor):
    with ChatServer(lambda request, number: FIVE) as server:
        asyncio.run(personas(tmp_path, server, monitor).generate_from_documents([TEXT], target_data_count=5))
        check(monitor)
    assert ("info", "Resolved persona generation iterations") == monitor.logged[0][:2]


def test_without_asyncio(tmp_path, monitor):
    with ChatServer(lambda request, number: FIVE) as server:
        generator = personas(tmp_path, server, monitor)
        generator.generate_from_text(TEXT)
        generator.generate_from_persona("A gardener.", generation=3)
        told, lines = check(monitor)
    assert tracked(told)[1] == (True, {"operation": "persona_to_persona_generation", "text_length": 11, "generation": 3})
    assert any(line.get("generation") == 3 and line["metric"] == "success_rate" for line in lines)


@pytest.mark.parametrize("answer", [ONE, failing(500), Answer("nonsense")], ids=["too few", "status 500", "no JSON"])
def test_failures(tmp_path, monitor, answer):
    with ChatServer(lambda request, number: answer) as server:
        generator = personas(tmp_path, server, monitor)
        for call in (lambda: generator.generate_from_text(TEXT),
                     lambda: generator.generate_from_persona("A gardener."),
                     lambda: asyncio.run(generator.agenerate_from_text(TEXT)),
                     lambda: asyncio.run(generator.agenerate_from_persona("A gardener."))):
            with pytest.raises(Exception):
                call()
        told, lines = check(monitor)
    assert [success for success, _ in tracked(told)] == [False] * 4
    assert [line["value"] for line in lines if line["metric"] == "error_rate"] == [1.0] * 4
    assert all(line["text_length"] in (11, len(TEXT)) for line in lines)


INSTRUCTIONS = Answer(completion(json.dumps({"instructions": ["Ask about ferns.", "Ask about shade."]})))
TOOL = {"type": "function", "function": {"name": "water", "description": "Waters a plant", "parameters": {}}}


def callbacks(url):
    model = instruction_model(url)
    yield SimpleInstructionGeneratorCallback(**model)
    yield ContextualInstructionGeneratorCallback(documents=[TEXT], **model)
    yield PersonaInstructionGeneratorCallback(documents=[TEXT], **model)
    yield ToolCallingInstructionGeneratorCallback(tools=[TOOL], documents=[TEXT], **model)


@pytest.mark.parametrize("fails", [False, True])
def test_instructions(monitor, fails):
    with ChatServer(lambda request, number: failing(429) if fails else INSTRUCTIONS) as server:
        for callback in callbacks(server.url):
            callback.set_monitor(monitor)
            for call in (callback.generate, lambda prompt: asyncio.run(callback.agenerate(prompt))):
                if fails:
                    with pytest.raises(Exception, match="status 429"):
                        call("You ask about plants.")
                else:
                    assert call("You ask about plants.").instructions
        told, lines = check(monitor)
    assert operations(told, success=not fails) == ["instruction_generation"] * 8
    if fails:
        assert [line["error_type"] for line in lines if line["metric"] == "api_errors"] == ["RateLimitError"] * 8


def test_conversations_of_personas(tmp_path, monitor):
    """All of it together: personas for a document, instructions by persona, conversations."""
    documents = InMemoryDocumentProvider([TEXT])

    def script(request, number):
        if "response_format" in request["body"]:
            return INSTRUCTIONS
        return FIVE if "Persona" in json.dumps(request["body"]["messages"]) and number == 0 else Answer()

    with ChatServer(script) as server:
        asyncio.run(personas(tmp_path, server, monitor).generate_from_documents(documents, n_iterations=0))
        callback = PersonaInstructionGeneratorCallback(documents=documents, **instruction_model(server.url))
        generator = ConversationGenerator("You are a gardener.", **local(server), monitor=monitor,
                                          correspondent_prompt="You ask about plants.", instruction_generator_callback=callback,
                                          storage=JSONLStorage(tmp_path / "conversations.jsonl"))
        asyncio.run(generator.generate(num_dialogs=4, max_turns=1, max_concurrency=1))
        told, _ = check(monitor)
    assert callback.monitor is monitor
    assert set(operations(told)) == {"text_to_persona_generation", "instruction_generation", "answer_generation",
                                     "conversation_generation"}
    assert {"Configured document sampling target", "Configured persona sampling target"} <= {
        message for _, message, _ in monitor.logged}
