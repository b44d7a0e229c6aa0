"""OpenSimula with our monitor: all of its operations, each call with its metadata on every sample."""
import asyncio
import collections
import json
import random
import re

import afmon
import pytest
from afterimage.providers.llm_providers import LLMFactory
from afterimage.simula import OpenSimula
from afterimage.simula.evaluation import assign_datapoint_to_taxonomy, elo_complexity_scores
from chat_server import MODEL, Answer, ChatServer, completion
from noting import USAGE, check, failing, failures_of, operations

# Operation: the schema that the model fills in it, and what its samples have besides operation and component.
OPERATIONS = {
    "opensimula.taxonomy.propose_factors": ("FactorsResponse", set()),
    "opensimula.taxonomy.propose_children": ("ChildProposalsResponse", {"factor_id", "factor_name", "parent_node_id", "depth"}),
    "opensimula.taxonomy.critic_merge_children": ("CriticChildrenResponse", {"factor_id", "parent_node_id", "depth"}),
    "opensimula.taxonomy.plan_next_level": ("PlanNextLevelResponse", {"factor_id", "depth"}),
    "opensimula.sampling.infer_strategies": ("StrategiesResponse", set()),
    "opensimula.meta.generate_scenarios": ("ScenariosResponse", {"mix_id", "K"}),
    "opensimula.meta.generate_scenarios_sequential": ("ScenariosResponse", {"mix_id", "index", "K"}),
    "opensimula.meta.complexify": ("ComplexifyResponse", {"mix_id", "meta_prompt_id"}),
    "opensimula.task.single_qa_generate": ("SingleQAGenResponse", {"mix_id", "meta_prompt_id"}),
    "opensimula.task.mcq_generate": ("MCQGenResponse", {"mix_id", "meta_prompt_id", "num_choices"}),
    "opensimula.critic.requirement": ("RequirementCritiqueResponse", {"mix_id", "meta_prompt_id"}),
    "opensimula.critic.refine": ("RawGenerationResponse", {"mix_id", "meta_prompt_id"}),
    "opensimula.double_critic.probe_correct": ("DoubleProbeCorrect", set()),
    "opensimula.double_critic.probe_incorrect": ("DoubleProbeIncorrect", set()),
    "opensimula.eval.assign_datapoint_to_taxonomy": ("TaxonomyAssignmentResponse", set()),
    "opensimula.eval.elo_complexity_batch": ("PairwiseComparisonBatch", {"batch_start", "repeat"}),
}
ASK = "Questions about plants."
CHOICES = ["fern", "cactus", "moss", "oak"]


def schema_of(request):
    return request["body"]["response_format"]["json_schema"]["name"]


class Model:
    """Fills each schema; finds every second point wanting."""

    def __init__(self):
        self.critiques = 0

    def fill(self, schema, prompt):
        if schema == "StrategiesResponse":
            factors = re.findall(r"factor_id=(\S+)", prompt)
            return {"strategy_names": ["all"], "strategy_weights": [1.0], "strategy_factor_groups": [factors]}
        if schema == "RequirementCritiqueResponse":
            self.critiques += 1
            return {"satisfying": self.critiques % 2 == 0, "explanation": "Name the plant."}
        if schema == "PairwiseComparisonBatch":
            return {"ordering": list(range(int(re.search(r"exactly (\d+) integers", prompt)[1])))}
        return {
            "FactorsResponse": {"factors": ["light", "water"], "factor_descriptions": []},
            "ChildProposalsResponse": {"children": ["much", "little"]},
            "CriticChildrenResponse": {"refined_labels": ["much", "little"], "refined_descriptions": []},
            "PlanNextLevelResponse": {"plan": "finer"},
            "ScenariosResponse": {"scenarios": ["a fern in the shade", "a cactus in the sun"]},
            "ComplexifyResponse": {"complexified_scenario": "a fern in the sun"},
            "SingleQAGenResponse": {"question": "Which plant?", "answer": "A fern."},
            "MCQGenResponse": {"question": "Which plant?", "choices": CHOICES, "correct_index": 0},
            "RawGenerationResponse": {"content": json.dumps({"question": "Which?", "choices": CHOICES, "correct_index": 0})},
            "DoubleProbeCorrect": {"is_correct": True, "rationale": "yes"},
            "DoubleProbeIncorrect": {"is_incorrect": False, "rationale": "no"},
            "TaxonomyAssignmentResponse": {"assignments": ["a", "b"]},
        }[schema]

    def __call__(self, request, number):
        prompt = request["body"]["messages"][-1]["content"]
        return Answer(completion(json.dumps(self.fill(schema_of(request), prompt))))


