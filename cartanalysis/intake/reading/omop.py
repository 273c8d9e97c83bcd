"""OMOP common data model: a folder of tables, from which the named concepts become columns.

Under ``concepts:``, each word of a mapping file becomes columns: ``relapse``, the first day from
the infusion on; ``relapse: value`` what was measured or observed then; ``relapse: before`` and
``relapse: value before`` the same up to the day of infusion, the last day counting. The word
``infusion`` says who the patients are. The tables of a hospital are large: only rows of these
patients and concepts are held, the rest is looked through block by block.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from re import search
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from cartanalysis.errors import InputError, Problem, listed, shown
from cartanalysis.intake.reading.files import damaged, refuse, too_large
from cartanalysis.intake.reading.gather import gather
from cartanalysis.intake.reading.table import MAX_PATIENTS, MAX_RECORDS, tidy
from cartanalysis.intake.source import Column, Layout, Source
from cartanalysis.intake.words import WORDS, expression
from cartanalysis.text import fold

_BLOCK = 2**20  # bytes of a text that are looked through at a time
_BATCH = 65_536  # rows of a Parquet file that are looked through at a time

_VALUES = (
    *("value_as_number", "value_as_concept_id", "value_as_string"),
    *("unit_concept_id", "operator_concept_id"),
)
NONE = frozenset({None, "", "0"})  # what stands where there is no concept

_SIGNS = {"4171756": "<", "4172704": ">", "4171754": "<=", "4171755": ">="}
"""What OMOP's operators are."""

PERSON = "person_id"
INFUSION = "infusion"


class _Events(NamedTuple):
    """Which columns of a table of events say what happened, and when."""

    concept: str
    day: str


EVENTS = {
    "CONDITION_OCCURRENCE": _Events("condition_concept_id", "condition_start_date"),
    "PROCEDURE_OCCURRENCE": _Events("procedure_concept_id", "procedure_date"),
    "DRUG_EXPOSURE": _Events("drug_concept_id", "drug_exposure_start_date"),
    "OBSERVATION": _Events("observation_concept_id", "observation_date"),
    "MEASUREMENT": _Events("measurement_concept_id", "measurement_date"),
}
"""The tables of events, and which of their columns are read."""

_SEXES = {"8507": "male", "8532": "female"}
_BASELINE = ("treg", "bm_blasts")
"""Words, among those that are proposed, of what is measured before the infusion."""

_CONCEPTS_TOLD = 8


def one_row_per_person(paths: Mapping[str, Path], name: str, layout: Layout) -> Source:
    """Make one row of each person who had the infusion."""
    if any(layout.tables) or layout.by or layout.order:
        what = "tables:, by: and order: in the mapping file are not for OMOP tables"
        raise refuse(name, what, "Remove them; say concepts: and take:")
    concepts = layout.concepts
    if not concepts and layout.wanted is None:
        concepts = _suggested(paths)
    _check(concepts, paths, name)
    infused = _records(paths, INFUSION, concepts[INFUSION])
    first = infused[infused["day"] != ""].groupby(PERSON)["day"].min()
    if first.empty:
        what = "nobody has an infusion by the concepts that the mapping file names"
        raise refuse(name, f"{what}: {_told(concepts[INFUSION])}", _there(paths))
    if len(first) > MAX_PATIENTS:
        raise too_large(name, f"more than {MAX_PATIENTS:,} persons have an infusion")
    tables = {"person": _persons(paths, first), **_ends(paths, first)}
    take = {_END: "highest"} if "observation_period" in tables else {}
    for word, of_tables in concepts.items():
        records = infused if word == INFUSION else _records(paths, word, of_tables, first.index)
        names = _names(paths, {*records["value_as_concept_id"]} - NONE)
        tables[word] = _of_word(word, records, first, names)
        usual = {word: "first", f"{word}: before": "last"}
        take |= {column: how for column, how in usual.items() if column in tables[word].cells}
    keys = dict.fromkeys(tables, PERSON)
    whole = replace(layout, tables=keys, take=take | dict(layout.take), concepts=concepts)
    source = gather(tables, whole, name)
    said = {k: v for k, v in (source.layout or layout).take.items() if take.get(k) != v}
    forms = ", ".join(sorted({"Parquet" if _is_parquet(p) else "text" for p in paths.values()}))
    notes = [n for n in source.notes if not n.endswith("rows of a patient were made one.")]
    everybody = sum(map(len, _batches(paths["PERSON"], (PERSON,))))
    notes.append(
        f"{everybody:,} persons in the tables, {len(first):,} with an infusion count; "
        f"{everybody - len(first):,} left out."
    )
    return replace(
        source,
        form=f"OMOP tables ({forms})",
        layout=replace(layout, take=said, concepts=concepts),
        notes=tuple(notes),
    )


