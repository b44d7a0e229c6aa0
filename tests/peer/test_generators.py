"""The peer's generators with our monitor in the place of theirs, against a scripted model: what they tell the monitor is
noted call by call, and must be in metrics.jsonl call by call."""
import asyncio
import json
import pathlib
import sys

import afmon
import pydantic
from afterimage import ConversationGenerator, StructuredGenerator
from afterimage.base import BaseInstructionGeneratorCallback, GeneratedInstructions
from afterimage.storage import JSONLStorage

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from chat_server import MODEL, Answer, ChatServer, completion  # noqa: E402

TOKENS = ("prompt_token_count", "completion_token_count", "total_token_count")


class Noting(afmon.GenerationMonitor):
    """Notes what it is told, and passes it on."""

    def __init__(self, folder):
        self.told = []
        super().__init__(folder, metrics_interval=0)

    def track_generation(self, duration, success, **kwargs):
        self.told.append(("track", duration, success, kwargs))
        super().track_generation(duration, success, **kwargs)

    def record_metric(self, metric_name, value, metadata=None):
        self.told.append(("record", metric_name, value, metadata or {}))
        super().record_metric(metric_name, value, metadata)


class Instructions(BaseInstructionGeneratorCallback):
    monitor = None

    def set_monitor(self, monitor):
        self.monitor = monitor

    async def agenerate(self, original_prompt):
        return GeneratedInstructions(instructions=["Ask how to water a fern."], context="")


def samples_of(call):
    """What a call must have left behind: (metric, value) and the metadata that each of them has."""
    if call[0] == "record":
        return [(call[1], call[2])], call[3]
    _, duration, success, told = call
    samples = [("generation_time", duration), ("success_rate", float(success)), ("error_rate", float("error" in told))]
    samples += [(name, float(told[name])) for name in TOKENS if name in told]
    if "conversation_length" in told:
        samples.append(("conversation_length", float(told["conversation_length"])))
    if "model_name" in told:
        samples.append((f"model_usage:{told['model_name']}", 1.0))
    if "finish_reason" in told:
        samples.append((f"finish_reason:{told['finish_reason']}", 1.0))
    if "error_type" in told["metadata"]:
        samples.append(("api_errors", 1.0))
    return samples, told["metadata"]


def check(monitor):
    """Every call's samples are in the file, with its metadata, and nothing else is."""
    report = monitor.shutdown()
    assert report["drained"] and sum(report["dropped"].values()) == 0
    lines = [json.loads(line) for line in (monitor.log_dir / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    for call in monitor.told:
        samples, metadata = samples_of(call)
        for metric, value in samples:
            found = [line for line in lines if (line["metric"], line["value"]) == (metric, value)
                     and metadata.items() <= line.items()]
            assert found, (metric, value, metadata)
            lines.remove(found[0])
    assert lines == []
    return monitor.told


def operations(told, success=True):
    return [call[3]["metadata"]["operation"] for call in told if call[0] == "track" and call[2] is success]


def conversations(folder, server, monitor, **more):
    return ConversationGenerator("You are a gardener.", api_key="key", model_name=MODEL, model_provider_name="local",
                                 llm_factory_kwargs={"base_url": server.url, **more}, monitor=monitor,
                                 correspondent_prompt="You ask about plants.", instruction_generator_callback=Instructions(),
                                 storage=JSONLStorage(folder / "conversations.jsonl"))


def test_conversations(tmp_path):
    with ChatServer() as server:
        monitor = Noting(tmp_path / "run")
        generator = conversations(tmp_path, server, monitor)
        asyncio.run(generator.generate(num_dialogs=3, max_turns=2, max_concurrency=1))
        told = check(monitor)
    done = operations(told)
    assert done.count("conversation_generation") == 3
    assert done.count("question_generation") + done.count("answer_generation") == len(server.requests) > 0
    assert operations(told, success=False) == []
    usage = monitor.get_total_token_usage()
    assert [model.model_name for model in usage.by_model] == [MODEL]
    assert usage.total_tokens == 28 * len(server.requests)
    assert (tmp_path / "run" / "plots" / "generation_time.png").exists()


def test_conversations_with_failures(tmp_path):
    def script(request, number):
        return Answer({"error": {"message": "no such model"}}, status=404) if number % 5 == 4 else Answer()

    with ChatServer(script) as server:
        monitor = Noting(tmp_path / "run")
        generator = conversations(tmp_path, server, monitor)
        asyncio.run(generator.generate(num_dialogs=4, max_turns=2, max_concurrency=1))
        told = check(monitor)
    failed = operations(told, success=False)
    assert failed and set(failed) <= {"question_generation", "answer_generation", "conversation_generation"}
    calls = [name for name in operations(told) + failed if name != "conversation_generation"]
    assert len(calls) == len(server.requests)


class Plant(pydantic.BaseModel):
    name: str
    litres: float


def test_structured(tmp_path):
    answer = Answer(completion(json.dumps({"name": "fern", "litres": 0.5})))
    with ChatServer(lambda request, number: answer) as server:
        monitor = Noting(tmp_path / "run")
        generator = StructuredGenerator(Plant, "Name a plant.", api_key="key", model_name=MODEL, model_provider_name="local",
                                        llm_factory_kwargs={"base_url": server.url}, monitor=monitor,
                                        correspondent_prompt="You ask for plants.", instruction_generator_callback=Instructions(),
                                        storage=JSONLStorage(tmp_path / "rows.jsonl"))
        asyncio.run(generator.generate(num_samples=3))
        told = check(monitor)
    assert operations(told).count("structured_generation") >= 3
