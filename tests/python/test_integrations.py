"""afmon.integrations without the tools: they are imported, small, and work with what is shaped like the tool."""
import asyncio
import datetime
import importlib
import inspect
import pathlib
import sys
from types import SimpleNamespace

import pytest
from afmon import integrations
from conftest import lines_of

NAMES = sorted(path.stem for path in pathlib.Path(integrations.__file__).parent.glob("[!_]*.py"))
MOST_LINES = 60
TOOLS = {"datadesigner": "data_designer", "langchain": "langchain_core", "litellm": "litellm"}


@pytest.fixture(autouse=True)
def no_tools(monkeypatch):
    for tool in (*TOOLS.values(), "distilabel", "openai"):
        for name in [name for name in sys.modules if name.split(".")[0] == tool]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, tool, None)  # an ImportError


@pytest.mark.parametrize("name", NAMES)
def test_it_is_imported_without_the_tool(name, monitor):
    module = importlib.import_module(f"afmon.integrations.{name}")
    assert len(inspect.getsource(module).splitlines()) <= MOST_LINES and "Not seen" in module.__doc__
    offered = [value for key, value in vars(module).items() if (inspect.isfunction(value) or inspect.isclass(value))
               and not key.startswith("_") and value.__module__ == module.__name__]
    assert all(value.__doc__ for value in offered) and len(offered) == 1
    if name in TOOLS:
        with pytest.raises(ImportError, match=TOOLS[name]):
            offered[0](monitor)


class Transport:
    """Answers with these statuses in turn; None: the connection breaks."""

    def __init__(self, *statuses):
        self.statuses = list(statuses)

    def handle_request(self, request):
        status = self.statuses.pop(0)
        if status is None:
            raise ConnectionError("gone")
        return SimpleNamespace(status_code=status)


class Client:
    """What openai.OpenAI is made of, as far as wrap() needs it."""

    def __init__(self, transport):
        self._client = SimpleNamespace(_transport=transport, _mounts={"all://": None})

    def copy(self):
        return Client(self._client._transport)

    def request(self, cast_to, options):
        while True:
            try:
                status = self._client._transport.handle_request(options).status_code
            except ConnectionError:
                continue
            if status == 200:
                return self.answer(options)
            if status == 400:
                raise ValueError("bad")

    def answer(self, options):
        if not options.json_data.get("stream"):
            return {"model": "m", "usage": {"prompt_tokens": 21, "completion_tokens": 7}}
        chunks = ({"choices": [{"delta": {"content": word}}]} for word in ("", "Once", "more"))
        return SimpleNamespace(_iterator=chunks, response=SimpleNamespace(close=lambda: None))


def options(url="/chat/completions", **data):
    return SimpleNamespace(method="post", url=url, json_data={"model": "asked", **data})


def test_distilabel(monitor, folder):
    from afmon.integrations.distilabel import Monitored

    class Plain:
        model_name = "m"

        async def agenerate(self, input, num_generations=1, temperature: float = 1.0):
            """Asks."""
            if temperature > 1:
                raise TimeoutError("late")
            return {"generations": ["x"], "statistics": {"input_tokens": [21], "output_tokens": [3, 4]}}

        def dump(self):
            return {"type_info": {"module": type(self).__module__, "name": type(self).__name__}}

    class Ours(Monitored, Plain):
        pass

    llm = Ours().monitored_by(monitor, operation="ask")
    assert inspect.signature(llm.agenerate) == inspect.signature(Plain().agenerate) and llm.dump() == Plain().dump()
    assert asyncio.run(llm.agenerate("x")) == asyncio.run(Ours().agenerate("x"))
    with pytest.raises(TimeoutError):
        asyncio.run(llm.agenerate("x", temperature=2))
    monitor.flush()
    found = {(line["metric"], line["value"], line.get("error_type")) for line in lines_of(folder) if line["operation"] == "ask"}
    assert {("success_rate", 1.0, None), ("error_rate", 1.0, "TimeoutError"), ("total_token_count", 28.0, None)} <= found


def test_openai(monitor, folder):
    from afmon.integrations.openai import wrap
    client = wrap(Client(Transport(429, None, 503, 307, 200, 200, 400, 200, 200)), monitor, operation="ask")
    assert client.request(None, options())["model"] == "m"
    assert client.request(None, options("/embeddings"))
    with pytest.raises(ValueError):
        client.copy().request(None, options("/responses"))
    stream = client.request(None, options(stream=True))
    assert len(list(stream._iterator)) == 3
    stream = client.request(None, options(stream=True))
    next(stream._iterator)
    stream.response.close()
    monitor.flush()
    lines = lines_of(folder)
    of = lambda name: [line for line in lines if line["metric"] == name]
    assert [line["value"] for line in of("success_rate")] == [1, 0, 1, 1]
    assert [(line.get("status"), line["error_type"]) for line in of("api_errors") if line.get("retried")] == [
        (429, "RateLimitError"), (None, "APIConnectionError"), (503, "InternalServerError")]
    assert [line.get("retries") for line in of("generation_time")] == [3, None, None, None]
    assert {line["model_name"] for line in of("generation_time")} == {"asked"} and len(of("time_to_first_token")) == 1
    assert [line["value"] for line in of("prompt_token_count")] == [21]


@pytest.mark.parametrize("told, cost", [
    ({"response_cost": 0.0125}, 0.0125), ({"response_cost": None}, None), ({}, None), ({"response_cost": 0.0}, None),
    ({"response_cost": 0.0, "cache_hit": True}, 0.0),
    ({"response_cost": 0.5, "stream": True}, None),  # an estimate
    ({"response_cost": 0.5, "stream": True, "optional_params": {"stream_options": {"include_usage": True}}}, 0.5),
])
def test_litellm_hands_over_what_a_call_cost(monitor, monkeypatch, told, cost):
    for name in ("litellm", "litellm.integrations"):
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(__path__=[]))
    monkeypatch.setitem(sys.modules, "litellm.integrations.custom_logger", SimpleNamespace(CustomLogger=type("CustomLogger", (), {})))
    logger = importlib.import_module("afmon.integrations.litellm").logger(monitor)
    began = datetime.datetime(2026, 11, 30)
    logger.log_success_event({"model": "m", **told}, {"usage": {"prompt_tokens": 9, "completion_tokens": 1}}, began,
                             began + datetime.timedelta(seconds=1))
    assert monitor.get_metrics("generation_time")["count"] == 1
    seen = monitor.get_metrics("cost_usd")
    assert (seen["count"], seen["mean"]) == ((0, 0.0) if cost is None else (1, cost))