# --- concepts ------------------------------------------------------------------------------------


def _check(
    concepts: Mapping[str, Mapping[str, tuple[str, ...]]], paths: Mapping[str, Path], name: str
) -> None:
    """Refuse what is not said of the concepts, or names tables that are not there."""
    if INFUSION not in concepts:
        what = (
            "which concepts are the infusion of CAR T cells is not known, and nothing else says "
            "who the patients are"
        )
        remedy = (
            "In a mapping file, write concepts: {infusion: {drug_exposure: [its concept "
            f"identifiers]}}}}, and so for each other event. {_there(paths)}"
        )
        raise refuse(name, what, remedy)
    problems = []
    for word, of_tables in concepts.items():
        for table in of_tables:
            if table.upper() not in EVENTS:
                known = ", ".join(e.lower() for e in EVENTS)
                what = f"concepts: {word} names the table {shown(table)}"
                problems.append(Problem(what, f"Name one of {known}"))
            elif table.upper() not in paths:
                what = f"concepts: {word} names the table {table}, which the folder lacks"
                problems.append(Problem(what, "Add its file to the folder, or remove it"))
    if problems:
        raise InputError(name, problems)


def _told(of_tables: Mapping[str, tuple[str, ...]]) -> str:
    return "; ".join(f"{t} {', '.join(ids)}" for t, ids in of_tables.items())


def _there(paths: Mapping[str, Path]) -> str:
    """Say which concepts are frequent in the folder, and what its concept table calls them."""
    counts = {table: _counts(paths[table], e) for table, e in EVENTS.items() if table in paths}
    most = {t: [i for i, _ in of.most_common(_CONCEPTS_TOLD)] for t, of in counts.items()}
    names = _names(paths, {i for ids in most.values() for i in ids})
    known = {t: [f"{i} {names.get(i, '')}".strip() for i in ids] for t, ids in most.items()}
    told = [
        f"{table.lower()} holds {listed(ids, _CONCEPTS_TOLD)}"
        for table, ids in known.items()
        if ids
    ]
    hint = "" if "CONCEPT" in paths else " (a file of the table concept would tell their names)"
    return f"{'; '.join(told)}{hint}"


