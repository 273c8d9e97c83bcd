"""Many small cohorts at once against R, cohort by cohort: tests/oracle/batch.R."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from conftest import ORACLE

from cartanalysis.stats import batch
from cartanalysis.stats.batch import RiskSets, State

THEIRS = json.loads((ORACLE / "batch.json").read_text())
AWKWARD = pd.read_csv(ORACLE / "data" / "awkward.csv")
DAYS = (0, 30, 365, 700)
MODELS = {"alone": ["group"], "measured": ["treg"], "together": ["group", "treg"]}


def padded(column: str) -> np.ndarray:
    """One row per cohort, patients shuffled; NaN where a smaller cohort has nobody."""
    shuffled = AWKWARD.sample(frac=1, random_state=3)
    groups = [of[column].to_numpy(float) for _, of in shuffled.groupby("cohort")]
    rows = np.full((len(groups), max(map(len, groups)) + 2), np.nan)
    for row, values in zip(rows, groups, strict=True):
        row[1 : len(values) + 1] = values
    return rows


@pytest.fixture(scope="module")
def sets() -> RiskSets:
    return RiskSets(padded("time"), padded("event"))


def theirs(*keys: str | int) -> np.ndarray:
    """R's answers to one question, cohort by cohort; NaN where R has none."""

    def read(answer):
        for key in keys:
            answer = None if answer is None else answer[key]
        return np.nan if answer is None else answer

    return np.array([read(answer) for answer in THEIRS], dtype=float)


def test_survival_equals_r_on_every_day(sets):
    curve = batch.kaplan_meier(sets)
    for place, day in enumerate(DAYS):
        ours = batch.survival_at(sets, curve, day)
        np.testing.assert_allclose(ours, theirs("survival", place), atol=1e-12)


def test_medians_equal_r(sets):
    ours = batch.median(sets, batch.kaplan_meier(sets))
    np.testing.assert_allclose(ours, theirs("median"), rtol=1e-12)
    assert np.isnan(ours).any() and np.isfinite(ours).any()


@pytest.mark.parametrize(("column", "groups", "key"), [("group", 2, "two"), ("of3", 3, "three")])
def test_log_rank_tests_equal_r(sets, column, groups, key):
    test = batch.log_rank(sets, np.nan_to_num(padded(column)).astype(int), groups)
    known = ~np.isnan(theirs(key, "statistic"))
    np.testing.assert_allclose(
        test.statistic[known], theirs(key, "statistic")[known], rtol=1e-8, atol=1e-10
    )
    np.testing.assert_array_equal(test.df[known], theirs(key, "df")[known])
    np.testing.assert_allclose(test.excess.sum(axis=0), 0, atol=1e-9)
    assert (test.df[~known] == 0).all()


def covariates(names: Sequence[str]) -> np.ndarray:
    return np.nan_to_num(np.array([padded(name) for name in names]))


