"""A monitor that notes what it is told, and the check that the files of its run hold exactly that, call by call."""
import json
import math
import pathlib
import sys

import afmon
import places

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
import chat_server  # noqa: E402

TOKENS = ("prompt_token_count", "completion_token_count", "total_token_count")
# Those keywords of a tracked generation that are metrics of their own, not metadata of every sample.
# What of the errors that the tests bring about came from the API, and the operations that repeat another call's error.
API_ERRORS = {"APIConnectionError", "APITimeoutError", "ConnectError", "InternalServerError", "NotFoundError",
              "RateLimitError", "RemoteProtocolError", "TimeoutError"}
ITEMS = {"conversation_generation", "structured_generation", "opensimula.task.single_qa_generate",
         "opensimula.task.mcq_generate"}
OWN = {*TOKENS, "conversation_length", "model_name", "finish_reason", "error", "error_type", "http_status", "metadata"}
USAGE = (21, 7)  # tokens of each answer of the server


def _handled(kwargs, counted):
    """What the exception tells whose text, or which itself, the generator hands over while it handles it: its type, and the
    tokens of an answer that was cut short, once."""
    error = sys.exc_info()[1]
    if error is None or kwargs.get("error") not in (error, str(error)):
        return {}
    known = {}
    if "error_type" not in kwargs and "error_type" not in kwargs.get("metadata", {}):
        known["error_type"] = type(error).__name__
    usage = getattr(getattr(error, "completion", None), "usage", None)
    if usage is not None and not any(error is other for other in counted):
        counted.append(error)
        known |= {name: getattr(usage, name.replace("_count", "s")) for name in TOKENS if kwargs.get(name) is None}
    return known


class Noting(afmon.GenerationMonitor):
    """Notes what it is told, and from where, and passes it on."""

    def __init__(self, folder):
        self.told = []
        self.logged = []
        self._counted = []
        super().__init__(folder, metrics_interval=0)

    def track_generation(self, duration, success, **kwargs):
        places.note(2)
        self.told.append(("generation", duration, success, {**kwargs, **_handled(kwargs, self._counted)}))
        super().track_generation(duration, success, **kwargs)

    def track_evaluation(self, duration, success, evaluator_type, scores, **kwargs):
        places.note(2)
        self.told.append(("evaluation", duration, success, {"evaluator_type": evaluator_type, "scores": dict(scores), **kwargs}))
        super().track_evaluation(duration, success, evaluator_type, scores, **kwargs)

    def record_metric(self, metric_name, value, metadata=None):
        places.note(2)
        self.told.append(("metric", metric_name, value, metadata or {}))
        super().record_metric(metric_name, value, metadata)

    def log_info(self, message, **data):
        places.note(2)
        self.logged.append(("info", message, data))
        super().log_info(message, **data)

    def log_warning(self, message, **data):
        places.note(2)
        self.logged.append(("warning", message, data))
        super().log_warning(message, **data)

    def log_error(self, message, error=None, **data):
        places.note(2)
        self.logged.append(("error", message, data | ({} if error is None else {"error": str(error)})))
        super().log_error(message, error, **data)

    def get_metrics(self, *arguments, **kwargs):
        places.note(2)
        return super().get_metrics(*arguments, **kwargs)

    def get_total_token_usage(self, *arguments, **kwargs):
        places.note(2)
        return super().get_total_token_usage(*arguments, **kwargs)

    def visualize_metrics(self, *arguments, **kwargs):
        places.note(2)
        return super().visualize_metrics(*arguments, **kwargs)


def _tokens(told):
    return [(name, float(told[name])) for name in TOKENS if told.get(name) is not None]


