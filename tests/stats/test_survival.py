"""Kaplan–Meier, medians, follow-up and log-rank against R's survival package."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from conftest import ORACLE

from cartanalysis.contract import derive
from cartanalysis.errors import CannotCompute, MissingColumns
from cartanalysis.stats import survival

SETS = [
    "lung",
    "veteran",
    "ovarian",
    "leukemia",
    "tied",
    "half",
    "zero",
    "lastdies",
    "nomedian",
    "dropout",
]


def close(ours, theirs, rtol=1e-9):
    theirs = [np.nan if x is None else x for x in theirs]
    np.testing.assert_allclose(np.asarray(ours, float), np.asarray(theirs, float), rtol=rtol)


@pytest.mark.parametrize("name", SETS)
def test_curve_equals_r(name, oracle, oracle_data):
    theirs = oracle["survival"][name]["km"]
    ours = survival.kaplan_meier(oracle_data(name), "os")
    ours = ours[(ours["events"] > 0) | (ours["censored"] > 0)]
    close(ours["time"], theirs["time"])
    close(ours["at_risk"], theirs["n_risk"])
    close(ours["events"], theirs["n_event"])
    close(ours["censored"], theirs["n_censor"])
    close(ours["estimate"], theirs["surv"])
    close(ours["lower"], theirs["lower"])
    close(ours["upper"], theirs["upper"])


@pytest.mark.parametrize("name", SETS)
def test_median_equals_r(name, oracle, oracle_data):
    ours = survival.median(oracle_data(name), "os").iloc[0]
    close(ours[["estimate", "lower", "upper"]], oracle["survival"][name]["km"]["median"])


@pytest.mark.parametrize("name", SETS)
def test_reverse_median_equals_r(name, oracle, oracle_data):
    ours = survival.follow_up(oracle_data(name), "os").iloc[0]
    close(ours[["estimate", "lower", "upper"]], oracle["survival"][name]["reverse"]["median"])


@pytest.mark.parametrize("name", SETS)
def test_survival_at_a_time_equals_r(name, oracle, oracle_data):
    theirs = oracle["survival"][name]["km"]
    ours = survival.survival_at(oracle_data(name), "os", theirs["at_time"])
    close(ours["estimate"], theirs["at_surv"])
    close(ours["lower"], theirs["at_lower"])
    close(ours["upper"], theirs["at_upper"])
    close(ours["at_risk"], theirs["at_risk"])


@pytest.mark.parametrize("name", SETS)
def test_log_rank_equals_r(name, oracle, oracle_data):
    theirs = oracle["survival"][name]["logrank"]
    ours = survival.log_rank(oracle_data(name), "os", "group").iloc[0]
    close([ours["estimate"], ours["df"], ours["p"]], theirs.values(), rtol=1e-8)


def test_median_is_the_midpoint_where_survival_is_exactly_one_half(oracle_data):
    # lifelines says 4 here; by R's rule S = 0.5 from day 4 to day 6 gives 5
    assert survival.median(oracle_data("half"), "os").iloc[0]["estimate"] == 5


def test_at_risk_counts_are_taken_at_the_start():
    patients = pd.DataFrame({"os_days": [1.0, 2, 2, 5], "os_event": [1.0, 1, 0, 0]})
    table = survival.at_risk_table(patients, "os", [0, 1, 2, 3, 6])
    assert table["at_risk"].tolist() == [4, 4, 3, 1, 0]
    assert table["events"].tolist() == [0, 0, 1, 2, 2]
    assert table["censored"].tolist() == [0, 0, 0, 1, 2]


def test_survival_beyond_the_last_patient_is_not_guessed():
    patients = pd.DataFrame({"os_days": [1.0, 2, 5], "os_event": [1.0, 0, 0]})
    assert survival.survival_at(patients, "os", [6])["estimate"].isna().all()
    dead = patients.assign(os_event=1.0)
    assert survival.survival_at(dead, "os", [6])["estimate"].tolist() == [0]


def test_median_not_reached_is_empty_not_infinite(oracle_data):
    alive = oracle_data("half").assign(os_event=0.0)
    row = survival.median(alive, "os").iloc[0]
    assert row[["estimate", "lower", "upper"]].isna().all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"os_event": 0.0}, "no event"),
        ({"group": "a"}, "in one group"),
        ({"os_days": 0.0}, "every time"),
    ],
)
def test_comparisons_without_content_say_why(oracle_data, change, says):
    with pytest.raises(CannotCompute, match=says):
        survival.log_rank(oracle_data("half").assign(**change), "os", "group")


@pytest.mark.parametrize(
    ("times", "events"),
    [([5.0] * 8, [1] * 8), ([1.0] * 4 + [5.0] * 4, [0] * 4 + [1] * 4)],
    ids=["everybody at once", "one group gone before the first event"],
)
def test_log_rank_without_content_says_so(times, events):
    data = pd.DataFrame({"os_days": times, "os_event": events, "group": list("aaaabbbb")})
    with pytest.raises(CannotCompute, match="cannot be compared"):
        survival.log_rank(data.astype({"os_event": float}), "os", "group")


def test_empty_categories_do_not_count_as_groups(oracle_data):
    data = oracle_data("half")
    data["group"] = data["group"].cat.add_categories("never")
    assert survival.log_rank(data, "os", "group").iloc[0]["df"] == 1


def test_missing_columns_are_named(oracle_data):
    with pytest.raises(MissingColumns, match="`rfs_days` and `rfs_event`"):
        survival.kaplan_meier(oracle_data("half"), "rfs")


def test_unknown_endpoint_is_refused(oracle_data):
    with pytest.raises(ValueError, match="choose one of os, rfs"):
        survival.kaplan_meier(oracle_data("half"), "pfs")


def test_log_rank_with_a_last_group_that_is_never_at_risk_beside_others():
    patients = pd.DataFrame(
        {
            "os_days": [10, 20, 30, 40, 50, 60, 1, 2],
            "os_event": [1, 1, 0, 1, 1, 0, 0, 0],
            "arm": ["A", "B", "A", "B", "A", "B", "C", "C"],
        }
    )
    found = survival.log_rank(patients, "os", "arm").iloc[0]
    without = survival.log_rank(patients.iloc[:6], "os", "arm").iloc[0]
    assert found["df"] == without["df"] == 1
    assert found["estimate"] == pytest.approx(without["estimate"])
    assert found["excess"] == 0


@pytest.fixture
def floats() -> tuple[pd.DataFrame, dict]:
    """Times that differ by rounding, such as 0.1 + 0.2 and 0.3, and R's results on them."""
    theirs = json.loads((ORACLE / "cox.json").read_text())["floats"]
    return pd.read_csv(ORACLE / "data" / "floats.csv", float_precision="round_trip"), theirs


