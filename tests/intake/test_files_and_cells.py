"""Files and cells that were once misread, or refused for another reason than the right one.

``data/cases`` holds one file of each kind, all with invented patients.
"""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from tinybook import TESTS

from cartanalysis import intake
from cartanalysis.contract import Cohort
from cartanalysis.errors import InputError, Problem
from cartanalysis.intake.admission import Request, admit
from cartanalysis.intake.reading import read_source, redcap
from cartanalysis.stats import response
from cartanalysis.text import fold, in_order, same_id

CASES = TESTS / "data" / "cases"
RENUMBERED = "version: 1\ncolumns:\n  patient_id: {from: patient_id, renumber: yes}\n"


def taken(name: str, mapping: Path | None = None) -> Cohort:
    return admit(Request(str(CASES / name), mapping))


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
    ("name", "rows"),
    [("zwsp_dup_id.csv", [49]), ("dash_dup_id.csv", [3, 4]), ("id_float_dup.csv", [3])],
)
def test_identifiers_equal_to_the_eye_are_one_patient(tmp_path, name, rows):
    found = problems(CASES / name)
    assert [(p.row, p.column) for p in found] == [(row, "patient_id") for row in rows]
    assert all("already in row" in p.what and "what cannot be seen" in p.what for p in found)
    mapping = written(tmp_path / "map.yml", RENUMBERED)
    again = problems(CASES / name, mapping)
    assert [p.row for p in again] == rows
    assert {p.value for p in again} == {None}, "identifiers that are not kept are not told either"


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


def test_composed_and_decomposed_letters_are_one_group():
    cohort = taken("arm_nfd.csv")
    assert set(cohort.table["arm"]) == {"Zürich A"}
    assert "Column arm: letters with accents were stored in two ways." in cohort.notes


def test_words_of_a_mapping_are_found_however_they_are_stored(tmp_path):
    text = "version: 1\ncolumns:\n  patient_id: {from: patient_id}\n"
    levels = '  sex: {from: s, levels: {"fe\u0301minin": female, "m-1": male}}\n'
    mapping = written(tmp_path / "map.yml", text + levels)
    cohort = admit(Request(str(listed(tmp_path, "s", ["féminin", "m\u20111"])), mapping))
    assert cohort.table["sex"].tolist() == ["female", "male"]


def test_lost_digits_are_named_and_no_patient_is_to_be_deleted(tmp_path):
    found = problems(CASES / "excel_sci_id.csv")
    long = ["20210000000000000", "20210000000000000"]
    path = written(tmp_path / "x.csv", "\n".join(["patient_id,os_days,os_event"]
                   + [f"{i},{n},0" for n, i in enumerate(long)]) + "\n")  # fmt: skip
    mapping = RENUMBERED + "  os_days: {from: os_days}\n  os_event: {from: os_event}\n"
    found += problems(path, written(tmp_path / "map.yml", mapping))
    assert [p.row for p in found] == [3, 4, 3]
    assert all("spreadsheet program kept only its first digits" in p.what for p in found)
    assert all("delete no row" in p.remedy and "as text" in p.remedy for p in found)


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


def test_a_cells_own_format_tells_a_percentage():
    cohort = taken("pctfmt_mixed.xlsx")
    book = openpyxl.load_workbook(CASES / "pctfmt_mixed.xlsx").active
    cells = [row[4] for row in book.iter_rows(min_row=2)]
    shown = [c.value * 100 if c.number_format == "0%" else c.value for c in cells]
    assert cohort.table["bm_blasts_pct"].tolist() == pytest.approx(shown)
    assert {2.0, 90.0} <= set(shown)
    assert "read as they are shown" in cohort.notes[0]


def test_a_percentage_stays_one_where_the_others_are_fractions(tmp_path):
    text = "version: 1\ncolumns:\n  patient_id: {from: patient_id}\n"
    mapping = written(tmp_path / "map.yml", text + "  treg_pct: {from: t, unit: fraction}\n")
    cohort = admit(Request(str(listed(tmp_path, "t", ["0.07", "7 %", "0.12"])), mapping))
    assert cohort.table["treg_pct"].tolist() == [7, 7, 12]


