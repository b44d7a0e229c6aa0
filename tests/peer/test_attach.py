"""monitor.attach: what the generators of afterimage make, as items, beside the generator's own count."""
import asyncio
import collections
import json
import random

import afmon
import pytest
from afterimage import AsyncAgentTraceGenerator, ConversationGenerator, PersonaGenerator
from afterimage.agent_trace import ToolActionSpec
from afterimage.key_management import SmartKeyPool
from afterimage.simula import OpenSimula
from afterimage.storage import JSONLStorage
from chat_server import MODEL, Answer, ChatServer, completion
from noting import failing, local
from test_agent_traces import Moisture, Provider
from test_agent_traces import script as trajectory_script
from test_conversations import Instructions, conversations
from test_conversations import generate as generate_conversations
from test_evaluators import JUDGEMENT, embedding, judging
from test_personas import FIVE, ONE, TEXT
from test_simula import ASK, Model, provider, schema_of
from test_structured import PLANT, structured
from test_structured import generate as generate_rows

COUNTS = ("started", "accepted", "rejected", "failed", "abandoned", "open")


@pytest.fixture
def monitor(tmp_path):
    with afmon.GenerationMonitor(tmp_path / "run", metrics_interval=0) as made:
        yield made


def ended(monitor):
    """The run when it is over: its kinds with their counts, without zeros, and with their reasons."""
    monitor.shutdown()
    found = {}
    for item in afmon.open_run(monitor.log_dir).summary()["items"]:
        reasons = {reason["reason"] if "reason" in reason else reason["error_type"]: reason["count"] for reason in item["reasons"]}
        assert not item["inferred"]
        found[item["kind"]] = {name: item[name] for name in COUNTS if item[name]} | reasons
    return found


def plan_of(monitor):
    with afmon.follow(monitor.log_dir) as run:
        run.update()
        return run.info.planned, run.info.done


