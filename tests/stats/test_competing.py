"""Competing risks against R's cmprsk, and survival's finegray and coxph."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from conftest import ORACLE

from cartanalysis.errors import CannotCompute, MissingColumns
from cartanalysis.stats import competing, survival
from cartanalysis.stats.competing import CAUSE_SPECIFIC, CAUSES, SUBDISTRIBUTION, UNKNOWN

R = json.loads((ORACLE / "competing.json").read_text())
RELAPSE, DEATH = CAUSES.values()


def cohort(file: str, *, untied: bool = False) -> pd.DataFrame:
    """Take a public data set as a cohort: cause 1 is called relapse, cause 2 death."""
    data = pd.read_csv(ORACLE / "data" / f"{file}.csv")
    time = data["time"].rank(method="first") if untied else data["time"]
    cause = data["cause"].map({0: None, 1: "relapse", 2: "death"})
    event = (data["cause"] > 0).astype(float)
    return data.drop(columns=["time", "cause"]).assign(
        rfs_days=time.astype(float), rfs_event=event, rfs_cause=cause
    )


@pytest.mark.parametrize("case", R["incidence"], ids=lambda c: f"{c['file']}-{c['by']}")
def test_cumulative_incidence_equals_cuminc(case):
    theirs = case["r"]
    at = competing.incidence_at(cohort(case["file"]), theirs["times"], case["by"])
    for name, values, variances in zip(theirs["names"], theirs["est"], theirs["var"], strict=True):
        group, code = name.rsplit(" ", 1)
        mine = at[at["cause"] == (RELAPSE if code == "1" else DEATH)]
        mine = mine[mine["group"] == group] if case["by"] else mine
        for row, value, variance in zip(mine.itertuples(), values, variances, strict=True):
            if value is None:  # beyond the last observation of the group
                assert np.isnan(row.estimate)
                assert "follow-up ends" in row.why
                continue
            np.testing.assert_allclose(row.estimate, value, rtol=1e-9)
            if 0 < value < 1:
                half = 1.959963984540054 * np.sqrt(variance) / (value * np.log(value))
                interval = value ** np.exp(-half), value ** np.exp(half)
                np.testing.assert_allclose((row.lower, row.upper), interval, rtol=1e-9)


@pytest.mark.parametrize(
    "case", [c for c in R["incidence"] if c["by"]], ids=lambda c: f"{c['file']}-{c['by']}"
)
def test_grays_test_equals_cuminc(case):
    test = competing.gray(cohort(case["file"]), case["by"])
    theirs = case["r"]["tests"]
    np.testing.assert_allclose(test["estimate"], theirs["statistic"], rtol=1e-9)
    # cmprsk gives 1 less the distribution function, exact to 1e-16 only
    np.testing.assert_allclose(test["p"], theirs["p"], rtol=1e-9, atol=1e-15)
    assert test["df"].tolist() == theirs["df"]


@pytest.mark.parametrize(
    "case", R["subdistribution"], ids=lambda c: f"{c['file']}-{c['r']['terms']}-{c['r']['code']}"
)
def test_both_hazard_ratios_equal_r(case):
    theirs = {k: v if k == "code" else np.atleast_1d(v) for k, v in case["r"].items()}
    patients = cohort(case["file"], untied=case.get("untied", False))
    found = competing.hazards(patients, list(theirs["terms"]))
    found = found[found["cause"] == (RELAPSE if theirs["code"] == 1 else DEATH)]
    for kind, coef, se in (
        (SUBDISTRIBUTION, "coef", "se"),
        (CAUSE_SPECIFIC, "cause_specific", "cause_specific_se"),
    ):
        mine = found[found["kind"] == kind]
        np.testing.assert_allclose(np.log(mine["estimate"]), theirs[coef], rtol=1e-6)
        error = np.log(mine["upper"] / mine["lower"]) / (2 * 1.959963984540054)
        np.testing.assert_allclose(error, theirs[se], rtol=1e-6)
    if case.get("untied"):  # else the two of R differ, by how they count a day's censoring
        mine = found[found["kind"] == SUBDISTRIBUTION]
        np.testing.assert_allclose(np.log(mine["estimate"]), theirs["finegray"], rtol=1e-6)


def test_incidences_and_survival_add_up_to_one():
    patients = cohort("mgus2")
    curves = competing.cumulative_incidence(patients)
    total = curves.groupby("time")["estimate"].sum()
    free = survival.kaplan_meier(patients, "rfs").set_index("time")["estimate"]
    np.testing.assert_allclose(total + free, 1, rtol=1e-12)


def test_an_event_without_a_cause_is_a_cause_of_its_own():
    patients = cohort("pbc")
    patients.loc[patients["rfs_event"].eq(1).idxmax(), "rfs_cause"] = None
    curves = competing.cumulative_incidence(patients)
    assert list(dict.fromkeys(curves["cause"])) == [RELAPSE, DEATH, UNKNOWN]
    assert curves.loc[curves["cause"] == UNKNOWN, "events"].sum() == 1


@pytest.fixture
def few() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rfs_days": [10.0, 20, 20, 30, 40, 50],
            "rfs_event": [1.0, 1, 1, 0, 1, 1],
            "rfs_cause": ["relapse", "death", "relapse", None, "relapse", "relapse"],
            "group": list("ababab"),
            "one": ["x"] * 6,
        }
    )


def test_by_hand(few):
    at = competing.incidence_at(few, [20.0, 45.0, 60.0]).set_index(["cause", "time"])
    # 1/6, then 5/6 · 1/5; and 1/2 · 1/2 more on day 40
    assert at.loc[(RELAPSE, 20.0), "estimate"] == pytest.approx(1 / 6 + 1 / 6)
    assert at.loc[(RELAPSE, 45.0), "estimate"] == pytest.approx(1 / 3 + 1 / 4)
    assert at.loc[(DEATH, 45.0), "estimate"] == pytest.approx(1 / 6)
    # all have had an event: what follows is known
    assert at.loc[(RELAPSE, 60.0), "estimate"] == pytest.approx(5 / 6)


def test_follow_up_that_ends_with_patients_free_of_both_gives_no_estimate(few):
    few.loc[5, ["rfs_event", "rfs_cause"]] = [0.0, None]
    at = competing.incidence_at(few, [60.0])
    assert at["estimate"].isna().all()
    assert at["why"].tolist() == ["follow-up ends at day 50, before day 60"] * 2


def test_a_cause_that_did_not_occur_is_zero_and_has_no_test(few):
    few["rfs_cause"] = few["rfs_cause"].replace("death", "relapse")
    assert (competing.incidence_at(few, [45.0]).query("cause == @DEATH")["estimate"] == 0).all()
    test = competing.gray(few, "group").set_index("cause")
    assert np.isnan(test.loc[DEATH, "p"])
    assert 0 < test.loc[RELAPSE, "p"] <= 1
    found = competing.hazards(few, ["group"]).set_index(["cause", "kind"])
    assert found["estimate"].notna().tolist() == [True, True, False, False]
    assert found.loc[(DEATH, SUBDISTRIBUTION), "why"] == f"no event of {DEATH} occurred"


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"rfs_event": 0.0}, CannotCompute, "neither a relapse nor a death"),
        ({"rfs_cause": None}, MissingColumns, "`rfs_cause`"),
    ],
)
def test_what_cannot_be_computed_says_why(few, change, error, says):
    with pytest.raises(error, match=says):
        competing.cumulative_incidence(few.assign(**change))
    with pytest.raises(CannotCompute, match="one group of `one`"):
        competing.gray(few, "one")
    with pytest.raises(CannotCompute, match="one group of `one`"):
        competing.hazards(few, ["one"])


def test_perfect_order_has_no_finite_ratio(few):
    few = few.assign(early=-few["rfs_days"], rfs_event=1.0, rfs_cause="relapse")
    with pytest.raises(CannotCompute, match="no finite estimate"):
        competing.fine_gray(competing.with_cause(few, "early"), RELAPSE, ["early"])
