"""No time on a site tells a day better than its month does."""

from __future__ import annotations

import pytest
from scipy import stats

from attacks import cohorts, exact_days, shown, sweeps

ENDS = (("os", 1), ("rfs", 1), ("os", 0))


def most(chance: float) -> float:
    """Give what luck allows above chance."""
    return float(stats.poisson.ppf(0.999, chance))


@pytest.mark.parametrize("n", cohorts.sweep(of=40))
def test_no_exact_day_beyond_chance(n, tmp_path):
    truth = cohorts.draw(3, n)
    site = shown.run(cohorts.write(truth, tmp_path / "c.csv"), exact_days.CHAPTERS)
    assert site.failed == {}
    guesses = exact_days.attack([site])
    for endpoint, event in ENDS:
        score = exact_days.score(guesses, truth, endpoint, event)
        assert score.recovered <= most(score.chance), (endpoint, event, score)


SETTINGS = ((0.8, "days"), (0.99, "months"), (0.9, "months"), (0.95, "years"))


@pytest.mark.parametrize("settings", [SETTINGS[:2], pytest.param(SETTINGS, marks=pytest.mark.long)])
def test_sites_with_other_confidence_or_unit_add_nothing(settings, tmp_path):
    truth = cohorts.draw(0, 40)
    path = cohorts.write(truth, tmp_path / "c.csv")
    sites = [
        shown.run(path, ("survival", "genetic-risk"), confidence=c, time_unit=u)
        for c, u in settings
    ]
    guesses = exact_days.attack(sites)
    for endpoint, event in ENDS:
        score = exact_days.score(guesses, truth, endpoint, event)
        assert score.recovered <= most(score.chance), (endpoint, event, score)


def test_a_landmark_that_moves_by_days_shows_nobody_leave(tmp_path):
    truth = cohorts.draw(1, 40)
    path = cohorts.write(truth, tmp_path / "c.csv")
    days = range(87, 92)
    assert 89 in sweeps.exits(truth, days)
    assert sweeps.landmark(path, days) == set()
