"""Reading a patient table from any file that clinicians and statisticians exchange."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from cartanalysis.errors import InputError, Problem, listed, shown
from cartanalysis.intake.reading import (
    adam,
    cbioportal,
    cdisc,
    delimited,
    redcap,
    sdtm,
    statfiles,
)
from cartanalysis.intake.reading.detect import KINDS, detect, unpacked
from cartanalysis.intake.reading.files import check_place, read_bytes, refuse
from cartanalysis.intake.reading.gather import gather, suggested
from cartanalysis.intake.source import Layout, Source
from cartanalysis.text import fold

_OMOP = (
    *("PERSON", "CONDITION_OCCURRENCE", "PROCEDURE_OCCURRENCE", "DRUG_EXPOSURE", "OBSERVATION"),
    *("MEASUREMENT", "DEATH", "OBSERVATION_PERIOD", "CONCEPT"),
)
"""The tables of OMOP that are read; their reader's library is loaded for them only."""

MAX_TABLES = 40  # no cohort is kept in so many files; such a folder holds other things
__all__ = ["read_bytes", "read_source", "read_table"]


def read_source(
    path: str | Path,
    *,
    sheet: str | None = None,
    dictionary: str | Path | None = None,
    layout: Layout | None = None,
    wanted: Collection[str] | None = (),
) -> Source:
    """Read a patient table, whatever kind of file it is in.

    ``layout`` says how rows and tables belong together, and ``wanted`` which columns are used;
    where that is not known yet (none), what seems usual is chosen, so that it can be proposed.
    """
    layout = replace(layout or Layout(), wanted=wanted)
    source = _read(check_place(path), sheet, dictionary, layout)
    if wanted is None:
        return source
    return source.without([c.name for c in source.columns if c.is_part and c.name not in wanted])


def _read(place: Path, sheet: str | None, dictionary: str | Path | None, layout: Layout) -> Source:
    """Tell what kind of file or folder it is, and read it so."""
    if place.is_dir():
        for given, words in ((sheet, "sheet"), (dictionary, "data dictionary")):
            if given is not None:
                raise refuse(str(place), f"a folder has no {words}", "Leave it out")
        return _read_folder(place, layout)
    if any(layout.tables) and (sheet or dictionary):
        what = "the mapping file names several tables, beside a sheet or a data dictionary of one"
        raise refuse(place.name, what, "Keep one of the two")
    if any(layout.tables) or (layout.wanted is None and sheet is None):
        tables, notes = _sheets(place, layout)
        if len(tables) > 1 or any(layout.tables):
            return _joined(tables, notes, place.name, layout)
    source = _read_file(place, sheet)
    if redcap.is_dictionary(source):
        what = "this is a REDCap data dictionary, not the data"
        raise refuse(source.name, what, "Give the data; the dictionary is found beside it")
    redcap.refuse_labels(source)
    if dictionary is None and sdtm.recognise(source) == "DM":
        made = sdtm.one_row_per_subject({"DM": source}, source.name, layout.wanted)
        return _as_it_is(made, layout)
    kind = adam.recognise(source)
    if dictionary is None and kind is not None:
        return _as_it_is(adam.one_row_per_subject({kind: source}, source.name), layout)
    if dictionary is None and cbioportal.is_clinical(source):
        return cbioportal.join([source], source.name, layout)
    source = _describe(source, place, dictionary)
    own = [name for name in redcap.EVENTS if name in source.cells]
    if own:
        return redcap.one_row_per_record(source, own, layout)
    if layout.tables.get("") not in source.cells:  # if it is named, it is missed later
        return source
    return gather({"": source}, layout, source.name)


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


def _sheets(place: Path, layout: Layout) -> tuple[dict[str, Source], list[str]]:
    """Read the sheets of a workbook that are to be joined, or that may be; of others none."""
    data = read_bytes(place)
    if detect(data, place.name) != "xlsx":
        if any(layout.tables):
            what = "the mapping file names several tables, but this is one file without sheets"
            raise refuse(place.name, what, "Give the folder that holds the tables, or a workbook")
        return {}, []
    from cartanalysis.intake.reading import workbook

    titles = workbook.sheets(data, place.name)
    sheets = {title: partial(read_table, data, place.name, sheet=title) for title in titles}
    return _chosen(sheets, layout, place.name, "sheet")


def _chosen(
    there: Mapping[str, Callable[[], Source]], layout: Layout, name: str, word: str
) -> tuple[dict[str, Source], list[str]]:
    """Read the tables that a mapping file names, or all that are tables; of others it is told."""
    is_named = any(layout.tables)
    known = {fold(key): read for key, read in there.items()}
    absent = [table for table in layout.tables if fold(table) not in known] if is_named else []
    if absent:
        remedy = f"There are {', '.join(map(shown, there)) or 'none'}; correct tables:"
        what = f"there is no {word} {{}}, which the mapping file names under tables:"
        raise InputError(name, [Problem(what.format(shown(t)), remedy) for t in absent])
    found, notes = {}, []
    for table in layout.tables if is_named else there:
        try:
            source = known[fold(table)]() if is_named else there[table]()
        except InputError as error:
            if is_named:
                raise
            notes.append(f"{shown(table)} was not joined: {error.problems[0].what}.")
            continue
        if redcap.is_dictionary(source) and not is_named:
            notes.append(f"{shown(table)} was not joined: it is a data dictionary.")
            continue
        # of a sheet that is named anyway
        told = [n for n in source.notes if not n.startswith("Read from the sheet")]
        found[table] = replace(source, notes=tuple(told))
    return found, notes