def test_a_quoted_sign_of_percent_is_no_percentage():
    cohort = taken("x_pct_int.xlsx")
    book = openpyxl.load_workbook(CASES / "x_pct_int.xlsx").active
    stored = [row[4].value for row in book.iter_rows(min_row=2)]
    assert cohort.table["treg_pct"].tolist() == stored
    assert not any("percentage" in note for note in cohort.notes)


def test_fractions_among_percentages_stop(tmp_path):
    text = "version: 1\ncolumns:\n  patient_id: {from: patient_id}\n"
    mapping = written(tmp_path / "map.yml", text + "  treg_pct: {from: treg_pct}\n")
    stated = written(tmp_path / "unit.yml", text + "  treg_pct: {from: treg_pct, unit: percent}\n")
    path = CASES / "percent_fraction_mix.csv"
    assert [p.column for p in problems(path)] == ["bm_blasts_pct", "treg_pct"]
    (problem,) = problems(path, mapping)
    assert "0.05 or less, all others 5.1 or more" in problem.what
    assert admit(Request(str(path), stated)).table["treg_pct"].min() == 0.05
    ordinary = ["0.5", "0.8", "1", "3", "40"]
    assert admit(Request(str(listed(tmp_path, "treg_pct", ordinary)))).table.shape == (5, 2)


def test_a_repeated_99_is_asked_about(tmp_path):
    found = problems(CASES / "missing_codes_99_999.csv")
    assert {(p.row, p.column) for p in found if "99 comes repeatedly" in p.what} == {
        (row, name) for row in (19, 20, 21) for name in ("bm_blasts_pct", "treg_pct")
    }
    text = "version: 1\ncolumns:\n  patient_id: {from: patient_id}\n"
    mapping = written(tmp_path / "map.yml", text + "  treg_pct: {from: treg_pct}\n")
    assert {p.value for p in problems(CASES / "missing_codes_99_999.csv", mapping)} == {"99.0"}
    real = ["99", "99", "95", "80", "5"]
    table = admit(Request(str(listed(tmp_path, "bm_blasts_pct", real)))).table
    assert table["bm_blasts_pct"].tolist() == [99, 99, 95, 80, 5]
    said = ["99%", "99%", "5", "10", "20"]
    table = admit(Request(str(listed(tmp_path, "bm_blasts_pct", said)))).table
    assert table["bm_blasts_pct"].max() == 99


def test_limits_and_ranges_are_called_so(tmp_path):
    assert [(p.row, p.what.split(" (")[0]) for p in problems(CASES / "blast_lt.csv")] == [
        (2, "a limit"),
        (3, "a limit"),
        (4, "a range, not one number"),
    ]
    text = "version: 1\ncolumns:\n  patient_id: {from: patient_id}\n"
    mapping = written(tmp_path / "map.yml", text + "  bm_blasts_pct: {from: bm_blasts_pct}\n")
    assert [p.row for p in problems(CASES / "blast_lt.csv", mapping)] == [2, 3, 4]


def test_a_measured_value_is_not_called_a_misspelt_level():
    found = problems(CASES / "mrdval.csv")
    assert [p.row for p in found] == [2, 3]
    assert all("a measured value" in p.what and "threshold" in p.remedy for p in found)


def test_rounding_to_months_is_no_contradiction(tmp_path):
    cohort = taken("rfs_rounding.csv", CASES / "rfs_rounding.yml")
    assert cohort.table["rfs_days"].tolist() == [48.4 * 30.4375, 12 * 30.4375]
    assert any("rounding" in note for note in cohort.notes)
    text = (
        (CASES / "rfs_rounding.yml").read_text().replace("os_m, unit: months", "os_m, unit: days")
    )
    rounded = written(tmp_path / "days.yml", text)
    rows = "patient_id,response,os_m,os_e,rfs_m,rfs_e\nP1,CR,300,0,10,0\nP2,CR,304,0,10.0,0\n"
    table = admit(Request(str(written(tmp_path / "days.csv", rows)), rounded)).table
    assert table["rfs_days"].tolist() == [300, 304]
    beyond = written(tmp_path / "x.csv", (CASES / "rfs_rounding.csv").read_text())
    beyond.write_text(beyond.read_text().replace("48.5", "48.6"))
    (problem,) = problems(beyond, CASES / "rfs_rounding.yml")
    assert "longer than survival" in problem.what