def provider(server):
    return LLMFactory.create(provider="local", model_name=MODEL, api_key="key", base_url=server.url)


async def everything(llm, monitor):
    simula = OpenSimula(llm, monitor=monitor)
    bundle = await simula.build_taxonomy(ASK, target_depth_D=2, proposal_N=2)
    spec = await simula.infer_strategies(bundle)
    chance = random.Random(1)
    records = await simula.agenerate_single_qa_samples(instruction_y=ASK, bundle=bundle, spec=spec, n=3, K=2, complexify_c=1.0,
                                                       rng=chance)
    async for _, record in simula.aiter_single_qa_samples(instruction_y=ASK, bundle=bundle, spec=spec, n=2, K=2, sequential=True,
                                                          rng=chance):
        records.append(record)
    mix = simula.sample_mix(bundle, spec, chance)
    meta = await simula.draw_meta_prompt(instruction_y=ASK, bundle=bundle, mix=mix, K=2, rng=chance)
    records.append(await simula.generate_mcq_datapoint(instruction_y=ASK, bundle=bundle, mix=mix, meta=meta))
    assert all(records)
    await assign_datapoint_to_taxonomy(llm, bundle=bundle, datapoint_text="A fern.", monitor=monitor)
    await elo_complexity_scores(llm, instruction_y=ASK, texts=["a", "b", "c"], monitor=monitor)


def test_all_operations(monitor):
    with ChatServer(Model()) as server:
        asyncio.run(everything(provider(server), monitor))
        told, lines = check(monitor)
    assert set(operations(told)) == OPERATIONS.keys()
    asked = collections.Counter(schema_of(request) for request in server.requests)
    answered = collections.Counter(OPERATIONS[operation][0] for operation in operations(told))
    assert asked == answered
    assert all(line["component"] == "opensimula" for line in lines)
    metrics = collections.defaultdict(collections.Counter)
    for line in lines:
        metadata = line.keys() - {"metric", "value", "timestamp", "component", "operation", "model_name"}
        assert metadata == OPERATIONS[line["operation"]][1]
        metrics[line["operation"]][line["metric"]] += 1
    for operation, number in collections.Counter(operations(told)).items():
        assert metrics[operation] == dict.fromkeys([
            "generation_time", "success_rate", "error_rate", "prompt_token_count", "completion_token_count",
            "total_token_count", f"model_usage:{MODEL}", "finish_reason:stop"], number)
    assert monitor.get_total_token_usage().total_tokens == sum(USAGE) * len(server.requests)


def test_the_report_tells_the_operations_apart(monitor):
    with ChatServer(Model()) as server:
        asyncio.run(everything(provider(server), monitor))
    monitor.shutdown()
    found = afmon.summary(monitor.log_dir)["operations"]
    assert {each["component"] for each in found} == {"opensimula"}
    assert {each["operation"]: each["count"] for each in found} == collections.Counter(operations(monitor.told))


@pytest.mark.parametrize("operation, answer", [
    *((operation, "status 500") for operation in OPERATIONS),
    ("opensimula.taxonomy.propose_factors", "another schema"), ("opensimula.task.mcq_generate", "another schema")])
def test_each_operation_fails(monitor, operation, answer):
    """The run ends at the first failure of this operation, whose samples say what it was."""
    schema, extra = OPERATIONS[operation]
    wrong = failing(500) if answer == "status 500" else Answer(completion('{"odd": 1}'))
    model = Model()

    def script(request, number):
        prompt = request["body"]["messages"][-1]["content"]
        # Scenarios one by one and all at once have one schema.
        meant = schema_of(request) == schema and ("sequential" not in operation or "Previously generated" in prompt)
        return wrong if meant else model(request, number)

    with ChatServer(script) as server:
        with pytest.raises(Exception):
            asyncio.run(everything(provider(server), monitor))
        told, lines = check(monitor)
    assert set(operations(told, success=False)) == {operation}
    failed = failures_of(lines)
    error_type = "InternalServerError" if answer == "status 500" else "ValidationError"
    assert failed and all(line["error_type"] == error_type and line["operation"] == operation
                          and line["component"] == "opensimula" and extra <= line.keys() for line in failed)
