"""Draws under rare conditions against cases that can be counted out."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from cartanalysis.stats.rare import Layout, OutOfReachError, sample

DICE, FACES, SUM = 6, 6, 34
"""Six dice of which the sum is 34: 21 of 46,656 throws."""


def throws(points: np.ndarray) -> np.ndarray:
    return np.floor(points[:, 1:] * FACES).astype(int) + 1


def test_dice_of_a_rare_sum_are_drawn_as_often_as_counting_says():
    possible = [t for t in itertools.product(range(1, 7), repeat=DICE) if sum(t) == SUM]
    assert len(possible) == 21
    drawn = sample(
        lambda points: np.abs(throws(points).sum(axis=1) - SUM).astype(float),
        Layout(shared=1, features=1, members=DICE), 4000, np.random.default_rng(1), sweeps=200,
    )  # fmt: skip
    found = Counter(map(tuple, throws(drawn.points)))
    assert set(found) == set(possible)
    expected = [len(drawn.points) / len(possible)] * len(possible)
    # drawn together, not one by one: the critical value of a wide level
    assert stats.chisquare([found[t] for t in possible], expected).pvalue > 1e-4
    assert drawn.log10_share == pytest.approx(np.log10(21 / 6**6), abs=0.15)
    shared = drawn.points[:, 0]  # nothing is asked of it: it stays even
    assert stats.kstest(shared, "uniform").pvalue > 1e-4


def test_the_same_seed_gives_the_same_points():
    def run():
        def short(points):
            return np.maximum(0.0, 4.5 - points[:, 1:].sum(axis=1))

        return sample(short, Layout(1, 1, 5), 100, np.random.default_rng(7), sweeps=5).points

    np.testing.assert_array_equal(run(), run())
    assert (run()[:, 1:].sum(axis=1) >= 4.5).all()


def test_conditions_that_cannot_be_met_are_told():
    with pytest.raises(OutOfReachError, match="no point comes nearer"):
        sample(
            lambda points: np.full(len(points), 2.0),
            Layout(1, 1, 3), 50, np.random.default_rng(1), sweeps=5,
        )  # fmt: skip
