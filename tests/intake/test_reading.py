"""Every file format to a table of text, and every broken file to an error one can act on."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import os
import pickle
import random
import shutil
import socket
import subprocess
import sys
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.styles import Font, GradientFill, PatternFill
from openpyxl.styles.colors import Color
from tinybook import TESTS

from cartanalysis.errors import InputError
from cartanalysis.intake.reading import (
    cdisc,
    files,
    read_bytes,
    read_source,
    read_table,
    statfiles,
    table,
    workbook,
)
from cartanalysis.intake.reading.detect import KINDS
from cartanalysis.intake.source import Source

DATA = TESTS / "data"
PILOT = DATA / "dataset-json"


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refusal(path: str | Path, **options: str) -> str:
    with pytest.raises(InputError) as caught:
        read_source(path, **options)
    assert all(p.what and p.remedy for p in caught.value.problems)
    return str(caught.value)


def problems(source: Source) -> list[tuple[int | None, str | None, str]]:
    return [(p.row, p.column, p.what) for p in source.problems]


# --- delimited text ----------------------------------------------------------------------------


def test_plain_csv_needs_no_note(tmp_path):
    found = read_source(write(tmp_path / "ward.csv", "patient_id,age\n A ,5\n\n,\nB,\n"))
    assert (found.name, found.form, found.notes, found.problems) == ("ward.csv", "CSV", (), ())
    assert found.cells == {"patient_id": ["A", "B"], "age": ["5", ""]}
    assert found.rows == (2, 5)


@pytest.mark.parametrize(
    ("text", "encoding", "says"),
    [
        ("id,name\nA,Müller\n", "utf-8-sig", None),
        ("id,name\nA,Müller\n", "cp1252", "Windows-1252"),
        ("id,dose\nA,5 µg ± 2\n", "latin-1", "Windows-1252"),
        ("id,name\nA,Wałęsa\nB,Łódź mężczyzna\n", "cp1250", "Windows-1250"),
        ("пациент,пол\nИванов,мужской\n", "cp1251", "Windows-1251"),
        ("编号,年龄,疗效\nA,12,完全缓解\nB,33,未缓解\n", "gb18030", "GB 18030"),
        ("患者,性別\nア,男\nひらがな,女\n", "shift_jis", "Shift JIS"),
        ("id,name\nA,Müller\n", "utf-16", "UTF-16"),
        ("id,name\nA,Müller\n", "utf-32", "UTF-32"),
    ],
)
def test_bad_inputs_27_encodings(tmp_path, text, encoding, says):
    found = read_source(write(tmp_path / "x.csv", text.encode(encoding)))
    assert [[*column] for column in found.cells.values()] == [
        list(column) for column in zip(*(r.split(",") for r in text.splitlines()[1:]), strict=True)
    ]
    assert list(found.cells) == text.splitlines()[0].split(",")
    assert (says is None and not found.notes) or says in found.notes[0]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b",,\n", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (b"patient_id\nA\x00\n", "row 2: the file holds NUL"),
        (b"\0" * 1000, "NUL"),
        (bytes(range(1, 9)) * 50, "not text"),
        (b"a,b\nA,1\n\xff\x98\x81,1\n", "row 3: byte 0xff is not UTF-8 text"),
        (b"\xff\xfea\0\n\0\x00\xd8\n\0", "row 2: the row holds bytes that are not text"),
    ],
)
def test_bad_inputs_27_not_text(tmp_path, content, says):
    assert says in refusal(write(tmp_path / "x.csv", content))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_bad_inputs_27_line_ends(tmp_path, end):
    text = end.join(["id,note", 'A,"two', 'lines"', "", "B,x", ""])
    found = read_source(write(tmp_path / "x.csv", text))
    assert found.cells == {"id": ["A", "B"], "note": [f"two{end}lines", "x"]}
    assert found.rows == (2, 4)  # a quoted line end does not begin a row


@pytest.mark.parametrize(
    ("separator", "says"), [(";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")]
)
def test_bad_inputs_28_separators(tmp_path, separator, says):
    text = 'id,x\nA,"12,5"\n'.replace("id,x", f"id{separator}x").replace("A,", f"A{separator}")
    found = read_source(write(tmp_path / "x.csv", text))
    assert found.cells == {"id": ["A"], "x": ["12,5"]}
    assert found.notes == (f"Read as text separated by {says}.",)


def test_separators_within_quoted_names_do_not_count(tmp_path):
    found = read_source(write(tmp_path / "x.csv", 'id,"CR;CRi;NR|?"\nA,1\n'))
    assert found.cells == {"id": ["A"], "CR;CRi;NR|?": ["1"]}


def test_excels_own_separator_line_is_not_a_row(tmp_path):
    found = read_source(write(tmp_path / "x.csv", "sep=;\r\nid;x,y\r\nA;1\r\n"))
    assert found.cells == {"id": ["A"], "x,y": ["1"]}
    assert found.rows == (2,)


@pytest.mark.parametrize(
    ("text", "row", "column", "says"),
    [
        ("id,sex\n", None, None, "there is no patient in the file"),
        ("id,sex\nA\n", 2, None, "has 1 cells, the header 2"),
        ("id,sex\n\nA,f,x\n", 3, None, "has 3 cells, the header 2"),
        ("id,sex,sex\nA,f,f\n", 1, "sex", "twice"),
        ("id,,sex\nA,x,f\n", 2, None, "no name"),
        ("patient_id,a\x07b\nA,1\nB,2\nC,3\n", 1, None, "cannot be shown"),
        ("id,x\nA," + "y" * 10_001 + "\n", 2, "x", "10,001 characters"),
    ],
)
def test_bad_inputs_28_problems_of_the_table(tmp_path, text, row, column, says):
    found = problems(read_source(write(tmp_path / "x.csv", text)))
    assert len(found) == 1
    assert found[0][:2] == (row, column)
    assert says in found[0][2]


def test_bad_inputs_28_every_problem_at_once(tmp_path):
    found = read_source(write(tmp_path / "x.csv", "id,x,x\nA,1\nB,1,2\nC,1,2,3\n"))
    assert [p[0] for p in problems(found)] == [1, 2, 4]
    assert found.cells == {"id": ["B"], "x": ["1"]}


def test_problems_are_told_as_far_as_anyone_reads(tmp_path):
    found = read_source(write(tmp_path / "x.csv", "id,x\n" + "A\n" * 80))
    assert len(found.problems) == table.MAX_TOLD + 1
    assert found.problems[-1].what.endswith(f": {80 - table.MAX_TOLD}")


def test_empty_columns_and_row_counters_of_other_programs_are_left_out(tmp_path):
    found = read_source(write(tmp_path / "x.csv", ",id,x,,\n0,A,1,,\n1,B,2,,\n"))
    assert found.cells == {"id": ["A", "B"], "x": ["1", "2"]}
    assert found.problems == ()
    assert "only counts the rows" in found.notes[0]


@pytest.mark.parametrize("text", ['id,x\nA,1\nB,"2\nC,3\n', 'id,x\nA,1\nB,"2"3\n'])
def test_bad_inputs_28_unbalanced_quotes(tmp_path, text):
    says = refusal(write(tmp_path / "x.csv", text))
    assert "row 3: not readable as CSV" in says


def test_bad_inputs_28_ten_thousand_columns(tmp_path):
    header = ",".join(f"c{i}" for i in range(10_000))
    says = refusal(write(tmp_path / "x.csv", f"{header}\n{header}\n"))
    assert "10,000 columns; the limit is 2,000" in says


# --- workbooks ---------------------------------------------------------------------------------


def sheet(tmp_path: Path, *rows: list, name: str = "x.xlsx", **more: list) -> tuple[Path, object]:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for title, other in more.items():
        extra = book.create_sheet(title)
        for row in other:
            extra.append(row)
    path = tmp_path / name
    book.save(path)
    return path, book


def test_workbook_cells_become_plain_text(tmp_path):
    day = dt.datetime(2021, 2, 28)
    path, _book = sheet(
        tmp_path,
        ["id", "whole", "part", "day", "time", "yes"],
        ["A", 412.0, 0.1 + 0.2, day, day.replace(hour=13), True],
        [],
        [" B ", 1e-7, 1e20, dt.date(2020, 1, 1), None, False],
    )
    found = read_source(path)
    assert (found.form, found.notes, found.problems) == ("Excel workbook", (), ())
    assert found.rows == (2, 4)
    assert found.cells == {
        "id": ["A", "B"],
        "whole": ["412", "0.0000001"],
        "part": ["0.3", "100000000000000000000"],
        "day": ["2021-02-28", "2020-01-01"],
        "time": ["2021-02-28T13:00:00", ""],
        "yes": ["TRUE", "FALSE"],
    }


def test_bad_inputs_29_several_sheets(tmp_path):
    path, _ = sheet(tmp_path, ["id"], ["A"], Codes=[["id"], ["B"]], Empty=[])
    assert "several sheets: “Sheet”, “Codes”" in refusal(path)
    assert "no sheet “Empty”" in refusal(path, sheet="Empty")
    found = read_source(path, sheet="Codes")
    assert found.cells == {"id": ["B"]}
    assert found.notes == ("Read from the sheet “Codes”.",)


def test_hidden_sheets_rows_and_columns_are_noted(tmp_path):
    path, book = sheet(tmp_path, ["id", "x"], ["A", 1], ["B", 2], Lists=[["secret"]])
    book["Lists"].sheet_state = "hidden"
    book.active.row_dimensions[3].hidden = True
    book.active.column_dimensions["B"].hidden = True
    book.save(path)
    found = read_source(path)
    assert found.cells == {"id": ["A", "B"], "x": ["1", "2"]}
    assert found.notes == (
        "Hidden sheets were not read: “Lists”.",
        "Hidden rows (“3”) were read like the others.",
        "Hidden columns (“x”) were read like the others.",
    )


@pytest.mark.parametrize(
    ("style", "is_told"),
    [
        ({"font": Font(color="FF808080")}, True),
        ({"font": Font(color=Color(theme=0, tint=-0.35))}, True),
        ({"font": Font(color=Color(theme=1, tint=0.5))}, True),
        ({"font": Font(color=Color(indexed=23))}, True),
        ({"fill": PatternFill("solid", fgColor="FFD9D9D9")}, True),
        ({"fill": PatternFill("solid", fgColor=Color(theme=0, tint=-0.15))}, True),
        ({"fill": PatternFill("solid", fgColor="FFFFFF00")}, False),
        ({"fill": PatternFill("solid", fgColor="FFFFFFFF")}, False),
        ({"font": Font(color="FF0070C0")}, False),
        ({"font": Font(color=Color(theme=1))}, False),
        ({"font": Font(bold=True), "fill": GradientFill()}, False),
    ],
)
def test_rows_in_grey_are_told(tmp_path, style, is_told):
    rows = [[f"P{i}", i] for i in range(5)]
    path, book = sheet(tmp_path, ["id", "x"], *rows)
    for cell in book.active[4]:
        for name, value in style.items():
            setattr(cell, name, value)
    book.save(path)
    told = ("Rows in grey (“4”) were read like the others.",) if is_told else ()
    assert read_source(path).notes == told
    # a single cell, or every second row, is how somebody's table looks
    for row in (2, 6):
        for cell in book.active[row]:
            for name, value in style.items():
                setattr(cell, name, value)
    book.save(path)
    assert read_source(path).notes == ()
    path, book = sheet(tmp_path, ["id", "x"], *rows)
    for name, value in style.items():
        setattr(book.active["B4"], name, value)
    book.save(path)
    assert read_source(path).notes == ()


def test_bad_inputs_29_merged_cells(tmp_path):
    path, book = sheet(tmp_path, ["id", "survival", ""], ["A", 1, 2], ["B", 1, 2])
    book.active.merge_cells("A2:A3")
    book.save(path)
    assert "the cells A2:A3 are merged" in problems(read_source(path))[0][2]
    book.active.merge_cells("B1:C1")
    book.save(path)
    assert "row 1: the header has merged cells (B1:C1)" in refusal(path)


def test_bad_inputs_29_merged_cells_above_the_header(tmp_path):
    path, book = sheet(tmp_path, [], ["key", "value"], ["A", 1])
    book.active.merge_cells("A1:A1")  # of one column, so no title of several
    book.save(path)
    assert read_source(path).rows == (3,)
    book.active.merge_cells("A1:B1")
    book.save(path)
    assert "row 2: the header has merged cells (A1:B1)" in refusal(path)
    # a sheet in which the header is looked for may have a title of any kind
    assert read_table(path.read_bytes(), path.name, names=("key", "value")).rows == (3,)


def test_bad_inputs_29_formulas(tmp_path):
    path, _ = sheet(tmp_path, ["id", "x"], ["A", "=1+1"], ["B", 3])
    found = read_source(path)  # openpyxl stores no value with a formula
    assert problems(found) == [(2, "x", "the cell holds a formula without a stored value")]
    stored = edited(path, lambda xml: xml.replace("<f>1+1</f><v />", "<f>1+1</f><v>2</v>"))
    found = read_source(write(path, stored))
    assert found.cells["x"] == ["2", "3"]
    assert "Formulas (“x”)" in found.notes[0]
    assert found.problems == ()


def test_bad_inputs_29_error_values_and_percentages(tmp_path):
    path, book = sheet(tmp_path, ["id", "x", "treg"], ["A", "#N/A", 0.07], ["B", 1, 0.5])
    book.active["C2"].number_format = "0%"
    book.active["B3"].number_format = "yyyy-mm-dd"
    book.active["B3"] = 9e9  # a serial number beyond the calendar
    book.save(path)
    found = read_source(path)
    assert [(p.row, p.column, p.value) for p in found.problems] == [
        (2, "x", "#N/A"),
        (3, "x", "#VALUE!"),
    ]
    assert found.cells["treg"] == ["7%", "0.5"]
    assert "0.07 as 7 %" in found.notes[0]


def edited(path: Path, change, part: str = "xl/worksheets/sheet1.xml") -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(path) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            text = old.read(name)
            new.writestr(name, change(text.decode()) if name == part else text)
    return out.getvalue()


def test_what_a_sheet_declares_is_not_believed(tmp_path):
    path, _ = sheet(tmp_path, ["id"], ["A"])
    wide = edited(path, lambda xml: xml.replace('ref="A1:A2"', 'ref="A1:XFD1048576"'))
    assert b"XFD1048576" in zipfile.ZipFile(io.BytesIO(wide)).read("xl/worksheets/sheet1.xml")
    assert read_source(write(path, wide)).cells == {"id": ["A"]}
    beyond = edited(path, lambda xml: xml.replace('<row r="1"', '<row r="99999999999"'))
    assert "damaged or not an Excel workbook" in refusal(write(path, beyond))


def test_a_workbook_without_a_header(tmp_path):
    path, _ = sheet(tmp_path, [" "], ["  "])
    assert "empty" in refusal(path)
    path, _ = sheet(tmp_path)
    assert "the file is empty" in refusal(path)


# --- columns with types ------------------------------------------------------------------------


def test_parquet(tmp_path):
    columns = {
        "id": ["A", "B"],
        "n": pa.array([412, None], pa.int64()),
        "share": pa.array([0.07, None], pa.float32()),
        "day": [dt.date(2021, 2, 28), None],
        "time": pa.array([1614470400_000_000_000, None], pa.timestamp("ns")),
        "arm": pa.array(["x", None]).dictionary_encode(),
        "ok": [True, None],
        "many": [[1, 2], None],
    }
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    found = read_source(tmp_path / "x.parquet")
    assert {name: cells[0] for name, cells in found.cells.items()} == {
        "id": "A",
        "n": "412",
        "share": "0.07",
        "day": "2021-02-28",
        "time": "2021-02-28",
        "arm": "x",
        "ok": "TRUE",
    }
    assert all(cells[1] == "" for name, cells in found.cells.items() if name != "id")
    assert problems(found) == [(None, "many", "the cells of the column hold lists or tables")]


@pytest.mark.parametrize("kind", ["sav", "zsav", "dta", "xpt"])
def test_statistics_files(tmp_path, kind):
    frame = pd.DataFrame(
        {
            "id": ["A", "Bü"],
            "sex": [1.0, np.nan],
            "day": [dt.date(2021, 2, 28), None],
            "time": [dt.datetime(2021, 2, 28, 13), None],
        }
    )
    path = tmp_path / f"x.{kind}"
    about = {"column_labels": ["Identifier", "Sex at birth", "", ""]}
    if kind == "xpt":
        pyreadstat.write_xport(frame, path, file_format_version=5, **about)
    elif kind == "dta":
        pyreadstat.write_dta(frame, path, variable_value_labels={"sex": {1: "female"}}, **about)
    else:
        labels = {"sex": {1.0: "female"}}
        pyreadstat.write_sav(
            frame, path, compress=kind == "zsav", variable_value_labels=labels, **about
        )
    found = read_source(path)
    assert found.cells == {
        "id": ["A", "Bü"],
        "sex": ["1", ""],
        "day": ["2021-02-28", ""],
        "time": ["2021-02-28T13:00:00", ""],
    }
    assert [c.label for c in found.columns] == about["column_labels"]
    assert found.columns[1].choices == ({} if kind == "xpt" else {"1": "female"})
    assert (found.rows, found.notes, found.problems) == ((2, 3), (), ())


def test_spss_portable(tmp_path):
    pyreadstat.write_por(pd.DataFrame({"ID": ["A"], "X": [0.07]}), tmp_path / "x.por")
    assert read_source(tmp_path / "x.por").cells == {"ID": ["A"], "X": ["0.07"]}


def test_statistics_file_in_another_encoding(tmp_path):
    pyreadstat.write_xport(pd.DataFrame({"id": ["Bxx"]}), tmp_path / "x.xpt", file_format_version=5)
    data = (tmp_path / "x.xpt").read_bytes()
    assert data.count(b"Bxx") == 1
    found = read_source(write(tmp_path / "x.xpt", data.replace(b"Bxx", b"B\xfcr")))
    assert found.cells == {"id": ["Bür"]}
    assert "Windows-1252" in found.notes[0]


def test_a_date_outside_the_calendar(tmp_path):
    frame = pd.DataFrame({"id": ["A"], "day": [9e9]})
    formats = {"day": "DATE9"}
    pyreadstat.write_xport(frame, tmp_path / "x.xpt", variable_format=formats)
    found = read_source(tmp_path / "x.xpt")
    assert "outside the calendar" in found.problems[0].what


def other_child(monkeypatch, program: str) -> None:
    """Let another program stand for the one that reads statistics files."""
    monkeypatch.setattr(statfiles, "COMMAND", (sys.executable, "-c", program))


def test_a_file_that_brings_the_library_down_is_an_error(tmp_path, monkeypatch):
    other_child(monkeypatch, "import os, signal; input(); os.kill(os.getpid(), signal.SIGSEGV)")
    assert "damaged or not an SPSS file" in refusal(write(tmp_path / "x.sav", b"$FL2" + bytes(99)))


def test_a_failure_of_the_program_is_not_blamed_on_the_file(tmp_path, monkeypatch):
    other_child(monkeypatch, "import nowhere")
    with pytest.raises(RuntimeError, match="nowhere"):
        read_source(write(tmp_path / "x.sav", b"$FL2" + bytes(99)))


def test_a_file_that_takes_too_long_is_an_error(tmp_path, monkeypatch):
    other_child(monkeypatch, "import time; time.sleep(60)")
    monkeypatch.setattr(statfiles, "TIME_LIMIT", 1)
    told = refusal(write(tmp_path / "x.sav", b"$FL2" + bytes(99)))
    assert "longer than 1 seconds" in told


def test_no_process_outlives_a_statistics_file(tmp_path, monkeypatch):
    started = []
    popen = subprocess.Popen
    monkeypatch.setattr(
        statfiles.subprocess, "Popen", lambda *a, **b: started.append(popen(*a, **b)) or started[-1]
    )
    frame = pd.DataFrame({"id": ["A", "B"], "x": [1.0, 2.0]})
    pyreadstat.write_sav(frame, tmp_path / "x.sav")
    # nor is a good file read by the process that a damaged one has passed through
    assert "damaged" in refusal(write(tmp_path / "y.sav", b"$FL2" + bytes(99)))
    assert read_source(tmp_path / "x.sav").cells["x"] == ["1", "2"]
    assert [process.poll() for process in started] == [3, 0]


# --- CDISC -------------------------------------------------------------------------------------


def test_the_pilot_adtte_is_the_same_in_every_form(tmp_path):
    lines = (PILOT / "adtte.ndjson").read_bytes()
    document = (PILOT / "adtte.json").read_bytes()
    paths = [
        PILOT / "adtte.xpt",
        PILOT / "adtte.json",
        PILOT / "adtte.ndjson",
        write(tmp_path / "adtte.dsjc", zlib.compress(lines, 9)),
        write(tmp_path / "adtte.ndjson.gz", gzip.compress(lines, mtime=0)),
        write(tmp_path / "adtte.json.gz", gzip.compress(document, mtime=0)),
        write(tmp_path / "pretty.json", json.dumps(json.loads(document), indent=1)),
    ]
    first, *others = [read_source(path) for path in paths]
    for other in others:
        assert (other.cells, other.columns, other.rows) == (first.cells, first.columns, first.rows)
    assert first.form == "ADaM ADTTE (SAS transport)"
    assert (first.notes, first.problems) == ((), ())
    # counted in the JSON itself
    raw = json.loads(document)
    place = [column["name"] for column in raw["columns"]].index("CNSR")
    events = sum(row[place] == 0 for row in raw["rows"])
    assert len(first.rows) == len(raw["rows"]) == raw["records"] == 254
    assert first.cells["CNSR:TTDE"].count("0") == events == 152
    assert first.cells["STARTDT:TTDE"][0] == "2014-01-02"
    labels = {column.name: column.label for column in first.columns}
    assert labels["AVAL:TTDE"] == "Time to First Dermatologic Event"
    assert labels["AGE"] == "Age"


def dataset(name: str, columns: list, rows: list, **more: object) -> str:
    entries = [c if isinstance(c, dict) else {"name": c, "label": c.title()} for c in columns]
    return json.dumps({"name": name, "columns": entries, "rows": rows, **more})


def test_adtte_gives_columns_by_parameter(tmp_path):
    columns = ["USUBJID", "AGE", "PARAMCD", "PARAM", "AVALU", "AVAL", "CNSR", "VISIT"]
    rows = [
        ["S1", 9, "OS", "Overall Survival", "DAYS", 412, 0, "x"],
        ["S1", 9, "PFS", "Progression-free (Months)", "", 2.5, 1, "y"],
        ["S2", 33, "OS", "Overall Survival", "DAYS", 30, 1, "x"],
    ]
    found = read_source(write(tmp_path / "x.json", dataset("ADTTE", columns, rows)))
    assert found.cells == {
        "USUBJID": ["S1", "S2"],
        "AGE": ["9", "33"],
        "AVAL:OS": ["412", "30"],
        "CNSR:OS": ["0", "1"],
        "AVAL:PFS": ["2.5", ""],
        "CNSR:PFS": ["1", ""],
    }
    labels = {column.name: column.label for column in found.columns}
    assert labels["AVAL:OS"] == "Overall Survival (DAYS)"
    assert labels["AVAL:PFS"] == "Progression-free (Months)"
    assert labels["CNSR:OS"].endswith("censoring (0 = event)")
    assert found.rows == (2, 4)


def test_adtte_problems_are_placed(tmp_path):
    text = (
        "USUBJID,PARAMCD,AVALU,AVAL,CNSR,ANL01FL\n"
        "S1,OS,DAYS,1,0,\nS1,OS,DAYS,2,0,\nS2,OS,MONTHS,3,1,\n,OS,DAYS,1,0,\nS3,,DAYS,1,0,\n"
        "S1,PFS,DAYS,1,0,\nS1,PFS,DAYS,2,0,Y\n"
    )
    found = read_source(write(tmp_path / "adtte.csv", text))
    assert [(p.row, p.column) for p in found.problems] == [
        (5, "USUBJID"),
        (6, "PARAMCD"),
        (3, "USUBJID"),
        (4, "AVALU"),
    ]
    assert found.cells["AVAL:PFS"] == ["2", "", ""]


def folder(tmp_path: Path, **texts: str) -> Path:
    place = tmp_path / "study"
    place.mkdir()
    for name, text in texts.items():
        write(place / f"{name}.csv", text)
    return place


def test_a_folder_of_adam_datasets(tmp_path):
    place = folder(
        tmp_path,
        adsl="STUDYID,USUBJID,AGE\nX,S1,9\nX,S2,33\nX,S3,5\n",
        adtte="usubjid,age,paramcd,aval,cnsr\nS1,9,OS,412,0\nS2,34,OS,30,1\nS9,1,OS,3,1\n",
        adrs="USUBJID,PARAMCD,AVALC\nS1,BOR,CR\nS2,BOR,NR\nS1,OVRLRESP,NR\nS1,OVRLRESP,CR\n",
        adae=(
            "USUBJID,AEDECOD,AETOXGR\nS1,Cytokine release syndrome,2\n"
            "S1,CYTOKINE RELEASE SYNDROME,GRADE 3\nS1,Fever,\n"
            "S2,Immune effector cell-associated neurotoxicity syndrome,1\nS2,Fever,4\n"
        ),
    )
    found = read_source(place)
    assert found.form == "ADaM ADSL, ADTTE, ADRS, ADAE (CSV)"
    assert found.name == "study"
    assert found.rows == (2, 3, 4)
    assert found.cells == {
        "STUDYID": ["X"] * 3,
        "USUBJID": ["S1", "S2", "S3"],
        "AGE": ["9", "33", "5"],
        "AVAL:OS": ["412", "30", ""],
        "CNSR:OS": ["0", "1", ""],
        "AVALC:BOR": ["CR", "NR", ""],
        "AETOXGR:max": ["3", "4", "0"],
        "AETOXGR:CRS": ["3", "0", "0"],
        "AETOXGR:ICANS": ["0", "1", "0"],
    }
    assert [(p.row, p.column, p.value) for p in found.problems] == [
        (4, "USUBJID", "S9"),
        (3, "AGE", "34"),
    ]
    assert all(p.what.startswith("ADTTE: ") for p in found.problems)
    assert any("OVRLRESP left out" in note for note in found.notes)
    assert any("grade 0" in note for note in found.notes)


def test_adae_without_adsl_does_not_know_who_had_no_event(tmp_path):
    text = "USUBJID,AEDECOD,AETOXGRN\nS1,Fever,\nS2,Fever,6\nS3,Fever,1\n"
    found = read_source(write(tmp_path / "adae.csv", text))
    assert found.cells == {"USUBJID": ["S1", "S2", "S3"], "AETOXGR:max": ["", "", "1"]}
    assert problems(found) == [(3, "AETOXGRN", "not a grade")]
    assert any("no event is coded as cytokine release syndrome" in n for n in found.notes)


def test_adsl_has_one_row_per_subject(tmp_path):
    found = read_source(write(tmp_path / "adsl.csv", "USUBJID,AGE\nS1,9\nS1,9\n"))
    assert problems(found) == [(3, "USUBJID", "the subject is already in row 2")]


def test_names_that_differ_only_by_case_are_not_adam(tmp_path):
    found = read_source(write(tmp_path / "adsl.csv", "usubjid,AGE,age\nS1,9,9\n"))
    assert (found.form, list(found.cells)) == ("CSV", ["usubjid", "AGE", "age"])


def test_folders_that_are_unclear(tmp_path):
    place = folder(tmp_path, adsl="USUBJID,AGE\nS1,9\n", adtte="USUBJID,AVAL\nS1,9\n")
    assert "lacks the columns of an ADaM ADTTE" in refusal(place)
    write(place / "adsl.json", dataset("ADSL", ["USUBJID", "AGE"], [["S1", 9]]))
    assert "several times: adsl.csv, adsl.json" in refusal(place)
    assert "has no sheet" in refusal(place, sheet="x")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[1, 2]", "not CDISC Dataset-JSON"),
        ('{"a": 1}', "not CDISC Dataset-JSON"),
        ('{"columns": [1], "rows": []}', "not CDISC Dataset-JSON"),
        ('{"columns": [{"name": "a"}], "rows": [[1]', "damaged"),
        ('{"columns": [{"name": "a"}], "rows": [1]}', "damaged"),
        ('{"columns": [{"name": "a"}]}\n[1]\n[2', "damaged"),
        ("[" * 100_000, "damaged"),
        ('{"columns": [{"name": "a"}], "rows": [[' + "9" * 5000 + "]]}", "damaged"),
    ],
)
def test_json_that_is_none(tmp_path, text, says):
    assert says in refusal(write(tmp_path / "x.json", text))


def test_json_cells(tmp_path):
    columns = [
        "id",
        {"name": "day", "dataType": "integer", "displayFormat": "E8601DA10."},
        {"name": "time", "dataType": "integer", "displayFormat": "DATETIME19."},
        {"name": "exact", "dataType": "decimal"},
        {"name": "ok", "dataType": "boolean"},
    ]
    rows = [
        ["A", 19725, 19725 * 86400 + 60, "147.30", True],
        {"id": "B", "ok": False},
        ["C", 1e15, None, "x", [1]],
        ["\ud800", None, None, None, None],
        ["E"],
    ]
    text = dataset("X", columns, rows, records=9)
    found = read_source(write(tmp_path / "x.json", text))
    assert {name: cells[:2] for name, cells in found.cells.items()} == {
        "id": ["A", "B"],
        "day": ["2014-01-02", ""],  # 19,725 days after 1 January 1960
        "time": ["2014-01-02T00:01:00", ""],
        "exact": ["147.3", ""],
        "ok": ["TRUE", "FALSE"],
    }
    told = problems(found)
    assert [(row, column) for row, column, _ in told] == [
        (5, "id"),
        (6, None),
        (4, "day"),
        (4, "ok"),
        (None, None),
    ]
    assert "says that it has 9 records, but holds 5" in told[-1][2]


# --- cBioPortal and REDCap ---------------------------------------------------------------------


def test_cbioportal_folder():
    found = read_source(DATA / "reading" / "cbioportal")
    assert found.form == "cBioPortal clinical files"
    assert found.cells == {
        "PATIENT_ID": ["P-1", "P-2", "P-3"],
        "OS_MONTHS": ["13.6", "24.1", ""],
        "OS_STATUS": ["1:DECEASED", "0:LIVING", ""],
        "SEX": ["Female", "Male", "Female"],
        "GENETIC_RISK": ["high", "standard", ""],
    }
    assert found.columns[1].label == "Overall Survival (Months)"
    assert found.rows == (6, 7, 8)
    assert found.problems == ()
    told = "differ between the rows of a patient: “SAMPLE_ID”, “TREG_PCT”"
    assert any(told in n for n in found.notes)
    assert any("[Not Available]" in n for n in found.notes)


def test_cbioportal_single_file_and_unknown_patient(tmp_path):
    place = DATA / "reading" / "cbioportal"
    found = read_source(place / "data_clinical_sample.txt")
    assert found.cells == {"PATIENT_ID": ["P-1", "P-2"], "GENETIC_RISK": ["high", "standard"]}
    shutil.copytree(place, tmp_path / "s")
    with (tmp_path / "s" / "data_clinical_sample.txt").open("a") as stream:
        stream.write("P-9\tP-9-A\t1\thigh\n")
    assert problems(read_source(tmp_path / "s")) == [
        (9, "PATIENT_ID", "sample file: the patient is not in the patient file")
    ]


def test_redcap_dictionary_describes_the_columns():
    place = DATA / "reading" / "redcap"
    found = read_source(place / "ward_data.csv")
    about = {column.name: column for column in found.columns}
    assert found.form == "REDCap export"
    assert found.notes == ("Columns are described by ward_dictionary.csv.",)
    assert [c.name for c in found.columns if c.identifier] == ["first_name"]
    assert about["sex"].label == "Sex at birth"
    assert about["sex"].choices == {"1": "Female", "2": "Male, as registered"}
    assert about["emd___2"].label == "Extramedullary disease: Other"
    assert about["emd___2"].choices == {"0": "Unchecked", "1": "Checked"}
    assert about["relapsed"].choices == {"1": "Yes", "0": "No"}
    assert about["baseline_complete"].label == "form status"
    assert found.cells["sex"] == ["1", "2"]
    assert "not the data" in refusal(place / "ward_dictionary.csv")


def test_a_folder_of_a_table_and_its_dictionary_is_the_table(tmp_path):
    place = DATA / "reading" / "redcap"
    folder = tmp_path / "export"
    folder.mkdir()
    for file in place.glob("ward*"):
        shutil.copy(file, folder)
    (data,) = (f for f in folder.iterdir() if "dictionary" not in f.name)
    assert read_source(folder, wanted=None) == read_source(data, wanted=None)
    assert read_source(folder) == read_source(data)


def test_redcap_dictionary_by_its_long_name_or_as_given(tmp_path):
    place = DATA / "reading" / "redcap"
    data = tmp_path / "Ward7_DATA_2024-05-01_1200.csv"
    shutil.copy(place / "ward_data.csv", data)
    assert "without its data dictionary" in read_source(data).notes[0]
    given = read_source(data, dictionary=place / "ward_dictionary.csv")
    shutil.copy(place / "ward_dictionary.csv", tmp_path / "Ward7_DataDictionary_2024-05-01.csv")
    assert read_source(data).columns == given.columns
    assert "not a REDCap data dictionary" in refusal(data, dictionary=str(data))


def test_redcap_with_several_rows_per_record(tmp_path):
    text = "record_id,redcap_event_name,x,y\n1,base,5,1\n1,month_6,,2\n2,base,3,4\n"
    found = read_source(write(tmp_path / "x.csv", text))
    assert found.cells == {"record_id": ["1", "2"], "x": ["5", "3"]} and found.rows == (2, 4)
    assert "differ between the rows of a patient: “y”" in " ".join(found.notes)
    found = read_source(tmp_path / "x.csv", wanted={"y"})
    assert [(p.row, p.column, p.value) for p in found.problems] == [(2, "y", "1")]
    assert "y: base" in found.problems[0].remedy
    assert read_source(tmp_path / "x.csv", wanted={"y: base"}).cells["y: base"] == ["1", "4"]
    once = read_source(write(tmp_path / "y.csv", "record_id,redcap_event_name\n1,a\n2,a\n"))
    assert once.problems == ()


# --- files that are something else -------------------------------------------------------------


GZIPPED = gzip.compress(b"a,b\n1,2\n", mtime=0)  # else the time is in the test's name


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("x.csv", b"PAR1" + bytes(20), "ends in .csv, but the file is a Parquet file"),
        ("x.csv", pickle.dumps({"a": 1}), "ends in .csv, but the file is a Python pickle"),
        ("x.csv", GZIPPED, "ends in .csv, but the file is a gzip file"),
        ("x.csv", b'{"columns": []}', "ends in .csv, but the file is a JSON file"),
        ("x.csv.gz", GZIPPED, "holds plain text"),
        ("x.json.gz", gzip.compress(b'{"columns": []}', mtime=0)[:-9], "incomplete"),
        ("x.json.gz", gzip.compress(b"", mtime=0), "compressed file is empty"),
        ("x.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "old Excel"),
        (
            "x.xlsx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "password",
        ),
        ("x.xls", b" <html><table>", "ends in .xls, but the file is a web page (HTML)"),
        ("x.xls", b"<?xml version='1.0'?>", "an XML document"),
        ("x.csv", b"%PDF-1.7", "a PDF"),
        ("x.csv", b"RDX3\nX", "an R workspace"),
        ("x.xlsx", b"id,x\nA,1\n", "damaged or not an Excel workbook"),
        ("x.sav", b"id,x\nA,1\n", "damaged or not an SPSS file"),
        ("x.json", b"id,x\nA,1\n", "damaged or not a Dataset-JSON file"),
        ("noending", b"SQLite format 3\0", "this is a database, which is not read"),
    ],
)
def test_bad_inputs_30_not_what_the_name_says(tmp_path, name, content, says):
    assert says in refusal(write(tmp_path / name, content))


def test_bad_inputs_30_archives(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("cohort.csv", "id\nA\n")
    data = (tmp_path / "x.zip").read_bytes()
    assert "zip archive, which is not read. Unpack it" in refusal(tmp_path / "x.zip")
    assert "ends in .csv, but the file is a zip" in refusal(write(tmp_path / "x.csv", data))
    with zipfile.ZipFile(tmp_path / "x.ods", "w") as archive:
        archive.writestr("content.xml", "")
    assert "OpenDocument" in refusal(tmp_path / "x.ods")


def test_an_ending_that_says_nothing_does_not_matter(tmp_path):
    assert read_source(write(tmp_path / "cohort", "id\nA\n")).cells == {"id": ["A"]}


def test_a_sheet_of_a_file_without_sheets(tmp_path):
    assert "has no sheets" in refusal(write(tmp_path / "x.csv", "id\nA\n"), sheet="x")


def test_every_ending_belongs_to_one_kind():
    endings = [ending for kind in KINDS.values() for ending in kind.endings]
    assert len(endings) == len(set(endings))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nowhere.csv", "no such file"),
        ("https://example.org/cohort.csv", "a web address"),
        ("x" * 5000, "not a file name"),
        ("a\0b", "not a file name"),
        ("/dev/zero", "not a regular file"),
        ("/dev/null", "not a regular file"),
    ],
)
def test_bad_inputs_31_names(name, says):
    assert says in refusal(name)
    with pytest.raises(InputError, match=says):
        read_bytes(name)


def test_bad_inputs_31_places(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    assert "a folder, not a regular file" in refusal(tmp_path / "folder.csv")
    with pytest.raises(InputError, match="not a regular file"):
        read_bytes(tmp_path / "folder.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    assert "not a regular file" in refusal(tmp_path / "pipe.csv")  # and does not wait
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "s"))
        assert "not a regular file" in refusal(tmp_path / "s")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert "not a file name" in refusal(tmp_path / "loop")
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    assert "no such file" in refusal(tmp_path / "broken")


def test_bad_inputs_31_unreadable(tmp_path, monkeypatch):
    def closed(*args: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.os, "open", closed)  # root may read everything
    assert "cannot be read (Permission denied)" in refusal(write(tmp_path / "x.csv", "id\nA\n"))


# --- limits ------------------------------------------------------------------------------------


def refusal_and_memory(path: Path) -> tuple[str, float]:
    """Read in a process of its own; give what it says and the MB that reading took at most."""
    program = (
        "import sys\n"
        "from cartanalysis.intake.reading import read_source, cdisc, delimited, workbook\n"
        "def peak():\n"
        "    lines = open('/proc/self/status').read().splitlines()\n"
        "    return next(int(x.split()[1]) / 1024 for x in lines if x.startswith('VmHWM'))\n"
        "before = peak()\n"
        "try:\n"
        "    read_source(sys.argv[1])\n"
        "except ValueError as error:\n"
        "    print(peak() - before, error)\n"
    )
    command = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    taken, _, says = done.stdout.partition(" ")
    return says, float(taken)


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the memory")


@linux_only
def test_bad_inputs_32_more_than_a_million_rows(tmp_path):
    row = "patient-0000000,5,female,1234,1        \n"
    path = write(tmp_path / "x.csv", "patient_id,age,sex,os_days,os_event\n" + row * 1_000_001)
    assert path.stat().st_size > 39e6
    says, taken = refusal_and_memory(path)
    assert "more than 1,000,000 rows" in says
    assert taken < 200


@linux_only
def test_bad_inputs_32_a_workbook_that_is_a_bomb(tmp_path):
    path, _ = sheet(tmp_path, ["id"], ["A"])
    rows = "<row><c><v>1</v></c></row>" * 2_000_000
    packed = edited(path, lambda xml: xml.replace("<sheetData>", "<sheetData>" + rows))
    assert len(packed) < 3e5
    says, taken = refusal_and_memory(write(path, packed))
    assert "more than 200 times" in says
    assert taken < 50


@linux_only
def test_bad_inputs_32_compressed_json_that_is_a_bomb(tmp_path):
    with gzip.open(tmp_path / "x.json.gz", "wb", compresslevel=1) as stream:
        stream.write(b'{"columns":[{"name":"a"}],"rows":[')
        for _ in range(300):
            stream.write(b'["a"],' * 200_000)
    says, taken = refusal_and_memory(tmp_path / "x.json.gz")
    assert "unpacked, the file is larger than 128 MB" in says
    assert taken < 330


def test_limits_of_size(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_FILE_BYTES", 20)
    assert "larger than" in refusal(write(tmp_path / "x.csv", "id,x\n" + "A,1\n" * 9))
    monkeypatch.undo()
    path, _ = sheet(tmp_path, ["id"], ["A"])
    monkeypatch.setattr(workbook, "MAX_UNPACKED_BYTES", 100)
    assert "unpacked, the workbook is larger" in refusal(path)
    monkeypatch.setattr(cdisc, "MAX_DOCUMENT_BYTES", 10)
    assert "the JSON document is larger" in refusal(
        write(tmp_path / "x.json", dataset("X", ["a"], [[1]]))
    )


def test_limits_of_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "MAX_PATIENTS", 3)
    pyreadstat.write_xport(pd.DataFrame({"id": range(30_000)}), tmp_path / "x.xpt")
    pq.write_table(pa.table({"id": range(4)}), tmp_path / "x.parquet")
    write(tmp_path / "x.csv", "id\n" + "A\n" * 4)
    write(tmp_path / "x.json", dataset("X", ["id"], [["A"]] * 4))
    sheet(tmp_path, ["id"], *[["A"]] * 4)
    for ending in ("xpt", "parquet", "csv", "json", "xlsx"):
        assert "rows, which is the limit" in refusal(tmp_path / f"x.{ending}")
    # an ADaM dataset may have several rows per patient
    many = [["S", f"P{i}", 1, 0] for i in range(4)]
    text = dataset("ADTTE", ["USUBJID", "PARAMCD", "AVAL", "CNSR"], many)
    assert len(read_source(write(tmp_path / "adtte.json", text)).rows) == 1


# --- any bytes ---------------------------------------------------------------------------------

ENDINGS = [ending for kind in KINDS.values() for ending in kind.endings] + [".xls", ""]


def table_or_report(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = read_source(path)
        except InputError as error:
            assert error.problems
            return
    assert list(found.cells) == [column.name for column in found.columns]
    for cells in found.cells.values():
        assert len(cells) == len(found.rows)
        assert all(cell == cell.strip() for cell in cells)
        "".join(cells).encode()
    assert found.rows or found.problems


def examples() -> dict[str, bytes]:
    """Give a small good file of every kind that is read in this process."""
    book = openpyxl.Workbook()
    book.active.append(["id", "day", "x"])
    book.active.append(["A", dt.date(2021, 2, 28), "=1+1"])
    stream = io.BytesIO()
    book.save(stream)
    columns = io.BytesIO()
    pq.write_table(pa.table({"id": ["A", "B"], "x": [1.5, None]}), columns)
    lines = b"\n".join((PILOT / "adtte.ndjson").read_bytes().split(b"\n")[:4])
    return {
        ".csv": 'patient_id,näme\n"A\nx",5\nB;6,"7,5"\n'.encode("cp1252"),
        ".txt": (DATA / "reading" / "cbioportal" / "data_clinical_patient.txt").read_bytes(),
        ".xlsx": stream.getvalue(),
        ".parquet": columns.getvalue(),
        ".ndjson": lines,
        ".dsjc": zlib.compress(lines),
        ".json.gz": gzip.compress(lines, mtime=0),
    }


EXAMPLES = examples()

CHANGES = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 40), st.binary(max_size=12)),
    min_size=1,
    max_size=6,
)


def changed(data: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    for place, cut, new in changes:
        at = int(place * len(data))
        data = data[:at] + new + data[at + cut :]
    return data


QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@settings(QUIET, max_examples=250)
@given(data=st.binary(max_size=300), ending=st.sampled_from(ENDINGS))
def test_any_bytes_give_a_table_or_a_report(tmp_path_factory, data, ending):
    folder = tmp_path_factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    table_or_report(write(folder / f"x{ending}", data))


@settings(QUIET, max_examples=600)
@given(ending=st.sampled_from(sorted(EXAMPLES)), changes=CHANGES)
def test_any_damage_gives_a_table_or_a_report(tmp_path_factory, ending, changes):
    folder = tmp_path_factory.getbasetemp() / "damage"
    folder.mkdir(exist_ok=True)
    table_or_report(write(folder / f"x{ending}", changed(EXAMPLES[ending], changes)))


@settings(QUIET, max_examples=150)
@given(changes=CHANGES, part=st.sampled_from(["xl/worksheets/sheet1.xml", "xl/workbook.xml"]))
def test_any_damage_within_a_workbook(tmp_path_factory, changes, part):
    folder = tmp_path_factory.getbasetemp() / "within"
    folder.mkdir(exist_ok=True)
    whole = write(folder / "whole.xlsx", EXAMPLES[".xlsx"])
    data = edited(whole, lambda xml: changed(xml.encode(), changes), part)
    table_or_report(write(folder / "x.xlsx", data))


@settings(QUIET, max_examples=100)
@given(text=st.text(max_size=200))
def test_any_text_is_kept_cell_by_cell(tmp_path_factory, text):
    folder = tmp_path_factory.getbasetemp() / "text"
    folder.mkdir(exist_ok=True)
    table_or_report(write(folder / "x.csv", f"id,x\nA,{text}\n".encode("utf-8", "replace")))


def test_any_damage_to_a_statistics_file(tmp_path):
    chance = random.Random(20201123)
    sav = tmp_path / "good.sav"
    pyreadstat.write_sav(pd.DataFrame({"id": ["A", "B"], "x": [1.5, 2.0]}), sav)
    for ending, good in ((".xpt", (PILOT / "adtte.xpt").read_bytes()), (".sav", sav.read_bytes())):
        for _ in range(4):
            data = bytearray(good[: chance.randrange(200, len(good))])
            for _ in range(5):
                data[chance.randrange(80, len(data))] = chance.randrange(256)
            table_or_report(write(tmp_path / f"x{ending}", bytes(data)))


@pytest.mark.parametrize(
    "text",
    [
        "Export from KIS 2024-01-01,,\n,,\npatient_id,os_days,os_event\nP1,10,1\n",
        "Export from KIS\n\npatient_id;os_days;os_event\nP1;10;1\n",
    ],
)
def test_a_title_above_the_header_is_told_once(tmp_path: Path, text: str) -> None:
    path = tmp_path / "title.csv"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_source(path)
    (problem,) = error.value.problems
    assert (problem.row, "Is it row 3?" in problem.remedy) == (1, True)
    path.write_text("patient_id\nP1\nP2\n")
    assert len(read_source(path).rows) == 2


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (
            "ID;Geschlecht (1=m, 2=w);EMD (0=nein, 1=ZNS, 2=andere)\nA;1;0\nB;2;1\n",
            ["ID", "Geschlecht (1=m, 2=w)", "EMD (0=nein, 1=ZNS, 2=andere)"],
        ),
        ('a;"b, c, d";e, f\n1;"x;y\nz";2\n', ["a", "b, c, d", "e, f"]),
        ("a;b,c;d\n1,5;2;3\n", ["a", "b,c", "d"]),
    ],
)
def test_the_separator_cuts_header_and_rows_alike(tmp_path, content, names):
    found = read_source(write(tmp_path / "a.csv", content))
    assert [c.name for c in found.columns] == names


def test_an_export_of_redcap_with_labels_is_recognised(tmp_path):
    path = tmp_path / "CARTALL_DATA_LABELS_2023-07-03.csv"
    lines = ("Record ID,Event Name,Complete?,Sex,Complete?", "1,Baseline,Complete,Male,Incomplete")
    path.write_text("\n".join(lines), encoding="utf-8")
    for wanted in ((), None):
        with pytest.raises(InputError, match=r"export with labels.*raw data"):
            read_source(path, wanted=wanted)
    # a question of one's own is none of REDCap's
    path.write_text("id,Complete?\n1,yes\n2,no\n", encoding="utf-8")
    assert read_source(path).cells["Complete?"] == ["yes", "no"]
