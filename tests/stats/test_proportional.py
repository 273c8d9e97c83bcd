"""Proportional hazards, Firth's penalty, restricted means and milestones against R."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from conftest import ORACLE

from cartanalysis.errors import CannotCompute
from cartanalysis.stats import subgroups
from cartanalysis.stats.absolute import milestone, restricted_mean
from cartanalysis.stats.cox import changing_coefficients, cox, proportional_hazards
from cartanalysis.stats.firth import hazard_ratios, odds_ratios, penalised_cox
from cartanalysis.stats.proportional import SCALES

R = json.loads((ORACLE / "proportional.json").read_text())


def named(theirs: dict) -> str:
    return f"{theirs['file']}-{'+'.join(theirs['terms'])}"


@pytest.mark.parametrize("theirs", R["zph"], ids=named)
def test_score_tests_on_every_scale_equal_cox_zph(theirs, oracle_data):
    ours = proportional_hazards(oracle_data(theirs["file"]), "os", theirs["terms"])
    for scale in SCALES:
        mine, r = ours[ours["scale"] == scale], theirs["tests"][scale]
        count = len(r["chisq"])  # R has no global row for a single term
        for name, column in (("chisq", "estimate"), ("df", "df"), ("p", "p")):
            np.testing.assert_allclose(mine[column].iloc[:count], r[name], rtol=1e-6)


CURVES = [(m, scale) for m in R["zph"] for scale in m["curves"] if m["curves"][scale]]


@pytest.mark.parametrize(
    ("theirs", "scale"), CURVES, ids=[f"{named(m)}-{scale}" for m, scale in CURVES]
)
def test_smoothed_residuals_equal_plot_cox_zph(theirs, scale, oracle_data):
    data = oracle_data(theirs["file"])
    ours = changing_coefficients(data, "os", theirs["terms"], scale)
    terms = list(ours.groupby(["covariate", "group"], sort=False))
    for (_, mine), r in zip(terms, theirs["curves"][scale].values(), strict=True):
        points, line = mine[mine["residual"].notna()], mine[mine["estimate"].notna()]
        by_time = sorted(zip(r["time"], r["residual"], strict=True))
        np.testing.assert_allclose(
            sorted(zip(points["time"], points["residual"], strict=True)), by_time, rtol=1e-6
        )
        for name in ("x", "estimate", "lower", "upper"):
            np.testing.assert_allclose(line[name], r[name], rtol=1e-6, atol=1e-8)


def without_events(name: str, data: pd.DataFrame) -> pd.DataFrame:
    """A group in which nobody has the event, as the R script makes them."""
    if name == "ovarian":
        free = data.index[data["os_event"] == 0][:5]
        return data.assign(marker=np.where(data.index.isin(free), "b", "a"))
    if name == "leukemia":
        return data.assign(os_event=data["os_event"].mask(data["group"] == "6-MP", 0))
    if name == "lung":
        return data.assign(late=np.where(data["os_days"] > 900, "b", "a"))
    return data


@pytest.mark.parametrize(
    "theirs", R["firth_cox"], ids=lambda m: f"{m['data']}-{'+'.join(m['terms'])}"
)
def test_penalised_cox_equals_the_maximum_of_the_penalised_likelihood_in_r(theirs, oracle_data):
    data = without_events(theirs["data"], oracle_data(theirs["data"]))
    model = penalised_cox(data, "os", theirs["terms"])
    terms = model.terms
    for name, ours in (
        ("coef", np.log(terms["estimate"])), ("lower", np.log(terms["lower"])),
        ("upper", np.log(terms["upper"])), ("loglik", model.log_likelihood),
        ("lrt", terms["statistic"] ** 2),
    ):  # fmt: skip
        np.testing.assert_allclose(ours, theirs[name], rtol=1e-6, err_msg=name)
    single = theirs["terms"] == ["marker"]
    if single:
        assert model.tests["estimate"].tolist() == [terms["statistic"].iloc[0] ** 2] * 2


@pytest.mark.parametrize("theirs", R["firth_subgroups"], ids=lambda m: f"{m['data']}-{m['term']}")
def test_interaction_of_penalised_models_equals_r(theirs, oracle_data):
    data = without_events(theirs["data"], oracle_data(theirs["data"]))
    if theirs["by"] == "old":  # in one subgroup a group of several has no event
        old = data["age"] >= 60
        data = data.assign(
            old=np.where(old, "yes", "no"),
            os_event=data["os_event"].mask(old & (data["group"] == "adeno"), 0),
        )
    data = data.assign(**{theirs["by"]: data[theirs["by"]].astype(str)})
    found = subgroups.effects(data, "os", theirs["term"], [theirs["by"]])
    mine = found[found["subgroup"] != ""]
    np.testing.assert_allclose(mine["statistic"], theirs["statistic"], rtol=1e-6)
    np.testing.assert_allclose(mine["p_interaction"], theirs["p"], rtol=1e-6)
    assert set(mine["df"]) == {theirs["df"]}
    assert (found["why"] == "").all()
    for level, rows in mine.groupby("level"):
        model = hazard_ratios(data[data[theirs["by"]] == level], "os", [theirs["term"]])
        assert set(rows["note"]) == {model.note}
        columns = ["group", "estimate", "lower", "upper", "p", "method"]
        pd.testing.assert_frame_equal(
            rows[columns].reset_index(drop=True), model.terms[columns], check_dtype=False
        )
    assert mine["note"].str.contains("Firth").any()


def test_penalty_is_chosen_only_where_there_is_no_finite_estimate(oracle_data):
    data = without_events("ovarian", oracle_data("ovarian"))
    model = hazard_ratios(data, "os", ["marker", "age"])
    assert model.note.startswith(
        "no event of overall survival occurred in the group `b` of `marker`: these"
    )
    pd.testing.assert_frame_equal(model.terms, penalised_cox(data, "os", ["marker", "age"]).terms)
    assert model.proportional_hazards["p"].isna().all()
    usual = hazard_ratios(data, "os", ["age"])
    assert usual.note == ""
    pd.testing.assert_frame_equal(usual.terms, cox(data, "os", ["age"]).terms)


def test_a_covariate_in_the_order_of_the_events_has_a_finite_estimate():
    times = {"os_days": [1.0, 2, 3, 4, 5, 6], "os_event": [1.0, 1, 1, 0, 0, 0]}
    data = pd.DataFrame({**times, "early": [9.0, 8, 7, 1, 2, 3], "same": [1.0] * 6})
    row = hazard_ratios(data, "os", ["early"]).terms.iloc[0]
    assert 1 < row["estimate"] < row["upper"] < np.inf
    with pytest.raises(CannotCompute, match="the same in all patients"):
        hazard_ratios(data, "os", ["early", "same"])
    with pytest.raises(CannotCompute, match="cannot be told apart"):
        hazard_ratios(data.assign(again=2 * data["early"]), "os", ["early", "again"])
    with pytest.raises(CannotCompute, match="no event of overall survival occurred"):
        hazard_ratios(data.assign(os_event=0.0), "os", ["early"])


@pytest.mark.parametrize(
    "theirs", R["firth_logistic"], ids=lambda m: f"{m['data']}-{'+'.join(m['terms'])}"
)
def test_penalised_logistic_equals_r(theirs):
    data, outcome = pd.read_csv(ORACLE / "data" / f"{theirs['data']}.csv"), theirs["outcome"]
    data[outcome] = np.where(data[outcome] == 1, "yes", "no")
    ours = odds_ratios(data, outcome, theirs["terms"])
    for name, mine in (
        ("coef", np.log(ours["estimate"])), ("lower", np.log(ours["lower"])),
        ("upper", np.log(ours["upper"])), ("lrt", ours["statistic"] ** 2),
    ):  # fmt: skip
        np.testing.assert_allclose(mine, theirs[name][1:], rtol=1e-6, err_msg=name)


def test_penalised_logistic_gives_the_published_example():
    data = pd.read_csv(ORACLE / "data" / "endometrial.csv")
    data["HG"] = np.where(data["HG"] == 1, "yes", "no")
    ours = np.log(odds_ratios(data, "HG", ["NV", "PI", "EH"])[["estimate", "lower", "upper"]])
    # Heinze & Schemper, Stat Med 21, 2409-2419 (2002), table II: 2.93 (0.61 to 7.85)
    np.testing.assert_allclose(ours.iloc[0], [2.93, 0.61, 7.85], atol=0.006)


def test_odds_without_an_answer_say_why():
    data = pd.DataFrame({"responder": ["yes"] * 4, "emd": list("abab")})
    with pytest.raises(CannotCompute, match="the same answer in remission"):
        odds_ratios(data, "responder", ["emd"])
    alike = data.assign(responder=["yes", "no"] * 2, emd="a")
    with pytest.raises(CannotCompute, match="in one group of `emd`"):
        odds_ratios(alike, "responder", ["emd"])


@pytest.mark.parametrize("theirs", R["groups"], ids=lambda m: f"{m['file']}-{m['tau']}")
def test_restricted_means_and_milestones_equal_r(theirs, oracle_data):
    data = oracle_data(theirs["file"])
    data = data[data["group"].astype(str).isin(theirs["groups"])]
    ours = restricted_mean(data, "os", theirs["tau"], "group").set_index("measure")
    np.testing.assert_allclose(ours.loc["mean", "estimate"], theirs["mean"], rtol=1e-8)
    for measure in ("difference", "ratio"):
        mine = ours.loc[measure, ["estimate", "lower", "upper", "p"]].tolist()
        np.testing.assert_allclose(mine, theirs[measure], rtol=1e-6)
    for row, mean, error in zip(
        ours.loc["mean"].itertuples(), theirs["mean"], theirs["se"], strict=True
    ):
        assert row.lower == pytest.approx(mean - 1.959963984540054 * error)
    one = milestone(data, "os", theirs["tau"], "group").iloc[0]
    r = theirs["milestone"]
    np.testing.assert_allclose(one[["estimate", "lower", "upper"]].tolist(), r["gap"], rtol=1e-6)
    assert one["p"] == pytest.approx(r["p"], rel=1e-6)


def test_a_mean_is_restricted_to_what_was_followed(oracle_data):
    data = oracle_data("nomedian")  # the last of both groups is censored, at day 30 and 41
    found = restricted_mean(data, "os", 40, "group")
    assert found["estimate"].notna().tolist() == [False, True, False, False]
    why = "follow-up of the group `a` for overall survival ends before day 40"
    assert found["why"].tolist() == [why, "", why, why]
    assert restricted_mean(data, "os", 30)["estimate"].iloc[0] < 30
    all_die = oracle_data("lastdies")
    mean = restricted_mean(all_die, "os", 100)["estimate"].iloc[0]
    assert mean == pytest.approx(all_die["os_days"].mean())  # nobody is left: the usual mean
    with pytest.raises(ValueError, match="the day is 0"):
        restricted_mean(data, "os", 0)


def test_without_events_a_mean_has_no_interval(oracle_data):
    data = oracle_data("nomedian")
    found = restricted_mean(data, "os", 4, "group")  # before the first event
    assert found["estimate"].tolist() == [4, 4, 0, 1]
    assert found[["lower", "upper", "p"]].isna().all(axis=None)
    with pytest.raises(CannotCompute, match="in one group of `group`"):
        restricted_mean(data[data["group"] == "a"], "os", 4, "group")


def test_a_death_on_day_0_counts_in_the_mean():
    data = pd.DataFrame({"os_days": [0.0, 10, 20, 30], "os_event": [1.0, 1, 0, 0]})
    row = restricted_mean(data, "os", 20).iloc[0]
    # R: print(survfit(Surv(c(0,10,20,30), c(1,1,0,0)) ~ 1), rmean = 20): 12.5, se 4.14578
    assert row["estimate"] == pytest.approx(12.5)
    assert (row["estimate"] - row["lower"]) / 1.959963984540054 == pytest.approx(4.14578, rel=1e-5)


def test_a_milestone_without_an_interval_says_why(oracle_data):
    data = without_events("leukemia", oracle_data("leukemia"))
    row = milestone(data, "os", 70, "group").iloc[0]
    assert row["estimate"] < 0
    assert np.isnan(row["lower"])
    assert row["why"] == "nobody in the group `6-MP` had the event by day 70: no log-log interval"
    late = milestone(data, "os", 10_000, "group").iloc[0]
    why = "follow-up of the group `6-MP` for overall survival ends before day 10000"
    assert late["why"] == why
