"""Exact intervals and Fisher's test against R."""

from __future__ import annotations

import numpy as np
import pytest

from cartanalysis import exact
from cartanalysis.errors import CannotCompute


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
