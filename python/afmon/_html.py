"""What notebooks show of runs: small tables. All text is escaped; figures are those of the summary."""
from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any


def text(value: Any) -> str:
    """A cell: numbers with commas or four digits, times without microseconds, nothing for what is not known."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1e6 else f"{value:,.0f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return html.escape(str(value))


def percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.1%}"


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table with its caption; what is none of a row's business is an empty cell."""
    cells = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{text(value)}</td>" for value in row) + "</tr>" for row in rows)
    return f"<table><caption>{html.escape(caption)}</caption><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"


def _items(found: dict[str, Any]) -> str:
    if not found["items"]:
        return ""
    return table("Items", ["kind", "finished", "accepted", "rejected", "failed", "yield", "cost (US dollars)"],
                 ([item["kind"], item["finished"], item["accepted"], item.get("rejected"), item["failed"],
                   percent(item["yield"]), item.get("cost_usd")] for item in found["items"]))


def _calls(found: dict[str, Any]) -> str:
    calls, tokens, latency = found["calls"], found["tokens"], found["calls"]["latency_s"]
    return table("Calls", ["calls", "failed", "p50 (s)", "p90 (s)", "p99 (s)", "max (s)", "tokens", "cost (US dollars)"],
                 [[calls["count"], calls["failed"], latency["p50"], latency["p90"], latency["p99"], latency["max"],
                   tokens["total_tokens"], (found.get("cost") or {}).get("total_usd")]])


def run(found: dict[str, Any]) -> str:
    """A summary: verdict and reasons, items, calls, the alerts that held."""
    about = found["about"]
    name = f"{text(about['name'])}: " if about["name"] else ""
    span = f"{text(found['duration_s'])} s from {text(found['first'])}" if found["samples"] else "no samples"
    reasons = "".join(f"<li>{text(reason['text'])}</li>" for reason in found["reasons"])
    alerts = found["alerts"]
    held = table("Alerts", ["alert", "level", "worst", "limit", "first", "held (s)"],
                 ([one["name"], one["level"], one["worst"], one["limit"], one["first"], one["held_s"]] for one in alerts)
                 ) if alerts else ""
    return (f"<div><strong>{name}{text(found['verdict'])}</strong> &middot; {span}"
            f"<ul>{reasons}</ul>{_items(found)}{_calls(found)}{held}</div>")
