"""The verdicts keep their promise."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from conftest import ORACLE, script

from cartanalysis.claims import verdicts
from cartanalysis.study import calibration

simulation = script("calibration")

TOLERANCE = {"consistent": 0.03, "supports": 0.025, "contradicts": 0.025}
"""How far a share may be from the promise: small cohorts and rare events take few values, and the
paper's censoring is not known."""


@pytest.fixture(scope="module")
def known() -> pd.DataFrame:
    return calibration.known()


def test_every_value_and_every_test_was_simulated(known):
    assert set(known["size"]) == set(calibration.SIZES)
    kinds = known.groupby("outcome")["claim"].nunique()
    assert kinds.to_dict() == {"consistent": 7, "contradicts": 4, "supports": 4}
    values = known[known["outcome"] == "consistent"]
    assert (values["draws"] >= np.where(values["size"] == 12, 1750, 1900)).all()


def test_shares_are_near_the_promise(known):
    for row in known.itertuples():
        # four Monte Carlo errors beside the stated tolerance of the method
        allowed = TOLERANCE[row.outcome] + 4 * row.error
        assert abs(row.share - row.promised) <= allowed, row
    wrong = known[known["outcome"] != "consistent"]
    assert (wrong["share"] <= 0.025 + 4 * wrong["error"]).sum() >= len(wrong) - 2


def test_shares_of_rates_equal_the_exact_coverage(known):
    """R adds up the probabilities of all outcomes; the simulation must agree."""
    exact = json.loads((ORACLE / "replication.json").read_text())["coverage"]
    claims = {(38, 47): "orr", (3, 47): "ae_grade4"}
    compared = 0
    for case in exact:
        claim = claims.get((case["x"], case["n"]))
        rows = known[(known["claim"] == claim) & (known["judged"] == case["m"])]
        for row in rows.itertuples():
            assert abs(row.share - case["score"]) <= 4 * row.error
            compared += 1
    assert compared == 8


@pytest.mark.parametrize("claim", ["ae_grade4", "os_1y", "rfs_median"])
def test_a_part_reproduces_the_whole(known, claim):
    again = simulation.simulate(sizes=(12, 47), claims=[claim])
    before = known[(known["claim"] == claim) & known["size"].isin((12, 47))]
    assert again["share"].tolist() == pytest.approx(before["share"].tolist())


def test_a_direction_is_judged_by_the_same_judge():
    made = simulation.simulate(directions=25, sizes=(47,), claims=["genetics_os"], seed=1)
    assert made["outcome"].tolist() == ["supports", "contradicts"]
    assert (made["draws"] == 25).all()
    assert made["share"].sum() <= 0.2


def test_text_has_a_row_for_each_claim_and_a_column_for_each_size(known):
    values = calibration.as_text(known, verdicts.VALUES)
    assert len(values) == 3 + 2 * 4
    assert list(values)[1:] == ["12", "47", "200", "1000"]
    assert len(calibration.as_text(known, verdicts.DIRECTIONS)) == 8
