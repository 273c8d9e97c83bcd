"""Verdicts on the paper's claims."""

from __future__ import annotations

import json
from math import erfc

import numpy as np
import pandas as pd
import pytest
from conftest import ORACLE
from matplotlib import pyplot as plt

from cartanalysis import figures
from cartanalysis.claims import power, replication, verdicts
from cartanalysis.claims.verdicts import Verdict
from cartanalysis.contract import derive
from cartanalysis.errors import CannotCompute
from cartanalysis.figures import style
from cartanalysis.intake import parse, read
from cartanalysis.stats import permutation
from cartanalysis.stats.cox import cox
from cartanalysis.stats.firth import penalised_cox
from cartanalysis.study import published
from cartanalysis.text import format_value

ORACLES = json.loads((ORACLE / "replication.json").read_text())


def cohort(n: int, seed: int = 0, **columns) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"patient_id": [f"P{i}" for i in range(n)]})
    for name, values in columns.items():
        table[name] = values(rng) if callable(values) else values
    text = table.to_csv(index=False).encode()
    return derive(parse(text, "made.csv").table)


def judged(patients: pd.DataFrame, **options) -> pd.DataFrame:
    return replication.claims(patients, published.load(), **options).set_index("id")


def with_responders(n: int, k: int) -> pd.DataFrame:
    return cohort(n, response=["CR"] * k + ["NR"] * (n - k))


@pytest.fixture(scope="module")
def an2020() -> pd.DataFrame:
    return derive(read("an2020").table)


# --- values ------------------------------------------------------------------------------------


def test_a_rate_is_equal_consistent_or_different():
    # R: prop.test(c(30, 38), c(47, 47), correct = FALSE) gives p = 0.065, c(29, 38) p = 0.040
    assert judged(with_responders(47, 38)).loc["orr", "verdict"] == Verdict.EXACT
    assert judged(with_responders(47, 30)).loc["orr", "verdict"] == Verdict.WEAK
    row = judged(with_responders(47, 29)).loc["orr"]
    assert row["verdict"] == Verdict.DIFFERS
    assert (row["side"], row["why"]) == ("worse", "lower than predicted, which is worse")


@pytest.mark.parametrize("case", [c for c in ORACLES["same"] if (c["x"], c["n"]) == (38, 47)])
def test_a_value_is_the_same_if_the_data_rule_out_more_than_the_margin(case):
    row = judged(with_responders(case["m"], case["y"])).loc["orr"]
    assert row["verdict"] == (Verdict.CONSISTENT if case["same"] else Verdict.WEAK)
    text = "the data leave open a difference beyond the margin of 63 % to 94 %"
    assert row["why"] == ("" if case["same"] else text)


@pytest.mark.parametrize(("grade4", "side"), [(0, "better"), (60, "worse")])
def test_what_differs_is_better_or_worse(grade4, side):
    table = judged(cohort(200, ae_grade_max=[4] * grade4 + [1] * (200 - grade4))).reset_index()
    assert table.set_index("id").loc["ae_grade4", "side"] == side
    counts = replication.tally(table).set_index("verdict")["n"]
    assert (counts["opposed"], counts["better"]) == (1, int(side == "better"))


def test_a_rates_numbers_equal_r():
    case = next(iter(ORACLES["rates"]))
    row = judged(with_responders(case["m"], case["y"])).loc["orr"]
    assert row["p"] == pytest.approx(case["p"])
    assert row[["expected_lower", "expected_upper"]].tolist() == pytest.approx(case["predicted95"])
    found = row[["difference", "difference_lower", "difference_upper"]].tolist()
    assert found == pytest.approx(case["difference"])
    assert row["smallest"] == 17


def test_the_papers_counts_come_from_the_registry(an2020):
    table = judged(an2020)
    assert table.loc["orr", "expected"] == 38 / 47
    assert table.loc["ae_grade4", "expected"] == 3 / 47
    assert table.loc["orr_emd_other", "expected"] == 2 / 7


def test_one_patient_is_no_comparison():
    row = judged(with_responders(1, 0)).loc["orr"]
    assert row["verdict"] == Verdict.NOT_ASSESSED
    assert "at least 2 patients" in row["why"]
    assert judged(with_responders(2, 1)).loc["orr", "verdict"] == Verdict.WEAK


def test_equal_is_equal_however_few(an2020):
    row = judged(an2020).loc["orr_emd_other"]
    assert (row["verdict"], row["why"]) == (Verdict.EXACT, "")


