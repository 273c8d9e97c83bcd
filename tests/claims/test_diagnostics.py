"""What is told before a verdict, against R; and what is not interpretable."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from conftest import ORACLE

from cartanalysis.claims import diagnostics, expected, power, replication, verdicts
from cartanalysis.claims.verdicts import Kind, Verdict
from cartanalysis.contract import derive
from cartanalysis.errors import MissingColumns
from cartanalysis.intake import parse
from cartanalysis.stats import exact
from cartanalysis.study import published

ORACLES = json.loads((ORACLE / "diagnostics.json").read_text())
REGISTRY = published.load()


def cohort(n: int, **columns) -> pd.DataFrame:
    table = pd.DataFrame({"patient_id": [f"P{i}" for i in range(n)], **columns})
    return derive(parse(table.to_csv(index=False).encode(), "made.csv").table)


def timed(name: str) -> pd.DataFrame:
    return pd.read_csv(ORACLE / "data" / f"{name}.csv")


def or_nan(value: float | None) -> float:
    return math.nan if value is None else value


# --- the smallest effect ------------------------------------------------------------------------


@pytest.mark.parametrize("case", ORACLES["rates"], ids=lambda c: f"{c['x']}-{c['n']}-{c['m']}")
def test_rates_seen_equal_those_found_by_testing_every_count(case):
    asked = case["m"], case["x"] / case["n"], case["n"], 0.95
    for chance, theirs in ((0.8, case["p80"]), (0.5, case["p50"])):
        wanted = [or_nan(theirs[side]) for side in ("lower", "upper")]
        found = diagnostics.rates_seen(*asked, chance)
        assert found == pytest.approx(wanted, rel=1e-9, nan_ok=True)


@pytest.mark.parametrize("case", ORACLES["hazard"], ids=lambda c: f"{c['events']}-events")
def test_the_hazard_ratio_seen_is_the_inverse_of_the_power(case):
    found = diagnostics.hazard_ratio_seen(case["events"], case["share"], case["r2"])
    assert found == pytest.approx(case["seen"], rel=1e-9)
    again = power.of_hazard_ratio(case["events"], case["share"], found, case["r2"])
    assert again == pytest.approx(0.8)


@pytest.mark.parametrize("case", ORACLES["odds"], ids=lambda c: f"{c['exposed']}-{c['outcomes']}")
def test_the_odds_ratio_seen_is_the_inverse_of_the_power(case):
    found = diagnostics.odds_ratio_seen(case["exposed"], case["others"], case["outcomes"])
    assert found == pytest.approx(case["seen"], rel=1e-6)


def test_what_can_never_be_seen():
    assert math.isnan(diagnostics.hazard_ratio_seen(0, 0.5))
    assert math.isnan(diagnostics.hazard_ratio_seen(30, 1.0))
    assert math.isnan(diagnostics.odds_ratio_seen(1, 19, 19))  # the only exposed: p = 1/20
    assert math.isnan(diagnostics.odds_ratio_seen(0, 19, 10))
    assert all(map(math.isnan, diagnostics.rates_seen(1, 2 / 7, 7)))


def test_very_large_effects_are_so_many_standard_deviations():
    scaled = diagnostics.VERY_LARGE * math.pi
    assert math.exp(scaled / math.sqrt(6)) == pytest.approx(diagnostics.HAZARD_RATIO)
    assert math.exp(scaled / math.sqrt(3)) == pytest.approx(diagnostics.ODDS_RATIO)
    low, high = diagnostics.very_large(0.5)
    cohens_h = 2 * (math.asin(math.sqrt(high)) - math.asin(math.sqrt(0.5)))
    assert (cohens_h, low + high) == pytest.approx((diagnostics.VERY_LARGE, 1))
    assert math.isnan(diagnostics.very_large(0.06)[0])
    assert math.isnan(diagnostics.very_large(0.9)[1])


@pytest.mark.parametrize("case", ORACLES["completeness"], ids=lambda c: f"{c['name']}-{c['day']}")
def test_completeness_of_follow_up(case):
    data = timed(case["name"])
    found = diagnostics.follow_up(data["time"], data["event"] == 1, case["day"])
    assert found == pytest.approx((case["followed"], case["completeness"]), rel=1e-9)


# --- the answer of its own ----------------------------------------------------------------------


def two_groups(high: int, others: int, events: int) -> pd.DataFrame:
    n = high + others
    order = np.random.default_rng(1).permutation(n)
    return cohort(
        n,
        genetic_risk=np.array(["high"] * high + ["standard"] * others)[order],
        os_days=np.arange(1, n + 1),
        os_event=[1] * events + [0] * (n - events),
    )


def judged(patients: pd.DataFrame, claim: str) -> pd.Series:
    return replication.claims(patients, REGISTRY).set_index("id").loc[claim]


def test_a_direction_needs_groups_and_events_and_looks_at_nothing_else():
    row = judged(two_groups(4, 40, 40), "genetics_os")
    assert (row["verdict"], row["why"]) == (
        Verdict.NOT_INTERPRETABLE,
        "fewer than 5 patients in a group",
    )
    # events × ½ × ½ must reach (1.96 / log 4.66)², which is 1.62: seven events
    for events, is_called in ((6, True), (7, False)):
        row = judged(two_groups(20, 20, events), "genetics_os")
        assert (row["verdict"] == Verdict.NOT_INTERPRETABLE) is is_called
    few = judged(two_groups(20, 20, 6), "genetics_os")
    missed = "a hazard ratio of 4.7, a very large effect, would more often be missed than seen"
    assert few["why"] == f"even {missed}"
    assert few[["p", "ph_p", "p_holm"]].isna().all()
    assert (few["test"], few["size"]) == ("", 20)
    assert few["estimate"] > 0, "what the cohort shows is told, and can be pooled"


@pytest.mark.parametrize("dies", ["high", "standard"])
def test_the_answer_does_not_depend_on_who_died(dies):
    risk = ["high"] * 6 + ["standard"] * 6
    event = [int(r == dies) for r in risk]
    row = judged(cohort(12, genetic_risk=risk, os_days=range(1, 13), os_event=event), "genetics_os")
    assert row["verdict"] == Verdict.NOT_INTERPRETABLE


def test_a_group_of_seven_can_show_what_the_paper_saw():
    made = cohort(
        47, emd=["other"] * 7 + ["none"] * 40, response=["CR"] * 2 + ["NR"] * 9 + ["CR"] * 36
    )
    table = replication.claims(made, REGISTRY).set_index("id")
    assert table.loc["orr_emd_other", "verdict"] == Verdict.EXACT
    assert table.loc["orr_emd_lowest", "verdict"] != Verdict.NOT_INTERPRETABLE
    four = cohort(
        44, emd=["other"] * 4 + ["none"] * 40, response=["CR"] * 2 + ["NR"] * 9 + ["CR"] * 33
    )
    table = replication.claims(four, REGISTRY).set_index("id")
    assert table.loc["orr_emd_other", "why"] == "fewer than 5 patients"
    assert table.loc["orr_emd_lowest", "why"] == "fewer than 5 patients in a group"


def test_what_is_not_interpretable_is_counted_apart_and_not_tested():
    table = replication.claims(two_groups(20, 20, 6), REGISTRY)
    counts = replication.tally(table).set_index("verdict")["n"]
    found = table.set_index("id").loc[["genetics_os", "os_1y", "os_median"], "verdict"]
    assert (found == Verdict.NOT_INTERPRETABLE).all()  # followed for 40 days
    assert (counts[Kind.NOT_INTERPRETABLE], counts[Kind.NOT_ASSESSED]) == (3, 18)
    assert replication.multiplicity(table)["n"].tolist() == [0, 0]
    assert "3 not interpretable, 18 not assessed." in replication.report(table)
    shown = replication.as_text(table).set_index("id").loc["genetics_os"]
    assert shown["verdict"].startswith("not interpretable: even a hazard ratio")
    assert shown["shown"].startswith("hazard ratio ")
    text = replication.describe(table)
    assert "Not interpretable 3: OS at 1 year; OS on day 415 (median); OS, high-risk" in text


def test_the_table_before_the_verdicts():
    days = [400] * 15 + [100] * 25
    made = cohort(40, response="CR", os_days=days, os_event=[0] * 15 + [1] * 15 + [0] * 10)
    table = replication.before(replication.claims(made, REGISTRY)).set_index("short")
    survival = table.loc["OS at 1 year"]
    # 15 × 365 + 25 × 100 days were seen, of 25 × 365 + 15 × 100
    share = (15 * 365 + 25 * 100) / (25 * 365 + 15 * 100)
    assert survival["follow_up"] == f"{100 * share:.0f} % of the time, 75 % of patients"
    assert survival["says"] == "can be judged, but more than a fifth of the follow-up is missing"
    low, high = diagnostics.rates_seen(40, 38 / 47, 47)
    assert (
        table.loc["remission", "seen"] == f"{100 * low:.1f} % or less, {100 * high:.1f} % or more"
    )
    assert table.loc["remission", "patients"] == "40"
    assert table.loc["OS, any EMD", "says"].startswith("cannot be assessed: this cohort has no")
    assert table.loc["OS, any EMD", ["patients", "follow_up", "seen"]].tolist() == ["–"] * 3


def test_before_looks_at_no_outcome_of_a_direction():
    entry = REGISTRY["genetics_os"]
    one = two_groups(20, 20, 15)
    swapped = one.assign(genetic_risk=one["genetic_risk"].to_numpy()[::-1])
    asked = (verdicts.before(entry, patients, REGISTRY) for patients in (one, swapped))
    first, second = asked
    assert first == second


# --- observed against expected ------------------------------------------------------------------


@pytest.mark.parametrize("case", ORACLES["expected"], ids=lambda c: f"{c['name']}-{c['survival']}")
def test_expected_events_are_those_of_the_one_sample_log_rank_test(case):
    data = timed(case["name"])
    days, events = data["time"].astype(float), data["event"].astype(float)
    made = pd.DataFrame(
        {"os_days": days, "os_event": events, "rfs_days": days, "rfs_event": events}
    )
    endpoint = {0.53: "os", 0.45: "rfs"}[case["survival"]]
    row = expected.against(made, REGISTRY).set_index("endpoint").loc[endpoint]
    assert row["observed"] == case["observed"]
    assert row["expected"] == pytest.approx(case["expected"], rel=1e-9)
    assert row["estimate"] == pytest.approx(case["observed"] / case["expected"], rel=1e-9)


@pytest.mark.parametrize("case", ORACLES["poisson"], ids=lambda c: str(c["events"]))
def test_mid_p_limits_of_a_count(case):
    assert exact.poisson_interval(case["events"]) == pytest.approx(case["limits"], rel=1e-8)


@pytest.mark.parametrize("case", ORACLES["ratio"], ids=lambda c: str(c["events"]))
def test_limits_of_a_ratio_equal_poisson_test(case):
    found = exact.poisson_ratio(case["events"], case["exposure"], case["others"])
    assert found == pytest.approx(case["limits"], rel=1e-6)


def test_the_studys_own_error_widens_the_interval():
    row = expected.compared(40, 20.0, 0.53, 47)
    assert row["wide_lower"] < row["lower"] < row["estimate"] < row["upper"] < row["wide_upper"]
    precise = expected.compared(40, 20.0, 0.53, 10**7)
    limits = [2 * value / 40 for value in exact.poisson_interval(40)]
    assert [precise["lower"], precise["upper"]] == pytest.approx(limits)
    # only the exact limits of the count are left
    assert precise["wide_lower"] == pytest.approx(28.58 / 20, abs=0.001)


def test_words_about_more_and_fewer():
    def says(observed: int, size: float) -> str:
        row = {"id": "os_1y", "endpoint": "os", "n": 60}
        table = pd.DataFrame([row | expected.compared(observed, 20.0, 0.53, size)])
        return expected.as_text(table, REGISTRY)["says"].iloc[0]

    assert says(20, 47) == "within chance"
    assert says(60, 47) == "more than expected"
    assert says(3, 47) == "fewer than expected"
    assert says(30, 47).startswith("within the chance of both studies")


def test_an_endpoint_without_an_answer_is_still_a_row_with_the_reason():
    patients = cohort(60, os_days=400, os_event=[1, 0] * 30)
    found = expected.against(patients, REGISTRY).set_index("id")
    assert found.loc["os_1y", "why"] == "" and "rfs_days" in found.loc["rfs_1y", "why"]
    shown = expected.as_text(found.reset_index(), REGISTRY).set_index("published")
    assert shown.loc[REGISTRY["rfs_1y"].printed, "observed"] == "–"
    assert "rfs_days" in shown.loc[REGISTRY["rfs_1y"].printed, "says"]


def test_without_an_endpoint_nothing_is_expected():
    with pytest.raises(MissingColumns):
        expected.against(cohort(5, response="CR"), REGISTRY)
