"""An et al. among other trials: the table, and pooled values against metafor."""

from __future__ import annotations

import io
import json
import math

import numpy as np
import pandas as pd
import pytest
from conftest import ORACLE
from matplotlib import pyplot as plt

from cartanalysis.chapter.handover import csv_of
from cartanalysis.chapter.study import Study
from cartanalysis.claims.registry import OTHERS
from cartanalysis.figures import geometry, style
from cartanalysis.figures.trials import plot_trials
from cartanalysis.publish.figure_data import readout
from cartanalysis.stats.response import remission
from cartanalysis.study import peers
from cartanalysis.study.examples import leukemia

REFERENCE = json.loads((ORACLE / "peers.json").read_text())
NUMBERS = ("estimate", "lower", "upper", "predicted_lower", "predicted_upper", "tau2", "i2", "q_p")


def pooled(outcome: str, **how: object) -> pd.Series:
    return peers.only(peers.forest(outcome, **how), peers.POOLED).iloc[0]


# --- the table ---------------------------------------------------------------------------------


def test_the_table_has_its_trials_each_with_a_source():
    table = peers.trials()
    assert len(table) == 19
    assert table["citation"].str.len().min() > 0
    assert set(table["source_kind"]) == set(peers.SOURCES)
    assert (table["cr_n"] <= table["n"]).all()
    assert (table["n"] <= table["infused"]).all()
    assert dict(zip(table["study"], table["infused"] - table["n"], strict=True)) == (
        dict.fromkeys(table["study"], 0) | {"Turtle 2016": 1, "Pan 2017": 2}
    )
    # what was not verified is empty, not zero; zeros that were published are zeros
    assert table["emd_pct"].isna().sum() == 13
    assert table.loc[table["neurotox_ge3_pct"] == 0, "study"].tolist() == ["Zhang C 2020"]


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("cr_n", "50", "cr_n is 50"),
        ("cr_pct", "91", "91 % is not 27 of 30"),
        ("relapse_n", "28", "relapse_n is 28"),
        ("hsct_after_n", "31", "hsct_after_n is 31"),
        ("infused", "29", "infused is 29"),
        ("crs_any_pct", "101", "crs_any_pct is 101"),
        ("citation", "", "the source is not told"),
        ("source_kind", "hearsay", "the source is not told"),
        ("study", "Davila 2014", "Davila 2014 is there twice"),
    ],
)
def test_a_contradiction_is_found(column, value, says):
    printed = peers._as_printed(peers.TRIALS).copy()
    assert peers.problems(printed) == []
    printed.loc[1, column] = value  # Maude 2014: 27 of 30
    assert any(says in problem for problem in peers.problems(printed))


def test_who_was_treated_begins_with_the_study():
    table = peers.characteristics().set_index("study")
    assert len(table) == 20
    mine = table.iloc[0]
    assert (mine["n"], mine["age_median"], mine["emd_pct"]) == ("47 [D]", "22 [S]", "–")
    assert table.loc["Gardner 2017", "age_median"] == "12.3"  # as printed
    assert table.loc["Hay 2019", ["emd_pct", "hsct_after_n"]].tolist() == ["34", "18"]


def test_findings_against_the_paper_come_first():
    for question in ("high-risk genetics", "EMD", "regulatory T cells"):
        found = peers.findings(question)
        assert "same" not in found["direction"].iloc[0]
        assert (found["source"].str.len() > 0).all()
    with pytest.raises(ValueError, match="no findings on 'sex'"):
        peers.findings("sex")


# --- pooled ------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", REFERENCE["pooled"])
def test_pooled_outcomes_equal_metafor(outcome):
    theirs = REFERENCE["pooled"][outcome]
    found = peers.rates(outcome).dropna(subset=["events"]).set_index("label")
    ours = found.loc[theirs["study"]]
    assert ours["events"].tolist() == theirs["x"]
    assert ours["n"].tolist() == theirs["n"]
    assert len(ours) == len(found) == theirs["k"]
    row = pooled(outcome)
    for name in NUMBERS:
        assert row[name] == pytest.approx(theirs[name], rel=1e-6, abs=1e-7), name


