"""Reading and checking cohorts: all problems at once, each with row, column, value and remedy."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from cartanalysis import contract as cohort
from cartanalysis import intake
from cartanalysis.errors import InputError, MissingColumns
from cartanalysis.intake.source import Column, Source


def problems_of(text: str | bytes) -> list:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(InputError) as caught:
        intake.parse(data, "bad.csv")
    return list(caught.value.problems)


def test_default_cohort():
    found = intake.read("an2020")
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
        (b"patient_id\nA\x00\n", 2, None, "NUL"),
        ("patient_id,os_days,os_event\nA,2021-02-30,1\n", 2, "os_days", "a date where days"),
        ("patient_id,os_days,os_event\nA,CR,1\n", 2, "os_days", "not a number"),
        ('patient_id,os_days,os_event\nA,"1.234,5",1\n', 2, "os_days", "read in two ways"),
        ('patient_id,treg_pct\nA,"1,234"\n', 2, "treg_pct", "read in two ways"),
        ("patient_id,ae_grade_max\nA,3/4\n", 2, "ae_grade_max", "not one grade"),
        ("patient_id,ae_grade_max\nA,≥3\n", 2, "ae_grade_max", "not one grade"),
        ("patient_id,os_days,os_event\nA,5,perhaps\n", 2, "os_event", "not an event code"),
        ("patient_id\nP 1\np01\n", 3, "patient_id", "leading zeros"),
        ("patient_id,sex\nA,male\nA,male\n", 3, "patient_id", "repeats row 2"),
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
    found = intake.parse(
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
        intake.read(path)


def test_derived_columns():
    table = intake.parse(
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
    nothing = cohort.derive(table.assign(treg_pct=float("nan")))
    assert nothing["treg_group"].isna().all()


def test_missing_columns_are_told_by_the_name_in_the_file():
    patients = pd.DataFrame({"patient_id": ["A"]})
    with pytest.raises(MissingColumns) as caught:
        cohort.require(patients, "responder", "emd_any", "emd_other")
    assert caught.value.columns == ("emd", "response")


def test_values_out_of_range_are_not_held():
    for name, value in {
        "age_years": "121",
        "os_event": "2",
        "crs_grade": "2.5",
        "sex": "x",
    }.items():
        assert not cohort.FIELDS[name].holds(value)


def test_spellings_that_can_mean_one_thing_only_are_understood_and_noted():
    text = (
        "patient_id;sex;os_days;os_event;treg_pct;ae_grade_max;prior_hsct;mrd\n"
        "A;F;12,5;1:DECEASED;7,25;IV;y;neg\nB;m;20;LIVING;8;grade 2;FALSE;POS\nC;f;3;yes;NA;0;1;\n"
    )
    found = intake.parse(text.encode(), "clinic.csv")
    table = found.table
    assert table["sex"].tolist() == ["female", "male", "female"]
    assert table["os_days"].tolist() == [12.5, 20, 3]
    assert table["os_event"].tolist() == [1, 0, 1]
    assert table["treg_pct"].tolist()[:2] == [7.25, 8]
    assert table["ae_grade_max"].tolist() == [4, 2, 0]
    assert table["prior_hsct"].tolist() == ["yes", "no", "yes"]
    assert table["mrd"].tolist()[:2] == ["negative", "positive"]
    notes = " ".join(found.notes)
    for words in (
        "semicolon",
        "“1:DECEASED” as 1",
        "“IV” as 4",
        "decimal point",
        "“NA” was read as missing",
    ):
        assert words in notes, words


def test_a_cohort_written_and_read_again_is_the_same():
    first = intake.parse(
        b'patient_id,arm,os_days,os_event,site\nA,"x, ""y""",12.25,1,=1+1\nB,z,3,0,B\n',
        "a.csv",
        ["site"],
    )
    again = intake.parse(first.to_csv().encode(), "b.csv", ["site"])
    pd.testing.assert_frame_equal(first.table, again.table)
    assert first.sha256 == again.sha256


def test_strata_are_the_users_own_columns_or_ours():
    text = b"patient_id,sex,Centre,age_years\nA,male,North,3\nB,female,South,4\n"
    found = intake.parse(text, "a.csv", ["sex", "Centre"])
    assert list(found.table) == ["patient_id", "age_years", "sex", "Centre"]
    for strata, says in (
        (["Center"], "Did you mean Centre"),
        (["age_years"], "has no groups"),
        (["sex", "Centre", "arm", "emd"], "4 strata"),
    ):
        with pytest.raises(InputError, match=says):
            intake.parse(text, "a.csv", strata)


def test_many_problems_alike_are_counted():
    rows = "".join(f"P{i},x\n" for i in range(1000))
    with pytest.raises(InputError) as caught:
        intake.parse(f"patient_id,age_years\n{rows}".encode(), "a.csv")
    assert len(caught.value.problems) == 1000
    message = str(caught.value)
    assert len(message.splitlines()) == 7
    assert "… and 995 more like these, rows 7 to 1001" in message
    with pytest.raises(InputError, match=r"1 more like these, row 7$"):
        intake.parse(f"patient_id,age_years\n{rows[: rows.index('P6')]}".encode(), "a.csv")


