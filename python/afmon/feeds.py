"""Where a run sends on what it records: OpenTelemetry, StatsD, a webhook. See docs/scale.md.

Names and defaults are those of the options in <afmon/afmon.h>. What is secret is never an argument: it stands in an
environment variable, which is named here and read when the monitor is made.
"""
from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from . import _typed

__all__ = ["OTLP", "StatsD", "Webhook"]


@dataclass(frozen=True)
class OTLP:
    """Metrics and log records over OTLP/HTTP in JSON, to ENDPOINT/v1/metrics and ENDPOINT/v1/logs.

    `headers_env` names the variable that may hold "name=value,name=value", values percent-encoded; `ca_file` the
    certificates to trust in place of the system's. `service_name` is by default that of the variable OTEL_SERVICE_NAME,
    or "afmon" where it holds none. Metrics go every `interval_s`, as totals since the start; log records
    after at most a second, of which up to `max_memory` bytes wait for a receiver that does not keep up.
    """

    endpoint: str = "http://127.0.0.1:4318"
    headers_env: str | None = "OTEL_EXPORTER_OTLP_HEADERS"
    ca_file: str | os.PathLike[str] | None = None
    service_name: str | None = None
    interval_s: float = 10.0
    timeout_s: float = 10.0
    max_memory: int = 16 << 20
    metrics: bool = True
    logs: bool = True

    def _options(self) -> tuple[Any, ...]:
        return (
            _typed.text("otlp.endpoint", self.endpoint),
            _typed.text_or_none("otlp.headers_env", self.headers_env),
            _typed.path_or_none("otlp.ca_file", self.ca_file),
            _typed.text_or_none("otlp.service_name", self.service_name),
            _typed.number("otlp.interval_s", self.interval_s),
            _typed.number("otlp.timeout_s", self.timeout_s),
            _typed.count("otlp.max_memory", self.max_memory),
            _typed.switch("otlp.metrics", self.metrics),
            _typed.switch("otlp.logs", self.logs),
        )


@dataclass(frozen=True)
class Webhook:
    """Each alert as a POST of JSON, whose "text" Slack, Mattermost and their likes show.

    A URL that is itself a secret, as Slack's are, belongs into the environment: `url_env` names the variable. So does
    `headers_env`, "name=value,name=value".
    """

    url: str | None = field(default=None, repr=False)
    url_env: str | None = None
    headers_env: str | None = None
    ca_file: str | os.PathLike[str] | None = None
    timeout_s: float = 10.0

    def _options(self) -> tuple[Any, ...]:
        if (self.url is None) == (self.url_env is None):
            raise ValueError("webhook: give either url or url_env")
        return (
            _typed.text_or_none("webhook.url", self.url),
            _typed.text_or_none("webhook.url_env", self.url_env),
            _typed.text_or_none("webhook.headers_env", self.headers_env),
            _typed.path_or_none("webhook.ca_file", self.ca_file),
            _typed.number("webhook.timeout_s", self.timeout_s),
        )


@dataclass(frozen=True)
class StatsD:
    """Each sample as a line over UDP to HOST:PORT; with `dogstatsd` with its metadata as tags."""

    address: str = "127.0.0.1:8125"
    prefix: str = "afmon."
    tags: str | None = None
    dogstatsd: bool = True
    max_packet: int = 1432

    def _options(self) -> tuple[Any, ...]:
        return (
            _typed.text("statsd.address", self.address),
            _typed.text("statsd.prefix", self.prefix),
            _typed.text_or_none("statsd.tags", self.tags),
            _typed.switch("statsd.dogstatsd", self.dogstatsd),
            _typed.count("statsd.max_packet", self.max_packet),
        )


def options_of(argument: str, given: Any, kind: type) -> tuple[Any, ...] | None:
    """What the extension takes: of None, of an object, or of a text, which is its address."""
    if given is None:
        return None
    if isinstance(given, str):
        given = kind(given)
    if not isinstance(given, kind):
        raise TypeError(f"{argument} must be a str, an afmon.{kind.__name__} or None, not {type(given).__name__}")
    options: tuple[Any, ...] = given._options()  # type: ignore[attr-defined]
    return options
