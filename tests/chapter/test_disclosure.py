"""Small cells: hidden, with whatever would give them back; worked out by hand."""

from __future__ import annotations

import inspect
import itertools
import tempfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cartanalysis.chapter.disclosure import cells, times, vault
from cartanalysis.chapter.disclosure import rules as sup
from cartanalysis.chapter.study import Study
from cartanalysis.claims import expected, flow, replication
from cartanalysis.claims.registry import Registry
from cartanalysis.claims.verdicts import Verdict
from cartanalysis.contract import derive
from cartanalysis.errors import CannotCompute
from cartanalysis.intake import parse
from cartanalysis.stats import (
    absolute,
    baseline,
    competing,
    cox,
    cutoff,
    firth,
    permutation,
    profile,
    response,
    roc,
    safety,
    spline,
    subgroups,
    survival,
    transitions,
    transplant,
)
from cartanalysis.study import published

K = 5


def made(treg_cutoff: float | None = None, **columns) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    table = pd.DataFrame({"patient_id": [f"P{i}" for i in range(n)], **columns})
    return derive(parse(table.to_csv(index=False).encode(), "made.csv").table, treg_cutoff)


def protected(function, *args, **kwargs):
    return sup.protect(function, K, *args, **kwargs).result


# --- which cells -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "hide"),
    [
        ([10, 20, 30], [False] * 3),
        ([0, 20, 30], [False] * 3),  # a zero is shown
        ([3, 20, 30], [True, True, False]),  # 3 = total - 50, so the next smallest goes with it
        ([1, 2, 30], [True, True, True]),  # together 3: still a small count
        ([4, 4, 30], [True, True, False]),  # together 8
        ([2, 40], [True, True]),
    ],
)
def test_hidden_cells_by_hand(counts, hide):
    assert sup.hidden_cells(counts, K) == hide


@given(st.lists(st.integers(0, 30), min_size=1, max_size=7), st.integers(2, 11))
def test_what_is_hidden_cannot_be_found_from_the_total(counts, k):
    """Every hidden cell can hold at least two values, and no sum left open is small."""
    hide = sup.hidden_cells(counts, k)
    hidden = [c for c, h in zip(counts, hide, strict=True) if h]
    assert all(h for c, h in zip(counts, hide, strict=True) if 0 < c < k)
    if hidden and len([c for c in counts if c > 0]) > len(hidden):
        assert len(hidden) >= 2
        assert sum(hidden) >= k
        total = sum(hidden)
        for i, _ in enumerate(hidden):
            others = len(hidden) - 1
            possible = {
                v for v in range(1, total + 1) if any(
                    sum(rest) == total - v
                    for rest in itertools.combinations_with_replacement(range(1, total + 1), others)
                )
            } if total <= 12 else {1, 2}  # fmt: skip
            assert len(possible) > 1, (counts, i)


# --- results -----------------------------------------------------------------------------------


def test_proportions_hide_the_group_and_its_complement():
    patients = made(
        emd=["none"] * 38 + ["cns"] * 2 + ["other"] * 7,
        response=["CR"] * 34 + ["NR"] * 4 + ["CR"] * 2 + ["CR"] * 2 + ["NR"] * 5,
    )
    with pytest.raises(sup.Hidden, match="fewer than 5 patients"):
        protected(response.remission, patients, "emd")  # 4 of 38 without: nothing is left
    overall = protected(response.remission, patients)
    assert overall["events"].tolist() == [38]
    with pytest.raises(sup.Hidden):
        protected(response.association, patients, "emd")


def test_one_small_group_takes_the_next_smallest_with_it():
    patients = made(
        arm=["A"] * 40 + ["B"] * 30 + ["C"] * 4,
        response=(["CR"] * 20 + ["NR"] * 20) + (["CR"] * 15 + ["NR"] * 15) + ["CR"] * 4,
    )
    found = sup.protect(response.remission, K, patients, "arm")
    assert found.result["group"].tolist() == ["A"]
    assert found.hidden == ("B", "C")


def test_grades_hide_rare_ones_and_shares_that_give_them_away():
    grades = [0] * 20 + [1] * 10 + [2] * 8 + [3] * 6 + [4] * 2 + [5]
    patients = made(crs_grade=grades)
    found = protected(safety.by_grade, patients, "crs_grade")
    assert found["grade"].tolist() == [0, 1, 2]  # 4 and 5 are 3 patients, so 3 is hidden too
    three = protected(safety.at_least, patients, "crs_grade", 3)
    assert three["events"].tolist() == [9]  # 6 + 2 + 1, all of them hidden one by one
    with pytest.raises(sup.Hidden):
        protected(safety.at_least, patients, "crs_grade", 4)  # 3 patients
    with pytest.raises(sup.Hidden):
        protected(safety.by_grade, made(crs_grade=[0] * 3 + [1] * 2), "crs_grade")