def lines_of(monitor):
    return [json.loads(line) for line in (monitor.log_dir / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]


def calls(monitor, *operations):
    return [line for line in lines_of(monitor) if line["metric"] == "generation_time" and line.get("operation") in operations]


def stored(file):
    return len(file.read_text(encoding="utf-8").splitlines()) if file.exists() else 0


# ---- conversations ----

def test_conversations(tmp_path, monitor):
    """The model fails for a while."""
    with ChatServer(lambda request, number: failing(429) if 2 <= number < 8 else Answer()) as server:
        generator = conversations(tmp_path, server, monitor)
        assert monitor.attach(generator) is generator and monitor.attach(generator) is generator
        generate_conversations(generator, num_dialogs=4)
    (found,) = ended(monitor).values()
    whole = calls(monitor, "conversation_generation")
    failed = [line for line in lines_of(monitor) if line["metric"] == "error_rate" and line["value"] == 1 and "operation" in line]
    assert found == {"started": len(whole), "accepted": 4, "failed": len(whole) - 4, "RateLimitError": len(whole) - 4}
    assert stored(tmp_path / "conversations.jsonl") == 4 < len(whole) and plan_of(monitor) == (4, 4)
    assert len({line["item_id"] for line in whole}) == len(whole)
    parts = collections.Counter(line["item_id"] for line in calls(monitor, "question_generation", "answer_generation"))
    assert set(parts) == {line["item_id"] for line in whole} and sum(parts.values()) == len(server.requests) - retried(server)
    assert {(line["operation"] == "conversation_generation", line.get("model_name")) for line in failed} == {(True, None), (False, MODEL)}


def retried(server):
    """Requests that the client repeated by itself."""
    return sum("x-stainless-retry-count" in request["headers"] and request["headers"]["x-stainless-retry-count"] != "0"
               for request in server.requests)


def test_a_dozen_conversations_at_once(tmp_path, monitor):
    with ChatServer() as server:
        generate_conversations(monitor.attach(conversations(tmp_path, server, monitor)), num_dialogs=24, max_turns=3, max_concurrency=12)
    (found,) = ended(monitor).values()
    whole = calls(monitor, "conversation_generation")
    assert len(whole) >= 24 and found["accepted"] == len(whole)
    assert found["started"] == found["accepted"] + found.get("abandoned", 0)  # those that were cancelled at the end
    lengths = {line["item_id"]: line["actual_turns"] for line in whole}
    parts = collections.Counter(line["item_id"] for line in calls(monitor, "answer_generation"))
    assert all(parts[item] == length for item, length in lengths.items())


def gated(tmp_path, server, monitor):
    return monitor.attach(ConversationGenerator(
        "You are a gardener.", **local(server), monitor=monitor, correspondent_prompt="You ask about plants.",
        instruction_generator_callback=Instructions(), storage=JSONLStorage(tmp_path / "conversations.jsonl"),
        auto_improve=True, embedding_provider=embedding(server)))


def test_a_gate_that_rejects(tmp_path, monitor):
    judged = []

    def script(request, number):
        if "response_format" in request["body"]:
            judged.append(number)
            return judging({**JUDGEMENT, "scores": [0.9 if len(judged) % 6 in (5, 0) else 0.0]})(request, number)
        return judging()(request, number)

    with ChatServer(script) as server:
        generate_conversations(gated(tmp_path, server, monitor), num_dialogs=3, max_turns=1)
    (found,) = ended(monitor).values()
    grades = {name: count for name, count in found.items() if name not in COUNTS}
    assert found["started"] == 9 == len(calls(monitor, "conversation_generation")) and found["rejected"] == 6
    assert found["accepted"] == 3 == stored(tmp_path / "conversations.jsonl") and plan_of(monitor) == (3, 3)
    assert sum(grades.values()) == 6 and set(grades) <= {"needs_improvement", "bad", "not_acceptable"}
    judges = [line["item_id"] for line in lines_of(monitor) if line["metric"] == "evaluation_time"
              and line["evaluator_type"] == "ConversationJudge"]
    assert sorted(judges) == sorted(line["item_id"] for line in calls(monitor, "conversation_generation"))


def test_a_judge_that_fails(tmp_path, monitor):
    embedded = []

    def script(request, number):
        if request["path"].endswith("/embeddings"):
            embedded.append(number)
            if len(embedded) <= 3:
                return failing(400)
        return judging({**JUDGEMENT, "scores": [0.9]})(request, number)

    with ChatServer(script) as server:
        generate_conversations(gated(tmp_path, server, monitor), num_dialogs=1, max_turns=1)
    (found,) = ended(monitor).values()
    assert found["accepted"] == 1 and found["failed"] >= 1 and found["started"] == found["accepted"] + found["failed"]
    assert found["started"] == len(calls(monitor, "conversation_generation"))


def test_a_conversation_by_hand(tmp_path, monitor):
    with ChatServer() as server:
        asyncio.run(monitor.attach(conversations(tmp_path, server, monitor)).go(turns=1))
    assert ended(monitor) == {"conversation": {"started": 1, "accepted": 1}}


def test_work_that_is_cancelled(tmp_path, monitor):
    async def run(server):
        generator = monitor.attach(conversations(tmp_path, server, monitor))
        task = asyncio.create_task(generator.generate(num_dialogs=1, max_turns=1, max_concurrency=1))
        while not server.requests:
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with ChatServer(lambda request, number: Answer(delay=60)) as server:
        asyncio.run(run(server))
    assert ended(monitor) == {"conversation": {"started": 1, "abandoned": 1}}


# ---- rows ----

def test_rows(tmp_path, monitor):
    wrong = Answer(completion('{"name": "fern"}'))
    answers = {1: failing(500), 2: failing(500), 3: failing(500), 5: wrong}
    with ChatServer(lambda request, number: answers.get(number, PLANT)) as server:
        generate_rows(monitor.attach(structured(tmp_path, server, monitor)))
    (found,) = ended(monitor).values()
    made = calls(monitor, "structured_generation")
    failed = [line for line in lines_of(monitor) if line["metric"] == "error_rate" and line["value"] == 1 and "operation" in line]
    assert found["accepted"] == 3 == stored(tmp_path / "rows.jsonl") and found["started"] == len(made) == 3 + len(failed) > 4
    assert plan_of(monitor) == (3, 3)
    assert len({line["item_id"] for line in made}) == len(made) and {line["model_name"] for line in failed} == {MODEL}
    errors = collections.Counter(line["error_type"] for line in failed)
    assert {name: count for name, count in found.items() if name not in COUNTS} == errors and len(errors) == 2


class Keyed(Instructions):
    """Takes keys of the pool that the generator takes them of, and writes several instructions."""

    def __init__(self, pool):
        self.pool = pool

    async def agenerate(self, original_prompt):
        await self.pool.aget_next_key()
        made = await super().agenerate(original_prompt)
        made.instructions = made.instructions * 3
        return made


def test_instructions_that_share_the_keys(tmp_path, monitor):
    pool = SmartKeyPool.from_single_key("key")
    with ChatServer(lambda request, number: failing(404) if number == 1 else PLANT) as server:
        generator = structured(tmp_path, server, monitor, instruction_generator_callback=Keyed(pool))
        generator.key_pool = pool
        generate_rows(monitor.attach(generator), num_samples=4)
    assert ended(monitor) == {"row": {"started": 5, "accepted": 4, "failed": 1, "NotFoundError": 1}}


# ---- personas ----

def personas(folder, server, monitor):
    return PersonaGenerator(**local(server), monitor=monitor, max_concurrency=2,
                            storage=JSONLStorage(folder / "rows.jsonl", documents_path=folder / "documents.jsonl"))


def test_personas(tmp_path, monitor):
    with ChatServer(lambda request, number: FIVE) as server:
        generator = monitor.attach(personas(tmp_path, server, None))
        asyncio.run(generator.generate_from_documents([TEXT], n_iterations=1))
        generator.generate_from_text(TEXT)
        generator.generate_from_persona("A gardener.")
    assert ended(monitor) == {"persona": {"started": 40, "accepted": 40}}
    assert len({line["item_id"] for line in calls(monitor, "text_to_persona_generation", "persona_to_persona_generation")}) == 8


@pytest.mark.parametrize("answer, error", [(ONE, "PersonaGenerationContractError"), (failing(404), "NotFoundError")])
def test_personas_that_fail(tmp_path, monitor, answer, error):
    with ChatServer(lambda request, number: answer) as server:
        generator = monitor.attach(personas(tmp_path, server, monitor))
        for call in (lambda: generator.generate_from_text(TEXT), lambda: asyncio.run(generator.agenerate_from_persona("A gardener."))):
            with pytest.raises(Exception):
                call()
    assert ended(monitor) == {"persona": {"started": 10, "failed": 10, error: 10}}
    assert {line["model_name"] for line in calls(monitor, "text_to_persona_generation", "persona_to_persona_generation")} == {MODEL}


# ---- tasks ----

class Critical(Model):
    """Its critic says what it is told to; so do the double critic and the writer."""

    def __init__(self, satisfying=True, correct=True, content=None):
        super().__init__()
        self.satisfying, self.correct, self.content = satisfying, correct, content

    def fill(self, schema, prompt):
        own = {"RequirementCritiqueResponse": {"satisfying": self.satisfying, "explanation": "Name the plant."},
               "DoubleProbeCorrect": {"is_correct": self.correct, "rationale": "yes"}}
        return own.get(schema) or super().fill(schema, prompt)


async def tasks(llm, monitor, mcq, count=2):
    simula = monitor.attach(OpenSimula(llm, monitor=monitor))
    bundle = await simula.build_taxonomy(ASK, target_depth_D=1, proposal_N=2)
    spec = await simula.infer_strategies(bundle)
    chance = random.Random(1)
    if not mcq:
        return await simula.agenerate_single_qa_samples(instruction_y=ASK, bundle=bundle, spec=spec, n=count, K=2, rng=chance,
                                                        max_refine_rounds=1)
    made = []
    for _ in range(count):
        mix = simula.sample_mix(bundle, spec, chance)
        meta = await simula.draw_meta_prompt(instruction_y=ASK, bundle=bundle, mix=mix, K=2, rng=chance)
        made.append(await simula.generate_mcq_datapoint(instruction_y=ASK, bundle=bundle, mix=mix, meta=meta, max_refine_rounds=1))
    return made


@pytest.mark.parametrize("mcq, model, found", [
    (False, Critical(), {"accepted": 2}),
    (True, Critical(), {"accepted": 2}),
    (False, Critical(satisfying=False), {"rejected": 2, "critic": 2}),
    (True, Critical(satisfying=False), {"rejected": 2, "critic": 2}),
    (True, Critical(correct=False), {"rejected": 2, "double critic": 2}),
], ids=["qa", "mcq", "qa critic", "mcq critic", "double critic"])
def test_tasks(monitor, mcq, model, found):
    with ChatServer(model) as server:
        made = asyncio.run(tasks(provider(server), monitor, mcq))
    assert ended(monitor) == {"task": {"started": 2, **found}} and sum(map(bool, made)) == found.get("accepted", 0)
    within = [line for line in calls(monitor, *{line.get("operation") for line in lines_of(monitor)}) if "item_id" in line]
    assert {line["operation"].split(".")[1] for line in within} <= {"task", "critic", "double_critic"}
    assert len({line["item_id"] for line in within}) == 2


def test_a_task_that_is_no_json_in_the_end(monitor):
    """The critic is content with what a refinement wrote."""
    model = Model()
    model.fill = lambda schema, prompt, fill=model.fill: {"content": "A fern."} if schema == "RawGenerationResponse" else fill(schema, prompt)
    with ChatServer(model) as server:
        assert asyncio.run(tasks(provider(server), monitor, True)) == [None, None]
    assert ended(monitor) == {"task": {"started": 2, "rejected": 2, "no JSON": 2}}


def test_a_task_that_fails(monitor):
    model = Critical()

    def script(request, number):
        return failing(404) if schema_of(request) == "RequirementCritiqueResponse" else model(request, number)

    with ChatServer(script) as server:
        with pytest.raises(Exception, match="status 404"):
            asyncio.run(tasks(provider(server), monitor, True))
    assert ended(monitor) == {"task": {"started": 1, "failed": 1, "NotFoundError": 1}}
    (line,) = [line for line in lines_of(monitor) if line["metric"] == "error_rate" and line["value"] == 1]
    assert line["model_name"] == MODEL and line["operation"] == "opensimula.critic.requirement"


# ---- agent traces ----

async def trajectories(folder, server, attached_to, **more):
    generator = attached_to.attach(AsyncAgentTraceGenerator(
        llm_provider=Provider(server.url, MODEL), observation_mode="faker",
        storage=JSONLStorage(folder / "trajectories.jsonl"), **more))
    await generator.register_app_domain("garden", "Sensors of a garden", [ToolActionSpec(
        action_name="moisture", description="Moisture of the soil", response_model_name="Moisture", response_model_cls=Moisture)])
    return await generator.generate(num_trajectories=2, max_concurrency=1, show_progress=False)


@pytest.mark.parametrize("valid, fails, found", [
    (True, False, {"accepted": 2}), (False, False, {"rejected": 2, "judge": 2}), (True, True, {"failed": 2, "InternalServerError": 2})])
def test_agent_traces(tmp_path, monitor, valid, fails, found):
    with ChatServer(trajectory_script(valid, fails)) as server:
        made = asyncio.run(trajectories(tmp_path, server, monitor, monitor=monitor))
    assert len(made) == found.get("accepted", 0) == stored(tmp_path / "trajectories.jsonl")
    assert ended(monitor) == {"conversation": {"started": 2, **found}}
    outcomes = [(line["value"], "item_id" in line) for line in lines_of(monitor) if line["metric"] == "success_rate"]
    assert outcomes == ([] if fails else [(1.0, True)] * 2)


def test_agent_traces_by_simula_that_had_no_monitor(tmp_path, monitor):
    with ChatServer(trajectory_script()) as server:
        assert len(asyncio.run(trajectories(tmp_path, server, monitor, task_synthesis_mode="simula"))) == 2
    assert ended(monitor) == {"conversation": {"started": 2, "accepted": 2}}
    tracked = [line for line in lines_of(monitor) if line["metric"] == "generation_time"]
    assert len({line["item_id"] for line in tracked}) == 2 and sum("task_synthesis_mode" in line for line in tracked) == 2
    assert any(line.get("component") == "opensimula" for line in tracked)


# ---- what it attaches to ----

def test_nothing_to_attach_to(tmp_path, monitor):
    class ConversationGenerator:
        """Another one of this name."""

    for thing in (None, 5, object(), afmon, ConversationGenerator()):
        with pytest.raises(TypeError, match="nothing to attach to .* ConversationGenerator, StructuredGenerator, PersonaGenerator"):
            monitor.attach(thing)
    with ChatServer() as server:
        generator = conversations(tmp_path, server, monitor)
        del generator._quality_gate
        with pytest.raises(TypeError, match="this ConversationGenerator has no _quality_gate"):
            monitor.attach(generator)


def test_a_generator_of_another_monitor(tmp_path, monitor):
    with ChatServer() as server, afmon.GenerationMonitor(tmp_path / "other", metrics_interval=0) as other:
        generator = conversations(tmp_path, server, other)
        with pytest.raises(ValueError, match="records to another monitor"):
            monitor.attach(generator)
        other.attach(generator)
        with pytest.raises(ValueError, match="records to another monitor"):
            monitor.attach(generator)


def test_the_class_is_left_alone(tmp_path, monitor):
    class Own(ConversationGenerator):
        """A generator of one's own."""

    before = dict(vars(ConversationGenerator))
    with ChatServer() as server:
        made = Own("You are a gardener.", **local(server), monitor=monitor, correspondent_prompt="You ask about plants.",
                   instruction_generator_callback=Instructions(), storage=JSONLStorage(tmp_path / "conversations.jsonl"))
        generate_conversations(monitor.attach(made), num_dialogs=2, max_turns=1)
    assert dict(vars(ConversationGenerator)) == before and ended(monitor)["conversation"]["accepted"] == 2
