"""Reading a patient table from any file that clinicians and statisticians exchange."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cartanalysis.errors import InputError, Problem
from cartanalysis.intake.reading import adam, cbioportal, cdisc, redcap
from cartanalysis.intake.reading.detect import KINDS, STATISTICS, detect, unpacked
from cartanalysis.intake.reading.files import check_place, read_bytes, refuse
from cartanalysis.intake.source import Source

__all__ = ["read_bytes", "read_source"]


def read_source(
    path: str | Path, *, sheet: str | None = None, dictionary: str | Path | None = None
) -> Source:
    """Read a patient table, whatever kind of file it is in."""
    place = check_place(path)
    if place.is_dir():
        for given, words in ((sheet, "sheet"), (dictionary, "data dictionary")):
            if given is not None:
                raise refuse(str(path), f"a folder has no {words}", "Leave it out")
        return _read_folder(place)
    source = _read_table(place, sheet)
    if redcap.is_dictionary(source):
        what = "this is a REDCap data dictionary, not the data"
        raise refuse(source.name, what, "Give the data; the dictionary is found beside it")
    kind = adam.recognise(source)
    if dictionary is None and kind is not None:
        return adam.one_row_per_subject({kind: source}, source.name)
    if dictionary is None and cbioportal.is_clinical(source):
        return _join_clinical([source], source.name)
    return _describe(source, place, dictionary)


def _read_table(place: Path, sheet: str | None) -> Source:
    name = place.name
    data = read_bytes(place)
    kind = detect(data, name)
    # each library is loaded for its own files only: together they take most of a second
    if kind == "xlsx":
        from cartanalysis.intake.reading import workbook

        return workbook.parse(data, name, sheet)
    if sheet is not None:
        raise refuse(name, f"{KINDS[kind].words} has no sheets", "Leave the sheet out")
    if kind == "text":
        from cartanalysis.intake.reading import delimited

        return delimited.parse(data, name)
    if kind == "parquet":
        from cartanalysis.intake.reading import parquet

        return parquet.parse(data, name)
    if kind in STATISTICS:
        from cartanalysis.intake.reading import statfiles

        return statfiles.parse(data, name, kind)
    if kind in ("gz", "dsjc"):
        data = unpacked(data, name)
    return cdisc.parse(data, name)


def _read_folder(place: Path) -> Source:
    try:
        files = sorted(entry for entry in place.iterdir() if entry.is_file())
    except OSError as error:
        what = f"the folder cannot be read ({error.strerror})"
        raise refuse(str(place), what, "Check that you may read it") from error
    name = place.resolve().name
    clinical = [f for f in files if f.name in (cbioportal.PATIENT_FILE, cbioportal.SAMPLE_FILE)]
    datasets = {
        kind: [f for f in files if f.name.split(".")[0].upper() == kind and f.suffix]
        for kind in adam.DATASETS
    }
    datasets = {kind: found for kind, found in datasets.items() if found}
    if bool(clinical) == bool(datasets):
        what = "a folder with both ADaM datasets and cBioPortal files"
        if not clinical:
            what = "a folder, not a regular file, without ADaM datasets or cBioPortal files"
        remedy = (
            "Give a file, or a folder with adsl, adtte, adrs and adae or with "
            f"{cbioportal.PATIENT_FILE} and {cbioportal.SAMPLE_FILE}"
        )
        raise refuse(str(place), what, remedy)
    if clinical:
        return _join_clinical([_read_table(file, None) for file in clinical], name)
    several = [found for found in datasets.values() if len(found) > 1]
    if several:
        raise InputError(
            name,
            [
                Problem(
                    f"the same dataset is there several times: {', '.join(f.name for f in found)}",
                    "Keep one of them in the folder, or give one file",
                )
                for found in several
            ],
        )
    tables = {kind: _read_table(found[0], None) for kind, found in datasets.items()}
    for kind, table in tables.items():
        if adam.recognise(table) != kind:
            what = f"the file lacks the columns of an ADaM {kind} dataset"
            raise refuse(table.name, what, f"Export it again, or take it out of the folder {name}")
    return adam.one_row_per_subject(tables, name)


def _join_clinical(tables: list[Source], name: str) -> Source:
    for table in tables:
        if not cbioportal.is_clinical(table):
            what = "the file is not separated by tabs or has no column PATIENT_ID"
            raise refuse(table.name, what, "Download it from cBioPortal again")
    samples = next((t for t in tables if "SAMPLE_ID" in t.cells), None)
    patients = next((t for t in tables if t is not samples), None)
    return cbioportal.join(patients, samples, name)


def _fitting_dictionaries(source: Source, place: Path) -> list[Path]:
    """Find data dictionaries by content, where none has REDCap's usual name."""
    beside = redcap.dictionaries_beside(place)
    return [file for file in beside if redcap.fits(source, _read_table(file, None))]


def _describe(source: Source, place: Path, dictionary: str | Path | None) -> Source:
    found = redcap.find_dictionary(place) if dictionary is None else check_place(dictionary)
    fitting = [found] if found is not None else _fitting_dictionaries(source, place)
    if len(fitting) > 1:
        named = ", ".join(file.name for file in fitting)
        what = f"several data dictionaries beside the file describe it: {named}"
        remedy = "Say which one, with --dictionary or “dictionary:” in a mapping file"
        source = replace(source, problems=(*source.problems, Problem(what, remedy)))
    elif fitting:
        source = redcap.describe(source, _read_table(fitting[0], None))
    elif redcap.is_export(source):
        note = (
            "This looks like a REDCap export without its data dictionary; with it "
            "(--dictionary), codes and columns that identify people are known."
        )
        source = replace(source, form="REDCap export", notes=(*source.notes, note))
    return redcap.check_records(source)
