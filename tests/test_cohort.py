"""Reading and checking cohorts: all problems at once, each with row, column, value and remedy."""

from __future__ import annotations

import pandas as pd
import pytest

from cartanalysis import cohort
from cartanalysis.errors import InputError, MissingColumns


def problems_of(text: str | bytes) -> list:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(InputError) as caught:
        cohort.parse(data, "bad.csv")
    return list(caught.value.problems)


def test_default_cohort():
    found = cohort.read("an2020")
    assert found.is_reconstruction
    assert len(found.table) == 47
    assert found.notes == ()
    assert list(found.table["emd"].cat.categories) == ["none", "cns", "other"]


def test_three_mistakes_are_told_together():
    found = problems_of("patient_id,os_days,os_event,emd\nA,10,2,none\nB,-3,1,none\nC,4,1,brain\n")
    places = [(p.row, p.column, p.value) for p in found]
    assert places == [(2, "os_event", "2"), (3, "os_days", "-3"), (4, "emd", "brain")]
    assert all(p.remedy for p in found)
    assert "1/2" in found[0].remedy
    assert "none, cns, other" in found[2].remedy


@pytest.mark.parametrize(
    ("text", "row", "column", "says"),
    [
        ("patient_id\nA\na\n", 3, "patient_id", "already in row 2"),
        ("patient_id,sex\n,male\n", 2, "patient_id", "identifier is missing"),
        ("age_years\n5\n", 1, "patient_id", "column is missing"),
        ("patient_id,age_years\nA,999\n", 2, "age_years", "out of range"),
        ("patient_id,age_years\nA,twelve\n", 2, "age_years", "not a number"),
        ("patient_id,age_years\nA,inf\n", 2, "age_years", "not a number"),
        ("patient_id,age_years\nA,1_0\n", 2, "age_years", "not a number"),
        ("patient_id,crs_grade\nA,2.5\n", 2, "crs_grade", "not a grade"),
        ("patient_id,treg_pct\nA,101\n", 2, "treg_pct", "out of range"),
        ("patient_id,os_days\nA,5\n", 1, "os_event", "os_days is there"),
        ("patient_id,os_days,os_event\nA,5,\n", 2, "os_event", "empty, but os_days is 5"),
        ("patient_id,os_days,os_event\nA,12 mo,1\n", 2, "os_days", "not a number"),
        ("patient_id,respons\nA,CR\n", 1, "respons", "much like one"),
        ("patient_id,sex,sex\nA,male,male\n", 1, "sex", "twice"),
        (
            "patient_id,response,rfs_days,rfs_event\nA,NR,5,1\n",
            2,
            "rfs_days",
            "never in remission",
        ),
        (
            "patient_id,os_days,os_event,rfs_days,rfs_event\nA,5,1,9,1\n",
            2,
            "rfs_days",
            "longer than survival",
        ),
        (
            "patient_id,rfs_days,rfs_event,rfs_cause\nA,5,0,relapse\n",
            2,
            "rfs_cause",
            "no RFS event",
        ),
        (
            "patient_id,os_days,os_event,rfs_days,rfs_event,rfs_cause\nA,9,0,5,1,death\n",
            2,
            "rfs_cause",
            "says alive",
        ),
        ("patient_id,os_days,os_event,hsct_day\nA,9,0,50\n", 2, "hsct_day", "after the last day"),
        ("patient_id,sex\nA\n", 2, None, "has 1 cells"),
        ("patient_id;sex\nA;male\n", 1, None, "semicolons"),
        ("patient_id,sex\n", None, None, "no patient"),
        ("", None, None, "empty"),
        (",,\n", None, None, "empty"),
        ("\ufeff", None, None, "empty"),
        ("patient_id,os_days,OS_days\nA,1,2\n", 1, "OS_days", "twice"),
        ("patient_id,os_days,os_event\nA,20200101,1\n", 2, "os_days", "out of range"),
        ("patient_id,os_days,os_event\nA,1e5,1\n", 2, "os_days", "not a number"),
        ("patient_id,age_years\nA,１２\n", 2, "age_years", "not a number"),
        (
            "patient_id,os_days,os_event,rfs_days,rfs_event\nA,9,1,9,0\n",
            2,
            "rfs_event",
            "censored on the day of death",
        ),
        ("patient_id,crs_grade,os_days,os_event\nA,5,9,0\n", 2, "crs_grade", "grade 5 is death"),
        (b"patient_id\nA\x00\n", None, None, "NUL"),
        (b"patient_id,sex\nM\xfcller,male\n", 2, None, "not UTF-8"),
        ('patient_id\n"A\n', 2, None, "not readable as CSV"),
    ],
)
def test_each_mistake_is_placed_and_explained(text, row, column, says):
    found = problems_of(text)
    match = [p for p in found if says in p.what]
    assert match, [p.what for p in found]
    assert (match[0].row, match[0].column) == (row, column)
    assert match[0].remedy


def test_too_many_arms():
    rows = "".join(f"P{i},arm {i}\n" for i in range(7))
    assert "7 different" in problems_of("patient_id,arm\n" + rows)[0].what


def test_rows_are_counted_as_a_spreadsheet_does():
    found = problems_of("patient_id,age_years\nA,5\n\n,\nB,x\n")
    assert found[0].row == 5


def test_one_problem_per_cell():
    found = problems_of("patient_id,os_days,os_event\nA,xx,1\n")
    assert [(p.row, p.column) for p in found] == [(2, "os_days")]


def test_what_is_handled_is_noted():
    found = cohort.parse(
        "\ufeffpatient_id,emd,response,age_years,ward\n A ,NONE,cr,NA,7\n".encode(), "x/My ward.csv"
    )
    assert found.name == "My ward"
    assert found.table["patient_id"].tolist() == ["A"]
    assert found.table["emd"].tolist() == ["none"]
    assert found.table["age_years"].isna().all()
    assert any("ward" in n for n in found.notes)
    assert any("upper and lower case" in n for n in found.notes)


@pytest.mark.parametrize("make", ["missing", "folder"])
def test_files_that_are_none(tmp_path, make):
    path = tmp_path / "x.csv"
    if make == "folder":
        path.mkdir()
    with pytest.raises(InputError, match=r"no such file|not a regular file"):
        cohort.read(path)


def test_derived_columns():
    table = cohort.parse(
        b"patient_id,response,emd,treg_pct\nA,CR,cns,2\nB,NR,other,4\nC,,none,6\nD,CRi,,\n", "x"
    ).table
    out = cohort.derive(table)
    assert out["responder"].tolist()[:2] == ["yes", "no"]
    assert pd.isna(out["responder"].iloc[2])
    assert out["responder"].iloc[3] == "yes"
    assert out["emd_any"].tolist()[:3] == ["any", "any", "none"]
    assert out["emd_other"].tolist()[:3] == ["no", "yes", "no"]
    assert out["treg_group"].tolist()[:3] == ["low", "low", "high"]  # the median itself is low
    assert cohort.derive(table, 3)["treg_group"].tolist()[:3] == ["low", "high", "high"]
    with pytest.raises(ValueError, match="percentage"):
        cohort.derive(table, 300)


def test_missing_columns_are_told_by_the_name_in_the_file():
    patients = pd.DataFrame({"patient_id": ["A"]})
    with pytest.raises(MissingColumns) as caught:
        cohort.require(patients, "responder", "emd_any", "emd_other")
    assert caught.value.columns == ("emd", "response")


def test_every_field_is_in_the_schema():
    assert list(cohort.schema().columns) == list(cohort.FIELDS)
