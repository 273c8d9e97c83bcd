"""What the thousand cohorts leave open: each table again, by another road."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lifelines.statistics import logrank_test
from scipy import stats

from cartanalysis.claims import replication
from cartanalysis.contract import derive
from cartanalysis.errors import CannotCompute
from cartanalysis.intake import parse
from cartanalysis.study import allowed, consistent, published, reconstruct
from cartanalysis.study.ensemble import anew
from cartanalysis.study.ensemble.prior import Disease

KNOWN = published.load()


@pytest.fixture(scope="module")
def wide() -> pd.DataFrame:
    return consistent.measured()


def test_ranges_hold_the_promised_share(wide):
    table = allowed.fractions().set_index("what")
    for column, what in allowed.OPEN.items():
        known = wide[column].dropna()  # where follow-up ends before 2 years, nothing is known
        inside = known.between(table.loc[what, "lower"], table.loc[what, "upper"])
        assert 0.94 <= inside.mean() <= 1


def test_every_directional_claim_is_significant_in_every_cohort(wide):
    table = allowed.p_values()
    assert len(table) == 8
    names = [name for name in wide if name.endswith(("_os_p", "_rfs_p"))]
    assert len(names) == 12
    assert (wide[[name for name in names if name.startswith("hr_")]] < 0.05).all(axis=None)


def test_assumptions_follow_spearman(wide):
    table = allowed.drivers().set_index("what")
    found = stats.spearmanr(wide["drawn_hr_emd"], wide["hr_emd_os"]).statistic
    assert table.loc[allowed.DRAWN["drawn_hr_emd"], "emd"] == pytest.approx(found, abs=1e-6)
    assert table[["emd", "treg", "genetics", "late"]].abs().max(axis=1).is_monotonic_decreasing


def test_fragility_of_a_shipped_cohort_is_that_of_its_patients(wide):
    patients = derive(
        parse(reconstruct.reconstruct(1).encode(), "c.csv", settled=True).table
    )  # fmt: skip
    events = int(wide.set_index("seed").loc[1, "hr_emd_os_fragility"])
    exposed = patients["emd_any"] == "any"
    event = patients["os_event"].astype(bool).copy()
    for _ in range(events):
        p = {}
        for i in np.flatnonzero(event & exposed):
            without = event.copy()
            without.iloc[i] = False
            p[i] = _p(patients["os_days"], without, exposed)
        assert _p(patients["os_days"], event, exposed) < 0.05
        event.iloc[max(p, key=lambda i: p[i])] = False
    assert _p(patients["os_days"], event, exposed) >= 0.05


def _p(days, event, exposed) -> float:
    sides = days[exposed], days[~exposed], event[exposed], event[~exposed]
    return float(logrank_test(*sides).p_value)


def test_new_cohorts_have_the_frequencies_of_the_drawn_ones(wide):
    """Jeffreys' prior adds half a patient to every count."""
    courses = anew.patients_like(Disease.of(KNOWN), wide, 400, np.random.default_rng(1))
    assert courses.other.mean() == pytest.approx(7.5 / 48.5, abs=0.01)
    cns = ((wide["cns"] + 0.5) / 48.5).mean()
    assert courses.cns.mean() == pytest.approx(cns, abs=0.01)
    rate = courses.responds[courses.other].mean()
    assert rate == pytest.approx(2.5 / 8, abs=0.02)
    assert courses.high_risk.mean() == pytest.approx(wide["drawn_high_risk"].mean(), abs=0.01)
    assert courses.treg_high.mean() == pytest.approx(0.5, abs=0.01)


def test_shipped_outcomes_are_those_of_new_draws(wide):
    """Another seed gives the same shares, within the error of two thousand cohorts each."""
    again = anew.outcomes(KNOWN, wide, 100, np.random.default_rng(7)).set_index("claim")
    shipped = consistent.outcomes()
    shipped = shipped[shipped["n"] == 100].set_index("claim")
    share = shipped["supports"]
    error = np.sqrt(2 * share * (1 - share) / len(wide)) + 1e-3
    assert ((again["supports"] - share).abs() < 4 * error).all()
    assert len(shipped) == 9


def test_larger_new_cohorts_show_more(wide):
    sizes = allowed.outcomes().pivot(index="claim", columns="n", values="estimate")
    assert (sizes.diff(axis=1).iloc[:, 1:] > -0.02).all(axis=None)
    # what the chapter says of the smallest
    assert sizes[47].idxmin() == "emd_rfs"
    assert allowed.inflation()["estimate"].idxmax() == 1


@pytest.fixture(scope="module")
def default() -> pd.DataFrame:
    return derive(parse(reconstruct.reconstruct().encode(), "c.csv", settled=True).table)


def test_expected_shares_lie_between_the_simulated_sizes(default):
    table = allowed.expected(replication.claims(default, KNOWN))
    shipped = consistent.outcomes()
    exact = shipped[(shipped["n"] == 47) & (shipped["claim"] == "emd_os")]["supports"].iloc[0]
    text = table.set_index("what").loc[KNOWN["emd_os"].details["short"], "expected"]
    assert text == f"{100 * exact:.0f} %"
    with pytest.raises(CannotCompute):
        allowed.expected(replication.claims(default[[]], KNOWN))


def test_the_sceptical_p_of_a_cohort_does_not_depend_on_its_confidence(default):
    wide, tables = allowed.consistent.measured(), []
    for confidence in (0.95, 0.8):
        claims = replication.claims(default, KNOWN, confidence)
        tables.append(allowed.expected(claims, confidence).set_index("what")["sceptical"])
    adjusted = KNOWN["emd_independent"].details["short"]
    row = claims.set_index("id").loc["emd_independent"]
    first, second = (stats.norm.isf(p / 2) for p in (wide["adjusted_emd_os_p"].median(), row["p"]))
    alone = stats.norm.sf(min(first, second))
    assert alone < float(tables[0][adjusted].lstrip("<")) < 0.05
    assert tables[0][KNOWN["orr_emd_lowest"].details["short"]] == "–"
    near = [float(t[adjusted].lstrip("<")) for t in tables]
    assert near[0] == pytest.approx(near[1], rel=0.1)  # a profile is not quite a parabola