def _joined(
    tables: Mapping[str, Source], notes: Sequence[str], name: str, layout: Layout
) -> Source:
    """Join tables by the identifiers that a mapping file names, or that are found."""
    if not any(layout.tables):
        proposed, more = suggested(tables, name)
        layout, notes = replace(proposed, wanted=layout.wanted), [*notes, *more]
    first, *others = layout.tables.items()
    named = {table: column or first[1] for table, column in (first, *others)}
    absent = [
        Problem(
            f"the table {shown(table)} has no such column, by which it is to be joined",
            f"Under tables:, write its identifier: {{{table}: column}}; it has "
            + listed(list(tables[table].cells), 10),
            column=column or None,
        )
        for table, column in named.items()
        if column not in tables[table].cells
    ]
    if absent:
        raise InputError(name, absent)
    layout = replace(layout, tables=named)
    return gather({t: tables[t] for t in named}, layout, name).also(notes)


def _as_it_is(source: Source, layout: Layout) -> Source:
    """Refuse to put rows together of a form that does so by its own rules."""
    if layout == Layout():
        return source
    what = (
        f"tables:, by:, order:, take: and concepts: in the mapping file are not for {source.form}"
    )
    return source.also(problems=[Problem(what, "Remove them")])


def _read_folder(place: Path, layout: Layout) -> Source:
    """Read a folder of one standard, or join the tables that it holds."""
    try:
        files = sorted(entry for entry in place.iterdir() if entry.is_file())
    except OSError as error:
        what = f"the folder cannot be read ({error.strerror})"
        raise refuse(str(place), what, "Check that you may read it") from error
    name = place.resolve().name
    if any(layout.tables):
        return _files(files, name, layout)
    clinical = cbioportal.clinical_files(files)
    by_stem: dict[str, list[Path]] = {}
    for file in files:
        if file.suffix:
            by_stem.setdefault(file.name.split(".")[0].upper(), []).append(file)
    readers = {
        "ADaM datasets": [kind for kind in adam.DATASETS if kind in by_stem],
        "SDTM datasets": [kind for kind in sdtm.DATASETS if kind in by_stem],
        "OMOP tables": [kind for kind in _OMOP if kind in by_stem],
    }
    found = {form: kinds for form, kinds in readers.items() if kinds}
    if "DM" not in readers["SDTM datasets"]:  # short names that other files may have, too
        found.pop("SDTM datasets", None)
    if "PERSON" not in by_stem or len(readers["OMOP tables"]) < 2:
        found.pop("OMOP tables", None)
    if clinical:
        found["cBioPortal files"] = []
    if len(found) > 1:
        what = f"a folder with {' and '.join(found)}"
        raise refuse(str(place), what, "Give a folder with one of them")
    if clinical:
        return cbioportal.join([_read_file(file) for file in clinical], name, layout)
    if not found:
        data = [f for f in _tables_of(files) if not redcap.begins_as_dictionary(f)]
        if len(data) == 1 < len(_tables_of(files)):  # one table, and what describes it
            return _read(data[0], None, None, layout)
        if layout.wanted is not None:
            what = "a folder, not a regular file, of tables that no mapping file names"
            remedy = (
                "Give a file, or a mapping file with tables: (cartanalysis map proposes one); or a "
                "folder of ADaM, SDTM, OMOP or cBioPortal files"
            )
            raise refuse(str(place), what, remedy)
        return _files(files, name, layout)
    ((form, kinds),) = found.items()
    several = [
        f"the same dataset is there several times: {', '.join(f.name for f in by_stem[kind])}"
        for kind in kinds
        if len(by_stem[kind]) > 1
    ]
    if several:
        remedy = "Keep one of them in the folder, or give one file"
        raise InputError(name, [Problem(what, remedy) for what in several])
    paths = {kind: by_stem[kind][0] for kind in kinds}
    if form == "OMOP tables":
        from cartanalysis.intake.reading import omop

        return omop.one_row_per_person(paths, name, layout)
    tables = {kind: _read_file(path) for kind, path in paths.items()}
    reader = adam if form == "ADaM datasets" else sdtm
    for kind, table in tables.items():
        if reader.recognise(table) != kind:
            what = f"the file lacks the columns of an {form.split()[0]} {kind} dataset"
            raise refuse(table.name, what, f"Export it again, or take it out of the folder {name}")
    if reader is sdtm:
        return _as_it_is(sdtm.one_row_per_subject(tables, name, layout.wanted), layout)
    return _as_it_is(adam.one_row_per_subject(tables, name), layout)


def _tables_of(files: Sequence[Path]) -> list[Path]:
    """Leave out what is no table, and what programs left behind."""
    endings = {ending for kind in KINDS.values() for ending in kind.endings}
    return [f for f in files if f.suffix.lower() in endings and not f.name.startswith((".", "~"))]


def _files(files: Sequence[Path], name: str, layout: Layout) -> Source:
    """Join the files of a folder that a mapping file names, or all that are tables."""
    there = _tables_of(files)
    stems = [fold(f.stem) for f in there]
    named = {f.stem if stems.count(fold(f.stem)) == 1 else f.name: f for f in there}
    if any(layout.tables):
        named |= {f.name: f for f in there if fold(f.name) in {*map(fold, layout.tables)}}
    if not any(layout.tables) and len(named) > MAX_TABLES:
        what = (
            f"the folder holds {len(named)} tables; more than {MAX_TABLES} are not looked through"
        )
        raise refuse(name, what, "Put those of the cohort into a folder of their own")
    readers = {table: partial(_read_file, file) for table, file in named.items()}
    tables, notes = _chosen(readers, layout, name, "file")
    if not tables:
        what = "there is no table in the folder"
        raise refuse(name, what, "Give a folder with CSV, Excel or Parquet files")
    return _joined(tables, notes, name, layout)


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
    return source