def _generation(duration, success, told):
    metadata = {key: value for key, value in told.items() if key not in OWN} | told.get("metadata", {})
    error_type = told.get("error_type") or metadata.get("error_type")
    samples = [("generation_time", duration), ("success_rate", float(success)), ("error_rate", float(bool(told.get("error"))))]
    samples += _tokens(told)
    if told.get("conversation_length") is not None:
        samples.append(("conversation_length", float(told["conversation_length"])))
    samples += [(f"{metric}:{told[name]}", 1.0) for metric, name in (("model_usage", "model_name"),
                ("finish_reason", "finish_reason")) if told.get(name) is not None]
    from_api = error_type in API_ERRORS or str(told.get("error")).startswith("Error code: ")
    if not success and from_api and metadata.get("operation") not in ITEMS:
        samples.append(("api_errors", 1.0))
    if told.get("model_name") is not None:
        metadata = {"model_name": told["model_name"]} | metadata
    failure = {"error": str(told["error"])} if told.get("error") else {}
    return [(metric, value, (failure if metric == "error_rate" else {}) | metadata) for metric, value in samples]


def _evaluation(duration, success, told):
    model = {"model_name": told["model_name"]} if told.get("model_name") is not None else {}
    evaluator = model | {"evaluator_type": told["evaluator_type"]}
    yield "evaluation_time", duration, evaluator | {"success": success}
    for name, score in told["scores"].items():
        yield f"evaluation_score_{getattr(name, 'value', name)}", score, evaluator
    yield "evaluation_error_rate", float(bool(told.get("error"))), evaluator | (
        {"error": str(told["error"])} if told.get("error") else {})
    for metric, value in _tokens(told):
        yield metric, value, model


def samples_of(call):
    """What a call must have left behind: metric, value, and metadata that the sample has."""
    kind, *values = call
    if kind == "metric":
        return [tuple(values)]
    return list((_generation if kind == "generation" else _evaluation)(*values))


def _same(line, metric, value, metadata):
    return (line["metric"] == metric and math.isclose(line["value"], value, rel_tol=0, abs_tol=0)
            and metadata.items() <= line.items())


def check(monitor):
    """Every call's samples are in the file, with its metadata, and nothing else is; so are the log records. Returns the
    calls and the lines."""
    report = monitor.shutdown()
    assert report["drained"] and sum(report["dropped"].values()) == 0
    lines = [json.loads(line) for line in (monitor.log_dir / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    left = list(lines)
    for call in monitor.told:
        for sample in samples_of(call):
            found = [line for line in left if _same(line, *sample)]
            assert found, sample
            left.remove(found[0])
    assert left == []
    _check_log(monitor)
    return monitor.told, lines


def _check_log(monitor):
    text = (monitor.log_dir / "afterimage.log").read_text(encoding="utf-8")
    records = [json.loads(line.split(" - ", 1)[1]) for line in text.splitlines()]
    assert records[0]["message"] == "Run record" and records.pop()["message"] == "Run end"
    records = records[1:]
    of_calls = {"Generation metrics": "generation", "Evaluation metrics": "evaluation"}
    for message, kind in of_calls.items():
        assert sum(record["message"] == message for record in records) == sum(call[0] == kind for call in monitor.told)
    own = [record for record in records if record["message"] not in of_calls]
    assert [(record["level"], record["message"]) for record in own] == [entry[:2] for entry in monitor.logged]
    for record, (_, _, data) in zip(own, monitor.logged):
        assert data.keys() <= record.keys()


def failures_of(lines):
    """The samples that count failed generations, without those that afterimage's generators record beside them."""
    return [line for line in lines if line["metric"] == "error_rate" and line["value"] == 1.0 and "afmon_source" not in line]


def operations(told, success=True):
    """The operations of the tracked generations, in order."""
    return [call[3]["metadata"]["operation"] for call in told if call[0] == "generation" and call[2] is success]


def local(server, **more):
    """What a generator is told of the model."""
    return {"api_key": "key", "model_name": chat_server.MODEL, "model_provider_name": "local",
            "llm_factory_kwargs": {"base_url": server.url, **more}}


def failing(status=500, body=None):
    """An answer that the client neither takes nor waits long to ask for again."""
    return chat_server.Answer(body if body is not None else {"error": {"message": f"status {status}"}}, status=status,
                              headers={"retry-after-ms": "1"})
