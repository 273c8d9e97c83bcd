"""What is known of the ensemble's bands: shares near the promise, and failures called failures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import script
from scipy import stats

from cartanalysis.study.ensemble.evidence import effective, table
from cartanalysis.study.ensemble.model import Model
from cartanalysis.study.ensemble.prior import Prior
from cartanalysis.study.published import load

validation = script("ensemble_validation")
priors = script("ensemble_priors")


def test_each_group_of_hidden_cohorts_is_counted_and_judged():
    found = table("validation")
    assert found["group"].unique().tolist() == [
        "same curves", "own times", "own times, all six significant",
        "own times, not all significant",
    ]  # fmt: skip
    assert set(found["quantity"]) == set(validation.QUANTITIES)
    assert (found["out_of_reach"] <= found["too_few"]).all()
    assert (found["judged"] <= found["hidden"] - found["too_few"]).all()
    for row in found.itertuples():
        off = [
            str(band)
            for band in validation.BANDS
            if abs(getattr(row, f"in_{band}") - band / 100) > 2 * getattr(row, f"error_{band}")
        ]
        assert ([] if pd.isna(row.off) else row.off.split()) == off
        assert row.in_50 <= row.in_80 <= row.in_95


def test_hidden_cohorts_of_the_ensembles_own_prior_lie_where_it_says():
    """By the binomial distribution, with room for draws that are not independent.

    What rests on the time axis a whole cohort shares is moved by few draws: its ranges are too
    narrow, which the chapter says and its table marks.
    """
    found = table("validation").set_index(["group", "quantity"]).loc["same curves"]
    assert (found["judged"] >= 100).all()
    late = ["os_2y", "rfs_2y", "drawn_after_relapse"]
    assert found.loc[late, "off"].str.contains("95").all()
    others = found.drop(index=late)
    for band in validation.BANDS:
        inside = np.round(others[f"in_{band}"] * others["judged"])
        least = stats.binom.ppf(1e-5, others["judged"].to_numpy(), band / 100)
        assert (inside >= least).all(), (band, others[f"in_{band}"][inside < least])
    assert (np.abs(found["mean_rank"] - 0.5) < 5 / np.sqrt(12 * found["judged"])).all()


def test_a_summary_calls_narrow_bands_off():
    """Truths outside bands too often, against ranks that are even."""
    rng = np.random.default_rng(1)
    for sides, off in ((1.0, ""), (0.3, "50 80 95")):
        rank = stats.beta(sides, sides).rvs(400, random_state=rng)
        details = pd.DataFrame({
            "cohort": range(400), "arm": "same curves", "significant": 3, "quantity": "os_2y",
            "truth": 0.2, "rank": rank, "draws": 60, "ancestors": 9, "out_of_reach": 0,
        })  # fmt: skip
        (row,) = validation.summary(details).itertuples()
        assert row.off == off
        assert (row.uniform_p < 0.001) == (sides < 1)


def test_public_data_are_found_or_said_to_be_missed():
    found = table("public")
    fits = found[found["does_not_fit"].isna()]
    assert fits["data"].nunique() == 8
    assert found["does_not_fit"].notna().sum() > 15
    judged = fits[fits["draws"] >= 20]
    held = (judged["lower"] <= judged["truth"]) & (judged["truth"] <= judged["upper"])
    assert (held == judged["inside"].astype(bool)).all()
    assert not held.all()  # failures are published
    assert fits.loc[fits["draws"] < 20, "inside"].isna().all()
    significant = fits[(fits["quantity"] == "hr_lower") & fits["significant"].eq(True)]
    assert (significant["truth"] > 0.95).all()


def test_other_priors_move_what_rests_on_them():
    found = table("priors").set_index(["prior", "quantity"])
    assert set(found.index.get_level_values("quantity")) == set(priors.MAIN)
    assert (found["lower"] <= found["middle"]).all()
    assert (found["effective"] <= found["cohorts"]).all()
    names = found.index.get_level_values("prior").unique()
    assert {n.removeprefix("wider: ") for n in names if n.startswith("wider")} == set(priors.WIDER)
    assert {n.removeprefix("narrower: ") for n in names if n.startswith("narrow")} == set(
        priors.DRAWN
    )
    assert (found.loc[priors.UNCHANGED, "distance"] == 0).all()
    upper = found["upper"].unstack()["hr_genetics_os"]
    how = (
        "narrower: hazard ratio of genetics",
        priors.UNCHANGED,
        "wider: hazard ratio of genetics",
    )
    assert upper[list(how)].is_monotonic_increasing
    # only the order of Tregs matters, so their median cannot
    assert (found.loc["wider: median of Tregs", "distance"].abs() < 4).all()


def test_wider_ranges_hold_the_assumed_ones():
    prior = Prior.of(load())
    for field, span in priors.WIDER.values():
        for low, high, old in (
            [(*span[e], prior.hr[e]) for e in span] if field == "hr"
            else [(*span, getattr(prior, field))]
        ):  # fmt: skip
            assert low <= old[0] and old[1] <= high
            assert (low, high) != tuple(old)


def test_islands_agree_on_how_rare_such_cohorts_are():
    found = table("sampler")
    assert len(found) >= 4
    assert found["log10_share"].between(-7, -5).all()
    assert found["log10_share"].std() < 0.5
    assert (found["ancestors_left"] <= found["ancestors"]).all()
    assert found["met"].between(0, 1).all()
    assert found["tables"].between(10, len(Model.of(load()).tables)).all()


@pytest.mark.parametrize(("copies", "expected"), [(1, 2000), (10, 200)])
def test_the_effective_number_counts_lineages_that_are_alike(copies, expected):
    rng = np.random.default_rng(2)
    values = pd.Series(np.repeat(rng.normal(size=2000 // copies), copies))
    lineage = pd.Series(np.arange(2000) // copies)
    assert effective(values, lineage) == pytest.approx(expected, rel=0.15)
    alone = pd.Series(rng.normal(size=2000))  # related, yet not alike
    assert effective(alone, pd.Series(np.arange(2000) // 10)) == pytest.approx(2000, rel=0.2)
