"""The cohorts that the abstract allows: the sampler keeps the prior, each cohort every promise."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cartanalysis.contract import derive
from cartanalysis.intake import parse
from cartanalysis.stats import rare
from cartanalysis.stats.cox import cox
from cartanalysis.stats.survival import survival_at
from cartanalysis.study import published
from cartanalysis.study.ensemble import draw as ensemble
from cartanalysis.study.ensemble.abstract import COMPARISONS, Abstract
from cartanalysis.study.ensemble.model import Model
from cartanalysis.study.ensemble.prior import OF_PATIENTS, SHARED
from cartanalysis.study.reconstruct import agrees

NAMES = {"": "estimate", "_lower": "lower", "_upper": "upper"}
COLUMNS = {"emd": "emd_any", "treg": "treg_group", "genetics": "genetic_risk"}


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.of(published.load())


@pytest.fixture(scope="module")
def drawn() -> ensemble.Ensemble:
    return ensemble.draw(published.load(), 12, seed=5, island=250, sweeps=15)


def test_tables_of_emd_and_response_are_all_there_are(model):
    """Two of seven respond with EMD other than CNS; of the 40 others 36 do, by CNS or neither."""
    fits = [
        (size, yes)
        for size in range(1, 40)
        for yes in range(size + 1)
        if 0 <= 36 - yes <= 40 - size
        and Fraction(yes, size) > Fraction(2, 7)
        and Fraction(36 - yes, 40 - size) > Fraction(2, 7)
    ]
    assert sorted(map(tuple, model.abstract.tables.tolist())) == sorted(fits)
    assert len(fits) == 171
    assert len(model.tables) == sum(size <= 9 for size, _ in fits) == 33


def test_every_cohort_passes_the_one_cohort_path(drawn):
    known = published.load()
    assert drawn.patients["cohort"].value_counts().tolist() == [47] * 12
    assert drawn.patients["patient_id"].is_unique
    assert drawn.patients["patient_id"].iloc[-1] == "E00012-47"
    for _, cohort in drawn.patients.groupby("cohort"):
        text = cohort.drop(columns="cohort").to_csv(index=False)
        assert agrees(text, known)


def test_effects_are_those_of_the_one_cohort_functions(drawn):
    for number, cohort in drawn.patients.groupby("cohort"):
        text = cohort.drop(columns="cohort").to_csv(index=False)
        patients = derive(parse(text.encode(), "e.csv", settled=True).table)
        row = drawn.effects.set_index("cohort").loc[number]
        for exposure, end in COMPARISONS:
            alone = cox(patients, end, [COLUMNS[exposure]]).terms.iloc[0]
            for name, value in NAMES.items():
                assert row[f"hr_{exposure}_{end}{name}"] == pytest.approx(alone[value], rel=1e-8)
            together = cox(patients, end, list(COLUMNS.values()))
            term = together.terms.set_index("covariate").loc[COLUMNS[exposure]]
            test = together.tests.set_index("covariate").loc[COLUMNS[exposure]]
            assert row[f"adjusted_{exposure}_{end}"] == pytest.approx(term["estimate"], rel=1e-8)
            assert row[f"adjusted_{exposure}_{end}_p"] == pytest.approx(test["p"], rel=1e-6)
        for end in ("os", "rfs"):
            (there,) = survival_at(patients, end, [730])["estimate"]
            assert row[f"{end}_2y"] == pytest.approx(there, nan_ok=True)


def test_the_same_seed_gives_the_same_cohorts_however_many_work(drawn):
    again = ensemble.draw(published.load(), 12, seed=5, island=250, sweeps=15, jobs=2)
    pd.testing.assert_frame_equal(again.patients, drawn.patients)
    pd.testing.assert_frame_equal(again.effects, drawn.effects)


def test_moving_what_is_shared_keeps_times_and_prior(model):
    """Without conditions the kernel has to leave all coordinates evenly distributed."""
    rng = np.random.default_rng(3)
    points = rng.random((4000, model.layout.width))
    for _ in range(8):
        trial, log_ratio = model._keep_times(points, rng)
        taken = np.log(rng.random(len(points))) < log_ratio
        before, after = model.unfold(points[taken]), model.unfold(trial[taken])
        np.testing.assert_allclose(before.death, after.death, rtol=1e-6)
        np.testing.assert_allclose(before.end, after.end, rtol=1e-9)
        np.testing.assert_array_equal(before.responds, after.responds)
        points[taken] = trial[taken]
    assert taken.mean() > 0.05
    for place in range(len(SHARED)):
        assert stats.kstest(points[:, place], "uniform").pvalue > 1e-4, SHARED[place]
    own = points[:, len(SHARED) :].reshape(-1, len(OF_PATIENTS), model.abstract.n)
    for place, name in enumerate(OF_PATIENTS):
        for patient in (0, 10, 46):
            assert stats.kstest(own[:, place, patient], "uniform").pvalue > 1e-4, name


def test_what_is_drawn_stays_within_the_registrys_ranges(drawn):
    known = published.load()
    for name, column in (
        ("a_hr_emd", "drawn_hr_emd"), ("a_remission_day", "drawn_remission_day"),
        ("a_after_relapse", "drawn_after_relapse"), ("a_cns_n", "cns"),
    ):  # fmt: skip
        low, high = known[name].details["range"]
        assert drawn.effects[column].between(low, high).all()


SMALL = Abstract(
    n=6, responders=4, other=1, other_responders=0, os_1y=50.0, rfs_1y=50.0, os_median=400.0,
    rfs_median=300.0, significant={("treg", "os"): True, ("genetics", "rfs"): False},
)  # fmt: skip


@pytest.mark.parametrize("shape", [1.0, 1.5])
def test_a_small_trial_is_sampled_as_by_trying_out_the_prior(model, shape):
    """Six patients: draw from the prior until enough draws meet the conditions by themselves."""
    prior = replace(model.prior, shape=shape, cns=(1, 2))
    small = Model(SMALL, prior, by_permutation=False)
    rng = np.random.default_rng(11)
    tried = rng.random((300_000, small.layout.width))
    by_trial = tried[small.shortfall(tried) == 0]
    assert len(by_trial) > 300
    islands = [
        rare.sample(small.shortfall, small.layout, 150, rng, sweeps=80, kernels=small.kernels)
        for _ in range(12)
    ]
    share = np.mean([10**one.log10_share for one in islands])
    assert np.log10(share) == pytest.approx(np.log10(len(by_trial) / len(tried)), abs=0.15)
    expected, found = measured(small, by_trial), [measured(small, i.points) for i in islands]
    means = pd.concat([one.mean() for one in found], axis=1)
    error = np.hypot(means.std(axis=1) / np.sqrt(12), expected.std() / np.sqrt(len(expected)))
    distance = (means.mean(axis=1) - expected.mean()) / error
    assert (distance.abs() < 4).all(), distance.sort_values()
    assert (distance**2).mean() < 2.5, distance.sort_values()


def measured(model: Model, points: np.ndarray) -> pd.DataFrame:
    """Read off what is drawn for the whole, who is exposed, and the order of the patients."""
    courses = model.unfold(points)
    (alive, died), (free, ended) = courses.observed["os"], courses.observed["rfs"]
    table = {name: points[:, place] for place, name in enumerate(SHARED)}
    for name, who in courses.exposed.items():
        table[f"{name}_died"] = (who & died).sum(axis=1)
        table[f"{name}_ended"] = (who & ended).sum(axis=1)
        table[f"{name}_time"] = np.log(np.where(who, alive, 1.0)).sum(axis=1)
    table |= {
        "deaths": died.sum(axis=1), "events": ended.sum(axis=1),
        "in_remission": courses.in_remission.sum(axis=1), "first": np.log(alive.min(axis=1)),
        "last": np.log(alive.max(axis=1)), "first_event": np.log(np.nanmin(free, axis=1)),
        "exposed_twice": (courses.treg_high & courses.high_risk).sum(axis=1),
    }  # fmt: skip
    return pd.DataFrame(table).astype(float)


def test_an_exchange_keeps_times_and_prior(model):
    """All times stay in the cohort, and coordinates even, also those of exposed and others."""
    rng = np.random.default_rng(4)
    points = rng.random((3000, model.layout.width))
    before = measured(model, points)
    for _ in range(15):
        trial, log_ratio = model._exchange(points, rng)
        assert not log_ratio.any()
        old, new = model.unfold(points), model.unfold(trial)
        np.testing.assert_allclose(np.sort(old.death), np.sort(new.death), rtol=1e-6)
        np.testing.assert_array_equal(old.exposed["emd"], new.exposed["emd"])
        points = trial
    after = measured(model, points)
    assert not np.allclose(before["emd_time"], after["emd_time"])
    for name in before:
        assert stats.ks_2samp(before[name], after[name], method="asymp").pvalue > 1e-4, name


def test_what_an_abstract_leaves_out_is_not_asked_for(model):
    without = replace(model.abstract, other=0, other_responders=0, rfs_1y=None, rfs_median=None)
    assert without.moments == (("os", "year"), ("os", "median"))
    assert without.tables.tolist() == [[0, 0]]
    assert model.abstract.moments == (
        ("rfs", "median"), ("os", "year"), ("rfs", "year"), ("os", "median"),
    )  # fmt: skip
    told = replace(without, significant={("treg", "os"): True}, independent={})
    prior = replace(model.prior, cns=(0, 0), remission_day=(1, 1))
    only = Model(told, prior, by_permutation=False)
    sample = rare.sample(
        only.shortfall, only.layout, 60, np.random.default_rng(1), 10, only.kernels
    )  # fmt: skip
    observed = only.observe(only.unfold(sample.points))
    kept = observed.courses.take(only.met(observed))
    abstracts = list(only.abstract_of(only.observe(kept)))
    assert len(abstracts) > 5
    assert set(map(str, abstracts)) == {str(told)}
