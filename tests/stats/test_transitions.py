"""Courses, occupancy and transplants against R's survfit and coxph."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from conftest import ORACLE

from cartanalysis import intake
from cartanalysis.errors import CannotCompute, MissingColumns
from cartanalysis.stats import transitions, transplant
from cartanalysis.stats.transitions import (
    DEATH,
    INFUSED,
    RELAPSE,
    REMISSION,
    TRANSPLANT,
    courses,
    occupancy,
    occupancy_at,
    swimmers,
)
from cartanalysis.stats.transplant import CHANGING, LANDMARK, NAIVE

R = json.loads((ORACLE / "competing.json").read_text())
NAMES = dict(zip(R["occupancy"]["myeloid"]["states"], transitions.STATES, strict=True))


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(ORACLE / "data" / f"{name}.csv")


@pytest.fixture(scope="module")
def myeloid() -> pd.DataFrame:
    return read("myeloid")


def test_courses_equal_those_written_in_r(myeloid):
    theirs = pd.read_csv(ORACLE / "data" / "courses.csv")
    ours = courses(myeloid)
    assert transitions.remission_day(myeloid)["estimate"].tolist() == [
        R["transplant"]["myeloid"]["day"]
    ]
    assert (ours["patient"] + 1).tolist() == theirs["patient"].tolist()
    assert ours["state"].tolist() == theirs["state"].map(NAMES).tolist()
    assert ours["to"].tolist() == theirs["to"].map(NAMES).fillna("").tolist()
    np.testing.assert_allclose(ours[["start", "stop"]], theirs[["start", "stop"]])


@pytest.mark.parametrize("name", R["occupancy"])
def test_occupancy_equals_survfit(name):
    theirs, patients = R["occupancy"][name], read(name)
    states = [NAMES[state] for state in theirs["states"]]
    values, errors = (pd.DataFrame(theirs[of], theirs["times"], states) for of in ("pstate", "se"))
    for time, mine in occupancy_at(patients, theirs["times"]).groupby("time"):
        p, se = (of.loc[time, mine["group"]].to_numpy() for of in (values, errors))
        assert values.loc[time].sum() == pytest.approx(p.sum()), "none of R's states is missing"
        np.testing.assert_allclose(mine["estimate"], p, rtol=1e-9, atol=1e-12)
        inside = mine["lower"].notna().to_numpy()
        assert (inside == ((p > 0) & (se > 0))).all()
        p, se = p[inside], se[inside]
        half = 1.959963984540054 * se / (p * np.log(p))
        np.testing.assert_allclose(mine["lower"][inside], p ** np.exp(-half), rtol=1e-7)
        np.testing.assert_allclose(mine["upper"][inside], p ** np.exp(half), rtol=1e-7)
    table = occupancy(patients)
    assert table["time"].max() == theirs["last"]
    end = table[table["time"] == theirs["last"]].set_index("group")["estimate"]
    last = pd.Series(theirs["end"][0], states)
    np.testing.assert_allclose(end, last[end.index], rtol=1e-9)
    np.testing.assert_allclose(table.groupby("time")["estimate"].sum(), 1, rtol=1e-12)


def test_without_censoring_the_probabilities_are_shares_of_patients(myeloid):
    patients = myeloid[myeloid["os_event"] == 1].reset_index(drop=True)
    day = 200.0
    at = occupancy_at(patients, [day]).set_index("group")["estimate"]
    dead = (patients["os_days"] <= day).mean()
    relapse = 30 + patients["rfs_days"].where(patients["rfs_cause"] == "relapse")
    relapsed = ((relapse <= day) & (patients["os_days"] > day)).mean()
    assert at[DEATH] == pytest.approx(dead, rel=1e-12)
    assert at[RELAPSE] == pytest.approx(relapsed, rel=1e-12)


@pytest.mark.parametrize("case", R["changing"], ids=lambda c: str(c["r"]["terms"]))
def test_covariates_that_change_equal_coxph(case):
    heart = pd.read_csv(ORACLE / "data" / "heart.csv")
    terms = np.atleast_1d(case["r"]["terms"]).tolist()
    found = transplant.changing(heart, terms)
    np.testing.assert_allclose(
        np.log(found["estimate"]), np.atleast_1d(case["r"]["coef"]), rtol=1e-7
    )
    error = np.log(found["upper"] / found["lower"]) / (2 * 1.959963984540054)
    np.testing.assert_allclose(error, np.atleast_1d(case["r"]["se"]), rtol=1e-7)
    assert (found["n"].iloc[0], found["events"].iloc[0]) == (103, 75)


@pytest.mark.parametrize("name", R["transplant"])
def test_three_ways_equal_coxph(name):
    theirs = R["transplant"][name]
    found = transplant.effects(read(name), theirs["landmark_day"]).set_index("group")
    for way, (coef, se, n, events) in ((NAIVE, theirs["naive"]), (LANDMARK, theirs["landmark"])):
        mine = found.loc[way]
        np.testing.assert_allclose(np.log(mine["estimate"]), coef, rtol=1e-6)
        width = np.log(mine["upper"] / mine["lower"]) / (2 * 1.959963984540054)
        np.testing.assert_allclose(width, se, rtol=1e-6)
        assert (mine["n"], mine["events"]) == (n, events)
    mine, timed = found.loc[CHANGING], theirs["changing"]
    np.testing.assert_allclose(np.log(mine["estimate"]), timed["coef"], rtol=1e-6)
    width = np.log(mine["upper"] / mine["lower"]) / (2 * 1.959963984540054)
    np.testing.assert_allclose(width, timed["se"], rtol=1e-6)
    assert (mine["n"], mine["events"]) == tuple(theirs["naive"][2:])
    assert found.loc[[NAIVE, CHANGING], "transplanted"].tolist() == [theirs["transplanted"]] * 2


def test_waiting_time_flatters_a_transplant_that_does_nothing():
    """Relapses at a constant rate, transplants at random among those still free."""
    rng = np.random.default_rng(5)
    n = 3000
    rfs = np.ceil(rng.exponential(200, n)).clip(1)
    day = rng.integers(20, 300, n)
    patients = pd.DataFrame(
        {
            "response": "CR",
            "os_days": 30 + rfs + 60 * rng.integers(0, 2, n),
            "os_event": 1.0,
            "rfs_days": rfs,
            "rfs_event": 1.0,
            "rfs_cause": "relapse",
            "hsct_day": np.where(day < rfs, 30 + day, np.nan),
        }
    )
    patients.loc[0, ["rfs_event", "rfs_cause", "os_event", "os_days"]] = [
        0.0,
        None,
        0.0,
        rfs[0] + 30,
    ]
    found = transplant.effects(patients, 90).set_index("group")
    assert found.loc[NAIVE, "upper"] < 0.8
    for honest in (LANDMARK, CHANGING):
        assert found.loc[honest, "lower"] < 1 < found.loc[honest, "upper"]


@pytest.fixture
def few() -> pd.DataFrame:
    """Seven patients, one for each way but the last, whose first event is not known."""
    return pd.DataFrame(
        {
            "response": ["NR", "CR", "CRi", "CR", "CR", "NR", "CR"],
            "os_days": [50.0, 400, 300, 500, 200, 0, 90],
            "os_event": [1.0, 0, 1, 1, 0, 1, 1],
            "rfs_days": [np.nan, 370, 270, 100, 60, np.nan, 40],
            "rfs_event": [np.nan, 0, 1, 1, 1, np.nan, 1],
            "rfs_cause": [None, None, "death", "relapse", "relapse", None, None],
            "hsct_day": [np.nan, 80, np.nan, 300, np.nan, np.nan, np.nan],
        }
    )


def test_courses_by_hand(few):
    stays = courses(few)
    ways = stays.groupby("patient")["state"].agg(list).to_dict()
    assert ways == {
        0: [INFUSED],
        1: [INFUSED, REMISSION, TRANSPLANT],
        2: [INFUSED, REMISSION],
        3: [INFUSED, REMISSION, RELAPSE],  # transplanted after the relapse
        4: [INFUSED, REMISSION, RELAPSE],
        5: [INFUSED],
    }
    assert stays.groupby("patient")["to"].last().tolist() == [DEATH, "", DEATH, DEATH, "", DEATH]
    three = stays[stays["patient"] == 3]
    assert three[["start", "stop"]].to_numpy().tolist() == [[0, 30], [30, 130], [130, 500]]
    assert stays[stays["patient"] == 5]["stop"].tolist() == [0.5]


def test_swimmers_name_nobody_and_are_summed_up_where_there_are_many(few):
    bars = swimmers(few)
    assert set(bars["n"]) == {1}
    assert "patient" not in bars
    first = bars[bars["place"] == 0]
    assert first["stop"].max() == 500  # the longest in remission
    assert bars[bars["place"] == 5]["group"].iloc[0] == "no remission, death"
    many = swimmers(pd.concat([few] * 30, ignore_index=True))
    assert many.drop_duplicates("place")["n"].tolist() == [60, 30, 30, 30, 30]
    told = transitions.describe_swimmers(many)
    assert told.startswith("Courses of 180 patients since infusion: 60 no remission, death; 30 ")
    assert "30 remission, transplant, alive" in told


def test_without_responses_all_were_in_remission_if_rfs_is_known_of_all(few):
    known = few.dropna(subset=["rfs_days"])
    pd.testing.assert_frame_equal(courses(known.drop(columns="response")), courses(known))
    with pytest.raises(MissingColumns, match="`response`"):
        courses(few.drop(columns="response"))


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"hsct_day": np.nan}, MissingColumns, "`hsct_day`"),
        ({"hsct_day": [np.nan] * 3 + [300] + [np.nan] * 3}, CannotCompute, "no patient was transp"),
        ({"response": None}, MissingColumns, "`response`"),
        ({"rfs_event": 1.0, "rfs_cause": "relapse"}, CannotCompute, "every responder relapsed"),
    ],
)
def test_what_cannot_be_computed_says_why(few, change, error, says):
    with pytest.raises(error, match=says):
        transplant.effects(few.assign(**change), 60)


def test_a_group_without_event_has_no_ratio(few):
    found = transplant.effects(few, 60).set_index("group")
    assert found["estimate"].isna().all()
    assert "one side of `transplanted`" in found.loc[CHANGING, "why"]


def test_events_without_a_cause_leave_no_course():
    """Else only responders without an event would be left, and nobody would relapse or die."""
    patients = intake.read("an2020").table.drop(columns="rfs_cause")
    for statistic in (swimmers, occupancy):
        with pytest.raises(MissingColumns, match="rfs_cause"):
            statistic(patients)
    assert len(swimmers(patients.assign(rfs_event=0, os_event=0)))
