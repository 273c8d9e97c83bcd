"""What real cohort files do, group by group: a clear error or a handling that is told.

The numbers follow the project's list of such files; ``pytest -k bad_inputs`` runs them all.
"""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import psutil
import pytest
from tinybook import edit, run

from cartanalysis.claims import flow, replication
from cartanalysis.claims.verdicts import Verdict
from cartanalysis.contract import Cohort, derive
from cartanalysis.errors import CannotCompute, InputError
from cartanalysis.intake.admission import Request, admit
from cartanalysis.publish.verify import verify
from cartanalysis.stats import cox, response, survival
from cartanalysis.study import published


class Clinic:
    """A folder in which a test leaves the files of a clinic."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, content: str | bytes, name: str = "clinic.csv") -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def admit(self, content: str | bytes, mapping: str = "", name: str = "clinic.csv") -> Cohort:
        given = self.file(mapping, "mapping.yml") if mapping else None
        return admit(Request(str(self.file(content, name)), given))

    def refused(
        self,
        content: str | bytes,
        *expected: tuple[int | None, str | None, str | None, str],
        mapping: str = "",
        name: str = "clinic.csv",
    ) -> None:
        """Make sure that exactly these problems are told: row, column, value, part of the text."""
        with pytest.raises(InputError) as caught:
            self.admit(content, mapping, name)
        problems = caught.value.problems
        assert len(problems) == len(expected), [str(p) for p in problems]
        for problem, (row, column, value, says) in zip(problems, expected, strict=True):
            assert problem.row == row, str(problem)
            assert (problem.column or "").split(" (from")[0] == (column or ""), str(problem)
            assert problem.value == value, str(problem)
            assert says in str(problem), str(problem)
            assert len(problem.remedy) > 8


@pytest.fixture
def clinic(tmp_path) -> Clinic:
    return Clinic(tmp_path)


def made(**columns) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    table = pd.DataFrame({"patient_id": [f"P{i}" for i in range(n)], **columns})
    from cartanalysis.intake import parse

    return derive(parse(table.to_csv(index=False).encode(), "made.csv").table)


OS = "patient_id,os_days,os_event\n"
MAP = "version: 1\ncolumns:\n  patient_id: {from: id}\n"

# --- events and times --------------------------------------------------------------------------


def test_bad_inputs_01_events_coded_1_2(clinic):
    clinic.refused(
        OS + "A,10,1\nB,12,2\n", (3, "os_event", "2", "in a file coded 1/2, 1 becomes 0")
    )
    found = clinic.admit(
        "id,t,e\nA,10,1\nB,12,2\n",
        MAP + '  os_days: {from: t, unit: days}\n  os_event: {from: e, levels: {"1": 0, "2": 1}}\n',
    )
    assert found.table["os_event"].tolist() == [0, 1]


def test_bad_inputs_02_events_in_words(clinic):
    found = clinic.admit(OS + "A,1,TRUE\nB,2,no\nC,3,DECEASED\nD,4,0:LIVING\nE,5,y\n")
    assert found.table["os_event"].tolist() == [1, 0, 1, 0, 1]
    assert any("“0:LIVING” as 0" in n for n in found.notes)


def test_bad_inputs_03_a_third_event_code(clinic):
    clinic.refused(
        "patient_id,rfs_days,rfs_event\nA,1,1\nB,2,2\n", (3, "rfs_event", "2", "not an event code")
    )


def test_bad_inputs_04_cnsr_given_as_the_event(clinic):
    found = clinic.admit(
        "id,AVAL,CNSR\nA,10,0\nB,12,1\nC,9,0\n",
        MAP + "  os_days: {from: AVAL, unit: days}\n  os_event: {from: CNSR, coding: cnsr}\n",
    )
    assert found.table["os_event"].tolist() == [1, 0, 1]


def test_bad_inputs_05_negative_time(clinic):
    clinic.refused(OS + "A,-3,1\n", (2, "os_days", "-3", "out of range"))


def test_bad_inputs_06_time_0_with_an_event(clinic):
    found = clinic.admit(OS + "A,0,1\nB,3,0\n")
    assert any("os_days is 0 with an event for some patients" in n for n in found.notes)
    curve = survival.kaplan_meier(found.table, "os")
    assert curve["estimate"].iloc[0] == 0.5


def test_bad_inputs_07_all_times_0(clinic):
    found = clinic.admit(OS + "A,0,1\nB,0,0\n")
    with pytest.raises(CannotCompute, match="every time in `os_days` is 0"):
        survival.kaplan_meier(found.table, "os")


def test_bad_inputs_08_months_in_a_days_column(clinic):
    rows = "".join(f"P{i},{i + 3},1\n" for i in range(10))
    assert any("If these are months" in n for n in clinic.admit(OS + rows).notes)
    found = clinic.admit(
        "id,m,e\nA,2,1\n", MAP + "  os_days: {from: m, unit: months}\n  os_event: {from: e}\n"
    )
    assert found.table["os_days"].tolist() == [2 * 30.4375]


def test_bad_inputs_09_infinite_missing_and_text_times(clinic):
    clinic.refused(
        OS + 'A,inf,1\nB,,1\nC,12 mo,1\nD,"1.234,5",1\n',
        (2, "os_days", "inf", "not a number"),
        (3, "os_days", None, "empty, but os_event is 1"),
        (4, "os_days", "12 mo", "one with a unit"),
        (5, "os_days", "1.234,5", "thousands separator"),
    )
    found = clinic.admit(OS + 'A,"12,5",1\nB,20,0\n')
    assert found.table["os_days"].tolist() == [12.5, 20]
    assert any("the comma was read as a decimal point" in n for n in found.notes)


DATES = (
    MAP + "  os_days: {dates: [end], since: infused%s}\n  os_event: {from: dead}\n"
)  # fmt: skip


def test_bad_inputs_10_dates_where_days_are_wanted(clinic):
    clinic.refused(
        "patient_id,os_days,os_event\nA,2021-03-01,1\nB,5,0\nC,7,0\n",
        (2, "os_days", "2021-03-01", "a date where days are wanted"),
    )
    found = clinic.admit("id,infused,end,dead\nA,2021-02-01,2021-03-01,1\n", DATES % "")
    assert found.table["os_days"].tolist() == [28]
    # 03/04 can be two days; 25/04 decides the column
    with pytest.raises(InputError, match="order"):
        clinic.admit("id,infused,end,dead\nA,03/04/2021,05/04/2021,1\n", DATES % "")
    found = clinic.admit("id,infused,end,dead\nA,03/04/2021,05/04/2021,1\n", DATES % ", order: DMY")
    assert found.table["os_days"].tolist() == [2]
    for wrong in ("2021-02-30", "03/04/21", "2021-05", "44197"):
        with pytest.raises(InputError) as caught:
            clinic.admit(f"id,infused,end,dead\nA,2021-01-01,{wrong},1\n", DATES % "")
        assert any(p.row == 2 and p.value == wrong for p in caught.value.problems), wrong


def test_bad_inputs_11_death_before_infusion_and_dates_to_come(clinic):
    with pytest.raises(InputError) as caught:
        clinic.admit(
            "id,infused,end,dead\nA,2021-01-10,2021-01-01,1\nB,2021-01-10,2999-01-01,0\n",
            DATES % "",
        )
    assert [p.row for p in caught.value.problems] == [2, 3]


def test_bad_inputs_12_rfs_for_a_patient_never_in_remission(clinic):
    clinic.refused(
        "patient_id,response,rfs_days,rfs_event\nA,NR,5,1\n",
        (2, "rfs_days", "5", "never in remission"),
    )


def test_bad_inputs_13_relapse_and_death_that_disagree(clinic):
    head = "patient_id,os_days,os_event,rfs_days,rfs_event\n"
    clinic.refused(
        head + "A,10,1,12,1\nB,10,1,10,0\nC,10,0,11,0\n",
        (2, "rfs_days", "12", "longer than survival"),
        (3, "rfs_event", "0", "censored on the day of death"),
        (4, "rfs_days", "11", "longer than survival"),
    )


# --- patients ----------------------------------------------------------------------------------


def test_bad_inputs_14_duplicates(clinic):
    clinic.refused(
        "patient_id,sex\nP1,male\nP1,male\np1,female\nP01,male\nP 1,male\n",
        (3, "patient_id", "P1", "repeats row 2"),
        (4, "patient_id", "p1", "case, blanks, kinds of hyphens"),
        (5, "patient_id", "P01", "leading zeros"),
        (6, "patient_id", "P 1", "blanks"),
    )


def test_bad_inputs_15_missing_identifier(clinic):
    clinic.refused("patient_id,sex\n,male\n", (2, "patient_id", None, "identifier is missing"))


def test_bad_inputs_16_two_infusions_of_one_patient(clinic):
    clinic.refused(
        OS + "A,100,0\nA,40,1\n", (3, "patient_id", "A", "for a second infusion, keep the first")
    )


# --- categories and numbers ----------------------------------------------------------------------


def test_bad_inputs_17_spellings_of_a_level(clinic):
    found = clinic.admit("patient_id,genetic_risk\nA,High\nB,high \nC,HIGH\n")
    assert found.table["genetic_risk"].tolist() == ["high"] * 3
    assert any("upper and lower case" in n for n in found.notes)


def test_bad_inputs_18_none_is_a_level_and_na_is_missing(clinic):
    found = clinic.admit("patient_id,emd\nA,none\nB,NA\nC,None\n")
    assert found.table["emd"].astype(object).tolist()[::2] == ["none", "none"]
    assert pd.isna(found.table["emd"].iloc[1])
    assert any("“NA” was read as missing" in n for n in found.notes)


def test_bad_inputs_19_unknown_level(clinic):
    clinic.refused("patient_id,emd\nA,brain\n", (2, "emd", "brain", "none, cns, other"))


def test_bad_inputs_20_impossible_ages(clinic):
    clinic.refused(
        "patient_id,age_years\nA,999\nB,-1\n",
        (2, "age_years", "999", "0 to 120"),
        (3, "age_years", "-1", "0 to 120"),
    )


def test_bad_inputs_21_fractions_for_percentages(clinic):
    rows = "".join(f"P{i},0.0{i}\n" for i in range(1, 8))
    clinic.refused(f"patient_id,treg_pct\n{rows}", (None, "treg_pct", None, "fractions"))
    clinic.refused("patient_id,treg_pct\nA,101\n", (2, "treg_pct", "101", "0 to 100"))
    found = clinic.admit(
        f"id,treg\n{rows}", MAP + "  treg_pct: {from: treg, unit: fraction}\n"
    )  # fmt: skip
    np.testing.assert_allclose(found.table["treg_pct"], range(1, 8))


def test_bad_inputs_22_grades(clinic):
    clinic.refused(
        "patient_id,ae_grade_max\nA,3/4\nB,≥3\nC,6\n",
        (2, "ae_grade_max", "3/4", "not one grade"),
        (3, "ae_grade_max", "≥3", "not one grade"),
        (4, "ae_grade_max", "6", "0 to 5"),
    )
    found = clinic.admit("patient_id,ae_grade_max\nA,IV\nB,0\nC,\n")
    assert found.table["ae_grade_max"].tolist()[:2] == [4, 0]
    assert pd.isna(found.table["ae_grade_max"].iloc[2])


# --- too little to compute -----------------------------------------------------------------------


def test_bad_inputs_23_hardly_any_event():
    none = made(os_days=[5, 6, 7, 8], os_event=[0] * 4, emd=["none", "other"] * 2)
    assert survival.kaplan_meier(none, "os")["estimate"].tolist()[-1] == 1
    assert pd.isna(survival.median(none, "os")["estimate"].iloc[0])
    for one in ([1, 0, 0, 0], [0, 0, 0, 1]):
        table = made(os_days=[5, 6, 7, 8], os_event=one, emd=["none", "other"] * 2)
        with pytest.raises(CannotCompute):
            cox.cox(table, "os", ["emd_any"])
    tied = made(os_days=[5] * 4, os_event=[1] * 4, emd=["none", "other"] * 2)
    assert survival.kaplan_meier(tied, "os")["estimate"].iloc[-1] == 0
    with pytest.raises(CannotCompute, match="no event"):
        cox.cox(none, "os", ["emd_any"])


def test_bad_inputs_24_factors_that_cannot_be_judged():
    days, event = list(range(10, 22)), [1, 1, 1, 0] * 3
    one_level = made(os_days=days, os_event=event, genetic_risk=["high"] * 12)
    with pytest.raises(CannotCompute, match="one group"):
        cox.cox(one_level, "os", ["genetic_risk"])
    separated = made(os_days=days, os_event=[1] * 6 + [0] * 6,
                     genetic_risk=["high"] * 6 + ["standard"] * 6)  # fmt: skip
    with pytest.raises(CannotCompute, match="no event"):
        cox.cox(separated, "os", ["genetic_risk"])
    collinear = made(os_days=days, os_event=event, sex=["male", "female"] * 6,
                     genetic_risk=["high", "standard"] * 6)  # fmt: skip
    with pytest.raises(CannotCompute, match="cannot be told apart"):
        cox.cox(collinear, "os", ["sex", "genetic_risk"])
    empty = made(os_days=days, os_event=event, genetic_risk=[""] * 12)
    with pytest.raises(CannotCompute, match="no values"):
        cox.cox(empty, "os", ["genetic_risk"])


def test_bad_inputs_25_hardly_any_patient(clinic):
    clinic.refused("", (None, None, None, "the file is empty"))
    clinic.refused("patient_id,sex\n", (None, None, None, "there is no patient"))
    for answer in ("CR", "NR"):
        table = made(response=[answer] * 6, emd=["none", "other"] * 3)
        assert response.remission(table)["estimate"].iloc[0] == (answer == "CR")
        with pytest.raises(CannotCompute):
            response.association(table, "emd_any")
    single = made(response=["CR"], os_days=[5], os_event=[1], emd=["none"])
    verdicts = replication.claims(single, published.load())
    assert len(verdicts) == 21


def test_bad_inputs_26_a_subgroup_of_nobody():
    table = made(emd=["none", "cns"] * 5, response=["CR", "NR"] * 5)
    assert response.remission(table, "emd")["group"].tolist() == ["none", "cns"]
    judged = replication.claims(table, published.load()).set_index("id").loc["orr_emd_other"]
    assert judged["verdict"] == Verdict.NOT_INTERPRETABLE
    assert "other than CNS" in judged["why"]


# --- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "encode",
    [
        lambda t: t.encode("utf-8-sig"),
        lambda t: t.encode("cp1252"),
        lambda t: t.encode("utf-16"),
        lambda t: t.replace("\n", "\r").encode(),
    ],
    ids=["BOM", "CP1252", "UTF-16", "CR only"],
)
def test_bad_inputs_27_encodings(clinic, encode):
    rows = "".join(f"P{i},Zürich Höhe für Kälte\n" for i in range(20))
    found = clinic.admit(encode(f"patient_id,arm\n{rows}"))
    assert len(found.table) == 20
    assert set(found.table["arm"]) == {"Zürich Höhe für Kälte"}


def test_bad_inputs_27_encoding_of_chinese_and_nul(clinic):
    rows = "".join(f"P{i},合肥市第一人民医院血液科治疗组\n" for i in range(20))
    found = clinic.admit(f"patient_id,arm\n{rows}".encode("gbk"))
    assert set(found.table["arm"]) == {"合肥市第一人民医院血液科治疗组"}
    clinic.refused(b"patient_id\nA\x00\n", (2, None, None, "NUL"))


def test_bad_inputs_28_separators_ragged_rows_and_names(clinic):
    for separator in ";\t|":
        found = clinic.admit(OS.replace(",", separator) + separator.join(["A", "5", "1"]) + "\n")
        assert len(found.notes) == 1
    clinic.refused(
        "patient_id,sex\nA,male,7\nB\n",
        (2, None, None, "has 3 cells"),
        (3, None, None, "has 1 cells"),
    )
    clinic.refused("patient_id,respnse\nA,CR\n", (1, "respnse", None, "Did you mean response?"))
    clinic.refused("patient_id,sex,sex\nA,male,male\n", (1, "sex", None, "twice"))
    found = clinic.admit('patient_id,arm\nA,"B\n2"\nC,D\n')
    assert len(found.table) == 2
    wide = ",".join(f"x{i}" for i in range(10_000))
    with pytest.raises(InputError, match="columns"):
        clinic.admit(f"patient_id,{wide}\nA,{wide}\n")


def test_bad_inputs_29_spreadsheets(clinic):
    book = openpyxl.Workbook()
    for row in (["patient_id", "os_days", "os_event"], ["A", 12, 1]):
        book.active.append(row)
    path = clinic.folder / "clinic.xlsx"
    book.save(path)
    assert admit(Request(str(path))).table["os_days"].tolist() == [12]
    book.create_sheet("second").append(["patient_id"])
    book.save(path)
    with pytest.raises(InputError, match="second"):
        admit(Request(str(path)))
    assert len(admit(Request(str(path), sheet="Sheet")).table) == 1
    del book["second"]
    book.active.merge_cells("B1:C1")
    book.save(path)
    with pytest.raises(InputError, match="merged"):
        admit(Request(str(path)))
    book.active.unmerge_cells("B1:C1")
    book.active["C1"] = "os_event"
    book.active["B2"] = "=6*2"
    book.save(path)
    with pytest.raises(InputError, match="formula"):
        admit(Request(str(path)))


def test_bad_inputs_30_not_what_the_ending_says(clinic):
    frame = pd.DataFrame({"patient_id": ["A"]})
    frame.to_parquet(clinic.folder / "x.csv")
    with zipfile.ZipFile(clinic.folder / "y.csv", "w") as archive:
        archive.writestr("y.csv", "patient_id\nA\n")
    (clinic.folder / "z.csv").write_bytes(pickle.dumps(frame))
    for name, says in (("x.csv", "Parquet"), ("y.csv", "(?i)zip"), ("z.csv", "(?i)pickle|Python")):
        with pytest.raises(InputError, match=says):
            admit(Request(str(clinic.folder / name)))


def test_bad_inputs_31_not_a_file(clinic):
    os.mkfifo(clinic.folder / "fifo.csv")
    (clinic.folder / "folder.csv").mkdir()
    started = time.monotonic()
    for place, says in (
        (clinic.folder / "fifo.csv", "not a regular file|pipe"),
        (clinic.folder / "folder.csv", "folder"),
        ("/dev/zero", "not a regular file|device"),
        (clinic.folder / "gone.csv", "no such file"),
        ("https://example.org/cohort.csv", "web address"),
    ):
        with pytest.raises(InputError, match=says):
            admit(Request(str(place)))
    assert time.monotonic() - started < 30, "a pipe must not be waited for"


def test_bad_inputs_32_more_than_a_million_rows(clinic):
    path = clinic.folder / "million.csv"
    with path.open("w") as file:
        file.write("patient_id,os_days,os_event\n")
        file.writelines(f"P{i},{i % 900},{i % 2}\n" for i in range(1_000_002))
    program = (
        "import resource, sys\n"
        "from cartanalysis.cli import main\n"
        "code = main(['validate', sys.argv[1]])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "1,000,000" in done.stderr
    assert int(done.stdout.split()[-1]) < 1_000_000, "kilobytes of memory"


# --- hostile text ------------------------------------------------------------------------------

HOSTILE = [
    "=HYPERLINK(\"http://x\")", "+1", "@SUM(A1)", "<script>document.title='pwned'</script>",
    "<img src=x onerror=alert(1)>", "**bold** [x](http://x)", "{num}`orr`", "$\\frac{1}{0}$",
    "{{ cohort }}", "a\u202eb", "‮", "`rm`",
]  # fmt: skip


def test_bad_inputs_33_formulas_do_not_come_out_of_a_csv(clinic):
    from cartanalysis.chapter.handover import csv_of

    text = csv_of(pd.DataFrame({"group": HOSTILE, "n": range(len(HOSTILE))}))
    for line in text.splitlines()[1:]:
        assert line.lstrip('"')[0] not in "=+@", line


def test_bad_inputs_34_hostile_labels_are_inert_text(tiny, clinic):
    chapter = tiny / "notebooks" / "one.py"
    edit(chapter, "study.remission()", 'study.remission(by="arm")')
    table = 'study.show(remission.rate.as_table({"group": "Arm", "n": "Patients"}, "Arms"))'
    edit(chapter, "study.show(", f"{table}\nstudy.show(")
    labels = HOSTILE[3:9]
    table = pd.DataFrame(
        {"patient_id": [f"P{i}" for i in range(60)], "arm": labels * 10, "response": ["CR"] * 60}
    )
    path = clinic.folder / "hostile.csv"
    table.to_csv(path, index=False)
    assert run(tiny, str(path), "--min-cell", "1") == 0
    page = (tiny.parent / "site" / "notebooks" / "one.html").read_text()
    assert "<script>document.title" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;document.title" in page
    assert "<strong>bold</strong>" not in page


@pytest.mark.parametrize(
    "name", ["a/b", "..", "x" * 200, "-rf", "CON", "a b.c", "é 中", ".hidden", "$(x)"]
)
def test_bad_inputs_35_names_of_cohorts(clinic, name):
    folder = clinic.folder / "in"
    folder.mkdir()
    path = folder / f"{name.replace('/', '_')}.csv"
    path.write_text("patient_id\nA\n")
    found = admit(Request(str(path)))
    assert 0 < len(found.name) <= 60
    assert not set(found.name) & set("/\\<>$&'\"`{}")


def test_bad_inputs_36_parameters_and_outputs(tiny, capsys):
    for pair in ("__import__('os').system('x')=1", "a b=1", "days", "=3", "cohort=x", "min_cell=1"):
        assert run(tiny, "-p", pair) == 2, pair
    assert run(tiny, "-p", "days=__import__('os')") == 2
    assert "Traceback" not in capsys.readouterr().err


def test_bad_inputs_37_yaml_with_objects(clinic):
    for text in (
        "version: 1\ncolumns: !!python/object/apply:os.system ['x']\n",
        "version: 1\ncolumns: &a {patient_id: *a}\n",
        "a: &a [1]\nb: [*a, *a]\n",
        "columns: [",
    ):
        with pytest.raises(InputError) as caught:
            clinic.admit("id\nA\n", text)
        assert caught.value.problems


# --- privacy -----------------------------------------------------------------------------------


def test_bad_inputs_38_columns_that_identify_people(clinic):
    text = (
        "patient_id,last_name,mrn,birth_date,address,email,phone,comments\n"
        "A,Doe,1,1990-02-01,1 Main Street,a@b.org,123456789,seen twice\n"
    )
    with pytest.raises(InputError) as caught:
        clinic.admit(text)
    told = {p.column for p in caught.value.problems}
    assert told == set(text.splitlines()[0].split(",")[1:])
    found = clinic.admit(
        text,
        "version: 1\ncolumns:\n  patient_id: {from: patient_id}\n"
        "drop: [last_name, mrn, birth_date, address, email, phone, comments]\n",
    )
    assert list(found.table) == ["patient_id"]


def test_bad_inputs_39_calendar_dates_and_old_ages(clinic):
    with pytest.raises(InputError, match="calendar dates"):
        clinic.admit("patient_id,infused\nA,2020-03-04\nB,2020-03-05\n")
    clinic.refused("patient_id,age_years\nA,93\n", (2, "age_years", "93", "above 89"))
    for old in ("+93", "93.5", "93."):
        clinic.refused(f"patient_id,age_years\nA,{old}\n", (2, "age_years", old, "above 89"))
    clinic.refused('patient_id,age_years\nA,"93,5"\n', (2, "age_years", "93,5", "above 89"))
    found = clinic.admit("id,age\nA,93\nB,40\n", MAP + "  age_years: {from: age, cap: 89}\n")
    assert found.table["age_years"].tolist() == [89, 40]


def test_bad_inputs_40_small_cells():
    from cartanalysis.chapter.disclosure.rules import Hidden, protect

    table = made(response=["CR"] * 38 + ["NR"] * 3)
    with pytest.raises(Hidden):
        protect(response.remission, 5, table)
    kept = protect(flow.steps, 5, table, published.load(), False).result
    assert kept["n"].tolist() == [41]


# --- runs --------------------------------------------------------------------------------------

COMMAND = "import sys; from cartanalysis.cli import main; sys.exit(main(sys.argv[1:]))"


def start(
    tiny: Path, *more: str, before: str = "", at: str = "", **env: str
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", before + COMMAND, *filter(None, [at]), "publish",
         "--book", str(tiny),
         "--out", str(tiny.parent / "site"), *more],
        env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


KILLED = """
import importlib, os, signal, sys
place, _, name = sys.argv.pop(1).rpartition(":")
module, *inside = place.split(".")
owner = importlib.import_module(f"cartanalysis.publish.{module}")
for part in inside:
    owner = getattr(owner, part)
