"""How often a cohort is not interpretable, and how often that is wrong."""

from __future__ import annotations

import pandas as pd
import pytest
from conftest import script

from cartanalysis.study import calibration


@pytest.fixture(scope="module")
def asked() -> pd.DataFrame:
    return calibration.known("interpretable")


def test_few_patients_are_not_interpretable_and_many_are(asked):
    shares = asked[asked["claim"] != ""].set_index(["claim", "truth", "outcome", "size"])
    shares = shares["share"].unstack()
    assert list(shares) == list(calibration.JUDGED_SIZES)
    assert len(shares) == len(calibration.DIRECTIONS) * len(calibration.EFFECTS) * 2
    called = shares.xs("not interpretable", level="outcome")
    lost = shares.xs("though supported", level="outcome")
    assert (called[300] == 0).all()
    assert (called.loc["emd_os", 12] == 1).all(), "three with EMD of twelve"
    assert (lost <= called).all(axis=None)
    # what the rule costs grows with the effect
    assert (lost.xs("very large", level="truth")[12] > lost.xs("none", level="truth")[12]).all()


def test_false_alarms_of_observed_against_expected(asked):
    alarms = asked[asked["claim"] == ""].set_index(["outcome", "size"])
    upper = alarms["share"] - 4 * alarms["error"]
    assert (upper[["study exact", "study a sample, allowed for"]] <= 0.05).all()
    ignored = alarms.loc["study a sample, ignored", "share"]
    assert ignored.is_monotonic_increasing
    assert ignored[300] > 0.3


def test_a_part_of_what_was_asked_reproduces_the_whole(asked):
    again = script("calibration").ask(sizes=(300,), claims=["genetics_os"])
    mine = asked[asked["claim"].isin(["genetics_os", ""]) & (asked["size"] == 300)]
    assert again["share"].tolist() == pytest.approx(mine["share"].tolist())


def test_text_of_what_was_asked(asked):
    table = calibration.as_text(asked, "not interpretable", beside="though supported")
    assert list(table)[1:] == [str(size) for size in calibration.JUDGED_SIZES]
    assert table["what"].iloc[0] == "OS, any EMD: none"
    assert table["12"].iloc[0].startswith("100.0 % (")
    alarms = asked[asked["claim"] == ""]
    ways = calibration.as_text(alarms, *alarms["outcome"].unique(), truth="none")
    assert ways["what"].tolist() == [
        "study exact", "study a sample, ignored", "study a sample, allowed for",
    ]  # fmt: skip
