"""The evaluators, the judge over them, and the generators that improve by it, with our monitor."""
import asyncio
import json

import pytest
from afterimage import ConversationGenerator, ConversationJudge, EmbeddingProviderFactory
from afterimage.evaluation import (
    CoherenceEvaluator,
    FactualityEvaluator,
    GroundingEvaluator,
    HelpfulnessEvaluator,
    RelevanceEvaluator,
)
from afterimage.key_management import SmartKeyPool
from afterimage.providers.llm_providers import LLMFactory
from afterimage.storage import JSONLStorage
from afterimage.types import ConversationEntry, ConversationWithContext, Role
from chat_server import MODEL, Answer, ChatServer, completion
from noting import USAGE, check, failing, local, operations
from test_conversations import Instructions

OF_VECTORS = {"coherence": CoherenceEvaluator, "grounding": GroundingEvaluator, "relevance": RelevanceEvaluator}
OF_MODEL = {"factuality": FactualityEvaluator, "helpfulness": HelpfulnessEvaluator}
JUDGEMENT = {"scores": [0.75], "feedback": "sound", "needs_improvement": False}


def vectors(request):
    texts = request["body"]["input"]
    data = [{"object": "embedding", "index": i, "embedding": [1.0, float(i)]} for i, _ in enumerate(texts)]
    return Answer({"object": "list", "data": data, "model": "vectors", "usage": {"prompt_tokens": 1, "total_tokens": 1}})


def judging(judgement=JUDGEMENT):
    def script(request, number):
        if request["path"].endswith("/embeddings"):
            return vectors(request)
        return Answer(completion(json.dumps(judgement))) if "response_format" in request["body"] else Answer()

    return script


def llm(server):
    return LLMFactory.create(provider="local", model_name=MODEL, api_key="key", base_url=server.url)


def embedding(server):
    return EmbeddingProviderFactory.create({"type": "openai", "model": "vectors", "base_url": server.url},
                                           key_pool=SmartKeyPool.from_single_key("key"))


def conversation(*said, context="Ferns want shade."):
    roles = [Role.USER, Role.ASSISTANT]
    entries = [ConversationEntry(role=roles[i % 2], content=text) for i, text in enumerate(said)]
    return ConversationWithContext(conversations=entries, instruction_context=context, response_context=context)


TALK = conversation("How much water?", "Little.")


def evaluated(told):
    return {call[3]["evaluator_type"]: call for call in told if call[0] == "evaluation"}


def test_judge(monitor):
    with ChatServer(judging()) as server:
        judge = ConversationJudge(llm(server), embedding(server), monitor=monitor)
        row = asyncio.run(judge.aevaluate_row(TALK))
        told, lines = check(monitor)
    names = {"CoherenceEvaluator", "FactualityEvaluator", "GroundingEvaluator", "HelpfulnessEvaluator", "RelevanceEvaluator",
             "ConversationJudge"}
    assert evaluated(told).keys() == names
    scores = {line["metric"]: line["value"] for line in lines if line.get("evaluator_type") == "ConversationJudge"}
    assert scores["evaluation_score_overall"] == row.final_score
    assert {"evaluation_score_coherence", "evaluation_score_factuality", "evaluation_score_grounding",
            "evaluation_score_helpfulness", "evaluation_score_relevance"} <= scores.keys()
    assert [line["value"] for line in lines if line["metric"] == "evaluation_score_factuality"] == [0.75] * 2
    usage = monitor.get_total_token_usage()  # of the two that ask a model
    assert [model.model_name for model in usage.by_model] == [MODEL] and usage.total_tokens == 2 * sum(USAGE)


@pytest.mark.parametrize("talk", [conversation(), conversation(context=None), conversation("How much water?")])
@pytest.mark.parametrize("name", [*OF_VECTORS, *OF_MODEL])
def test_too_little_to_evaluate(monitor, name, talk):
    with ChatServer(judging()) as server:
        made = OF_VECTORS[name](embedding(server), monitor=monitor) if name in OF_VECTORS else OF_MODEL[name](llm(server),
                                                                                                         monitor=monitor)
        asyncio.run(made.aevaluate(talk))
        _, lines = check(monitor)
    assert [line["metric"] for line in lines][:2] == ["evaluation_time", f"evaluation_score_{name}"]


@pytest.mark.parametrize("name", OF_VECTORS)
def test_no_vectors(monitor, name):
    with ChatServer(lambda request, number: failing(500)) as server:
        with pytest.raises(Exception, match="status 500"):
            asyncio.run(OF_VECTORS[name](embedding(server), monitor=monitor).aevaluate(TALK))
        told, lines = check(monitor)
    assert [call[2] for call in told] == [False]
    errors = [line for line in lines if line["metric"] == "evaluation_error_rate"]
    assert [(line["value"], line["error_type"]) for line in errors] == [(1.0, "Exception")]


@pytest.mark.parametrize("judgement", [{"scores": [7.0]}, {"odd": 1}])
@pytest.mark.parametrize("name", OF_MODEL)
def test_model_that_judges_badly(monitor, name, judgement):
    """The evaluator gives up after three tries, and takes a score of its own."""
    with ChatServer(judging(judgement)) as server:
        asyncio.run(OF_MODEL[name](llm(server), monitor=monitor).aevaluate(TALK))
        told, lines = check(monitor)
    assert len(server.requests) == 3 and [call[2] for call in told] == [True]
    assert [line["value"] for line in lines if line["metric"].startswith("evaluation_score_")] == [
        0.5 if name == "factuality" else 0.0]


@pytest.mark.parametrize("name", OF_MODEL)
def test_conversation_that_is_none(monitor, name):
    with ChatServer(judging()) as server:
        with pytest.raises(AttributeError):
            asyncio.run(OF_MODEL[name](llm(server), monitor=monitor).aevaluate(None))
        told, _ = check(monitor)
    assert [call[2] for call in told] == [False]


def test_judge_that_fails(monitor):
    with ChatServer(lambda request, number: failing(429)) as server:
        judge = ConversationJudge(llm(server), embedding(server), monitor=monitor)
        with pytest.raises(Exception, match="status 429"):
            asyncio.run(judge.aevaluate_row(TALK))
        told, lines = check(monitor)
    assert evaluated(told)["ConversationJudge"][2] is False
    errors = {line["evaluator_type"]: line["error_type"] for line in lines if line["metric"] == "evaluation_error_rate"
              and line["value"] == 1.0}
    assert errors["ConversationJudge"] == "RateLimitError"


def test_generator_that_improves(tmp_path, monitor):
    """The quality gate: a conversation that is judged badly is made again."""
    judged = []

    def script(request, number):
        if "response_format" in request["body"]:
            judged.append(number)
            return judging({**JUDGEMENT, "scores": [0.9 if len(judged) > 2 else 0.0]})(request, number)
        return judging()(request, number)

    with ChatServer(script) as server:
        generator = ConversationGenerator(
            "You are a gardener.", **local(server), monitor=monitor, correspondent_prompt="You ask about plants.",
            instruction_generator_callback=Instructions(), storage=JSONLStorage(tmp_path / "conversations.jsonl"),
            auto_improve=True, embedding_provider=embedding(server))
        asyncio.run(generator.generate(num_dialogs=1, max_turns=1, max_concurrency=1))
        told, _ = check(monitor)
    assert operations(told).count("conversation_generation") == 2
    judges = [call for call in told if call[0] == "evaluation" and call[3]["evaluator_type"] == "ConversationJudge"]
    assert len(judges) == 2 and judges[0][3]["scores"]["overall"] < judges[1][3]["scores"]["overall"]