@given(st.lists(st.integers(0, 9), min_size=6, max_size=6))
def test_no_two_counts_of_severe_grades_leave_few_between_them(cells):
    grades = [grade for grade, count in enumerate(cells) for _ in range(count)]
    assume(len(grades) >= K)
    patients = made(ae_grade_max=grades)

    def told(function, *asked):
        try:
            return protected(function, patients, "ae_grade_max", *asked)
        except sup.Hidden:
            return pd.DataFrame({"grade": [], "events": []})

    seen = told(safety.by_grade).set_index("grade")["events"]
    counts = {0: len(grades), 6: 0}
    for grade in range(1, 6):
        counts |= dict.fromkeys(told(safety.at_least, grade)["grade"], sum(cells[grade:]))
    for low, high in itertools.combinations(sorted(counts), 2):
        between = counts[low] - counts[high]
        assert not sup.small(between - sum(seen.get(g, 0) for g in range(low, high)), K)


def test_claims_tell_what_the_chapters_tell():
    patients = made(
        response=["CR"] * 45 + ["NR"] * 15, mrd=["negative"] * 40 + ["positive"] * 5 + [""] * 15,
        crs_grade=[1] * 40 + [2] * 9 + [3] * 7 + [4] * 4,
    )  # fmt: skip
    table = protected(replication.claims, patients, published.load()).set_index("id")
    for claim, function, asked in (
        ("crs_ge3", safety.at_least, ("crs_grade", 3)),
        ("mrd_negative_cr", response.share, ("mrd_negative_cr",)),
    ):
        (events,) = protected(function, patients, *asked)["events"]
        assert table.loc[claim, "events"] == events


def test_a_curve_is_its_estimate_at_ends_of_months_and_nothing_in_between():
    patients = made(os_days=list(range(100, 500, 10)), os_event=[1, 0] * 20)
    plain = survival.kaplan_meier(patients, "os")
    curve = protected(survival.kaplan_meier, patients, "os")
    assert set(curve) == {"group", "time", "at_risk", "estimate", "lower", "upper"}
    for row in curve.iloc[1:].itertuples():
        there = plain[plain["time"] <= row.time].iloc[-1]
        for column in ("estimate", "lower", "upper"):
            assert getattr(row, column) == round(there[column], 2)
    # deaths on days 100, 120, …, 480: five until the end of month 6, nine more until a year;
    # later than that only two while five are at risk
    assert curve["time"].tolist() == [0, 182, 365]
    assert curve["at_risk"].tolist() == [40, 30, 10]  # of 40, 31 and 13
    table = protected(survival.at_risk_table, patients, "os", [0.0, 182.6, 365.25, 470.0])
    assert table["time"].tolist() == [0, 182, 365, 456]
    assert table["at_risk"].tolist() == [40, 30, 10, "<5"]
    assert set(table) == {"group", "time", "at_risk"}


@given(
    st.lists(st.tuples(st.integers(0, 1500), st.booleans()), min_size=5, max_size=80),
    st.integers(2, 11),
)
def test_each_point_of_a_curve_closes_enough_events(exits, k):
    days, events = zip(*exits, strict=True)
    if not any(days):
        return
    patients = pd.DataFrame({"os_days": days, "os_event": [int(e) for e in events]})
    curve = survival.kaplan_meier(patients, "os")
    points = times.points(curve, k)
    ends = {times.month_end(m * times.MONTH) for m in range(60)}
    for start, end in itertools.pairwise([0.0, *points]):
        inside = curve["time"].between(start, end, inclusive="right" if start else "both")
        assert not cells.small(curve[inside]["events"].sum(), k)
        assert end in ends
        assert (np.array(days) >= end).sum() >= k


def test_a_median_is_told_as_the_stretch_in_which_it_lies():
    patients = made(os_days=list(range(100, 500, 10)), os_event=[1] * 40)
    exact = survival.median(patients, "os").iloc[0]
    assert exact[["estimate", "lower", "upper"]].tolist() == [295, 230, 350]
    told = protected(survival.median, patients, "os").iloc[0]
    curve = protected(survival.kaplan_meier, patients, "os")
    stretches = list(itertools.pairwise(curve["time"]))
    assert (told["since"], told["estimate"]) in stretches
    assert told[["since", "estimate", "lower", "upper"]].tolist() == [274, 365, 213, 365]
    # and the figure agrees: above one half at its start, not above at its end
    at = curve.set_index("time")["estimate"]
    assert at[told["since"]] > 0.5 >= at[told["estimate"]]


def test_times_of_a_group_with_few_events_are_hidden():
    patients = made(
        genetic_risk=["high"] * 20 + ["standard"] * 20,
        os_days=list(range(100, 140)),
        os_event=[1] * 10 + [0] * 29 + [1],
    )
    found = protected(survival.median, patients, "os", "genetic_risk").set_index("group")
    assert survival.median(patients, "os", "genetic_risk")["estimate"].tolist() == [139, 109]
    assert found.loc["high", ["since", "estimate"]].tolist() == [91, 122] or pd.isna(
        found.loc["high", "estimate"]
    )
    assert found.loc["standard", ["estimate", "lower", "upper"]].isna().all()
    assert "fewer than" in found.loc["standard", "why"]


