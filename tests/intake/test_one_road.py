"""A file in our columns and the same file in somebody's columns come to the same cohort."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartanalysis import Study, intake
from cartanalysis.contract import FIELDS, Cohort
from cartanalysis.errors import InputError
from cartanalysis.intake import mapping
from cartanalysis.intake.admission import Request, admit
from cartanalysis.intake.source import Column, Source
from cartanalysis.publish.run import COHORT_FILE, STRATA_FILE, keep

CELLS = {
    "id": ["P1", "p1", "P01", "", "1", "1.0", "Total", "Mean (n=3)", "1.23E+11"],
    "level": ["x", "", "NA", "<0.01", "СR", "F", "none", "yes", "0", "Neg", "high ", "CR"],
    "label": ["A", "a", "CAR-19", "CAR19", "NA", "", "Zu\u0308rich", "x\u202ey", "Сar", "Car"],
    "grade": ["0", "2", "IV", "grade 2", "3/4", "≥3", "6", "2.5", "", "NA", "none"],
    "event": ["0", "1", "2", "yes", "LIVING", "1:DECEASED", "", "perhaps", "1.0"],
    "number": [
        *("5", "7.5", "0", "NA", "", "999", "9999", "1.095", "12,5", "1,234", "1.234,5", "inf"),
        *("1e5", "12 mo", "<5", "5-10", "2021-03-01", "x", "-3", "0.07", "99", "7 %", "１２"),
    ],
}


def table(columns: tuple[Column, ...], cells: dict[str, list[str]]) -> Source:
    rows = tuple(range(2, 2 + len(next(iter(cells.values())))))
    return Source("site.csv", "CSV", columns, cells, rows)


def own(*columns: Column, **cells: list[str]) -> Source:
    """Make a table in our columns, of which some may be described."""
    described = {c.name: c for c in columns}
    n = len(next(iter(cells.values())))
    cells = {"patient_id": [f"P{i}" for i in range(n)]} | cells
    return table(tuple(described.get(name, Column(name)) for name in cells), cells)


def theirs(source: Source) -> tuple[Source, mapping.Mapping]:
    """Call the columns otherwise, and write the mapping that only says so."""
    names = {c.name: f"c{i}" for i, c in enumerate(source.columns)}
    columns = tuple(replace(c, name=names[c.name]) for c in source.columns)
    made = table(columns, {names[k]: v for k, v in source.cells.items()})
    entries = "".join(f"  {name}: {{from: {names[name]}}}\n" for name in names)
    return made, mapping.loads(f"version: 1\ncolumns:\n{entries}")


def mapped(source: Source) -> Cohort:
    return intake.check(mapping.apply(*theirs(source)))


def told(source: Source, road) -> object:
    """Give the table and notes, or the problems by row."""
    try:
        made = road(source)
    except InputError as error:
        return sorted((p.row or 0, p.what, p.remedy, p.value or "") for p in error.problems)
    return made.table.to_dict("list"), sorted(made.notes)


@st.composite
def tables(draw) -> Source:
    names = draw(st.lists(st.sampled_from([n for n in FIELDS if n != "patient_id"]), unique=True))
    n = draw(st.integers(1, 6))
    cells = {
        name: draw(st.lists(st.sampled_from(CELLS[FIELDS[name].kind]), min_size=n, max_size=n))
        for name in ["patient_id", *names]
    }
    return table(tuple(Column(name) for name in cells), cells)


@settings(max_examples=60, deadline=None)
@given(tables())
def test_both_roads_give_the_same_table_notes_and_problems(source: Source) -> None:
    ours, other = told(source, intake.build), told(source, mapped)
    if isinstance(ours, tuple):
        assert isinstance(other, tuple)
        pd.testing.assert_frame_equal(pd.DataFrame(ours[0]), pd.DataFrame(other[0]))
        assert ours[1] == other[1]
    else:
        assert ours == other


@pytest.mark.parametrize(
    ("column", "cells", "says"),
    [
        (Column("os_days", "Survival in months"), ["3", "40"], "its label says months"),
        (Column("os_days", "days since diagnosis"), ["3", "40"], "counts from diagnosis"),
        (Column("os_event", choices={"0": "dead", "1": "alive"}), ["0", "1"], "means “dead”"),
        (Column("os_event", "alive at last contact"), ["0", "1"], "not who had the event"),
        (Column("treg_pct"), ["0.07", "0.2"], "fractions where percentages are meant"),
        (Column("treg_pct"), ["0.05", "0.06", "5", "6"], "percentages were mixed"),
        (Column("treg_pct"), ["99", "99", "5"], "99 comes repeatedly"),
        (Column("age_years"), ["2021-03-01", "4"], "a date, not a number"),
        (Column("age_years"), ["999", "4"], "out of range"),
        (Column("age_years"), ["1e1", "4"], "scientific notation"),
        (Column("age_years"), ["1 000", "4"], "thousands separators"),
        (Column("age_years"), ["inf", "4"], "not a finite"),
    ],
)
def test_every_hint_is_heard_on_both_roads(column: Column, cells: list[str], says: str) -> None:
    source = own(column, **{column.name: cells})
    for road in (intake.build, mapped):
        with pytest.raises(InputError) as error:
            road(source)
        assert says in str(error.value)


def test_a_column_of_units_is_heard_without_a_mapping() -> None:
    source = own(os_days=["3", "4"], os_event=["0", "1"], os_daysU=["MONTHS", ""])
    with pytest.raises(InputError, match="its column of units says months"):
        intake.build(source)


def test_groups_are_shown_by_the_words_of_the_dictionary_on_both_roads() -> None:
    arm = Column("arm", choices={"1": "CAR-19", "2": "CAR-22"})
    source = own(arm, arm=["1", "2", "1"])
    for road in (intake.build, mapped):
        made = road(source)
        assert made.table["arm"].tolist() == ["CAR-19", "CAR-22", "CAR-19"]
        assert "arm: codes are shown by the words of the data dictionary." in made.notes


PLAN = """version: 1
columns:
  patient_id: {from: id}
  arm: {from: product}
  treg_pct: {from: treg, unit: percent}
  bm_blasts_pct: {from: blasts, unit: percent}
  os_days: {from: os, unit: days, decimal: "."}
  os_event: {from: dead}
  rfs_days: {from: rfs, unit: days, decimal: ".", origin: remission}
  rfs_event: {from: relapse}