real = getattr(owner, name.rstrip("+"))
def dies(*arguments, **options):
    if name.endswith("+"):
        real(*arguments, **options)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(owner, name.rstrip("+"), dies)
"""
MOMENTS = [
    "run:staging_for", "run:private_folder", "execute:execute", "execute:_run", "execute:_to_cache",
    "execute:_to_cache+", "site.JupyterBook:build", "run:replace_folder", "places:_exchange+",
    "run:replace_folder+",
]  # fmt: skip
"""Functions of a run at whose beginning, or (+) end, it is killed, in their order."""


def test_bad_inputs_41_killed_at_any_moment(tiny):
    """Ten times at ten moments; what stands verifies, and a last run finishes."""
    site = tiny.parent / "site"
    assert run(tiny) == 0
    for turn, moment in enumerate(MOMENTS):
        edit(tiny / "book" / "index.md", "# Tiny", f"# Tiny {turn}")
        edit(tiny / "notebooks" / "one.py", '"rate", "', f'"rate", "{turn} ')
        going = start(tiny, before=KILLED, at=moment)
        told = going.communicate()
        assert going.returncode == -signal.SIGKILL, (moment, told)
        assert verify(site) > 10
    assert run(tiny) == 0
    assert verify(site) > 10
    assert sorted(p.name for p in tiny.parent.iterdir()) == ["site", "tiny"]


def is_jupyter_book(process: psutil.Process) -> bool:
    try:
        return any("jupyter_book" in part for part in process.cmdline())
    except psutil.NoSuchProcess:  # ended meanwhile
        return False


def test_bad_inputs_41_what_a_killed_run_started_ends_with_it(tiny):
    """Else it would write on into a folder that the next run clears away."""
    going = start(tiny)
    builders: list[psutil.Process] = []
    while not builders and going.poll() is None:
        time.sleep(0.05)
        children = psutil.Process(going.pid).children()
        builders = [c for c in children if is_jupyter_book(c)]
    assert builders
    going.kill()
    going.communicate()
    assert psutil.wait_procs(builders, timeout=10)[1] == []


def test_bad_inputs_42_two_runs_at_once(tiny):
    first = start(tiny)
    while not list(tiny.parent.glob(".site.lock")):
        time.sleep(0.05)
        assert first.poll() is None
    second = start(tiny)
    told = second.communicate()[1]
    first.communicate()
    assert first.returncode == 0
    assert second.returncode == 2
    assert "another run is writing to this output" in told
    assert verify(tiny.parent / "site") > 10


def test_bad_inputs_43_no_room_and_no_permission(tiny, capsys):
    from cartanalysis.cli import main

    assert main(["publish", "--book", str(tiny), "--out", "/proc/site"]) == 2
    assert "cannot be written" in capsys.readouterr().err
    assert run(tiny) == 0
    edit(tiny / "book" / "index.md", "# Tiny", "# Tinier")
    limited = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)); " + COMMAND
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, "publish", "--book", str(tiny),
         "--out", str(tiny.parent / "site")],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert verify(tiny.parent / "site") > 10


def test_bad_inputs_44_another_locale_time_zone_and_seed(tiny):
    site = tiny.parent / "site"
    results = []
    for env in (
        {"LC_ALL": "C", "TZ": "UTC", "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"},
        {"LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "7"},
    ):
        going = start(tiny, "--jobs", "1" if results else "2", **env)
        told = going.communicate()
        assert going.returncode == 0, told
        results.append((site / "results.json").read_bytes())
        shutil.rmtree(site)
        shutil.rmtree(tiny / "_build")
    assert results[0] == results[1]


def test_bad_inputs_45_the_same_cohort_again(tiny, capsys):
    assert run(tiny) == 0
    site = tiny.parent / "site"
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in site.rglob("*") if p.is_file()}
    assert run(tiny) == 0
    assert "Nothing changed" in capsys.readouterr().out
    after = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in site.rglob("*") if p.is_file()}
    assert before == after