def test_trials_may_be_left_out():
    row = pooled("remission", without=["Davila 2014", "Turtle 2016"])
    assert row["k"] == 17
    for name in NUMBERS:
        assert row[name] == pytest.approx(REFERENCE["once"][name], rel=1e-6, abs=1e-7), name
    with pytest.raises(ValueError, match="is called Nobody 1900"):
        peers.forest("remission", without=["Nobody 1900"])


def test_a_percentage_without_a_whole_number_is_not_pooled():
    found = peers.rates("neurotoxicity").set_index("label")
    assert [round(100 * k / 53) for k in (23, 24)] == [43, 45]  # so 44 % is nobody's
    assert found.loc["Park 2018", "why"] == "44 % is no whole number of 53 patients"
    assert math.isnan(found.loc["Park 2018", "estimate"])
    assert (found.drop("Park 2018")["why"] == "").all()


def test_survival_is_shown_and_not_pooled():
    table = peers.forest("survival")
    assert set(table["kind"]) == {peers.TRIAL, peers.STUDY}
    assert table["lower"].isna().all()
    assert table["estimate"].tolist() == pytest.approx([0.772, 0.76, 0.695, 0.64, 0.64, 0.43, 0.53])
    assert peers.place(table).startswith("5 of the 6 other trials report a higher share, 1 a lower")


# --- the study, and a cohort -------------------------------------------------------------------


def test_the_study_stands_below_with_its_letter():
    row = peers.only(peers.forest("remission"), peers.STUDY).iloc[0]
    assert (row["label"], row["events"], row["n"]) == ("An et al. 2020 [P]", 38, 47)
    np.testing.assert_allclose(row[["lower", "upper"]].astype(float), REFERENCE["study"], rtol=1e-7)
    counts = {"severe CRS": 11, "severe neurotoxicity": 1, "CRS": 39, "neurotoxicity": 2}
    for outcome, events in counts.items():
        row = peers._of_study(outcome, 0.95).iloc[0]
        assert (row["label"], row["events"], row["n"]) == ("An et al. 2020 [S]", events, 47)
    assert peers._of_study("relapse", 0.95).empty
    relapse = peers.forest("relapse")
    assert peers.place(relapse) == peers.in_range(relapse) == ""


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        ("remission", "inside"),
        ("severe CRS", "inside"),
        ("CRS", "inside"),
        # 1 and 2 of 47: exact intervals to 11.3 and 14.5 %; the others' begin at 3.4 and 14.1 %
        (
            "severe neurotoxicity",
            "below, though its own interval (0.1 % to 11.3 %) reaches into it",
        ),
        ("neurotoxicity", "below, though its own interval (0.5 % to 14.5 %) reaches into it"),
    ],
)
def test_where_the_study_sits(outcome, says):
    assert peers.in_range(peers.forest(outcome)) == says


def test_a_study_beyond_all_others_is_told():
    table = peers.forest("neurotoxicity")
    low = table["predicted_lower"].max()
    mine = table["kind"] == peers.STUDY
    beyond = table.assign(upper=table["upper"].where(~mine, low / 2))
    said = peers.in_range(beyond)
    assert said.startswith("below, with the whole of its own interval (")


def test_no_scatter_is_told_where_none_is_estimated():
    told = {outcome: peers.alike(peers.forest(outcome)) for outcome in REFERENCE["pooled"]}
    for outcome, text in told.items():
        none = REFERENCE["pooled"][outcome]["tau2"] < 1e-6
        assert (peers.NO_SCATTER in text) == none
        assert "Cochran's Q: p = " in text or "Cochran's Q: p < " in text
    assert peers.NO_SCATTER in told["severe CRS"]


