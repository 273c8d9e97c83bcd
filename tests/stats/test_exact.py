"""Exact intervals and Fisher's test against R."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from cartanalysis.errors import CannotCompute
from cartanalysis.stats import exact


def test_binomial_intervals_equal_r(oracle):
    for case in oracle["binomial"]:
        for confidence, key in ((0.95, "ci95"), (0.9, "ci90")):
            ours = exact.binomial_interval(int(case["events"]), int(case["n"]), confidence)
            np.testing.assert_allclose(ours, case[key], rtol=1e-9, atol=1e-15)


def test_fisher_2x2_equals_r(oracle):
    for case in oracle["fisher_2x2"]:
        ours = exact.fisher(np.reshape(case["table"], (2, 2)))
        np.testing.assert_allclose(ours.p, case["p"], rtol=1e-9)
        theirs = [float(x) for x in (case["odds"], *case["ci"])]
        np.testing.assert_allclose([ours.odds_ratio, ours.lower, ours.upper], theirs, rtol=1e-6)


def test_fisher_rxc_equals_r(oracle):
    for case in oracle["fisher_rxc"]:
        table = np.reshape(case["table"], (int(case["rows"]), -1))
        np.testing.assert_allclose(exact.fisher(table).p, case["p"], rtol=1e-6)
        np.testing.assert_allclose(exact.fisher(table.T).p, case["p"], rtol=1e-6)


def test_fisher_ignores_empty_rows():
    assert exact.fisher([[3, 1], [0, 0], [1, 4]]) == exact.fisher([[3, 1], [1, 4]])


@pytest.mark.parametrize("table", [[[3, 2]], [[3, 0], [4, 0]], [[0, 0], [0, 0]]])
def test_fisher_needs_two_groups_and_outcomes(table):
    with pytest.raises(CannotCompute, match="at least two groups"):
        exact.fisher(table)


def test_fisher_refuses_what_it_cannot_enumerate():
    with pytest.raises(CannotCompute, match="too many"):
        exact.fisher(np.full((5, 3), 400))


def test_nobody_at_risk():
    with pytest.raises(CannotCompute):
        exact.binomial_interval(0, 0)


def test_a_table_of_thousands_is_refused_before_it_takes_the_memory():
    """It took 600 MB to say that there are too many arrangements."""
    tracemalloc.start()
    for table in (
        [[1400, 300, 300], [600, 200, 200], [600, 100, 600]],
        [[11200, 2400], [2400, 600], [2800, 600]],
    ):
        with pytest.raises(CannotCompute, match="too many arrangements"):
            exact.fisher(table)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6


def test_fillings_are_counted_as_they_are_written_down():
    rng = np.random.default_rng(3)
    for _ in range(100):
        left = rng.integers(0, 9, rng.integers(2, 6))
        total = int(rng.integers(0, left.sum() + 1))
        assert exact._number_of_fillings(left, total) == len(exact._fillings(left, total))
