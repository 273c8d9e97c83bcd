"""No count below the threshold follows from what is shown, from the rule, or from more digits."""

from __future__ import annotations

import pytest

from attacks import cohorts, digits, hidden_counts, minimality, shown


@pytest.mark.parametrize("n", cohorts.sweep(of=24))
def test_no_hidden_count_is_pinned_down(n, tmp_path):
    truth = cohorts.draw(0, n)
    site = shown.run(cohorts.write(truth, tmp_path / "c.csv"), hidden_counts.CHAPTERS)
    assert site.failed == {}
    outcome = hidden_counts.attack([site], truth)
    assert outcome.wrong == []
    assert outcome.recovered == []
    assert minimality.attack(site, truth).recovered == []
    assert digits.attack(site) == {}
