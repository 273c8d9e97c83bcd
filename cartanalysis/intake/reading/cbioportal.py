"""Clinical files of cBioPortal: patients joined with what their samples have in common."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from cartanalysis.errors import InputError, Problem, shown
from cartanalysis.intake.reading.files import refuse
from cartanalysis.intake.reading.gather import gather
from cartanalysis.intake.source import Layout, Source

FILES = ("data_clinical_patient.txt", "data_clinical_sample.txt")
"""What the clinical files are called, unless the study's meta files say otherwise."""

_META = re.compile(r"meta_.*\.txt", re.IGNORECASE)
_KINDS = ("PATIENT_ATTRIBUTES", "SAMPLE_ATTRIBUTES")
_META_BYTES = 65_536
ID = "PATIENT_ID"
MISSING = frozenset(
    {"[not available]", "[not applicable]", "[not evaluated]", "[pending]", "[discrepancy]"}
    | {"[completed]", "[unknown]", "[null]"}
)


def clinical_files(files: Sequence[Path]) -> list[Path]:
    """Find the clinical files of a study: as its meta files name them, or by their usual names."""
    by_name = {file.name: file for file in files}
    named = {}
    for meta in (file for file in files if _META.fullmatch(file.name)):
        said = dict(_said(meta))
        if said.get("datatype") in _KINDS and "data_filename" in said:
            named[said["datatype"]] = (meta.name, said["data_filename"])
    absent = [
        Problem(f"{meta} names the file {shown(file)}, which is not there", "Add it to the folder")
        for meta, file in named.values()
        if file not in by_name
    ]
    if absent:
        raise InputError(absent[0].what.split()[0], absent)
    return [by_name[file] for _, file in named.values()] or [
        file for file in files if file.name in FILES
    ]


def _said(meta: Path) -> Iterator[tuple[str, str]]:
    """Read the keys and values of a meta file."""
    try:
        with meta.open("rb") as file:
            text = file.read(_META_BYTES).decode("utf-8-sig", "replace")
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise refuse(meta.name, what, "Check that you may read it") from error
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            yield key.strip().casefold(), value.strip()


def is_clinical(source: Source) -> bool:
    """Tell whether a table is one of cBioPortal's clinical files."""
    return ID in source.cells and source.form.endswith("tabs")


def join(tables: Sequence[Source], name: str, layout: Layout) -> Source:
    """Make one table of the patient file and the sample file, or of one of them."""
    for table in tables:
        if not is_clinical(table):
            what = "the file is not separated by tabs or has no column PATIENT_ID"
            raise refuse(table.name, what, "Download it from cBioPortal again")
    of_patient = replace(layout, tables={"": ID})
    patients, *others = (
        gather({"": table}, of_patient, table.name) if _has_samples(table) else table
        for table in sorted(tables, key=_has_samples)
    )
    found = replace(patients, name=name, form="cBioPortal clinical file")
    for samples in others:
        found = _add_samples(found, samples)
    if found.layout is not None:
        found = replace(found, layout=replace(found.layout, tables={}))
    return _without_codes(found)


def _has_samples(table: Source) -> bool:
    return "SAMPLE_ID" in table.cells


def _add_samples(patients: Source, samples: Source) -> Source:
    """Add the columns that only the sample file has, of which each patient has one row."""
    problems = [replace(p, what=f"sample file: {p.what}") for p in samples.problems]
    known = set(patients.cells[ID])
    for index, patient in enumerate(samples.cells[ID]):
        if patient not in known:
            what = "sample file: the patient is not in the patient file"
            problems.append(samples.problem(what, "Give the two files of one study", ID, index))
    added = [c for c in samples.columns if c.name not in patients.cells]
    notes = [note for note in samples.notes if note not in patients.notes]
    twice = [c.name for c in samples.columns if c.name in patients.cells and c.name != ID]
    if twice:
        notes.append(f"In both files, read from the patient file: {', '.join(twice)}.")
    cells = dict(patients.cells)
    for column in added:
        values = dict(zip(samples.cells[ID], samples.cells[column.name], strict=True))
        cells[column.name] = [values.get(patient, "") for patient in patients.cells[ID]]
    columns = (*patients.columns, *added)
    form = "cBioPortal clinical files"
    layout = samples.layout
    return patients.also(notes, problems, form=form, columns=columns, cells=cells, layout=layout)


def _without_codes(source: Source) -> Source:
    """Empty the cells that hold one of cBioPortal's words for missing."""
    values = set().union(*source.cells.values())
    found = {value for value in values if value.casefold() in MISSING}
    if not found:
        return source
    cells = {
        name: ["" if value in found else value for value in cells]
        for name, cells in source.cells.items()
    }
    return source.also([f"Read as missing: {', '.join(sorted(found))}."], cells=cells)
