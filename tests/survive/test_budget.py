"""No run of `afmon generate --max-cost` passes its limit: a short form of budget.py."""

import asyncio
import os

import budget

RUNS = 2 if os.environ.get("AFMON_TEST_SHORT") == "1" else 5


def test_no_run_passes_its_limit(tmp_path):
    counts = dict.fromkeys(["runs", "processes", "requests", "killed", "share"], 0)
    for seed in range(RUNS):
        assert asyncio.run(budget.play(seed, tmp_path, counts)) is None
    assert counts["runs"] == RUNS and counts["requests"] > 0
