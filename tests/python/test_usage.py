"""What a call used and cost, from the usage objects of many providers, against a recount in decimals."""
import decimal
import json
import pathlib
import random
import sys
import types

import afmon
import pytest

sys.path.append(str(pathlib.Path(__file__).parents[1] / "e2e"))
import usage_shapes  # noqa: E402

PRICES = {
    "plain": {"input": "0.15", "output": "0.6"},
    "cached": {"input": "2.5", "output": "10", "cached_input": "1.25"},
    "all": {"input": "3", "output": "15", "cached_input": "0.3", "cache_write": "3.75", "reasoning": "17.5"},
}


def as_object(value):
    """As SDKs have them."""
    if isinstance(value, dict) and all(name.isidentifier() for name in value):
        return types.SimpleNamespace(**{name: as_object(inner) for name, inner in value.items()})
    return value


def test_money_equals_a_recount_in_decimals(folder):
    prices = folder.parent / "prices.json"
    prices.write_text(json.dumps({model: {kind: float(dollars) for kind, dollars in price.items()}
                                  for model, price in PRICES.items()}))
    source, wanted, seen = random.Random(18), dict.fromkeys(PRICES, decimal.Decimal(0)), set()
    with afmon.GenerationMonitor(folder, prices=prices) as monitor:
        for number in range(3000):
            shape, usage, used = usage_shapes.made(source)
            model = source.choice(list(PRICES))
            with monitor.track(model_name=model, number=number) as call:
                call.answer({"usage": as_object(usage) if source.random() < 0.5 else usage})
            seen.add(shape)
            cost = used.cost(PRICES[model])
            wanted[model] += cost
            told = afmon._afmon.usage_of(usage)
            assert (told[0], told[1]) == (used.prompt, used.completion), (shape, usage, used)
        recorded = monitor.get_metrics("cost_usd")
        assert recorded["count"] == 3000
    assert seen == {shape.__name__ for shape in usage_shapes.SHAPES}
    summary = afmon.open_run(folder).summary()
    half = decimal.Decimal("0.0000005")
    assert abs(decimal.Decimal(summary["cost"]["total_usd"]) - sum(wanted.values())) < half
    for model in summary["models"]:
        assert abs(decimal.Decimal(model["cost_usd"]) - wanted[model["model"]]) < half, model


@pytest.mark.parametrize("usage, cost", [
    ({"prompt_tokens": 9, "completion_tokens": 1, "cost": 0.0125, "is_byok": False,
      "cost_details": {"upstream_inference_cost": 0.0125}}, 0.0125),
    ({"prompt_tokens": 9, "completion_tokens": 1, "cost": 0.0005, "is_byok": True,
      "cost_details": {"upstream_inference_cost": 0.01}}, 0.0105),
    ({"prompt_tokens": 9, "completion_tokens": 1, "cost": {"total_cost": 0.006}}, 0.006),
    ({"prompt_tokens": 9, "completion_tokens": 1, "cost_in_usd_ticks": 318319000}, 0.0318319),
    ({"prompt_tokens": 9, "completion_tokens": 1, "cost": "0.5"}, 0.5),
    ({"prompt_tokens": 9, "completion_tokens": 1, "cost": 0}, 0.0),
    ({"prompt_tokens": 9, "completion_tokens": 1, "cost": None}, None),
    ({"prompt_tokens": 9, "completion_tokens": 1, "cost": -3}, None),
    ({"cost": 5}, None),
])
def test_a_cost_that_the_provider_tells_is_taken(monitor, usage, cost):
    with monitor.track(model_name="m") as call:
        call.answer({"usage": usage})
    told = monitor.get_metrics("cost_usd")
    assert (told["count"], told["mean"]) == ((0, 0.0) if cost is None else (1, pytest.approx(cost)))


@pytest.mark.parametrize("usage, told", [
    ({"promptTokenCount": 5, "thoughtsTokenCount": 50, "totalTokenCount": 55}, [5, 50, 55, None, None, 50, None]),
    ({"promptTokenCount": 5, "totalTokenCount": 5}, [5, None, 5, None, None, None, None]),
    ({"prompt_tokens": 33, "completion_tokens": 7163, "total_tokens": 7196, "reasoning_tokens": 95305},
     [33, 102468, 7196, None, None, 95305, None]),
    ({"input_tokens": 900, "output_tokens": 7, "total_tokens": 907, "cache_read_input_tokens": 800},
     [900, 7, 907, 800, None, None, None]),
    ({"input_tokens": 3, "output_tokens": 7, "total_tokens": 10, "cache_read_input_tokens": 800},
     [803, 7, 10, 800, None, None, None]),
    ({"prompt_tokens": True, "completion_tokens": -1, "total_tokens": float("nan")}, [None] * 7),
    ({"prompt_tokens": "0x10", "completion_tokens": "seven", "total_tokens": 10**400}, [None] * 7),
    ({"prompt_tokens": [3], "completion_tokens": {"a": 1}, "prompt_tokens_details": "x"}, [None] * 7),
    ({"total_tokens": 12}, [None, None, 12, None, None, None, None]),
    ({}, [None] * 7), (None, [None] * 7), (3, [None] * 7), ("usage", [None] * 7),
])
def test_what_is_not_said_is_not_zero(usage, told):
    assert afmon._afmon.usage_of(usage) == told


def test_an_object_that_raises_tells_nothing():
    class Odd:
        def __getattr__(self, name):
            raise RuntimeError(name)

    assert afmon._afmon.usage_of(Odd()) == [None] * 7

    class Interrupted:
        def __getattr__(self, name):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        afmon._afmon.usage_of(Interrupted())


def test_a_stream_that_tells_piece_by_piece(monitor):
    """Anthropic's: the prompt with the first event, what was generated with the last."""
    events = [{"type": "message_start", "message": {"model": "m", "usage": {
        "input_tokens": 10, "cache_read_input_tokens": 90, "cache_creation_input_tokens": 0, "output_tokens": 1}}},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "So."}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 44}}]
    call = monitor.track().begin()
    assert list(call.stream(iter(events))) == events
    values = {name: monitor.get_metrics(f"{name}_token_count")["mean"] for name in ("prompt", "completion", "total", "cached")}
    assert values == {"prompt": 100.0, "completion": 44.0, "total": 144.0, "cached": 90.0}


def test_an_error_that_carries_a_usage_has_all_of_it(monitor):
    error = ValueError("no JSON")
    error.usage = {"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 5}
    monitor.track_generation(0.5, False, error=error)
    values = {name: monitor.get_metrics(f"{name}_token_count")["mean"] for name in ("prompt", "completion", "cached")}
    assert values == {"prompt": 100.0, "completion": 5.0, "cached": 90.0}