def test_nothing_of_the_reconstruction_is_in_it():
    study = Study("x", "an2020")
    forest = study.peers().forest("remission")
    assert peers.COHORT not in set(forest.table["kind"])
    assert forest.figure("f", "F.").results[0].letter == OTHERS
    study.hand_over(mean=forest.pooled)
    assert study.numbers["mean"].evidence == OTHERS
    assert study.numbers["mean"].value == pytest.approx(
        REFERENCE["pooled"]["remission"]["estimate"]
    )


def test_a_cohort_of_patients_stands_at_the_bottom(tmp_path):
    patients = pd.read_csv(ORACLE.parent / "data" / "cases" / "nasty.csv")
    file = tmp_path / "mine.csv"
    patients.to_csv(file, index=False)
    study = Study("x", str(file))
    row = study.peers().forest("remission").table.iloc[-1]
    expected = remission(study.patients).iloc[0]
    assert (row["kind"], row["label"]) == (peers.COHORT, "this cohort")
    assert (row["events"], row["n"]) == (expected["events"], expected["n"])
    assert peers.COHORT not in set(study.peers().forest("CRS").table["kind"])


def test_a_cohort_without_a_response_has_no_row(tmp_path):
    file = tmp_path / "leukemia.csv"
    leukemia().to_csv(file, index=False)
    study = Study("x", str(file))
    assert study.peers().forest("remission").table["kind"].iloc[-1] == peers.STUDY


@pytest.mark.parametrize("hidden", [3, 44])
def test_a_hidden_count_is_left_out(hidden, tmp_path):
    rows = pd.DataFrame({"patient_id": [f"p{i}" for i in range(47)]})
    rows["response"] = ["CR"] * hidden + ["NR"] * (47 - hidden)
    file = tmp_path / "mine.csv"
    rows.to_csv(file, index=False)
    shown = Study("x", str(file), min_cell=1).peers().forest("remission").table
    assert shown["events"].iloc[-1] == hidden
    study = Study("x", str(file), min_cell=5)
    assert study.peers().forest("remission").table["kind"].iloc[-1] == peers.STUDY


# --- the picture -------------------------------------------------------------------------------


def test_the_picture_names_every_trial_with_its_counts():
    table = peers.forest("remission", own=pd.DataFrame([{"events": 30, "n": 40, "estimate": 0.75}]))
    ax = plot_trials(table)
    words = [t.get_text() for t in ax.texts]
    for text in [*peers.trials()["study"], "19 trials, pooled", "38/47", "81 %", "this cohort"]:
        assert text in words
    legend = [t.get_text() for t in ax.get_legend().get_texts()]
    assert "prediction interval" in legend
    told = peers.describe(table, "remission")
    assert told.startswith(
        "Forest plot of the share of patients in remission: 19 other trials from 66.7 % to 93.1 %; "
        "19 trials, pooled 83.9 % (79.8 % to 87.4 %); An et al. 2020 [P] 80.9 % (66.7 % to 90.9 %)"
    )
    plt.close("all")


def test_survival_needs_no_key_to_what_is_not_drawn():
    ax = plot_trials(peers.forest("survival"))
    assert not ax.patches
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["other trial", "An et al."]
    plt.close("all")


def test_values_can_be_read_off_the_picture():
    table = peers.forest("remission")
    picture, svg = style.figure_of(plot_trials(table)), io.StringIO()
    picture.savefig(svg, format="svg")
    found = geometry.geometry(picture, svg.getvalue())
    told = readout(found, {"confidence": 0.95}, csv_of(table))["rows"]
    assert len(told) == len(table)
    by_title = {row["title"]: row["lines"] for row in told}
    assert by_title["An et al. 2020 [P]"] == [
        "80.9 % (95 % CI 66.7 % to 90.9 %)",
        "38 of 47 patients",
    ]
    assert by_title["19 trials, pooled"] == [
        "83.9 % (95 % CI 79.8 % to 87.4 %)",
        "prediction interval 69.1 % to 92.4 %",
    ]
    plt.close("all")