def test_grade_5_is_told_without_its_number():
    table = judged(cohort(40, ae_grade_max=[4] * 3 + [5] * 2 + [1] * 35))
    told = "some patients had grade 5, which is not counted here"
    assert table.loc["ae_grade4", "why"].endswith(told)
    alone = judged(cohort(40, ae_grade_max=[4] * 3 + [1] * 37)).loc["ae_grade4", "why"]
    assert "grade 5" not in alone


def survivors(n: int, deaths: int, day: float = 100, last: float = 900) -> pd.DataFrame:
    days = [day + i / 1000 for i in range(deaths)] + [last + i for i in range(n - deaths)]
    return cohort(n, os_days=days, os_event=[1] * deaths + [0] * (n - deaths))


def test_survival_without_censoring_is_judged_as_a_rate():
    # R: prop.test(c(25, 0.53 * 47), c(100, 47), correct = FALSE), written out
    row = judged(survivors(100, 75)).loc["os_1y"]
    pooled = (25 + 0.53 * 47) / 147
    z = (0.25 - 0.53) / np.sqrt(pooled * (1 - pooled) * (1 / 100 + 1 / 47))
    assert row["p"] == pytest.approx(2 * 0.5 * erfc(abs(z) / np.sqrt(2)))
    assert (row["verdict"], row["why"]) == (Verdict.DIFFERS, "lower than predicted, which is worse")
    assert row["judged"] == "alive at 1 year"


def test_a_median_is_judged_on_its_day():
    row = judged(survivors(100, 48)).loc["os_median"]
    assert np.isnan(row["estimate"])  # not reached, and still judged
    assert (row["found"], row["expected"]) == (pytest.approx(52 / 100), 0.5)
    assert row["judged"] == "alive on day 415"
    assert (row["verdict"], row["unit"]) == (Verdict.CONSISTENT, "days")
    shown = replication.as_text(judged(survivors(40, 19)).reset_index()).set_index("id")
    assert shown.loc["os_median", "shown"].startswith("not reached")
    late = judged(survivors(400, 40)).loc["os_median"]
    assert (late["verdict"], late["why"]) == (
        Verdict.DIFFERS,
        "higher than predicted, which is better",
    )


@pytest.mark.parametrize("deaths", [0, 12])
def test_a_curve_at_one_or_zero(deaths):
    row = judged(survivors(12, deaths)).loc["os_1y"]
    assert row["verdict"] == Verdict.DIFFERS
    assert row["found"] == (0 if deaths else 1)
    assert 0 < row["p"] < 0.05


def test_beyond_the_last_follow_up():
    table = judged(cohort(5, os_days=[9, 10, 11, 12, 13], os_event=0))
    for claim, day in (("os_1y", 365), ("os_median", 415)):
        assert table.loc[claim, "verdict"] == Verdict.NOT_ASSESSED
        assert f"follow-up ends at day 13, before day {day}" in table.loc[claim, "why"]


def test_few_followed_beyond_the_day():
    lost = cohort(40, os_days=[100] * 10 + [200] * 26 + [900] * 4, os_event=[1] * 10 + [0] * 30)
    row = judged(lost).loc["os_1y"]
    assert row["verdict"] == Verdict.NOT_ASSESSED
    assert "fewer than 5 patients were followed beyond day 365" in row["why"]
    # as few are left, but because the others died: the curve knows
    died = judged(survivors(40, 37)).loc["os_1y"]
    assert (died["verdict"], died["found"]) == (Verdict.DIFFERS, pytest.approx(3 / 40))


# --- directions --------------------------------------------------------------------------------


