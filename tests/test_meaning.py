"""Files whose columns or rows mean something else than they seem to: told, asked or stopped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cartanalysis import intake, mapping
from cartanalysis.admission import Request, admit
from cartanalysis.cohort import FIELDS, Cohort
from cartanalysis.errors import InputError, Problem
from cartanalysis.mapping import codes
from cartanalysis.reading import read_source
from cartanalysis.source import Column, Source

CASES = Path(__file__).parent / "data" / "cases"


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
        assert codes.doubt(column, FIELDS["os_event"], ["0", "1"]) is not None


@pytest.mark.parametrize(
    "name", ["Vital status (0=alive, 1=dead)", "Dead (1=yes, 0=no)", "死亡(1=是,0=否)", "OS (0, 1)"]
)
def test_codes_that_agree_with_ours_are_no_problem(name: str) -> None:
    assert codes.doubt(Column(name), FIELDS["os_event"], ["0", "1"]) is None


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
    assert mapping.names.other_origin(Column("t", label=label), target) is None


def test_the_first_day_of_survival_is_asked_about_as_that_of_remission_is() -> None:
    made = mapping.propose(read_source(CASES / "data_clinical_patient.txt"))
    (entry,) = (g.entry for g in made.guesses if g.entry.target == "os_days")
    assert "diagnosis" in entry.ask and "origin: infusion" in entry.ask
    (found,) = refused("data_clinical_patient.txt", "cbio_diag.yml")
    assert found.column == "OS_MONTHS" and "counts from diagnosis" in found.what