def test_times_that_differ_by_rounding_are_one_time_as_in_r(floats):
    patients, theirs = floats
    assert patients["os_days"].nunique() == 12
    ours = survival.kaplan_meier(patients, "os").iloc[1:]
    close(ours["time"], theirs["time"])
    close(ours["events"], theirs["events"])
    close(ours["at_risk"], theirs["at_risk"])
    close(ours["estimate"], theirs["surv"])
    close(survival.median(patients, "os")["estimate"], [theirs["median"]])
    close(survival.log_rank(patients, "os", "group")["estimate"], [theirs["chisq"]], rtol=1e-6)


def test_a_day_asked_for_is_the_day_observed_but_for_rounding(floats):
    patients, _ = floats
    for day in (0.3, 0.1 + 0.2, 0.3 - 1e-15):
        row = survival.survival_at(patients, "os", [day]).iloc[0]
        assert (row["events"], row["at_risk"]) == (2, 12)
        counts = survival.at_risk_table(patients, "os", [day]).iloc[0]
        assert (counts["at_risk"], counts["events"]) == (12, 0)
        assert len(survival.landmark(patients, "os", day)) == 10
    assert survival.one_time(np.array([0.0, 1e-15, 3e9, 3e9 + 1e-6])).tolist() == [0, 0, 3e9, 3e9]
    assert len(set(survival.one_time(np.array([1.0, 1.001, 2.0])))) == 3


def test_without_a_responder_no_column_lacks():
    patients = derive(
        pd.DataFrame({"patient_id": ["A", "B"], "response": ["NR"] * 2, "rfs_days": [np.nan] * 2,
                      "rfs_event": [np.nan] * 2})
    )  # fmt: skip
    with pytest.raises(CannotCompute, match="no patient of this cohort reached remission"):
        survival.with_endpoint(patients, "rfs")