def test_thousands_points_codes_for_missing_and_summary_rows():
    text = "patient_id,os_days,os_event\nA,1.095,1\nB,730,0\nC,9999,0\nMittelwert,9,0\n"
    found = [(p.row, p.value) for p in problems_of(text)]
    assert found == [(2, "1.095"), (4, "9999"), (5, "Mittelwert")]
    for fine in ("1.095,1\nB,7.5,0", "999,1\nB,1200,0"):
        assert intake.parse(f"patient_id,os_days,os_event\nA,{fine}\n".encode(), "a.csv")


def test_999_days_are_a_time_where_as_many_left_on_the_days_around():
    def times(of_999: int) -> str:
        days = [*range(990, 1010)] * 5 + [999] * of_999
        rows = "".join(f"P{i:03d},{day},0\n" for i, day in enumerate(days))
        return f"patient_id,os_days,os_event\n{rows}"

    assert intake.parse(times(5).encode(), "a.csv").table["os_days"].eq(999).sum() == 10
    assert {p.value for p in problems_of(times(50))} == {"999"}


def test_what_a_dictionary_says_against_our_reading_is_told_once():
    columns = (
        Column("patient_id"),
        Column("os_days"),
        Column("os_event", choices={"0": "dead", "1": "alive"}),
        Column("crs_grade"),
    )
    cells = {"patient_id": ["A", "B"], "os_days": ["9", "5"], "os_event": ["0", "1"],
             "crs_grade": ["5", "0"]}  # fmt: skip
    source = Source("a.sav", "SPSS", columns, cells, (2, 3))
    with pytest.raises(InputError) as caught:
        intake.build(source)
    (problem,) = caught.value.problems  # grade 5 beside "alive" follows from the coding
    assert (problem.row, problem.column) == (None, "os_event")
    assert "“0” means “dead”" in problem.what
    flagged = Column("os_event", label="alive at last contact")
    with pytest.raises(InputError, match="not who had the event"):
        intake.build(replace(source, columns=(*columns[:2], flagged, columns[3])))


def test_rfs_that_does_not_count_deaths():
    head = "patient_id,os_days,os_event,rfs_days,rfs_event\n"
    rows = "".join(f"P{i},9,1,5,0\n" for i in range(5))
    (problem,) = problems_of(head + rows)
    assert (problem.column, "must count deaths" in problem.what) == ("rfs_event", True)
    assert len(intake.parse((head + rows + "Q,9,1,5,1\n").encode(), "a.csv").table) == 6


def test_groups_that_may_be_one_are_noted():
    rows = "A,CAR-19\nB,CAR19\nC,Car 19\nD,CAR-22\n"
    (note,) = intake.parse(f"patient_id,arm\n{rows}".encode(), "a.csv").notes
    assert "“CAR-19”, “CAR19” and “Car 19” differ by blanks or hyphens only" in note


@pytest.mark.parametrize("name", ["time", "event", "group", "responder"])
def test_strata_cannot_be_called_as_the_book_calls_its_own(name):
    text = f"patient_id,os_days,os_event,{name}\nA,3,1,x\nB,4,1,y\n".encode()
    with pytest.raises(InputError, match=f"Rename it, for example my_{name}"):
        intake.parse(text, "a.csv", [name])


@pytest.mark.parametrize("text", ["9" * 5000, "1." + "000." * 2000 + "000"])
def test_endless_digits(text):
    with pytest.raises(InputError, match="not a number"):
        intake.parse(f"patient_id,os_days,os_event\nA,{text},1\n".encode(), "a.csv")


def test_rows_with_nothing_but_a_remark_are_no_patients():
    text = b"patient_id,os_days,os_event\nA 1,3,1\nTotal (n=1),,\nLegend: 1 = dead,NA,\nP3,,\n"
    with pytest.raises(InputError) as error:
        intake.parse(text, "a.csv")
    assert [(p.row, p.column) for p in error.value.problems] == [
        (3, "patient_id"),
        (4, "patient_id"),
    ]


def test_signs_that_turn_the_direction_of_text_are_left_out():
    cohort = intake.parse("patient_id,arm\nA,x\u202ey\nB,xy\nC,z\xa0z\n".encode(), "a.csv")
    assert list(cohort.table["arm"]) == ["xy", "xy", "z z"]
    assert "Column arm: invisible characters were left out." in cohort.notes


@pytest.mark.parametrize("label", ["OS (5-year follow-up)", "Days (1 month: 30.4 days)", "OS"])
def test_a_label_with_a_span_of_time_is_no_other_unit(label):
    columns = (Column("patient_id"), Column("os_days", label), Column("os_event"))
    cells = {"patient_id": ["A"], "os_days": ["3"], "os_event": ["1"]}
    assert len(intake.build(Source("a.sav", "SPSS", columns, cells, (2,))).table) == 1


def test_a_label_with_another_unit_is_told():
    column = Column("os_days", "Survival in months")
    cells = {"patient_id": ["A"], "os_days": ["3"], "os_event": ["1"]}
    columns = (Column("patient_id"), column, Column("os_event"))
    with pytest.raises(InputError, match="its label says months, but os_days is in days"):
        intake.build(Source("a.sav", "SPSS", columns, cells, (2,)))
