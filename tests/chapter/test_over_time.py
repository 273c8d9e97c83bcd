"""What needs no constant hazard ratio, and models that are penalised, as chapters show them."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot as plt

from cartanalysis.chapter.study import Study
from cartanalysis.figures import plot_coefficient, plot_log_log
from cartanalysis.intake import read
from cartanalysis.stats import absolute, cox, firth

FACTORS = ["emd_any", "treg_group", "genetic_risk"]


@pytest.fixture(scope="module")
def study() -> Study:
    return Study("x", "an2020")


@pytest.fixture(scope="module")
def without_deaths(tmp_path_factory) -> Study:
    """A cohort in which nobody with low Tregs died."""
    table = read("an2020").table.copy()
    low = table["treg_pct"] <= table["treg_pct"].median()
    table.loc[low, "os_event"] = 0
    file = tmp_path_factory.mktemp("cohort") / "cohort.csv"
    table.to_csv(file, index=False)
    return Study("x", str(file))


def test_tests_are_laid_out_by_scale_of_time(study):
    tests = study.proportional_hazards("os", FACTORS)
    table = tests.tests("Tests", {"emd_any": "EMD"})
    assert list(table.columns) == ["covariate", "df", "km", "rank", "identity", "log"]
    shown = table.result.table.set_index("covariate")
    assert shown["df"].tolist() == [1, 1, 1, 3]
    assert shown.loc["global", "log"] == f"{tests.of('global', 'log').number:.2f}"
    model = study.hazard_ratios("os", FACTORS)
    for covariate in (*FACTORS, "global"):  # the model's own test is that on R's default scale
        other = model.proportional_hazards.where(covariate=covariate).p.number
        assert tests.of(covariate).number == pytest.approx(other)
    assert tests.sentence.startswith("Overall survival, tests of proportional hazards: emd_any p")


def test_the_course_of_a_coefficient_is_told_and_drawn(study):
    figure = study.proportional_hazards("os", FACTORS).over_time("treg_group", "f", "F.")
    table = figure.results[0].table
    assert set(table["covariate"]) == {"treg_group"}
    events = int(study.patients["os_event"].sum())
    told = f"Residuals of {events} events with a smooth line: the log hazard ratio"
    assert figure.alt.startswith(told)
    hazard_ratio = study.hazard_ratios("os", FACTORS).of("treg_group").number
    assert np.exp(table["constant"].iloc[0]) == pytest.approx(hazard_ratio)
    axes = plot_coefficient(table)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "an event", "if it were constant", "smoothed",
    ]  # fmt: skip
    labels = [float(label.get_text()) for label in axes.get_xticklabels()]
    assert labels == sorted(labels)
    assert len(labels) > 3
    plt.close("all")


def test_log_log_curves_hold_what_can_be_drawn(study):
    found = study.survival("os", by="emd_any")
    figure = found.log_log("f", "F.", {"any": "with EMD"})
    axes = plot_log_log(found.table, **figure.options)
    assert axes.get_xscale() == "log"
    for line, (_, curve) in zip(
        axes.get_lines(), found.table.groupby("group", sort=False), strict=True
    ):
        inside = curve[curve["estimate"].between(0, 1, inclusive="neither")]
        heights = np.log(-np.log(inside["estimate"]))
        assert sorted(line.get_ydata()) == pytest.approx(sorted(heights))
    assert {t.get_text() for t in axes.get_legend().get_texts()} == {"none", "with EMD"}
    plt.close("all")


def test_curves_without_steps_have_no_log_log_plot(tmp_path):
    file = tmp_path / "cohort.csv"
    read("an2020").table.assign(os_event=0).drop(columns="rfs_cause").to_csv(file, index=False)
    found = Study("x", str(file)).survival("os", by="emd_any").log_log("f", "F.")
    assert found.why == "no curve of overall survival takes a step"


def test_differences_are_what_the_statistics_give(study):
    patients = study.patients
    mean = study.restricted_mean("os", by="emd_any", until=300)
    expected = absolute.restricted_mean(patients, "os", 300, "emd_any").set_index("measure")
    assert mean.difference.table["estimate"].iloc[2] == expected.loc["difference", "estimate"]
    assert mean.difference.number == expected.loc["difference", "estimate"]
    assert mean.ratio.number == expected.loc["ratio", "estimate"]
    assert mean.sentence.startswith("Overall survival, restricted mean up to 300 days: none ")
    gap = study.milestone("os", by="emd_any", day=300)
    assert gap.difference.number == absolute.milestone(patients, "os", 300, "emd_any")[
        "estimate"
    ].iloc[0]  # fmt: skip
    assert "any against none −" in gap.sentence  # a true minus
    study.hand_over(gap=gap.difference, mean_gap=mean.difference)
    assert study.numbers["gap"].text.endswith(" percentage points")
    assert study.numbers["gap"].ci.count("percentage points") == 1
    assert study.numbers["mean_gap"].text.startswith("−")


def test_contrasts_are_laid_out_by_factor_and_say_what_is_missing(study):
    contrasts = study.contrasts("os", [*FACTORS, "arm"], day=300)
    table = contrasts.as_table("C", {}).result.table
    assert table["factor"].tolist() == FACTORS  # there is no arm
    assert table["milestone"].str.fullmatch(r"−[\d.]+ \(−[\d.]+ to −?[\d.]+\)").all()
    assert contrasts.gaps({"arm": "Arm"}) == "Arm: this cohort has no values in the column arm."
    late = study.contrasts("os", ["emd_any"], day=5000)
    assert late.as_table("C", {}).result.table["difference"].tolist() == ["–"]
    assert "ends before day 5000" in late.gaps({})
    nothing = study.contrasts("os", ["arm"])
    assert nothing.as_table("C", {}).why == "this cohort has no values in the column `arm`"


def test_a_group_without_events_has_firths_estimate_and_the_page_says_so(without_deaths):
    study = without_deaths
    model = study.hazard_ratios("os", FACTORS)
    assert (model.table["method"] == firth.COX_METHOD).all()
    assert np.isfinite(model.table[["estimate", "lower", "upper"]].to_numpy()).all()
    note = (
        "No event of overall survival occurred in the group low of regulatory T cells "
        "(high or low): these are Firth"
    )
    assert model.note.startswith(note)
    forest = study.forest(model, study.hazard_ratios("rfs", FACTORS), labels={})
    assert "Firth’s penalty" in forest.table["series"].iloc[0]
    assert "Firth" not in forest.table["series"].iloc[-1]
    assert note in forest.figure("f", "F.").caption
    curves = study.survival("os", by="treg_group")
    assert note in curves.figure("g", "G.").caption
    assert "hazard ratio" in curves.figure("g", "G.").options["note"]
    untested = model.proportional_hazards.where(covariate="treg_group").p
    study.hand_over(untested=untested)
    assert study.numbers["untested"].reason == firth.NO_ZPH
    assert model.changing({"treg_group": "Tregs"}) == []
    tests = study.proportional_hazards("os", FACTORS)
    assert tests.why.startswith("no event of overall survival occurred in the group `low`")


def test_a_usual_model_has_no_note(study):
    assert study.hazard_ratios("os", FACTORS).note == ""
    assert study.survival("os", by="emd_any").figure("f", "F.").caption == "F."


def test_protected_differences_are_told_by_the_month(tmp_path):
    file = tmp_path / "cohort.csv"
    read("an2020").table.to_csv(file, index=False)
    study = Study("x", str(file), min_cell=5)
    figure = study.proportional_hazards("os", ["emd_any"]).over_time("emd_any", "f", "F.")
    assert figure.why == "each point of this picture is the day on which a patient had the event"
    plain = cox.proportional_hazards(Study("z", str(file)).patients, "os", ["emd_any"])
    told = study.proportional_hazards("os", ["emd_any"])
    assert told.why or told.table["p"].tolist() == plain["p"].tolist()
