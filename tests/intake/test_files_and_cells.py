"""Cells and files that can be misread: identifiers, groups, numbers, separators."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from cartanalysis.errors import InputError, Problem
from cartanalysis.intake.admission import Request, admit
from cartanalysis.intake.reading import read_source
from cartanalysis.stats import response
from cartanalysis.text import fold, in_order, same_id

RENUMBERED = "version: 1\ncolumns:\n  patient_id: {from: patient_id, renumber: yes}\n"


def problems(path: Path, mapping: Path | None = None) -> tuple[Problem, ...]:
    with pytest.raises(InputError) as caught:
        admit(Request(str(path), mapping))
    return caught.value.problems


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def listed(tmp_path: Path, column: str, cells: list[str]) -> Path:
    rows = [f"P{i},{cell}" for i, cell in enumerate(cells)]
    return written(tmp_path / "x.csv", "\n".join([f"patient_id,{column}", *rows]) + "\n")


# --- identifiers and groups --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("Zürich", "Zu\u0308rich", True),
        ("P\u200b1", "P1", True),
        ("P\ufe0f1", "P1", True),
        ("C-1", "C\u20111", True),
        ("C-1", "C\u22121", True),
        ("Ｐ１", "p1", True),
        ("01.0", "1", True),
        ("1.5", "1", False),
        ("1.10", "1.1", False),
        ("P1.0", "P1", False),
        ("10", "1", False),
        ("P-1", "P1", False),
    ],
)
def test_one_normalisation_of_identifiers(a, b, same):
    assert (same_id(a) == same_id(b)) is same


def test_look_alikes_of_other_alphabets_are_asked_about(tmp_path):
    ids = "patient_id,arm\nС1,Сar\nC1,Car\nP3,Car\n"  # the first letters of the first row: Cyrillic
    place = written(tmp_path / "x.csv", ids)
    found = problems(place)
    assert [(p.row, p.column, p.value) for p in found] == [
        (3, "arm", "Car"),
        (3, "patient_id", "C1"),
    ]
    assert all("another alphabet" in p.what for p in found)
    mapping = written(tmp_path / "map.yml", RENUMBERED)
    assert [p.row for p in problems(place, mapping)] == [3]


def test_a_level_in_look_alike_letters_is_told_as_such(tmp_path):
    (problem,) = problems(listed(tmp_path, "response", ["CR", "СR", "NR"]))
    assert (problem.row, problem.value) == (3, "СR")
    assert "another alphabet" in problem.what
    assert problem.remedy == "Type CR again"
    text = "version: 1\ncolumns:\n  patient_id: {from: patient_id}\n"
    text += "  response: {from: r, levels: {CR: CR, no: NR}}\n"
    mapping = written(tmp_path / "map.yml", text)
    (problem,) = problems(listed(tmp_path, "r", ["CR", "СR", "no"]), mapping)
    assert "another alphabet" in problem.what


def test_words_of_a_mapping_are_found_however_they_are_stored(tmp_path):
    text = "version: 1\ncolumns:\n  patient_id: {from: patient_id}\n"
    levels = '  sex: {from: s, levels: {"fe\u0301minin": female, "m-1": male}}\n'
    mapping = written(tmp_path / "map.yml", text + levels)
    cohort = admit(Request(str(listed(tmp_path, "s", ["féminin", "m\u20111"])), mapping))
    assert cohort.table["sex"].tolist() == ["female", "male"]


def test_lost_digits_are_named_and_no_patient_is_to_be_deleted(tmp_path):
    long = ["20210000000000000", "20210000000000000"]
    path = written(tmp_path / "x.csv", "\n".join(["patient_id,os_days,os_event"]
                   + [f"{i},{n},0" for n, i in enumerate(long)]) + "\n")  # fmt: skip
    mapping = RENUMBERED + "  os_days: {from: os_days}\n  os_event: {from: os_event}\n"
    (found,) = problems(path, written(tmp_path / "map.yml", mapping))
    assert found.row == 3
    assert "spreadsheet program kept only its first digits" in found.what
    assert "delete no row" in found.remedy and "as text" in found.remedy


@pytest.mark.parametrize(
    ("labels", "ordered"),
    [
        ("1 10 2", "1 2 10"),
        ("1.5 -1 1.25", "-1 1.25 1.5"),
        ("high low medium", "low medium high"),
        ("hoch niedrig mittel", "niedrig mittel hoch"),
        ("grade_IV grade_I grade_II", "grade_I grade_II grade_IV"),
        ("Stage_X Stage_IIB Stage_IIA", "Stage_IIA Stage_IIB Stage_X"),
        ("High_risk Standard_risk", "Standard_risk High_risk"),
        ("severe none mild", "none mild severe"),
        ("very_high low high", "low high very_high"),
        ("18-39 ≥40 <18", "<18 18-39 ≥40"),
        ("Site_10 Site_2", "Site_2 Site_10"),
        ("V C I", "C I V"),
        ("b A Ä", "A b Ä"),
    ],
)
def test_groups_come_in_the_order_of_a_reader(labels, ordered):
    known = [label.replace("_", " ") for label in labels.split()]
    assert in_order(known) == [label.replace("_", " ") for label in ordered.split()]
    assert [str(level) for level in response.levels(pd.Series(known))] == in_order(known)


def test_a_comparison_names_groups_in_their_order():
    patients = pd.DataFrame(
        {"site": ["10", "2", "10", "2"], "responder": pd.Categorical(["no", "yes", "yes", "no"])}
    )
    assert response.association(patients, "site")["group"].item() == "2 vs 10"
    assert response.remission(patients, "site")["group"].tolist() == ["2", "10"]


# --- numbers -----------------------------------------------------------------------------------


def test_a_percentage_stays_one_where_the_others_are_fractions(tmp_path):
    text = "version: 1\ncolumns:\n  patient_id: {from: patient_id}\n"
    mapping = written(tmp_path / "map.yml", text + "  treg_pct: {from: t, unit: fraction}\n")
    cohort = admit(Request(str(listed(tmp_path, "t", ["0.07", "7 %", "0.12"])), mapping))
    assert cohort.table["treg_pct"].tolist() == [7, 7, 12]


def test_small_percentages_are_no_fractions(tmp_path):
    ordinary = ["0.5", "0.8", "1", "3", "40"]
    assert admit(Request(str(listed(tmp_path, "treg_pct", ordinary)))).table.shape == (5, 2)


def test_99_may_be_a_percentage(tmp_path):
    real = ["99", "99", "95", "80", "5"]
    table = admit(Request(str(listed(tmp_path, "bm_blasts_pct", real)))).table
    assert table["bm_blasts_pct"].tolist() == [99, 99, 95, 80, 5]
    said = ["99%", "99%", "5", "10", "20"]
    table = admit(Request(str(listed(tmp_path, "bm_blasts_pct", said)))).table
    assert table["bm_blasts_pct"].max() == 99


# --- files -------------------------------------------------------------------------------------


def test_a_header_one_name_short_is_refused_with_its_cause(tmp_path):
    quoted = '"patient_id" "sex"\n"1" "P1" "f"\n"2" "P2" "m"\n'
    (problem,) = problems(written(tmp_path / "quoted.txt", quoted))
    assert "every row has 3 cells, the header 2" in problem.what
    # no row is repaired by dropping what is beyond the header
    text = "patient_id,sex,arm\nP1,f,A\nP2,,f,\nP3,m,B\n"
    (problem,) = problems(written(tmp_path / "x.csv", text))
    assert (problem.row, problem.what) == (3, "the row has 4 cells, the header 3")
    fits = "patient_id,sex,,\nP1,f,,\nP2,m,,\n"
    assert len(read_source(written(tmp_path / "y.csv", fits)).rows) == 2


def test_columns_set_apart_by_blanks_are_refused_as_such(tmp_path):
    text = "patient_id  os_days  os_event\nP1          10       1\nP22         7        0\n"
    with pytest.raises(InputError, match="set apart by blanks"):
        read_source(written(tmp_path / "x.txt", text))
    one = read_source(written(tmp_path / "y.csv", "Study ID\nP 1\nP 2\n"))
    assert one.cells == {"Study ID": ["P 1", "P 2"]}


def test_not_a_number_in_a_date_column_is_missing(tmp_path):
    date = {"name": "RFSTDT", "label": "Start", "displayFormat": "DATE9."}
    about = {"columns": [{"name": "ID", "label": "Id"}, date], "rows": [["A", float("nan")]]}
    path = written(tmp_path / "x.json", json.dumps(about))
    assert read_source(path).cells == {"ID": ["A"], "RFSTDT": [""]}


def test_folding_twice_changes_nothing():
    for text in ("ŻÓŁĆ  ﬁ", "İstanbul", "ΣΊΣΥΦΟΣ", "\u3164x", "１−２"):
        assert fold(fold(text)) == fold(text)
