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


def test_a_coding_that_the_columns_name_contradicts_stops(tmp_path: Path) -> None:
    name = "Status at last FU (0: dead; 1: alive)"
    (found,) = refused("event_header_coding.csv", "event_header_coding.yml")
    assert found.column == name and '{"0": 1, "1": 0}' in found.remedy
    text = (CASES / "event_header_coding.yml").read_text(encoding="utf-8")
    plan = write(tmp_path, text.replace(", coding: event", ""))
    assert refused("event_header_coding.csv", plan)[0].what == found.what
    plan = write(tmp_path, text.replace("coding: event", 'levels: {"0": 1, "1": 0}'))
    assert admitted("event_header_coding.csv", plan).table["os_event"].tolist() == [1, 0] * 6


def test_levels_that_the_files_own_words_contradict_are_told(tmp_path: Path) -> None:
    text = (CASES / "event_header_coding.yml").read_text(encoding="utf-8")
    plan = write(tmp_path, text.replace("coding: event", 'levels: {"0": 0, "1": 1}'))
    notes = admitted("event_header_coding.csv", plan).notes
    assert any("“0” means “dead”" in n and "“0” is no event" in n for n in notes)


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


def test_the_first_day_of_survival_is_asked_about_as_that_of_remission_is() -> None:
    made = mapping.propose(read_source(CASES / "data_clinical_patient.txt"))
    (entry,) = (g.entry for g in made.guesses if g.entry.target == "os_days")
    assert "diagnosis" in entry.ask and "origin: infusion" in entry.ask
    (found,) = refused("data_clinical_patient.txt", "cbio_diag.yml")
    assert found.column == "OS_MONTHS" and "counts from diagnosis" in found.what


def proposed(file: str) -> mapping.propose:
    return mapping.propose(read_source(CASES / file))


# --- data dictionaries ---------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["redcap_names/b/data.csv", "redcap_names/c/export.csv"])
def test_a_data_dictionary_is_found_by_its_content(file: str, tmp_path: Path) -> None:
    source = read_source(CASES / file)
    assert source.form == "REDCap export"
    assert next(c for c in source.columns if c.name == "vital").choices["0"] == "Dead"
    text = "version: 1\ncolumns:\n  patient_id: {from: record_id}\n  os_days: {from: os_days}\n"
    found = refused(file, write(tmp_path, text + "  os_event: {from: vital}\n"))
    (of_vital,) = (p for p in found if p.column == "vital")
    assert "“0” means “Dead”" in of_vital.what


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


def test_only_treated_subjects_count_and_only_events_after_treatment() -> None:
    cohort = admitted("adam_screenfail", "adam_screenfail.yml")
    assert len(cohort.table) == 8
    assert cohort.table["ae_grade_max"].tolist() == [4, 4, 3, 1, 2, 0, 0, 0]
    notes = " ".join(cohort.notes)
    assert "SAFFL = Y" in notes and "TRTEMFL = Y" in notes


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


def test_who_died_without_a_date_is_not_alive(tmp_path: Path) -> None:
    found = refused("death_status_no_date.csv", "death_status_no_date.yml")
    assert [(p.row, p.column, p.value) for p in found] == [
        (row, "status", "Dead") for row in (4, 6, 8)
    ]
    text = (CASES / "death_status_no_date.yml").read_text(encoding="utf-8")
    assert admitted("death_status_no_date.csv", write(tmp_path, text + "drop: [status]\n"))
    plan = write(tmp_path, text.replace("{filled: [death], since: inf}", "{from: status}"))
    cohort = admitted("death_status_no_date.csv", plan)
    assert cohort.table["os_event"].sum() == 4
    assert any("time ends at the last contact" in note for note in cohort.notes)


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


def test_cns_disease_in_a_column_of_its_own_stops(tmp_path: Path) -> None:
    text = (CASES / "emd_two_columns.yml").read_text(encoding="utf-8")
    assert refused("emd_two_columns.csv", "emd_two_columns.yml")[0].column == "CNS disease (Y/N)"
    as_other = text.replace(
        '{from: "EMD (Y/N)"}', '{from: "EMD (Y/N)", levels: {Y: other, N: none}}'
    )
    (found,) = refused("emd_two_columns.csv", write(tmp_path, as_other))
    assert found.column == "CNS disease (Y/N)" and "isolated CNS disease" in found.what
    plan = write(tmp_path, as_other + 'drop: ["CNS disease (Y/N)"]\n')
    assert admitted("emd_two_columns.csv", plan)
    own = "patient_id,emd,cns prophylaxis\nA,none,yes\nB,other,yes\n"
    assert admitted(write(tmp_path, own, "own.csv"))


@pytest.mark.parametrize(
    ("file", "plan"), [("rfs_from_infusion.csv", None), ("cibmtr_responders.csv", "m_cibmtr.yml")]
)
def test_relapse_free_survival_from_infusion_is_asked_about(
    file: str, plan: str | None, tmp_path: Path
) -> None:
    (found,) = refused(file, plan)
    assert "seems to count from infusion" in found.what and "origin: remission" in found.remedy
    if plan is not None:
        text = (CASES / plan).read_text(encoding="utf-8")
        text = text.replace("{from: intxrel,", "{from: intxrel, origin: remission,")
        assert admitted(file, write(tmp_path, text))


# --- ADaM's first days ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "told"),
    [
        ("2021-02-01", ""),
        ("2021-01-01", "counts from randomisation, but os_days counts from infusion"),
        ("2020-12-01", "counts from another day than treatment, but os_days counts from infusion"),
    ],
)
def test_the_start_of_a_time_is_compared_with_treatment(tmp_path, start, told):
    adsl = "STUDYID,USUBJID,SAFFL,TRTSDT,RANDDT\nS,A,Y,2021-02-01,2021-01-01\n"
    write(tmp_path, adsl, "adsl.csv")
    header = "STUDYID,USUBJID,PARAMCD,PARAM,AVAL,CNSR,STARTDT\n"
    rows = f"S,A,OS,Overall Survival,412,0,{start}\nS,A,RFS,Relapse-free,300,0,2021-03-01\n"
    write(tmp_path, header + rows, "adtte.csv")
    plan = (
        "version: 1\ncolumns:\n  patient_id: {from: USUBJID}\n"
        "  os_days: {from: 'AVAL:OS', unit: days}\n  os_event: {from: 'CNSR:OS', coding: cnsr}\n"
        "  rfs_days: {from: 'AVAL:RFS', unit: days}\n"
        "  rfs_event: {from: 'CNSR:RFS', coding: cnsr}\n"
    )
    made = mapping.apply(read_source(tmp_path), mapping.loads(plan))
    assert [p.what.partition("it ")[2] for p in made.problems] == [told] * bool(told)
