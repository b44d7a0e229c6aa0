"""What a run came to beside the server's log."""
import collections

import afmon


def compare(folder, log, *, calls, retries=True, streamed=(), hang_up="hang up", told=lambda outcome: outcome):
    """Calls, failures, attempts, tokens and first-token times of a run are those of the server's log. `retries`: attempts that
    were made again can be seen, "calls": each is a call of its own; `streamed`: first-token times as the consumer had them,
    None: these cannot be seen; `hang_up`: the status that the tool gives a connection that broke; `told`: of other outcomes,
    what it tells in place of the status."""
    run = afmon.open_run(folder)
    summary = run.summary()
    by_call = collections.defaultdict(list)
    for place, entry in enumerate(log):
        by_call[place if retries == "calls" else entry["number"]].append(entry)
    ends = [entries[-1] for entries in by_call.values()]
    failed = [entry for entry in ends if entry["outcome"] != "ok"]
    assert len(by_call) == calls == summary["calls"]["count"]
    assert summary["calls"]["failed"] == len(failed)
    again = [entry["outcome"] for entries in by_call.values() for entry in entries[:-1]]
    api_errors = run.samples("api_errors")
    statuses = collections.Counter(sample.get("status", "hang up") for sample in api_errors)
    expected = [entry["outcome"] for entry in failed] + (again if retries else [])
    assert statuses == collections.Counter(hang_up if outcome == "hang up" else told(outcome) for outcome in expected)
    retried = [sample for sample in api_errors if sample.get("retried")]
    assert len(retried) == (len(again) if retries else 0) == summary["calls"]["retries"]
    usage = run.get_total_token_usage()
    assert usage.total_tokens == sum(entry["tokens"] for entry in log)
    without = [entry for entry in ends if entry["tokens"] == 0]
    assert summary["calls"]["without_tokens"] == len(without)
    _compare_first_tokens(run, log, streamed)


def _compare_first_tokens(run, log, streamed):
    """Not before the server sent it, not after the consumer had it: true of each, so of all in order, too."""
    sent = sorted(entry["first_token"] for entry in log if entry["first_token"] is not None)
    if streamed is None:
        assert run.samples("time_to_first_token") == []
        return
    told = sorted(sample["value"] for sample in run.samples("time_to_first_token"))
    assert len(told) == len(sent) == len(streamed)
    assert all(a <= b + 0.002 for a, b in zip(sent, told))
    assert all(a <= b for a, b in zip(told, sorted(streamed)))