def test_patients_lost_before_a_landmark_are_not_given_away():
    early = [1, 2, 3] + [50] * 37
    patients = made(os_days=early, os_event=[1] * 40, response=["NR"] * 10 + ["CR"] * 30)
    with pytest.raises(sup.Hidden, match="before the landmark"):
        protected(survival.landmark, patients, "os", 30)
    assert len(protected(survival.landmark, patients, "os", 0)) == 40
    with pytest.raises(sup.Refused, match="end of a month"):
        protected(survival.landmark, patients, "os", 28)


def test_survival_is_told_on_the_days_of_the_curve_only():
    patients = made(os_days=list(range(100, 500, 10)), os_event=[1] * 40)
    told = protected(survival.survival_at, patients, "os", [270.0, 274.0, 365.0])
    assert told["estimate"].isna().tolist() == [True, False, False]
    assert told["at_risk"].tolist() == [20, 20, 10]  # of 23, 22 and 13
    exact = survival.survival_at(patients, "os", [274.0, 365.0])
    assert told["estimate"].tolist()[1:] == exact["estimate"].tolist()


@pytest.mark.parametrize("confidence", [0.5, 0.85, 0.951])
def test_intervals_of_any_coverage_are_refused(confidence):
    patients = made(os_days=list(range(100, 140)), os_event=[1] * 40)
    with pytest.raises(sup.Refused, match="cover one of"):
        protected(survival.median, patients, "os", confidence=confidence)


def test_a_function_without_a_rule_gives_nothing():
    with pytest.raises(sup.Refused, match="no rule for `rows`"):
        protected(rows, made(sex=["male"] * 40))


def rows(patients):
    return patients


def test_a_model_that_fails_on_few_events_does_not_say_how():
    patients = made(
        genetic_risk=["high"] * 10 + ["standard"] * 30,
        os_days=[1, *range(100, 139)],
        os_event=[1] + [0] * 9 + [1] * 30,
    )
    with pytest.raises(CannotCompute) as told:
        protected(cox.cox, patients, "os", ["genetic_risk"])
    assert isinstance(told.value, sup.Hidden)


def test_a_log_rank_test_of_a_small_group_is_hidden():
    patients = made(
        genetic_risk=["high"] * 2 + ["standard"] * 38,
        os_days=list(range(100, 140)),
        os_event=[1] * 40,
    )
    for test in (survival.log_rank, permutation.compare):
        with pytest.raises(sup.Hidden):
            protected(test, patients, "os", "genetic_risk")


def test_a_curve_of_few_events_is_not_drawn_and_one_without_events_is():
    few = made(os_days=list(range(100, 140)), os_event=[1, 1, 1] + [0] * 37)
    with pytest.raises(sup.Hidden, match="events"):
        protected(survival.kaplan_meier, few, "os")
    none = made(os_days=list(range(100, 140)), os_event=[0] * 40)
    assert (protected(survival.kaplan_meier, none, "os")["estimate"] == 1).all()


def test_rfs_does_not_tell_how_few_were_not_in_remission():
    n = 14
    patients = made(
        genetic_risk=["high"] * n + ["standard"] * 30,
        response=["CR"] * 11 + ["NR"] * 3 + ["CR"] * 20 + ["NR"] * 10,
        rfs_days=[*range(50, 61), "", "", "", *range(60, 80), *[""] * 10],
        rfs_event=[*[1] * 5, *[0] * 6, "", "", "", *[1, 0] * 10, *[""] * 10],
    )
    table = protected(survival.median, patients, "rfs", "genetic_risk")
    assert table["n"].tolist() == ["hidden", "hidden"]


def test_what_is_left_of_groups_does_not_give_the_hidden_ones():
    """No EMD: 11 of 38; all: 16 of 47; so CNS and other together: 5 of 9, 4 without."""
    patients = made(
        emd=["none"] * 38 + ["cns"] * 2 + ["other"] * 7,
        os_days=list(range(100, 147)),
        os_event=[1] * 11 + [0] * 27 + [1] * 2 + [1] * 3 + [0] * 4,
    )
    table = protected(survival.median, patients, "os", "emd")
    assert table["group"].tolist() == ["none"]
    assert table["events"].tolist() == ["hidden"]


def test_messages_name_no_small_group():
    patients = made(
        arm=["A"] * 20 + ["B"] * 4, os_days=list(range(10, 34)), os_event=[1, 0] * 10 + [0] * 4
    )
    with pytest.raises(CannotCompute, match="group `B`"):
        cox.cox(patients, "os", ["arm"])
    with pytest.raises(sup.Hidden) as caught:
        protected(cox.cox, patients, "os", ["arm"])
    assert "B" not in str(caught.value)


def test_cutoffs_that_divide_off_few_are_left_out():
    values = np.linspace(1, 20, 40).round(2)
    days = np.random.default_rng(1).permutation(np.arange(100, 140))
    patients = made(treg_pct=values, os_days=days, os_event=[1, 0] * 20)
    table = protected(cox.scan_cutoffs, patients, "os", "treg_pct")
    for value in table["cutoff"]:
        for side in (values > value, values <= value):
            deaths = np.array([1, 0] * 20)[side].sum()
            assert min(deaths, side.sum() - deaths) >= K
    assert set(table["n"]) == {"hidden"}


