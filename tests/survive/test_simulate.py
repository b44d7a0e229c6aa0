"""Each stage of the items of a run is what their makers' own ledger says: a short form of simulate.py, without the families
that are kept for the final count."""

import os

import pytest

import simulate

RUNS = 1 if os.environ.get("AFMON_TEST_SHORT") == "1" else 3


FAMILIES = [family for family in simulate.FAMILIES if not family.kept]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name.replace(" ", "-"))
def test_counts_are_those_of_the_ledger(tmp_path, family):
    counts = simulate.Counts()
    for seed in range(0, 2 * RUNS, 2):
        simulate.play(family, seed, tmp_path, counts)
    assert counts.runs == RUNS and counts.figures > 0
