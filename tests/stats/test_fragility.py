"""How many events carry a log-rank test, counted out one by one."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from lifelines.statistics import logrank_test

from cartanalysis.stats.fragility import events_to_lose


def p_of(time, event, exposed) -> float:
    """Lifelines' test."""
    return float(
        logrank_test(
            time[exposed], time[~exposed], event[exposed], event[~exposed]
        ).p_value
    )  # fmt: skip


@pytest.fixture
def cohort():
    """Ten patients a side, the exposed dying early."""
    rng = np.random.default_rng(4)
    exposed = np.arange(20) < 10
    time = np.round(rng.exponential(np.where(exposed, 60, 300)) + 1)
    event = np.ones(20, dtype=bool)
    event[[3, 15, 18]] = False
    return time, event, exposed


def test_no_smaller_number_of_events_is_enough(cohort):
    time, event, exposed = cohort
    assert p_of(time, event, exposed) < 0.05
    found = events_to_lose(time, event, exposed)
    deaths = np.flatnonzero(event & exposed)
    for size in range(found + 1):
        loses = False
        for lost in combinations(deaths, size):
            without = event.copy()
            without[list(lost)] = False
            loses |= p_of(time, without, exposed) >= 0.05
        assert loses == (size == found), size
    assert found >= 2


def test_the_worse_group_loses_events_whichever_it_is(cohort):
    time, event, exposed = cohort
    assert events_to_lose(time, event, ~exposed) == events_to_lose(time, event, exposed)


def test_what_is_not_significant_has_nothing_to_lose(cohort):
    time, event, _ = cohort
    assert events_to_lose(time, event, np.arange(20) % 2 == 0) == 0
