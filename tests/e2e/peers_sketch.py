"""Quantiles of the sketch against numpy, and exact sums against Python's math.fsum and fractions.

The program tool_sketch of tests/unit is looked for (below AFMON_TOOLS, else build/).
"""

import fractions
import math
import os
import pathlib
import subprocess

import numpy
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = pathlib.Path(os.environ.get("AFMON_TOOLS", ROOT / "build"))
QUANTILES = numpy.array([0, 0.001, 0.05, 0.1, 0.25, 1 / 3, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1])
EXACT_MAX = 4096
WIDTH = 0.002  # what is promised beyond


def run_tool(arguments, lines):
    tool = next(path for path in TOOLS.rglob("tool_sketch") if path.is_file())
    done = subprocess.run(
        [tool, *map(str, arguments)], input=("\n".join(lines) + "\n").encode(), stdout=subprocess.PIPE, check=True, timeout=300
    )
    answers = done.stdout.decode("ascii").splitlines()
    assert len(answers) == len(lines)
    return [numpy.array([int(bits, 16) for bits in answer.split()], dtype=numpy.uint64).view(float) for answer in answers]


def as_bits(values):
    return " ".join(f"{bits:016x}" for bits in numpy.ascontiguousarray(values, dtype=float).view(numpy.uint64).tolist())


def quantiles(rows, exact_max=EXACT_MAX, sketches=1):
    """Of each row, and how far they may be off."""
    asked = as_bits(QUANTILES)
    answers = run_tool(["quantiles", exact_max, sketches], [f"{asked},{as_bits(row)}" for row in rows])
    return [(answer[:-1], answer[-1]) for answer in answers]


KINDS = {
    "uniform": lambda rng, n: rng.random(n),
    "lognormal": lambda rng, n: rng.lognormal(0, 2, n),
    "constant": lambda rng, n: numpy.full(n, 0.1),
    "negative": lambda rng, n: -rng.lognormal(0, 1, n),
    "both signs": lambda rng, n: rng.normal(0, 1000, n),
    "whole": lambda rng, n: rng.integers(-50, 5000, n).astype(float),
    "subnormal": lambda rng, n: rng.integers(1, 1 << 50, n).astype(numpy.uint64).view(float),
    "huge": lambda rng, n: rng.uniform(-1, 1, n) * 1.7e308,
    "zeros and ones": lambda rng, n: rng.integers(0, 2, n).astype(float),
    "outlier": lambda rng, n: numpy.where(numpy.arange(n) == n // 2, 100.7, 1.03),
}


def assert_equal(found, row):
    with numpy.errstate(over="ignore", invalid="ignore"):
        expected = numpy.quantile(row, QUANTILES)
    # Between huge values of opposite signs numpy's difference is beyond a double, and ours is not.
    same = numpy.isfinite(expected)
    assert numpy.array_equal(found[same], expected[same])
    assert numpy.isfinite(found).all()


@pytest.mark.parametrize("kind", KINDS)
def test_up_to_4096_values_are_where_numpy_puts_them(kind):
    rng = numpy.random.default_rng(sum(map(ord, kind)))
    counts = [*range(1, 101), *rng.integers(101, EXACT_MAX, 40).tolist(), EXACT_MAX - 1, EXACT_MAX]
    rows = [KINDS[kind](rng, count) for count in counts]
    for sketches in (1, 5):
        for row, (found, error) in zip(rows, quantiles(rows, sketches=sketches)):
            assert error == 0
            assert_equal(found, row)


@pytest.mark.parametrize("exact_max", [0, 64, EXACT_MAX])
@pytest.mark.parametrize("count", [5, 20, 30, 100])
def test_a_lone_outlier_is_where_numpy_puts_it(count, exact_max):
    row = KINDS["outlier"](None, count)
    [(found, _)] = quantiles([row], exact_max)
    numpy.testing.assert_allclose(found, numpy.quantile(row, QUANTILES), rtol=1e-6)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("subnormal", "huge")])
def test_more_values_are_within_what_is_promised(kind):
    rng = numpy.random.default_rng(1 + sum(map(ord, kind)))
    rows = [KINDS[kind](rng, count) for count in (EXACT_MAX + 1, 10_000, 100_000)]
    for sketches in (1, 7):
        for row, (found, error) in zip(rows, quantiles(rows, sketches=sketches)):
            assert error == 1 / 1024
            low = numpy.quantile(row, QUANTILES, method="lower")
            high = numpy.quantile(row, QUANTILES, method="higher")
            off = numpy.abs(found - numpy.quantile(row, QUANTILES))
            assert (off <= WIDTH / 2 * numpy.maximum(numpy.abs(low), numpy.abs(high))).all()
            assert found[0] == row.min() and found[-1] == row.max()


def rounded(fraction):
    try:
        return float(fraction)
    except OverflowError:
        return math.inf if fraction > 0 else -math.inf


def test_sums_are_those_of_fsum_and_means_those_of_fractions():
    rng = numpy.random.default_rng(20261130)
    rows = [KINDS[kind](rng, count) for kind in KINDS for count in (1, 2, 3, 10, 100, 2000)]
    rows += [numpy.ldexp(rng.normal(0, 1, 50), rng.integers(-70, 70, 50)) for _ in range(200)]
    rows += [row for row in rng.permuted(numpy.tile(rows[-1], (50, 1)), axis=1)]
    answers = run_tool(["sum"], [as_bits(row) for row in rows])
    for row, (found, mean) in zip(rows, answers):
        exact = sum(map(fractions.Fraction, row.tolist()))
        assert found == rounded(exact)
        assert abs(exact) > 1e307 or found == math.fsum(row)
        expected = float(exact / len(row))
        assert abs(mean - expected) <= math.ulp(expected)
        assert row.min() <= mean <= row.max()
