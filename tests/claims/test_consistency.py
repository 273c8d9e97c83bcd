"""Prediction of one proportion from another, against R."""

from __future__ import annotations

import json

import numpy as np
import pytest
from conftest import ORACLE
from scipy import stats
from tinybook import ROOT

from cartanalysis.claims import consistency

ORACLES = json.loads((ORACLE / "replication.json").read_text())
RATES = ORACLES["rates"]


@pytest.mark.parametrize("case", RATES, ids=lambda c: f"{c['y']}-of-{c['m']}")
def test_prediction_and_difference_equal_r(case):
    new, old = case["y"] / case["m"], case["x"] / case["n"]
    p = consistency.p_value(new, case["m"], old, case["n"])
    assert p == pytest.approx(case["p"], rel=1e-9)
    for level in (95, 80):
        found = consistency.predicted(case["m"], old, case["n"], level / 100)
        assert found == pytest.approx(case[f"predicted{level}"], abs=1e-9)
    found = consistency.difference(new, case["m"], old, case["n"])
    assert found == pytest.approx(case["difference"], abs=1e-9)
    assert consistency.wilson(new, case["m"]) == pytest.approx(case["wilson"], abs=1e-9)


@pytest.mark.parametrize("case", ORACLES["same"], ids=lambda c: f"{c['y']}-of-{c['m']}")
def test_practically_the_same_equals_r(case):
    new, old = case["y"] / case["m"], case["x"] / case["n"]
    assert consistency.margin(old) == pytest.approx(case["margin"], abs=1e-12)
    _, *bounds = consistency.difference(new, case["m"], old, case["n"], 0.9)
    assert bounds == pytest.approx([case["lower"], case["upper"]], abs=1e-9)
    assert consistency.is_equivalent(new, case["m"], old, case["n"]) == case["same"]


def test_the_margin_stays_between_none_and_all():
    low, high = consistency.margin(np.array([0.0, 0.01, 0.5, 0.99, 1.0]))
    assert low[:2].tolist() == [0, 0]
    assert high[-2:].tolist() == [1, 1]
    assert high[2] - low[2] == pytest.approx(np.sin(0.4))  # sin(2a) at one half


def test_p_and_prediction_range_say_the_same():
    for n, x in ((47, 38), (7, 2), (47, 3)):
        for m in (1, 2, 12, 500):
            new = np.arange(m + 1) / m
            low, high = consistency.predicted(m, x / n, n)
            inside = (new >= low) & (new <= high)
            assert (inside == (consistency.p_value(new, m, x / n, n) >= 0.05)).all()
            assert inside.any()


def test_the_methods_state_the_coverage_that_r_found():
    text = " ".join((ROOT / "book" / "methods.md").read_text().split())
    found = {
        name: [case[name] for case in ORACLES["coverage"]]
        for name in ("score", "midp", "arcsine", "cloglog")
    }
    least, most = min(found["score"]), max(found["score"])
    assert f"between {100 * least:.1f} % and {100 * most:.1f} %" in text
    assert min(found["midp"]) >= 0.95
    assert f"up to {100 * max(found['midp']):.1f} %" in text
    low = f"as low as {100 * min(found['arcsine']):.1f} % and {100 * min(found['cloglog']):.1f} %"
    assert low in text


def test_nothing_varies():
    assert consistency.p_value(0.0, 5, 0.0, 7) == 1
    assert consistency.p_value(1.0, 5, 1.0, 7) == 1
    assert consistency.p_value(1.0, 50, 0.0, 7) < 1e-9


@pytest.mark.parametrize(
    "case", ORACLES["coverage"], ids=lambda c: f"{c['x']}-of-{c['n']}-new-{c['m']}"
)
def test_exact_coverage_equals_r_and_is_near_the_promise(case):
    """Every outcome of both samples, weighted by its probability."""
    n, m = case["n"], case["m"]
    x, y = np.arange(n + 1)[:, None], np.arange(m + 1)[None]
    weight = stats.binom.pmf(x, n, case["x"] / n) * stats.binom.pmf(y, m, case["x"] / n)
    covered = weight[consistency.p_value(y / m, m, x / n, n) >= 0.05].sum()
    assert covered == pytest.approx(case["score"], abs=1e-9)
    assert 0.91 < covered < 0.98


def test_no_other_method_in_use_is_nearer_to_the_promise():
    """What `book/methods.md` says of the methods that were not chosen."""
    cases = ORACLES["coverage"]

    def off(method):
        return np.mean([abs(c[method] - 0.95) for c in cases])

    assert off("score") < min(off("midp"), off("arcsine"), off("cloglog"))
    assert min(c["midp"] for c in cases) > 0.95
    assert min(c["arcsine"] for c in cases) < 0.85
    assert min(c["cloglog"] for c in cases) < 0.5


@pytest.mark.parametrize("name", ORACLES["sizes"])
def test_survival_and_effective_size_equal_r(name, oracle_data):
    data = oracle_data(name)
    theirs = ORACLES["sizes"][name]
    for day, survival, size in zip(
        *(np.atleast_1d(theirs[k]) for k in ("day", "surv", "size")), strict=True
    ):
        found = consistency.survival_with_size(data["os_days"], data["os_event"], day)
        assert found == pytest.approx((survival, size), rel=1e-9)


def test_effective_size_without_censoring_is_the_number_of_patients():
    time = np.arange(1.0, 21)
    for day in (3, 10, 19):
        survival, size = consistency.survival_with_size(time, np.ones(20), day)
        assert survival == pytest.approx(1 - day / 20)
        assert size == 20  # to the last bit: a limit is put to it
    for died in (1, 2, 3, 4):
        assert consistency.survival_with_size(np.arange(1.0, 6), np.ones(5), died)[1] == 5


def test_effective_size_where_the_curve_is_at_one_or_zero():
    time, event = np.array([1.0, 2, 3, 4, 5]), np.array([0, 0, 1, 1, 1])
    assert consistency.survival_with_size(time, event, 2.5) == (1, 3)  # three are still observed
    assert consistency.survival_with_size(time, event, 9) == (0, 3)  # three are known to have died


def test_many_cohorts_at_once_give_what_each_gives_alone():
    rng = np.random.default_rng(1)
    time, event = rng.integers(1, 9, (6, 11)).astype(float), rng.random((6, 11)) < 0.6
    day = rng.integers(1, 9, 6)
    together = consistency.survival_with_size(time, event, day)
    alone = [consistency.survival_with_size(*one) for one in zip(time, event, day, strict=True)]
    assert np.transpose(together) == pytest.approx(np.array(alone))
