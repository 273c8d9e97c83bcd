"""Cut-offs, splines, ROC curves and subgroups against R: tests/oracle/cutoff.R."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from conftest import ORACLE
from scipy import stats

from cartanalysis.errors import CannotCompute
from cartanalysis.stats import cutoff, roc, spline, subgroups, survival
from cartanalysis.stats.survival import one_time

THEIRS = json.loads((ORACLE / "cutoff.json").read_text())


def named(case: dict) -> str:
    return "-".join(str(case[key]) for key in ("name", "column", "nk", "day") if key in case)


def data_of(case: dict, oracle_data) -> pd.DataFrame:
    data = oracle_data(case["name"]) if case["name"] != "flchain60" else flchain()
    rows = case.get("rows")
    return data.iloc[[row - 1 for row in rows]] if rows else data


def flchain() -> pd.DataFrame:
    return pd.read_csv(ORACLE / "data" / "flchain60.csv")


# --- the best cut-off --------------------------------------------------------------------------


@pytest.mark.parametrize("case", THEIRS["selected"] + THEIRS["exact"], ids=named)
def test_the_search_equals_maxstat(case, oracle_data):
    data = data_of(case, oracle_data)
    found = cutoff.search(data, "os", case["column"], tuple(case["proportions"]))
    p = found.set_index("approach")["p"]
    np.testing.assert_allclose(found["estimate"], case["statistic"], rtol=1e-12)
    assert set(found["cutoff"]) == {case["cutoff"]}
    assert set(found["cutoffs"]) == {len(case["statistics"])}
    if not case["tied"]:  # where times are tied, maxstat's log-rank scores are others
        np.testing.assert_allclose(found["estimate"], case["log_rank_scores"], rtol=1e-12)
    assert p["naive"] == pytest.approx(2 * stats.norm.sf(case["statistic"]), rel=1e-9)
    assert p["lausen_1992"] == pytest.approx(case["lau92"], rel=1e-9)
    assert p["lausen_1994"] == pytest.approx(case["lau94"], rel=1e-9)


@pytest.mark.parametrize("case", THEIRS["selected"] + THEIRS["exact"], ids=named)
def test_the_joint_normal_distribution_equals_maxstat(case, oracle_data):
    data = data_of(case, oracle_data)
    found = cutoff.search(data, "os", case["column"], tuple(case["proportions"]))
    p = found.set_index("approach")["p"]["gauss"]
    # theirs is Monte Carlo integration where there are many cut-offs, and its error a bound at 99 %
    error = max(2 * case["gauss_error"], 1e-6 * case["gauss"])
    assert p == pytest.approx(case["gauss"], abs=error)


@pytest.mark.parametrize("case", THEIRS["selected"], ids=named)
def test_outcomes_dealt_out_at_random_as_in_maxstat(case, oracle_data):
    """Both are drawn: within four errors, and p is not below 1 of the draws."""
    found = cutoff.search(
        data_of(case, oracle_data), "os", case["column"], tuple(case["proportions"])
    )
    p = found.set_index("approach")["p"]["conditional"]
    error = np.sqrt(case["conditional"] * (1 - case["conditional"]) / cutoff.DRAWS)
    assert p == pytest.approx(case["conditional"], abs=4 * error + 1 / cutoff.DRAWS)
    assert p >= 1 / (cutoff.DRAWS + 1)


@pytest.mark.parametrize("case", THEIRS["exact"], ids=named)
def test_all_orders_of_a_few_patients_are_counted(case, oracle_data, monkeypatch):
    data = data_of(case, oracle_data)
    p = cutoff.search(data, "os", case["column"]).set_index("approach")["p"]["conditional"]
    assert p == pytest.approx(case["exact"], rel=1e-9)
    monkeypatch.setattr(cutoff, "MOST_STATES", 1)
    drawn = cutoff.search(data, "os", case["column"]).set_index("approach")["p"]["conditional"]
    error = np.sqrt(p * (1 - p) / cutoff.DRAWS)
    assert drawn != p
    assert drawn == pytest.approx(p, abs=4 * error)


@pytest.mark.parametrize("name", ["lung", "veteran", "tied", "dropout"])
def test_scores_are_the_event_less_the_hazard_until_the_end(name, oracle_data):
    data = survival.with_endpoint(oracle_data(name), "os")
    time, event = one_time(data["time"].to_numpy()), data["event"].to_numpy()
    ours = cutoff.scores(np.tile(time, (2, 1)), np.array([event, ~event]))
    for row, of in zip(ours, (event, ~event), strict=True):
        hazard = [sum(of[time == t].sum() / (time >= t).sum() for t in set(time[time <= end]))
                  for end in time]  # fmt: skip
        np.testing.assert_allclose(row, of - np.array(hazard), atol=1e-12)


def test_a_large_cohort_is_searched_by_the_approximations():
    rng = np.random.default_rng(3)
    n = 20_000
    data = pd.DataFrame({"os_days": rng.exponential(400, n), "os_event": 1.0, "x": rng.random(n)})
    found = cutoff.search(data, "os", "x")
    assert found["approach"].tolist() == ["naive", "lausen_1992", "lausen_1994"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"os_event": 0.0}, "no event"),
        ({"age": 3.0}, "divides the patients"),
        ({"os_days": 9.0, "os_event": 1.0}, "same log-rank score"),
    ],
)
def test_nothing_to_search(oracle_data, change, says):
    with pytest.raises(CannotCompute, match=says):
        cutoff.search(oracle_data("half").assign(**change), "os", "age")


def test_false_alarms_of_a_search_and_of_what_corrects_it():
    found = cutoff.false_alarms(1000)
    assert found.equals(cutoff.false_alarms(1000)), "the seed is fixed"
    at_most = 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1000)
    assert (found["fixed"] < at_most).all()
    assert (found["corrected"] < at_most).all()
    wide = found[found["low"] == 0.1]
    assert wide["naive"].between(0.3, 0.5).all()  # Altman et al. 1994: up to four of ten
    by_range = found.groupby("n")["naive"]
    assert all(of.is_monotonic_decreasing for _, of in by_range), "a wider search finds more"


# --- the smooth effect -------------------------------------------------------------------------


@pytest.mark.parametrize("case", THEIRS["spline"], ids=named)
def test_splines_equal_rms(case, oracle_data):
    data = data_of(case, oracle_data)
    fit = spline.spline(data, "os", case["column"], knots=case["nk"], at=tuple(case["at"]))
    np.testing.assert_allclose(fit.knots, case["knots"], rtol=1e-12)
    assert fit.reference == pytest.approx(case["reference"])
    np.testing.assert_allclose(np.log(fit.curve["estimate"]), case["log_ratio"], rtol=1e-6)
    half = stats.norm.ppf(0.975) * np.array(case["error"])
    for end, sign in (("lower", -1), ("upper", 1)):
        expected = np.exp(case["log_ratio"] + sign * half)
        np.testing.assert_allclose(fit.curve[end], expected, rtol=1e-6)
    expected = [case["association"], case["nonlinearity"]]
    np.testing.assert_allclose(fit.tests["estimate"], expected, rtol=1e-6)
    assert fit.tests["df"].tolist() == [case["nk"] - 1, case["nk"] - 2]
    assert fit.log_likelihood == pytest.approx(case["log_likelihood"], rel=1e-9)


def test_a_curve_is_read_at_round_values_and_is_1_at_the_median(oracle_data):
    fit = spline.spline(oracle_data("lung"), "os", "age")
    curve = fit.curve.set_index("value")
    assert curve.loc[fit.reference, ["estimate", "lower", "upper"]].tolist() == [1, 1, 1]
    assert (curve.index == curve.index.to_numpy().round(1)).all()
    low, high = oracle_data("lung")["age"].quantile([0.1, 0.9])
    assert low <= curve.index.min() and curve.index.max() <= high
    assert 30 <= len(curve) <= 62
    assert len(fit.knots) == 4, "165 events"
    assert len(spline.spline(oracle_data("ovarian"), "os", "age").knots) == 3, "12 events"
    assert spline.describe(fit.curve).count(" % ") == 5


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"os_event": 0.0}, "no event"),
        ({"age": [1.0, 2] * 13}, "too few values"),
        ({"age": np.arange(26.0), "os_days": np.arange(27.0, 1, -1)}, "no finite estimate"),
    ],
)
def test_no_smooth_effect(oracle_data, change, says):
    with pytest.raises(CannotCompute, match=says):
        spline.spline(oracle_data("ovarian").assign(**change), "os", "age")
    with pytest.raises(CannotCompute, match="too few values"):
        spline.spline(oracle_data("half"), "os", "age")


# --- the ROC curve -----------------------------------------------------------------------------


@pytest.mark.parametrize("case", THEIRS["roc"], ids=named)
def test_roc_curves_equal_risk_regression(case, oracle_data):
    data = data_of(case, oracle_data)
    data = data.assign(x=case["sign"] * data[case["column"]]).sample(frac=1, random_state=2)
    found = roc.roc(data, "os", "x", case["day"])
    area = found.area.iloc[0]
    for ours, theirs in (("estimate", "auc"), ("error", "error"), ("lower", "lower"),
                         ("upper", "upper")):  # fmt: skip
        assert area[ours] == pytest.approx(case[theirs], rel=1e-9)
    assert area[["cases", "controls", "censored"]].sum() == area["n"]
    ours = found.curve[["false_positive", "sensitivity"]].to_numpy()
    theirs = np.array([case["fpr"], case["tpr"]]).T
    for point in theirs:
        assert np.abs(ours - point).max(axis=1).min() < 1e-9
    # the area is that below the curve, drawn straight from step to step
    assert np.trapezoid(ours[:, 1], ours[:, 0]) == pytest.approx(case["auc"], rel=1e-9)


def test_without_censoring_it_is_the_usual_curve():
    data = pd.DataFrame(
        {"os_days": [5.0, 9, 20, 30, 40, 50], "os_event": 1.0, "x": [4.0, 2, 3, 2, 1, 0]}
    )
    found = roc.roc(data, "os", "x", 10)
    pairs = [(4, 3), (4, 2), (4, 1), (4, 0), (2, 3), (2, 2), (2, 1), (2, 0)]
    expected = np.mean([1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs])
    assert found.area["estimate"].iloc[0] == pytest.approx(expected)
    row = found.curve[found.curve["cutoff"] == 2].iloc[0]
    assert (row["sensitivity"], row["false_positive"]) == (0.5, 0.25)  # above 2: 4, and 3


def test_roc_needs_cases_and_controls(oracle_data):
    with pytest.raises(CannotCompute, match="no event of overall survival occurred by day 0"):
        roc.roc(oracle_data("ovarian"), "os", "age", 0.5)
    with pytest.raises(CannotCompute, match="nobody was followed"):
        roc.roc(oracle_data("ovarian"), "os", "age", 5000)


# --- subgroups ---------------------------------------------------------------------------------


@pytest.mark.parametrize("case", THEIRS["subgroups"], ids=lambda case: case["name"])
def test_subgroups_and_interaction_equal_r(case, oracle_data):
    data = oracle_data(case["name"])
    by = data[case["by"]]
    by = (by >= case["cut"]).astype(int) if case["cut"] else by
    found = subgroups.effects(data.assign(by=by.astype(str)), "os", "group", ["by", "unknown"])
    mine = found[found["subgroup"] == "by"]
    assert set(found["subgroup"]) == {"", "by"}
    np.testing.assert_allclose(mine["statistic"], case["statistic"], rtol=1e-6)
    np.testing.assert_allclose(mine["p_interaction"], case["p"], rtol=1e-6)
    assert set(mine["df"]) == {case["df"]}
    for level in case["levels"]:
        rows = mine[mine["level"] == level["level"]]
        assert set(rows["n"]) == {level["n"]} and set(rows["events"]) == {level["events"]}
        np.testing.assert_allclose(np.log(rows["estimate"]), level["log_ratio"], rtol=1e-6)
        width = np.log(rows["upper"] / rows["lower"]) / 2 / stats.norm.ppf(0.975)
        np.testing.assert_allclose(width, level["error"], rtol=1e-6)


def test_a_subgroup_without_a_ratio_says_why_and_nothing_is_tested(oracle_data):
    data = oracle_data("ovarian").assign(by=lambda d: np.where(d["os_days"] > 700, "late", "early"))
    found = subgroups.effects(data, "os", "group", ["by"]).set_index("level")
    assert "no event" in found.loc["late", "why"]
    assert np.isnan(found.loc["late", "estimate"])
    assert np.isfinite(found.loc["early", "estimate"])
    assert found["p_interaction"].isna().all()
    with pytest.raises(CannotCompute, match="no groups within"):
        subgroups.effects(data, "os", "group", ["unknown"])


def test_groups_that_lack_in_a_subgroup_leave_it_without_a_ratio(oracle_data):
    data = oracle_data("veteran")
    data["by"] = np.where(data["group"] == "squamous", "a", np.where(data["age"] > 60, "a", "b"))
    found = subgroups.effects(data, "os", "group", ["by"]).set_index("level")
    assert "not every group" in found.loc["b", "why"]
