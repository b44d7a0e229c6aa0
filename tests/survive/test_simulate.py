"""Each stage of the items of a run is what their makers' own ledger says: a short form of simulate.py."""

import os

import pytest

import simulate

RUNS = 1 if os.environ.get("AFMON_TEST_SHORT") == "1" else 3


@pytest.mark.parametrize("family", simulate.FAMILIES, ids=lambda family: family.name.replace(" ", "-"))
def test_counts_are_those_of_the_ledger(tmp_path, family):
    counts = simulate.Counts()
    for seed in range(RUNS):
        simulate.play(family, seed, tmp_path, counts)
    assert counts.runs == RUNS and counts.figures > 0