def with_tregs(n: int = 120, late: int = 80) -> pd.DataFrame:
    """Patients of whom some are followed for more than a year, and more of them with low Tregs."""
    rng = np.random.default_rng(4)
    place = np.argsort(np.arange(n) + rng.normal(0, n, n))
    days = np.r_[rng.integers(400, 900, late), rng.integers(20, 360, n - late)]
    return made(
        treg_pct=(2 + rng.random(n).cumsum() / 4).round(2)[place], age_years=list(range(n)),
        os_days=days + np.arange(n) / 100, sex=["male", "female"] * (n // 2),
        os_event=[0, 0, 1] * (late // 3) + [0] * (late % 3) + [1] * (n - late),
        arm=["A"] * (n - 6) + ["B"] * 6,
    )  # fmt: skip


def test_the_best_cutoff_is_told_without_counts_and_not_as_a_patients_value():
    patients = with_tregs()
    plain = cutoff.search(patients, "os", "treg_pct")
    table = protected(cutoff.search, patients, "os", "treg_pct")
    assert table["p"].equals(plain["p"])
    assert set(table["cutoff"] % 0.5) == {0}
    assert abs(table["cutoff"] - plain["cutoff"]).max() <= 0.25
    assert (table[["n", "events", "cutoffs"]] == "hidden").all(axis=None)
    few = with_tregs().assign(os_event=[1.0] * 4 + [0.0] * 116)
    with pytest.raises(sup.Hidden):
        protected(cutoff.search, few, "os", "treg_pct")
    for asked in (("os", "age_years"), ("os", "treg_pct", (0.1, 0.9))):
        with pytest.raises(sup.Refused):
            protected(cutoff.search, patients, *asked)


def test_a_smooth_curve_ends_before_few_patients_and_names_no_knots():
    patients = with_tregs()
    plain = spline.spline(patients, "os", "treg_pct")
    told = protected(spline.spline, patients, "os", "treg_pct")
    assert told.knots == () and len(plain.knots) == 3
    assert told.tests.equals(plain.tests)
    values = np.sort(patients["treg_pct"])
    assert told.curve["value"].min() > values[K - 1]
    assert told.curve["value"].max() < values[-K]
    narrow = sup.protect(spline.spline, 20, patients, "os", "treg_pct").result
    assert len(narrow.curve) < len(told.curve) <= len(plain.curve)
    with pytest.raises(sup.Hidden):
        sup.protect(spline.spline, 60, patients, "os", "treg_pct")
    with pytest.raises(sup.Refused):
        protected(spline.spline, patients, "os", "treg_pct", at=(3.0,))


def test_of_a_roc_curve_the_area_is_told():
    patients = with_tregs()
    plain = roc.roc(patients, "os", "treg_pct", 365)
    told = protected(roc.roc, patients, "os", "treg_pct", 365)
    assert told.curve.empty and len(plain.curve) > 20
    assert told.area["estimate"].equals(plain.area["estimate"])
    assert set(told.area[["n", "cases", "controls", "censored"]].iloc[0]) == {"hidden"}
    assert "error" not in told.area
    with pytest.raises(sup.Hidden):
        protected(roc.roc, with_tregs(40, 36), "os", "treg_pct", 365)
    with pytest.raises(sup.Refused, match="one year"):
        protected(roc.roc, patients, "os", "treg_pct", 300)


def test_subgroups_of_few_are_left_out():
    patients = with_tregs()
    plain = subgroups.effects(patients, "os", "treg_group", ["sex", "arm"])
    found = sup.protect(subgroups.effects, K, patients, "os", "treg_group", ["sex", "arm"])
    assert set(plain["subgroup"]) == {"", "sex", "arm"}
    assert found.hidden == ("arm",)  # six patients are in B
    assert found.result["subgroup"].tolist() == ["", "sex", "sex"]
    assert (found.result[["n", "events"]] == "hidden").all(axis=None)
    kept = plain[plain["subgroup"] != "arm"].reset_index(drop=True)
    assert found.result["p_interaction"].equals(kept["p_interaction"])
    with pytest.raises(sup.Hidden):
        protected(subgroups.effects, patients, "os", "treg_group", ["arm"])
    with pytest.raises(sup.Refused):
        protected(subgroups.effects, patients, "os", "age_years", ["sex"])


def test_survival_and_medians_hide_counts_of_events():
    patients = made(os_days=list(range(100, 140)), os_event=[1, 1, 1] + [0] * 37)
    at = protected(survival.survival_at, patients, "os", [120]).iloc[0]
    assert np.isnan(at["estimate"])  # 1 - 3/40 would give the 3 away
    assert "fewer than 5" in at["why"]
    median = protected(survival.median, patients, "os").iloc[0]
    for told in (at, median):
        assert (told["n"], told["events"]) == (40, "hidden")


def test_groups_of_a_curve_with_one_small():
    patients = made(
        arm=["A"] * 20 + ["B"] * 3, os_days=list(range(23)), os_event=[1] * 23
    )  # fmt: skip
    with pytest.raises(sup.Hidden):
        protected(survival.kaplan_meier, patients, "os", "arm")


def test_models_hide_the_counts_of_their_groups():
    patients = made(
        arm=["A", "B"] * 20, os_days=list(range(10, 50)), os_event=[1, 1, 0, 1, 1, 0, 0, 0] * 5
    )
    plain, model = cox.cox(patients, "os", ["arm"]), protected(cox.cox, patients, "os", ["arm"])
    assert model.terms["estimate"].equals(plain.terms["estimate"])
    assert model.terms["n"].tolist() == plain.terms["n"].tolist() == [20]
    rare = made(
        arm=["A", "A", "A", "B"] * 4 + ["A"] * 8,
        os_days=list(range(10, 34)),
        os_event=[1, 0, 1, 1, 0, 1, 1, 0] * 3,
    )
    with pytest.raises(sup.Hidden):  # the width of the interval tells how many events B had
        protected(cox.cox, rare, "os", ["arm"])


def test_a_penalised_model_is_told_like_any_other():
    days = list(range(10, 50))
    none = made(arm=["A", "B"] * 20, os_days=days, os_event=[1, 0] * 20)  # nobody in B died
    model = protected(firth.hazard_ratios, none, "os", ["arm"])
    assert model.note.startswith("no event of overall survival occurred in the group `B`")
    assert model.terms["estimate"].iloc[0] < 0.2
    few = made(arm=["A"] * 36 + ["B"] * 4, os_days=days, os_event=[1, 0] * 18 + [0] * 4)
    for function in (firth.hazard_ratios, firth.penalised_cox, cox.proportional_hazards):
        with pytest.raises(sup.Hidden) as told:
            protected(function, few, "os", ["arm"])
        assert "B" not in str(told.value)


def test_odds_of_remission_hide_small_cells():
    patients = made(arm=["A", "B"] * 20, response=["CR", "CR", "NR", "NR"] * 10)
    odds = protected(firth.odds_ratios, patients, "responder", ["arm"])
    assert odds["events"].tolist() == [10]
    rare = made(arm=["A", "B"] * 20, response=["CR", "CR"] * 18 + ["NR"] * 4)
    with pytest.raises(sup.Hidden):
        protected(firth.odds_ratios, rare, "responder", ["arm"])
    other = patients.assign(prior_hsct=["yes", "no"] * 20)
    with pytest.raises(sup.Refused, match="odds of remission"):
        protected(firth.odds_ratios, other, "prior_hsct", ["arm"])


def test_residuals_are_never_shown():
    patients = made(
        arm=["A", "B"] * 40, os_days=list(range(10, 90)), os_event=[1, 1, 0, 1, 1, 0, 0, 0] * 10
    )
    assert len(protected(cox.proportional_hazards, patients, "os", ["arm"])) == 8
    with pytest.raises(sup.Refused, match="the day on which a patient had the event"):
        protected(cox.changing_coefficients, patients, "os", ["arm"])


@pytest.mark.parametrize("function", [absolute.restricted_mean, absolute.milestone])
def test_differences_are_told_on_days_on_which_curves_may_be_read(function):
    patients = made(arm=["A", "B"] * 60, os_days=[*range(200, 320)], os_event=[1, 0, 1, 1] * 30)
    name = "day" if function is absolute.milestone else "until"
    for day in range(240, 300):
        asked = {"patients": patients, "endpoint": "os", "by": "arm", name: float(day)}
        if day not in (243, 274):  # ends of months
            with pytest.raises(sup.Hidden, match=f"to day {day} a curve would rest on"):
                protected(function, **asked)
            continue
        table = protected(function, **asked)
        assert set(table["n"]) == set(table["events"]) == {"hidden"}
        exact = function(**asked)["estimate"]
        assert not np.isclose(table["estimate"], exact, rtol=1e-9).any()
        assert np.allclose(table["estimate"], exact, atol=1.6)


def test_table_one_hides_rare_levels_and_extremes():
    patients = made(sex=["male"] * 40 + ["female"] * 3, age_years=list(range(20, 63)))
    table = protected(baseline.table_one, patients)
    assert table["summary"].tolist() == ["41 (30.5 to 51.5)", "hidden", "hidden"]


def test_flow_ends_before_few_patients():
    patients = made(response=["CR"] * 10 + ["NR"] * 3)
    kept = protected(flow.steps, patients, published.load(), False)
    assert kept["n"].tolist() == [13]


@pytest.mark.parametrize("seed", range(20))
def test_histograms_widen_and_keep_their_total(seed):
    values = np.random.default_rng(seed).lognormal(1.5, 0.7, 60).clip(0, 90).round(3)
    patients = made(treg_cutoff=4.5, treg_pct=values)
    with pytest.raises(sup.Refused, match="its cut-off"):
        protected(baseline.histogram, patients, "treg_pct", 3.0)
    try:
        wide = protected(baseline.histogram, patients, "treg_pct", 4.5)
    except sup.Hidden:
        below, above = (values <= 4.5).sum(), (values > 4.5).sum()
        assert min(below, above) < K
        return
    assert wide["n"].sum() == 60
    assert not wide["n"].between(1, K - 1).any()
    low = wide[wide["group"] == "low"]["n"].sum()
    assert low == (values <= 4.5).sum()


def test_claims_keep_the_verdict_but_not_the_small_count():
    patients = made(
        ae_grade_max=[4] * 3 + [2] * 44, response=["CR"] * 38 + ["NR"] * 9,
        emd=["other"] * 7 + ["none"] * 40,
    )  # fmt: skip
    plain = replication.claims(patients, published.load()).set_index("id")
    table = protected(replication.claims, patients, published.load()).set_index("id")
    assert table.loc["ae_grade4", "events"] == "hidden"
    assert pd.isna(table.loc["ae_grade4", "estimate"])
    # "equal" would give the number back
    assert table.loc["ae_grade4", "verdict"] == Verdict.WEAK
    assert plain.loc["ae_grade4", "verdict"] == Verdict.EXACT
    assert table.loc["orr", "events"] == 38
    shown = replication.as_text(table.reset_index())
    assert "nan" not in " ".join(shown["shown"]).lower()


def test_claims_count_no_deaths_by_a_day():
    patients = made(os_days=[100] * 20 + [500] * 40, os_event=[1] * 20 + [0] * 40)
    plain = replication.claims(patients, published.load()).set_index("id")
    table = protected(replication.claims, patients, published.load()).set_index("id")
    assert plain.loc["os_1y", "events"] == 20
    assert table.loc["os_1y", "events"] == "hidden"
    assert table.loc["os_1y", "estimate"] == pytest.approx(2 / 3)


def test_no_verdict_gives_a_hidden_count_back():
    registry = published.load()
    told = set()
    for n in range(20, 200, 15):
        verdicts = [
            protected(replication.claims, made(ae_grade_max=[4] * x + [2] * (n - x)), registry)
            .set_index("id").loc["ae_grade4", "verdict"]
            for x in range(1, K)
        ]  # fmt: skip
        told |= {*verdicts}
        assert all(verdicts.count(verdict) > 1 for verdict in verdicts), (n, verdicts)
    assert told == {Verdict.WEAK, Verdict.DIFFERS, Verdict.NOT_ASSESSED}


def test_a_side_that_is_hidden_is_not_counted_as_worse():
    patients = made(ae_grade_max=[4] * 2 + [2] * 98, response=["CR"] * 99 + ["NR"])
    plain = replication.claims(patients, published.load())
    assert replication.tally(plain).set_index("verdict").loc["better", "n"] > 0
    claims = protected(replication.claims, patients, published.load())
    assert set(claims.loc[claims["n"] == "hidden", "survives"]) == {""}
    value = replication.multiplicity(claims).set_index("family").loc["value"]
    assert pd.isna(value["holm"]) and "hidden" in value["why"]
    told = replication.tally(claims)
    better = told.set_index("verdict").loc["better"]
    assert pd.isna(better["n"]) and "hidden" in better["why"]


def test_what_is_told_before_a_verdict_is_coarse():
    # 14 of 60 were censored on days of their own before one year
    days = [*range(100, 114), *([200] * 20), *([500] * 26)]
    patients = made(os_days=days, os_event=[0] * 14 + [1] * 20 + [0] * 26)
    plain = replication.claims(patients, published.load()).set_index("id")
    table = protected(replication.claims, patients, published.load()).set_index("id")
    assert plain.loc["os_1y", "followed"] == pytest.approx(46 / 60)
    assert pd.isna(table["followed"]).all(), "it would count those lost"
    assert plain.loc["os_1y", "completeness"] != pytest.approx(0.8)
    assert table.loc["os_1y", "completeness"] == pytest.approx(0.8), "to the nearest 5 %"
    assert pd.isna(table.loc["os_median", ["size", "completeness", "seen_lower"]]).all()
    shown = replication.before(table.reset_index()).set_index("short")
    assert shown.loc["OS at 1 year", "follow_up"] == "80 % of the time"


def test_observed_and_expected_events_are_told_as_a_ratio_only():
    days = [*range(100, 114), *([200] * 20), *([500] * 26)]
    patients = made(os_days=days, os_event=[0] * 14 + [1] * 20 + [0] * 26)
    plain = expected.against(patients, published.load()).iloc[0]
    row = protected(expected.against, patients, published.load()).iloc[0]
    assert row[["n", "observed", "expected"]].tolist() == ["hidden"] * 3
    assert row["estimate"] == round(plain["estimate"], 1) != plain["estimate"]
    few = made(os_days=[200] * 3 + [500] * 57, os_event=[1] * 3 + [0] * 57)
    hidden = protected(expected.against, few, published.load())
    assert pd.isna(hidden["estimate"]).all()
    says = expected.as_text(hidden, published.load())["says"].tolist()
    assert says[0] == "not available: it would tell of fewer than 5 patients"
    assert all(text.startswith("not available: ") for text in says)
    true = published.load()
    others = [e for e in true.entries.values() if e.id != "rfs_1y"]
    with pytest.raises(sup.Refused):
        protected(expected.against, patients, Registry(others, true.study))


def test_nothing_is_hidden_where_the_smallest_count_is_one():
    patients = made(crs_grade=[0, 1, 2])
    table = safety.by_grade(patients, "crs_grade")
    pd.testing.assert_frame_equal(
        sup.protect(safety.by_grade, 1, patients, "crs_grade").result, table
    )


def depth(negative: int, positive: int, none: int) -> pd.DataFrame:
    return made(
        response=["CR"] * (negative + positive) + ["NR"] * none,
        mrd=["negative"] * negative + ["positive"] * positive + [""] * none,
    )


def test_a_share_is_told_only_with_all_counts_behind_it():
    told = protected(response.share, depth(30, 8, 9), "mrd_negative_cr")
    assert told[["n", "events"]].to_numpy().tolist() == [[47, 30]]
    # remission, told elsewhere, less the MRD-negative would leave 3; or the share's rest is 4
    for patients in (depth(30, 3, 9), depth(30, 8, 4)):
        with pytest.raises(sup.Hidden, match="fewer than 5"):
            protected(response.share, patients, "mrd_negative_cr")
    assert protected(response.share, depth(30, 8, 9), "responder")["events"].tolist() == [38]
    for asked in (("emd_any",), ("mrd_negative_cr", "response")):
        with pytest.raises(sup.Refused, match="told only"):
            protected(response.share, depth(30, 8, 9).assign(emd_any="yes"), *asked)


# --- causes, transplants and courses -------------------------------------------------------------


def causes(relapses: int, deaths: int, free: int, **columns) -> pd.DataFrame:
    """Events on days 10, 20, …, in turn; then those who stay in remission."""
    events = relapses + deaths
    order = np.random.default_rng(0).permutation([*["relapse"] * relapses, *["death"] * deaths])
    rfs = [*(10 * i for i in range(1, events + 1)), *[10 * events + 90] * free]
    died = [int(c == "death") for c in order] + [0] * free
    return made(
        response=["CR"] * len(rfs),
        rfs_days=rfs,
        rfs_event=[1] * events + [0] * free,
        rfs_cause=[*order, *[""] * free],
        os_days=[day + 30 for day in rfs],
        os_event=died,
        **columns,
    )


def test_incidences_are_told_where_both_causes_had_enough_events_or_none():
    patients = causes(20, 20, 20)
    told = protected(competing.cumulative_incidence, patients)
    assert set(told) == {"group", "cause", "time", "at_risk", "estimate", "lower", "upper"}
    plain = competing.cumulative_incidence(patients)
    survival_days = set(protected(survival.kaplan_meier, patients, "rfs")["time"])
    for cause, curve in told.groupby("cause"):
        assert set(curve["time"]) <= survival_days  # else the sum would tell a day of its own
        events = plain[plain["cause"] == cause].set_index("time")["events"]
        for start, end in itertools.pairwise(curve["time"]):
            assert not cells.small(events[(events.index > start) & (events.index <= end)].sum(), K)
    at = protected(competing.incidence_at, patients, [365.0])
    assert set(at["n"]) == set(at["events"]) == set(at["at_risk"]) == {"hidden"}
    off = protected(competing.incidence_at, patients, [100.0])
    assert off["estimate"].isna().all()
    assert "fewer than 5" in off["why"].iloc[0]


def test_few_deaths_hide_both_causes():
    """Events of both together are told, so that relapses would tell the deaths."""
    patients = causes(30, 3, 20, sex=["female", "male"] * 26 + ["male"])
    assert protected(survival.median, patients, "rfs")["events"].tolist() == [33]
    for ask in (
        (competing.cumulative_incidence,),
        (competing.incidence_at, [365.0]),
        (competing.gray, "sex"),
        (competing.hazards, ["sex"]),
    ):
        function, *rest = ask
        with pytest.raises(sup.Hidden):
            protected(function, patients, *rest)


def test_groups_are_compared_by_cause_only_if_each_has_enough_of_both():
    patients = causes(30, 30, 20, sex=["female", "male"] * 40)
    for told in (
        protected(competing.gray, patients, "sex"),
        protected(competing.hazards, patients, ["sex"]),
    ):
        assert told["p"].notna().all()
        assert set(told["n"]) == set(told["events"]) == {"hidden"}
    # three of the women died in remission
    is_death = patients["rfs_cause"].eq("death")
    women = is_death & (is_death.cumsum() <= 3)
    few = patients.assign(sex=patients["sex"].mask(is_death, "male").mask(women, "female"))
    for function, by in ((competing.gray, "sex"), (competing.hazards, ["sex"])):
        with pytest.raises(sup.Hidden):
            protected(function, few, by)


def transplanted(late: int = 60) -> pd.DataFrame:
    """In remission 400; 100 are to be transplanted before the landmark, and so many after it."""
    rng = np.random.default_rng(2)
    rfs, event = rng.integers(1, 600, 400), rng.random(400) < 0.6
    cause = np.where(event, np.where(rng.random(400) < 0.2, "death", "relapse"), "")
    day = np.r_[rng.integers(5, 80, 100), rng.integers(100, 200, late), [1000] * (300 - late)]
    return made(
        response=["CR"] * 400,
        rfs_days=rfs,
        rfs_event=event.astype(int),
        rfs_cause=cause,
        os_days=rfs + 30,
        os_event=(cause == "death").astype(int),
        hsct_day=np.where(day < rfs, (day + 30).astype(str), ""),
    )


def test_a_transplant_is_told_without_counts_and_not_of_few():
    told = protected(transplant.effects, transplanted(), 91)
    assert told["estimate"].notna().all()
    assert set(told["n"]) == set(told["events"]) == set(told["transplanted"]) == {"hidden"}
    with pytest.raises(sup.Refused, match="end of a month"):
        protected(transplant.effects, transplanted(), 90)
    # the first comparison holds few who are transplanted after the landmark, the second none
    with pytest.raises(sup.Hidden):
        protected(transplant.effects, transplanted(late=4), 91)
    day = protected(transitions.remission_day, transplanted())
    assert day[["n", "estimate"]].to_numpy().tolist() == [["hidden", 28.0]]  # 30, to the week


def test_courses_of_a_protected_cohort_are_not_shown():
    patients = transplanted()
    for function, rest in (
        (transitions.swimmers, ()),
        (transitions.occupancy, ()),
        (transitions.occupancy_at, ([365.0],)),
    ):
        with pytest.raises(sup.Refused, match="courses of patients"):
            protected(function, patients, *rest)


# --- every function, and the whole way to a page -------------------------------------------------


def test_every_statistic_has_a_rule():
    """A new function that counts patients must say how its result is protected."""
    modules = (
        absolute, baseline, competing, cox, cutoff, expected, firth, profile, replication,
        response, roc, safety, spline, subgroups, survival, transitions, transplant,
    )  # fmt: skip
    # told to nobody
    rows = ("with_endpoint", "groups", "with_cause", "courses", "in_remission", "prepare")
    for module in modules:
        for name, function in inspect.getmembers(module, inspect.isfunction):
            takes = list(inspect.signature(function).parameters)
            if function.__module__ != module.__name__ or name.startswith("_"):
                continue
            if takes[:1] == ["patients"] and name not in rows:
                assert function in sup.RULES or function in sup.UNCHANGED, name


def test_a_hidden_count_is_handed_over_with_its_reason(tmp_path, capsys):
    rng, n = np.random.default_rng(1), 800
    lasts, end = rng.exponential(500, n).round() + 30, rng.integers(200, 900, n)
    waits = rng.integers(40, 200, n)
    transplanted = (rng.random(n) < 0.5) & (waits < np.minimum(lasts, end))
    pd.DataFrame(
        {"patient_id": [f"P{i}" for i in range(n)], "response": "CR",
         "rfs_days": np.minimum(lasts, end), "rfs_event": (lasts <= end).astype(int),
         "os_days": np.minimum(lasts, end) + 30, "os_event": (lasts <= end).astype(int),
         "rfs_cause": np.where(lasts <= end, "death", ""),
         "hsct_day": np.where(transplanted, (waits + 30).astype(str), "")}
    ).to_csv(tmp_path / "c.csv", index=False)  # fmt: skip
    study = Study("x", str(tmp_path / "c.csv"), min_cell=K)
    found = study.transplant(91)
    assert found.naive.number > 0
    study.hand_over(transplanted=found.transplanted, naive=found.naive)
    assert "fewer than 5 patients" in study.numbers["transplanted"].reason
    assert found.transplanted.count == 0
    assert study.numbers["naive"].value == found.naive.number


def test_a_chapter_says_what_is_hidden(tmp_path, capsys):
    table = pd.DataFrame(
        {"patient_id": [f"P{i}" for i in range(74)], "arm": ["A"] * 40 + ["B"] * 30 + ["C"] * 4,
         "response": (["CR", "NR"] * 35) + ["CR"] * 4}
    )  # fmt: skip
    table.to_csv(tmp_path / "c.csv", index=False)
    study = Study("x", str(tmp_path / "c.csv"), min_cell=K)
    remission = study.remission(by="arm")
    assert remission.table["group"].tolist() == ["A"]
    assert remission.result.hidden == ("B", "C")
    study.hand_over(c=remission.rate.where(group="C"))
    assert "fewer than 5 patients" in study.numbers["c"].reason
    assert "C " not in remission.sentence
    assert "fewer than 5 patients" in remission.test.why
    assert isinstance(sup.Hidden(5, "x"), CannotCompute)


def test_a_chapter_asks_the_vault_of_another_process_wherever_its_temporary_files_are(
    tmp_path, monkeypatch
):
    deep = tmp_path / ("d" * 120)  # longer than a socket's path may be
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    lines = "".join(f"P{i},{'CR' if i % 2 else 'NR'}\n" for i in range(40))
    cohort = parse(f"patient_id,response\n{lines}".encode(), "c.csv")
    with vault.serving(vault.Vault({"c.csv": cohort}, K)) as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        asked = vault.remote()
        opened, patients = asked.open("c.csv")
        assert (len(opened.table), len(patients)) == (0, 40)
        assert asked.compute(response.remission, patients).result["events"].tolist() == [20]
        with pytest.raises(CannotCompute, match="no rule"):
            asked.compute(rows, patients)
        with pytest.raises(CannotCompute, match="rows of a protected cohort"):
            patients["patient_id"]
        assert asked.open("another.csv") is None
