"""Verdicts on the paper's claims."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cartanalysis import published, replication
from cartanalysis.cohort import derive, parse


def cohort(n: int, seed: int = 0, **columns) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"patient_id": [f"P{i}" for i in range(n)]})
    for name, values in columns.items():
        table[name] = values(rng) if callable(values) else values
    text = table.to_csv(index=False).encode()
    return derive(parse(text, "made.csv").table)


def verdicts(patients: pd.DataFrame) -> pd.Series:
    table = replication.claims(patients, published.load())
    return table.set_index("id")["verdict"]


def test_a_rate_is_equal_compatible_or_different():
    def with_responders(n, k):
        return cohort(n, response=["CR"] * k + ["NR"] * (n - k))

    assert verdicts(with_responders(47, 38))["orr"] == replication.EXACT
    assert verdicts(with_responders(47, 36))["orr"] == replication.COMPATIBLE
    assert verdicts(with_responders(47, 20))["orr"] == replication.DIFFERS


@pytest.mark.parametrize(
    ("n", "ratio", "verdict"),
    [
        (300, 3.0, replication.SUPPORTS),
        (300, 1 / 3, replication.CONTRADICTS),
        (14, 1.6, replication.SAME),
        (14, 0.7, replication.OPPOSITE),
    ],
)
def test_a_direction_is_judged_by_sign_and_significance(n, ratio, verdict):
    risk = ["standard", "high"] * (n // 2)
    quantile = (np.arange(n) // 2 + 0.5) / (n // 2)  # the same spread in both groups
    days = -np.log(1 - quantile) * 300 / np.where(np.array(risk) == "high", ratio, 1)
    found = verdicts(cohort(n, genetic_risk=risk, os_days=days.round(2), os_event=1))
    assert found["genetics_os"] == verdict


def test_the_ordering_claim():
    emd = ["none"] * 30 + ["other"] * 10
    weak = ["CR"] * 28 + ["NR"] * 2 + ["CR"] * 3 + ["NR"] * 7
    assert verdicts(cohort(40, emd=emd, response=weak))["orr_emd_lowest"] == replication.SUPPORTS
    strong = ["CR"] * 5 + ["NR"] * 25 + ["CR"] * 10
    found = verdicts(cohort(40, emd=emd, response=strong))
    assert found["orr_emd_lowest"] == replication.CONTRADICTS


def test_what_cannot_be_assessed_says_why():
    table = replication.claims(cohort(3, age_years=30), published.load())
    assert (table["verdict"] == replication.NOT_ASSESSED).all()
    assert table["why"].str.contains("no values in the column").all()
    shown = replication.as_text(table)
    assert shown["verdict"].str.startswith("cannot be assessed: ").all()


def test_a_median_that_is_not_reached_cannot_be_compared():
    found = replication.claims(cohort(5, os_days=[9, 10, 11, 12, 13], os_event=0), published.load())
    row = found.set_index("id").loc["os_median"]
    assert row["verdict"] == replication.NOT_ASSESSED
    assert "not reached" in row["why"]


def test_tally_counts_every_claim_once():
    table = replication.claims(cohort(3, age_years=30), published.load())
    assert replication.tally(table)["n"].sum() == len(table) == 16
