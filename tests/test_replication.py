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


def test_the_ordering_claim_with_another_group_lower_still():
    emd = ["none"] * 100 + ["cns"] * 2 + ["other"] * 100
    found = ["CR"] * 90 + ["NR"] * 10 + ["NR"] * 2 + ["CR"] * 30 + ["NR"] * 70
    table = replication.claims(cohort(202, emd=emd, response=found), published.load())
    row = table.set_index("id").loc["orr_emd_lowest"]
    assert row["verdict"] == replication.SAME
    assert "another group" in row["why"]


@pytest.mark.parametrize(
    ("dead", "verdict"), [("high", replication.SUPPORTS), ("standard", replication.CONTRADICTS)]
)
def test_a_group_without_events_is_judged_by_the_log_rank_test(dead, verdict):
    risk = ["high"] * 20 + ["standard"] * 20
    made = cohort(
        40,
        genetic_risk=risk,
        os_days=list(range(100, 120)) * 2,
        os_event=[int(r == dead) for r in risk],
    )
    table = replication.claims(made, published.load()).set_index("id")
    assert table.loc["genetics_os", "verdict"] == verdict
    shown = replication.as_text(table.reset_index()).set_index("id").loc["genetics_os"]
    assert shown["shown"] == "no finite hazard ratio"
    assert "no event" in shown["verdict"]


def test_a_median_not_reached_is_compared_by_its_lower_bound():
    days = [1000.0 + i for i in range(40)]
    late = cohort(40, os_days=days, os_event=[1] * 19 + [0] * 21)
    assert verdicts(late)["os_median"] == replication.DIFFERS
    early = cohort(12, os_days=[300.0 + i for i in range(12)], os_event=[1] * 5 + [0] * 7)
    assert verdicts(early)["os_median"] == replication.COMPATIBLE


def test_an_infinite_odds_ratio_is_readable():
    made = cohort(60, emd=["none"] * 30 + ["other"] * 30, response=["NR"] * 30 + ["CR"] * 30)
    table = replication.as_text(replication.claims(made, published.load())).set_index("id")
    assert "inf" not in table.loc["orr_emd_lowest", "shown"]
    assert "∞" in table.loc["orr_emd_lowest", "shown"]
