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


# --- not interpretable, and observed against expected -------------------------------------------


@pytest.fixture(scope="module")
def asked() -> pd.DataFrame:
    return calibration.interpretable()


def test_few_patients_are_not_interpretable_and_many_are(asked):
    shares = asked[asked["what"] != "expected"].set_index(["what", "effect", "outcome", "size"])
    shares = shares["share"].unstack()
    assert list(shares) == list(calibration.JUDGED_SIZES)
    assert len(shares) == len(calibration.JUDGED) * len(calibration.EFFECTS) * 2
    called = shares.xs("not interpretable", level="outcome")
    lost = shares.xs("though supported", level="outcome")
    assert (called[300] == 0).all()
    assert (called.loc[["emd_os", "emd_independent", "orr_emd_lowest"], 12] == 1).all()
    assert (lost <= called).all(axis=None)
    # what the rule costs grows with the effect
    assert (lost.xs("very large", level="effect")[12] > lost.xs("none", level="effect")[12]).all()


def test_false_alarms_of_observed_against_expected(asked):
    alarms = asked[asked["what"] == "expected"].set_index(["outcome", "size"])
    upper = alarms["share"] - 4 * alarms["error"]
    assert (upper[["study exact", "study a sample, allowed for"]] <= 0.05).all()
    ignored = alarms.loc["study a sample, ignored", "share"]
    assert ignored.is_monotonic_increasing
    assert ignored[300] > 0.3


def test_a_part_of_what_was_asked_reproduces_the_whole(asked):
    again = script("interpretable").simulate(sizes=(47,), claims=["orr_emd_lowest"], alarms=2000)
    mine = asked[asked["what"].isin(["orr_emd_lowest", "expected"]) & (asked["size"] == 47)]
    assert again["share"].tolist() == pytest.approx(mine["share"].tolist())


def test_text_of_what_was_asked(asked):
    table = calibration.interpretable_as_text(asked)
    assert list(table)[1:] == [str(size) for size in calibration.JUDGED_SIZES]
    assert table["what"].iloc[0] == "OS, any EMD: none"
    assert table["12"].iloc[0].startswith("100.0 % (")
    assert calibration.alarms_as_text(asked)["what"].tolist() == [
        "study exact", "study a sample, ignored", "study a sample, allowed for",
    ]  # fmt: skip
