"""Files whose columns or rows mean something else than they seem to: told, asked or stopped."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tinybook import TESTS

from cartanalysis import intake
from cartanalysis.contract import FIELDS, Cohort
from cartanalysis.errors import InputError, Problem
from cartanalysis.intake import hints, mapping
from cartanalysis.intake.admission import Request, admit
from cartanalysis.intake.reading import read_source
from cartanalysis.intake.source import Column, Source

CASES = TESTS / "data" / "cases"


def admitted(file: str | Path, plan: str | Path | None = None) -> Cohort:
    return admit(Request(str(CASES / file), None if plan is None else CASES / plan))


def refused(file: str | Path, plan: str | Path | None = None) -> list[Problem]:
    with pytest.raises(InputError) as error:
        admitted(file, plan)
    return list(error.value.problems)


def write(folder: Path, text: str, name: str = "map.yml") -> Path:
    place = folder / name
    place.write_text(text, encoding="utf-8")
    return place


def table(**cells: list[str]) -> Source:
    n = len(next(iter(cells.values())))
    ids = {"patient_id": [f"P{i}" for i in range(n)]}
    return Source(
        "site.csv",
        "CSV",
        tuple(Column(name) for name in ids | cells),
        ids | cells,
        tuple(range(2, n + 2)),
    )


def described(source: Source, **labels: str) -> Source:
    columns = tuple(replace(c, label=labels.get(c.name, c.label)) for c in source.columns)
    return replace(source, columns=columns)


def problems_of(source: Source) -> list[Problem]:
    with pytest.raises(InputError) as error:
        intake.build(source)
    return list(error.value.problems)


# --- codes in names and labels -------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "Vital status (0=dead, 1=alive)",
        "Status at last FU (0: dead; 1: alive)",
        "Status [0 - dead / 1 - alive]",
        "alive = 1, dead = 0",
        "OS event (1=alive)",
        "OS event (alive=1)",
        "Survival (1=yes)",
        "Alive (1=yes, 0=no)",
        "生存状态(0=死亡,1=存活)",
        "生存状态（0＝死亡，1＝存活）",
        "生存状态（死亡＝0、存活＝1）",
    ],
)
def test_codes_in_a_columns_own_name_are_a_codebook(name: str) -> None:
    for column in (Column(name), Column("v", label=name)):
        assert hints.doubt(column, FIELDS["os_event"], ["0", "1"]) is not None


@pytest.mark.parametrize(
    "name", ["Vital status (0=alive, 1=dead)", "Dead (1=yes, 0=no)", "死亡(1=是,0=否)", "OS (0, 1)"]
)
def test_codes_that_agree_with_ours_are_no_problem(name: str) -> None:
    assert hints.doubt(Column(name), FIELDS["os_event"], ["0", "1"]) is None


def test_codes_in_a_name_are_proposed_as_they_say() -> None:
    name = "Vital status (0=dead, 1=alive)"
    made = mapping.propose(table(**{name: ["0", "1", "1"]}))
    (entry,) = (g.entry for g in made.guesses if g.entry.target == "os_event")
    assert getattr(entry, "levels", None) == {"0": "1", "1": "0"}
    made = mapping.propose(table(**{"Alive (1=yes, 0=no)": ["0", "1", "1"]}))
    (entry,) = (g.entry for g in made.guesses if g.entry.target == "os_event")
    assert "codes were turned" in entry.ask


# --- the first day -------------------------------------------------------------------------------


def test_a_label_that_begins_with_from_is_no_mapping() -> None:
    source = table(os_days=["10", "20"], os_event=["0", "1"])
    (found,) = problems_of(described(source, os_days="from infusion to last contact, in months"))
    assert found.column == "os_days" and "months" in found.what


@pytest.mark.parametrize(
    ("target", "label", "stated"),
    [
        ("os_days", "Overall survival since initial diagnosis", "diagnosis"),
        ("os_days", "OS after first diagnosis", "diagnosis"),
        ("os_days", "Survival from the date of randomisation", "randomisation"),
        ("os_days", "Zeit von Einschluss bis Tod", "enrolment"),
        ("os_days", "自确诊至死亡时间", "diagnosis"),
        ("os_days", "days since leukapheresis", "apheresis"),
        ("os_days", "days from remission to death", "remission"),
        ("rfs_days", "RFS from CAR-T infusion", "infusion"),
        ("hsct_day", "days from diagnosis to HSCT", "diagnosis"),
    ],
)
def test_another_first_day_stops(target: str, label: str, stated: str) -> None:
    pair = {"os_days": "os_event", "rfs_days": "rfs_event"}.get(target, "os_event")
    source = table(**{target: ["100", "200"], pair: ["0", "1"], "os_days": ["100", "200"]})
    found = [p for p in problems_of(described(source, **{target: label})) if "from" in p.what]
    assert [p.column for p in found] == [target] and stated in found[0].what
    theirs = described(table(t=["100", "200"], e=["0", "1"]), t=label)
    text = "version: 1\ncolumns:\n  patient_id: {from: patient_id}\n"
    done = mapping.apply(theirs, mapping.loads(f"{text}  {target}: {{from: t}}\n"))
    assert [p.column for p in done.problems] == ["t"]
    said = {"rfs_days": "remission"}.get(target, "infusion")
    plan = mapping.loads(f"{text}  {target}: {{from: t, unit: days, origin: {said}}}\n")
    assert not mapping.apply(theirs, plan).problems


@pytest.mark.parametrize(
    ("target", "label"),
    [
        ("os_days", "Days from infusion to death or last contact"),
        ("os_days", "Time to death after CAR-T for relapse after diagnosis"),
        ("os_days", "survival after reinfusion (days)"),
        ("rfs_days", "Days from remission to relapse or death"),
        ("hsct_day", "days from infusion to transplant"),
    ],
)
def test_our_first_day_is_no_problem(target: str, label: str) -> None:
    assert hints.other_origin(Column("t", label=label), target) is None


# --- data dictionaries ---------------------------------------------------------------------------


def test_a_data_dictionary_of_the_api_is_found(tmp_path: Path) -> None:
    shutil.copy(CASES / "redcap_names/b/data.csv", tmp_path / "data.csv")
    text = (
        "field_name,form_name,field_type,field_label,select_choices_or_calculations,identifier\n"
        'record_id,f,text,Record,,\nvital,f,radio,Vital status,"0, Dead | 1, Alive",\n'
        'age,f,text,Age,,\nsex,f,radio,Sex,"1, Male | 2, Female",\nos_days,f,text,Days,,\n'
    )
    write(tmp_path, text, "anything.csv")
    source = read_source(tmp_path / "data.csv")
    assert next(c for c in source.columns if c.name == "sex").choices["2"] == "Female"


def test_two_data_dictionaries_are_asked_about_and_another_projects_is_none(tmp_path: Path) -> None:
    folder = shutil.copytree(CASES / "redcap_names/c", tmp_path / "c")
    other = (folder / "dictionary.csv").read_text(encoding="utf-8")
    write(folder, other.replace("record_id", "case_no"), "of_another_project.csv")
    assert not read_source(folder / "export.csv").problems
    write(folder, other, "older.csv")
    (found,) = read_source(folder / "export.csv").problems
    assert "dictionary.csv, older.csv" in found.what
    assert not read_source(folder / "export.csv", dictionary=folder / "older.csv").problems


def test_an_export_without_its_data_dictionary_is_told(tmp_path: Path) -> None:
    shutil.copy(CASES / "redcap_names/c/export.csv", tmp_path / "export.csv")
    assert "--dictionary" in read_source(tmp_path / "export.csv").notes[-1]


# --- who was treated -----------------------------------------------------------------------------


def test_without_a_flag_the_first_day_tells_who_was_treated(tmp_path: Path) -> None:
    folder = shutil.copytree(CASES / "adam_screenfail", tmp_path / "study")
    adsl = (folder / "adsl.csv").read_text(encoding="utf-8").replace("SAFFL", "COMPLFL")
    write(folder, adsl, "adsl.csv")
    adae = (folder / "adae.csv").read_text(encoding="utf-8").replace("TRTEMFL", "AEREL")
    write(folder, adae, "adae.csv")
    source = read_source(folder)
    assert len(source.rows) == 8 and "TRTSDT is given" in " ".join(source.notes)
    assert source.cells["AETOXGR:max"] == ["4", "4", "3", "1", "2", "0", "0", "0"]  # by ASTDY
    write(folder, adsl.replace("TRTSDT", "OTHER"), "adsl.csv")
    source = read_source(folder)
    assert len(source.rows) == 12 and "every subject counts as treated" in " ".join(source.notes)


# --- what other columns say ----------------------------------------------------------------------


@pytest.mark.parametrize("other", ["vital", "death (1=yes, 0=no)", "生存状态(0=存活,1=死亡)"])
def test_another_column_that_says_dead_stops_without_a_mapping(other: str, tmp_path: Path) -> None:
    dead, alive = ("dead of disease", "Alive") if other == "vital" else ("1", "0")
    text = f'patient_id,os_days,os_event,"{other}"\nA,10,0,{alive}\nB,20,0,{dead}\nC,9,1,{dead}\n'
    (found,) = refused(write(tmp_path, text, "own.csv"))
    assert (found.row, found.column) == (3, other)


def test_a_date_of_death_of_the_living_stops(tmp_path: Path) -> None:
    text = "id,s,inf,death,last\nA,0,2020-01-01,2020-02-01,2020-02-01\nB,1,2020-01-01,2020-03-01,\n"
    plan = write(
        tmp_path,
        "version: 1\ncolumns:\n  patient_id: {from: id}\n  os_event: {from: s}\n"
        "  os_days: {dates: [death], otherwise: [last], since: inf}\n",
    )
    (found,) = refused(write(tmp_path, text, "own.csv"), plan)
    assert (found.row, found.column) == (2, "death")
