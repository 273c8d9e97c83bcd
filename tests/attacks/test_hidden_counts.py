"""No count below the threshold follows from what is shown beside it."""

from __future__ import annotations

import pytest

from attacks import cohorts, hidden_counts, shown


@pytest.mark.parametrize("n", cohorts.SIZES)
def test_no_hidden_count_is_pinned_down(n, tmp_path):
    for seed in (1, 3):
        truth = cohorts.draw(seed, n)
        site = shown.run(cohorts.write(truth, tmp_path / "c.csv"), hidden_counts.CHAPTERS)
        outcome = hidden_counts.attack([site], truth)
        assert outcome.wrong == [], seed
        assert outcome.recovered == [], seed
