"""AsyncAgentTraceGenerator with our monitor: trajectories, and the OpenSimula within."""
import asyncio
import json

import pydantic
import pytest
from afterimage import AsyncAgentTraceGenerator
from afterimage.agent_trace import ToolActionSpec
from afterimage.providers.local_provider import LocalLLMProvider
from afterimage.storage import JSONLStorage
from chat_server import MODEL, Answer, ChatServer, completion
from noting import check, failing
from test_simula import Model, schema_of


class Provider(LocalLLMProvider):
    """The generator gives each chat its instruction, which afterimage's own provider of this kind takes for a second one."""

    async def astart_chat(self, system_instruction=None, **more):
        self.system_instruction = system_instruction
        return await super().astart_chat(**more)


class Moisture(pydantic.BaseModel):
    percent: float = 40.0


def script(valid=True, fails=False):
    model = Model()

    def answer(request, number):
        if fails:
            return failing(500)
        if "response_format" not in request["body"]:
            return Answer(completion("Final Answer: water it."))
        if schema_of(request) == "JudgeResponsePayload":
            return Answer(completion(json.dumps({"is_valid": valid, "feedback": ""})))
        return model(request, number)

    return answer


async def trajectories(folder, server, monitor, **more):
    llm = Provider(server.url, MODEL)
    generator = AsyncAgentTraceGenerator(llm_provider=llm, monitor=monitor, observation_mode="faker",
                                         storage=JSONLStorage(folder / "trajectories.jsonl"), **more)
    await generator.register_app_domain("garden", "Sensors of a garden", [ToolActionSpec(
        action_name="moisture", description="Moisture of the soil", response_model_name="Moisture",
        response_model_cls=Moisture)])
    return await generator.generate(num_trajectories=2, max_concurrency=1, show_progress=False)


@pytest.mark.parametrize("valid", [True, False])
def test_trajectories(tmp_path, monitor, valid):
    with ChatServer(script(valid)) as server:
        made = asyncio.run(trajectories(tmp_path, server, monitor))
        told, lines = check(monitor)
    tracked = [call for call in told if call[0] == "generation"]
    assert len(made) == (2 if valid else 0) and [call[2] for call in tracked] == [valid] * 2
    assert all(line["task_synthesis_mode"] == "grid" and isinstance(line["turns"], int) for line in lines)


def test_by_simula(tmp_path, monitor):
    with ChatServer(script()) as server:
        asyncio.run(trajectories(tmp_path, server, monitor, task_synthesis_mode="simula"))
        _, lines = check(monitor)
    assert {line.get("component") for line in lines} == {"opensimula", None}
    assert {line["operation"] for line in lines if "operation" in line} == {
        f"opensimula.taxonomy.{name}" for name in ("propose_factors", "propose_children", "critic_merge_children",
                                                   "plan_next_level")}


def test_failures(tmp_path, monitor):
    with ChatServer(script(fails=True)) as server:
        assert asyncio.run(trajectories(tmp_path, server, monitor, task_synthesis_mode="simula")) == []
        told, _ = check(monitor)
    assert told.count(("metric", "error_rate", 1.0, {})) == 2
    assert [entry[1] for entry in monitor.logged] == ["Trajectory generation worker encountered exception"] * 2