@pytest.mark.parametrize("key", MODELS)
def test_cox_models_equal_r(sets, key):
    fits = batch.cox(sets, covariates(MODELS[key]))
    fitted = fits.state == State.FITTED
    assert fitted.sum() > 40
    for place in range(len(MODELS[key])):
        beta, error = (theirs(key, name, place)[fitted] for name in ("beta", "error"))
        np.testing.assert_allclose(fits.beta[place][fitted], beta, rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(fits.error[place][fitted], error, rtol=1e-8)
    for ours, place in ((fits.null, 0), (fits.value, 1)):
        np.testing.assert_allclose(ours[fitted], theirs(key, "loglik", place)[fitted], rtol=1e-10)
    assert np.isnan(fits.beta[:, ~fitted]).all()


@pytest.mark.parametrize("key", MODELS)
def test_what_has_no_estimate_is_flagged_and_what_has_one_is_not(sets, key):
    fits = batch.cox(sets, covariates(MODELS[key]))
    has_one = ~np.isnan(theirs(key, "beta", 0))
    np.testing.assert_array_equal(fits.state == State.FITTED, has_one)


def test_flags_tell_why():
    time = [[1.0, 2, 3, 4, 5, 6]] * 5
    event = [[0] * 6, [1] * 6, [1, 1, 1, 0, 0, 0], [1] * 6, [1] * 6]
    x = [[0, 1, 0, 1, 0, 1], [2] * 6, [1, 1, 1, 0, 0, 0], [0, 1, 2, 3, 4, 5], [0, 1, 0, 1, 0, 1]]
    y = [[3, 1, 4, 1, 5, 9]] * 4 + [[5, 3, 5, 3, 5, 3]]
    fits = batch.cox(RiskSets(time, event), np.array([x, y]))
    expected = [State.NO_EVENT, State.CONSTANT, State.WITHOUT_EVENT, State.INFINITE,
                State.COLLINEAR]  # fmt: skip
    assert [State(s) for s in fits.state] == expected


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("seed", [10, 73, 100, 172, 174, 212])
def test_a_step_so_long_that_weights_vanish_is_no_step(seed):
    """Few patients and a covariate over many orders of size; both ends are reached quietly."""
    rng = np.random.default_rng(seed)
    for _ in range(40):
        n = rng.integers(3, 40)
        time, event = np.ceil(rng.exponential(300, (1, n))), rng.random((1, n)) < 0.6
        x = np.exp(rng.normal(0, rng.uniform(0.5, 4), (1, 1, n)))
        fits = batch.cox(RiskSets(time, event), x - time if rng.random() < 0.3 else x)
        assert np.isfinite(fits.beta[0, 0]) == (fits.state[0] == State.FITTED)


def test_a_cohort_does_not_depend_on_its_neighbours(sets):
    together = batch.cox(sets, covariates(["group", "treg"]))
    for cohort in range(sets.shape[0]):
        one = slice(cohort, cohort + 1)
        alone = RiskSets(padded("time")[one], padded("event")[one])
        fits = batch.cox(alone, covariates(["group", "treg"])[:, one])
        assert fits.state[0] == together.state[cohort]
        np.testing.assert_allclose(
            fits.beta[:, 0], together.beta[:, cohort], rtol=1e-11, atol=1e-13
        )


@pytest.mark.parametrize("unit", [1, 7])  # many whole days are sorted by their digits
def test_a_long_cohort_alone_equals_itself_beside_a_shorter_one(unit):
    rng = np.random.default_rng(7)
    time, event = np.ceil(rng.exponential(300, 3000)) / unit, rng.random(3000) < 0.6
    x = np.array([rng.integers(0, 2, 3000), rng.normal(0, 1, 3000)])
    short = np.where(np.arange(3000) < 40, time, np.nan)
    alone = RiskSets(time, event)
    beside = RiskSets(np.array([short, time]), np.array([event, event]))
    ours, theirs = batch.kaplan_meier(alone), batch.kaplan_meier(beside)
    np.testing.assert_allclose(alone.sorted(time[None])[0], np.sort(time)[::-1])
    np.testing.assert_allclose(ours[0], theirs[1], rtol=1e-12)
    group = x[0].astype(int)
    pairs = batch.log_rank(alone, group[None]), batch.log_rank(beside, np.array([group, group]))
    np.testing.assert_allclose(pairs[0].statistic[0], pairs[1].statistic[1], rtol=1e-10)
    fits = batch.cox(alone, x[:, None]), batch.cox(beside, np.stack([x, x], axis=1))
    for name in ("beta", "error"):
        one, two = (getattr(fit, name) for fit in fits)
        np.testing.assert_allclose(one[:, 0], two[:, 1], rtol=1e-9)


def test_parts_are_all_cohorts_once():
    cut = batch.parts(1000, 470)
    assert [i for part in cut for i in range(1000)[part]] == list(range(1000))
    assert len(cut) > 10


def test_no_cohort_is_a_batch_too():
    """An ensemble of which no cohort meets its conditions."""
    sets = RiskSets(np.empty((0, 5)), np.empty((0, 5), dtype=bool))
    curve = batch.kaplan_meier(sets)
    assert curve.shape == (0, 5)
    assert batch.median(sets, curve).shape == (0,)
    assert batch.log_rank(sets, np.empty((0, 5), dtype=int)).statistic.shape == (0,)