extra: [rresponse]
"""
ROWS = [
    "id,product,treg,blasts,os,dead,rfs,relapse,rresponse",
    "P 1,A,0.07,99,999.0,1,999.0,1,",
    "P 2,A,0.2,99,999.0,0,999.0,0,x",
    "P 3,B,0.5,3,1.095,1,1.095,1,x",
    "P 4,B,0.9,70,730,0,730,0,y",
    "P 5,B,0.9,70,31,0,31,0,y",
    "P 6,,,,,,,,y",
]


def test_a_chapter_does_not_ask_again_what_a_mapping_settled(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "map.yml").write_text(PLAN)
    (tmp_path / "site.csv").write_text("\n".join(ROWS))
    admitted = admit(Request(str(tmp_path / "site.csv"), tmp_path / "map.yml"), ["rresponse"])
    plain = replace(admitted, table=admitted.table.drop(columns="rresponse"), strata=())
    assert keep({COHORT_FILE: plain, STRATA_FILE: admitted}, 1, tmp_path) is None
    monkeypatch.chdir(tmp_path)
    for file, strata, cohort in ((COHORT_FILE, "", plain), (STRATA_FILE, "rresponse", admitted)):
        study = Study("survival", file, strata=strata)
        pd.testing.assert_frame_equal(study.cohort.table, cohort.table)
    # the same text under a name of the user's own is asked about
    (tmp_path / "own.csv").write_text(admitted.to_csv())
    with pytest.raises(InputError) as error:
        Study("survival", "own.csv", strata="rresponse")
    told = str(error.value)
    for doubt in ("fractions where", "as a code", "looks like a code", "two ways", "much like one"):
        assert doubt in told


def test_events_and_grades_with_a_decimal_comma_are_read():
    text = "patient_id;os_days;os_event;crs_grade\nA1;10,5;1,0;2,0\nA2;20,0;0,0;3,00\n"
    table = intake.parse(text.encode(), "c.csv").table
    assert table["os_event"].tolist() == [1, 0]
    assert table["crs_grade"].tolist() == [2, 3]
    with pytest.raises(InputError, match="os_event"):
        intake.parse(text.replace("1,0;", "1,5;").encode(), "c.csv")