def two_groups(n: int, ratio: float) -> pd.DataFrame:
    risk = ["standard", "high"] * (n // 2)
    quantile = (np.arange(n) // 2 + 0.5) / (n // 2)  # the same spread in both groups
    days = -np.log(1 - quantile) * 300 / np.where(np.array(risk) == "high", ratio, 1)
    return cohort(n, genetic_risk=risk, os_days=days.round(2), os_event=1)


@pytest.mark.parametrize(
    ("n", "ratio", "verdict"),
    [
        (300, 3.0, Verdict.SUPPORTS),
        (300, 1 / 3, Verdict.CONTRADICTS),
        (14, 1.6, Verdict.SAME),
        (14, 0.7, Verdict.OPPOSITE),
    ],
)
def test_a_direction_is_judged_by_sign_and_significance(n, ratio, verdict):
    assert judged(two_groups(n, ratio)).loc["genetics_os", "verdict"] == verdict


def test_inconclusive_says_how_much_power_there_was():
    row = judged(two_groups(14, 1.6)).loc["genetics_os"]
    # Schoenfeld by hand: 14 events, half of the patients exposed
    z = np.sqrt(14 * 0.25) * np.log(power.HAZARD_RATIO) - 1.959964
    assert row["power"] == pytest.approx(1 - 0.5 * erfc(z / np.sqrt(2)), abs=1e-6)
    assert row["why"] == "power for a hazard ratio of 1.9 was 22 %"
    assert row["test"] == "log-rank by permutation"  # 7 patients in each group


def test_an_interval_short_of_the_moderate_effect_is_said():
    row = judged(two_groups(400, 1.05)).loc["genetics_os"]
    assert row["upper"] < power.HAZARD_RATIO
    assert row["why"].endswith("was over 99 %; the interval rules out a hazard ratio of 1.9")
    row = judged(two_groups(2000, 1.4)).loc["genetics_os"]
    assert row["verdict"] == Verdict.SUPPORTS
    assert row["why"] == "smaller than moderate: the interval excludes a hazard ratio of 1.9"


def test_few_exposed_are_judged_by_permutation(an2020):
    table = judged(an2020)
    for claim, column in (("emd_os", "emd_any"), ("emd_rfs", "emd_any"), ("treg_os", "treg_group"),
                          ("genetics_os", "genetic_risk")):  # fmt: skip
        known = an2020.dropna(subset=[f"{claim[-3:].strip('_')}_days"])
        few = known[column].value_counts().min() < permutation.FEW_PATIENTS
        expected = "log-rank by permutation" if few else "log-rank"
        assert table.loc[claim, "test"] == expected, claim
    assert "permutation" in table.loc["emd_os", "method"]
    few_events = judged(cohort(60, genetic_risk=["high", "standard"] * 30,
                               os_days=range(1, 61), os_event=[1] * 9 + [0] * 51))  # fmt: skip
    assert few_events.loc["genetics_os", "test"] == "log-rank by permutation"


def test_adjusted_directions_are_judged_by_the_likelihood_ratio(an2020):
    row = judged(an2020).loc["emd_independent"]
    tests = cox(an2020, "os", published.load()["emd_independent"].covariates).tests.set_index(
        "covariate"
    )
    assert row["p"] == tests.loc["emd_any", "p"]
    assert (row["test"], "profile-likelihood" in row["method"]) == ("likelihood ratio", True)


def test_an_interval_holds_one_unless_the_verdict_is_decided(an2020):
    for made in (
        an2020,
        an2020.iloc[::2],
        two_groups(60, 1.8),
        two_groups(14, 3),
        separated("high"),
    ):
        table = judged(made)
        mine = table[table["unit"] == "hazard ratio"]
        decided = mine["verdict"].isin([Verdict.SUPPORTS, Verdict.CONTRADICTS])
        assert (((mine["lower"] > 1) | (mine["upper"] < 1)) == decided).all()


def test_a_group_without_events_is_judged_by_the_penalised_likelihood(an2020):
    data = an2020.assign(rfs_event=an2020["rfs_event"].mask(an2020["genetic_risk"] == "high", 0))
    row = judged(data).loc["treg_independent"]
    model = penalised_cox(data, "rfs", published.load()["treg_independent"].covariates)
    term = model.terms.set_index("covariate").loc["treg_group"]
    assert row["p"] == model.tests.set_index("covariate").loc["treg_group", "p"]
    assert (
        row[["estimate", "lower", "upper"]].tolist()
        == term[["estimate", "lower", "upper"]].tolist()
    )
    assert row["why"].startswith("no event of relapse-free survival occurred in the group `high`")
    assert "Firth" in row["method"]


def test_the_smallest_count_behind_a_hazard_ratio():
    row = judged(two_groups(60, 1.8)).loc["genetics_os"]
    assert row["smallest"] == 30
    risk, event = ["high"] * 20 + ["standard"] * 20, [1] * 3 + [0] * 17 + [1] * 18 + [0] * 2
    row = judged(cohort(40, genetic_risk=risk, os_days=range(1, 41), os_event=event))
    assert row.loc["genetics_os", "smallest"] == 2


def test_what_is_assumed_is_named(an2020):
    method = judged(an2020)["method"]
    assert method["rfs_1y"].endswith("assumed [A]: a_endpoints")
    assert method["treg_os"].endswith("assumed [A]: a_treg_cutoff")
    everything = "a_endpoints, a_treg_cutoff, a_multivariable"
    assert method["treg_independent"].endswith(everything)
    assert "assumed" not in method["os_1y"]


def test_power_of_an_adjusted_comparison_is_lower(an2020):
    table = judged(an2020)
    assert table.loc["emd_independent", "power"] < table.loc["emd_os", "power"]
    assert table.loc["treg_independent", "power"] < table.loc["treg_rfs", "power"]


def test_the_ordering_claim():
    emd = ["none"] * 30 + ["other"] * 10
    weak = ["CR"] * 28 + ["NR"] * 2 + ["CR"] * 3 + ["NR"] * 7
    row = judged(cohort(40, emd=emd, response=weak)).loc["orr_emd_lowest"]
    assert row["verdict"] == Verdict.SUPPORTS
    assert (row["events"], row["smallest"]) == (31, 2)
    strong = ["CR"] * 5 + ["NR"] * 25 + ["CR"] * 10
    found = judged(cohort(40, emd=emd, response=strong))
    assert found.loc["orr_emd_lowest", "verdict"] == Verdict.CONTRADICTS


def test_the_ordering_claim_with_another_group_lower_still():
    emd = ["none"] * 100 + ["cns"] * 5 + ["other"] * 100
    found = ["CR"] * 90 + ["NR"] * 10 + ["NR"] * 5 + ["CR"] * 30 + ["NR"] * 70
    row = judged(cohort(205, emd=emd, response=found)).loc["orr_emd_lowest"]
    assert row["verdict"] == Verdict.SAME
    assert "another group" in row["why"]


def test_a_tiny_group_has_no_veto_and_a_missing_one_is_said():
    emd = ["none"] * 100 + ["cns"] * 4 + ["other"] * 100
    found = ["CR"] * 90 + ["NR"] * 10 + ["NR"] * 4 + ["CR"] * 30 + ["NR"] * 70
    row = judged(cohort(204, emd=emd, response=found)).loc["orr_emd_lowest"]
    assert row["verdict"] == Verdict.SUPPORTS
    assert "a group of fewer than 5 patients" in row["why"]
    without = [(e, f) for e, f in zip(emd, found, strict=True) if e != "cns"]
    row = judged(cohort(200, emd=[e for e, _ in without], response=[f for _, f in without]))
    assert row.loc["orr_emd_lowest", "verdict"] == Verdict.SUPPORTS
    assert "no patient with isolated CNS disease" in row.loc["orr_emd_lowest", "why"]


def separated(dead: str) -> pd.DataFrame:
    risk = ["high"] * 20 + ["standard"] * 20
    return cohort(
        40,
        genetic_risk=risk,
        os_days=list(range(100, 120)) * 2,
        os_event=[int(r == dead) for r in risk],
    )


@pytest.mark.parametrize(
    ("dead", "verdict"), [("high", Verdict.SUPPORTS), ("standard", Verdict.CONTRADICTS)]
)
def test_a_group_without_events_keeps_the_log_rank_test_and_its_interval(dead, verdict):
    table = judged(separated(dead))
    assert table.loc["genetics_os", "verdict"] == verdict
    shown = replication.as_text(table.reset_index()).set_index("id").loc["genetics_os"]
    row = table.loc["genetics_os"]
    assert (row["upper"] == np.inf) if dead == "high" else (row["lower"] == 0)
    assert 0 < row["estimate"] < np.inf
    assert ("∞" if dead == "high" else "(0.00 to") in shown["shown"]
    assert "no event" in shown["verdict"]
    assert "Firth" in shown["verdict"]


def test_what_cannot_be_assessed_says_why():
    table = replication.claims(cohort(3, age_years=30), published.load())
    assert (table["verdict"] == Verdict.NOT_ASSESSED).all()
    assert table["why"].str.contains("no values in the column").all()
    assert table[replication.NUMBERS].isna().all(axis=None)
    shown = replication.as_text(table)
    assert shown["verdict"].str.startswith("cannot be assessed: ").all()


def test_one_group_or_no_event_cannot_be_assessed():
    one = judged(cohort(4, genetic_risk="high", os_days=[5, 6, 7, 8], os_event=1))
    assert "in one group" in one.loc["genetics_os", "why"]
    none = judged(cohort(4, genetic_risk=["high", "standard"] * 2, os_days=[9] * 4, os_event=0))
    assert "no event" in none.loc["genetics_os", "why"]


# --- several claims at once --------------------------------------------------------------------


def test_holm_equals_r(an2020):
    theirs = ORACLES["holm"]
    table = judged(an2020).reset_index()
    table = table[table["family"] == verdicts.DIRECTIONS].iloc[: len(theirs["p"])]
    table = table.assign(p=theirs["p"], p_holm=np.nan, why="")
    adjusted = replication._adjusted(table, 0.95)
    assert adjusted["p_holm"].tolist() == pytest.approx(theirs["adjusted"])


def test_the_families_are_adjusted_apart_and_the_reason_is_given():
    # of two claims one has p = 0.03: adjusted 0.06
    table = judged(two_groups(60, 1.8)).reset_index()
    row = table.set_index("id").loc["genetics_os"]
    assert row["p_holm"] == pytest.approx(row["p"])  # the only direction that was assessed
    pair = table[table["family"] == verdicts.DIRECTIONS].head(2)
    pair = pair.assign(p=[0.03, 0.4], verdict=[Verdict.SUPPORTS, Verdict.SAME], why="")
    adjusted = replication._adjusted(pair, 0.95)
    assert adjusted["p_holm"].tolist() == pytest.approx([0.06, 0.4])
    assert adjusted["verdict"].tolist() == [Verdict.SUPPORTS, Verdict.SAME]
    assert adjusted["survives"].tolist() == ["no", ""]
    assert adjusted["why"].tolist() == ["does not survive Holm's correction for 2 claims", ""]


def test_multiplicity_counts_what_chance_would_decide(an2020):
    table = replication.multiplicity(replication.claims(an2020, published.load()))
    found = table.set_index("family")
    assert found.loc["value", ["n", "estimate", "events"]].tolist() == [12, pytest.approx(0.6), 0]
    assert found.loc["direction", ["n", "events", "holm"]].tolist() == [9, 9, 9]
    assert found.loc["direction", "estimate"] == pytest.approx(0.45)


def test_tally_counts_every_claim_once():
    table = replication.claims(cohort(3, age_years=30), published.load())
    assert replication.tally(table)["n"].sum() == len(table) == 21


# --- showing -----------------------------------------------------------------------------------


def mixed() -> pd.DataFrame:
    """Claims of every kind: upheld, inconclusive, opposed, without ratio, not assessed, hidden."""
    table = replication.claims(separated("high"), published.load())
    table.loc[0, ["verdict", "why", "found"]] = [Verdict.DIFFERS, "lower than predicted", 0.1]
    table.loc[0, ["found_lower", "found_upper"]] = [np.nan, 0.3]
    table.loc[0, ["expected", "expected_lower", "expected_upper"]] = [0.8, 0.6, 1.0]
    table.loc[1, ["verdict", "why"]] = [Verdict.CONSISTENT, "hidden: few patients"]
    table.loc[8, ["verdict", "estimate", "lower", "upper"]] = [
        Verdict.SAME,
        np.inf,
        0.4,
        np.inf,
    ]
    table.loc[8, "unit"] = "hazard ratio"
    return table


def test_an_infinite_odds_ratio_is_readable():
    made = cohort(60, emd=["none"] * 30 + ["other"] * 30, response=["NR"] * 30 + ["CR"] * 30)
    table = replication.as_text(judged(made).reset_index()).set_index("id")
    assert "inf" not in table.loc["orr_emd_lowest", "shown"]
    assert "∞" in table.loc["orr_emd_lowest", "shown"]


def test_the_report_has_a_line_for_every_claim_and_the_tally(an2020):
    table = replication.claims(an2020, published.load())
    text = replication.report(table)
    assert len(text.splitlines()) == 1 + 21 + 2 + len(replication.ALLOWANCE)
    assert text.splitlines()[-1 - len(replication.ALLOWANCE)].startswith("21 claims: 21 upheld")
    assert "hidden: few patients" in replication.report(mixed())


def test_no_support_is_told_without_what_proportional_hazards_say():
    n = 200  # twice the hazard for 60 days, then half of it
    high, share = np.arange(n) % 2 == 1, (np.arange(n) // 2 + 0.5) / (n // 2)
    days = -np.log(1 - share) * 300
    early = np.where(high, days / 6, days)
    days = np.where(high & (early > 60), 60 + (days - 360) * 2, early)
    patients = cohort(
        n, genetic_risk=np.where(high, "high", "standard"), os_days=days.round(2), os_event=1
    )
    table = replication.claims(patients, published.load())
    row = table.set_index("id").loc["genetics_os"]
    model = cox(patients, "os", ["genetic_risk"])
    assert row["ph_p"] == model.proportional_hazards["p"].iloc[0] < 0.05
    assert (row["verdict"], row["proportional"]) == (Verdict.SUPPORTS, "no")
    said = "the hazard ratio may change with time, so that one number may be a poor summary"
    assert f"{said} (test of proportional hazards: p" in replication.report(table)
    assert said in replication.as_text(table).set_index("id").loc["genetics_os", "verdict"]
    assert replication.not_proportional(table)["names"].iloc[0] == "OS, high-risk genetics"
    found = {r["id"]: r for r in replication.records(table)}["genetics_os"]
    assert (found["proportional"], found["ph_p"]) == ("no", row["ph_p"])
    assert "high-risk genetics" in replication.describe(table)
    assert "changing with time" in replication.describe(table)
    steady = judged(two_groups(300, 3.0)).loc["genetics_os"]
    assert (steady["proportional"], steady["why"]) == ("yes", "")


def test_the_paper_prints_no_level():
    registry = published.load()
    directions = registry.select(kind="direction")
    assert len(directions) == 8
    for entry in directions:
        assert entry.printed == "worse, reported as significant"
        assert "alpha" not in entry.details
    assert registry["a_alpha"].evidence == "A"


def test_records_are_plain_json():
    found = json.loads(json.dumps(replication.records(mixed()), allow_nan=False))
    assert [list(r) for r in found] == [list(replication.COLUMNS)] * 21
    assert found[8]["estimate"] is None
    hidden = mixed().astype({"n": object})
    hidden.loc[0, "n"] = "<5"
    assert replication.records(hidden)[0]["n"] == "<5"
    made = replication.claims(with_responders(47, 30), published.load())
    assert replication.records(made)[0]["n"] == 47


def test_the_sentence_names_every_claim_under_its_verdict(an2020):
    text = replication.describe(replication.claims(an2020, published.load()))
    assert text.startswith("The published claims and this cohort. Upheld 21: remission 80.9 %;")
    assert "Not assessed" in replication.describe(mixed())
    assert "OS at 1 year;" not in replication.describe(mixed()).split("Not assessed")[1]


def test_details_show_range_difference_p_and_power(an2020):
    table = replication.claims(an2020, published.load())
    values = replication.details(table, verdicts.VALUES).set_index("judged")
    row = values.loc["in remission (CR or CRi)"]
    assert row[["predicted", "off", "tested"]].tolist() == [
        "62.6 % to 94.2 %", "+0.0 (−16.0 to +16.0)", "1.00 (1.00)",
    ]  # fmt: skip
    directions = replication.details(table, verdicts.DIRECTIONS).set_index("short")
    emd = table.set_index("id").loc["emd_os"]
    p, holm = (format_value(emd[name], "p").lstrip("p= ").replace(" ", "")
               for name in ("p", "p_holm"))  # fmt: skip
    assert directions.loc["OS, any EMD", ["tested", "strength"]].tolist() == [
        f"{p} ({holm})", f"{100 * emd['power']:.0f} %",
    ]  # fmt: skip
    nothing = replication.claims(cohort(3, age_years=30), published.load())
    with pytest.raises(CannotCompute, match="none of the published values"):
        replication.details(nothing, verdicts.VALUES)


def test_hidden_numbers_are_said_to_be_hidden():
    shown = replication.as_text(mixed())
    assert shown.loc[1, "shown"] == "hidden"
    assert shown.loc[1, "verdict"].startswith(Verdict.CONSISTENT)


@pytest.mark.parametrize("make", ["an2020", "mixed", "nothing"])
def test_the_picture_has_no_overlapping_words(make, an2020):
    style.use()
    table = {
        "an2020": lambda: replication.claims(an2020, published.load()),
        "mixed": mixed,
        "nothing": lambda: replication.claims(cohort(3, age_years=30), published.load()),
    }[make]()
    ax = figures.plot_claims(table)
    figure = style.figure_of(ax)
    figure.canvas.draw()
    panels = ax.child_axes
    boxes = [t.get_window_extent() for p in panels for t in (*p.texts, p.xaxis.label)]
    boxes += [t.get_window_extent() for t in ax.get_legend().get_texts()]
    words = [b for b in boxes if b.width > 1]
    assert len(words) >= 2 * 21
    assert not any(a.overlaps(b) for i, a in enumerate(words) for b in words[i + 1 :])
    plt.close("all")


def test_the_picture_is_drawn_on_the_callers_axes(an2020):
    ax = plt.subplots()[1]
    assert figures.plot_claims(replication.claims(an2020, published.load()), ax) is ax
    plt.close("all")
