"""Analyses that chapters share: which test they use, and what they call it."""

from __future__ import annotations

import pytest

from cartanalysis.chapter.study import Study
from cartanalysis.stats import permutation, survival
from cartanalysis.study.examples import leukemia


def test_few_without_remission_are_compared_by_permutation():
    study = Study("x", "an2020")
    after = survival.landmark(study.patients, "os", 28)
    assert (after["responder"] == "no").sum() < permutation.FEW_PATIENTS
    found = study.survival("os", by="responder", after=28)
    study.hand_over(p=found.test)
    assert found.test_name == "log-rank test by permutation"
    expected = permutation.log_rank(after, "os", "responder").iloc[0]
    assert (study.numbers["p"].value, study.numbers["p"].method) == tuple(expected[["p", "method"]])


@pytest.mark.parametrize("by", ["emd", "prior_hsct"])
def test_small_strata_are_compared_by_permutation(by):
    study = Study("x", "an2020", strata=by)
    study.stratum(by)
    for endpoint in ("os", "rfs"):
        assert "by permutation" in study.numbers[f"stratum_1_{endpoint}_p"].method


@pytest.mark.parametrize(
    ("n", "method"), [(42, survival.LOG_RANK_METHOD), (28, permutation.METHOD)]
)
def test_arms_are_compared_by_the_test_that_suits_their_size(n, method, tmp_path):
    file = tmp_path / "trial.csv"
    leukemia().groupby("arm").head(n // 2).to_csv(file, index=False)
    study = Study("x", str(file))
    study.arms("rfs")
    assert study.numbers["rfs_arm_p"].method == method
    assert study.numbers["rfs_arm_chi2"].method == survival.LOG_RANK_METHOD
