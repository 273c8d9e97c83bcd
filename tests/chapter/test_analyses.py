"""Analyses that chapters share: which test they use, and what they call it."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace

import pandas as pd
import pytest
from conftest import ORACLE
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from cartanalysis.chapter import analyses
from cartanalysis.chapter.handover import bare_p
from cartanalysis.chapter.results import Result
from cartanalysis.chapter.study import Study
from cartanalysis.claims.registry import SIMULATED
from cartanalysis.figures import plot_icons
from cartanalysis.intake import read
from cartanalysis.stats import permutation, survival
from cartanalysis.study import published
from cartanalysis.study.examples import leukemia
from cartanalysis.text import format_value


def test_few_without_remission_are_compared_by_permutation():
    study = Study("x", "an2020")
    after = survival.landmark(study.patients, "os", 28)
    assert (after["responder"] == "no").sum() < permutation.FEW_PATIENTS
    found = study.survival("os", by="responder", after=28)
    study.hand_over(p=found.test)
    assert found.test_name == "log-rank test by permutation"
    expected = permutation.log_rank(after, "os", "responder").iloc[0]
    assert (study.numbers["p"].value, study.numbers["p"].method) == tuple(expected[["p", "method"]])


@pytest.mark.parametrize("by", ["emd", "prior_hsct"])
def test_small_strata_are_compared_by_permutation(by):
    study = Study("x", "an2020", strata=by)
    study.stratum(by)
    for endpoint in ("os", "rfs"):
        assert "by permutation" in study.numbers[f"stratum_1_{endpoint}_p"].method


@pytest.mark.parametrize(
    ("n", "method"), [(42, survival.LOG_RANK_METHOD), (28, permutation.METHOD)]
)
def test_arms_are_compared_by_the_test_that_suits_their_size(n, method, tmp_path):
    file = tmp_path / "trial.csv"
    leukemia().groupby("arm").head(n // 2).to_csv(file, index=False)
    study = Study("x", str(file))
    study.arms("rfs")
    assert study.numbers["rfs_arm_p"].method == method
    assert study.numbers["rfs_arm_chi2"].method == survival.LOG_RANK_METHOD


def test_a_result_explains_itself():
    study = Study("x", "an2020")
    remission = study.remission(by="emd")
    assert remission.table["events"].tolist() == [33, 3, 2]
    assert "other 2 of 7 (28.6" in remission.sentence
    assert remission.why == ""
    assert study.remission().evidence == "D"
    lacking = study.survival("os", by="arm")
    assert lacking.sentence == lacking.why == "this cohort has no values in the column `arm`"
    assert lacking.figure("f", "F.").why == lacking.why
    model = study.hazard_ratios("os", "emd_any")
    assert model.sentence.startswith("Overall survival, hazard ratios: emd_any ")
    assert model.figure("g", "G.").alt == f"Forest plot. {model.sentence}"


def test_mistakes_in_a_chapter_are_told_in_words():
    study = Study("x", "an2020")
    with pytest.raises(ValueError, match="time_unit is 'weeks'; choose one of days, months, years"):
        Study("x", "an2020", time_unit="weeks")
    with pytest.raises(TypeError, match=r"show what \.figure"):
        study.show(study.remission())
    with pytest.raises(TypeError, match="only results are handed over"):
        study.hand_over(n=5)
    with pytest.raises(ValueError, match="no number 'n' was handed over; there are none yet"):
        study.say("{n}")


def test_a_cell_may_be_run_again_and_no_other_may_hand_its_number_over():
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    try:
        shell.run_cell("from cartanalysis import Study\nstudy = Study('x', 'an2020')")
        cell = "study.hand_over(n=study.remission().rate)"
        for source in (cell, cell):
            assert shell.run_cell(source, store_history=True).success
        assert not shell.run_cell(f"{cell} # another", store_history=True).success
        assert not shell.run_cell(
            f"study.numbers.clear()\n{cell}\n{cell}", store_history=True
        ).success
    finally:
        InteractiveShell.clear_instance()


def test_the_first_sentence_that_is_shown_opens_the_chapter():
    study = Study("x", "an2020")
    nobody = study.survival("os").one_year.where(group="nobody")
    study.hand_over(orr=study.remission().rate, gone=nobody)
    with capture_output() as told:
        study.say("**In short.** Alive: {gone}.")
        study.say("In remission: {orr}.")
        study.say("Again: {orr}.")
    texts = [o.data["text/markdown"] for o in told.outputs if "text/markdown" in o.data]
    assert texts[0].startswith("**In short.** In remission: 80.9 %.")
    assert texts[1].startswith("Again")


def test_a_curve_tells_its_estimate_and_test():
    study = Study("x", "an2020")
    one = study.survival("rfs")
    options = one.figure("rfs", "R.").options
    year = one.one_year.table.iloc[0]
    assert options["labels"] == {"all patients": "38 responders"}
    assert options["note"].startswith(f"{100 * year['estimate']:.1f} % at 1 year\n(95 % CI ")
    assert one.sentence.startswith("Kaplan–Meier curve of relapse-free survival. responders: ")
    two = study.survival("os", by="treg_group")
    labels = {"low": "low Tregs", "high": "high Tregs"}
    who, ratio, _, test = two.figure("os", "O.", labels).options["note"].split("\n")
    assert who == "high Tregs against low Tregs"
    assert ratio == f"hazard ratio {two.hazard_ratio.table['estimate'].iloc[0]:.2f}"
    assert test.startswith("log-rank p ")
    *_, test = study.survival("os", by="emd").figure("emd", "E.").options["note"].split("\n")
    assert test.startswith("log-rank by permutation p ")  # three groups have no one ratio


def test_a_protected_curve_tells_only_what_passed_disclosure_control(tmp_path):
    file = tmp_path / "cohort.csv"
    read("an2020").table.to_csv(file, index=False)
    study = Study("x", str(file), min_cell=5)
    found = study.survival("os", by="emd")  # few have isolated CNS disease
    assert found.test.why
    options = found.figure("emd", "E.").options
    assert (options["note"], options["medians"]) == ("", {})
    by_tregs = study.survival("os", by="treg_group")
    told = by_tregs.figure("tregs", "T.").options["note"]
    test = f"log-rank {format_value(by_tregs.test.number, 'p')}"
    if by_tregs.hazard_ratio.why:  # few with low Tregs died
        assert told == test
    else:
        assert told.endswith(test)


def test_a_forest_holds_each_ratio_alone():
    study = Study("x", "an2020")
    factors = ["emd_any", "genetic_risk"]
    table = study.forest(study.hazard_ratios("os", factors), labels={}).table
    for name, ratio in zip(factors, table["alone"], strict=True):
        assert ratio == study.hazard_ratios("os", [name]).table["estimate"].iloc[0]
    assert "alone" not in study.forest(study.hazard_ratios("os", ["emd_any"]), labels={}).table


CUTOFF = json.loads((ORACLE / "cutoff.json").read_text())


@pytest.mark.parametrize("case", CUTOFF["merged"], ids=lambda case: case["name"])
def test_factors_alone_and_together_equal_r(case, oracle_data):
    study = Study("x", "an2020")
    study.patients = oracle_data(case["name"])
    model = study.hazard_ratios("os", case["covariates"])
    table = model.one_by_one_and_together("T", {"group": "Kind"})
    rows = table.result.table
    expected = [
        ("Kind" if r["covariate"] == "group" else r["covariate"], r["level"], r["n"], r["events"])
        for r in case["counts"]
    ]
    assert list(rows[["factor", "group", "n", "events"]].itertuples(index=False, name=None)) == [
        *expected
    ]
    assert rows["alone"].iloc[0] == "reference"
    told = rows[rows["alone"] != "reference"]
    for column, p, theirs in (
        ("alone", "p_alone", "alone"),
        ("together", "p_together", "together"),
    ):
        for text, p_text, r in zip(told[column], told[p], case[theirs], strict=True):
            ratio, low, high = (format_value(r[k], "ratio") for k in ("ratio", "lower", "upper"))
            assert text == f"{ratio} ({low} to {high})"
            assert p_text == bare_p(r["p"])
    total = sum(r["events"] for r in case["counts"] if r["covariate"] == "age")
    assert f"{total} events in {len(study.patients)} patients" in table.caption


def test_a_factor_without_a_ratio_leaves_its_cells_empty():
    study = Study("x", "an2020")
    study.patients = study.patients[study.patients["prior_hsct"] == "no"]
    model = study.hazard_ratios("os", ["prior_hsct", "treg_group"])
    table = model.one_by_one_and_together("T", {})
    rows = table.result.table.set_index("factor")
    assert rows.loc["prior_hsct", "alone"] == "–"
    assert "alone: all patients" in table.caption and "together: all patients" in table.caption
    assert "(" in rows["alone"].iloc[-1] and rows["together"].iloc[-1] == "–"
    nothing = study.hazard_ratios("os", []).one_by_one_and_together("T", {})
    assert nothing.why == "no column is named by which patients could be compared"
    lacking = study.hazard_ratios("os", ["arm", "mrd_unknown"])
    assert "no values" in lacking.one_by_one_and_together("T", {}).why


def test_a_factor_without_events_is_penalised_and_the_caption_says_so():
    study = Study("x", "an2020")
    nobody = study.patients["prior_hsct"].eq("yes") & study.patients["os_event"].eq(1)
    study.patients = study.patients[~nobody]
    model = study.hazard_ratios("os", ["prior_hsct", "treg_group"])
    table = model.one_by_one_and_together("T", {})
    alone = table.result.table["alone"]
    assert alone[alone != "reference"].str.contains(r"\d \(").tolist() == [True, True]
    assert table.caption.count("these are Firth’s penalised estimates") == 2  # alone, together


def test_subgroups_are_a_forest_with_tests():
    study = Study("x", "an2020")
    within = ["sex", "prior_hsct", "arm"]
    found = study.subgroups("os", of="treg_group", within=within, labels={"sex": "woman or man"})
    headings = list(dict.fromkeys(found.table["series"]))
    p = found.interaction("sex").number
    assert headings[:2] == ["all patients", f"woman or man: interaction {format_value(p, 'p')}"]
    assert found.table["label"].tolist() == ["high against low", "female", "male", "no", "yes"]
    ratio = study.hazard_ratios("os", ["treg_group"]).table["estimate"].iloc[0]
    assert found.table["estimate"].iloc[0] == ratio
    smallest = f"{found.table['p_interaction'].min():.2g}"
    assert f"smallest p-value of interaction, of 2, is {smallest}" in found.sentence
    none = study.subgroups("os", of="treg_group", within=["arm"], labels={})
    assert "no groups" in none.why
    alive = study.patients["sex"].eq("female") & study.patients["os_event"].eq(1)
    study.patients = study.patients[~alive]
    partly = study.subgroups("os", of="treg_group", within=["sex"], labels={})
    assert partly.table["series"].tolist()[-1] == "sex: no test of interaction"
    assert "No hazard ratio for sex, female: no event" in partly.figure("f", "F.").caption


def test_the_search_for_a_cutoff_says_what_it_is_worth():
    study = Study("x", "an2020")
    cuts = study.cutoffs("os")
    p = cuts.search.table.set_index("approach")["p"]
    assert cuts.corrected.number == p["conditional"] > p["naive"]
    alarms = study.false_alarms()
    assert alarms.letter == SIMULATED
    assert alarms.table["range"].iloc[0] == "10 to 90 %"
    assert study.cutoffs("rfs").corrected.number != cuts.corrected.number
    study.patients = study.patients.drop(columns="treg_pct")
    assert "`treg_pct`" in study.cutoffs("os").search.why


def test_a_roc_curve_of_protected_patients_is_not_drawn(tmp_path):
    file = tmp_path / "cohort.csv"
    read("an2020").table.to_csv(file, index=False)
    open_, closed = (Study("x", str(file), min_cell=k).roc("os") for k in (1, 5))
    assert closed.area.number == open_.area.number
    assert "each step of the curve" in closed.figure("r", "R.").why
    assert open_.figure("r", "R.").why == ""
    smooth = Study("x", str(file), min_cell=5).smooth_effect("os")
    assert smooth.knots == "at quantiles of the patients' values"
    median = read("an2020").table["treg_pct"].median()
    assert smooth.figure("s", "S.").options["reference"] == pytest.approx(median)


def test_no_group_of_few_is_compared():
    study = Study("x", "an2020")
    refused = study.survival("rfs", by="mrd", smallest_group=5)  # 37 and 1
    why = "a comparison needs two groups of at least 5 patients each"
    for result in (refused, refused.median, refused.test, refused.hazard_ratio):
        assert result.why == why
    assert study.survival("rfs", by="mrd", smallest_group=1).why == ""
    compared = study.survival("os", by="sex", smallest_group=5)
    assert compared.test.number == study.survival("os", by="sex").test.number


def test_one_group_is_compared_with_nothing(tmp_path):
    patients = read("an2020").table.assign(emd="none")
    patients.to_csv(tmp_path / "c.csv", index=False)
    for min_cell in (1, 5):
        study = Study("x", str(tmp_path / "c.csv"), min_cell=min_cell)
        remission, alive = study.remission(by="emd"), study.survival("os", by="emd_any")
        for result in (remission.rate, alive, alive.one_year, alive.median, alive.test):
            assert result.why.startswith("all patients are in one group of ")
        assert remission.test.why
        assert study.survival("os").why == ""


def test_several_tests_are_corrected():
    rows = [("a", "os", "t", p) for p in (0.01, 0.04, 0.03)]
    table = pd.DataFrame({"estimate": [p for *_, p in rows]})
    tests = [(*about, Result(table.iloc[[i]])) for i, (*about, _) in enumerate(rows)]
    several = analyses.several_tests([*tests, ("b", "os", "t", Result(why="none"))]).table
    # R: p.adjust(c(.01, .04, .03), "holm"); 1 - 0.95^3
    assert several["p_holm"].tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert several["by_chance"].tolist() == pytest.approx([0.142625] * 3)
    assert several["comparisons"].tolist() == [3] * 3
    assert "no groups" in analyses.several_tests([]).why


def test_grades_on_one_scale():
    events = Study("x", "an2020").adverse_events()
    counts = [events.at_least(g, s).table["events"].item() for s in ("crs_grade", "icans_grade")
              for g in (1, 3)]  # fmt: skip
    assert counts == [39, 11, 2, 1]  # 83, 23.4, 4.3 and 2.1 % of 47


# --- causes, transplants and courses -------------------------------------------------------------


def test_causes_are_told_with_what_compares_groups():
    study = Study("x", "an2020")
    first = study.cumulative_incidence()
    year = first.one_year.where(cause="relapse")
    free = study.survival("rfs").one_year.number
    died = first.one_year.where(cause="death in remission")
    assert year.number + died.number == pytest.approx(1 - free)  # both causes add up
    assert first.sentence.startswith("Cumulative incidence of relapse and death in remission since")
    by = study.cumulative_incidence(by="treg_group")
    assert by.test.where(cause="relapse").p.number < 0.05
    assert by.hazards.of("relapse", "subdistribution").number > 1
    for reason in by.hazards.without_estimate:  # few die in remission
        assert reason.startswith("death in remission: no event of death in remission occurred in")
    forest = by.hazards.figure("f", "F.", {"treg_group": "high against low Tregs"})
    assert forest.results[0].table["label"].tolist() == [
        "high against low Tregs, cause-specific",
        "high against low Tregs, Fine–Gray",
    ]
    assert study.cumulative_incidence(by="arm").hazards.lacks == ("arm",)


def test_a_transplant_is_compared_in_three_ways():
    transplant = Study("x", "an2020").transplant()
    patients = read("an2020").table
    assert transplant.naive.number < transplant.from_its_day_on.number  # immortal time flatters
    assert transplant.transplanted.count == patients["hsct_day"].notna().sum()
    assert transplant.remission_day.number == published.load()["a_remission_day"].value
    drawn = transplant.figure("t", "T.").results[0].table
    assert drawn["label"].tolist()[1] == "landmark, day 91"
    beyond = (patients["rfs_days"] >= 91).sum()
    assert drawn["n"].tolist() == [38, beyond, 38]


def test_courses_of_a_users_cohort_are_told_by_the_month(tmp_path):
    file = tmp_path / "cohort.csv"
    read("an2020").table.assign(bm_blasts_pct=50).to_csv(file, index=False)
    ours = Study("x", str(file)).swimmer().table
    months = ours["stop"] / (365 / 12)
    assert (months - months.round()).abs().max() < 1e-9
    theirs = Study("x", "an2020").swimmer().table
    assert len(ours) == len(theirs)
    assert (ours["stop"] - theirs["stop"]).abs().max() <= 15.5
    assert "courses of patients" in Study("x", str(file), min_cell=5).swimmer().why


def test_help_on_an_analysis_names_its_own_parameters():
    study = Study("x", "an2020")
    given = inspect.signature(study.survival).parameters
    assert [*given] == ["endpoint", "by", "after", "confidence", "smallest_group"]
    assert "Landmark, in days" in inspect.getdoc(study.survival)
    with pytest.raises(TypeError, match="endpoint"):
        study.survival()


def test_a_figure_names_the_coverage_of_its_intervals():
    study = Study("x", "an2020", confidence=0.9)
    figure = study.remission(by="sex").rate.icons("i", "I.", "in remission")
    drawn = []

    def plot(table, *, state, confidence=0.95):
        drawn.append(plot_icons(table, state=state, confidence=confidence))
        return drawn[0]

    with capture_output():
        study.show(replace(figure, plot=plot))
    told = [text.get_text() for text in drawn[0].get_legend().get_texts()]
    assert told == ["in remission", "90 % interval"]


def test_a_curve_that_is_hidden_hides_nothing_else(tmp_path):
    rows = {
        "patient_id": [f"P{i}" for i in range(25)],
        "emd": ["none"] * 15 + ["cns"] * 6 + ["other"] * 4,
        "response": ["CR"] * 11 + ["NR"] * 4 + ["CR"] * 10,
        "os_days": list(range(100, 850, 30)),
        "os_event": [0] * 8 + [1] * 7 + [0] * 3 + [1] * 3 + [0] * 2 + [1] * 2,
    }
    pd.DataFrame(rows).to_csv(tmp_path / "c.csv", index=False)
    by_kind = Study("x", str(tmp_path / "c.csv"), min_cell=5).survival("os", by="emd")
    assert "fewer than 5 patients" in by_kind.why
    assert by_kind.median.why == ""


def test_a_swimmer_plot_says_who_is_left_out(tmp_path):
    patients = read("an2020").table
    assert "Left out" not in Study("x", "an2020").swimmer().figure("s", "S.").caption
    patients.loc[patients["rfs_cause"].first_valid_index(), "rfs_cause"] = None
    patients.assign(patient_id=[f"P{i}" for i in range(47)]).to_csv(tmp_path / "c.csv", index=False)
    caption = Study("x", str(tmp_path / "c.csv"), min_cell=1).swimmer().figure("s", "S.").caption
    assert caption.startswith("S. Left out: 1 of 47, whose ")
