"""Pooling: against metafor, and what it must refuse."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from conftest import ORACLE

from cartanalysis.errors import CannotCompute
from cartanalysis.stats import meta

REFERENCE = json.loads((ORACLE / "meta.json").read_text())
EQUAL = {"rtol": 1e-6, "atol": 1e-9}


def assert_pooled(ours: meta.Pooled, theirs: dict) -> None:
    names = ("estimate", "se", "lower", "upper", "tau2", "q", "q_p", "i2", "weights")
    for name in (*names, "common", "common_lower", "common_upper"):
        np.testing.assert_allclose(getattr(ours, name), theirs[name], err_msg=name, **EQUAL)
    predicted = [ours.predicted_lower, ours.predicted_upper]
    np.testing.assert_allclose(predicted, theirs.get("predicted", [math.nan] * 2), **EQUAL)


@pytest.mark.parametrize("name", REFERENCE["pooled"])
def test_pool_equals_metafor(name):
    theirs = REFERENCE["pooled"][name]
    assert_pooled(meta.pool(theirs["yi"], theirs["vi"], theirs["level"]), theirs)


def test_the_interval_is_never_narrower_than_that_of_a_common_effect():
    theirs = REFERENCE["pooled"]["alike"]
    assert theirs["tau2"] == 0
    assert theirs["se_without_floor"] < theirs["se"] / 10, "metafor's own factor is far below 1"
    assert meta.pool(theirs["yi"], theirs["vi"]).se == pytest.approx(theirs["se"])


def test_log_odds_equal_metafor():
    theirs = REFERENCE["proportions"]
    pairs = [meta.of_counts(x, n) for x, n in zip(theirs["x"], theirs["n"], strict=True)]
    np.testing.assert_allclose([p[0] for p in pairs], theirs["yi"], **EQUAL)
    np.testing.assert_allclose([p[1] for p in pairs], theirs["vi"], **EQUAL)
    assert_pooled(meta.pool(*zip(*pairs, strict=True)), theirs)


def test_survival_from_its_interval_equals_survfit():
    pairs = [
        meta.of_interval(c["surv"], c["lower"], c["upper"], meta.CLOGLOG)
        for c in REFERENCE["curves"].values()
    ]
    np.testing.assert_allclose([p[0] for p in pairs], REFERENCE["survivals"]["yi"], **EQUAL)
    np.testing.assert_allclose([p[1] for p in pairs], REFERENCE["survivals"]["vi"], **EQUAL)
    assert_pooled(meta.pool(*zip(*pairs, strict=True)), REFERENCE["survivals"])


@pytest.mark.parametrize("group", range(3))
def test_hazard_ratio_from_its_interval_equals_coxph(group):
    theirs = {name: values[group] for name, values in REFERENCE["ratio"].items()}
    effect, variance = meta.of_interval(theirs["hr"], theirs["lower"], theirs["upper"], meta.LOG)
    assert math.exp(effect) == pytest.approx(theirs["hr"])
    assert math.sqrt(variance) == pytest.approx(theirs["se"], rel=1e-6)


@pytest.mark.parametrize("scale", [meta.LOGIT, meta.CLOGLOG, meta.LOG], ids=lambda s: s.name)
def test_scales_go_there_and_back(scale):
    for value in (0.01, 0.3, 0.5, 0.97):
        assert scale.back(scale.forward(value)) == pytest.approx(value)
    found = meta.pool([-1.0, 0.2, 0.9], [0.1, 0.2, 0.1]).back(scale)
    assert found["predicted_lower"] < found["lower"] < found["estimate"] < found["upper"]
    assert found["upper"] < found["predicted_upper"]


def test_extreme_bounds_stay_numbers():
    found = meta.pool([-40.0, 40.0], [1.0, 1.0])
    for scale in (meta.LOGIT, meta.CLOGLOG, meta.LOG):
        ends = found.back(scale)
        assert 0 <= ends["lower"] <= ends["estimate"] <= ends["upper"] < math.inf


@pytest.mark.parametrize(("effect", "says"), [([], "none"), ([0.3], "one only")])
def test_too_few_cohorts(effect, says):
    with pytest.raises(CannotCompute, match=says):
        meta.pool(effect, [0.1] * len(effect))


def test_two_cohorts_have_no_prediction_interval():
    found = meta.pool([0.1, 0.4], [0.1, 0.2])
    assert math.isnan(found.predicted_lower)
    assert math.isnan(found.back(meta.LOGIT)["predicted_upper"])


def test_heterogeneity_is_found_whenever_q_shows_it():
    """statsmodels' iteration may stop beyond the root and then says tau² = 0."""
    rng = np.random.default_rng(1)
    for _ in range(3000):
        k = rng.integers(2, 12)
        v = rng.uniform(0.01, 1, k)
        y = rng.normal(0, np.sqrt(v + rng.choice([0, 0.05, 1, 30])))
        found = meta.pool(y, v)
        excess = found.q - (k - 1)
        if abs(excess) > 1e-5:
            assert (found.tau2 > 0) == (excess > 0)
        if found.tau2 > 0:  # Paule and Mandel's equation holds
            w = 1 / (v + found.tau2)
            assert (w * (y - found.estimate) ** 2).sum() == pytest.approx(k - 1, abs=1e-5)
