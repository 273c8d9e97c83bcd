"""Clinical files of cBioPortal: patients joined with what their samples have in common."""

from __future__ import annotations

from dataclasses import replace

from cartanalysis.errors import Problem
from cartanalysis.intake.source import Column, Source

PATIENT_FILE = "data_clinical_patient.txt"
SAMPLE_FILE = "data_clinical_sample.txt"

_ID = "PATIENT_ID"
_MISSING = frozenset(
    {"[not available]", "[not applicable]", "[not evaluated]", "[pending]", "[discrepancy]"}
    | {"[completed]", "[unknown]", "[null]"}
)


def is_clinical(source: Source) -> bool:
    """Tell whether a table is one of cBioPortal's clinical files."""
    return _ID in source.cells and source.form.endswith("tabs")


def join(patients: Source | None, samples: Source | None, name: str) -> Source:
    """Make one table of the patients and their samples."""
    if samples is not None:
        samples = _one_row_per_patient(samples)
    if patients is None or samples is None:
        only = patients or samples
        if only is None:
            raise ValueError("neither a patient file nor a sample file")
        return _without_codes(replace(only, name=name, form="cBioPortal clinical file"))
    place = {patient: i for i, patient in enumerate(samples.cells[_ID])}
    notes = [*patients.notes, *(n for n in samples.notes if n not in patients.notes)]
    problems = [*patients.problems]
    problems += [replace(p, what=f"sample file: {p.what}") for p in samples.problems]
    known = set(patients.cells[_ID])
    for patient, index in place.items():
        if patient not in known:
            what = "sample file: the patient is not in the patient file"
            remedy = "Give the two files of one study"
            problems.append(Problem(what, remedy, samples.rows[index], _ID, patient))
    columns, cells = list(patients.columns), dict(patients.cells)
    twice = []
    for column in samples.columns:
        if column.name in cells:
            twice += [column.name] if column.name != _ID else []
            continue
        columns.append(column)
        given = samples.cells[column.name]
        cells[column.name] = [given[place[p]] if p in place else "" for p in patients.cells[_ID]]
    if twice:
        notes.append(f"In both files, read from the patient file: {', '.join(twice)}.")
    joined = Source(
        name=name,
        form="cBioPortal clinical files",
        columns=tuple(columns),
        cells=cells,
        rows=patients.rows,
        notes=tuple(notes),
        problems=tuple(problems),
    )
    return _without_codes(joined)


def _one_row_per_patient(samples: Source) -> Source:
    """Keep a patient's first sample, and the columns in which the others are like it."""
    first: dict[str, int] = {}
    for index, patient in enumerate(samples.cells[_ID]):
        first.setdefault(patient, index)
    if len(first) == len(samples.rows):
        return samples
    kept: list[Column] = []
    dropped: list[str] = []
    for column in samples.columns:
        cells = samples.cells[column.name]
        if all(cells[first[p]] == cells[i] for i, p in enumerate(samples.cells[_ID])):
            kept.append(column)
        else:
            dropped.append(column.name)
    note = "Of patients with several samples one row was made"
    if dropped:
        note += f"; left out, since they differ between samples: {', '.join(dropped)}"
    return replace(
        samples,
        columns=tuple(kept),
        cells={c.name: [samples.cells[c.name][i] for i in first.values()] for c in kept},
        rows=tuple(samples.rows[i] for i in first.values()),
        notes=(*samples.notes, f"{note}."),
    )


def _without_codes(source: Source) -> Source:
    """Empty the cells that hold one of cBioPortal's words for missing."""
    found: set[str] = set()
    cells: dict[str, list[str]] = {}
    for column, values in source.cells.items():
        found |= {value for value in values if value.casefold() in _MISSING}
        cells[column] = ["" if value.casefold() in _MISSING else value for value in values]
    if not found:
        return source
    note = f"Read as missing: {', '.join(sorted(found))}."
    return replace(source, cells=cells, notes=(*source.notes, note))
