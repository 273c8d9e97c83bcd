"""Intervals that belong to a test: they hold a hazard ratio of 1 unless the test rejects it."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from conftest import ORACLE

from cartanalysis.errors import CannotCompute
from cartanalysis.stats import permutation
from cartanalysis.stats.cox import cox
from cartanalysis.stats.firth import likelihood_ratio, penalised_cox
from cartanalysis.stats.inversion import interval

R = json.loads((ORACLE / "inversion.json").read_text())


@pytest.mark.parametrize("theirs", R["score"], ids=lambda t: f"{t['data']}-{t['confidence']}")
def test_the_log_rank_interval_equals_the_score_test_inverted_in_r(theirs, oracle_data):
    data = oracle_data(theirs["data"])
    data = data.assign(os_days=data["os_days"].rank(method="first"))
    assert permutation.compare(data, "os", "group")["test"].iloc[0] == "log-rank"
    ours = interval(data, "os", "group", theirs["confidence"])
    np.testing.assert_allclose(np.log(ours), theirs["ends"], rtol=1e-6)


@pytest.mark.parametrize("theirs", R["profile"], ids=lambda t: f"{t['data']}-{t['of']}")
def test_the_likelihood_ratio_interval_equals_the_profile_in_r(theirs, oracle_data):
    data = oracle_data(theirs["data"])
    asked = ("os", theirs["terms"])
    model = likelihood_ratio(data, *asked, theirs["of"], theirs["confidence"])
    ours = model.terms.set_index("covariate").loc[theirs["of"], ["lower", "upper"]]
    np.testing.assert_allclose(np.log(ours.to_numpy(float)), theirs["ends"], rtol=1e-6)
    usual = cox(data, *asked, theirs["confidence"])
    others = usual.terms["covariate"] != theirs["of"]
    pd.testing.assert_frame_equal(model.terms[others], usual.terms[others])
    pd.testing.assert_frame_equal(model.tests, usual.tests)


def drawn(rng: np.random.Generator, n: int, exposed: int, ratio: float) -> pd.DataFrame:
    """Draw a cohort with ties, censoring and perhaps an effect."""
    x = np.arange(n) < exposed
    event_time = rng.exponential(300 / np.where(x, ratio, 1))
    end = rng.uniform(100, 900, n)
    days = np.ceil(np.minimum(event_time, end) / 20) * 20
    return pd.DataFrame(
        {
            "os_days": days,
            "os_event": (event_time <= end).astype(float),
            "group": pd.Categorical(np.where(x, "b", "a"), ["a", "b"]),
            "other": rng.normal(size=n),
        }
    )


@pytest.mark.parametrize("shape", [(12, 4), (12, 8), (40, 7), (60, 25)])
def test_an_interval_holds_one_unless_its_test_rejects_it(shape):
    rng = np.random.default_rng(2020)
    rejected = 0
    for ratio in (0.3, 1, 2, 3) * 12:
        data = drawn(rng, *shape, ratio)
        test = permutation.compare(data, "os", "group").iloc[0]
        lower, upper = interval(data, "os", "group")
        assert (lower > 1 or upper < 1) == (test["p"] < 0.05)
        assert lower < upper
        rejected += test["p"] < 0.05
        model = likelihood_ratio(data, "os", ["group", "other"], "group")
        term = model.terms.set_index("covariate").loc["group"]
        p = model.tests.set_index("covariate").loc["group", "p"]
        assert (term["lower"] > 1 or term["upper"] < 1) == (p < 0.05)
    assert 0 < rejected < 48


def test_the_groups_may_change_places(oracle_data):
    data = oracle_data("leukemia").iloc[:25]
    turned = data.assign(
        group=data["group"].cat.reorder_categories(data["group"].cat.categories[::-1])
    )
    lower, upper = interval(data, "os", "group")
    assert interval(turned, "os", "group") == pytest.approx((1 / upper, 1 / lower), rel=1e-7)


@pytest.mark.parametrize(("without", "end"), [("b", 0), ("a", np.inf)])
def test_a_group_without_events_leaves_one_end_open(without, end):
    data = drawn(np.random.default_rng(1), 40, 8, 1)
    data.loc[data["group"] == without, "os_event"] = 0.0
    lower, upper = interval(data, "os", "group")
    assert (lower if end == 0 else upper) == end
    assert 0 < (upper if end == 0 else lower) < np.inf
    model = likelihood_ratio(data, "os", ["group", "other"], "group")
    assert "Firth" in model.note
    pd.testing.assert_frame_equal(model.terms, penalised_cox(data, "os", ["group", "other"]).terms)


def test_what_has_no_interval():
    data = drawn(np.random.default_rng(1), 12, 4, 1)
    with pytest.raises(CannotCompute, match="compares two groups"):
        interval(data.iloc[:3], "os", "group")
    alone = data.assign(os_days=50.0, os_event=1.0)
    with pytest.raises(CannotCompute, match="cannot be compared"):
        interval(alone, "os", "group")