def test_a_missing_status_says_what_becomes_of_the_patient():
    (problem,) = problems(CASES / "unknown_status.csv")
    assert "the patient then counts in everything else" in problem.remedy


# --- files -------------------------------------------------------------------------------------


def test_a_header_one_name_short_is_refused_with_its_cause(tmp_path):
    (problem,) = problems(CASES / "r_writetable2.csv")
    assert "every row has 5 cells, the header 4" in problem.what
    assert "row.names = FALSE" in problem.remedy
    quoted = '"patient_id" "sex"\n"1" "P1" "f"\n"2" "P2" "m"\n'
    (problem,) = problems(written(tmp_path / "quoted.txt", quoted))
    assert "every row has 3 cells, the header 2" in problem.what
    # no row is repaired by dropping what is beyond the header
    text = "patient_id,sex,arm\nP1,f,A\nP2,,f,\nP3,m,B\n"
    (problem,) = problems(written(tmp_path / "x.csv", text))
    assert (problem.row, problem.what) == (3, "the row has 4 cells, the header 3")
    fits = "patient_id,sex,,\nP1,f,,\nP2,m,,\n"
    assert len(read_source(written(tmp_path / "y.csv", fits)).rows) == 2


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("caret.csv", "Read as text separated by carets."),
        ("space_sep.txt", "Read as text separated by blanks."),
        ("ctrlz.csv", "The mark that DOS programs write at the end (Ctrl-Z) was left out."),
    ],
)
def test_separators_and_end_marks_are_named(name, note):
    cohort = taken(name)
    # ctrlz.csv is plain CSV but for its last byte
    plain = (CASES / "ctrlz.csv").read_bytes().rstrip(b"\x1a")
    pd.testing.assert_frame_equal(cohort.table, intake.parse(plain, "plain.csv").table)
    assert note in cohort.notes


def test_columns_set_apart_by_blanks_are_refused_as_such(tmp_path):
    text = "patient_id  os_days  os_event\nP1          10       1\nP22         7        0\n"
    with pytest.raises(InputError, match="set apart by blanks"):
        read_source(written(tmp_path / "x.txt", text))
    one = read_source(written(tmp_path / "y.csv", "Study ID\nP 1\nP 2\n"))
    assert one.cells == {"Study ID": ["P 1", "P 2"]}


def test_struck_out_rows_are_told():
    assert (
        "Rows with struck-out cells (“13”) were read like the others." in taken("strike.xlsx").notes
    )


def test_several_sheets_are_said_not_to_be_joined():
    with pytest.raises(InputError, match="they are not joined"):
        read_source(CASES / "two_sheets.xlsx")


def test_the_form_of_redcaps_api_is_a_dictionary(tmp_path):
    rows = "record_id,vital\n1,0\n2,1\n"
    data = written(tmp_path / "data.csv", rows)
    found = read_source(data, dictionary=CASES / "redcap_vital_api.csv")
    assert {c.name: dict(c.choices) for c in found.columns}["vital"] == {"0": "Dead", "1": "Alive"}
    with pytest.raises(InputError, match="this is a REDCap data dictionary"):
        read_source(CASES / "redcap_vital_api.csv")
    assert not redcap.is_dictionary(found)


def test_not_a_number_in_a_date_column_is_missing(tmp_path):
    date = {"name": "RFSTDT", "label": "Start", "displayFormat": "DATE9."}
    about = {"columns": [{"name": "ID", "label": "Id"}, date], "rows": [["A", float("nan")]]}
    path = written(tmp_path / "x.json", json.dumps(about))
    assert read_source(path).cells == {"ID": ["A"], "RFSTDT": [""]}


def test_folding_twice_changes_nothing():
    for text in ("ŻÓŁĆ  ﬁ", "İstanbul", "ΣΊΣΥΦΟΣ", "\u3164x", "１−２"):
        assert fold(fold(text)) == fold(text)
