"""No time on a site tells a day better than its month does."""

from __future__ import annotations

import pytest
from scipy import stats

from attacks import cohorts, exact_days, shown


@pytest.mark.parametrize("n", cohorts.SIZES)
def test_no_exact_day_beyond_chance(n, tmp_path):
    total: dict[str, exact_days.Score] = {}
    for seed in (0, 1):
        truth = cohorts.draw(seed, n)
        site = shown.run(cohorts.write(truth, tmp_path / "c.csv"), exact_days.CHAPTERS)
        assert site.failed == {}
        guesses = exact_days.attack([site])
        for endpoint, event in (("os", 1), ("rfs", 1), ("os", 0)):
            name = f"{endpoint} {event}"
            this = exact_days.score(guesses, truth, endpoint, event)
            total[name] = total.get(name, exact_days.Score(0, 0, 0)) + this
    for name, score in total.items():
        # as many as guessing within the month would hit, and no more than luck above it
        most = stats.poisson.ppf(0.999, score.chance)
        assert score.recovered <= most, (name, score)


def test_sites_with_other_confidence_add_nothing(tmp_path):
    truth = cohorts.draw(0, 40)
    path = cohorts.write(truth, tmp_path / "c.csv")
    sites = [
        shown.run(path, ("survival", "genetic-risk"), confidence=c) for c in (0.5, 0.7, 0.9, 0.99)
    ]
    guesses = exact_days.attack(sites)
    for endpoint, event in (("os", 1), ("rfs", 1), ("os", 0)):
        score = exact_days.score(guesses, truth, endpoint, event)
        assert score.recovered <= stats.poisson.ppf(0.999, score.chance), (endpoint, event, score)