def _suggested(paths: Mapping[str, Path]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Find concepts of the folder whose names, in its concept table, say what they are."""
    there = {t: _counts(paths[t], events) for t, events in EVENTS.items() if t in paths}
    names = _names(paths, {i for of_table in there.values() for i in of_table})
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for word, said in WORDS["concepts"].items():
        for table, of_table in there.items():
            ids = [i for i in of_table if search(expression(said), fold(names.get(i, "")))]
            if ids:
                found.setdefault(word, {})[table.lower()] = tuple(sorted(ids, key=int))
    return found


def _counts(path: Path, events: _Events) -> Counter[str]:
    """Count the rows of each concept of a table."""
    counts: Counter[str] = Counter()
    for batch in _batches(path, (events.concept,)):
        for found in pc.value_counts(batch[events.concept]).to_pylist():
            if found["values"] not in NONE:
                counts[found["values"]] += found["counts"]
    return counts


def _names(paths: Mapping[str, Path], ids: Collection[str]) -> dict[str, str]:
    """Look up what concepts are called, where the folder has a table of them."""
    if "CONCEPT" not in paths or not ids:
        return {}
    rows = _rows(paths["CONCEPT"], ("concept_id", "concept_name"), {"concept_id": ids})
    return dict(zip(rows["concept_id"], rows["concept_name"], strict=True))


# --- tables --------------------------------------------------------------------------------------


def _records(
    paths: Mapping[str, Path],
    word: str,
    of_tables: Mapping[str, tuple[str, ...]],
    persons: Collection[str] | None = None,
) -> pd.DataFrame:
    """Read the rows of a word's concepts, with what was measured or observed in them."""
    found = pd.DataFrame()
    for table, ids in of_tables.items():
        events, path = EVENTS[table.upper()], paths[table.upper()]
        keep = {events.concept: ids} | ({PERSON: persons} if persons is not None else {})
        room = MAX_RECORDS - len(found)
        rows = _rows(path, (PERSON, events.concept, events.day), keep, _VALUES, most=room)
        if len(rows) > room:
            what = f"the concepts of {shown(word)} have more than {MAX_RECORDS:,} rows"
            raise refuse(path.name, what, "Name fewer concepts")
        found = pd.concat([found, rows.assign(day=rows[events.day].str[:10])], ignore_index=True)
    return found


def _of_word(
    word: str, records: pd.DataFrame, first: pd.Series, names: Mapping[str, str]
) -> Source:
    """Make the columns of a word: from the infusion on, and up to it."""
    records = records[records[PERSON].isin(first.index)].sort_values("day", kind="stable")
    day, start = records["day"], records[PERSON].map(first)
    value = pd.Series(
        [_value(row, names) for row in records.to_dict("records")], records.index, str
    )
    after = (day != "") & (day >= start)
    before = (day != "") & (day <= start) & (word != INFUSION)
    columns = {
        PERSON: records[PERSON],
        word: day.where(after, ""),
        f"{word}: before": day.where(before, ""),
        f"{word}: value": value.where(after, ""),
        f"{word}: value before": value.where(before, ""),
    }
    problems = []
    units = {*records.loc[value != "", "unit_concept_id"]} - NONE
    if len(units) > 1:
        what = f"it was measured in several units (concepts {', '.join(sorted(units))})"
        problems.append(Problem(what, "Name the concepts of one unit under concepts:"))
    filled = {n: [*c] for n, c in columns.items() if any(c) or n in (PERSON, word)}
    # the value that our column of this name wants: before the infusion, or after it
    wanted = f"{word}: value before" if word in _BASELINE else f"{word}: value"
    about = [Column(n, label=word if n == wanted else "", is_part=True) for n in filled]
    return _source(word, about, filled, records["row"], problems=tuple(problems))


def _source(
    name: str, about: Iterable[Column], cells: dict[str, list[str]], rows: pd.Series, **told: Any
) -> Source:
    return Source(name, "OMOP", tuple(about), cells, tuple(map(int, rows)), **told)


def _value(record: Mapping[Any, str], names: Mapping[str, str]) -> str:
    """Write what was measured or observed: a number, a concept's name, or a text."""
    number, concept = record["value_as_number"], record["value_as_concept_id"]
    if number:
        whole = number.rstrip("0").rstrip(".") if "." in number else number
        return _SIGNS.get(record["operator_concept_id"], "") + whole
    return tidy(record["value_as_string"]) if concept in NONE else names.get(concept, concept)


def _persons(paths: Mapping[str, Path], first: pd.Series) -> Source:
    """Read who the patients are; a birthday that is not whole is completed as OMOP says."""
    columns = (PERSON, "gender_concept_id", "year_of_birth")
    more = ("month_of_birth", "day_of_birth", "birth_datetime", "care_site_id")
    rows = _rows(paths["PERSON"], columns, {PERSON: first.index}, more)
    births, incomplete = [], False
    for known, year, month, day in rows[["birth_datetime", "year_of_birth", *more[:2]]].to_numpy():
        birth = known[:10]
        if not birth and year:
            incomplete |= not (month and day)
            month, day = (month, day or "1") if month else ("6", "15")
            birth = f"{year:0>4}-{month:0>2}-{day:0>2}"
        births.append(birth)
    note = "Dates of birth without a day or month were read as the first of the month, or 15 June."
    cells = {
        PERSON: [*rows[PERSON]],
        "gender": [*rows["gender_concept_id"]],
        "birth": births,
        "care_site_id": [*rows["care_site_id"]],
    }
    kept = {n: c for n, c in cells.items() if any(c) or n == PERSON}
    about = [Column(n, choices=_SEXES if n == "gender" else {}) for n in kept]
    return _source("person", about, kept, rows["row"], notes=(note,) if incomplete else ())


def _ends(paths: Mapping[str, Path], first: pd.Series) -> dict[str, Source]:
    """Read deaths, and the ends of observation, none of which is after the death."""
    found: dict[str, Source] = {}
    deaths: dict[str, str] = {}
    note = "Observation that ends after death was taken to end with it."
    for table, column in (("DEATH", "death_date"), ("OBSERVATION_PERIOD", _END)):
        if table not in paths:
            continue
        rows = _rows(paths[table], (PERSON, column), {PERSON: first.index})
        persons, days = [*rows[PERSON]], [day[:10] for day in rows[column]]
        if table == "DEATH":
            deaths = {person: day for person, day in zip(persons, days, strict=True) if day}
        kept = [min(day, deaths.get(p, day)) for p, day in zip(persons, days, strict=True)]
        found[table.lower()] = _source(
            table.lower(),
            [Column(PERSON), Column(column)],
            {PERSON: persons, column: kept},
            rows["row"],
            notes=(note,) if kept != days else (),
        )
    return found


_END = "observation_period_end_date"


# --- files ---------------------------------------------------------------------------------------


def _rows(
    path: Path,
    needed: tuple[str, ...],
    keep: Mapping[str, Collection[str]],
    more: tuple[str, ...] = (),
    most: int = sys.maxsize,
) -> pd.DataFrame:
    """Give the rows whose columns have one of some texts, with their number in the file.

    Columns of ``more`` that the file lacks are empty; beyond ``most`` rows it is not read.
    """
    found: list[pd.DataFrame] = []
    start = 2
    for batch in _batches(path, needed, more):
        rows = batch.append_column("row", pa.array(range(start, start + len(batch))))
        for column, texts in keep.items():
            rows = rows.filter(pc.is_in(rows[column], pa.array([*texts], pa.string())))
        found += [rows.to_pandas()] if len(rows) else []
        start += len(batch)
        if sum(map(len, found)) > most:
            break
    table = pd.concat(found) if found else pd.DataFrame(columns=[*needed, "row"])
    return table.reindex(columns=[*needed, *more, "row"], fill_value="")


def _batches(path: Path, needed: tuple[str, ...], more: tuple[str, ...] = ()) -> Iterator[Any]:
    """Read some columns of a file in blocks, as text."""
    try:
        if _is_parquet(path):
            file = pq.ParquetFile(path)
            names = _columns(path, file.schema_arrow.names, needed, more)
            for batch in file.iter_batches(_BATCH, columns=[*names.values()]):
                yield _as_texts(batch, names)
            return
        with path.open("rb") as stream:
            start = stream.read(_BATCH)
        if not start.strip():
            raise refuse(path.name, "the file is empty", "Export it again")
        head = start.splitlines()[0].decode("utf-8-sig", "replace")
        separator = max("\t,;|", key=head.count)
        header = [cell.strip().strip('"') for cell in head.split(separator)]
        names = _columns(path, header, needed, more)
        reader = pcsv.open_csv(
            path,
            pcsv.ReadOptions(
                use_threads=False, block_size=_BLOCK, column_names=header, skip_rows=1
            ),
            pcsv.ParseOptions(delimiter=separator, newlines_in_values=True),
            pcsv.ConvertOptions(
                include_columns=[*names.values()],
                column_types=dict.fromkeys(names.values(), pa.string()),
                strings_can_be_null=False,
            ),
        )
        for batch in reader:
            yield _as_texts(batch, names)
    except (pa.ArrowException, OSError, UnicodeDecodeError, KeyError) as error:
        raise damaged(path.name, "a table of OMOP") from error


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in (".parquet", ".pq")


def _columns(
    path: Path, there: Iterable[str], needed: tuple[str, ...], more: tuple[str, ...]
) -> dict[str, str]:
    """Find columns whose names may be in any case."""
    known = {name.casefold(): name for name in there}
    absent = [name for name in needed if name not in known]
    if absent:
        what = f"the file lacks the column {', '.join(absent)} of the OMOP common data model"
        raise refuse(path.name, what, "Export the whole table")
    return {name: known[name] for name in (*needed, *more) if name in known}


def _as_texts(batch: Any, names: Mapping[str, str]) -> Any:
    """Name the columns as OMOP does, all text; identifiers are whole numbers however stored."""
    columns = []
    for ours, theirs in names.items():
        column = batch.column(theirs)
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.date32())
        if pa.types.is_floating(column.type) and ours.endswith("_id"):  # pandas, where any is empty
            column = column.cast(pa.int64(), safe=False)
        columns.append(pc.utf8_trim_whitespace(pc.fill_null(column.cast(pa.string()), "")))
    texts = pa.Table.from_arrays(columns, names=[*names])
    texts.validate(full=True)  # of a damaged file the texts may be none
    return texts
