"""Reading a patient table from any file that clinicians and statisticians exchange."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from cartanalysis.errors import InputError, Problem
from cartanalysis.intake.reading import adam, cbioportal, cdisc, delimited, redcap, statfiles
from cartanalysis.intake.reading.detect import KINDS, detect, unpacked
from cartanalysis.intake.reading.files import check_place, read_bytes, refuse
from cartanalysis.intake.source import Source

__all__ = ["read_bytes", "read_source", "read_table"]


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
    source = _read_file(place, sheet)
    if redcap.is_dictionary(source):
        what = "this is a REDCap data dictionary, not the data"
        raise refuse(source.name, what, "Give the data; the dictionary is found beside it")
    kind = adam.recognise(source)
    if dictionary is None and kind is not None:
        return adam.one_row_per_subject({kind: source}, source.name)
    if dictionary is None and cbioportal.is_clinical(source):
        return cbioportal.join([source], source.name)
    return _describe(source, place, dictionary)


def read_table(
    data: bytes, name: str, *, sheet: str | None = None, names: Collection[str] = ()
) -> Source:
    """Read one file as it is; with `names`, from the row of text or a workbook that has them."""
    kind = detect(data, name)
    if sheet is not None and kind != "xlsx":
        raise refuse(name, f"{KINDS[kind].words} has no sheets", "Leave the sheet out")
    # these libraries are loaded for their own files only: together they take most of a second
    if kind == "xlsx":
        from cartanalysis.intake.reading import workbook

        return workbook.parse(data, name, sheet, names)
    if kind == "parquet":
        from cartanalysis.intake.reading import parquet

        return parquet.parse(data, name)
    if kind == "text":
        return delimited.parse(data, name, names)
    if kind in ("json", "gz", "dsjc"):
        return cdisc.parse(data if kind == "json" else unpacked(data, name), name)
    return statfiles.parse(data, name, kind)


def _read_file(place: Path, sheet: str | None = None) -> Source:
    return read_table(read_bytes(place), place.name, sheet=sheet)


def _read_folder(place: Path) -> Source:
    try:
        files = sorted(entry for entry in place.iterdir() if entry.is_file())
    except OSError as error:
        what = f"the folder cannot be read ({error.strerror})"
        raise refuse(str(place), what, "Check that you may read it") from error
    name = place.resolve().name
    clinical = [file for file in files if file.name in cbioportal.FILES]
    datasets = {
        kind: found
        for kind in adam.DATASETS
        if (found := [f for f in files if f.suffix and f.name.split(".")[0].upper() == kind])
    }
    if bool(clinical) == bool(datasets):
        what = "a folder with both ADaM datasets and cBioPortal files"
        if not clinical:
            what = "a folder, not a regular file, without ADaM datasets or cBioPortal files"
        remedy = (
            "Give a file, or a folder with adsl, adtte, adrs and adae or with "
            f"{' and '.join(cbioportal.FILES)}"
        )
        raise refuse(str(place), what, remedy)
    if clinical:
        return cbioportal.join([_read_file(file) for file in clinical], name)
    several = [
        f"the same dataset is there several times: {', '.join(f.name for f in found)}"
        for found in datasets.values()
        if len(found) > 1
    ]
    if several:
        remedy = "Keep one of them in the folder, or give one file"
        raise InputError(name, [Problem(what, remedy) for what in several])
    tables = {kind: _read_file(found[0]) for kind, found in datasets.items()}
    for kind, table in tables.items():
        if adam.recognise(table) != kind:
            what = f"the file lacks the columns of an ADaM {kind} dataset"
            raise refuse(table.name, what, f"Export it again, or take it out of the folder {name}")
    return adam.one_row_per_subject(tables, name)


def _describe(source: Source, place: Path, dictionary: str | Path | None) -> Source:
    """Hear the data dictionary: the given one, else one with REDCap's usual name, or that fits."""
    files, is_named = (
        redcap.dictionaries(place) if dictionary is None else ([check_place(dictionary)], True)
    )
    tables = [_read_file(file) for file in files]
    fitting = [table for table in tables if is_named or redcap.fits(source, table)]
    if len(fitting) > 1:
        what = (
            "several data dictionaries beside the file describe it: "
            f"{', '.join(table.name for table in fitting)}"
        )
        remedy = "Say which one, with --dictionary or “dictionary:” in a mapping file"
        source = source.also(problems=[Problem(what, remedy)])
    elif fitting:
        source = redcap.describe(source, fitting[0])
    elif redcap.is_export(source):
        note = (
            "This looks like a REDCap export without its data dictionary; with it "
            "(--dictionary), codes and columns that identify people are known."
        )
        source = source.also([note], form="REDCap export")
    return redcap.check_records(source)
