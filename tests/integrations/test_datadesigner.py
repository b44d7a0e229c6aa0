"""afmon.integrations.datadesigner: 500 calls of its client, and a data set whose column makes a call a row."""
import concurrent.futures
import contextlib
import os

os.environ["NEMO_TELEMETRY_ENABLED"] = "false"

import afmon
import data_designer.config as dd
import pandas
from afmon.integrations.datadesigner import subscribe
from counts import compare
from data_designer.engine.models.clients.adapters.http_model_client import ClientConcurrencyMode
from data_designer.engine.models.clients.errors import ProviderError
from data_designer.engine.models.utils import ChatMessage
from data_designer.interface import DataDesigner
from scripted import CALLS, COMPLETION, MODEL, PROMPT, plan


def designer(server, folder):
    provider = dd.ModelProvider(name="scripted", endpoint=server.url, provider_type="openai", api_key="k")
    made = DataDesigner(artifact_path=folder / "artifacts", model_providers=[provider])
    made.set_run_config(dd.RunConfig(disable_early_shutdown=True, request_admission=dd.RequestAdmissionTuningConfig(cooldown_seconds=0.01)))
    return made


def rows(numbers):
    model = dd.ModelConfig(alias="m", model=MODEL, provider="scripted", skip_health_check=True,
                           inference_parameters=dd.ChatCompletionInferenceParams(max_parallel_requests=8))
    builder = dd.DataDesignerConfigBuilder(model_configs=[model])
    builder.with_seed_dataset(dd.DataFrameSeedSource(df=pandas.DataFrame({"n": numbers})))
    builder.add_column(dd.LLMTextColumnConfig(name="answer", model_alias="m", prompt="call {{ n }}"))
    return builder


def compare_requests(folder, log):
    compare(folder, log, calls=len(log), retries="calls", streamed=[], told=lambda outcome: outcome if outcome == 429 else "hang up")
    run = afmon.open_run(folder)
    times = run.samples("generation_time")
    assert {(line["operation"], line["model_name"]) for line in times} == {("answer_generation", MODEL)}
    good = sum(entry["outcome"] == "ok" for entry in log)
    assert run.get_total_token_usage().total_tokens == good * (PROMPT + COMPLETION)


def test_calls(server, tmp_path):
    with afmon.GenerationMonitor(tmp_path / "run", metrics_interval=0) as monitor:
        subscribe(monitor, operation="answer_generation")
        provider = designer(server, tmp_path)._create_resource_provider("dev", rows([0]), client_concurrency_mode=ClientConcurrencyMode.SYNC)
        model = provider.model_registry.get_model(model_alias="m")

        def call(number):
            with contextlib.suppress(ProviderError):
                model.completion([ChatMessage.as_user(f"call {number}")])

        with concurrent.futures.ThreadPoolExecutor(100) as pool:
            list(pool.map(call, range(CALLS)))
    assert len({entry["number"] for entry in server.log}) == CALLS
    compare_requests(tmp_path / "run", server.log)


def test_rows(server, tmp_path):
    """A column asks again minutes after a failure: of rows that have none. What comes after the end is not recorded."""
    fine = [number for number in range(CALLS) if plan(number) == ("ok",)]
    with afmon.GenerationMonitor(tmp_path / "run", metrics_interval=0) as monitor:
        stop = subscribe(monitor, operation="answer_generation")
        done = designer(server, tmp_path).create(rows(fine), num_records=len(fine))
        stop()
        designer(server, tmp_path).preview(rows(fine[:1]), num_records=1)
    assert list(done.load_dataset()["answer"]) == ["Once a week."] * len(fine) and len(server.log) == len(fine) + 1
    compare_requests(tmp_path / "run", server.log[:-1])
