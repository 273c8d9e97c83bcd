"""Pooling hospitals' likelihoods: against R's stratified Cox regression of all patients."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from conftest import ORACLE

from cartanalysis.errors import CannotCompute, MissingColumns
from cartanalysis.stats import profile

R = json.loads((ORACLE / "pool.json").read_text())


def read(name: str) -> pd.DataFrame:
    """The patients that pool.R made of a data set."""
    data = pd.read_csv(ORACLE / "data" / f"{name}.csv")
    if name == "lung":
        data = data[data["ph.ecog"].isin([0, 1, 2])]
        x, y, z = data["group"] == "male", data["age"] > 60, data["age"] > 70
        data = data.assign(site=data["ph.ecog"], x=x, y=y, z=z)
    if name == "veteran":
        x, y, z = data["karno"] < 60, data["age"] > 60, data["age"] > 65
        data = data.assign(site=data["group"], x=x, y=y, z=z)
    groups = {c: np.where(data[c] == 1, "yes", "no") for c in "xyz"}
    return data.assign(os_days=data["time"], os_event=data["event"], **groups)


def profiles(data: pd.DataFrame, *covariates: str) -> list[np.ndarray]:
    asked = dict.fromkeys(covariates, "yes")
    return [profile.profile(site, "os", asked).values for _, site in data.groupby("site")]


@pytest.mark.parametrize("name", R["pooled"])
@pytest.mark.parametrize(("model", "covariates"), [("alone", "x"), ("adjusted", "xyz")])
def test_pooled_is_the_stratified_analysis_of_all_patients(name, model, covariates):
    theirs = R["pooled"][name][model]
    ours = profile.pool(profiles(read(name), *covariates))
    assert ours.estimate == pytest.approx(theirs["estimate"], rel=1e-3)
    assert ours.lower == pytest.approx(theirs["lower"], rel=1e-3)
    assert ours.upper == pytest.approx(theirs["upper"], rel=1e-3)
    assert ours.p == pytest.approx(theirs["p"], rel=1e-3)


def test_hospitals_without_events_in_a_group_are_among_them():
    data = read("hospitals")
    assert data.groupby("site").size().tolist() == [15] * 5
    assert R["without_events"] >= 2


def test_values_are_those_of_r():
    middle = profile.POINTS // 2
    for site, ours in zip(R["values"].values(), profiles(read("hospitals"), "x"), strict=True):
        told = ours[[0, middle, -1]]
        np.testing.assert_allclose(np.diff(told), np.diff(site), atol=0.001 + 1e-9)
        np.testing.assert_array_equal(ours, ours.round(3))
        assert ours.max() == 0


def test_any_covariate_can_be_the_one_that_is_pooled():
    data = read("veteran")
    first = profile.pool(profiles(data, *"xyz"), 1)
    other = profile.pool(profiles(data, *"yxz"), 0)
    assert first.estimate == pytest.approx(other.estimate, rel=1e-4)
    assert first.lower == pytest.approx(other.lower, rel=1e-4)


def test_hospitals_that_know_nothing_change_nothing():
    data = read("veteran")
    told = profiles(data, "x")
    silent = data.head(12).assign(os_event=0)
    alike = data.head(12).assign(x="yes")
    for site in (silent, alike):
        flat = profile.profile(site, "os", {"x": "yes"})
        assert not flat.values.any()
        assert flat.n == 12
        assert profile.pool([*told, flat.values]) == profile.pool(told)


def test_what_has_no_finite_estimate_is_said():
    data = read("veteran")
    none = data.assign(os_event=data["os_event"].where(data["x"] == "no", 0))
    with pytest.raises(CannotCompute, match="would be 0"):
        profile.pool(profiles(none, "x"))
    all_of = data.assign(os_event=data["os_event"].where(data["x"] == "yes", 0))
    with pytest.raises(CannotCompute, match="would be infinite"):
        profile.pool(profiles(all_of, "x"))
    with pytest.raises(CannotCompute, match="tell nothing"):
        profile.pool(profiles(data.assign(os_event=0), "x"))


def test_an_end_that_is_not_reached_is_open():
    # the only event among the exposed comes late: hardly anything speaks against a ratio near 0
    late = {70: 1, 71: 0, 72: 0, 73: 0}
    others = dict.fromkeys([10, 20, 30, 40, 50, 60, 80], 1)
    exposed = pd.DataFrame({"os_days": late.keys(), "os_event": late.values(), "x": "yes"})
    rest = pd.DataFrame({"os_days": others.keys(), "os_event": others.values(), "x": "no"})
    patients = pd.concat([exposed, rest], ignore_index=True)
    found = profile.pool([profile.profile(patients, "os", {"x": "yes"}).values])
    assert found.lower == 0
    assert 0 < found.estimate < found.upper < math.inf


def test_rounding_does_not_protect():
    """As the page on one's own cohort says: rounded likelihoods tell as many courses apart."""
    courses = np.array(np.meshgrid(*[range(4)] * 6)).reshape(6, -1).T  # latest patient first
    exposed, event = courses % 2, courses // 2
    beta = profile.LOG_RATIOS[:, None, None]
    weights = np.cumsum(1 - exposed, axis=1) + np.cumsum(exposed, axis=1) * np.exp(beta)
    value = (event * (beta * exposed - np.log(weights))).sum(axis=2).T
    value -= value.max(axis=1, keepdims=True)
    patients = pd.DataFrame({"os_days": range(6, 0, -1), "os_event": event[1234]})
    patients["x"] = np.where(exposed[1234], "yes", "no")
    ours = profile.profile(patients, "os", {"x": "yes"}).values
    np.testing.assert_allclose(ours, value[1234], atol=0.0006)
    told, exact = (len(np.unique(value.round(d) + 0.0, axis=0)) for d in (profile.DIGITS, 8))
    assert told == exact > 100


def test_what_cannot_be_asked():
    data = read("veteran")
    with pytest.raises(MissingColumns):
        profile.profile(data, "os", {"sex": "female"})
    with pytest.raises(CannotCompute, match="more than 3"):
        profile.profile(data.assign(w="yes"), "os", dict.fromkeys("wxyz", "yes"))
