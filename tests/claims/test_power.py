"""Power for moderate effects, next cohorts and the sceptical p, against R."""

from __future__ import annotations

import json

import numpy as np
import pytest
from conftest import ORACLE
from scipy import stats

from cartanalysis.claims import power, sceptical

ORACLES = json.loads((ORACLE / "replication.json").read_text())


def test_moderate_effects_are_half_a_standard_deviation():
    assert pytest.approx(ORACLES["moderate"]["hazard_ratio"]) == power.HAZARD_RATIO
    assert pytest.approx(ORACLES["moderate"]["odds_ratio"]) == power.ODDS_RATIO
    assert round(power.HAZARD_RATIO, 1) == 1.9  # as Azuero (2016) gives it
    assert round(power.ODDS_RATIO, 2) == 2.48  # exp(0.5 · 1.81) by Chinn (2000)


@pytest.mark.parametrize("case", ORACLES["hazard"], ids=lambda c: f"{c['events']}-events")
def test_hazard_ratio(case):
    found = power.of_hazard_ratio(case["events"], case["share"], case["hr"], case["r2"])
    assert found == pytest.approx(case["power"], rel=1e-9)


@pytest.mark.parametrize("case", ORACLES["hazard"], ids=lambda c: f"{c['n']}-patients")
def test_patients_of_a_next_cohort(case):
    asked = (case["n"], case["events"], case["share"], case["hr"], case["r2"])
    assert power.patients_needed(*asked) == case["needed"]
    assert power.patients_needed(*asked[:-1], explained=1.0) == np.inf


@pytest.mark.parametrize(
    "case", ORACLES["sceptical"], ids=lambda c: f"{c['original']}-{c['ratio']}"
)
def test_sceptical_p_by_its_definition(case):
    found = sceptical.p_value(case["original"], case["replication"], case["ratio"])
    assert found == pytest.approx(case["p"], rel=1e-8)
    weaker = max(stats.norm.sf(case["original"]), stats.norm.sf(case["replication"]))
    assert found > weaker or case["replication"] < 0
    assert sceptical.p_value(case["original"], 0.0, case["ratio"]) == 0.5


@pytest.mark.parametrize("case", ORACLES["odds"], ids=lambda c: f"{c['exposed']}-{c['outcomes']}")
def test_odds_ratio(case):
    margins = case["exposed"], case["others"], case["outcomes"]
    assert power.of_odds_ratio(*margins, case["or"]) == pytest.approx(case["power"], abs=1e-9)


def test_no_effect_is_found_no_more_often_than_the_level():
    assert power.of_odds_ratio(50, 60, 40, 1.0) <= 0.025 + 0.01
    assert power.of_hazard_ratio(100, 0.5, 1.0) == pytest.approx(0.025)


def test_a_p_of_one_twentieth_is_not_below_it():
    # one exposed patient among twenty, nineteen outcomes: the exposed has none with p = 1/20
    assert power.of_odds_ratio(1, 19, 19, 0.4) == 0


def test_many_patients_do_not_overflow():
    assert power.of_odds_ratio(40_000, 60_000, 50_000) == pytest.approx(1)


def test_variance_explained():
    cars = ORACLES["cars"]
    others = np.column_stack([cars["vs"], cars["big"]])
    assert power.variance_explained(cars["am"], others) == pytest.approx(cars["explained"])
    with pytest.raises(ValueError, match="same in all"):
        power.variance_explained([1, 1, 1], [[0], [1], [0]])
